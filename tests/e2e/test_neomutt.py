"""neomutt sends by submission and reads by IMAP."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients import neomutt
from mail import added_headers, good, imap, imap_flags, imap_messages, imap_uids, receive, wait_for_messages
from messages import plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
SECURITIES = pytest.mark.parametrize("security", ["starttls", "tls"])


@SECURITIES
def test_neomutt_sends_with_an_attachment(server: Server, alice: Account, bob: Account, tmp_path: Path,
                                          security: str) -> None:
    (tmp_path / "figures.bin").write_bytes(bytes(range(256)) * 20)
    neomutt(server, alice, tmp_path, security, "-s", "Grüße from neomutt", "-a", "figures.bin", "--", bob.address,
            data="Schöne Grüße.\n".encode())
    wait_for_messages(server, bob, 1)
    with imap(server, bob) as client:
        (received,) = imap_messages(client).values()
        assert imap_uids(client, "FROM " + alice.address) != []
    assert b"figures.bin" in received and b"\r\nAAECAwQF" in received


@SECURITIES
def test_neomutt_reads_the_bytes(server: Server, alice: Account, tmp_path: Path, security: str) -> None:
    message = plain("read by neomutt", "One.\r\n.two\r\n")
    receive(server, alice, message)
    wait_for_messages(server, alice, 1)
    target = tmp_path / "piped.eml"
    neomutt(server, alice, tmp_path, security, keys=f"<pipe-message>cat > {target}<enter><exit>")
    added_headers(target.read_bytes().replace(b"\n", b"\r\n"), message)


def test_neomutt_flags_and_deletes(server: Server, alice: Account, tmp_path: Path) -> None:
    receive(server, alice, plain("first"), plain("second"))
    wait_for_messages(server, alice, 2)
    neomutt(server, alice, tmp_path, "tls",
            keys="<first-entry><flag-message><first-entry><next-entry><delete-message><sync-mailbox>y<exit>")
    with imap(server, alice) as client:
        good(client.noop())
        (uid,) = imap_uids(client)
        assert "\\Flagged" in imap_flags(client, uid)
