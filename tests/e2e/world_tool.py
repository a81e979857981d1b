"""Programs of tests/support that do many things over DNS of the simulated world, in one go (world_tool.h there)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEBUG = Path(os.environ.get("POSTHASTE_BIN") or ROOT / "build/debug/posthaste").absolute().parent
SECONDS_MAX = 600


def run_worlds(name: str, worlds: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """What the program of that name made of each task ("tasks") of each world, whose DNS is its "zone"."""
    done = subprocess.run([DEBUG / "tests" / name], input=json.dumps(worlds).encode(), capture_output=True,
                          timeout=SECONDS_MAX)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode(errors="replace")[-4000:]
    answers: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return answers
