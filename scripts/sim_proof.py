#!/usr/bin/python3
"""Proves the simulator: each planted fault must be found within SEEDS seeds (`make sim-proof`).

Builds build/planted, where mistakes can be switched on one at a time (src/base/planted.h), and runs
the simulation with each. Prints a table: the fault, the seed that found it, its scenario, and the
invariant (tests/sim/invariant.h) that did not hold. The exit status is 0 when all were found.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "planted"
SEEDS = os.environ.get("SEEDS", "1000")
JOBS = os.environ.get("JOBS", str(len(os.sched_getaffinity(0))))
FAULTS = ("early-acknowledgement", "late-commit", "new-id-at-retry", "no-body-sync", "no-database-sync", "uids-anew",
          "lost-wake", "lost-news", "same-modseq", "untold-expunge", "held-by-the-dead", "lost-is-delivered",
          "delivered-once-more", "sent-unsigned", "answer-unheard", "doubt-is-unsent",
          "pace-forgotten", "look-left-out", "lost-is-unsent", "absence-is-proof")
FOUND = re.compile(r"^FAILED (?P<scenario>\w+) seed (?P<seed>\d+): (?P<invariant>[\w -]+)", re.MULTILINE)


def build() -> None:
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(BUILD), "--buildtype=release", "-Dplanted_faults=true"],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(BUILD), "tests/sim/posthaste_sim"], check=True, stdout=subprocess.DEVNULL)


def find(fault: str) -> bool:
    command = [str(BUILD / "tests" / "sim" / "posthaste_sim"), "--plant", fault, "--seeds", SEEDS,
               "--jobs", JOBS]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found = FOUND.search(done.stdout)
    if done.returncode or not found:
        print(f"{fault:24} NOT FOUND", flush=True)
        return False
    print(f"{fault:24} {found['seed']:>6}  {found['scenario']:8} {found['invariant']}", flush=True)
    return True


def main() -> int:
    build()
    print(f"{'planted fault':24} {'seed':>6}  {'scenario':8} does not hold")
    missed = [fault for fault in FAULTS if not find(fault)]
    print(f"{len(FAULTS) - len(missed)} of {len(FAULTS)} planted faults found within {SEEDS} seeds")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
