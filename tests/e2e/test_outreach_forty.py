"""Campaigns to forty people each, at the same time: from an outside mailbox, which is a real Postfix and Dovecot, and
from an account of ours. They answer as people and machines do (prospects.py); everybody is looked at in the end.

Gaps are fractions of a second and delays seconds, which only .test allows. Who was told what, and that it was one at a
time, is read from the logs of those who received.
"""

from __future__ import annotations

import email
import email.policy
import re
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bounce_formats
import pytest
from bounce_formats import Letter
from mail import imap, send, smtp
from peer import free_port, need_root
from prospects import BACK_S, OPT_OUT, STEPS, SUBJECT, Answer, Person, cast
from provider import PASSWORD, Provider
from scripted_host import ScriptedHost, say
from server import Account, Server
from test_mailboxes import add, outreach_server, running_provider
from test_outreach import import_people
from test_outreach_outside import append, context

FAR, NEAR = "127.0.0.2", "127.0.0.3"
# Who hands in what comes from elsewhere.
HELPER = "helper"
FINISH_SECONDS_MAX = 300
DAY_MS = 24 * 3600 * 1000
GAP_MS = 200
# So long a receiver takes to say that it has a letter: two at a time would be seen.
SLOWNESS_S = 0.1
SEQUENCE = f"""
name: NAME
sender: {{name: Ann Example, company: Example GmbH, address: "Example street 1, 10115 Berlin, Germany"}}
opt_out: {{sentence: '{OPT_OUT}'}}
windows: [{{days: Mon-Sun, from: "0:00", to: "24:00"}}]
# As many as 1000 would say nothing: then the mailbox's own caps hold.
pace: {{gap: {GAP_MS}-300 milliseconds, hourly: 900, daily: 900, recipient_domain_daily: 900,
       sending_domain_daily: 900}}
steps:
  - subject: {SUBJECT}
    body: |
      Hello {{{{first_name|there}}}},

      does {{{{company}}}} still send invoices by hand?
  - delay: 30 seconds
    body: Did you see my question, {{{{first_name|by chance}}}}?
  - delay: 15 seconds
    body: I will not ask again, {{{{first_name}}}}.
"""


class SlowHost(ScriptedHost):
    """A receiver who takes his time."""

    def act(self, line: str) -> Any:
        if line == ".":
            time.sleep(SLOWNESS_S)
        return super().act(line)


