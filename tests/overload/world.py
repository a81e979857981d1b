"""Where an attack happens: a server, honest users on it, and addresses to attack from.

Inside of a network namespace of its own (run.py makes one) strangers have addresses of RFC 2544's range, all of
them on the loopback device; outside of it they are of 127.0.0.0/8, which the server treats as its own machine.
"""

from __future__ import annotations

import smtplib
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import Ledger, Watch, settle
from mail import HOST, imap, receive
from messages import plain
from server import Account, Server

DISK_OPTIONS = "size=160m,nr_inodes=600"
HONEST_PAUSE_SECONDS = 0.05
CLIENT_SECONDS_MAX = 60


@dataclass(frozen=True)
class Scale:
    """How large an attack is."""

    connections: int
    sources: int
    busy: int
    deaf: int
    guesses: int
    guessers: int
    drip_ms: int
    seconds: float
    sessions: int


FULL = Scale(connections=5000, sources=5000, busy=500, deaf=400, guesses=10000, guessers=1000, drip_ms=2000,
             seconds=8, sessions=20)
QUICK = Scale(connections=450, sources=450, busy=20, deaf=20, guesses=60, guessers=30, drip_ms=1000, seconds=1.5,
              sessions=4)


class Honest:
    """Somebody who sends mail at a steady pace, in new connections, and keeps account of it."""

    def __init__(self, server: Server, account: Account) -> None:
        self.server, self.account = server, account
        self.ledger = Ledger()
        self.slowest_seconds = 0.0
        self.lost: Counter[str] = Counter()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self) -> None:
        while not self.stopping.wait(HONEST_PAUSE_SECONDS):
            began = time.monotonic()
            try:
                with smtplib.SMTP(HOST, self.server.ports.smtp, "honest.test", timeout=CLIENT_SECONDS_MAX) as client:
                    greeted = client.ehlo()
                    if greeted[0] == 250:
                        self.ledger.attempt(client, self.account)
                    else:
                        self.ledger.refuse(*greeted)
            except smtplib.SMTPConnectError as refusal:
                self.ledger.refuse(*refusal.args)
            except (OSError, smtplib.SMTPException) as error:
                self.lost[str(error)[:80]] += 1
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)

    def stop(self) -> dict[str, Any]:
        self.stopping.set()
        self.thread.join(2 * CLIENT_SECONDS_MAX)
        assert not self.thread.is_alive(), "the server keeps an honest client waiting without an answer"
        return {"acknowledged": len(self.ledger.acknowledged), "open": len(self.ledger.open),
                "refused": dict(self.ledger.refused), "lost": dict(self.lost),
                "slowest_ms": round(self.slowest_seconds * 1000)}


@dataclass
class World:
    server: Server
    folder: Path
    scale: Scale
    is_isolated: bool
    user: Account = field(init=False)
    box: Account = field(init=False)

    newcomers: list[Account] = field(init=False)

    def __post_init__(self) -> None:
        self.newcomers = [self.server.new_account("new") for _ in range(2)]
        # Whose sessions are measured, and whom the honest sender writes to.
        self.user = self.server.new_account("user")
        self.box = self.server.new_account("box")

    def from_one(self) -> tuple[tuple[str, Any], ...]:
        return (("from", "198.18.0.1" if self.is_isolated else "127.18.0.1"),)

    def from_many(self) -> tuple[tuple[str, Any], ...]:
        return (("from", "198.19.0.1" if self.is_isolated else "127.19.0.1"), ("sources", self.scale.sources))

    def from_home(self, sources: int) -> tuple[tuple[str, Any], ...]:
        """From where a login without TLS is allowed."""
        return (("from", "127.20.0.1"), ("sources", sources))

    @staticmethod
    def mount_small_disk(server: Server) -> None:
        """A file system that an attack can fill, for the data folder and nothing else."""
        server.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", DISK_OPTIONS, "tmpfs", str(server.data)], check=True)

    def login_ms(self, account: Account | None = None) -> float:
        """A user comes, over TLS: until INBOX is open."""
        began = time.monotonic()
        with imap(self.server, account or self.user, security="tls"):
            pass
        return (time.monotonic() - began) * 1000

    def new_user_ms(self) -> float:
        """The same for one who was not seen before."""
        return self.login_ms(self.newcomers.pop())

    def mail_ms(self) -> float:
        """A new honest host brings a message."""
        began = time.monotonic()
        receive(self.server, self.user, plain("from a new host"))
        return (time.monotonic() - began) * 1000

    def settle(self, honest: Honest) -> None:
        settle(self.server, honest.ledger, [Watch(self.box)])
