"""Mail for others: accepted, durable, and relayed to smtp-sink, beside Postfix."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deliver import Load
from relay_servers import exim, is_unpacked, opensmtpd, ours, postfix
from relays import relaying
from row import OURS, Bench, Figure, Row, Target, at_most, by_server

MESSAGES = 4000


def made(bench: Bench, folder: Path, zone_port: int, sink_port: int) -> Iterator[Any]:
    others = [postfix, exim, opensmtpd] if is_unpacked() else [postfix]
    for make in others:
        server = make(folder, sink_port)
        server.prepare()
        yield server
    if not bench.peer_only:
        server = ours(folder, zone_port, sink_port)
        server.prepare()
        yield server


def beside_postfix(factor: float) -> Target:
    return Target(f"at least {factor:g}x Postfix", lambda values: values[OURS] >= factor * values["Postfix"])


def measure_relay(bench: Bench) -> list[Figure]:
    messages = bench.count(MESSAGES)
    with relaying(bench, "relay", lambda *places: made(bench, *places)) as relays:
        relays.warm_up()
        runs = relays.rounds(bench.rounds, messages)
        flushes = {server.name: relays.flushes(server, Load(messages=messages, seed=997))
                   for server in relays.servers}
    results = {name: {what: statistics.median(run[what] for run in rounds) for what in rounds[0]}
               for name, rounds in runs.items()}
    return [Figure("relayed/s", by_server(results, "per_second"), target=beside_postfix(6)),
            Figure("accepted/s", by_server(results, "accepted_per_second")),
            Figure("CPU us/message", by_server(results, "cpu_us"), target=at_most(350)),
            Figure("flushes a message", flushes, 2)]


ROWS = (Row("relay", f"4 KB, 20 connections, relayed to one host ({MESSAGES} messages)", measure_relay),)
