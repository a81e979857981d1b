"""`preflight`: one message for each code that Gmail, Yahoo and Microsoft have, judged before it is sent, with real
records in a real name server."""

from __future__ import annotations

import base64
import json
import random
import re
import smtplib
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from owner import ADDRESS, DOMAIN, REVERSE_NAME, Owner, restored, served_owner
from server import Account, run

GMAIL, YAHOO, OUTLOOK = "someone@gmail.com", "someone@yahoo.com", "someone@outlook.com"
FROM = f"Alice <alice@{DOMAIN}>"
LIST = ("List-Unsubscribe: <https://owner.test/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
SPF_RECORD, DMARC_RECORD = f"{DOMAIN}. 0 IN TXT", f"_dmarc.{DOMAIN}. 0 IN TXT"


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    with served_owner() as made:
        yield made


@pytest.fixture
def world(owner: Owner) -> Iterator[Owner]:
    yield from restored(owner)


def message(sender: str = FROM, more: str = "", body: str = "Hello\r\n", drop: str = "") -> str:
    fields = {"From": sender, "To": GMAIL, "Subject": "Hello", "Date": "Sun, 29 Nov 2026 12:00:00 +0000",
              "Message-ID": f"<1@{DOMAIN}>"}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items() if name != drop) + more + "\r\n" + body


def preflight(owner: Owner, text: str, *options: str) -> dict[str, Any]:
    done = run("preflight", "-", *owner.asking(), *options, "--json", text=text)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert report["result"] == ("refused" if done.returncode else "taken")
    return report


def answer(owner: Owner, text: str, to: str, *options: str) -> str:
    """The code that this receiver would answer first with; empty: it would take the message."""
    receivers = preflight(owner, text, "--to", to, *options)["receivers"]
    assert len(receivers) == 1
    assert receivers[0]["takes"] == (receivers[0]["answer"] == "")
    for finding in receivers[0]["findings"]:
        assert finding["text"] and finding["advice"], finding
    return receivers[0]["answer"]


def put_off(owner: Owner, text: str, to: str, *options: str) -> str:
    """The code where the same is only put off."""
    receiver = preflight(owner, text, "--to", to, *options)["receivers"][0]
    return next(finding["put_off"] for finding in receiver["findings"] if finding["weight"] == "refused")


def without(owner: Owner, *starts: str) -> list[str]:
    return [line for line in owner.printed if not line.startswith(starts)]


# ---- all is well ----

def test_a_good_message_is_taken_by_all(world: Owner) -> None:
    report = preflight(world, message())
    assert report["result"] == "taken" and [receiver["receiver"] for receiver in report["receivers"]] == [
        "gmail", "yahoo", "microsoft", "others"]
    assert not [finding for receiver in report["receivers"] for finding in receiver["findings"]]
    assert report["checks"] == {"spf": "pass", "dkim": "pass", "dmarc": "pass", "iprev": "pass", "tls": True,
                                "will_be_signed": True, "aligned": True}


def test_a_good_newsletter_is_taken_by_all(world: Owner) -> None:
    report = preflight(world, message(more=LIST), "--bulk", "--volume", "20000", "--usual", "15000")
    assert not [finding for receiver in report["receivers"] for finding in receiver["findings"]]


# ---- a message for each code ----

def test_no_name_of_the_address_is_5_7_25(world: Owner) -> None:
    world.publish(world.printed, [])
    assert answer(world, message(), GMAIL) == "550 5.7.25"
    assert put_off(world, message(), GMAIL) == "451 4.7.23"


def test_over_ipv6_microsoft_asks_for_more(world: Owner) -> None:
    """A name, and one of SPF and DKIM."""
    nameless = ("--ip", "2001:db8::1")
    assert answer(world, message(), OUTLOOK, *nameless) == "550 5.7.25"
    assert put_off(world, message(), OUTLOOK, *nameless) == "450 4.7.25"
    world.publish(without(world, SPF_RECORD, "ph1-"))
    receiver = preflight(world, message(), "--to", OUTLOOK, *nameless)["receivers"][0]
    assert "450 4.7.26" in [finding["put_off"] for finding in receiver["findings"]]


def test_a_name_that_does_not_lead_back_is_5_7_25(world: Owner) -> None:
    world.publish(world.printed, [f"{REVERSE_NAME}. 0 IN PTR elsewhere.test."])
    assert answer(world, message(), GMAIL) == "550 5.7.25"


def test_nothing_that_vouches_is_5_7_26(world: Owner) -> None:
    world.publish(without(world, SPF_RECORD, "ph1-"))
    assert answer(world, message(), GMAIL) == "550 5.7.26"
    assert answer(world, message(), YAHOO) == "550 5.7.9"


