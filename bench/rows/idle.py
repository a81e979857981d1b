"""The memory of IMAP connections that wait: in IDLE, and before login.

A fresh server each, accounts with a few messages in INBOX. A peer with a process a connection gets
fewer of them, which its figure does not depend on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from idle_memory import addresses, connections_possible, fill, kib_a_connection
from peers import Peers
from row import OURS, PASSWORD, Bench, Figure, Row, Target, Values, at_most
from server import Server

CONNECTIONS = 10000
PEER_CONNECTIONS = 80
MESSAGES_AN_ACCOUNT = 10
START_SECONDS = 1


@dataclass(frozen=True)
class Waiting:
    """Connections at one stage (bench/imap_idle.c: greeted, idle, used)."""

    tls: bool
    stage: str
    connections: int = CONNECTIONS
    target: Target | None = None

    def measure(self, bench: Bench) -> list[Figure]:
        results: dict[str, Values] = {}
        for kind in (Peers,) if bench.peer_only else (Peers, Server):
            server = bench.prepare(kind)
            for address in addresses(server):
                server.add_account(address, PASSWORD)
            server.start()
            try:
                results[server.name] = self.measure_server(bench, server)
            finally:
                server.stop()
        return self.figures(results)

    def measure_server(self, bench: Bench, server: Any) -> Values:
        wanted = bench.count(self.connections) if server.name == OURS else PEER_CONNECTIONS
        count = connections_possible(wanted, self.tls)
        if self.stage != "greeted":
            fill(server, MESSAGES_AN_ACCOUNT)
        time.sleep(START_SECONDS)
        return {"connections": count, **kib_a_connection(server, count, self.tls, self.stage)}

    def figures(self, results: dict[str, Values]) -> list[Figure]:
        def of(what: str) -> Values:
            return {name: values[what] for name, values in results.items() if what in values}

        ours = results.get(OURS, {})
        parts = [Figure(f"of it {what}", {OURS: ours[what]}, 1) for what in ours if what.startswith("posthaste: ")]
        return [Figure("KiB of user memory each", of("user"), 1, self.target),
                *([Figure("KiB when all got mail", of("told"), 1, self.target)] if self.stage != "greeted" else []),
                Figure("KiB left when all are gone", of("gone"), 1),
                Figure("KiB of slab, both ends", of("slab"), 1),
                Figure("connections", of("connections")), *parts]


ROWS = (
    Row("idle", "memory of an IMAP connection in IDLE", Waiting(False, "idle", target=at_most(8)).measure),
    Row("idle-tls", "memory of an IMAP connection in IDLE, TLS", Waiting(True, "idle", target=at_most(24)).measure),
    Row("idle-used", "memory of an IMAP connection in IDLE, TLS, when it has fetched all its mail",
        Waiting(True, "used", target=at_most(24)).measure),
    Row("greeted", "memory of an IMAP connection before login", Waiting(False, "greeted", 5000).measure),
    Row("greeted-tls", "memory of an IMAP connection before login, TLS", Waiting(True, "greeted", 5000).measure),
)
