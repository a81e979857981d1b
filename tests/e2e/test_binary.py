"""IMAP BINARY (RFC 3516) by imaplib: what APPEND takes as binary, FETCH gives back, byte for byte."""

from __future__ import annotations

import imaplib
import random
import re

import pytest

from mail import good, imap
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
CONTENT = bytes(range(256)) + random.Random(5).randbytes(500_000) + b"\r\n\n\r"


def append_binary(client: imaplib.IMAP4, message: bytes) -> None:
    """imaplib knows no literal8, so its socket is written to."""
    client.send(b"x APPEND INBOX ~{%d}\r\n" % len(message))
    assert client.readline().startswith(b"+ ")
    client.send(message + b"\r\n")
    while not (line := client.readline()).startswith(b"x "):
        assert line.startswith(b"* ")
    assert line.startswith(b"x OK"), line


def fetch_binary(client: imaplib.IMAP4, section: bytes) -> bytes:
    client.send(b"y FETCH 1 BINARY.PEEK[%s]\r\n" % section)
    size = re.search(rb"~?\{(\d+)\}\r\n$", client.readline())
    content = client.read(int(size[1]))
    assert client.readline() == b")\r\n" and client.readline().startswith(b"y OK")
    return content


@pytest.mark.parametrize("security", ["plain", "tls"])
def test_binary_goes_in_and_comes_out(server: Server, alice: Account, security: str) -> None:
    message = (b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
               b"Content-Transfer-Encoding: binary\r\n\r\n" + CONTENT)
    with imap(server, alice, security) as client:
        assert b"BINARY" in good(client.capability())[0].split()
        append_binary(client, message)
        good(client.select("INBOX"))
        assert fetch_binary(client, b"1") == CONTENT
        sizes = good(client.fetch("1", "(BINARY.SIZE[1])"))
        assert b"BINARY.SIZE[1] %d" % len(CONTENT) in sizes[0]
