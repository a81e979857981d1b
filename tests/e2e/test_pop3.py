"""POP3 as download-and-delete clients use it (RFC 1939)."""

from __future__ import annotations

import poplib
import time

import pytest

from mail import HOST, imap, imap_uids, pop3, pop3_messages, receive, wait_for_messages
from messages import number_of, plain
from server import Account, Server

SECONDS_MAX = 60
SENT = [plain(f"message {number}", "one\r\n.two\r\nthree\r\n", number) for number in range(3)]


@pytest.fixture
def full(server: Server, alice: Account) -> Account:
    receive(server, alice, *SENT)
    wait_for_messages(server, alice, len(SENT))
    return alice


def test_downloaded_and_deleted_mail_is_gone_after_quit(server: Server, full: Account) -> None:
    with pop3(server, full) as client:
        assert [number_of(message) for message in pop3_messages(client)] == [0, 1, 2]
        client.dele(1)
        client.dele(3)
    with pop3(server, full) as client:
        (left,) = pop3_messages(client)
    assert number_of(left) == 1
    with imap(server, full) as client:
        assert len(imap_uids(client)) == 1


def count_when_free(server: Server, account: Account) -> int:
    """It may take the server a moment to notice that the session before is over."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        try:
            with pop3(server, account) as client:
                return client.stat()[0]
        except poplib.error_proto as refusal:
            assert "IN-USE" in str(refusal) and time.monotonic() < deadline, refusal
            time.sleep(0.1)


def test_a_lost_connection_deletes_nothing(server: Server, full: Account) -> None:
    with pytest.raises(ConnectionResetError):
        with pop3(server, full) as client:
            client.dele(1)
            raise ConnectionResetError("as if the line were cut")
    assert count_when_free(server, full) == 3


def test_unique_ids_stay_the_same(server: Server, full: Account) -> None:
    def ids() -> list[bytes]:
        with pop3(server, full) as client:
            return [line.split()[1] for line in client.uidl()[1]]

    first = ids()
    receive(server, full, plain("one more"))
    wait_for_messages(server, full, 4)
    assert ids()[:3] == first and len(set(ids())) == 4


def test_top_has_the_header_a_blank_line_and_so_many_lines(server: Server, full: Account) -> None:
    with pop3(server, full) as client:
        assert client.top(1, 2)[1][-3:] == [b"", b"one", b".two"]
        assert client.top(1, 0)[1][-1] == b""


def test_sizes_are_those_of_the_messages(server: Server, full: Account) -> None:
    with pop3(server, full) as client:
        sizes = [int(line.split()[1]) for line in client.list()[1]]
        assert sizes == [len(message) for message in pop3_messages(client)]
        assert client.stat() == (3, sum(sizes))


@pytest.mark.parametrize("command", ["TOP 1 -1", "RETR 99999999999999999999", "DELE 0", "LIST 4", "RETR", "TOP 1",
                                     "UIDL x"])
def test_nonsense_is_refused_and_the_session_goes_on(server: Server, full: Account, command: str) -> None:
    with pop3(server, full) as client:
        with pytest.raises(poplib.error_proto, match="-ERR"):
            client._shortcmd(command)
        assert client.stat()[0] == 3


def test_nothing_but_login_before_login(server: Server) -> None:
    client = poplib.POP3(HOST, server.ports.pop3)
    for command in ("STAT", "LIST", "RETR 1", "DELE 1"):
        with pytest.raises(poplib.error_proto, match="-ERR"):
            client._shortcmd(command)
    client.close()
