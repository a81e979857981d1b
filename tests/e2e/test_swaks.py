"""swaks sends: as another server to port 25, and as a user who logs in."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients import run_client, swaks
from mail import HOST, SENDER, added_headers, imap, imap_messages, wait_for_messages
from messages import plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")


@pytest.mark.parametrize("service,options", [
    ("smtp", ()), ("smtp", ("--tls",)), ("submission", ("--tls", "--auth", "PLAIN")),
    ("submission", ("--tls", "--auth", "LOGIN")), ("submissions", ("--tls-on-connect", "--auth", "PLAIN"))])
def test_swaks_delivers_the_bytes(server: Server, alice: Account, bob: Account, tmp_path: Path, service: str,
                                  options: tuple[str, ...]) -> None:
    logs_in = "--auth" in options
    user = ("--auth-user", alice.address, "--auth-password", alice.password) if logs_in else ()
    message = plain("sent by swaks").replace(b"sender@outside.test", alice.address.encode())
    swaks(server, tmp_path, service, alice.address if logs_in else SENDER, bob.address, message, *options, *user)
    wait_for_messages(server, bob, 1)
    with imap(server, bob) as client:
        (received,) = imap_messages(client).values()
    added_headers(received, message)


def test_swaks_is_told_that_the_password_is_wrong(server: Server, alice: Account, tmp_path: Path) -> None:
    # 28: swaks could not authenticate.
    output = run_client(tmp_path, "swaks", "--server", HOST, "--port", str(server.ports.submissions),
                        "--tls-on-connect", "--auth", "PLAIN", "--auth-user", alice.address, "--auth-password",
                        "wrong", "--from", alice.address, "--to", alice.address, accept=(28,))
    assert " 535 5.7.8 " in output
