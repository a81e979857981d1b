"""Content filters: what rspamd says of a message is what becomes of it, and without it what was configured."""

from __future__ import annotations

import base64
import json
import random
import re
import smtplib
import time
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from mail import SENDER, imap, imap_flags, imap_messages, imap_uids, send, smtp
from rspamd import Rspamd, Scripted, stall
from server import Account, Server

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
ACCEPTS = json.dumps({"action": "no action", "score": 0.0, "required_score": 15.0, "symbols": {}})

# Half a minute (FILTER_MS_MAX), and what a busy machine takes besides.
GIVEN_UP_SECONDS_MAX = 55


def message(subject: str, body: str = "hello") -> bytes:
    return (f"From: <{SENDER}>\r\nTo: somebody@example.test\r\nSubject: {subject}\r\n"
            f"Message-ID: <{time.monotonic_ns()}@sender.test>\r\n\r\n{body}\r\n").encode()


def configure(server: Server, *lines: str) -> None:
    """Settings that hold when this returns."""
    with (server.data / "posthaste.conf").open("a") as text:
        text.write("\n" + "\n".join(lines) + "\n")
    if server.process:
        server.reload()


def answer_to(server: Server, account: Account, text: bytes) -> tuple[int, str]:
    """The reply to the end of the message."""
    with smtp(server) as client:
        client.mail(SENDER)
        assert client.rcpt(account.address)[0] == 250
        code, words = client.data(text)
        return code, words.decode()


def stored(server: Server, account: Account, mailbox: str = "INBOX") -> list[bytes]:
    with imap(server, account, mailbox=mailbox) as client:
        return list(imap_messages(client).values())


@pytest.fixture(scope="module")
def rspamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rspamd]:
    filter_ = Rspamd(Path(tmp_path_factory.mktemp("rspamd")))
    filter_.start()
    yield filter_
    filter_.stop()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    filter_ = Scripted()
    yield filter_
    filter_.close()


@pytest.fixture
def filtered(server: Server, rspamd: Rspamd) -> Server:
    configure(server, f"filter.rspamd = 127.0.0.1:{rspamd.port}", "filter.when_down = defer",
              "filter.submission = no")
    return server


def test_clean_mail_comes_into_the_inbox_and_says_that_it_was_looked_at(filtered: Server, alice: Account) -> None:
    text = message("harmless")
    assert answer_to(filtered, alice, text)[0] == 250
    (received,) = stored(filtered, alice)
    assert received.endswith(text)
    fields = message_from_bytes(received)
    assert re.fullmatch(r'rspamd; action="no action"; score=0\.50/15\.00; symbols=TEST_MARK',
                        re.sub(r"\s+", " ", fields["X-Posthaste-Filter"]))
    assert fields["X-Spam-Status"].startswith("No, score=0.50")
    assert "TEST_MARK(0.50)" in fields["X-Spamd-Result"]
    # RFC 5321 4.4: what final delivery says stays on top.
    assert received.startswith(b"Return-Path: <")
    assert stored(filtered, alice, "Junk") == []


def test_what_is_known_of_a_message_is_known_of_what_is_stored(filtered: Server, alice: Account) -> None:
    text = message("harmless", "line\r\n" * 60000)
    assert answer_to(filtered, alice, text)[0] == 250
    with imap(filtered, alice) as client:
        (uid,) = imap_uids(client)
        _, sizes = client.uid("FETCH", str(uid), "(RFC822.SIZE BODYSTRUCTURE BODY.PEEK[])")
        size = int(re.search(rb"RFC822\.SIZE (\d+)", sizes[0][0])[1])
        assert size == len(sizes[0][1])
        _, parts = client.uid("FETCH", str(uid), "(BODY.PEEK[HEADER] BODY.PEEK[TEXT])")
    assert b"X-Posthaste-Filter" in parts[0][1]
    assert parts[1][1] == text.partition(b"\r\n\r\n")[2]


def test_junk_goes_into_junk_with_its_keyword(filtered: Server, alice: Account) -> None:
    assert answer_to(filtered, alice, message("cheap pills"))[0] == 250
    assert stored(filtered, alice) == []
    with imap(filtered, alice, mailbox="Junk") as client:
        (uid,) = imap_uids(client)
        assert "$Junk" in imap_flags(client, uid)
        (received,) = imap_messages(client).values()
    assert b"symbols=TEST_JUNK" in received and b"X-Spam-Status: Yes" in received


def test_gtube_is_refused_and_stored_nowhere(filtered: Server, alice: Account) -> None:
    code, words = answer_to(filtered, alice, message("test", GTUBE))
    assert code == 550 and words.startswith("5.7.1") and "Gtube" in words
    assert stored(filtered, alice) == [] and stored(filtered, alice, "Junk") == []


def test_users_own_mail_is_looked_at_only_where_that_is_asked_for(filtered: Server, alice: Account,
                                                                  bob: Account) -> None:
    with smtp(filtered, "submissions", "tls", alice) as client:
        send(client, alice.address, [bob.address], message("test", GTUBE))
    assert len(stored(filtered, bob)) == 1
    configure(filtered, "filter.submission = yes")
    with smtp(filtered, "submissions", "tls", alice) as client:
        with pytest.raises(smtplib.SMTPException, match="5.7.1"):
            send(client, alice.address, [bob.address], message("test", GTUBE))
    assert len(stored(filtered, bob)) == 1


