"""Mail that waits: it is seen, held, released, tried and removed by hand; it outlives restarts and
kills, and nobody is told of a report that fails.
"""

from __future__ import annotations

import json
import os
import signal
import smtplib
import threading
import time
from collections import Counter

from mail import imap, imap_messages, send, smtp
from messages import number_of, plain
from outgoing import Domains, Outgoing, below_trace
from scripted_host import ScriptedHost, held, say, silent
from server import Account, is_alive, role_of

# At once, on a busy machine; by itself it would be tried 48 seconds later at least.
MOMENTS_SECONDS = 20
KILLS_REMOTE = 2
LATER = say("450 4.2.1 come back")


def kill(out: Outgoing, role: str) -> None:
    """SIGKILL to a role; it comes back."""
    pid = out.server.role_pid(role)
    os.kill(pid, signal.SIGKILL)
    out.wait(lambda: not is_alive(pid) and role in map(role_of, out.server.role_pids()), f"{role} is there anew")
    out.server.wait_until_up()


def put_off(out: Outgoing, sender: Account, name: str) -> str:
    """A message for bob@NAME after its first attempt, which the host put off; returns its id."""
    out.submit(sender, [f"bob@{name}"], plain(name))
    out.wait(lambda: f"bob@{name}" in out.put_off(), "it was put off")
    return out.id_of(f"bob@{name}")


def test_what_waits_is_seen_with_its_reason(out: Outgoing, sender: Account, domain: Domains) -> None:
    domain("seen.test", {"RCPT": LATER})
    message_id = put_off(out, sender, "seen.test")
    shown = json.dumps(out.server.listing("queue", "show", message_id))
    assert "bob@seen.test" in shown and sender.address in shown and "450 4.2.1 come back" in shown
    assert "seen.test" in out.server.command("queue", "list")
    assert "bob@seen.test" in out.server.command("queue", "list", "messages")
    assert "RCPT TO: 450 4.2.1 come back" in out.server.command("trace", message_id)


def test_a_retry_by_hand_is_at_once(out: Outgoing, sender: Account, domain: Domains) -> None:
    busy = domain("retried.test", {"RCPT": [LATER, say("250 2.1.5 ok")]})
    message_id = put_off(out, sender, "retried.test")
    asked_at = time.monotonic()
    out.server.command("queue", "retry", message_id)
    out.wait(lambda: busy.transactions, "the second attempt was made")
    assert time.monotonic() - asked_at < MOMENTS_SECONDS
    out.wait(lambda: "bob@retried.test" not in str(out.queue()), "it waits no more")


def test_what_is_held_goes_when_it_is_released(out: Outgoing, sender: Account, domain: Domains) -> None:
    busy = domain("held.test", {"RCPT": [LATER, say("250 2.1.5 ok")]})
    message_id = put_off(out, sender, "held.test")
    out.server.command("queue", "hold", message_id)
    sessions = busy.session_count
    time.sleep(1)
    assert "bob@held.test" in str(out.queue()) and busy.session_count == sessions
    out.server.command("queue", "release", message_id)
    out.wait(lambda: busy.transactions, "it went after its release")


def test_what_is_removed_is_gone_and_nobody_is_told(out: Outgoing, sender: Account, domain: Domains) -> None:
    busy = domain("removed.test", {"RCPT": LATER})
    message_id = put_off(out, sender, "removed.test")
    out.server.command("queue", "remove", message_id)
    assert "bob@removed.test" not in str(out.queue())
    assert not busy.transactions and not out.bounces(sender)


def test_mail_that_waits_outlives_a_restart(out: Outgoing, sender: Account, domain: Domains) -> None:
    busy = domain("restarted.test", {"RCPT": [LATER, say("250 2.1.5 ok")]})
    message_id = put_off(out, sender, "restarted.test")
    out.server.stop()
    out.server.start()
    assert out.id_of("bob@restarted.test") == message_id
    out.server.command("queue", "retry", message_id)
    out.wait(lambda: busy.transactions, "it was sent after the restart")
    (transaction,) = busy.transactions
    assert below_trace(transaction.content) == plain("restarted.test")


