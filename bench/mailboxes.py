#!/usr/bin/python3
"""Measures IMAP and POP3 commands beside Dovecot's Maildir and mdbox, all in one run.

Each row is one command, or many of one kind, on a mailbox that holds the same different messages
everywhere; bench/README.md says what each is. Before a row is measured every server ran it once, so
Dovecot's caches are warm. By hand: bench/mailboxes.py --messages 10000, or --growth for the row of
mailboxes from 1,000 to 1,000,000 messages, ours alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dovecot import Dovecot
from measure import Measured, cpu_seconds
from server import Server

ROOT = Path(__file__).resolve().parent.parent
FORMS = ("maildir", "mdbox")
USER = "carol"
PASSWORD = "bench pass"
MESSAGE_BYTES = 4000
FILL_AT_ONCE = 100
FILL_CONNECTIONS = 4
APPENDS = 1000
LOGINS = 400
RETRIEVED_MAX = 10_000
NUMBERS_AT_ONCE = 2000
GROWTH_MESSAGES = (1_000, 10_000, 100_000, 1_000_000)
GROWTH_BYTES = 600
GROWTH_DELIVERIES = 2000


@dataclass(frozen=True)
class Row:
    """What is measured: milliseconds, where less is better, or so many a second. `targets`: how many times better
    than each format it must be. `warms`: it is run once before, unmeasured."""

    name: str
    title: str
    is_rate: bool
    run: Callable[[Measured, int], float]
    targets: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FORMS, 1.0))
    warms: bool = True


def build(program: str, *libraries: str) -> None:
    target = ROOT / "build" / "bench" / program
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", *libraries, "-o",
                    str(target), str(ROOT / "bench" / f"{program}.c")], check=True)


def load(what: str, server: Measured, *arguments: object, protocol: str = "imap") -> Any:
    """One run of mailbox_load; what it printed."""
    program = ROOT / "build" / "bench" / "mailbox_load"
    done = subprocess.run([str(program), what, str(getattr(server.ports, protocol)), f"{USER}@{server.domain}",
                           PASSWORD, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def commands_ms(server: Measured, rounds: int, *commands: str) -> list[list[float]]:
    """The times of each command in a selected INBOX."""
    return [command["ms"] for command in load("commands", server, "INBOX", rounds, *commands)]


def fill(server: Measured, messages: int, size: int = MESSAGE_BYTES, seed: int = 1) -> None:
    load("append", server, "INBOX", FILL_CONNECTIONS, messages, size, seed, FILL_AT_ONCE)


def select(server: Measured, messages: int) -> float:
    del messages
    return statistics.median(load("commands", server, "-", 21, "SELECT INBOX")[0]["ms"])


def fetch(items: str, rounds: int = 5) -> Callable[[Measured, int], float]:
    return lambda server, _: statistics.median(commands_ms(server, rounds, f"FETCH 1:* ({items})")[0])


def fetch_each(server: Measured, messages: int) -> float:
    """Messages a second, each asked for by a command of its own."""
    count = min(messages, 1000)
    return count * 1000 / sum(commands_ms(server, count, "FETCH # (BODY.PEEK[])")[0])


def store(server: Measured, messages: int) -> float:
    del messages
    adding, removing = commands_ms(server, 3, r"STORE 1:* +FLAGS (\Flagged)", r"STORE 1:* -FLAGS (\Flagged)")
    return statistics.median(adding + removing)


def append(connections: int) -> Callable[[Measured, int], float]:
    def run(server: Measured, messages: int) -> float:
        del messages
        return APPENDS / load("append", server, "INBOX", connections, APPENDS, MESSAGE_BYTES, 7, 1)["seconds"]
    return run


def login(server: Measured, messages: int) -> float:
    del messages
    done = load("login", server, 1, LOGINS)
    return done["cycles"] / done["seconds"]


def retrieve(server: Measured, messages: int) -> float:
    count = min(messages, RETRIEVED_MAX)
    return count / load("retr", server, count, protocol="pop3")["seconds"]


def expunge_half(server: Measured, messages: int) -> float:
    """Every second message goes; the time of EXPUNGE alone."""
    numbers = [str(number) for number in range(1, messages + 1, 2)]
    stores = [f"STORE {','.join(numbers[at:at + NUMBERS_AT_ONCE])} +FLAGS.SILENT (\\Deleted)"
              for at in range(0, len(numbers), NUMBERS_AT_ONCE)]
    return commands_ms(server, 1, *stores, "EXPUNGE")[-1][0]


def expunge_rest(server: Measured, messages: int) -> float:
    del messages
    return commands_ms(server, 1, r"STORE 1:* +FLAGS.SILENT (\Deleted)", "EXPUNGE")[-1][0]


# In this order: what empties the mailbox is last. Targets are shares of what Dovecot's formats do; without any
# the target is to be ahead of the better of both.
ROWS = (
    Row("select", "SELECT, ms", False, select),
    Row("flags", "FETCH 1:* (FLAGS), ms", False, fetch("FLAGS")),
    Row("envelope", "FETCH 1:* (ENVELOPE), ms", False, fetch("ENVELOPE")),
    Row("body", "FETCH 1:* (BODY.PEEK[]), ms", False, fetch("BODY.PEEK[]", 3)),
    Row("body_each", "FETCH n (BODY.PEEK[]), /s", True, fetch_each),
    Row("retr", "POP3 RETR, /s", True, retrieve),
    Row("login", "connect, LOGIN, LOGOUT, /s", True, login, warms=False),
    Row("store", "STORE 1:* (\\Flagged), ms", False, store, {"maildir": 1.0, "mdbox": 0.5}, warms=False),
    Row("append_1", "APPEND, 1 connection, /s", True, append(1), warms=False),
    Row("append_20", "APPEND, 20 connections, /s", True, append(20), warms=False),
    Row("expunge_half", "EXPUNGE of every second, ms", False, expunge_half, warms=False),
    Row("expunge_rest", "EXPUNGE of the rest, ms", False, expunge_rest, warms=False),
)


def prepare(server: Any) -> None:
    server.prepare()
    server.add_account(f"{USER}@{server.domain}", PASSWORD)


class Houses:
    """The servers that are compared, each with one filled mailbox."""

    def __init__(self, folder: Path) -> None:
        for name in (*FORMS, "posthaste"):
            (folder / name).mkdir()
        self.folder = folder
        self.all: dict[str, Any] = {}

    def fill(self, messages: int) -> None:
        # One after the other: each takes ports that are free when it starts.
        for form in FORMS:
            peer = self.all[form] = Dovecot(self.folder / form, form)
            prepare(peer)
            peer.start(fsync="never")
            fill(peer, messages)
            peer.stop()
            peer.start()
        self.all["posthaste"] = Server(self.folder / "posthaste", domain="bench.test")
        prepare(self.all["posthaste"])
        self.all["posthaste"].start()
        fill(self.all["posthaste"], messages)

    def stop(self) -> None:
        for server in self.all.values():
            server.stop()


def ratio(row: Row, theirs: float, ours: float) -> float:
    """How many times better than theirs."""
    return ours / theirs if row.is_rate else theirs / ours


def verdict(row: Row, figures: dict[str, float]) -> bool:
    return all(ratio(row, figures[form], figures["posthaste"]) > share for form, share in row.targets.items())


def measure_row(row: Row, houses: Houses, messages: int) -> dict[str, float]:
    figures = {}
    for name, server in houses.all.items():
        if row.warms:
            row.run(server, messages)
        figures[name] = row.run(server, messages)
    return figures


def print_row(row: Row, figures: dict[str, float]) -> None:
    ratios = [ratio(row, figures[form], figures["posthaste"]) for form in FORMS]
    print(f"  {row.title:<30}" + "".join(f"{figures[name]:>12.1f}" for name in (*FORMS, "posthaste"))
          + "".join(f"{value:>9.2f}x" for value in ratios)
          + ("" if verdict(row, figures) else "   MISSED"), flush=True)


def measure(houses: Houses, messages: int, rows: tuple[Row, ...] = ROWS) -> dict[str, dict[str, float]]:
    print(f"\none mailbox of {messages} messages of {MESSAGE_BYTES} bytes")
    print(f"  {'':<30}" + "".join(f"{name:>12}" for name in (*FORMS, "posthaste"))
          + "".join(f"{'/' + form:>10}" for form in FORMS))
    figures = {}
    for row in rows:
        figures[row.name] = measure_row(row, houses, messages)
        print_row(row, figures[row.name])
    return figures


def beside_dovecot(folder: Path, messages: int) -> dict[str, dict[str, float]]:
    houses = Houses(folder)
    try:
        houses.fill(messages)
        return measure(houses, messages)
    finally:
        houses.stop()


def growth_step(server: Server, messages: int) -> dict[str, float]:
    """SELECT, and what a delivery into the mailbox costs; they stay in it."""
    program = ROOT / "build" / "bench" / "smtp_load"
    cpu = cpu_seconds(server)
    done = subprocess.run([str(program), str(server.ports.smtp), "20", str(GROWTH_DELIVERIES), str(MESSAGE_BYTES),
                           str(messages), "bench@load.test", f"{USER}@{server.domain}"], stdout=subprocess.PIPE,
                          text=True, check=True)
    cpu = cpu_seconds(server) - cpu
    return {"select_ms": select(server, messages),
            "deliveries_per_second": GROWTH_DELIVERIES / json.loads(done.stdout)["seconds"],
            "delivery_cpu_us": cpu / GROWTH_DELIVERIES * 1e6}


def growth(folder: Path, sizes: tuple[int, ...]) -> dict[int, dict[str, float]]:
    """One mailbox of ours that grows; small messages fill it, ordinary ones are delivered."""
    server = Server(folder, domain="bench.test")
    prepare(server)
    server.start()
    figures = {}
    there = 0
    print(f"\n  {'messages':<12}{'SELECT ms':>12}{'deliveries/s':>14}{'CPU us/delivery':>17}")
    try:
        for size in sizes:
            fill(server, size - there, GROWTH_BYTES, seed=size)
            figures[size] = growth_step(server, size)
            there = size + GROWTH_DELIVERIES
            print(f"  {size:<12}" + "{select_ms:>12.2f}{deliveries_per_second:>14.0f}{delivery_cpu_us:>17.0f}"
                  .format(**figures[size]), flush=True)
    finally:
        server.stop()
    return figures


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--growth", action="store_true", help="the row of growing mailboxes instead")
    parser.add_argument("--sizes", type=int, nargs="+", default=GROWTH_MESSAGES, help="its sizes, ascending")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    os.environ.setdefault("POSTHASTE_BIN", str(ROOT / "build" / "posthaste"))
    build("mailbox_load", "-pthread")
    build("smtp_load")
    with tempfile.TemporaryDirectory(prefix="posthaste-bench-") as folder:
        # Roles and Dovecot's processes run as users of their own, who must get this far.
        Path(folder).chmod(0o755)
        figures = (growth(Path(folder), tuple(options.sizes)) if options.growth
                   else beside_dovecot(Path(folder), options.messages))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
