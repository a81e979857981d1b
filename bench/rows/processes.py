"""How many processes a server is, nobody connected."""

from __future__ import annotations

from measure import processes
from row import Bench, Figure, Row


def measure(bench: Bench) -> list[Figure]:
    return [Figure("processes", {server.name: processes(server) for server in bench.servers})]


ROWS = (Row("processes", "processes at rest", measure),)
