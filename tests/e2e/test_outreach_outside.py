"""Campaigns from an outside mailbox: a real Postfix and Dovecot send the letters, and are looked at before each;
answers are found in the inbox, in Junk, and where the owner wrote by hand."""

from __future__ import annotations

import email
import email.policy
import email.utils
import imaplib
import smtplib
import ssl
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from peer import need_root
from provider import PASSWORD, Provider
from server import Account, Server
from test_mailboxes import add, outreach_server, running_provider
from test_outreach import Campaign, until


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    need_root("a provider")
    with running_provider() as started:
        yield started


@pytest.fixture(scope="module")
def outreach(provider: Provider) -> Iterator[Server]:
    with outreach_server([provider.certificate]) as server:
        yield server


class World:
    """What a campaign needs of the world it is in."""

    def __init__(self, server: Server) -> None:
        self.server = server


def context(provider: Provider) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(provider.certificate))


def letters(provider: Provider, name: str) -> list[EmailMessage]:
    found = [email.message_from_bytes(raw, policy=email.policy.default) for raw in provider.messages(name)]
    return sorted(found, key=lambda letter: letter["Date"].datetime)


def reply(author: str, to: str, letter: EmailMessage, text: str) -> bytes:
    return (f"From: <{author}>\r\nTo: <{to}>\r\nSubject: Re: {letter['Subject']}\r\n"
            f"Date: {email.utils.formatdate()}\r\nMessage-ID: <{time.time_ns()}@provider.test>\r\n"
            f"In-Reply-To: {letter['Message-ID']}\r\n\r\n{text}\r\n").encode()


def submit(provider: Provider, author: str, to: str, message: bytes) -> None:
    with smtplib.SMTP_SSL("localhost", provider.submissions, context=context(provider)) as client:
        client.login(author, PASSWORD)
        client.sendmail(author, [to], message)


def append(provider: Provider, user: str, folder: str, message: bytes) -> None:
    with imaplib.IMAP4_SSL("localhost", provider.imaps, ssl_context=context(provider)) as client:
        client.login(user, PASSWORD)
        client.append(folder, "", imaplib.Time2Internaldate(time.time()), message)


def test_answers_in_any_folder_stop_the_follow_ups(outreach: Server, provider: Provider, tmp_path: Path) -> None:
    ann = provider.add_user("ann")
    names = ["ben", "cara", "dora", "emil"]
    people = {name: provider.add_user(name) for name in names}
    status, answer = add(outreach, provider, ann)
    assert status == 0, answer
    campaign = Campaign(World(outreach), tmp_path, Account(ann, PASSWORD), "outside", list(people.values()),
                        second="30 seconds")
    campaign.start()
    first = {name: until(lambda name=name: letters(provider, name), f"{name}'s first letter")[0] for name in names}
    submit(provider, people["cara"], ann, reply(people["cara"], ann, first["cara"], "Yes, please."))
    append(provider, ann, "Junk", reply("dora.private@home.test", ann, first["dora"], "From elsewhere: yes."))
    by_hand = (f"From: <{ann}>\r\nTo: nobody@home.test, Emil <{people['emil']}>\r\nSubject: Lunch?\r\n"
               "Message-ID: <hand@provider.test>\r\n"
               f"Date: {email.utils.formatdate()}\r\n\r\nHello Emil.\r\n").encode()
    append(provider, ann, "Sent", by_hand)
    until(lambda: campaign.state(people["cara"]) == "replied", "cara's answer in the inbox")
    until(lambda: campaign.state(people["dora"]) == "replied", "dora's answer in Junk")
    until(lambda: campaign.state(people["emil"]) == "paused", "what was written to emil by hand")
    second = until(lambda: letters(provider, "ben")[1:], "ben's second letter")[0]
    assert second["In-Reply-To"] == first["ben"]["Message-ID"]
    assert [len(letters(provider, name)) for name in ("cara", "dora", "emil")] == [1, 1, 1]
    # What they said was kept, so that it can be judged again.
    again = outreach.listing("outreach", "replay", "--campaign", "outside")
    assert again["differences"] == [] and again["summary"]["judged"] == 2
    copies = until(lambda: len(kept := provider.messages("ann", "Sent")) == 6 and kept, "copies in Sent")
    ids = [email.message_from_bytes(raw)["Message-ID"] for raw in copies]
    assert len(ids) == len(set(ids)), ids


def test_a_mailbox_that_goes_red_pauses_its_campaign_with_the_cause(outreach: Server, provider: Provider,
                                                                     tmp_path: Path) -> None:
    fay = provider.add_user("fay")
    gus = provider.add_user("gus")
    status, answer = add(outreach, provider, fay)
    assert status == 0, answer
    campaign = Campaign(World(outreach), tmp_path, Account(fay, PASSWORD), "red", [gus], second="30 seconds")
    campaign.start()
    until(lambda: letters(provider, "gus"), "gus's first letter")
    provider.switch_imap_off("fay")
    paused = until(lambda: (found := campaign.status())["state"] == "paused" and found, "the campaign is paused")
    assert "imap-disabled" in paused["reason"], paused
    time.sleep(35)
    assert len(letters(provider, "gus")) == 1