@dataclass
class Side:
    """One of the two campaigns: its people, the host that receives for them, and what came there."""

    name: str
    sender: Account
    people: list[Person]
    host: ScriptedHost
    server: Server
    provider: Provider | None = None
    letters: dict[str, list[Letter]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seen: int = 0
    is_over: bool = False

    # ---- what comes back ----

    def deliver(self, answer: Answer) -> None:
        if not self.provider:
            with smtp(self.server) as client:
                send(client, answer.mail_from, [answer.to], answer.wire)
            return
        # A rule of the provider's files it: here, by the address's detail.
        detail = f"+{answer.folder}@" if answer.folder else "@"
        with smtplib.SMTP_SSL("localhost", self.provider.submissions, context=context(self.provider)) as client:
            client.login(f"{HELPER}@{self.provider.domain}", PASSWORD)
            send(client, answer.mail_from, [answer.to.replace("@", detail)], answer.wire)

    def write_by_hand(self, person: Person) -> None:
        """The owner's own letter: as his mail program leaves a copy of it, or hands it in."""
        message = (f"From: <{self.sender.address}>\r\nTo: <{person.address}>\r\nSubject: Lunch?\r\n"
                   f"Message-ID: <by.hand.{self.name}@hand.test>\r\n\r\nHello.\r\n").encode()
        if self.provider:
            append(self.provider, self.sender.address, "Sent", message)
            return
        with smtp(self.server, "submission", account=self.sender) as client:
            send(client, self.sender.address, [person.address], message)

    def respond(self) -> None:
        """Has people answer, until the end."""
        while not self.is_over:
            transactions = list(self.host.transactions)
            for transaction in transactions[self.seen:]:
                self.seen += 1
                try:
                    self.take(transaction.recipients[0], transaction.mail, transaction.content)
                except Exception as error:  # noqa: BLE001 (told by the test that waits)
                    self.faults.append(f"{transaction.recipients}: {error!r}")
            time.sleep(0.05)

    def take(self, rcpt: str, mail: str, content: bytes) -> None:
        recipient, return_path = (re.search(r"<([^>]*)>", line)[1] for line in (rcpt, mail))
        letter = Letter(email.message_from_bytes(content, policy=email.policy.default), return_path, recipient)
        if "hand.test" in letter.name:
            return
        got = self.letters.setdefault(recipient, [])
        got.append(letter)
        person = next(each for each in self.people if each.address == recipient)
        if person.is_by_hand and len(got) == 1:
            self.write_by_hand(person)
        if person.act and len(got) == person.at_step:
            for answer in person.act(letter):
                self.deliver(answer)

    # ---- the campaign ----

    def prepare(self, folder: Path) -> None:
        (folder / f"{self.name}.yaml").write_text(SEQUENCE.replace("NAME", self.name))
        self.server.command("outreach", "create", str(folder / f"{self.name}.yaml"), "--mailbox", self.sender.address)
        import_people(self.server, folder, self.name, ["email", "first_name", "company"],
                      [[person.address, person.name.title(), "Ltd" if person.has_company else ""]
                       for person in self.people])
        # Between adding and writing: asked again right before.
        self.server.command("suppression", "add", next(each.address for each in self.people if each.name == "max"))

    def status(self) -> dict[str, Any]:
        (campaign,) = self.server.listing("outreach", "status", self.name)["campaigns"]
        return dict(campaign)

    def is_done(self) -> bool:
        assert not self.faults, self.faults
        status = self.status()
        assert status["state"] != "paused", status
        return status["prospects"] == Counter(person.state for person in self.people) and self.has_everything()

    def has_everything(self) -> bool:
        """A provider hands on what it took in its own time."""
        return all(len(self.letters.get(person.address, [])) >= person.letters for person in self.people)

    def why(self, person: Person) -> dict[str, Any]:
        (found,) = self.server.listing("outreach", "why", person.address)["campaigns"]
        return dict(found)

    def kept(self) -> list[str]:
        """Message-IDs in the folder Sent."""
        if self.provider:
            raw = self.provider.messages(self.sender.address.split("@")[0], "Sent")
        else:
            with imap(self.server, self.sender) as client:
                client.select("Sent", readonly=True)
                _, found = client.search(None, "ALL")
                _, parts = client.fetch(b",".join(found[0].split()), "(BODY.PEEK[HEADER])")
                raw = [part[1] for part in parts if isinstance(part, tuple)]
        return [str(email.message_from_bytes(message)["Message-ID"]) for message in raw]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Side]]:
    """Both campaigns, when they are over."""
    need_root("a provider")
    folder = tmp_path_factory.mktemp("forty")
    port = free_port([FAR, NEAR])
    far = cast("far", (bounce_formats.exim, bounce_formats.microsoft365, bounce_formats.gmail), bounce_formats.qmail,
               bounce_formats.postfix)
    near = cast("near", (bounce_formats.postfix, bounce_formats.qmail, bounce_formats.microsoft365),
                bounce_formats.gmail, bounce_formats.exim)
    records = {(f"{person.address.split('@')[1]}", "MX"): ["10 mx.near.test"] for person in near}
    records[("mx.near.test", "A")] = [NEAR]

    def with_relay(provider: Provider) -> None:
        provider.relay = (r"/-far[.]test$/", f"smtp:[{FAR}]:{port}")

    script = {"RCPT TO:<emil@": say("550 5.1.1 there is no emil here")}
    with ExitStack() as stack:
        provider = stack.enter_context(running_provider(with_relay))
        server = stack.enter_context(outreach_server([provider.certificate], records, more=f"outbound.port = {port}\n"))
        provider.users[HELPER] = PASSWORD
        address = provider.add_user("ann")
        status, answer = add(server, provider, address)
        assert status == 0, answer
        found = {}
        bob = server.new_account("bob")
        for name, sender, people, host, at in (
                ("far", Account(address, ""), far, FAR, provider), ("near", bob, near, NEAR, None)):
            made = stack.enter_context(SlowHost(host, port, script))
            found[name] = Side(name, sender, people, made, server, at)
            found[name].prepare(folder)
        for side in found.values():
            threading.Thread(target=side.respond, daemon=True).start()
            server.command("outreach", "start", side.name)
        try:
            wait_until_done(list(found.values()))
            yield found
        finally:
            for side in found.values():
                side.is_over = True


def wait_until_done(sides: list[Side]) -> None:
    end = time.monotonic() + FINISH_SECONDS_MAX
    while not all(side.is_done() for side in sides):
        if time.monotonic() > end:
            raise AssertionError("\n".join(
                f"{side.name}: {side.status()}\n" + side.server.command("outreach", "export", side.name)
                for side in sides) + sides[0].server.log_text()[-3000:])
        time.sleep(0.5)


PEOPLE = [person.name for person in cast("any", (bounce_formats.exim,) * 3, bounce_formats.exim, bounce_formats.exim)]


