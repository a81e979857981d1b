"""Signing (DKIM): the lanes alone beside `openssl speed`, and what a signed message costs beyond its RSA signature.

The same mail is relayed twice by one server: as mail from outside to a relay domain, which is not signed, and as
mail from a network that may send, whose domain is ours. The difference is what signing costs: hashing, composing,
questions between roles, Ed25519, 1 KB more to send.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

from relay_servers import DOMAIN, OurRelay, place_of
from relays import relaying
from row import OURS, ROOT, Bench, Figure, Row, Target, at_most

MESSAGES = 3000
SECONDS = 3
SHARE = 0.8
ELSE_US_MAX = 250
SENDER_DOMAIN = "load.test"
RSA = "openssl speed"


def raw_rate(threads: int) -> float:
    """RSA-2048 signatures a second of so many processes."""
    done = subprocess.run(["openssl", "speed", "-multi", str(threads), "-seconds", str(SECONDS), "rsa2048"],
                          capture_output=True, text=True, check=True)
    return float(re.search(r"rsa 2048 bits\s+\S+\s+\S+\s+(\S+)", done.stdout).group(1))


def raw_cpu_us() -> float:
    """The processor time of one; openssl counts that, where one process measures."""
    done = subprocess.run(["openssl", "speed", "-seconds", str(SECONDS), "rsa2048"], capture_output=True, text=True,
                          check=True)
    return 1e6 / float(re.search(r"rsa 2048 bits\s+\S+\s+\S+\s+(\S+)", done.stdout).group(1))


def lanes() -> dict[str, float]:
    subprocess.run(["ninja", "-C", str(ROOT / "build" / "release"), "bench/sign_bench"], check=True,
                   stdout=subprocess.DEVNULL)
    done = subprocess.run([str(ROOT / "build/release/bench/sign_bench"), str(SECONDS)], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout)


def relay_of(folder: Path, zone_port: int, sink_port: int, is_signed: bool) -> OurRelay:
    server = OurRelay(place_of(folder, "signed" if is_signed else "unsigned"), zone_port, sink_port)
    server.name = "signed" if is_signed else "unsigned"
    if not is_signed:
        server.settings = server.settings.replace("relay.networks = 127.0.0.0/8\n", "")
    return server


def both(folder: Path, zone_port: int, sink_port: int) -> Iterator[OurRelay]:
    for is_signed in (False, True):
        server = relay_of(folder, zone_port, sink_port, is_signed)
        server.prepare()
        server.command("domain", "add", *([SENDER_DOMAIN] if is_signed else [DOMAIN, "--relay"]))
        yield server


def relayed(bench: Bench) -> dict[str, float]:
    """CPU us/message of each, the median of the rounds."""
    with relaying(bench, "sign", both) as relays:
        relays.warm_up()
        runs = relays.rounds(bench.rounds, bench.count(MESSAGES))
    return {name: statistics.median(one["cpu_us"] for one in rounds) for name, rounds in runs.items()}


def measure_sign(bench: Bench) -> list[Figure]:
    if bench.peer_only:
        return []
    turns: list[tuple[dict[str, float], float]] = []
    for _ in range(bench.rounds):
        turns.append((lanes(), raw_rate(os.cpu_count() or 1)))
    rate = statistics.median(turn[0]["rsa_per_second"] for turn in turns)
    raw = statistics.median(turn[1] for turn in turns)
    one_us, cost = raw_cpu_us(), relayed(bench)
    rest = cost["signed"] - cost["unsigned"] - one_us
    share = Target(f"at least {SHARE:g}x", lambda values: values[OURS] >= SHARE * values[RSA])
    both_rate = statistics.median(turn[0]["both_per_second"] for turn in turns)
    return [Figure("RSA-2048 signatures/s, lanes alone", {RSA: raw, OURS: rate}, target=share),
            Figure("messages signed by both/s", {OURS: both_rate}),
            Figure("one RSA signature, CPU us", {RSA: one_us}),
            Figure("relayed unsigned, CPU us/message", {OURS: cost["unsigned"]}),
            Figure("relayed signed, CPU us/message", {OURS: cost["signed"]}),
            Figure("signing without RSA, CPU us", {OURS: rest}, target=at_most(ELSE_US_MAX))]


ROWS = (Row("sign", f"signing lanes, and {MESSAGES} messages of 4 KB relayed signed and unsigned", measure_sign),)
