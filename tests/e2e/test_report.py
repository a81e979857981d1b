"""Reports to senders, as Python's email package and Debian's bounce parser read them.

tests/support/tool_report.c writes what a description in JSON says. Byte strings go as one character a byte.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import random
import shutil
import subprocess
from email.message import EmailMessage, Message

import pytest

from world_tool import DEBUG

TOOL = DEBUG / "tests" / "tool_report"

DELIVERED, DEFERRED, FAILED, EXPIRED = 1, 2, 3, 4
NEVER, SUCCESS, FAILURE, DELAY = 1, 2, 4, 8
OUTCOME, DELAYED, HELD = 0, 1, 2
FULL, HEADERS = 1, 2
UTF8 = 2
REQUIRES_TLS = 4
HOUR_MS = 3_600_000
SENT_MS = 1_751_360_000_000

HEADER = ("From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: Lunch on =?utf-8?q?Fr=C3=BChling?=\r\n"
          "Message-ID: <lunch.1@example.org>\r\n\r\n")


def recipient(address: str, outcome: int, status: str = "", reply: str = "", host: str = "", **more: object) -> dict:
    return {"address": address, "outcome": outcome, "status": status, "reply": reply, "host": host, **more}


UNKNOWN = recipient("bob@example.net", FAILED, "5.1.1", "550 5.1.1 <bob@example.net>: User unknown", "mx.example.net",
                    original="rfc822;Bob@Example.net")


def describe(*recipients: dict, **more: object) -> dict:
    return {"mail_from": "ann@example.org", "hostname": "mx.example.org", "envelope_id": "id+1 x",
            "received_ms": SENT_MS, "now_ms": SENT_MS + 50 * HOUR_MS, "last_attempt_ms": SENT_MS + 49 * HOUR_MS,
            "expires_ms": SENT_MS + 120 * HOUR_MS, "original": HEADER, "recipients": list(recipients), **more}


def write(description: dict) -> bytes:
    done = subprocess.run([TOOL], input=json.dumps(description).encode(), capture_output=True, timeout=30)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout


def result(description: dict) -> int:
    return subprocess.run([TOOL], input=json.dumps(description).encode(), capture_output=True, timeout=30).returncode


def check_form(raw: bytes, eight_bit: bool = False) -> EmailMessage:
    """A canonical message of three parts that the parser finds no fault with."""
    assert raw.endswith(b"\r\n")
    lines = raw.split(b"\r\n")
    assert all(b"\r" not in line and b"\n" not in line and len(line) <= 998 for line in lines)
    assert eight_bit or max(raw) < 128
    message = email.message_from_bytes(raw, policy=email.policy.default.clone(utf8=eight_bit))
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert message["Auto-Submitted"] == "auto-replied"
    assert len(list(message.iter_parts())) == 3
    return message


def parts(message: EmailMessage) -> list[EmailMessage]:
    return list(message.iter_parts())


def fields(message: EmailMessage) -> list[Message]:
    """The blocks of message/delivery-status: of the message, then of each recipient."""
    return list(parts(message)[1].get_payload())


def words(message: EmailMessage) -> str:
    return " ".join(parts(message)[0].get_content().split())


def test_a_failure() -> None:
    message = check_form(write(describe(UNKNOWN)))
    assert message["From"] == "Mail Delivery System <MAILER-DAEMON@mx.example.org>"
    assert message["To"] == "ann@example.org"
    assert message["Subject"] == "Not delivered: bob@example.net"
    assert message["In-Reply-To"] == message["References"] == "<lunch.1@example.org>"
    assert message["Message-ID"].endswith("@mx.example.org>")
    top, bob = fields(message)
    assert top["Reporting-MTA"] == "dns; mx.example.org"
    assert top["Original-Envelope-Id"] == "id+1 x"
    assert top["Arrival-Date"] == "Tue, 1 Jul 2025 08:53:20 +0000"
    assert bob["Original-Recipient"] == "rfc822;Bob@Example.net"
    assert bob["Final-Recipient"] == "rfc822;bob@example.net"
    assert (bob["Action"], bob["Status"]) == ("failed", "5.1.1")
    assert bob["Remote-MTA"] == "dns; mx.example.net"
    assert bob["Diagnostic-Code"] == "smtp; 550 5.1.1 <bob@example.net>: User unknown"
    assert bob["Last-Attempt-Date"] == "Thu, 3 Jul 2025 09:53:20 +0000"
    assert "Will-Retry-Until" not in bob


def test_its_words() -> None:
    text = words(check_form(write(describe(UNKNOWN))))
    for phrase in ("mail system at mx.example.org", "Subject: Lunch on Frühling", "bob@example.net",
                   "There is no such address at the recipient's domain.", "No more attempts follow.",
                   "What the mail server mx.example.net said: 550 5.1.1 <bob@example.net>: User unknown",
                   "What you can do: Check the spelling"):
        assert phrase in text, (phrase, text)
    assert "run this mail server" not in text


def test_a_fault_of_ours_names_the_postmaster() -> None:
    listed = recipient("bob@example.net", FAILED, "5.7.1", "blocked using zen.spamhaus.org", "mx.example.net")
    assert "For those who run this mail server: See that no account" in words(check_form(write(describe(listed))))


def test_a_delay() -> None:
    waits = recipient("bob@example.net", DEFERRED, "4.7.1", "450 4.7.1 Greylisted", "mx.example.net")
    message = check_form(write(describe(waits, kind=DELAYED)))
    bob = fields(message)[1]
    assert message["Subject"] == "Not delivered yet: bob@example.net"
    assert (bob["Action"], bob["Status"]) == ("delayed", "4.7.1")
    assert bob["Will-Retry-Until"] == "Sun, 6 Jul 2025 08:53:20 +0000"
    assert "goes on trying until Sun, 6 Jul 2025 08:53:20 +0000; you need not send" in words(message)
    assert "What you can do" not in words(message)


def test_an_expiry() -> None:
    old = recipient("bob@example.net", EXPIRED, "4.2.2", "452 4.2.2 mailbox full", "mx.example.net")
    message = check_form(write(describe(old)))
    assert (fields(message)[1]["Action"], fields(message)[1]["Status"]) == ("failed", "4.4.7")
    assert "mailbox is full. This server tried for 2 days. It has given up" in words(message)


def test_our_own_finding_is_nobodys_diagnosis() -> None:
    """RFC 3464 2.3.5, 2.3.6: only what a remote host said."""
    gone = recipient("bob@nowhere.example", FAILED, "5.1.2", "nowhere.example: NXDOMAIN")
    message = check_form(write(describe(gone)))
    assert "Remote-MTA" not in fields(message)[1] and "Diagnostic-Code" not in fields(message)[1]
    assert "There is no domain of that name" in words(message)
    assert "What this server found: nowhere.example: NXDOMAIN" in words(message)


@pytest.mark.parametrize("success,action,phrase", [
    (0, "relayed", "handed on to the mail server of: bob@example.net"), (1, "delivered", "delivered to: bob@"),
    (2, "expanded", "passed on to all who stand behind: bob@example.net")])
def test_successes(success: int, action: str, phrase: str) -> None:
    done = recipient("bob@example.net", DELIVERED, "2.1.5", "250 ok", "mx.example.net", notify=SUCCESS)
    message = check_form(write(describe(done, success=success)))
    assert (fields(message)[1]["Action"], fields(message)[1]["Status"]) == (action, "2.1.5")
    assert phrase in words(message)


def test_outcomes_are_grouped() -> None:
    full = {"status": "5.2.2", "reply": "552 mailbox full", "host": "mx.example.net"}
    done = recipient("a@example.net", DELIVERED, "2.1.5", "ok", "mx.example.net", notify=SUCCESS | FAILURE)
    message = check_form(write(describe(done, recipient("b@example.net", FAILED, **full), UNKNOWN,
                                        recipient("c@example.net", FAILED, **full))))
    assert message["Subject"] == "Not delivered: b@example.net and 3 others"
    assert [block["Action"] for block in fields(message)[1:]] == ["failed", "failed", "failed", "relayed"]
    text = words(message)
    assert text.count("mailbox is full") == 1
    assert "It could not be delivered to: b@example.net c@example.net The recipient's mailbox is full." in text
    other = recipient("d@example.net", FAILED, "5.2.2", "552 blocked using zen.spamhaus.org", "mx.example.net")
    assert words(check_form(write(describe(recipient("b@example.net", FAILED, **full), other)))).count("could not") == 2
    assert text.index("b@example.net") < text.index("bob@example.net") < text.index("handed on")


@pytest.mark.parametrize("kind,outcome,notify,owed", [
    (OUTCOME, FAILED, 0, True), (OUTCOME, FAILED, NEVER, False), (OUTCOME, FAILED, SUCCESS, False),
    (OUTCOME, EXPIRED, FAILURE, True), (OUTCOME, DELIVERED, 0, False), (OUTCOME, DELIVERED, SUCCESS, True),
    (OUTCOME, DEFERRED, 0, False), (DELAYED, DEFERRED, 0, True), (DELAYED, DEFERRED, FAILURE, False),
    (DELAYED, DEFERRED, DELAY, True), (DELAYED, FAILED, 0, False)])
def test_only_what_is_owed(kind: int, outcome: int, notify: int, owed: bool) -> None:
    """RFC 3461 4.1"""
    assert result(describe(recipient("b@example.net", outcome, notify=notify), kind=kind)) == (0 if owed else 1)


def test_nobody_is_told_of_a_report() -> None:
    assert result(describe(UNKNOWN, mail_from="")) == 1
    for field in ("Auto-Submitted: auto-replied (vacation)", "Content-Type: multipart/report; boundary=b;\r\n"
                  " report-type=Delivery-Status"):
        assert result(describe(UNKNOWN, original=f"{field}\r\n\r\n")) == 1
    for field in ("Auto-Submitted: auto-generated", "Content-Type: multipart/report; report-type=feedback-report"):
        assert result(describe(UNKNOWN, original=f"{field}\r\n\r\n")) == 0


@pytest.mark.parametrize("whole,ret,failed,returned", [
    (True, FULL, True, "message/rfc822"), (True, HEADERS, True, "text/rfc822-headers"),
    (True, 0, True, "text/rfc822-headers"), (False, FULL, True, "text/rfc822-headers"),
    (True, FULL, False, "text/rfc822-headers")])
def test_what_is_given_back(whole: bool, ret: int, failed: bool, returned: str) -> None:
    """RFC 3461 4.3: RET is of failures only."""
    one = UNKNOWN if failed else recipient("b@example.net", DELIVERED, notify=SUCCESS)
    message = check_form(write(describe(one, original=HEADER + "the body\r\n", is_original_whole=whole,
                                        dsn_return=ret)))
    third = parts(message)[2]
    assert third.get_content_type() == returned
    text = third.as_string()
    assert "Message-ID: <lunch.1@example.org>" in text
    assert ("the body" in text) == (returned == "message/rfc822")


def test_a_large_message_is_not_given_back_whole() -> None:
    large = HEADER + "x\r\n" * 40_000
    message = check_form(write(describe(UNKNOWN, original=large, is_original_whole=True, dsn_return=FULL)))
    assert parts(message)[2].get_content_type() == "text/rfc822-headers"


def test_what_required_tls_comes_back_as_its_header() -> None:
    """RFC 8689 5"""
    message = check_form(write(describe(UNKNOWN, original=HEADER + "the body\r\n", is_original_whole=True,
                                        dsn_return=FULL, properties=REQUIRES_TLS)))
    assert parts(message)[2].get_content_type() == "text/rfc822-headers"
    assert "the body" not in message.as_string()


def test_an_8bit_message_is_given_back_in_7_bits() -> None:
    body = "Grüße\r\n".encode().decode("latin-1")
    message = check_form(write(describe(UNKNOWN, original=HEADER + body, is_original_whole=True, dsn_return=FULL)))
    inner = parts(message)[2].get_payload(0)
    assert inner.get_payload(decode=True).decode() == "Grüße\r\n"


def test_a_raw_8bit_header_is_quoted() -> None:
    """RFC 6522 4"""
    header = "Subject: Gr\xfc\xdfe\r\nX: " + "y" * 2000 + "\r\n\r\n"
    third = parts(check_form(write(describe(UNKNOWN, original=header))))[2]
    assert third.get_content_type() == "text/rfc822-headers"
    assert third.get_payload(decode=True) == header[:-2].encode("latin-1")


def test_addresses_in_utf8() -> None:
    """RFC 6533 3"""
    name = "bübi@bücher.example".encode().decode("latin-1")
    raw = write(describe(recipient(name, FAILED, "5.1.1", "unknown", "mx.example.net"), properties=UTF8))
    message = check_form(raw, eight_bit=True)
    assert parts(message)[1].get_content_type() == "message/global-delivery-status"
    assert "Final-Recipient: utf-8;bübi@bücher.example\r\n".encode() in raw
    assert "Subject: Not delivered: bübi@bücher.example\r\n".encode() in raw
    assert message["Content-Type"].params["report-type"] == "delivery-status"


def test_a_stranger_breaks_out_of_nothing() -> None:
    evil = ("550 no\r\nAction: delivered\r\n\r\nFinal-Recipient: rfc822;x@y\r\n"
            "--=_0102030405060708090a0b0c0d0e0fff--\r\n"
            "\x00\x1b[2J\x85\xff" + "A" * 5000)
    bad = recipient("bob@example.net", FAILED, "5.1.1\r\nX: y", evil, "mx\r\nX-Evil: 1\r\n\r\n",
                    original="rfc822;a\r\nb")
    message = check_form(write(describe(bad, envelope_id="e\r\nX-Evil: 1", hostname="mx.example.org\r\nX-Evil: 1")))
    top, bob = fields(message)
    assert bob["Action"] == "failed" and bob["Status"] == "5.0.0" and not bob.get_payload()
    assert "X-Evil" not in set(message) | set(top) | set(bob)
    assert len(bob["Diagnostic-Code"]) < 1100
    assert "A" * 2000 not in words(message).replace(" ", "")
    assert "\x1b" not in words(message)


def test_a_message_id_that_is_none_is_left_out() -> None:
    for bad in ("<a b@c>", "<\xfc@c>", "<" + "a" * 2000 + ">"):
        message = check_form(write(describe(UNKNOWN, original=f"Message-ID: {bad}\r\n\r\n")))
        assert "In-Reply-To" not in message and "References" not in message


def test_many_recipients_become_several_reports() -> None:
    many = [recipient(f"r{i}@example.net", FAILED, "5.1.1", f"550 no {i} " + "\xfc" * 1000, "mx.example.net")
            for i in range(450)]
    message = check_form(write(describe(*many)))
    assert len(fields(message)) == 201
    assert message["Subject"] == "Not delivered: r0@example.net and 199 others"


def random_text(chance: random.Random) -> str:
    pieces = ["\r\n", "\n", "\r", "\x00", " ", "\t", "--", "=_", ":", ";", "(", "\"", "<", ">", "a", "550 5.1.1 ",
              "Action: x", "\xc3\xbc", "\xff", "\x80", "word", "Content-Type: text/html", "w" * 300, "\x7f"]
    return "".join(chance.choice(pieces) for _ in range(chance.randrange(0, 30)))


@pytest.mark.parametrize("seed", range(int(os.environ.get("SEEDS", "60"))))
def test_whatever_comes_in_a_report_comes_out(seed: int) -> None:
    chance = random.Random(seed)
    several = [recipient("r%d@example.net" % i, chance.choice([FAILED, EXPIRED, DELIVERED]), random_text(chance),
                         random_text(chance), random_text(chance), original=random_text(chance),
                         notify=FAILURE | SUCCESS)
               for i in range(chance.randrange(1, 5))]
    description = describe(*several, envelope_id=random_text(chance), properties=chance.choice([0, UTF8]),
                           original=random_text(chance) + "\r\n\r\n" + random_text(chance),
                           dsn_return=FULL, is_original_whole=True)
    raw = write(description)
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert len(message.get_payload()) == 3
    blocks = message.get_payload(1).get_payload()
    if message.get_payload(1).get_content_type() == "message/delivery-status":
        assert len(blocks) == 1 + len(several)
        assert sorted(block["Final-Recipient"] for block in blocks[1:]) == [
            "rfc822;r%d@example.net" % i for i in range(len(several))]


BOUNCE_PARSER = """
use Mail::DeliveryStatus::BounceParser;
my $bounce = Mail::DeliveryStatus::BounceParser->new(join '', <STDIN>);
print $bounce->is_bounce, "\\n";
print join(' ', $_->get('email'), $_->get('std_reason'), $_->get('smtp_code') // ''), "\\n" for $bounce->reports;
print 'id ', $bounce->orig_message_id, "\\n";
"""


def test_debians_bounce_parser_reads_it() -> None:
    have = shutil.which("perl") and subprocess.run(["perl", "-MMail::DeliveryStatus::BounceParser", "-e1"],
                                                   capture_output=True).returncode == 0
    if not have:
        pytest.skip("libmail-deliverystatus-bounceparser-perl is not installed (scripts/install-packages.sh test)")
    done = subprocess.run(["perl", "-e", BOUNCE_PARSER], input=write(describe(UNKNOWN)), capture_output=True,
                          timeout=30)
    assert done.stdout.decode().splitlines() == ["1", "Bob@Example.net user_unknown 550",
                                                 "id <lunch.1@example.org>"], done


def test_of_held_mail_the_account_hears_what_to_do() -> None:
    held = recipient("bob@example.net", DEFERRED, "4.7.1", "held: the account is over its limit", notify=NEVER)
    message = check_form(write(describe(held, kind=HELD)))
    assert message["Subject"] == "Held, and not sent yet: bob@example.net"
    words, status, _ = parts(message)
    for said in ("It is held here, and was not sent yet, to:", "change it now", "posthaste queue release",
                 "outbound.account_recipients_per_hour"):
        assert said in " ".join(words.get_content().split())
    assert "Will-Retry-Until" not in status.as_string()
    assert "Action: delayed" in status.as_string()
