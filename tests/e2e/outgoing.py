"""A Posthaste whose mail leaves: for hosts on loopback that a name server of the test's own names.

All hosts listen on one port (outbound.port), each on an address of its own.
"""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from mail import imap, imap_messages, send, smtp
from messages import plain
from peer import free_port, until
from scripted_host import ScriptedHost
from server import Account, Server, run
from zones import Zones

# The fixtures `host` and `domain` (tests/conftest.py).
Hosts = Callable[..., ScriptedHost]
Domains = Callable[..., ScriptedHost]
SECONDS_MAX = 120
# The first pause is 48 seconds at least (transit/backoff.h); what is due sooner was not tried yet.
SOON_SECONDS = 30
# Peers and scripted hosts have 127.0.0.2 to 127.0.0.254; mail comes from 127.0.0.1.
ADDRESSES = tuple(f"127.0.0.{number}" for number in range(2, 255))
TRACE_OF_A_PEER = re.compile(rb"\A(?:(?:Return-Path|X-Original-To|Delivered-To|Envelope-To|Delivery-Date|Received|"
                             rb"DKIM-Signature):[^\n]*\n(?:[ \t][^\n]*\n)*)*", re.IGNORECASE)
SETTINGS = """
dns.servers = {server}
dns.trust_anchors = none
outbound.port = {port}
outbound.allow_private = yes
outbound.account_recipients_per_hour = 0
outbound.account_recipients_per_day = 0
"""


@dataclass(frozen=True)
class Bounce:
    """A report to a sender, as Python's email package reads it."""

    raw: bytes
    message: EmailMessage

    @property
    def words(self) -> str:
        """What it says to a person."""
        return next(part for part in self.message.walk() if part.get_content_type() == "text/plain").get_content()

    @property
    def recipients(self) -> list[dict[str, str]]:
        """The fields of each recipient in its message/delivery-status."""
        (status,) = [part for part in self.message.walk() if part.get_content_type() == "message/delivery-status"]
        return [{name.lower(): str(value) for name, value in fields.items()}
                for fields in status.get_payload()[1:] if fields.items()]


class Outgoing:
    """The server, the name server, and the addresses that are still free for hosts."""

    def __init__(self, folder: Path, server: Server, zones: type[Zones] = Zones) -> None:
        (folder / "zones").mkdir()
        self.server = server
        self.zones = zones(folder / "zones")
        self.addresses = iter(ADDRESSES)
        self.port = free_port(list(ADDRESSES))
        self.configure(server)

    def configure(self, server: Server, more: str = "") -> None:
        """Before that server is started."""
        with (server.data / "posthaste.conf").open("a") as file:
            file.write(SETTINGS.format(server=self.zones.server, port=self.port) + more)

    def address(self) -> str:
        return next(self.addresses)

    def submit(self, account: Account, recipients: list[str], message: bytes | None = None,
               subject: str = "A message") -> float:
        """Hands a message in as a mail program would; returns when it was taken (monotonic)."""
        with smtp(self.server, "submission", account=account) as client:
            send(client, account.address, recipients, message or plain(subject))
        return time.monotonic()

    def queue(self) -> list[dict[str, Any]]:
        """Every message that waits or is held, one of its recipients with each."""
        found: list[dict[str, Any]] = []
        answer: dict[str, Any] = {"more_after": ""}
        while (after := answer["more_after"]) is not None:
            answer = self.server.listing("queue", "list", "messages", *([f"after={after}"] if after else []))
            found += answer["queued"]
        return [entry for entry in found if entry["waiting"] or entry["held"]]

    def put_off(self) -> list[str]:
        """Recipients that were tried, and that wait for a later attempt; a message's first."""
        return sorted(entry["to"] for entry in self.queue()
                      if entry["waiting"] and entry["next_ms"] - entry["accepted_ms"] > SOON_SECONDS * 1000)

    def id_of(self, recipient: str) -> str:
        """The message that waits for this recipient."""
        return next(entry["id"] for entry in self.queue() if entry["to"] == recipient)

    def retry_all(self) -> None:
        """An attempt at everything that waits, now."""
        done = run("queue", "retry", "all", "--data", self.server.data)
        assert done.returncode == 0 or "is nothing that waits in the queue" in done.stderr, done

    def add_route(self, name: str, domain: str, address: str, user: str, password: str) -> None:
        """Mail to the domain goes to that address by TLS, with a login."""
        self.server.command("route", "add", name, "--host", f"{address}:{self.port}", "--for-recipient", domain,
                            "--tls", "required", "--user", user, "--password-stdin", text=password + "\n")

    def bounces(self, account: Account) -> list[Bounce]:
        with imap(self.server, account) as client:
            found = imap_messages(client).values()
        return [Bounce(raw, email.message_from_bytes(raw, policy=email.policy.default)) for raw in found
                if b"multipart/report" in raw]

    def wait_for_bounces(self, account: Account, count: int = 1) -> list[Bounce]:
        self.wait(lambda: len(self.bounces(account)) >= count, f"{count} bounces for {account.address}")
        return self.bounces(account)

    def wait(self, is_so: Callable[[], bool], what: str, seconds_max: float = SECONDS_MAX) -> None:
        until(is_so, seconds_max, lambda: f"not so: {what}\n{self.server.log_text()[-4000:]}")


def below_trace(received: bytes) -> bytes:
    """A message as it was sent: without what servers on its way, ours with its signatures, put in front."""
    return received[TRACE_OF_A_PEER.match(received).end():]
