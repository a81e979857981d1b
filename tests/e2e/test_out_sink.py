"""Mail to smtp-sink with each of the options by which it misbehaves or offers less. Each case is a
domain with a sink of its own.
"""

from __future__ import annotations

import email
import email.policy
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from mail import send, smtp
from messages import plain
from outgoing import Bounce, Outgoing
from peer import running
from peer_sink import Sink

# Options, and what becomes of the message: taken, bounce, or waits.
CASES = [
    ("", "taken"), ("-a", "taken"), ("-c", "taken"), ("-C", "taken"), ("-e", "taken"), ("-E", "taken"),
    ("-F", "taken"), ("-N", "taken"), ("-p", "taken"), ("-P", "taken"), ("-8", "taken"), ("-T 100", "taken"),
    ("-h other.test", "taken"), ("-H 1", "taken"), ("-w 1", "taken"), ("-s MAIL,RCPT,DATA,.", "taken"),
    ("-S 'start\\n'", "taken"), ("-t 30", "taken"), ("-R /", "taken"),
    ("-f CONNECT", "bounce"), ("-f EHLO", "taken"), ("-f EHLO,HELO", "bounce"), ("-f MAIL", "bounce"),
    ("-f RCPT", "bounce"), ("-f DATA", "bounce"), ("-f .", "bounce"), ("-f QUIT", "taken"), ("-f RSET", "taken"),
    ("-r CONNECT", "waits"), ("-r EHLO,HELO", "waits"), ("-r MAIL", "waits"), ("-r RCPT", "waits"),
    ("-r DATA", "waits"), ("-r .", "waits"), ("-r QUIT", "taken"),
    ("-q CONNECT", "waits"), ("-q EHLO", "waits"), ("-q MAIL", "waits"), ("-q RCPT", "waits"), ("-q DATA", "waits"),
    ("-q .", "waits"), ("-q QUIT", "taken"),
    ("-Q CONNECT", "waits"), ("-Q EHLO", "waits"), ("-Q MAIL", "waits"), ("-Q RCPT", "waits"), ("-Q DATA", "waits"),
    ("-Q .", "waits"), ("-Q QUIT", "taken"),
    ("-A 0", "bounce"),
    ("-B '554 5.7.1 no' -f RCPT", "bounce"), ("-b '452 4.2.2 full' -r RCPT", "waits"),
]
UMLAUTS = "Grüße aus Köln, naïve café ☕"


@dataclass
class Case:
    number: int
    sink: Sink
    outcome: str

    @property
    def recipient(self) -> str:
        return f"bob@sink-{self.number}.test"


@dataclass
class Run:
    cases: list[Case]
    waiting: list[str] = field(default_factory=list)
    bounces: list[Bounce] = field(default_factory=list)


def message_of(number: int) -> bytes:
    return (plain("Gruss", number=number).split(b"\r\n\r\n")[0]
            + b"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + UMLAUTS.encode() + b"\r\n.a dot\r\n")


@pytest.fixture(scope="module")
def run(out: Outgoing) -> Iterator[Run]:
    sender = out.server.new_account("sender")
    with ExitStack() as stack:
        cases = []
        for number, (options, outcome) in enumerate(CASES):
            address = out.address()
            made = running(lambda folder, address=address, words=shlex.split(options):
                           Sink(folder, address, out.port, *words))
            cases.append(Case(number, stack.enter_context(made), outcome))
            out.zones.host(f"sink-{number}.test", address)
        out.zones.reload()
        run = Run(cases)
        # By one session: those that wait are not to be tried again before all were tried.
        with smtp(out.server, "submission", account=sender) as client:
            for case in cases:
                send(client, sender.address, [case.recipient], message_of(case.number))
        expected = sorted(case.recipient for case in cases if case.outcome == "waits")
        out.wait(lambda: out.put_off() == expected == sorted(entry["to"] for entry in out.queue()),
                 "those that wait are those that should")
        run.waiting = expected
        run.bounces = out.wait_for_bounces(sender, sum(case.outcome == "bounce" for case in cases))
        yield run


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: "-".join(CASES[number]).replace(" ", "_"))
def test_sink(run: Run, number: int) -> None:
    case = run.cases[number]
    bounces = [bounce for bounce in run.bounces if case.recipient in bounce.recipients[0]["final-recipient"]]
    assert (case.recipient in run.waiting) == (case.outcome == "waits")
    assert len(bounces) == (case.outcome == "bounce")
    if case.outcome == "taken":
        (taken,) = case.sink.taken()
        assert taken.recipients == [f"<{case.recipient}>"]
        read = email.message_from_bytes(taken.content, policy=email.policy.default)
        assert UMLAUTS in read.get_content()
        assert taken.content.isascii() == (CASES[number][0] in ("-8", "-e", "-P", "-f EHLO"))
    for bounce in bounces:
        assert bounce.recipients[0]["status"].startswith("5.")
