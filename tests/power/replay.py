"""Calls the replay (main.c) on the log of a recording."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from server import ROOT, program

BUILT = ROOT / "build" / "release" / "tests" / "power"
LIBRARY = BUILT / "power_recorder.so"
PROGRAM = BUILT / "posthaste_power"
# Images are many and short-lived: in memory where there is room for it.
MEMORY = Path("/dev/shm")


@dataclass
class Replay:
    """Of the log at `log`; failing images are kept in `kept`."""

    log: Path
    kept: Path
    jobs: int = len(os.sched_getaffinity(0))

    def command(self, work: str, *more: object) -> list[str]:
        return [str(PROGRAM), "--log", str(self.log), "--keep", str(self.kept), "--work", work,
                "--program", str(program()), "--jobs", str(self.jobs), *map(str, more)]

    def run(self, *more: object, is_quiet: bool = True) -> subprocess.CompletedProcess[str]:
        place = MEMORY if os.access(MEMORY, os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="posthaste-power-", dir=place) as work:
            return subprocess.run(self.command(work, *more), text=True, check=False,
                                  stdout=subprocess.PIPE if is_quiet else None,
                                  stderr=subprocess.STDOUT if is_quiet else None)
