"""Campaigns: a sequence from a mailbox to prospects on hosts of the test, who answer as people and machines do.

All recipients are under .test, so that gaps may be seconds. What was sent, when and in which order is read from
what the receiving hosts were told.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import json
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mail import send, smtp
from outgoing import Domains, Outgoing
from scripted_host import ScriptedHost, say
from server import Account, Server

SECONDS_MAX = 90
GAP_SECONDS = 1
SEQUENCE = """
name: {name}
sender:
  name: Ann Example
  company: Example GmbH
  address: Example street 1, 10115 Berlin, Germany
opt_out:
  sentence: If you would rather not hear from me, just reply "no thanks".
windows:
  - {{days: Mon-Sun, from: "0:00", to: "24:00"}}
pace:
  gap: {gap}-{gap} seconds
  hourly: 1000
  daily: {daily}
  recipient_domain_daily: 1000
  sending_domain_daily: 1000
steps:
  - subject: "A question, {{{{first_name|you}}}}"
    body: |
      Hello {{{{first_name|there}}}},

      do you still send invoices by hand?
{more}
"""
SECOND_STEP = """  - delay: {delay}
    body: |
      Did you see it, {{{{first_name|by chance}}}}?
"""
OUT_OF_OFFICE = """Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n"""


def until(what: Callable[[], Any], words: str, seconds: float = SECONDS_MAX) -> Any:
    """Its first result that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {words}")


def noon_zone() -> str:
    """Where it is noon, or nearly: no day ends there while the test runs."""
    east = 12 - time.gmtime().tm_hour
    return f"Etc/GMT{-east:+}" if east else "UTC"


def import_people(server: Server, folder: Path, campaign: str, header: list[str], rows: list[list[str]]) -> None:
    """As one import of the address book, into the campaign."""
    path = folder / f"{campaign}.csv"
    path.write_text("".join(",".join(row) + "\n" for row in [header, *rows]))
    said = server.command("contact", "import", str(path), "--source", "a fair", "--basis", "legitimate_interest",
                          "--json")
    server.command("outreach", "add", campaign, "--import", str(json.loads(said.splitlines()[-1])["import"]))


class Campaign:
    """A campaign of the server's, and what is known of it."""

    def __init__(self, out: Outgoing, folder: Path, sender: Account, name: str, prospects: list[str],
                 second: str = "", gap: int = GAP_SECONDS, daily: int = 1000) -> None:
        self.out, self.name, self.sender = out, name, sender
        more = SECOND_STEP.format(delay=second) if second else ""
        path = folder / f"{name}.yaml"
        text = SEQUENCE.format(name=name, gap=gap, daily=daily, more=more) + f"time_zone: {noon_zone()}\n"
        path.write_text(text.replace("{{{{", "{{").replace("}}}}", "}}"))
        server = out.server
        server.command("outreach", "create", str(path), "--mailbox", sender.address)
        for address in prospects:
            server.command("contact", "set", address, f"first_name={address.split('@')[0].title()}")
            server.command("outreach", "add", name, "--contact", address)

    def start(self) -> None:
        self.out.server.command("outreach", "start", self.name)

    def status(self) -> dict[str, Any]:
        (campaign,) = self.out.server.listing("outreach", "status", self.name)["campaigns"]
        return campaign

    def why(self, address: str) -> dict[str, Any]:
        found = self.out.server.listing("outreach", "why", address)["campaigns"]
        return next(one for one in found if one["campaign"] == self.name)

    def state(self, address: str) -> str:
        return self.why(address)["state"]


def letters(host: ScriptedHost, address: str) -> list[EmailMessage]:
    """What came for this address, in order."""
    return [email.message_from_bytes(transaction.content, policy=email.policy.SMTP)
            for transaction in list(host.transactions)
            if any(f"<{address}>" in recipient for recipient in transaction.recipients) and transaction.content]


