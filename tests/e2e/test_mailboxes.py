"""Mailboxes that outreach sends from, against a provider that is a real Postfix and Dovecot: adding one tests it
for real, what is wrong is named with what to do, and while it is there it is watched."""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from peer import need_root
from provider import IMAP_OFF_WORDS, PASSWORD, Provider
from server import Server, run

# What the issue promises, for every change of a mailbox's health.
SEEN_SECONDS_MAX = 60


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def outreach_server(roots: list[Path], *lines: str) -> Iterator[Server]:
    """A server that trusts these authorities, asks nobody for names, and looks at mailboxes often."""
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder:
        Path(folder).chmod(0o755)
        server = Server(Path(folder))
        server.prepare()
        (server.data / "tls" / "roots.pem").write_text("".join(root.read_text() for root in roots))
        with (server.data / "posthaste.conf").open("a") as conf:
            conf.write("outbound.trusted_roots = tls/roots.pem\noutbound.allow_private = yes\n"
                       f"outreach.poll_seconds = 1\noutreach.check_seconds = 2\n"
                       f"dns.servers = 127.0.0.1@{closed_port()}\n" + "".join(f"{line}\n" for line in lines))
        server.start()
        try:
            yield server
        finally:
            server.stop()
        assert PASSWORD not in server.log_text()
        assert not server.reports(), server.log_text()[-6000:]


@contextmanager
def running_provider(change: Callable[[Provider], None] = lambda _: None) -> Iterator[Provider]:
    with tempfile.TemporaryDirectory(prefix="posthaste-provider-") as folder:
        provider = Provider(Path(folder))
        provider.prepare()
        change(provider)
        try:
            provider.start()
            yield provider
        finally:
            provider.stop()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    need_root("a provider")
    with running_provider() as started:
        yield started


@pytest.fixture(scope="module")
def outreach(provider: Provider) -> Iterator[Server]:
    with outreach_server([provider.certificate]) as server:
        yield server


def ways(provider: Provider) -> list[str]:
    return ["--smtp", f"localhost:{provider.submissions}", "--imap", f"localhost:{provider.imaps}"]


def add(server: Server, provider: Provider, address: str, *options: str,
        password: str = PASSWORD) -> tuple[int, dict[str, Any]]:
    done = run("outreach", "mailbox", "add", address, *(options or ways(provider)), "--password-stdin", "--json",
               "--data", server.data, text=password + "\n")
    assert done.stdout, done.stderr
    assert password not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def mailbox(server: Server, address: str) -> dict[str, Any]:
    return dict(server.listing("outreach", "mailbox", "show", address)["mailbox"])


def wait_for(server: Server, address: str, state: str, cause: str = "none") -> dict[str, Any]:
    """Until the mailbox is in that state, as its owner would see it."""
    deadline = time.monotonic() + SEEN_SECONDS_MAX
    while True:
        shown = mailbox(server, address)
        if (shown["state"], shown["cause"]) == (state, cause):
            return shown
        assert time.monotonic() < deadline, (shown, server.log_text()[-3000:])
        time.sleep(0.2)


def words_of(answer: dict[str, Any]) -> str:
    return "\n".join(step["text"] for step in answer["steps"])


def test_a_mailbox_that_is_added_is_tested_for_real(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("ann")
    status, answer = add(outreach, provider, address)
    words = words_of(answer)
    assert status == 0 and answer["works"] and answer["saved"], words
    for expected in ("SMTP: logged in at localhost", "IMAP: logged in at localhost", "IDLE", "QRESYNC",
                     'sent mail is "Sent"', 'junk is "Junk"', "a message to itself was taken", 'arrived in "INBOX"',
                     "one is put there by us", "address+tag: arrives"):
        assert expected in words, words
    shown = mailbox(outreach, address)
    assert (shown["state"], shown["kind"], shown["sent_copies"], shown["plus_addressing"]) == \
        ("green", "outside", "ours", True)
    assert shown["imap"]["port"] == provider.imaps and shown["smtp"]["user"] == address
    # The test took its messages away again.
    time.sleep(1)
    assert provider.messages("ann") == [] and provider.messages("ann", "Sent") == []
    listed = outreach.command("outreach", "mailbox", "list")
    assert f"{address}" in listed and "green" in listed and PASSWORD not in listed
