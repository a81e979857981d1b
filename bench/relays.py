"""Servers that relay side by side into one sink, for the rows about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deliver import Load, send_text_to
from measure import Flushes, cpu_seconds
from peer import free_port
from relay_servers import DOMAIN
from relay_sink import Sink
from relay_zone import LIVE_ADDRESS, served_zones
from row import Bench, Values

WARM_UP_MESSAGES = 200
SECONDS_MAX = 120
SETTLE_SECONDS_MAX = 30
# Prepares one server after the other, in a folder, with the ports of the name server and of the sink: the next looks
# for a port when the one before, which is started meanwhile, has its own.
Maker = Callable[[Path, int, int], Iterator[Any]]


@dataclass
class Relays:
    servers: list[Any]
    sink: Sink

    def warm_up(self) -> None:
        for server in self.servers:
            self.relay(server, Load(messages=WARM_UP_MESSAGES, seed=999))

    def rounds(self, count: int, messages: int) -> dict[str, list[Values]]:
        """What came of each round of each server, in turns."""
        runs: dict[str, list[Values]] = {server.name: [] for server in self.servers}
        for number in range(1, count + 1):
            for server in self.servers:
                runs[server.name].append(self.relay(server, Load(messages=messages, seed=number)))
        return runs

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


@contextmanager
def relaying(bench: Bench, name: str, make: Maker) -> Iterator[Relays]:
    bench.started += 1
    folder = bench.folder / f"{name}-{bench.started}"
    folder.mkdir()
    sink_port = free_port([LIVE_ADDRESS])
    zone, sink, started = served_zones(folder / "zone"), Sink(LIVE_ADDRESS, sink_port), []
    try:
        for server in make(folder, zone.port, sink_port):
            server.start()
            started.append(server)
        yield Relays(started, sink)
    finally:
        for server in started:
            server.stop()
        sink.stop()
        zone.stop()
