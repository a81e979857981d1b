"""fetchmail takes the mail away, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients import fetched_messages, fetchmail
from mail import added_headers, imap, imap_uids, receive, wait_for_messages
from messages import number_of, plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
SENT = [plain(f"to be fetched {number}", ".one\r\ntwo\r\n", number) for number in range(3)]
EVERY_WAY = pytest.mark.parametrize("protocol,security", [
    ("pop3", "plain"), ("pop3", "starttls"), ("pop3", "tls"), ("imap", "plain"), ("imap", "starttls"), ("imap", "tls")])


@EVERY_WAY
def test_a_second_run_fetches_nothing(server: Server, alice: Account, tmp_path: Path, protocol: str,
                                      security: str) -> None:
    receive(server, alice, *SENT)
    wait_for_messages(server, alice, len(SENT))
    fetchmail(server, alice, tmp_path, protocol, security, "keep")
    first = fetched_messages(tmp_path)
    fetchmail(server, alice, tmp_path, protocol, security, "keep")
    assert fetched_messages(tmp_path) == first
    for received, sent in zip(sorted(first, key=number_of), SENT, strict=True):
        added_headers(received, sent)


@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_fetched_mail_is_gone_from_the_server(server: Server, alice: Account, tmp_path: Path, protocol: str) -> None:
    receive(server, alice, *SENT)
    wait_for_messages(server, alice, len(SENT))
    fetchmail(server, alice, tmp_path, protocol, "tls", "no keep")
    assert len(fetched_messages(tmp_path)) == len(SENT)
    with imap(server, alice) as client:
        assert imap_uids(client) == []
