"""Mail from the mail servers of others: what Postfix, Exim and OpenSMTPD pass on to Posthaste arrives
byte for byte, once, under their trace and ours.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import run_client
from mail import SENDER, added_headers, imap, imap_messages, send, wait_for_messages
from messages import mixed, number_of
from peer import Peer, free_port, running
from peer_exim import Exim
from peer_opensmtpd import OpenSmtpd
from peer_postfix import Postfix
from server import Account, Server

PEERS = {"postfix": (Postfix, "127.0.0.2"), "exim": (Exim, "127.0.0.3"), "opensmtpd": (OpenSmtpd, "127.0.0.4")}
# Every kind of message but the large one, twice.
COUNT = 22


@pytest.fixture(scope="module", params=PEERS)
def peer(request: pytest.FixtureRequest, server: Server) -> Iterator[Peer]:
    kind, address = PEERS[request.param]
    relays = {server.domain: ("127.0.0.1", server.ports.smtp)}
    with running(lambda folder: kind(folder, address, free_port([address]), f"{request.param}.test", relays)) as made:
        yield made


def hand_over(peer: Peer, recipients: list[str], messages: list[bytes]) -> None:
    with smtplib.SMTP(peer.address, peer.port, "client.test", timeout=60) as client:
        client.ehlo()
        for message in messages:
            send(client, SENDER, recipients, message)


def test_what_a_mail_server_passes_on_arrives_as_it_was(server: Server, peer: Peer, alice: Account) -> None:
    sent = mixed(COUNT + 1)[:COUNT]
    hand_over(peer, [alice.address], sent)
    wait_for_messages(server, alice, COUNT)
    with imap(server, alice) as client:
        received = list(imap_messages(client).values())
    assert sorted(map(number_of, received)) == list(range(COUNT))
    for message in received:
        names = added_headers(message, peer.passed_on(sent[number_of(message)]))
        assert names[0] == b"return-path" and names.count(b"received") == 2
        assert f"by {peer.hostname}".encode() in message


def test_both_recipients_get_it(server: Server, peer: Peer, alice: Account, bob: Account) -> None:
    hand_over(peer, [alice.address, bob.address], mixed(2)[:1])
    for account in (alice, bob):
        wait_for_messages(server, account, 1)


def test_a_refusal_comes_back_as_a_bounce(server: Server, peer: Peer, alice: Account) -> None:
    """We refuse at RCPT, so the mail server that sends tells the sender, who is ours, in its own words."""
    with smtplib.SMTP(peer.address, peer.port, "client.test", timeout=60) as client:
        client.ehlo()
        send(client, alice.address, [f"nobody-here@{server.domain}"], mixed(2)[0])
    wait_for_messages(server, alice, 1)
    with imap(server, alice) as client:
        (bounce,) = imap_messages(client).values()
    assert bounce.startswith(b"Return-Path: <>\r\n")
    assert b"nobody-here@" in bounce and b"5.1.1" in bounce


def test_many_sessions_of_smtp_source_leave_all_they_sent(server: Server, alice: Account, tmp_path: Path) -> None:
    run_client(tmp_path, "smtp-source", "-s", "8", "-m", "200", "-l", "4000", "-f", SENDER, "-t", alice.address,
               f"127.0.0.1:{server.ports.smtp}")
    wait_for_messages(server, alice, 200)
    with imap(server, alice) as client:
        assert len(imap_messages(client)) == 200
