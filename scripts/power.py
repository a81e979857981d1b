#!/usr/bin/python3
"""Power loss (`make power`): records a run of the release binary and looks at every image of every prefix.

The log stays in build/power/log and failing images in build/power/failed, so that a place that failed
can be looked at again: `scripts/power.py --seed S --at RECORD --mixture NAME` replays the same log. All
arguments are the replay's (tests/power/README.md); with --at, and with --again, nothing is recorded.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("POSTHASTE_BIN", str(ROOT / "build" / "posthaste"))
sys.path[:0] = [str(ROOT / "tests" / "power"), str(ROOT / "tests" / "e2e")]

from recording import LONG, record  # noqa: E402
from replay import LIBRARY, Replay  # noqa: E402

FOLDER = ROOT / "build" / "power"
PROGRAM_EVERY = "100"


def record_anew(replay: Replay) -> int:
    """Records, and compares what the log says with what the run left: 0 where they are the same."""
    with tempfile.TemporaryDirectory(prefix="posthaste-power-") as name:
        folder = Path(name)
        record(folder, LIBRARY, LONG)
        shutil.copy(folder / "log", replay.log)
        print(f"power: a log of {replay.log.stat().st_size >> 20} MiB in {replay.log}", flush=True)
        return replay.run("--compare", folder / "root" / "data", is_quiet=False).returncode


def main() -> int:
    arguments = sys.argv[1:]
    shutil.rmtree(FOLDER / "failed", ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    replay = Replay(FOLDER / "log", FOLDER / "failed")
    is_again = "--at" in arguments or "--again" in arguments
    if not is_again and record_anew(replay):
        print("power: the log does not hold all that happened")
        return 1
    more = [word for word in arguments if word != "--again"]
    return replay.run("--program-every", PROGRAM_EVERY, *more, is_quiet=False).returncode


if __name__ == "__main__":
    sys.exit(main())
