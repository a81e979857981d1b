"""What an acknowledgement means: the message is in the mailbox, once, with its trace at the top."""

from __future__ import annotations

import re

import pytest

from mail import SENDER, added_headers, imap, imap_messages, imap_uids, mailbox_count, receive, send, smtp
from messages import plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")


def test_after_250_the_message_is_in_the_mailbox(server: Server, alice: Account) -> None:
    with imap(server, alice, mailbox=None) as reader:
        for count in range(1, 11):
            receive(server, alice, plain(f"message {count}"))
            assert mailbox_count(reader, "INBOX") == count


def test_the_trace_says_who_took_it_from_whom(server: Server, alice: Account) -> None:
    """RFC 5321 4.4."""
    receive(server, alice, plain())
    with imap(server, alice) as client:
        (received,) = imap_messages(client).values()
    names = added_headers(received, plain())
    assert names[0] == b"return-path" and names.count(b"return-path") == 1
    assert received.startswith(f"Return-Path: <{SENDER}>\r\n".encode())
    trace = re.search(rb"^Received: (.*?)\r\n(?![ \t])", received, re.DOTALL | re.MULTILINE).group(1)
    assert re.search(rb"from client\.test .*\[127\.0\.0\.1\].*by mx\.example\.test.* with ESMTP.*; .* [+-]\d{4}", trace,
                     re.DOTALL), trace


def test_two_recipients_each_get_one(server: Server, alice: Account, bob: Account) -> None:
    with smtp(server) as client:
        send(client, SENDER, [alice.address, bob.address, alice.address], plain("for both"))
    for account in (alice, bob):
        with imap(server, account) as client:
            (received,) = imap_messages(client).values()
        added_headers(received, plain("for both"))


def test_an_address_is_matched_in_any_case(server: Server, alice: Account) -> None:
    with smtp(server) as client:
        send(client, SENDER, [alice.address.upper()], plain())
    with imap(server, alice) as client:
        assert len(imap_uids(client)) == 1


def test_one_connection_delivers_many(server: Server, alice: Account) -> None:
    receive(server, alice, *(plain(f"message {number}", number=number) for number in range(50)))
    with imap(server, alice) as client:
        found = imap_messages(client)
    assert list(found) == sorted(found) and len(found) == 50
