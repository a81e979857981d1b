"""Mail through a smarthost that wants a login over TLS, and on from there: to a second Posthaste, whose
refusals come back the same way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail import added_headers, imap, imap_messages, send, smtp, wait_for_messages
from messages import mixed, number_of, plain
from outgoing import Outgoing, below_trace
from peer import make_certificate, running
from scripted_host import Script, ScriptedHost, begin_tls, say
from server import Account, Server
from peer_smarthost import PASSWORD, USER, Smarthost

KINDS = 22
OTHER_DOMAIN = "other.test"


@pytest.fixture(scope="module")
def other() -> Iterator[Server]:
    """A second Posthaste, of another domain."""
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Server(folder, domain=OTHER_DOMAIN)
        made.prepare()
        made.start()
        yield made
        made.stop()
        assert not made.reports()


@pytest.fixture(scope="module")
def smarthost(out: Outgoing, other: Server) -> Iterator[Smarthost]:
    """Between the two; our own mail goes through it for OTHER_DOMAIN."""
    address = out.address()
    relays = {OTHER_DOMAIN: ("127.0.0.1", other.ports.smtp), out.server.domain: ("127.0.0.1", out.server.ports.smtp)}
    with running(lambda folder: Smarthost(folder, address, out.port, relays)) as made:
        out.add_route("smarthost", OTHER_DOMAIN, address, USER, PASSWORD)
        yield made


def test_from_one_posthaste_by_a_relay_to_another(out: Outgoing, smarthost: Smarthost, other: Server,
                                                  sender: Account) -> None:
    reader = other.new_account("reader")
    sent = mixed(KINDS + 1)[:KINDS]
    with smtp(out.server, "submission", account=sender) as client:
        for message in sent:
            send(client, sender.address, [reader.address], message)
    wait_for_messages(other, reader, KINDS)
    with imap(other, reader) as client:
        received = list(imap_messages(client).values())
    assert sorted(map(number_of, received)) == list(range(KINDS))
    for message in received:
        assert added_headers(message, sent[number_of(message)], is_signed=True).count(b"received") == 3
        assert f"(Authenticated sender: {USER})".encode() in message, "it did not log in"
        assert b"with ESMTPSA" in message, "it logged in without TLS"


def test_a_refusal_behind_the_relay_comes_back(out: Outgoing, smarthost: Smarthost, sender: Account) -> None:
    """The relay took it, so it is the relay that bounces: to us, as any other mail."""
    out.submit(sender, [f"nobody-here@{OTHER_DOMAIN}"])
    wait_for_messages(out.server, sender, 1)
    with imap(out.server, sender) as client:
        (bounce,) = imap_messages(client).values()
    assert bounce.startswith(b"Return-Path: <>\r\n") and f"nobody-here@{OTHER_DOMAIN}".encode() in bounce


TLS_BY_CASE: dict[str, tuple[Script, bool]] = {
    "missing": ({}, False),
    "refused": ({"STARTTLS": say("454 4.7.0 not now")}, True),
    "injected": ({"STARTTLS": begin_tls("250-scripted.test", "250 AUTH PLAIN LOGIN")}, True),
}


@pytest.mark.parametrize("case", TLS_BY_CASE)
def test_no_password_and_no_mail_without_tls(out: Outgoing, sender: Account, tmp_path: Path, case: str) -> None:
    """A route that requires TLS, and a host that will not have it: what is secret is not said."""
    script, is_offered = TLS_BY_CASE[case]
    make_certificate(tmp_path, "scripted.test")
    domain = f"{case}-tls.test"
    with ScriptedHost(out.address(), out.port, script, ["PIPELINING", "8BITMIME", "AUTH PLAIN LOGIN"],
                      tmp_path if is_offered else None) as host:
        out.add_route(f"{case}-tls", domain, host.address, USER, PASSWORD)
        out.submit(sender, [f"bob@{domain}"])
        out.wait(lambda: f"bob@{domain}" in out.put_off(), "it waits")
        assert host.session_count and not host.lines("AUTH") and not host.lines("MAIL")
        assert not out.bounces(sender)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_each_way_to_log_in(out: Outgoing, sender: Account, tmp_path: Path, mechanism: str) -> None:
    make_certificate(tmp_path, "scripted.test")
    domain = f"{mechanism.lower()}.test"
    with ScriptedHost(out.address(), out.port, {}, ["8BITMIME", f"AUTH {mechanism}"], tmp_path) as host:
        out.add_route(mechanism, domain, host.address, USER, PASSWORD)
        out.submit(sender, [f"bob@{domain}"], plain("by login"))
        out.wait(lambda: host.transactions, "it was sent")
    assert host.lines("AUTH") and all(said.is_tls for said in host.said if said.line.startswith("AUTH"))
    assert below_trace(host.transactions[0].content) == plain("by login")


def test_a_wrong_password_costs_nobody_his_mail(out: Outgoing, sender: Account, tmp_path: Path) -> None:
    make_certificate(tmp_path, "scripted.test")
    script = {"AUTH": say("535 5.7.8 wrong")}
    with ScriptedHost(out.address(), out.port, script, ["8BITMIME", "AUTH PLAIN"], tmp_path) as host:
        out.add_route("wrong", "wrong-password.test", host.address, USER, "not it")
        out.submit(sender, ["bob@wrong-password.test"])
        out.wait(lambda: "bob@wrong-password.test" in out.put_off(), "it waits")
        assert host.lines("AUTH") and not host.transactions and not out.bounces(sender)
        host.rewrite({})
        out.retry_all()
        out.wait(lambda: host.transactions, "it was sent once the password was right")