def test_a_policy_of_reject_is_5_7_26(world: Owner) -> None:
    reject = f'{DMARC_RECORD} "v=DMARC1; p=reject"'
    world.publish([*without(world, SPF_RECORD, "ph1-", DMARC_RECORD), reject])
    assert answer(world, message(), GMAIL) == "550 5.7.26"
    assert answer(world, message(), YAHOO) == "554 5.7.9"
    assert answer(world, message(), OUTLOOK) == "550 5.7.509"


def test_no_spf_of_a_bulk_sender_is_5_7_27(world: Owner) -> None:
    world.publish([*without(world, SPF_RECORD), f'{SPF_RECORD} "v=spf1 ip4:192.0.2.1 -all"'])
    assert answer(world, message(more=LIST), GMAIL) == ""
    assert answer(world, message(more=LIST), GMAIL, "--bulk") == "550 5.7.27"
    assert put_off(world, message(more=LIST), GMAIL, "--bulk") == "421 4.7.27"
    assert answer(world, message(more=LIST), OUTLOOK, "--bulk") == "550 5.7.515"


def test_too_much_at_once_is_4_7_28(world: Owner) -> None:
    assert answer(world, message(), GMAIL, "--volume", "4000", "--usual", "100") == "421 4.7.28"
    assert answer(world, message(), GMAIL, "--volume", "4000", "--usual", "3000") == ""


def test_a_route_without_tls_is_5_7_29(world: Owner) -> None:
    world.server.command("route", "add", "clear", "--host", "127.0.0.1:2525", "--tls", "never", "--for-all")
    try:
        assert answer(world, message(), GMAIL) == "550 5.7.29"
        assert put_off(world, message(), GMAIL) == "421 4.7.29"
    finally:
        world.server.command("route", "remove", "clear")


def test_no_signature_of_a_bulk_sender_is_5_7_30(world: Owner) -> None:
    world.publish(without(world, "ph1-"))
    assert answer(world, message(more=LIST), GMAIL) == ""
    assert answer(world, message(more=LIST), GMAIL, "--bulk") == "550 5.7.30"
    assert put_off(world, message(more=LIST), GMAIL, "--bulk") == "421 4.7.30"
    assert answer(world, message(more=LIST), YAHOO, "--bulk") == "550 5.7.9"
    assert answer(world, message(more=LIST), OUTLOOK, "--volume", "5000", "--usual", "5000") == "550 5.7.515"


def test_no_dmarc_of_a_bulk_sender_is_4_7_31(world: Owner) -> None:
    world.publish(without(world, DMARC_RECORD))
    assert answer(world, message(more=LIST), GMAIL) == ""
    assert answer(world, message(more=LIST), GMAIL, "--bulk") == "421 4.7.31"
    assert answer(world, message(more=LIST), OUTLOOK, "--bulk") == "550 5.7.515"


def test_a_name_that_nothing_vouches_for_is_4_7_32(world: Owner) -> None:
    """SPF and a signature pass, both of another domain than that of From."""
    world.publish([*world.printed, '_dmarc.other.test. 0 IN TXT "v=DMARC1; p=none"'])
    assert answer(world, sign_as_ours(world, message(more=LIST)), GMAIL, "--bulk") == ""
    other = sign_as_ours(world, message(sender="Mallory <mallory@other.test>", more=LIST))
    assert answer(world, other, GMAIL, "--bulk", "--from", f"alice@{DOMAIN}") == "421 4.7.32"


def sign_as_ours(owner: Owner, text: str) -> str:
    """By a key of the test's, whose record is published beside ours."""
    dkim = pytest.importorskip("dkim")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                            serialization.NoEncryption())
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"
    owner.publish([*owner.zones.lines, f'mine._domainkey.{DOMAIN}. 0 IN TXT "{record[:250]}" "{record[250:]}"'])
    field = dkim.sign(text.encode(), b"mine", DOMAIN.encode(), pem, include_headers=[
        b"from", b"to", b"subject", b"date", b"message-id", b"list-unsubscribe", b"list-unsubscribe-post"])
    return field.decode() + text


@pytest.mark.parametrize(("text", "code"), [
    (message(drop="From"), "550 5.7.1"), (message(more=f"From: {FROM}\r\n"), "550 5.7.1"),
    (message(sender=f"a@{DOMAIN}, b@{DOMAIN}"), "550 5.7.1"), (message(drop="Message-ID"), "550 5.7.1"),
    (message(more="Subject: again\r\n"), "550 5.7.1")],
    ids=["no-from", "two-from", "two-authors", "no-message-id", "two-subjects"])
