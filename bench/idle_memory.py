"""What a waiting IMAP connection costs its server in memory, divided over many of them.

User memory is the PSS of all of the server's processes (/proc/PID/smaps_rollup: a page that several
share counts once), kernel memory the growth of the slab, in which both ends of each loopback
connection are, the client's as well. Both are differences against the same server before.
"""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import Measured, all_pids
from row import PASSWORD, Values, compiled

# The herd's accounts.
ACCOUNTS = 200
MESSAGE_BYTES = 4096
# Descriptors that are not for sessions: spared when accepting, and what else the roles have open.
DESCRIPTORS_SPARED = 700
SETTLE_SECONDS = 3
# Until memory that was freed is given back (MEMORY_KEPT_MS in base/limits.h).
GONE_SECONDS = 25
ANNOUNCE_SECONDS_MAX = 60


def addresses(server: Measured) -> list[str]:
    return [f"user{number}@{server.domain}" for number in range(1, ACCOUNTS + 1)]


def fill(server: Measured, messages: int) -> None:
    """Puts so many messages into every INBOX."""
    subprocess.run([str(compiled("smtp_load")), str(server.ports.smtp), "20", str(ACCOUNTS * messages),
                    str(MESSAGE_BYTES), "1", "bench@load.test", *addresses(server)],
                   check=True, stdout=subprocess.DEVNULL)


def field_kib(path: str, name: str) -> int:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"{path} has no {name}")


def pss_kib(server: Measured) -> dict[str, int]:
    """By the words that the processes show as their names."""
    found: dict[str, int] = {}
    for pid in all_pids(server):
        name = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
        found[name] = found.get(name, 0) + field_kib(f"/proc/{pid}/smaps_rollup", "Pss")
    return found


def slab_kib() -> int:
    return field_kib("/proc/meminfo", "Slab")


def connections_possible(wanted: int, tls: bool) -> int:
    """A connection takes the server one descriptor, one with TLS two; there are no more than the hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(wanted, (hard - DESCRIPTORS_SPARED) // (2 if tls else 1))


class Herd:
    """bench/imap_idle.c, which holds the connections. `stage`: greeted, idle or used."""

    def __init__(self, server: Measured, connections: int, tls: bool, stage: str) -> None:
        port = server.ports.imaps if tls else server.ports.imap
        self.program = subprocess.Popen([str(compiled("imap_idle", "-lssl", "-lcrypto")), str(port), str(connections),
                                         str(ACCOUNTS), "tls" if tls else "plain", stage, server.domain, PASSWORD],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.line() != "ready":
            raise RuntimeError(f"{server.name}: not all {connections} connections came so far")

    def line(self) -> str:
        assert self.program.stdout
        return self.program.stdout.readline().strip()

    def ask(self) -> tuple[int, int]:
        """How many are open, and how many were told of a new message."""
        assert self.program.stdin
        self.program.stdin.write("?\n")
        self.program.stdin.flush()
        count, told = map(int, self.line().split())
        return count, told

    def wait_for_told(self, wanted: int) -> None:
        deadline = time.monotonic() + ANNOUNCE_SECONDS_MAX
        while (told := self.ask()[1]) < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{told} of {wanted} sessions were told of a message")
            time.sleep(0.05)

    def close(self) -> None:
        assert self.program.stdin
        self.program.stdin.close()
        self.program.wait()


@contextmanager
def herd_of(server: Measured, connections: int, tls: bool, stage: str) -> Iterator[Herd]:
    herd = Herd(server, connections, tls, stage)
    try:
        yield herd
    finally:
        herd.close()


def check_alive(server: Measured, herd: Herd, connections: int) -> None:
    count, _ = herd.ask()
    if count != connections:
        raise RuntimeError(f"{server.name}: {connections - count} of {connections} connections were lost")


def kib_a_connection(server: Measured, connections: int, tls: bool, stage: str) -> Values:
    """user, slab, the user memory of each process by its name; told: user memory when all sessions were told of a
    message and all is quiet again; gone: what is left of it when they have hung up."""
    before, slab_before = pss_kib(server), slab_kib()

    def grown(after: dict[str, int]) -> float:
        return (sum(after.values()) - sum(before.values())) / connections

    with herd_of(server, connections, tls, stage) as herd:
        time.sleep(SETTLE_SECONDS)
        after, slab_after = pss_kib(server), slab_kib()
        found = {"user": grown(after), "slab": (slab_after - slab_before) / connections}
        if stage != "greeted":
            fill(server, 1)
            herd.wait_for_told(connections)
            time.sleep(SETTLE_SECONDS)
            found["told"] = grown(pss_kib(server))
        check_alive(server, herd, connections)
    time.sleep(GONE_SECONDS)
    found["gone"] = grown(pss_kib(server))
    return found | {name: (after[name] - before.get(name, 0)) / connections for name in after}
