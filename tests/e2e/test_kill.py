"""kill -9 at random moments under load: nothing acknowledged is lost, nothing is there twice.

Each round kills one process (a role, or the supervisor) or all at once, in turn, and lets the
server come back. ROUNDS in the environment sets how many (10; `make kill-test` 200), SEED which.
"""

from __future__ import annotations

import os
import random
import signal
import time

from ledger import Ledger, Load, Watch, settle
from peer import until
from server import Server, is_alive, run, wait_until_gone

ROUNDS = int(os.environ.get("ROUNDS", "10"))
SEED = int(os.environ.get("SEED", "1"))
LOAD_SECONDS = (0.05, 1.2)
LOOK_EVERY = 5
RESTART_SECONDS_MAX = 60
ACCEPTED_SECONDS_MAX = 120


def kill_one_role(server: Server, source: random.Random) -> None:
    """The supervisor must notice and start another; the ports must answer again."""
    roles = server.role_pids()
    victim = source.choice(roles)
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + RESTART_SECONDS_MAX
    # A process that ended is its parent's child until that takes note of it.
    while victim in (now := server.role_pids()) or len(now) < len(roles):
        assert server.process.poll() is None, f"the supervisor ended too:\n{server.log_text()[-3000:]}"
        assert time.monotonic() < deadline, "the killed role was not started again"
        time.sleep(0.02)
    server.wait_until_up()


def kill_supervisor(server: Server, _source: random.Random) -> None:
    """Its roles must end by themselves, and the folder must be free for the next server."""
    roles = server.role_pids()
    server.process.kill()
    server.process.wait()
    wait_until_gone(roles)
    assert not [pid for pid in roles if is_alive(pid)], "roles live on without their supervisor"
    server.start()


def kill_all(server: Server, _source: random.Random) -> None:
    server.kill()
    server.start()


KILLS = (kill_all, kill_one_role, kill_one_role, kill_supervisor)


def verify(server: Server) -> None:
    done = run("verify", "--data", server.data)
    assert done.returncode == 0, f"verify found faults:\n{done.stdout}{done.stderr}"


def test_nothing_acknowledged_is_lost_or_there_twice(fresh: Server) -> None:
    source = random.Random(SEED)
    fresh.start()
    accounts = [fresh.new_account("alice"), fresh.new_account("bob")]
    ledger, watches = Ledger(), [Watch(account) for account in accounts]
    load = Load(fresh, ledger, accounts)
    for number in range(ROUNDS):
        time.sleep(source.uniform(*LOAD_SECONDS))
        KILLS[number % len(KILLS)](fresh, source)
        if number % LOOK_EVERY == LOOK_EVERY - 1:
            for watch in watches:
                watch.look(fresh)
    before = max(ROUNDS, len(ledger.acknowledged))
    until(lambda: len(ledger.acknowledged) > before, ACCEPTED_SECONDS_MAX,
          lambda: "hardly anything was accepted: this run proves nothing")
    load.stop()
    settle(fresh, ledger, watches)
    verify(fresh)
    fresh.stop()
    verify(fresh)
    fresh.start()
    settle(fresh, ledger, watches)


def test_a_single_process_comes_back_too(fresh: Server) -> None:
    fresh.single = True
    fresh.start()
    accounts = [fresh.new_account("alice")]
    ledger, watches = Ledger(), [Watch(accounts[0])]
    load = Load(fresh, ledger, accounts)
    for _ in range(max(3, ROUNDS // 5)):
        time.sleep(0.3)
        kill_all(fresh, random.Random(SEED))
    before = len(ledger.acknowledged)
    until(lambda: len(ledger.acknowledged) > before, ACCEPTED_SECONDS_MAX,
          lambda: "nothing was accepted: this run proves nothing")
    load.stop()
    settle(fresh, ledger, watches)
    fresh.stop()
    verify(fresh)