def answer(out: Outgoing, sender: Account, author: str, to: EmailMessage | None, text: str, fields: str = "",
           mail_from: str | None = None, subject: str | None = None, recipient: str | None = None) -> None:
    """Hands in mail to the sender as another host would."""
    thread = f"In-Reply-To: {to['Message-ID']}\r\nReferences: {to['Message-ID']}\r\n" if to else ""
    title = subject or (f"Re: {to['Subject']}" if to else "Hello")
    message = (f"From: <{author}>\r\nTo: <{sender.address}>\r\nSubject: {title}\r\n"
               f"Date: {email.utils.formatdate()}\r\nMessage-ID: <{time.time_ns()}@answers.test>\r\n"
               f"{thread}{fields}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n")
    with smtp(out.server) as client:
        send(client, author if mail_from is None else mail_from, [recipient or sender.address], message.encode())


def transactions_overlap(host: ScriptedHost) -> bool:
    """Whether a MAIL came while another session had one under way."""
    busy: int | None = None
    for said in list(host.said):
        verb = said.line.split(":")[0].split()[0].upper() if said.line.strip() else ""
        if verb == "MAIL":
            if busy not in (None, said.session):
                return True
            busy = said.session
        elif verb in {"QUIT", "RSET"} or said.line == ".":
            busy = None
    return False


def test_answers_stop_follow_ups_and_others_get_them_in_the_thread(out: Outgoing, sender: Account, domain: Domains,
                                                                    tmp_path: Path) -> None:
    host = domain("people.test", {"RCPT TO:<emil@": say("550 5.1.1 no emil here")})
    names = ["ben", "cara", "dora", "emil", "fay", "gus", "hal"]
    people = {name: f"{name}@people.test" for name in names}
    campaign = Campaign(out, tmp_path, sender, "autumn", list(people.values()), second="30 seconds")
    campaign.start()
    first = {name: until(lambda name=name: letters(host, people[name]), f"{name}'s first letter")[0]
             for name in names if name != "emil"}
    answer(out, sender, people["cara"], first["cara"], "Yes, tell me more please.")
    back = time.strftime("%d %B %Y", time.gmtime(time.time() + 10 * 24 * 3600))
    answer(out, sender, people["dora"], first["dora"],
           f"I am out of the office until {back} and will answer then.", OUT_OF_OFFICE,
           subject="Out of office: A question, Dora")
    answer(out, sender, "fay.private@home.test", first["fay"], "Writing from my other address: yes, we do.")
    answer(out, sender, people["gus"], first["gus"], "We have received your message and will answer soon.",
           "Auto-Submitted: auto-replied\r\n", subject="Thank you for your message")
    answer(out, sender, people["hal"], None, "Please stop writing to me, unsubscribe me.")
    until(lambda: campaign.state(people["cara"]) == "replied", "cara replied")
    assert campaign.state(people["fay"]) == "replied"
    assert campaign.state(people["dora"]) == "out_of_office"
    assert campaign.state(people["hal"]) in {"unsubscribed", "replied"}
    until(lambda: campaign.state(people["emil"]) == "bounced", "emil bounced")
    for name in ("ben", "gus"):
        second = until(lambda name=name: letters(host, people[name])[1:], f"{name}'s second letter")[0]
        assert second["In-Reply-To"] == first[name]["Message-ID"]
        assert second["Subject"] == f"Re: {first[name]['Subject']}"
    for name in ("cara", "dora", "fay", "hal"):
        assert len(letters(host, people[name])) == 1, name
    assert not transactions_overlap(host)
    events = json.loads(out.server.command("outreach", "events", "autumn", "--json"))["events"]
    kinds = {event["kind"] for event in events}
    assert {"message.sent", "prospect.replied", "prospect.out_of_office", "prospect.bounced",
            "prospect.auto_reply"} <= kinds
    stats = out.server.listing("outreach", "stats", "autumn")
    assert stats["bounced"] == 1 and stats["replied"] >= 2 and stats["auto_replied"] == 2


def test_it_is_one_at_a_time_with_a_gap_between(out: Outgoing, sender: Account, domain: Domains,
                                                tmp_path: Path) -> None:
    host = domain("gaps.test", {})
    people = [f"p{number}@gaps.test" for number in range(5)]
    campaign = Campaign(out, tmp_path, sender, "gaps", people, gap=2)
    campaign.start()
    until(lambda: campaign.status()["state"] == "finished", "the campaign finished")
    starts = [said.at for said in host.said if said.line.upper().startswith("MAIL")]
    assert len(starts) == 5
    assert all(later - before >= 1.5 for before, later in zip(starts, starts[1:], strict=False)), starts
    assert not transactions_overlap(host)
    assert out.server.listing("outreach", "stats", "gaps")["contacted"] == 5


