"""A fresh personal message beside a queue that is full of bulk mail, half of it for a domain that cannot be reached,
the rest for a thousand domains that take it meanwhile: when does it leave? Posthaste alone."""

from __future__ import annotations

import shutil
import smtplib
import statistics
import subprocess
import time
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from peer import free_port
from relay_servers import OurRelay, ours
from relay_sink import Sink
from relay_watch import Watch
from relay_zone import LIVE_ADDRESS, WATCHED_ADDRESS, served_zones
from row import OURS, ROOT, Bench, Figure, Row, Target, Values
from server import children

QUEUED = 100_000
LIVE_DOMAINS = 1000
WATCHED_DOMAINS = 10
FRESH = 200
PAUSE_SECONDS = 0.02
ARRIVAL_SECONDS_MAX = 60


def fill(server: OurRelay, messages: int) -> None:
    """Through the store's own engine, which knows no SMTP; its files become the store role's."""
    owner = (server.data / "store.db").stat()
    subprocess.run(["ninja", "-C", str(ROOT / "build" / "release"), "bench/queue_fill"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([str(ROOT / "build/release/bench/queue_fill"), str(server.data), str(messages),
                    str(LIVE_DOMAINS)], check=True, stdout=subprocess.DEVNULL)
    for path in [*server.data.glob("store.db*"), *(server.data / "body").iterdir()]:
        shutil.chown(path, owner.st_uid, owner.st_gid)


def store_rss_mib(server: OurRelay) -> float:
    for pid in children(server.root_pids()[0]):
        if b"store" in Path(f"/proc/{pid}/cmdline").read_bytes():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
    return float("nan")


def send_fresh(server: OurRelay, watch: Watch, count: int) -> list[float]:
    """Milliseconds from each 250 until the message was at its host."""
    delays = []
    with smtplib.SMTP("127.0.0.1", server.ports.smtp) as client:
        for number in range(count):
            message = EmailMessage()
            name, domain = f"fresh-{number}", f"w{number % WATCHED_DOMAINS}.watched.test"
            message["From"], message["To"], message["Subject"] = "me@bench.test", f"{name}@{domain}", f"fresh {number}"
            message.set_content("A few words to a person.\n" * 20)
            client.send_message(message)
            accepted = time.monotonic()
            delays.append((watch.wait_for(name, ARRIVAL_SECONDS_MAX) - accepted) * 1000)
            time.sleep(PAUSE_SECONDS)
    return delays


def await_recipient(server: OurRelay) -> None:
    """Until a recipient is taken: only the store knows whether."""
    with smtplib.SMTP("127.0.0.1", server.ports.smtp) as client:
        client.ehlo()
        client.mail("me@bench.test")
        while client.rcpt("somebody@d10.live.test")[0] != 250:
            time.sleep(0.01)


@dataclass
class Full:
    """The server with its queue and the hosts that take it."""

    server: OurRelay
    sink: Sink
    watch: Watch

    def measure(self, fresh: int) -> Values:
        started = time.monotonic()
        self.server.start()
        await_recipient(self.server)
        ready = time.monotonic()
        memory, before = store_rss_mib(self.server), self.sink.count
        delays = sorted(send_fresh(self.server, self.watch, fresh))
        taken = time.monotonic() - ready
        return {"start_ms": (ready - started) * 1000, "memory_mib": memory,
                "memory_later_mib": store_rss_mib(self.server), "median_ms": statistics.median(delays),
                "late_ms": delays[len(delays) * 99 // 100], "left": self.server.queued(),
                "bulk_per_second": (self.sink.count - before) / taken}


def full_queue(bench: Bench) -> Values:
    bench.started += 1
    folder = bench.folder / f"relay-queue-{bench.started}"
    folder.mkdir()
    port = free_port([LIVE_ADDRESS, WATCHED_ADDRESS])
    zone, sink, watch = served_zones(folder / "zone"), Sink(LIVE_ADDRESS, port), Watch(WATCHED_ADDRESS, port)
    server = ours(folder, zone.port, port)
    server.prepare()
    # Whose the files are is settled at the first start.
    server.start()
    server.stop()
    try:
        fill(server, bench.count(QUEUED))
        return Full(server, sink, watch).measure(FRESH)
    finally:
        for host in (watch, sink, zone):
            host.stop()
        server.stop()


def below(limit: float) -> Target:
    return Target(f"below {limit:g}", lambda values: values[OURS] < limit)


def measure_queue(bench: Bench) -> list[Figure]:
    if bench.peer_only:
        return []
    values = full_queue(bench)

    def figure(what: str, name: str, target: Target | None = None) -> Figure:
        return Figure(what, {OURS: values[name]}, 1, target)

    return [figure("from 250 to its host, median, ms", "median_ms", below(100)),
            figure("the same, 99 of 100, ms", "late_ms"),
            figure("start until RCPT is taken, ms", "start_ms"),
            figure("store role at first, MiB", "memory_mib"),
            figure("store role later, MiB", "memory_later_mib"),
            figure("bulk relayed meanwhile/s", "bulk_per_second"),
            figure("in the queue afterwards", "left")]


ROWS = (Row("relay-queue", f"a fresh message beside {QUEUED} queued ones (--scale 10: the million)", measure_queue),)
