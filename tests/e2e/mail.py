"""Sending and reading with Python's own clients, over every kind of security, and comparing bytes."""

from __future__ import annotations

import imaplib
import poplib
import re
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from server import Account, Server

HOST = "127.0.0.1"
UIDS_AT_ONCE = 500
TIMEOUT_SECONDS = 60
ARRIVAL_SECONDS_MAX = 60
SENDER = "sender@outside.test"
# All that a server may put before a message, and it may change nothing else (RFC 5321 4.4).
ADDED_HEADERS = {b"return-path", b"received", b"delivered-to"}
HEADER = re.compile(rb"([!-9;-~]+):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")

# TOP and RETR may send long lines.
poplib._MAXLINE = 1 << 20


def trust(server: Server) -> ssl.SSLContext:
    """Trusts the server's own certificate and no other. Its name is checked where curl is the client."""
    context = ssl.create_default_context(cafile=str(server.certificate))
    context.check_hostname = False
    return context


@contextmanager
def smtp(server: Server, service: str = "smtp", security: str = "plain",
         account: Account | None = None) -> Iterator[smtplib.SMTP]:
    """An SMTP session after EHLO: service smtp, submission or submissions; security plain, starttls or tls."""
    port = getattr(server.ports, service)
    if security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(HOST, port, "client.test", timeout=TIMEOUT_SECONDS,
                                                context=trust(server))
    else:
        client = smtplib.SMTP(HOST, port, "client.test", timeout=TIMEOUT_SECONDS)
    with client:
        if security == "starttls":
            client.starttls(context=trust(server))
        client.ehlo()
        if account:
            client.login(account.address, account.password)
        yield client


def send(client: smtplib.SMTP, sender: str, recipients: list[str], message: bytes) -> None:
    """One message; raises unless every recipient was accepted and DATA was answered with 250."""
    # SIZE is smtplib's to add.
    options = [] if message.isascii() else ["BODY=8BITMIME"]
    refused = client.sendmail(sender, recipients, message, mail_options=options)
    assert not refused, refused


def receive(server: Server, account: Account, *messages: bytes, sender: str = SENDER) -> None:
    """Hands messages to the server as another mail server would, over port 25."""
    with smtp(server) as client:
        for message in messages:
            send(client, sender, [account.address], message)


@contextmanager
def imap(server: Server, account: Account, security: str = "plain", mailbox: str | None = "INBOX",
         readonly: bool = False) -> Iterator[imaplib.IMAP4]:
    """A logged-in IMAP session, with `mailbox` selected unless None."""
    if security == "tls":
        client: imaplib.IMAP4 = imaplib.IMAP4_SSL(HOST, server.ports.imaps, ssl_context=trust(server),
                                                  timeout=TIMEOUT_SECONDS)
    else:
        client = imaplib.IMAP4(HOST, server.ports.imap, timeout=TIMEOUT_SECONDS)
    with client:
        if security == "starttls":
            client.starttls(trust(server))
        client.login(account.address, account.password)
        if mailbox is not None:
            good(client.select(mailbox, readonly))
        yield client


def good(answer: tuple[str, list[Any]]) -> list[Any]:
    """The data of an IMAP answer that must be OK."""
    assert answer[0] == "OK", answer
    return answer[1]


def imap_uids(client: imaplib.IMAP4, criteria: str = "ALL") -> list[int]:
    return [int(uid) for uid in (good(client.uid("SEARCH", criteria))[0] or b"").split()]


def imap_messages(client: imaplib.IMAP4) -> dict[int, bytes]:
    """Every message of the selected mailbox by its UID, whole."""
    found = {}
    for uid in imap_uids(client):
        rows = good(client.uid("FETCH", str(uid), "(UID BODY.PEEK[])"))
        found[uid] = next(row[1] for row in rows if isinstance(row, tuple))
    return found


