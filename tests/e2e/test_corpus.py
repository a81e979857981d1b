"""A thousand mixed messages, one of 20 MB, come out byte for byte in every client that reads.

MESSAGES in the environment sets another number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import Mbsync, curl, fetched_messages, fetchmail
from mail import SENDER, added_headers, imap, imap_messages, pop3, pop3_messages, send, smtp, wait_for_messages
from messages import LARGE_BYTES, mixed, number_of
from server import Account, Server

COUNT = int(os.environ.get("MESSAGES", "1000"))


@pytest.fixture(scope="module")
def reader(server: Server) -> Iterator[tuple[Account, list[bytes]]]:
    """An account that got all the messages, and the messages as they were sent."""
    account = server.new_account("reader")
    sent = mixed(COUNT)
    with smtp(server) as client:
        for message in sent:
            send(client, SENDER, [account.address], message)
    wait_for_messages(server, account, COUNT)
    yield account, sent


def same(received: list[bytes], sent: list[bytes]) -> None:
    """Every message is there, exactly once, byte for byte below the trace headers."""
    assert sorted(map(number_of, received)) == list(range(len(sent)))
    for message in received:
        added_headers(message, sent[number_of(message)])


def test_imaplib_reads_them_all(server: Server, reader: tuple[Account, list[bytes]]) -> None:
    account, sent = reader
    with imap(server, account, "tls") as client:
        same(list(imap_messages(client).values()), sent)


def test_the_large_message_is_read_in_pieces(server: Server, reader: tuple[Account, list[bytes]]) -> None:
    account, sent = reader
    with imap(server, account) as client:
        (found,) = client.uid("SEARCH", f"LARGER {LARGE_BYTES // 2}")[1]
        step, received = 1 << 20, b""
        while True:
            rows = client.uid("FETCH", found.decode(), f"BODY.PEEK[]<{len(received)}.{step}>")[1]
            piece = next(row[1] for row in rows if isinstance(row, tuple))
            received += piece
            if len(piece) < step:
                break
    added_headers(received, sent[-1])


def test_poplib_reads_them_all(server: Server, reader: tuple[Account, list[bytes]]) -> None:
    account, sent = reader
    with pop3(server, account, "tls") as client:
        same(pop3_messages(client), sent)


@pytest.mark.parametrize("protocol,path", [("imap", "INBOX;MAILINDEX=[1-{count}]"), ("pop3", "[1-{count}]")])
def test_curl_reads_them_all(server: Server, reader: tuple[Account, list[bytes]], tmp_path: Path, protocol: str,
                             path: str) -> None:
    account, sent = reader
    curl(server, tmp_path, protocol, getattr(server.ports, protocol + "s"), path.format(count=COUNT), "--user",
         f"{account.address}:{account.password}", "--output", "#1.eml", security="tls")
    same([file.read_bytes() for file in tmp_path.glob("*.eml")], sent)


def test_mbsync_reads_them_all(server: Server, reader: tuple[Account, list[bytes]], tmp_path: Path) -> None:
    account, sent = reader
    device = Mbsync(server, account, tmp_path / "device")
    device.sync()
    same(device.messages(), sent)


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_fetchmail_reads_them_all(server: Server, reader: tuple[Account, list[bytes]], tmp_path: Path,
                                  protocol: str) -> None:
    account, sent = reader
    fetchmail(server, account, tmp_path, protocol, "tls", "fetchall", "keep")
    same(fetched_messages(tmp_path), sent)
