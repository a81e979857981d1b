#!/usr/bin/python3
"""Power loss (`make power`): records runs of the release binary and looks at what a power cut may leave of them.

First a short run: every image of every prefix. Then a longer one, whose write-ahead log begins anew and whose store is
killed: a sample of its images over the whole of it (all of them are hours: --images 0). The logs stay in
build/power/short and build/power/long, and failing images in build/power/failed-short and -long, so that a place that
failed can be looked at again: `scripts/power.py --run short --seed S --at RECORD --mixture NAME` replays the same
log. All other arguments are the replay's (tests/power/README.md); with --at, and with --again, nothing is recorded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("POSTHASTE_BIN", str(ROOT / "build" / "posthaste"))
sys.path[:0] = [str(ROOT / "tests" / "power"), str(ROOT / "tests" / "e2e")]

from recording import LONG, SHORT, Length, record  # noqa: E402
from replay import LIBRARY, Replay  # noqa: E402

FOLDER = ROOT / "build" / "power"
RUNS = {"short": SHORT, "long": LONG}
PROGRAM_EVERY = "100"


def record_anew(replay: Replay, length: Length) -> bool:
    """Records, and compares what the log says with what the run left: whether they are the same."""
    with tempfile.TemporaryDirectory(prefix="posthaste-power-") as name:
        folder = Path(name)
        record(folder, LIBRARY, length)
        shutil.copy(folder / "log", replay.log)
        print(f"power: a log of {replay.log.stat().st_size >> 20} MiB in {replay.log}", flush=True)
        return replay.run("--compare", folder / "root" / "data", is_quiet=False).returncode == 0


def look(name: str, options: argparse.Namespace, more: list[str]) -> bool:
    """Whether nothing was wrong in the images of that run."""
    replay = Replay(FOLDER / name, FOLDER / f"failed-{name}")
    shutil.rmtree(replay.kept, ignore_errors=True)
    if not options.again and not options.at and not record_anew(replay, RUNS[name]):
        print("power: the log does not hold all that happened")
        return False
    if options.at:
        more = [*more, "--at", options.at]
    elif name == "long":
        more = [*more, "--images", options.images]
    return replay.run("--program-every", PROGRAM_EVERY, *more, is_quiet=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", choices=sorted(RUNS), help="one of the runs alone")
    parser.add_argument("--again", action="store_true", help="over the logs that are there")
    parser.add_argument("--images", default="2000", help="of the long run; 0: all")
    parser.add_argument("--at", help="one image: the record before which the power goes")
    options, more = parser.parse_known_args()
    if options.at and not options.run:
        parser.error("--at needs --run short or --run long: a record is one of that log")
    FOLDER.mkdir(parents=True, exist_ok=True)
    good = [look(name, options, more) for name in ([options.run] if options.run else ["short", "long"])]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
