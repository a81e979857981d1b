"""The address book: importing 1,000,000 contacts beside the same file read by SQLite itself.

The other side is Python's csv and sqlite3 (the same SQLite) in one process: rows into a table with a unique index
on the address, `INSERT OR IGNORE`, a commit for every 1,000 rows, WAL and a sync for each commit as ours, and nothing
else: no normalising, no suppression, no journal, no undo. Ours runs without a server: the command, and its child
that is the store.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from row import OURS, Bench, Figure, Row, at_most
from server import Server, program

CONTACTS = 1_000_000
BATCH = 1000
DOMAINS = 50_000
SECONDS_MAX = 120
MEMORY_MIB_MAX = 256
PEER = "SQLite alone"
LAWFUL = ("--source", "bench", "--basis", "consent")


@dataclass
class Watched:
    """What it took: time, processor time of all its processes, and the most memory that each of them had."""

    seconds: float
    cpu_seconds: float
    mib: list[float]


def peak_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def watch(pid: int, peaks: dict[int, int]) -> None:
    """Until the process has ended."""
    try:
        while True:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for each in (pid, *map(int, children)):
                peaks[each] = max(peaks.get(each, 0), peak_kib(each))
            time.sleep(0.05)
    except (FileNotFoundError, ProcessLookupError):
        pass


def children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def watched(start: Callable[[], subprocess.Popen[bytes]]) -> Watched:
    peaks: dict[int, int] = {}
    cpu_before = children_cpu()
    began = time.monotonic()
    process = start()
    watcher = threading.Thread(target=watch, args=(process.pid, peaks))
    watcher.start()
    status = process.wait()
    seconds = time.monotonic() - began
    watcher.join()
    assert status == 0, "the import failed"
    return Watched(seconds, children_cpu() - cpu_before, sorted(peak / 1024 for peak in peaks.values()))


def write_list(path: Path, count: int) -> None:
    """Addresses in no order, so that every index is met everywhere."""
    chance = random.Random(1)
    numbers = list(range(count))
    chance.shuffle(numbers)
    with path.open("w") as file:
        file.write("Email,First Name,Last Name,Company,Country,City\n")
        for number in numbers:
            country = chance.choice(("DE", "US", "France", "Polska", "Spain"))
            file.write(f"user.{number}@company{number % DOMAINS}.example,First{number % 997},Last{number},"
                       f"Company {number % DOMAINS} Ltd,{country},City {number % 300}\n")


def read_by_sqlite(path: Path, database: Path) -> Watched:
    began, cpu_before = time.monotonic(), time.process_time()
    db = sqlite3.connect(database, isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "CREATE TABLE contact (address TEXT UNIQUE, a TEXT, b TEXT, c TEXT, d TEXT, e TEXT)")
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        while batch := list(islice(rows, BATCH)):
            db.execute("BEGIN")
            db.executemany("INSERT OR IGNORE INTO contact VALUES (?, ?, ?, ?, ?, ?)", batch)
            db.execute("COMMIT")
    db.close()
    return Watched(time.monotonic() - began, time.process_time() - cpu_before, [])


def import_ours(bench: Bench, path: Path, number: int) -> Watched:
    folder = bench.folder / f"contacts-{number}"
    folder.mkdir()
    folder.chmod(0o755)
    server = Server(folder)
    server.prepare()
    command = [str(program()), "contact", "import", str(path), *LAWFUL, "--data", str(server.data)]
    with open(os.devnull, "wb") as nowhere:
        return watched(lambda: subprocess.Popen(command, stdout=nowhere, stderr=nowhere))


def contacts(bench: Bench) -> list[Figure]:
    path = bench.folder / "contacts.csv"
    count = bench.count(CONTACTS)
    write_list(path, count)
    bench.started += 1
    peer = read_by_sqlite(path, bench.folder / f"contacts-{bench.started}.db")
    if bench.peer_only:
        return [Figure(f"{count:,} contacts: seconds", {PEER: peer.seconds}, 1)]
    ours = import_ours(bench, path, bench.started)
    return [Figure(f"{count:,} contacts: seconds", {PEER: peer.seconds, OURS: ours.seconds}, 1, at_most(SECONDS_MAX)),
            Figure("CPU seconds of it", {PEER: peer.cpu_seconds, OURS: ours.cpu_seconds}, 1),
            Figure("contacts/s", {PEER: count / peer.seconds, OURS: count / ours.seconds}),
            Figure("peak memory, command, MiB", {PEER: float("nan"), OURS: ours.mib[-1]}, 0, at_most(MEMORY_MIB_MAX)),
            Figure("peak memory, store, MiB", {PEER: float("nan"), OURS: ours.mib[0]}, 0, at_most(MEMORY_MIB_MAX))]


ROWS = (Row("contacts", f"importing {CONTACTS:,} contacts", contacts),)
