"""The servers that relay: they take mail for anybody from loopback, keep it until it is durable, and pass
it on to LIVE_ADDRESS (bench/relay_zone.py). Each with `name`, `ports.smtp`, start(), stop(), root_pids() and
`queued()`, how many messages have not left, as its own tools count them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import peer_postfix
from peer import Peer, free_port
from relay_zone import LIVE_ADDRESS
from server import Server

DOMAIN = "live.test"
# Enough processes on both its ends. Its other limits are Debian's: 20 sessions to one destination.
POSTFIX_SETTINGS = "default_process_limit = 200"


@dataclass(frozen=True)
class SmtpPort:
    smtp: int


class OurRelay(Server):
    """`zone_port`: of the name server; `sink_port`: where hosts take mail."""

    def __init__(self, folder: Path, zone_port: int, sink_port: int) -> None:
        super().__init__(folder)
        self.settings = (f"relay.networks = 127.0.0.0/8\noutbound.port = {sink_port}\n"
                         f"outbound.allow_private = yes\ndns.servers = 127.0.0.1@{zone_port}\n")

    def prepare(self) -> None:
        super().prepare()
        with (self.data / "posthaste.conf").open("a") as configuration:
            configuration.write(self.settings)

    def queued(self) -> int:
        """Recipients; each message has one here."""
        status = self.listing("status")
        return int(status["queue_waiting"]) + int(status["queue_held"])


class PeerRelay:
    """A mail server of the tests, on 127.0.0.1."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
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
        return sum(1 for place in self.places() for file in place.rglob("*") if file.is_file())

    def places(self) -> list[Path]:
        return [self.peer.folder / "queue" / name for name in ("incoming", "active", "deferred")]


def place_of(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir()
    return place


def ours(folder: Path, zone_port: int, sink_port: int) -> OurRelay:
    return OurRelay(place_of(folder, "ours"), zone_port, sink_port)


def postfix(folder: Path, sink_port: int) -> PeerRelay:
    return PeerRelay(peer_postfix.Postfix(place_of(folder, "postfix"), "127.0.0.1", free_port(["127.0.0.1"]),
                                          "relay.test", {DOMAIN: (LIVE_ADDRESS, sink_port)}, POSTFIX_SETTINGS))