def imap_range(client: imaplib.IMAP4, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    """UID and message of all that have a UID from `first` to `last`, some hundred a command."""
    for start in range(first, last + 1, UIDS_AT_ONCE):
        uids = f"{start}:{min(last, start + UIDS_AT_ONCE - 1)}"
        for row in good(client.uid("FETCH", uids, "(UID BODY.PEEK[])")):
            if isinstance(row, tuple):
                yield int(re.search(rb"UID (\d+)", row[0]).group(1)), row[1]


def imap_range_uids(client: imaplib.IMAP4, first: int, last: int) -> Iterator[int]:
    """The UIDs from `first` to `last` that are there, some hundred a command."""
    for start in range(first, last + 1, UIDS_AT_ONCE):
        yield from imap_uids(client, f"UID {start}:{min(last, start + UIDS_AT_ONCE - 1)}")


def imap_flags(client: imaplib.IMAP4, uid: int) -> set[str]:
    rows = good(client.uid("FETCH", str(uid), "(FLAGS)"))
    return {flag.decode() for row in rows if row for flag in imaplib.ParseFlags(row)} - {"\\Recent"}


@contextmanager
def pop3(server: Server, account: Account, security: str = "plain") -> Iterator[poplib.POP3]:
    """A logged-in POP3 session; the block ends with QUIT unless it raises."""
    if security == "tls":
        client: poplib.POP3 = poplib.POP3_SSL(HOST, server.ports.pop3s, timeout=TIMEOUT_SECONDS,
                                              context=trust(server))
    else:
        client = poplib.POP3(HOST, server.ports.pop3, timeout=TIMEOUT_SECONDS)
    try:
        if security == "starttls":
            client.stls(trust(server))
        client.user(account.address)
        client.pass_(account.password)
        yield client
        client.quit()
    finally:
        client.close()


def pop3_messages(client: poplib.POP3) -> list[bytes]:
    count, _ = client.stat()
    return [b"".join(line + b"\r\n" for line in client.retr(number + 1)[1]) for number in range(count)]


def wait_for_messages(server: Server, account: Account, count: int, mailbox: str = "INBOX") -> None:
    """Waits until the mailbox has at least that many messages."""
    deadline = time.monotonic() + ARRIVAL_SECONDS_MAX
    with imap(server, account, mailbox=None) as client:
        while (found := mailbox_count(client, mailbox)) < count:
            assert time.monotonic() < deadline, f"{found} of {count} messages after {ARRIVAL_SECONDS_MAX} s"
            time.sleep(0.05)


def mailbox_count(client: imaplib.IMAP4, mailbox: str) -> int:
    row = good(client.status(mailbox, "(MESSAGES)"))[0]
    return int(re.search(rb"MESSAGES (\d+)", row).group(1))


def added_headers(received: bytes, sent: bytes, is_signed: bool = False) -> list[bytes]:
    """Fails unless `received` is `sent` below trace headers of the server, and two signatures where it left one;
    returns their names, in order."""
    assert received.endswith(sent), difference(received, sent)
    prefix = received[: len(received) - len(sent)]
    names = []
    while match := HEADER.match(prefix):
        names.append(match.group(1).lower())
        prefix = prefix[match.end():]
    assert not prefix, f"the server put this before the message: {prefix[:300]!r}"
    if is_signed:
        assert names.count(b"dkim-signature") == 2
        names = [name for name in names if name != b"dkim-signature"]
    assert set(names) <= ADDED_HEADERS, f"the server added {sorted(set(names) - ADDED_HEADERS)}"
    return names


def difference(received: bytes, sent: bytes) -> str:
    """Where two messages part, counted from their ends, because headers are added at the top."""
    shorter = min(len(received), len(sent))
    same = next((n for n in range(shorter) if received[-1 - n] != sent[-1 - n]), shorter)
    return (f"{len(sent)} bytes were sent, {len(received)} came back; the last {same} agree, before them "
            f"sent {sent[: len(sent) - same][-60:]!r} received {received[: len(received) - same][-60:]!r}")
