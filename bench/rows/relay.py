"""Mail for others: accepted, durable, and relayed to smtp-sink, beside Postfix."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deliver import Load, send_text_to
from measure import Flushes, cpu_seconds
from peer import free_port
from relay_servers import DOMAIN, exim, is_unpacked, opensmtpd, ours, postfix
from relay_sink import Sink
from relay_zone import LIVE_ADDRESS, served_zones
from row import OURS, Bench, Figure, Row, Target, Values, at_most, by_server

MESSAGES = 4000
WARM_UP_MESSAGES = 200
SECONDS_MAX = 120
SETTLE_SECONDS_MAX = 30


@dataclass
class Relays:
    servers: list[Any]
    sink: Sink

    def relay(self, server: Any, load: Load) -> Values:
        """From the first connection until the last message is at the sink, and its end is recorded."""
        load = replace(load, messages=round(load.messages * server.share))
        before, cpu_before = self.sink.count, cpu_seconds(server)
        sent = send_text_to(server, load, [f"someone@{DOMAIN}", f"another@{DOMAIN}"])
        relayed = self.sink.wait_for(before + load.messages, SECONDS_MAX)
        wait_until_recorded(server)
        cpu = cpu_seconds(server) - cpu_before
        return {"per_second": load.messages / (relayed - sent.started),
                "accepted_per_second": load.messages / (sent.ended - sent.started),
                "cpu_us": cpu / load.messages * 1e6}

    def flushes(self, server: Any, load: Load) -> float:
        with Flushes(server) as flushes:
            self.relay(server, load)
        return flushes.count / (load.messages * server.share)


def wait_until_recorded(server: Any) -> None:
    """None may be left in the queue, and nothing may have come twice: the next round would count it."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while server.queued():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{server.name}: {server.queued()} messages are in the queue after all were relayed")
        time.sleep(0.2)


def made(folder: Path, bench: Bench, zone_port: int, sink_port: int) -> Iterator[Any]:
    """One after the other, not started: the next looks for a port when the one before has its own."""
    yield postfix(folder, sink_port)
    if is_unpacked():
        yield exim(folder, sink_port)
        yield opensmtpd(folder, sink_port)
    if not bench.peer_only:
        yield ours(folder, zone_port, sink_port)


@contextmanager
def running(bench: Bench) -> Iterator[Relays]:
    bench.started += 1
    folder = bench.folder / f"relay-{bench.started}"
    folder.mkdir()
    sink_port = free_port([LIVE_ADDRESS])
    zone, sink, started = served_zones(folder / "zone"), Sink(LIVE_ADDRESS, sink_port), []
    try:
        for server in made(folder, bench, zone.port, sink_port):
            server.prepare()
            server.start()
            started.append(server)
        yield Relays(started, sink)
    finally:
        for server in started:
            server.stop()
        sink.stop()
        zone.stop()


def beside_postfix(factor: float) -> Target:
    return Target(f"at least {factor:g}x Postfix", lambda values: values[OURS] >= factor * values["Postfix"])


def measure_relay(bench: Bench) -> list[Figure]:
    load = Load(messages=bench.count(MESSAGES))
    with running(bench) as relays:
        for server in relays.servers:
            relays.relay(server, Load(messages=WARM_UP_MESSAGES, seed=999))
        runs: dict[str, list[Values]] = {server.name: [] for server in relays.servers}
        for number in range(1, bench.rounds + 1):
            for server in relays.servers:
                runs[server.name].append(relays.relay(server, Load(messages=load.messages, seed=number)))
        flushes = {server.name: relays.flushes(server, Load(messages=load.messages, seed=997))
                   for server in relays.servers}
    results = {name: {what: statistics.median(run[what] for run in rounds) for what in rounds[0]}
               for name, rounds in runs.items()}
    return [Figure("relayed/s", by_server(results, "per_second"), target=beside_postfix(6)),
            Figure("accepted/s", by_server(results, "accepted_per_second")),
            Figure("CPU us/message", by_server(results, "cpu_us"), target=at_most(350)),
            Figure("flushes a message", flushes, 2)]


ROWS = (Row("relay", f"4 KB, 20 connections, relayed to one host ({MESSAGES} messages)", measure_relay),)
