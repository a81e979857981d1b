"""The servers that relay: they take mail for anybody from loopback, keep it until it is durable, and pass
it on to LIVE_ADDRESS (bench/relay_zone.py). Each with `name`, `ports.smtp`, start(), stop(), root_pids() and
`queued()`, how many messages have not left, as its own tools count them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import peer_exim
import peer_opensmtpd
import peer_postfix
from peer import Peer, free_port
from peer_unpacked import UNPACKED
from relay_zone import LIVE_ADDRESS
from server import Server

DOMAIN = "live.test"
# Enough processes on both its ends. Its other limits are Debian's: 20 sessions to one destination.
POSTFIX_SETTINGS = "default_process_limit = 200"
# By default it takes 100 messages a connection, and passes a hundred on, a pause before the next connection: 17/s.
OPENSMTPD_SETTINGS = "\n".join(["smtp limit max-mails 100000", "mta limit session-transaction-delay 0",
                                "mta limit session-mail-max 100000",
                                *(f"mta limit max-conn-per-{what} 20" for what in ("host", "connector", "domain")),
                                *(f"mta limit conn-delay-{what} 0"
                                  for what in ("host", "relay", "connector", "domain", "source"))])


@dataclass(frozen=True)
class SmtpPort:
    smtp: int


class OurRelay(Server):
    """`zone_port`: of the name server; `sink_port`: where hosts take mail."""

    share = 1.0

    def __init__(self, folder: Path, zone_port: int, sink_port: int) -> None:
        super().__init__(folder)
        self.settings = (f"relay.networks = 127.0.0.0/8\noutbound.port = {sink_port}\n"
                         f"outbound.allow_private = yes\ndns.servers = 127.0.0.1@{zone_port}\n"
                         "dns.trust_anchors = none\n")

    def prepare(self) -> None:
        super().prepare()
        with (self.data / "posthaste.conf").open("a") as configuration:
            configuration.write(self.settings)

    def queued(self) -> int:
        """Recipients; each message has one here."""
        status = self.listing("status")
        return int(status["queue_waiting"]) + int(status["queue_held"])


class PeerRelay:
    """A mail server of the tests, on 127.0.0.1; `queue`: the folders in which a message is while it waits;
    `share`: of a row's messages, so that a slow one keeps nobody waiting."""

    def __init__(self, peer: Peer, queue: list[Path], share: float = 1) -> None:
        self.peer = peer
        self.queue = queue
        self.share = share
        self.name = peer.name
        self.domain = peer.domain
        self.ports = SmtpPort(peer.port)

    def prepare(self) -> None:
        self.peer.prepare()

    def start(self) -> None:
        self.peer.start()

    def stop(self) -> None:
        self.peer.stop()

    def root_pids(self) -> list[int]:
        return [self.peer.process.pid] if self.peer.process else []

    def queued(self) -> int:
        """Files of messages in its queue, whatever is done with them."""
        return sum(1 for place in self.queue for _, _, files in os.walk(place) for _ in files)


def place_of(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir()
    return place


def ours(folder: Path, zone_port: int, sink_port: int) -> OurRelay:
    return OurRelay(place_of(folder, "ours"), zone_port, sink_port)


def postfix(folder: Path, sink_port: int) -> PeerRelay:
    place = place_of(folder, "postfix")
    peer = peer_postfix.Postfix(place, "127.0.0.1", free_port(["127.0.0.1"]), "relay.test",
                                {DOMAIN: (LIVE_ADDRESS, sink_port)}, POSTFIX_SETTINGS)
    return PeerRelay(peer, [place / "queue" / name for name in ("incoming", "active", "deferred")])


def exim(folder: Path, sink_port: int) -> PeerRelay:
    peer = peer_exim.Exim(place_of(folder, "exim"), "127.0.0.1", free_port(["127.0.0.1"]), "relay.test",
                          {DOMAIN: (LIVE_ADDRESS, sink_port)})
    return PeerRelay(peer, [peer.root / "var" / "spool" / "exim4" / "input"])


def opensmtpd(folder: Path, sink_port: int) -> PeerRelay:
    peer = peer_opensmtpd.OpenSmtpd(place_of(folder, "opensmtpd"), "127.0.0.1", free_port(["127.0.0.1"]),
                                    "relay.test", {DOMAIN: (LIVE_ADDRESS, sink_port)}, OPENSMTPD_SETTINGS)
    queue = [peer.root / "var" / "spool" / "smtpd" / name for name in ("queue", "incoming")]
    return PeerRelay(peer, queue, share=0.25)


def is_unpacked() -> bool:
    """Exim and OpenSMTPD are there (scripts/unpack-packages.sh build/peers)."""
    return UNPACKED.exists()
