"""`make run` plays outreach before it waits: what it says is what happens, and its commands do what it says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ports import Ports
from server import ROOT, program

SECONDS_MAX = 120


@pytest.fixture
def demo() -> Iterator[str]:
    """What it said until it waits; it runs as long as the test."""
    with tempfile.TemporaryDirectory(prefix="posthaste-demo-") as place:
        Path(place).chmod(0o755)
        log = Path(place) / "said"
        with log.open("wb") as file:
            running = subprocess.Popen(
                ["scripts/demo.sh"], cwd=ROOT, stdout=file, stderr=file,
                env={**os.environ, "POSTHASTE_BIN": str(program()), "DEMO_FOLDER": f"{place}/demo",
                     "BASE_PORT": str(Ports.free().base)})
        until = time.monotonic() + SECONDS_MAX
        while "outreach why ben" not in log.read_text() and time.monotonic() < until and running.poll() is None:
            time.sleep(0.2)
        try:
            yield log.read_text()
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)


def run_shell(words: str) -> str:
    done = subprocess.run(["bash", "-c", words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_outreach_is_played_and_can_be_asked(demo: str) -> None:
    for line in (r"ben: step 1 sent", r"ben: step 2 sent, same thread",
                 r"cara: replied, follow-up cancelled \(In-Reply-To <\S+>\)",
                 r"dora: out of office, resumes 20\d\d-\d\d-\d\d", r"emil: 5\.1\.1, suppressed",
                 r"40 prospects: the last on "):
        assert re.search(line, demo), (line, demo)
    assert "cara: step 2" not in demo and "dora: step 2" not in demo
    letter = demo[demo.index("  printf 'From: <ben@"):demo.index("outreach why ben")]
    ask = next(line for line in demo.splitlines() if "outreach why ben" in line)
    run_shell(letter[:letter.rindex("\n")])
    assert "replied" in run_shell(ask)
