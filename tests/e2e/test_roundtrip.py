"""A message that went in comes out byte for byte, whichever door it takes, in both ways to run."""

from __future__ import annotations

import pytest

from mail import added_headers, imap, imap_messages, pop3, pop3_messages, receive, send, smtp, wait_for_messages
from messages import plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
BODY = "Line one.\r\n.a line with a dot\r\n\r\nLast line, with trailing spaces   \r\n"


@pytest.mark.parametrize("service,security,authenticated", [
    ("smtp", "plain", False), ("smtp", "starttls", False), ("submission", "starttls", True),
    ("submission", "plain", True), ("submissions", "tls", True)])
def test_every_way_in_keeps_the_bytes(server: Server, alice: Account, bob: Account, service: str, security: str,
                                      authenticated: bool) -> None:
    message = plain("every way in", BODY).replace(b"sender@outside.test", alice.address.encode())
    with smtp(server, service, security, alice if authenticated else None) as client:
        sender = alice.address if authenticated else "sender@outside.test"
        send(client, sender, [bob.address], message)
    wait_for_messages(server, bob, 1)
    with imap(server, bob) as client:
        (received,) = imap_messages(client).values()
    assert b"received" in added_headers(received, message)


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_imap_reads_the_bytes(server: Server, alice: Account, security: str) -> None:
    message = plain("read by IMAP", BODY)
    receive(server, alice, message)
    wait_for_messages(server, alice, 1)
    with imap(server, alice, security) as client:
        (received,) = imap_messages(client).values()
    added_headers(received, message)


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_pop3_reads_the_bytes(server: Server, alice: Account, security: str) -> None:
    message = plain("read by POP3", BODY)
    receive(server, alice, message)
    wait_for_messages(server, alice, 1)
    with pop3(server, alice, security) as client:
        (received,) = pop3_messages(client)
    added_headers(received, message)


def test_an_empty_message_is_delivered(server: Server, alice: Account) -> None:
    with smtp(server) as client:
        client.mail("sender@outside.test")
        client.rcpt(alice.address)
        assert client.data(b"")[0] == 250
    wait_for_messages(server, alice, 1)
    with imap(server, alice) as client:
        (received,) = imap_messages(client).values()
    # smtplib ends what it sends with a line end, so the message is one empty line.
    added_headers(received, b"\r\n")


def test_a_message_that_ends_after_its_headers_stays_as_it_is(server: Server, alice: Account) -> None:
    """Clients differ in what they make of it (mbsync leaves it, fetchmail ends it), so only bytes are read."""
    message = b"From: Sender <sender@outside.test>\r\nSubject: no body and no blank line\r\n"
    receive(server, alice, message)
    wait_for_messages(server, alice, 1)
    with imap(server, alice) as client:
        (received,) = imap_messages(client).values()
    added_headers(received, message)
    with pop3(server, alice) as client:
        (received,) = pop3_messages(client)
    added_headers(received, message)
