"""SPF checks by the hundred: tests/support/tool_spf.c runs them over DNS of the simulated world, in one go."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEBUG = Path(os.environ.get("POSTHASTE_BIN") or ROOT / "build/debug/posthaste").absolute().parent
TOOL = DEBUG / "tests" / "tool_spf"


@dataclass
class Check:
    """One question."""

    ip: str
    sender: str
    helo: str


@dataclass
class World:
    """What DNS knows, (name, type, text) with a character for each byte, and what is asked of it."""

    zone: list[tuple[str, str, str]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def description(self) -> dict[str, Any]:
        return {"zone": self.zone,
                "checks": [{"ip": check.ip, "from": check.sender, "helo": check.helo} for check in self.checks]}


def run_checks(worlds: list[World]) -> list[list[dict[str, Any]]]:
    """A list of verdicts for each world, in the order of its checks."""
    question = json.dumps([world.description() for world in worlds])
    done = subprocess.run([TOOL], input=question.encode(), capture_output=True, timeout=600)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode(errors="replace")[-4000:]
    answers: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return answers
