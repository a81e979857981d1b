"""Answers of people: steps that are for them alone, a company that is stopped, what the owner writes by hand, and a
classifier that changed its mind."""

from __future__ import annotations

import email.utils
import imaplib
import sqlite3
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mail import imap
from outgoing import Domains, Outgoing
from server import Account
from test_outreach import SEQUENCE, Campaign, answer, letters, until

REPLY_STEP = """  - delay: 2 days
    body: |
      Did you see it?
  - delay: 0 minutes
    condition: {replied: yes, reply_class: positive}
    body: |
      Wonderful, {{{{first_name|there}}}}: here is my calendar.
"""


class Written(Campaign):
    """A campaign whose document ends as the test says."""

    def __init__(self, out: Outgoing, folder: Path, sender: Account, name: str, prospects: list[str], more: str,
                 top: str = "") -> None:
        self.out, self.name, self.sender = out, name, sender
        text = top + SEQUENCE.format(name=name, gap=1, daily=1000, more=more)
        text = text.replace("{{{{", "{{").replace("}}}}", "}}")
        self.path = folder / f"{name}.yaml"
        self.path.write_text(text)
        out.server.command("outreach", "create", str(self.path), "--mailbox", sender.address)
        for address in prospects:
            out.server.command("contact", "set", address, f"first_name={address.split('@')[0].title()}")
            out.server.command("outreach", "add", name, "--contact", address)


def first_letters(host: Any, people: list[str]) -> dict[str, EmailMessage]:
    return {address: until(lambda address=address: letters(host, address), f"{address}'s first letter")[0]
            for address in people}


def answers_of(out: Outgoing, address: str) -> list[dict[str, Any]]:
    return out.server.listing("outreach", "answers", address)["answers"]


def test_only_who_answers_so_gets_the_step_for_it(out: Outgoing, sender: Account, domain: Domains,
                                                  tmp_path: Path) -> None:
    host = domain("answered.test", {})
    people = [f"{name}@answered.test" for name in ("ben", "cara", "dora")]
    campaign = Written(out, tmp_path, sender, "answered", people, REPLY_STEP)
    told = out.server.command("outreach", "check", str(campaign.path))
    assert "who answered (positive)" in told
    campaign.start()
    first = first_letters(host, people)
    answer(out, sender, people[1], first[people[1]], "We are not interested.")
    # Then nobody is due for days, and nothing is under way: who answers now is heard of by the mailbox all the same.
    until(lambda: campaign.why(people[1])["due_ms"] is None, "cara's answer has no step")
    answer(out, sender, people[0], first[people[0]], "Yes, that sounds great, please call me!")
    second = until(lambda: letters(host, people[0])[1:], "ben's letter for those who say yes")[0]
    assert "here is my calendar" in second.get_content()
    (found,) = answers_of(out, people[0])
    assert found["interest"] == "positive"
    references = second["References"].split()
    assert references[0] == first[people[0]]["Message-ID"] and references[-1] == second["In-Reply-To"]
    assert second["In-Reply-To"].endswith("@answers.test>")
    why = until(lambda: (one := campaign.why(people[0]))["due_ms"] is None and one, "nothing more is due")
    assert why["state"] == "replied"
    assert campaign.state(people[1]) == "replied"
    assert campaign.state(people[2]) == "waiting"
    assert [len(letters(host, person)) for person in people] == [2, 1, 1]


def test_a_company_is_stopped_by_one_answer(out: Outgoing, sender: Account, domain: Domains, tmp_path: Path) -> None:
    host = domain("acme.test", {})
    other = domain("else.test", {})
    people = [f"{name}@acme.test" for name in ("ida", "jon")] + ["kim@else.test"]
    campaign = Written(out, tmp_path, sender, "company", people,
                       "  - delay: 2 days\n    body: |\n      Did you see it?\n", top="company_stop: yes\n")
    campaign.start()
    first = first_letters(host, people[:2])
    first |= first_letters(other, people[2:])
    for person in people[1:]:
        until(lambda person=person: campaign.why(person)["step"] == 2, f"{person}'s step is counted")
    answer(out, sender, people[0], first[people[0]], "No need for it here.")
    until(lambda: campaign.state(people[0]) == "replied", "ida replied")
    why = campaign.why(people[1])
    assert why["state"] == "stopped" and "acme.test" in why["reason"]
    assert campaign.state(people[2]) == "waiting"
    (found,) = answers_of(out, people[0])
    out.server.command("outreach", "correct", found["id"], "auto_reply")
    assert [campaign.state(person) for person in people] == ["waiting"] * 3


