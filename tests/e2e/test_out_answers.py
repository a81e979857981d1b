"""Every kind of answer at every verb, and what becomes of the message: each case is a domain of its
own, whose first host answers so, and whose second host is a good one.

- taken: the first host has it all the same.
- next: the second host gets it, at once.
- bounce: it fails, and the sender is told in that host's words.
- later: it waits, and a later attempt succeeds: at the first host, good by then, or at the second, where the
  first one said that it goes away (421).
- same: as later, and it is known that the host may have it twice (RFC 1047); it never goes elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from mail import send, smtp
from messages import plain
from outgoing import Bounce, Outgoing
from scripted_host import Act, ScriptedHost, endless, hang_up, raw, say, say_and_close
from server import Account

LATER_421 = say_and_close("421 4.3.2 shutting down now")
LATER = say("450 4.2.0 not now")
NEVER = say("550 5.7.1 not from you")
GARBAGE = raw(b"\x00\xff\xfe\x1b[31m what is this\r\n")
SHORT = raw(b"25\r\n")
CUT = raw(b"250-and then", "close")
ENDLESS_LINES = endless(b"250-more and more\r\n")
ENDLESS_LINE = endless(b"x" * 1000)
CLOSE = hang_up()
BROKEN = {"garbage": GARBAGE, "short": SHORT, "cut": CUT, "lines": ENDLESS_LINES, "line": ENDLESS_LINE, "close": CLOSE}


def broken(verb: str, outcome: str) -> list[tuple[str, Act, str]]:
    return [(verb, act, outcome) for act in BROKEN.values()]


# The verb, what the first host does there, the outcome.
CASES = [
    ("CONNECT", LATER_421, "next"), ("CONNECT", LATER, "next"), ("CONNECT", NEVER, "next"), *broken("CONNECT", "next"),
    ("EHLO", LATER_421, "next"), ("EHLO", LATER, "next"), ("EHLO", NEVER, "taken"), *broken("EHLO", "next"),
    ("MAIL", LATER_421, "next"), ("MAIL", LATER, "next"), ("MAIL", NEVER, "bounce"), *broken("MAIL", "next"),
    ("RCPT", LATER_421, "next"), ("RCPT", LATER, "later"), ("RCPT", NEVER, "bounce"), *broken("RCPT", "next"),
    ("RCPT", say("552 too many recipients"), "later"), ("RCPT", say("251 forwarding"), "taken"),
    ("DATA", LATER_421, "next"), ("DATA", LATER, "next"), ("DATA", NEVER, "bounce"), *broken("DATA", "next"),
    (".", LATER_421, "later"), (".", LATER, "later"), (".", NEVER, "bounce"), *broken(".", "same"),
    ("QUIT", LATER, "taken"), ("QUIT", NEVER, "taken"), *broken("QUIT", "taken"),
]


@dataclass
class Case:
    number: int
    verb: str
    act: Act
    outcome: str
    host: ScriptedHost

    @property
    def recipient(self) -> str:
        return f"bob@case-{self.number}.test"

    @property
    def transactions(self) -> int:
        return len(self.host.transactions)


@dataclass
class Run:
    """All cases, carried to their ends; what was left after the first round and after the second."""

    cases: list[Case]
    good: ScriptedHost
    waiting: list[str] = field(default_factory=list)
    bounces: list[Bounce] = field(default_factory=list)
    # What `trace` says of those that waited, before they were tried again.
    traces: dict[str, str] = field(default_factory=dict)

    def at_good(self, case: Case) -> int:
        return sum(f"RCPT TO:<{case.recipient}>" in each.recipients for each in self.good.transactions)

    def bounces_of(self, case: Case) -> list[Bounce]:
        return [bounce for bounce in self.bounces
                if any(case.recipient in fields["final-recipient"] for fields in bounce.recipients)]

    def is_first_round_over(self, case: Case) -> bool:
        """Its first attempt has come to what is expected of it."""
        if case.outcome == "next":
            return self.at_good(case) > 0
        return case.host.session_count > 0


def make_cases(out: Outgoing, stack: ExitStack) -> list[Case]:
    cases = []
    for number, (verb, act, outcome) in enumerate(CASES):
        host = stack.enter_context(ScriptedHost(out.address(), out.port, {verb: act}))
        cases.append(Case(number, verb, act, outcome, host))
    return cases


def serve_zones(out: Outgoing, run: Run) -> None:
    out.zones.set("good.test", f"A {run.good.address}")
    for case in run.cases:
        domain = f"case-{case.number}.test"
        out.zones.set(domain, f"MX 10 first.{domain}.", "MX 20 good.test.")
        out.zones.set(f"first.{domain}", f"A {case.host.address}")
    out.zones.reload()


def carry_out(out: Outgoing, run: Run, sender: Account) -> None:
    waits = {"later", "same"}
    # By one session: those that wait are not to be tried again before all were tried.
    with smtp(out.server, "submission", account=sender) as client:
        for case in run.cases:
            send(client, sender.address, [case.recipient], plain(f"case {case.number}", number=case.number))
    out.wait(lambda: all(map(run.is_first_round_over, run.cases)),
             f"{[case for case in run.cases if not run.is_first_round_over(case)]}")
    expected = sorted(case.recipient for case in run.cases if case.outcome in waits)
    out.wait(lambda: out.put_off() == expected == sorted(entry["to"] for entry in out.queue()),
             "those that wait are those that should")
    run.waiting = expected
    run.traces = {entry["to"]: out.server.command("trace", entry["id"]) for entry in out.queue()}
    for case in run.cases:
        case.host.rewrite({})
    out.retry_all()
    out.wait(lambda: not out.queue(), "nothing waits any more")
    run.bounces = out.wait_for_bounces(sender, sum(case.outcome == "bounce" for case in run.cases))


@pytest.fixture(scope="module")
def run(out: Outgoing) -> Iterator[Run]:
    sender = out.server.new_account("sender")
    with ExitStack() as stack:
        good = stack.enter_context(ScriptedHost(out.address(), out.port))
        run = Run(make_cases(out, stack), good)
        serve_zones(out, run)
        carry_out(out, run, sender)
        yield run


def name_of(number: int) -> str:
    verb, act, outcome = CASES[number]
    kind = next((name for name, each in BROKEN.items() if each is act), act.text[:3].decode(errors="replace"))
    return f"{'dot' if verb == '.' else verb}-{kind}-{outcome}"


@pytest.mark.parametrize("number", range(len(CASES)), ids=name_of)
def test_answer(run: Run, number: int) -> None:
    case = run.cases[number]
    bounces = run.bounces_of(case)
    assert run.at_good(case) == (case.outcome == "next") or case.outcome == "later"
    assert (case.recipient in run.waiting) == (case.outcome in ("later", "same"))
    assert len(bounces) == (case.outcome == "bounce")
    if case.outcome in ("later", "same"):
        assert ("may come twice" in run.traces[case.recipient]) == (case.outcome == "same")
    if case.outcome == "same":
        assert case.transactions == 2, "once with an answer that was lost, once more at the same host"
    if case.outcome in ("taken", "later"):
        refused = case.verb == "." and case.outcome == "later"
        assert case.transactions - refused + run.at_good(case) == 1, "exactly once"
    for bounce in bounces:
        (fields,) = bounce.recipients
        assert fields["status"] == "5.7.1" and "550 5.7.1 not from you" in fields["diagnostic-code"]
        assert "not from you" in bounce.words


def test_no_control_byte_of_a_host_is_in_the_log(out: Outgoing, run: Run) -> None:
    assert not any(byte < 32 and byte not in b"\n\t" or byte == 127 for byte in out.server.log.read_bytes())
