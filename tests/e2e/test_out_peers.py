"""Mail to the mail servers of others: what an account submits is in the Maildir of a Postfix, an Exim or
an OpenSMTPD byte for byte, by TLS where that can be had, and what they refuse comes back.

MESSAGES in the environment sets how many mixed messages Postfix gets (1000).
"""

from __future__ import annotations

import os
import re
import smtplib
from collections.abc import Iterator

import pytest

from mail import SENDER, send, smtp
from messages import mixed, number_of, plain
from outgoing import Outgoing, below_trace
from peer import Peer, running
from peer_exim import Exim
from peer_opensmtpd import OpenSmtpd
from peer_postfix import Postfix
from server import Account

COUNT = int(os.environ.get("MESSAGES", "1000"))
THOUSAND_SECONDS_MAX = 300
# Every kind of message but the large one, twice.
KINDS = 22
PEERS = {"postfix": Postfix, "exim": Exim, "opensmtpd": OpenSmtpd}
# OpenSMTPD offers TLS and fails every handshake (peer_opensmtpd.py): mail goes without (RFC 7435 3).
TRACE = {"postfix": rb"using TLSv1\.3 .*?with ESMTPS", "exim": rb"with esmtps  ?\(TLS1\.3\)",
         "opensmtpd": rb"by mx\.opensmtpd\.test \(OpenSMTPD\) with ESMTP id"}


@pytest.fixture(scope="module")
def sender(out: Outgoing) -> Account:
    return out.server.new_account("sender")


@pytest.fixture(scope="module", params=PEERS)
def peer(request: pytest.FixtureRequest, out: Outgoing) -> Iterator[Peer]:
    domain, address = f"{request.param}.test", out.address()
    out.zones.host(domain, address)
    out.zones.reload()
    with running(lambda folder: PEERS[request.param](folder, address, out.port, domain)) as made:
        yield made


def submit_all(out: Outgoing, sender: Account, recipients: list[str], messages: list[bytes]) -> None:
    with smtp(out.server, "submission", account=sender) as client:
        for message in messages:
            send(client, sender.address, recipients, message)


def same(peer: Peer, received: list[bytes], sent: list[bytes]) -> None:
    """Every message is there, exactly once, byte for byte below the trace."""
    assert sorted(map(number_of, received)) == list(range(len(sent)))
    for message in received:
        assert below_trace(message) == peer.passed_on(sent[number_of(message)])


def test_what_is_submitted_arrives_as_it_was(out: Outgoing, sender: Account, peer: Peer) -> None:
    sent = mixed(KINDS + 1)[:KINDS]
    submit_all(out, sender, [f"alice@{peer.domain}", f"bob@{peer.domain}"], sent)
    for user in ("alice", "bob"):
        received = peer.wait_for(user, KINDS)
        same(peer, received, sent)
        assert all(f"\r\nReturn-Path: <{sender.address}>".lower() in f"\r\n{each.decode('latin-1')}".lower()
                   for each in received)
    assert not out.bounces(sender)


def test_tls_is_used_where_it_can_be_had(out: Outgoing, sender: Account, peer: Peer) -> None:
    out.submit(sender, [f"carol@{peer.domain}"])
    (received,) = peer.wait_for("carol", 1)
    assert re.search(TRACE[peer.name.lower()], received, re.DOTALL), received[:900].decode()
    assert f"by mx.{out.server.domain}".encode() in received, "our trace is missing"


def test_who_is_unknown_there_is_reported_and_the_other_gets_it(out: Outgoing, peer: Peer) -> None:
    author = out.server.new_account("author")
    out.submit(author, [f"zelda@{peer.domain}", f"dave@{peer.domain}"], plain("for two"))
    peer.wait_for("dave", 1)
    (bounce,) = out.wait_for_bounces(author)
    (fields,) = bounce.recipients
    assert fields["final-recipient"] == f"rfc822;zelda@{peer.domain}" and fields["action"] == "failed"
    assert fields["status"].startswith("5.") and fields["remote-mta"].startswith(f"dns; mx.{peer.domain}")
    assert bounce.message["Auto-Submitted"].startswith("auto-replied")
    assert bounce.raw.startswith(b"Return-Path: <>\r\n")


@pytest.mark.parametrize("peer", ["postfix"], indirect=True)
def test_a_thousand_mixed_messages_and_one_of_20_mb(out: Outgoing, sender: Account, peer: Peer) -> None:
    sent = mixed(COUNT)
    submit_all(out, sender, [f"erin@{peer.domain}"], sent)
    same(peer, peer.wait_for("erin", COUNT, THOUSAND_SECONDS_MAX), sent)


@pytest.mark.parametrize("peer", ["exim"], indirect=True)
def test_what_a_postfix_gives_us_for_a_relay_domain_goes_on(out: Outgoing, peer: Peer) -> None:
    """A domain that is not ours, and that we are the backup or the gateway of (docs/relaying.md)."""
    out.server.command("domain", "add", peer.domain, "--relay")
    relays = {peer.domain: ("127.0.0.1", out.server.ports.smtp)}
    sent = mixed(KINDS + 1)[:KINDS]
    with running(lambda folder: Postfix(folder, out.address(), out.port, "first.test", relays)) as first:
        with smtplib.SMTP(first.address, first.port, "client.test", timeout=60) as client:
            client.ehlo()
            for message in sent:
                send(client, SENDER, [f"erin@{peer.domain}"], message)
        received = peer.wait_for("erin", KINDS)
    same(peer, received, sent)
    assert all(f"by mx.{out.server.domain}".encode() in each for each in received)
