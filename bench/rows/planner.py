"""What the next message of outreach costs the store role, with few and with many contacts, campaigns and mailboxes.

bench/planner_bench.c runs the office as the server does; the remote role is played, and says at once that a message
was sent. Each pair of figures differs in one thing. Steps are those of SQLite's machine: they do not depend on what
else the computer does, processor time does.
"""

from __future__ import annotations

import json
import statistics
import subprocess

from row import OURS, ROOT, Bench, Figure, Row, Target

FEW, MANY = 1000, 1_000_000
CAMPAIGNS, MAILBOXES = 1000, 100
MESSAGES = 400
RATIO_MAX = 1.2
BASE = "with few"

Values = dict[str, float]


def flat() -> Target:
    """The peer's column is the same program with few of them."""
    return Target(f"at most {RATIO_MAX:g}x", lambda values: values[OURS] <= RATIO_MAX * values[BASE])


def measure(bench: Bench, contacts: int, campaigns: int = 1, mailboxes: int = 1) -> Values:
    program = ROOT / "build" / "release" / "bench" / "planner_bench"
    words = [str(program), *map(str, (contacts, campaigns, mailboxes, MESSAGES)), str(bench.folder)]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def middle(runs: list[Values], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def planner(bench: Bench) -> list[Figure]:
    subprocess.run(["ninja", "-C", str(ROOT / "build" / "release"), "bench/planner_bench"], check=True,
                   stdout=subprocess.DEVNULL)
    many = max(FEW, bench.count(MANY))
    # Enough people for every campaign and mailbox to have some of their own.
    people = 20 * FEW
    cases = {
        f"{many:,} contacts, against {FEW:,}": ((FEW,), (many,)),
        f"{CAMPAIGNS:,} campaigns, against 1": ((people,), (people, CAMPAIGNS)),
        f"{MAILBOXES} mailboxes, against 1": ((people,), (people, 1, MAILBOXES)),
    }
    figures = []
    for title, (few, large) in cases.items():
        small = [measure(bench, *few) for _ in range(bench.rounds)]
        big = [measure(bench, *large) for _ in range(bench.rounds if large[0] <= people else 1)]
        for what, words in (("steps", "steps of SQLite's machine"), ("cpu_us", "processor time, us")):
            values = {BASE: middle(small, what), OURS: middle(big, what)}
            figures.append(Figure(f"{title}: {words} a message", values, 0, flat()))
    return figures


ROWS = (Row("planner", "the next message of outreach", planner),)