def test_the_header_s_form_is_5_7_1(world: Owner, text: str, code: str) -> None:
    assert answer(world, text, GMAIL, "--from", f"alice@{DOMAIN}") == code


def test_no_author_is_5_7_512_at_microsoft(world: Owner) -> None:
    assert answer(world, message(drop="From"), OUTLOOK, "--from", f"alice@{DOMAIN}") == "550 5.7.512"


def test_what_is_too_large_is_5_3_4(world: Owner) -> None:
    large = message(body="0123456789 123456789 123456789 123456789 123456789 12345678\r\n" * (52 * 1024 * 1024 // 60))
    for receiver in (GMAIL, YAHOO, OUTLOOK):
        assert answer(world, large, receiver) == "552 5.3.4"


@pytest.mark.parametrize("more", [
    "", "List-Unsubscribe: <mailto:u@owner.test>\r\n",
    LIST.replace("https", "http")], ids=["none", "mailto", "http"])
def test_a_newsletter_without_one_click_is_disliked(world: Owner, more: str) -> None:
    report = preflight(world, message(more=more), "--bulk")
    for receiver in report["receivers"][:3]:
        assert receiver["takes"]
        assert any("RFC 8058" in finding["text"] for finding in receiver["findings"]), receiver


# ---- where the message and its sender come from ----

def test_another_address_and_sender(world: Owner) -> None:
    report = preflight(world, message(), "--ip", "127.0.0.9", "--from", "someone@elsewhere.test", "--helo", "x.test")
    assert report["sender"] == "someone@elsewhere.test"
    assert report["checks"]["spf"] == "none" and report["checks"]["iprev"] == "permerror"


def test_the_return_path_is_the_sender(world: Owner) -> None:
    assert preflight(world, "Return-Path: <bounce@elsewhere.test>\r\n" + message())["sender"] == "bounce@elsewhere.test"


def test_a_receiver_is_known_by_its_exchange(world: Owner) -> None:
    world.publish([*world.printed, "customer.test. 0 IN MX 10 aspmx.l.google.com."])
    assert preflight(world, message(), "--to", "a@customer.test")["receivers"][0]["receiver"] == "gmail"


def submit(owner: Owner, account: Account, text: str) -> None:
    """To a domain whose host does not answer, so that it waits."""
    owner.publish([*owner.printed, "waiting.test. 0 IN MX 10 mx.waiting.test.", "mx.waiting.test. 0 IN A 127.0.0.77"])
    with smtplib.SMTP_SSL(ADDRESS, owner.server.ports.submissions, context=unchecked()) as client:
        client.login(account.address, account.password)
        client.sendmail(account.address, ["a@waiting.test"], text)


@pytest.mark.parametrize("size", [100, 3_000_000], ids=["small", "in-pieces"])
def test_a_message_that_waits_is_judged(world: Owner, size: int) -> None:
    account: Account = world.server.new_account("sender")
    body = base64.encodebytes(random.Random(size).randbytes(size)).decode().replace("\n", "\r\n")
    submit(world, account, message(sender=account.address, body=body).replace("<1@", f"<waits-{size}@"))
    done = run("preflight", f"<waits-{size}@{DOMAIN}>", *world.asking(), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["sender"] == account.address and report["from"] == account.address
    words = run("preflight", f"waits-{size}@{DOMAIN}", *world.asking()).stdout
    told = int(re.search(r"(\d+) bytes", words).group(1))
    assert len(body) < told < len(body) + 2000
    world.server.command("queue", "remove", "all")


def unchecked() -> Any:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_dns_that_does_not_answer_is_no_fault(world: Owner) -> None:
    done = run("preflight", "-", "--data", world.server.data, "--dns", "127.0.0.1@1", "--json", text=message())
    report = json.loads(done.stdout)
    assert (done.returncode, report["result"], report["receivers"]) == (1, "unknown", [])


def test_words_for_people(world: Owner) -> None:
    world.publish(world.printed, [])
    done = run("preflight", "-", *world.asking(), text=message())
    assert done.returncode == 1
    assert re.search(r"\ngmail: would not take it\n  550 5\.7\.25 +The address has no name", done.stdout), done.stdout
    assert "-> have the provider of the address set its reverse DNS" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("-", "--ip", "nowhere"), ("-", "--volume", "many")])
def test_wrong_usage(world: Owner, arguments: tuple[str, ...]) -> None:
    assert run("preflight", *arguments, "--data", world.server.data, text=message()).returncode == 2


def test_what_is_neither_file_nor_message(world: Owner) -> None:
    done = run("preflight", "<nothing@owner.test>", "--data", world.server.data)
    assert done.returncode == 1 and "neither a file" in done.stderr
