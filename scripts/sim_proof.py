#!/usr/bin/python3
"""Proves the simulator: each planted fault must be found within SEEDS seeds (`make sim-proof`).

Builds build/planted, where mistakes can be switched on one at a time (src/base/planted.h), and runs
the simulation with each. The exit status is 0 when all were found.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "planted"
SEEDS = os.environ.get("SEEDS", "1000")
JOBS = os.environ.get("JOBS", str(len(os.sched_getaffinity(0))))
FAULTS = ("early-acknowledgement", "late-commit", "new-id-at-retry", "no-body-sync", "no-database-sync", "uids-anew",
          "lost-wake", "lost-news", "same-modseq", "untold-expunge")


def build() -> None:
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(BUILD), "--buildtype=release", "-Dplanted_faults=true"],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(BUILD), "tests/sim/posthaste_sim"], check=True, stdout=subprocess.DEVNULL)


def find(fault: str) -> bool:
    command = [str(BUILD / "tests" / "sim" / "posthaste_sim"), "--plant", fault, "--seeds", SEEDS,
               "--jobs", JOBS]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    print(f"{'found' if done.returncode == 0 else 'NOT FOUND'} {fault}: {' '.join(found)}", flush=True)
    return done.returncode == 0


def main() -> int:
    build()
    missed = [fault for fault in FAULTS if not find(fault)]
    print(f"{len(FAULTS) - len(missed)} of {len(FAULTS)} planted faults found within {SEEDS} seeds")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
