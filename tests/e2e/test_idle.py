"""A session in IDLE hears of new mail and of what other sessions do, at once (RFC 2177)."""

from __future__ import annotations

import re
import socket
import time
from contextlib import ExitStack
from types import TracebackType

import pytest

from mail import HOST, good, imap, imap_uids, receive, trust, wait_for_messages
from messages import plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
ANNOUNCE_SECONDS_MAX = 30


class Idler:
    """A raw IMAP session that stays in IDLE on INBOX."""

    def __init__(self, server: Server, account: Account, security: str = "plain") -> None:
        port = server.ports.imaps if security == "tls" else server.ports.imap
        self.socket = socket.create_connection((HOST, port), timeout=ANNOUNCE_SECONDS_MAX)
        if security == "tls":
            self.socket = trust(server).wrap_socket(self.socket, server_hostname=HOST)
        self.reader = self.socket.makefile("rb")
        self.reader.readline()
        self.command(f'a LOGIN {account.address} "{account.password}"', b"a OK")
        self.command("b SELECT INBOX", b"b OK")
        self.command("c IDLE", b"+ ")

    def __enter__(self) -> Idler:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.reader.close()
        self.socket.close()

    def command(self, text: str, end: bytes) -> None:
        self.socket.sendall(text.encode() + b"\r\n")
        self.hear(re.escape(end))

    def hear(self, pattern: bytes) -> bytes:
        """Reads until a line starts like `pattern`; a time-out fails the test."""
        while line := self.reader.readline():
            if re.match(pattern, line):
                return line
        raise AssertionError("the server closed the connection")


def test_new_mail_is_announced(server: Server, alice: Account) -> None:
    with Idler(server, alice) as idler:
        receive(server, alice, plain("one"))
        idler.hear(rb"\* 1 EXISTS")
        receive(server, alice, plain("two"))
        idler.hear(rb"\* 2 EXISTS")
        idler.command("DONE", b"c OK")


def test_flags_and_expunges_of_others_are_announced(server: Server, alice: Account) -> None:
    receive(server, alice, plain("one"), plain("two"))
    wait_for_messages(server, alice, 2)
    with Idler(server, alice) as idler, imap(server, alice) as other:
        first, _second = imap_uids(other)
        good(other.uid("STORE", str(first), "+FLAGS", "(\\Deleted)"))
        idler.hear(rb"\* 1 FETCH .*\\Deleted")
        good(other.expunge())
        idler.hear(rb"\* 1 EXPUNGE")


def test_an_idle_session_ends_with_done_and_more_in_one_packet(server: Server, alice: Account) -> None:
    with Idler(server, alice) as idler:
        idler.socket.sendall(b"DONE\r\nd NOOP\r\ne LOGOUT\r\n")
        for start in (b"c OK", b"d OK", rb"\* BYE", b"e OK"):
            idler.hear(start)


def test_an_idle_session_is_left_in_peace(server: Server, alice: Account) -> None:
    with Idler(server, alice) as idler:
        idler.socket.settimeout(2)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            idler.hear(rb"\*")
        assert time.monotonic() - started > 1.5


@pytest.mark.parametrize("security", ("plain", "tls"))
def test_much_can_follow_an_idle(server: Server, alice: Account, security: str) -> None:
    """What a session gives up while it waits, it has again when it needs it."""
    large = plain("large", "All work and no play makes Jack a dull boy.\r\n" * 50_000)
    with Idler(server, alice, security) as idler:
        receive(server, alice, plain("one"))
        idler.hear(rb"\* 1 EXISTS")
        idler.command("DONE", b"c OK")
        idler.command(f"d APPEND INBOX {{{len(large)}}}", b"+ ")
        idler.socket.sendall(large + b"\r\n")
        idler.hear(b"d OK")
        for tag in ("e", "f"):
            idler.command(f"{tag} FETCH 2 BODY.PEEK[]", b"* 2 FETCH")
            assert idler.reader.read(len(large)) == large
            idler.hear(f"{tag} OK".encode())
            idler.command("g IDLE", b"+ ")
            idler.command("DONE", b"g OK")


def test_hundreds_of_idle_sessions_are_told(server: Server, alice: Account) -> None:
    with ExitStack() as sessions:
        idlers = [sessions.enter_context(Idler(server, alice)) for _ in range(200)]
        for count in (1, 2):
            receive(server, alice, plain("to all"))
            for idler in idlers:
                idler.hear(rb"\* %d EXISTS" % count)
