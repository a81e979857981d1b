"""What a row of the benchmark is: something measured on each server, with the target it is held to.

A row stands in its own file in bench/rows/ with those of its family; the file's `ROWS` lists them,
and that is all it takes to add one: `run.py --list` shows it. A row's `measure` gets the Bench (the
servers that run, the options) and gives back its Figures.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Measured
from peers import Peers
from server import Server

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = "bench.test"
USERS = ["alice", "bob"]
PASSWORD = "bench pass"
OURS = Server.name

Values = dict[str, float]


@dataclass(frozen=True)
class Target:
    """What a figure is held to: in words, and as a test of all servers' values."""

    words: str
    holds: Callable[[Values], bool]


def others(values: Values) -> list[float]:
    return [value for name, value in values.items() if name != OURS]


def times_theirs(factor: float) -> Target:
    """Ours is at least `factor` times the best of the others; where more is better."""
    return Target(f"at least {factor:g}x", lambda values: values[OURS] >= factor * max(others(values)))


def share_of_theirs(factor: float) -> Target:
    """Ours is at most `factor` times the best of the others; where less is better."""
    return Target(f"at most {factor:g}x", lambda values: values[OURS] <= factor * min(others(values)))


def at_most(limit: float) -> Target:
    return Target(f"at most {limit:g}", lambda values: values[OURS] <= limit)


@dataclass
class Figure:
    """One line: a value for each server by its name, how many decimals it deserves, its target."""

    what: str
    values: Values
    decimals: int = 0
    target: Target | None = None

    def holds(self) -> bool | None:
        """None: there is no target, or not all that it compares was measured."""
        if not self.target or OURS not in self.values or len(self.values) < 2:
            return None
        return self.target.holds(self.values)


@dataclass(frozen=True)
class Row:
    """`name` is what the command line calls it. `measure` may take minutes, but keep it under one."""

    name: str
    title: str
    measure: Callable[[Bench], list[Figure]]


@dataclass
class Bench:
    """What rows measure on. The servers are started when the first row asks for them."""

    folder: Path
    peer_only: bool = False
    scale: float = 1.0
    rounds: int = 3
    running: list[Any] = field(default_factory=list)
    started: int = 0

    def count(self, messages: int) -> int:
        """So many messages, connections or rounds of something, times --scale."""
        return max(1, round(messages * self.scale))

    @property
    def servers(self) -> list[Any]:
        """Postfix + Dovecot and Posthaste, with the accounts USERS."""
        if not self.running:
            for kind in (Peers,) if self.peer_only else (Peers, Server):
                self.running.append(self.prepare(kind))
                self.running[-1].start()
        return self.running

    def prepare(self, kind: Callable[..., Any]) -> Any:
        """A server of this kind in a folder of its own, with the accounts, not started."""
        self.started += 1
        folder = self.folder / f"{kind.__name__.lower()}-{self.started}"
        folder.mkdir()
        server = kind(folder, domain=DOMAIN)
        server.prepare()
        for user in USERS:
            server.add_account(f"{user}@{DOMAIN}", PASSWORD)
        return server

    @contextmanager
    def started_alone(self, kind: Callable[..., Any]) -> Iterator[Any]:
        """A server for one row only, for instance one that is filled or set up in another way."""
        server = self.prepare(kind)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def stop(self) -> None:
        while self.running:
            self.running.pop().stop()

    def in_turns(self, measure: Callable[[Measured, int], Values]) -> dict[str, Values]:
        """The medians of `rounds` measurements of each server (given with the round's number). The servers
        take turns, so that a slow minute of the machine meets all."""
        runs: dict[str, list[Values]] = {server.name: [] for server in self.servers}
        for number in range(1, self.rounds + 1):
            for server in self.servers:
                runs[server.name].append(measure(server, number))
        return {name: {what: statistics.median(run[what] for run in of_server) for what in of_server[0]}
                for name, of_server in runs.items()}


def by_server(results: dict[str, Values], what: str) -> Values:
    """One measured thing of `in_turns` as a Figure wants it."""
    return {name: values[what] for name, values in results.items()}


def compiled(name: str, *libraries: str) -> Path:
    """A load generator of bench/, built when its source is newer; `libraries` as the linker takes them: -lssl."""
    source, target = ROOT / "bench" / f"{name}.c", ROOT / "build" / "bench" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra",
                        "-Werror", "-o", str(target), str(source), *libraries], check=True)
    return target
