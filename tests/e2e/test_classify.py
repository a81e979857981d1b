"""What mail is taken for: the tool on a file, and the keyword of a category on what is delivered."""

from __future__ import annotations

import json
from pathlib import Path

from mail import imap, imap_flags, imap_uids, receive
from server import Server, run

BOUNCE = b"""Return-Path: <>
From: MAILER-DAEMON@mx.example.test
To: ben@ours.test
Subject: failure notice

Hi. I was not able to deliver your message to the following addresses.

<ann@gone.test>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <ann@gone.test>... User unknown
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <ben@ours.test>
Message-ID: <step1.4711@ours.test>
To: ann@gone.test

Hi
"""
HAND = b"From: Ann <ann@customer.test>\r\nTo: u@example.test\r\nSubject: Spring\r\n\r\nShall we meet this week?\r\n"
BULK = (b"From: Customer <news@customer.test>\r\nTo: u@example.test\r\nSubject: Spring\r\n"
        b"List-Unsubscribe: <https://customer.test/u>\r\nPrecedence: bulk\r\nContent-Type: text/html\r\n\r\n"
        b"<img src=a><img src=b><img src=c><p>Shall we meet this week?</p><a href=1>Shop now</a>"
        b"<a href=2>Unsubscribe</a>\r\n")


def test_the_tool_says_what_a_bounce_is(tmp_path: Path) -> None:
    file = tmp_path / "bounce.eml"
    file.write_bytes(BOUNCE)
    done = run("tool", "classify", file, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["kind"], said["hard_soft"]) == ("bounce", "hard")
    assert said["recipients"][0]["address"] == "ann@gone.test"
    assert said["recipients"][0]["status"] == "5.1.1" and said["recipients"][0]["reply_code"] == 550
    assert said["message_ids"] == ["step1.4711@ours.test"]
    assert said["evidence"]


def test_standard_input_and_several_files(tmp_path: Path) -> None:
    file = tmp_path / "hand.eml"
    file.write_bytes(HAND)
    done = run("tool", "classify", "-", text=BOUNCE.decode())
    assert done.stdout.startswith("kind: bounce (hard)\n")
    done = run("tool", "classify", file, file, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["reply", "reply"]
    assert lines[0]["file"] == str(file)
    assert run("tool", "classify", tmp_path / "none").returncode == 1


def test_the_same_words_by_hand_and_as_a_mailing(fresh: Server) -> None:
    with (fresh.data / "posthaste.conf").open("a") as config:
        config.write("\ncategories.enabled = yes\n")
    fresh.start()
    account = fresh.new_account("u")
    receive(fresh, account, HAND, BULK)
    with imap(fresh, account) as client:
        first, second = imap_uids(client)
        assert "$CategoryPrimary" in imap_flags(client, first)
        assert "$CategoryPromotions" in imap_flags(client, second)