def test_a_filter_that_is_gone_puts_mail_off_and_nothing_is_lost(server: Server, alice: Account,
                                                                 tmp_path: Path) -> None:
    filter_ = Rspamd(tmp_path / "rspamd")
    filter_.start()
    configure(server, f"filter.rspamd = 127.0.0.1:{filter_.port}", "filter.when_down = defer")
    text = message("harmless")
    assert answer_to(server, alice, text)[0] == 250
    filter_.stop()
    code, words = answer_to(server, alice, text)
    assert code == 451 and words.startswith("4.7.1")
    assert len(stored(server, alice)) == 1
    filter_.start()
    assert answer_to(server, alice, text)[0] == 250
    assert len(stored(server, alice)) == 2
    filter_.stop()


@pytest.mark.parametrize(("when_down", "mailbox"), [("accept", "INBOX"), ("junk", "Junk")])
def test_without_a_filter_mail_is_taken_where_that_is_configured_and_says_so(
        server: Server, alice: Account, scripted: Scripted, when_down: str, mailbox: str) -> None:
    scripted.close()
    configure(server, f"filter.rspamd = 127.0.0.1:{scripted.port}", f"filter.when_down = {when_down}")
    assert answer_to(server, alice, message("harmless"))[0] == 250
    (received,) = stored(server, alice, mailbox)
    assert b"X-Posthaste-Filter: none; the filter did not answer\r\n" in received


NONSENSE = {
    "no HTTP": b"hello there\r\n\r\n",
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    "an error": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    "no JSON": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "no action": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "too long": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{",
    "too long, without a length": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 1_000_000,
    "too deep": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000 + b"]" * 100_000,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "nothing": b"",
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_no_verdict(server: Server, alice: Account, scripted: Scripted, answer: bytes) -> None:
    configure(server, f"filter.rspamd = 127.0.0.1:{scripted.port}", "filter.when_down = defer")
    scripted.says(answer)
    code, words = answer_to(server, alice, message("harmless"))
    assert code == 451 and words.startswith("4.7.1"), words
    assert stored(server, alice) == [] and stored(server, alice, "Junk") == []


def test_the_filter_hears_the_envelope_and_the_message_as_it_came(server: Server, alice: Account,
                                                                  scripted: Scripted) -> None:
    configure(server, f"filter.rspamd = 127.0.0.1:{scripted.port}", "filter.when_down = defer")
    scripted.says_json(ACCEPTS)
    # What cannot be compressed lies in a spool file.
    noise = base64.encodebytes(random.Random(1).randbytes(1_000_000)).decode().replace("\n", "\r\n")
    text = message("harmless", noise)
    assert answer_to(server, alice, text)[0] == 250
    head, _, body = scripted.requests[0].partition(b"\r\n\r\n")
    assert body == text
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /checkv2 HTTP/1.1"
    assert f"From: <{SENDER}>".encode() in lines and f"Rcpt: {alice.address}".encode() in lines
    assert b"IP: 127.0.0.1" in lines
    (received,) = stored(server, alice)
    assert received.endswith(text) and b"X-Posthaste-Filter: rspamd" in received


def test_only_harmless_fields_are_added(server: Server, alice: Account, scripted: Scripted) -> None:
    configure(server, f"filter.rspamd = 127.0.0.1:{scripted.port}", "filter.when_down = defer")
    scripted.says_json(json.dumps({"action": "no action", "score": 1, "milter": {"add_headers": {
        "Content-Type": "text/html", "X-Evil\r\nBcc": "a@b.test", "X-Note": "one\r\n\r\ntwo\r\nthree: four",
        "X-Long": "w" * 5000, "X-List": ["first", {"value": "second", "order": 1}]}}}))
    assert answer_to(server, alice, message("harmless"))[0] == 250
    (received,) = stored(server, alice)
    fields = message_from_bytes(received)
    assert fields["Content-Type"] is None and fields["Bcc"] is None and fields["three"] is None
    assert fields["X-Note"] == "one two three: four"
    assert fields.get_all("X-List") == ["first", "second"]
    assert max(map(len, received.split(b"\r\n"))) < 998


def test_soft_reject_and_unknown_actions(server: Server, alice: Account, scripted: Scripted) -> None:
    configure(server, f"filter.rspamd = 127.0.0.1:{scripted.port}", "filter.when_down = defer")
    scripted.says_json(json.dumps({"action": "soft reject", "messages": {"smtp_message": "Come\r\n250 again"}}))
    assert answer_to(server, alice, message("harmless")) == (451, "4.7.1 Come??250 again")
    scripted.says_json(json.dumps({"action": "our own idea"}))
    assert answer_to(server, alice, message("harmless"))[0] == 250


def test_a_filter_that_says_nothing_is_given_up(server: Server, alice: Account, scripted: Scripted) -> None:
    configure(server, f"filter.rspamd = 127.0.0.1:{scripted.port}", "filter.when_down = defer")
    scripted.answer = stall
    begun = time.monotonic()
    assert answer_to(server, alice, message("harmless"))[0] == 451
    assert 20 < time.monotonic() - begun < GIVEN_UP_SECONDS_MAX
    assert stored(server, alice) == []