def test_a_follow_up_does_not_wait_for_the_opener_that_waits_for_it(out: Outgoing, sender: Account, domain: Domains,
                                                                    tmp_path: Path) -> None:
    """Two letters a day: ann's second one keeps the place. It leaves when it is due, and ben's first one does not."""
    host = domain("kept.test", {})
    campaign = Campaign(out, tmp_path, sender, "kept", ["ann@kept.test", "ben@kept.test"], second="20 seconds",
                        daily=2)
    out.server.command("outreach", "mailbox", "set", sender.address, "--daily", "2")
    campaign.start()
    until(lambda: letters(host, "ann@kept.test")[1:], "ann's second letter")
    assert not letters(host, "ben@kept.test")


def test_killed_in_the_middle_nobody_is_skipped_and_nobody_has_it_twice(out: Outgoing, sender: Account, domain: Domains,
                                                                         tmp_path: Path) -> None:
    host = domain("crash.test", {})
    people = [f"p{number}@crash.test" for number in range(8)]
    # A letter whose transaction is begun and never settled counts as sent: the gap is longer than a kill takes.
    campaign = Campaign(out, tmp_path, sender, "crash", people, gap=3)
    campaign.start()
    for _ in range(2):
        sent = len(host.transactions)
        until(lambda sent=sent: len(host.transactions) > sent, "another letter")
        out.server.kill()
        out.server.start()
    until(lambda: campaign.status()["state"] == "finished", "the campaign finished")
    ids = {name: [letter["Message-ID"] for letter in letters(host, name)] for name in people}
    assert all(len(set(found)) == 1 for found in ids.values()), ids


def test_a_campaign_is_refused_with_the_reason(out: Outgoing, sender: Account, tmp_path: Path) -> None:
    out.server.command("contact", "set", "real@example.com", "first_name=Real")
    campaign = Campaign(out, tmp_path, sender, "hasty", ["real@example.com"])
    with pytest.raises(AssertionError, match="shorter than 95 seconds"):
        campaign.start()
    short = Campaign(out, tmp_path, sender, "short", ["real@example.com"], second="30 seconds", gap=95)
    with pytest.raises(AssertionError, match="delays is in seconds"):
        short.start()
    empty = Campaign(out, tmp_path, sender, "empty", [])
    with pytest.raises(AssertionError, match="no prospects"):
        empty.start()


def test_the_owner_pauses_resumes_and_asks_why(out: Outgoing, sender: Account, domain: Domains, tmp_path: Path) -> None:
    host = domain("why.test", {})
    campaign = Campaign(out, tmp_path, sender, "why", ["ida@why.test", "jon@why.test"], second="2 days")
    out.server.command("outreach", "pause", "jon@why.test")
    campaign.start()
    until(lambda: letters(host, "ida@why.test"), "ida's letter")
    why = until(lambda: (found := campaign.why("ida@why.test"))["step"] == 2 and found, "the step is counted")
    assert why["state"] == "waiting" and why["next_allowed_ms"] > (time.time() + 24 * 3600) * 1000
    assert [gate["gate"] for gate in why["gates"] if not gate["open"]][0] in {"due", "pace"}
    assert campaign.state("jon@why.test") == "paused" and not letters(host, "jon@why.test")
    out.server.command("outreach", "resume", "jon@why.test")
    until(lambda: letters(host, "jon@why.test"), "jon's letter")
    answer(out, sender, "ida@why.test", letters(host, "ida@why.test")[0], "Yes.")
    until(lambda: campaign.state("ida@why.test") == "replied", "ida replied")
    (found,) = out.server.listing("outreach", "answers", "ida@why.test")["answers"]
    assert found["kind"] == "reply" and found["found_by"] == "in_reply_to"
    out.server.command("outreach", "correct", found["id"], "auto_reply")
    assert campaign.state("ida@why.test") == "waiting"
    table = out.server.command("outreach", "export", "why")
    assert "ida@why.test,waiting,2" in table
