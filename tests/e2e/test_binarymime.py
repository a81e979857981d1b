"""BODY=BINARYMIME (RFC 3030 3) by smtplib's hand: what a binary part holds is there again, byte for byte."""

from __future__ import annotations

import email
import hashlib
import random
import smtplib

import pytest

from mail import imap, imap_messages, pop3, pop3_messages, smtp, wait_for_messages
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
# What looks like a boundary and is none, all bytes, and enough of them that it is spooled.
TRAPS = bytes(range(256)) + b"\r\n--other\r\n.\r\n--=_\r\n\r\n\r--=_b\n--=_b\r\r\n"
BIG = TRAPS + random.Random(3).randbytes(700_000).replace(b"\r\n--=_b", b"") + b"\r"


def message(content: bytes) -> bytes:
    return (b"From: sender@outside.test\r\nSubject: binary\r\nMIME-Version: 1.0\r\n"
            b"Content-Transfer-Encoding: binary\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n"
            b"--=_b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            b"gr\xc3\xbc\xc3\x9fe\r\n--=_b\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Transfer-Encoding: binary\r\n\r\n" + content + b"\r\n--=_b--\r\n")


def send_chunks(client: smtplib.SMTP, recipient: str, content: bytes, chunk_bytes: int) -> None:
    assert client.has_extn("binarymime") and client.has_extn("chunking")
    assert client.mail("sender@outside.test", ["BODY=BINARYMIME"])[0] == 250
    assert client.rcpt(recipient)[0] == 250
    chunks = [content[i:i + chunk_bytes] for i in range(0, len(content), chunk_bytes)]
    for number, chunk in enumerate(chunks, 1):
        client.send(b"BDAT %d%s\r\n" % (len(chunk), b" LAST" if number == len(chunks) else b""))
        client.send(chunk)
        assert client.getreply()[0] == 250


def parts_of(raw: bytes) -> tuple[bytes, bytes]:
    text, binary = email.message_from_bytes(raw).get_payload()
    assert text["Content-Transfer-Encoding"] == "8bit" and binary["Content-Transfer-Encoding"] == "base64"
    return text.get_payload(decode=True), binary.get_payload(decode=True)


@pytest.mark.parametrize("security", ["plain", "starttls"])
@pytest.mark.parametrize("content,chunk_bytes", [(TRAPS, 61), (b"", 1000), (BIG, 65_536)],
                         ids=["traps", "nothing", "much"])
def test_a_binary_part_keeps_its_bytes(server: Server, alice: Account, security: str, content: bytes,
                                       chunk_bytes: int) -> None:
    with smtp(server, "smtp", security) as client:
        client.ehlo()
        send_chunks(client, alice.address, message(content), chunk_bytes)
    wait_for_messages(server, alice, 1)
    with imap(server, alice) as client:
        (by_imap,) = imap_messages(client).values()
    with pop3(server, alice) as client:
        (by_pop3,) = pop3_messages(client)
    for raw in (by_imap, by_pop3):
        text, binary = parts_of(raw)
        assert text == "grüße".encode()
        assert hashlib.sha256(binary).digest() == hashlib.sha256(content).digest()


def test_a_binary_message_does_not_come_by_data(server: Server, alice: Account) -> None:
    with smtp(server) as client:
        client.ehlo()
        client.mail("sender@outside.test", ["BODY=BINARYMIME"])
        client.rcpt(alice.address)
        assert client.docmd("DATA")[0] == 503
        client.rset()
        send_chunks(client, alice.address, message(b"\0"), 100)
    wait_for_messages(server, alice, 1)