@pytest.mark.parametrize("side_name", ["far", "near"])
@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_got_what_he_should(sides: dict[str, Side], side_name: str, name: str) -> None:
    side = sides[side_name]
    person = next(each for each in side.people if each.name == name)
    why = side.why(person)
    got = side.letters.get(person.address, [])
    assert (why["state"], len(got)) == (person.state, person.letters), why
    # What was sent is what came, in its order.
    left = [f"<{each['message_id']}>" for each in why["messages"] if each["state"] == "sent"]
    assert left == [letter.name for letter in got] or person.is_refused, why["messages"]
    for number, letter in enumerate(got):
        earlier = [each.name for each in got[:number]]
        assert letter.subject == (f"Re: {SUBJECT}" if earlier else SUBJECT)
        assert letter.message["In-Reply-To"] == (earlier[-1] if earlier else None)
        assert str(letter.message["References"] or "").split() == earlier
        assert name.title() in letter.text() and OPT_OUT in " ".join(letter.text().split())
    if person.decision:
        assert [answer["decision"] for answer in why["answers"]] == [person.decision], why["answers"]


@pytest.mark.parametrize("side_name", ["far", "near"])
def test_each_letter_is_in_sent_once(sides: dict[str, Side], side_name: str) -> None:
    side = sides[side_name]
    sent = {letter.name for letters in side.letters.values() for letter in letters}
    emil = side.why(next(person for person in side.people if person.is_refused))
    refused = {f"<{each['message_id']}>" for each in emil["messages"]}
    end = time.monotonic() + 30
    while not sent | refused <= set(side.kept()) and time.monotonic() < end:
        time.sleep(0.5)
    kept = Counter(side.kept())
    assert not [each for each, count in kept.items() if count != 1], kept
    others = {each for each in kept if each not in sent and "hand.test" not in each}
    assert others == refused, others


def test_it_is_one_at_a_time_by_the_log_of_the_provider(sides: dict[str, Side]) -> None:
    """Postfix names its client with a message's first recipient, and says when the session is over."""
    side = sides["far"]
    assert side.provider
    busy: str = ""
    count = 0
    for line in side.provider.log_text().splitlines():
        found = re.search(r"postfix/smtpd\[(\d+)\]: (?:(\w+): client=.*sasl_username=(\S+)|(disconnect))", line)
        if not found:
            continue
        process, queue_id, user, is_end = found.groups()
        if queue_id and user == side.sender.address:
            assert not busy, line
            busy = process
            count += 1
        elif is_end and process == busy:
            busy = ""
    # The mailbox's own test sends two more.
    assert count >= sum(person.sent for person in side.people)


def test_it_is_one_at_a_time_with_gaps_by_the_log_of_the_receiver(sides: dict[str, Side]) -> None:
    """Letters of the campaign have a token in the address that bounces go to; the owner's own has none."""
    side = sides["near"]
    busy = 0
    ended = 0.0
    count = 0
    for said in list(side.host.said):
        verb = re.split(r"[ :]", said.line.upper())[0]
        if verb == "MAIL" and "+" in said.line:
            assert busy in (0, said.session), said
            assert said.at - ended >= SLOWNESS_S + GAP_MS / 1000, said
            busy = said.session
            count += 1
        elif said.session == busy and verb in {"QUIT", "RSET", "."}:
            busy = 0
            ended = said.at if verb == "." else ended
    assert count == sum(person.sent for person in side.people)


@pytest.mark.parametrize("side_name", ["far", "near"])
def test_who_must_not_be_written_to_is_on_the_list(sides: dict[str, Side], side_name: str) -> None:
    listed = sides[side_name].server.command("suppression", "list")
    for person in sides[side_name].people:
        is_on_it = person.state in {"bounced", "unsubscribed", "suppressed"}
        assert (person.address in listed) == is_on_it, person


@pytest.mark.parametrize("side_name", ["far", "near"])
def test_who_is_away_is_written_to_when_he_is_back(sides: dict[str, Side], side_name: str) -> None:
    side = sides[side_name]
    for person in side.people:
        if person.state == "out_of_office":
            due_ms = side.why(person)["due_ms"]
            assert due_ms // DAY_MS == int(BACK_S) * 1000 // DAY_MS, due_ms


@pytest.mark.parametrize("side_name", ["far", "near"])
def test_the_figures_count_people(sides: dict[str, Side], side_name: str) -> None:
    side = sides[side_name]
    stats = side.server.listing("outreach", "stats", side.name)
    states = Counter(person.state for person in side.people)
    assert stats["contacted"] == sum(person.sent > 0 for person in side.people)
    assert stats["bounced"] == states["bounced"] and stats["unsubscribed"] == states["unsubscribed"]
    # Not who let a colleague answer.
    assert stats["replied"] == states["replied"] + states["unsubscribed"], stats
    assert stats["auto_replied"] == states["out_of_office"] + 2


def test_nobody_who_answered_gets_another(sides: dict[str, Side]) -> None:
    """Not even when all is over, and everybody else has had everything."""
    for side in sides.values():
        before = {address: len(letters) for address, letters in side.letters.items()}
        time.sleep(3)
        assert {address: len(letters) for address, letters in side.letters.items()} == before
        assert max(before.values()) == STEPS