def test_a_kill_of_the_remote_role_before_the_end_of_data_costs_nothing(out: Outgoing, sender: Account,
                                                                        domain: Domains) -> None:
    slow = domain("killed-early.test", {"RCPT": [silent(), say("250 2.1.5 ok")]})
    out.submit(sender, ["bob@killed-early.test"])
    out.wait(lambda: slow.lines("RCPT"), "it is in mid-transaction")
    kill(out, "remote")
    # Where the store has not seen yet that the old one is gone, the message is still under way.
    out.wait(lambda: out.retry_all() or slow.transactions, "it was sent by the new role")
    assert len(slow.transactions) == 1


def test_a_kill_of_the_remote_role_after_the_end_of_data_sends_it_again(out: Outgoing, sender: Account,
                                                                              domain: Domains) -> None:
    slow = domain("killed-late.test", {".": [silent(), say("250 2.0.0 taken")]})
    out.submit(sender, ["bob@killed-late.test"])
    out.wait(lambda: slow.transactions, "all of it was sent")
    kill(out, "remote")
    out.wait(lambda: out.retry_all() or len(slow.transactions) == 2, "it was sent again")
    out.wait(lambda: "bob@killed-late.test" not in str(out.queue()), "it waits no more")


def test_a_kill_of_the_store_in_mid_sending_repeats_nothing(out: Outgoing, sender: Account, domain: Domains) -> None:
    """The remote role keeps what the host said until the new store has heard it."""
    slow = domain("store-killed.test", {".": held("250 2.0.0 taken")})
    out.submit(sender, ["bob@store-killed.test"])
    out.wait(lambda: slow.transactions, "all of it was sent")
    kill(out, "store")
    slow.gate.set()
    out.wait(lambda: "bob@store-killed.test" not in str(out.queue()), "the new store knows that it was taken")
    assert len(slow.transactions) == 1


def test_a_stop_in_mid_sending_is_clean(out: Outgoing, sender: Account, domain: Domains) -> None:
    slow = domain("stopped.test", {"DATA": [silent(), say("354 go on")]})
    out.submit(sender, ["bob@stopped.test"])
    out.wait(lambda: slow.lines("DATA"), "it is in mid-transaction")
    out.server.stop()
    out.server.start()
    out.wait(lambda: out.retry_all() or slow.transactions, "it was sent after the restart")
    assert len(slow.transactions) == 1 and not out.bounces(sender)


def test_nothing_is_lost_however_the_roles_die(out: Outgoing, sender: Account, domain: Domains) -> None:
    good = domain("killed-often.test")
    count = 60
    submitter = threading.Thread(target=submit_many, args=(out, sender, "bob@killed-often.test", count))
    submitter.start()
    for role in ("remote", "store", "remote", "store"):
        time.sleep(0.3)
        kill(out, role)
    submitter.join()
    out.wait(lambda: out.retry_all() or "killed-often" not in str(out.queue()), "nothing waits any more")
    found = Counter(number_of(each.content) for each in good.transactions)
    assert sorted(found) == list(range(count))
    # What was under way when a role died: a session at most for each connection.
    assert sum(found.values()) - count <= KILLS_REMOTE * good.session_count


def submit_many(out: Outgoing, sender: Account, recipient: str, count: int) -> None:
    """Each until it is taken, whatever happens to the server meanwhile."""
    for number in range(count):
        while True:
            try:
                out.submit(sender, [recipient], plain("one of many", number=number))
                break
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)


def test_nobody_is_told_of_a_report_that_fails(out: Outgoing, sender: Account, domain: Domains) -> None:
    """MAIL FROM:<>, as answers to read receipts have it (RFC 8098 2.1), refused: it goes quietly."""
    refusing = domain("refuses-reports.test", {"RCPT": say("550 5.1.1 no")})
    with smtp(out.server, "submission", account=sender) as client:
        send(client, "", ["bob@refuses-reports.test"], plain("A receipt"))
    out.wait(lambda: refusing.lines("RCPT"), "it was refused")
    assert refusing.lines("MAIL")[0].startswith("MAIL FROM:<>")
    out.wait(lambda: "refuses-reports" not in str(out.queue()), "it waits no more")
    time.sleep(0.5)
    with imap(out.server, sender) as client:
        assert not imap_messages(client)
