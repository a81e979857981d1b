"""From the 250 that ends DATA to the announcement in another session's IDLE, one message at a time.

A server that announces before it answers shows a negative delay."""

from __future__ import annotations

import statistics

from deliver import announce_delays_ms
from row import Bench, Figure, Row

ANNOUNCEMENTS = 50


def measure(bench: Bench) -> list[Figure]:
    delays = {server.name: sorted(announce_delays_ms(server, bench.count(ANNOUNCEMENTS)))
              for server in bench.servers}
    return [Figure("median ms", {name: statistics.median(of_server) for name, of_server in delays.items()}, 1),
            Figure("95 % within ms", {name: of_server[len(of_server) * 95 // 100]
                                      for name, of_server in delays.items()}, 1),
            Figure("longest ms", {name: of_server[-1] for name, of_server in delays.items()}, 1)]


ROWS = (Row("announce", f"from 250 to EXISTS in another session's IDLE ({ANNOUNCEMENTS} messages)", measure),)