def test_what_a_mail_program_puts_into_sent_pauses(out: Outgoing, sender: Account, domain: Domains,
                                                   tmp_path: Path) -> None:
    host = domain("hand.test", {})
    people = [f"{name}@hand.test" for name in ("leo", "mia", "nick")]
    campaign = Campaign(out, tmp_path, sender, "hand", people, second="2 days")
    campaign.start()
    first_letters(host, people)
    until(lambda: campaign.why(people[2])["step"] == 2, "nick's step is counted")
    by_hand = (f"From: <{sender.address}>\r\nTo: nobody@hand.test, Leo <{people[0]}>\r\nCc: {people[1]}\r\n"
               f"Subject: Lunch?\r\nDate: {email.utils.formatdate()}\r\n"
               f"Message-ID: <{time.time_ns()}@programs.test>\r\n\r\nHello.\r\n").encode()
    with imap(out.server, sender) as client:
        assert client.append("Sent", "", imaplib.Time2Internaldate(time.time()), by_hand)[0] == "OK"
    assert [campaign.state(person) for person in people] == ["paused", "paused", "waiting"]


def judged_by_an_older_one(out: Outgoing, address: str) -> None:
    """As if the answer had been taken for an automatic one when it came."""
    out.server.stop()
    with sqlite3.connect(out.server.data / "store.db") as store:
        store.execute("UPDATE outreach_answer SET kind = 1, decision = 0, classifier = 0, evidence = '[]'"
                      " WHERE author = ?", (address,))
        store.execute("DELETE FROM outreach_hold")
        store.execute("UPDATE campaign_count SET count = count - 1 WHERE state = 2 AND campaign IN"
                      " (SELECT campaign FROM outreach_answer WHERE author = ?)", (address,))
        store.execute("INSERT INTO campaign_count SELECT DISTINCT campaign, 3, 1 FROM outreach_answer WHERE author = ?"
                      " ON CONFLICT (campaign, state) DO UPDATE SET count = count + 1", (address,))
        store.execute("UPDATE prospect SET state = 3, has_replied = 0 WHERE state = 2 AND id IN (SELECT prospect FROM"
                      " outreach_answer WHERE author = ?)", (address,))
    store.close()
    out.server.start()


@pytest.mark.parametrize("is_running", [True, False])
def test_a_changed_classifier_is_run_over_history(out: Outgoing, sender: Account, domain: Domains, tmp_path: Path,
                                                  is_running: bool) -> None:
    name = "replay" if is_running else "still"
    host = domain(f"{name}.test", {})
    people = [f"{who}@{name}.test" for who in ("olga", "paul", "quin")]
    campaign = Campaign(out, tmp_path, sender, name, people, second="2 days")
    campaign.start()
    first = first_letters(host, people)
    for person in people:
        answer(out, sender, person, first[person], "Yes, tell me more please.")
        until(lambda person=person: campaign.state(person) == "replied", f"{person} replied")
    (corrected,) = answers_of(out, people[2])
    out.server.command("outreach", "correct", corrected["id"], "other")
    judged_by_an_older_one(out, people[0])
    assert campaign.state(people[0]) == "paused"
    if not is_running:
        out.server.stop()
    shown = out.server.listing("outreach", "replay", "--campaign", name)
    (difference,) = shown["differences"]
    assert difference["prospect"] == people[0] and not difference["applied"]
    assert (difference["before"]["kind"], difference["after"]["kind"]) == ("auto_reply", "reply")
    assert difference["after"]["evidence"] and difference["effect"] == "the person gets no follow-up"
    assert shown["summary"]["judged"] == 2 and shown["summary"]["corrected_by_person"] == 1
    words = out.server.command("outreach", "replay", "--campaign", name, "--since", "2020-01-01")
    assert "nothing was changed, --apply makes it so" in words and "1 auto_reply -> reply" in words
    later = out.server.listing("outreach", "replay", "--campaign", name, "--since", "2099-01-01")
    assert later["summary"]["judged"] == 0
    done = out.server.command("outreach", "replay", "--campaign", name, "--apply")
    assert f"{people[0]} is now replied" in done
    assert out.server.listing("outreach", "replay", "--campaign", name)["differences"] == []
    if not is_running:
        out.server.start()
    assert campaign.state(people[0]) == "replied"
    (found,) = answers_of(out, people[0])
    assert found["kind"] == "auto_reply" and found["corrected_to"] == "reply" and found["corrected_by"] == "replay"
    assert campaign.state(people[2]) == "paused"
