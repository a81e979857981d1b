"""curl sends and reads, with the server's certificate and its name checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients import curl
from mail import added_headers, receive, wait_for_messages
from messages import plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
SECURITIES = pytest.mark.parametrize("security", ["plain", "starttls", "tls"])


def port_of(server: Server, protocol: str, security: str) -> int:
    secure = {"smtp": "submissions", "imap": "imaps", "pop3": "pop3s"}
    return getattr(server.ports, secure[protocol] if security == "tls" else protocol.replace("smtp", "submission"))


@SECURITIES
def test_curl_submits(server: Server, alice: Account, bob: Account, tmp_path: Path, security: str) -> None:
    message = plain("sent by curl").replace(b"sender@outside.test", alice.address.encode())
    (tmp_path / "message.eml").write_bytes(message)
    curl(server, tmp_path, "smtp", port_of(server, "smtp", security), "client.test", "--mail-from", alice.address,
         "--mail-rcpt", bob.address, "--upload-file", "message.eml", "--user", f"{alice.address}:{alice.password}",
         security=security)
    wait_for_messages(server, bob, 1)
    added_headers(curl(server, tmp_path, "imap", port_of(server, "imap", security), "INBOX;MAILINDEX=1", "--user",
                       f"{bob.address}:{bob.password}", security=security), message)


@SECURITIES
@pytest.mark.parametrize("protocol,path", [("imap", "INBOX;MAILINDEX=1"), ("pop3", "1")])
def test_curl_reads_the_bytes(server: Server, alice: Account, tmp_path: Path, protocol: str, path: str,
                              security: str) -> None:
    message = plain("read by curl", "One.\r\n.two\r\n")
    receive(server, alice, message)
    wait_for_messages(server, alice, 1)
    received = curl(server, tmp_path, protocol, port_of(server, protocol, security), path, "--user",
                    f"{alice.address}:{alice.password}", security=security)
    added_headers(received, message)


def test_curl_searches_and_lists(server: Server, alice: Account, tmp_path: Path) -> None:
    receive(server, alice, plain("a needle"), plain("hay"))
    wait_for_messages(server, alice, 2)
    user = ("--user", f"{alice.address}:{alice.password}")
    port = server.ports.imaps
    found = curl(server, tmp_path, "imap", port, "INBOX?SUBJECT%20needle", *user, security="tls")
    assert found.split() == [b"*", b"SEARCH", b"1"]
    assert b"INBOX" in curl(server, tmp_path, "imap", port, "", *user, security="tls")
