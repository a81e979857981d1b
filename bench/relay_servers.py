"""The servers that relay: they take mail for anybody from loopback, keep it until it is durable, and pass
it on to LIVE_ADDRESS (bench/relay_zone.py). Each with `name`, `ports.smtp`, start(), stop(), root_pids() and
`queued()`, how many messages have not left, as its own tools count them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import peer_postfix
from peer import Peer, answers, free_port
from relay_zone import LIVE_ADDRESS
from row import ROOT
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
        root = self.peer.folder
        return [root / "queue" / name for name in ("incoming", "active", "deferred")] + [
            root / "root/var/spool/exim4/input", root / "root/var/spool/smtpd/queue"]


def postfix(folder: Path, sink_port: int) -> PeerRelay:
    return PeerRelay(peer_postfix.Postfix(folder, "127.0.0.1", free_port(["127.0.0.1"]), "relay.test",
                                          {DOMAIN: (LIVE_ADDRESS, sink_port)}, POSTFIX_SETTINGS))


def unpacked(folder: Path, sink_port: int) -> list[PeerRelay]:
    """Exim and OpenSMTPD, where scripts/unpack-packages.sh laid them out."""
    if not (ROOT / "build" / "peers" / "usr").exists():
        return []
    from peer_exim import Exim
    from peer_opensmtpd import OpenSmtpd

    found = []
    for kind in (Exim, OpenSmtpd):
        place = folder / kind.name.lower()
        place.mkdir()
        found.append(PeerRelay(kind(place, "127.0.0.1", free_port(["127.0.0.1"]), "relay.test",
                                    {DOMAIN: (LIVE_ADDRESS, sink_port)})))
    return found
