#!/usr/bin/python3
"""Measures Posthaste beside Debian's Postfix + Dovecot, both in one run (`make bench`).

bench/README.md says what each figure is. --peer-only measures the peer alone; --json FILE keeps
all figures. Needs root, because Postfix and Dovecot change users.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deliver import PASSWORD, USERS, Delivery, Sender, announce_delays_ms, deliver, send_filler, send_text, summary
from measure import Measured, processes
from peers import Peers
from server import Server, program

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS: tuple[tuple[str, str, Sender], ...] = (
    ("filler", "4 KB, smtp-source's filler", send_filler),
    ("text", "4 KB, every message different", send_text),
)
WARM_UP_MESSAGES = 200


def build_load_generator() -> None:
    target = ROOT / "build" / "bench" / "smtp_load"
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(target),
                    str(ROOT / "bench" / "smtp_load.c")], check=True)


def start_servers(folder: Path, peer_only: bool) -> list[Any]:
    folder.chmod(0o755)
    servers: list[Any] = []
    for name, kind in (("peer", Peers), ("posthaste", Server)):
        if kind is Server and peer_only:
            continue
        (folder / name).mkdir()
        server = kind(folder / name, domain="bench.test")
        server.prepare()
        for user in USERS:
            server.add_account(f"{user}@bench.test", PASSWORD)
        servers.append(server)
        server.start()
    return servers


def median_of(runs: list[Delivery]) -> Delivery:
    return Delivery(*(statistics.median(getattr(run, name) for run in runs)
                      for name in ("per_second", "accepted_per_second", "cpu_us")))


def measure_delivery(servers: list[Measured], sender: Sender, messages: int, rounds: int) -> dict[str, Delivery]:
    """The servers take turns, so that a slow minute of the machine meets both."""
    runs: dict[str, list[Delivery]] = {server.name: [] for server in servers}
    for server in servers:
        deliver(server, sender, WARM_UP_MESSAGES, seed=999)
    for round_number in range(1, rounds + 1):
        for server in servers:
            runs[server.name].append(deliver(server, sender, messages, seed=round_number))
    return {name: median_of(list_of_runs) for name, list_of_runs in runs.items()}


def print_delivery(title: str, results: dict[str, Delivery]) -> None:
    print(f"\n{title}")
    print(f"  {'':<18}{'delivered/s':>12}{'accepted/s':>12}{'CPU us/message':>16}")
    for name, result in results.items():
        print(f"  {name:<18}{result.per_second:>12.0f}{result.accepted_per_second:>12.0f}{result.cpu_us:>16.0f}")
    if len(results) == 2:
        peer, ours = results.values()
        print(f"  {'ratio':<18}{ours.per_second / peer.per_second:>11.2f}x"
              f"{ours.accepted_per_second / peer.accepted_per_second:>11.2f}x{ours.cpu_us / peer.cpu_us:>15.2f}x")


def measure(servers: list[Any], messages: int, rounds: int, announcements: int) -> dict[str, Any]:
    figures: dict[str, Any] = {"messages": messages, "rounds": rounds, "cpus": os.cpu_count()}
    print(f"{messages} messages over 20 connections, median of {rounds} rounds, {os.cpu_count()} CPUs")
    for name, title, sender in SCENARIOS:
        results = measure_delivery(servers, sender, messages, rounds)
        print_delivery(title, results)
        figures[name] = {server: vars(result) for server, result in results.items()}
    print("\nfrom 250 to the announcement in another session's IDLE")
    for server in servers:
        delays = announce_delays_ms(server, announcements)
        figures.setdefault("announce_ms", {})[server.name] = delays
        print(f"  {server.name:<18}{summary(delays)}")
    print("\nprocesses at rest: " + ", ".join(f"{server.name} {processes(server)}" for server in servers))
    return figures


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--announcements", type=int, default=50)
    parser.add_argument("--peer-only", action="store_true")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if os.geteuid() != 0:
        print("bench: needs root, because Postfix and Dovecot change users", file=sys.stderr)
        return 1
    os.environ.setdefault("POSTHASTE_BIN", str(ROOT / "build" / "posthaste"))
    if not options.peer_only and not program().exists():
        print(f"bench: {program()} is not there; run make first", file=sys.stderr)
        return 1
    build_load_generator()
    with tempfile.TemporaryDirectory(prefix="posthaste-bench-") as folder:
        # The roles run as users of their own, who must get this far.
        Path(folder).chmod(0o755)
        servers: list[Any] = []
        try:
            servers = start_servers(Path(folder), options.peer_only)
            figures = measure(servers, options.messages, options.rounds, options.announcements)
        finally:
            for server in servers:
                server.stop()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
