"""Mail from the first connection until it can be seen over IMAP: rates and CPU time a message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from deliver import Load, deliver
from measure import Measured
from row import Bench, Figure, Row, Target, Values, at_most, by_server, times_theirs

WARM_UP_MESSAGES = 200


@dataclass(frozen=True)
class Delivery:
    """A load of this many messages a round, and what the row is held to."""

    load: Load
    messages: int
    target: Target | None
    cpu_target: Target | None = None

    def measure(self, bench: Bench) -> list[Figure]:
        load = replace(self.load, messages=bench.count(self.messages))
        for server in bench.servers:
            deliver(server, replace(load, messages=min(WARM_UP_MESSAGES, load.messages), seed=999))

        def one_round(server: Measured, number: int) -> Values:
            return deliver(server, replace(load, seed=number)).values()

        results = bench.in_turns(one_round)
        return [Figure("delivered/s", by_server(results, "per_second"), target=self.target),
                Figure("accepted/s", by_server(results, "accepted_per_second")),
                Figure("CPU us/message", by_server(results, "cpu_us"), target=self.cpu_target)]


def row(name: str, title: str, load: Load, messages: int, target: Target | None,
        cpu_target: Target | None = None) -> Row:
    measure: Callable[[Bench], list[Figure]] = Delivery(load, messages, target, cpu_target).measure
    return Row(name, f"{title} ({messages} messages)", measure)


ROWS = (
    row("filler", "4 KB, 20 connections, smtp-source's filler", Load(filler=True), 4000, None),
    row("text", "4 KB, 20 connections, every message different", Load(), 4000, times_theirs(20), at_most(200)),
    row("one", "4 KB, 1 connection", Load(connections=1), 500, times_theirs(3)),
    row("reconnect", "4 KB, 100 connections, a new one for each message", Load(connections=100, reconnect=True),
        3000, times_theirs(15)),
    row("50k", "50 KB, 20 connections", Load(message_bytes=50 * 1024), 1500, times_theirs(10)),
)
