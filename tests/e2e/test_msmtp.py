"""msmtp submits, with every mechanism it knows and the server offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients import msmtp
from mail import added_headers, imap, imap_messages, wait_for_messages
from messages import plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")


@pytest.mark.parametrize("security,mechanism", [("plain", "plain"), ("starttls", "plain"), ("starttls", "login"),
                                                ("tls", "plain"), ("tls", "on"), ("starttls", "scram-sha-256")])
def test_msmtp_submits(server: Server, alice: Account, bob: Account, tmp_path: Path, security: str,
                       mechanism: str) -> None:
    message = plain("sent by msmtp").replace(b"sender@outside.test", alice.address.encode())
    msmtp(server, tmp_path, alice, bob.address, message, security, mechanism)
    wait_for_messages(server, bob, 1)
    with imap(server, bob) as client:
        (received,) = imap_messages(client).values()
    added_headers(received, message)
