"""DKIM and ARC by the hundred: tests/support/tool_dkim.c runs tasks over DNS of the simulated world, in one go."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEBUG = Path(os.environ.get("POSTHASTE_BIN") or ROOT / "build/debug/posthaste").absolute().parent
TOOL = DEBUG / "tests" / "tool_dkim"
SHARED = Path(os.environ.get("POSTHASTE_SHARED") or ROOT.parent / "shared") / "data"
NOW = 1_790_000_000


@dataclass
class World:
    """Names and their TXT records, and what is to be done."""

    texts: dict[str, str] = field(default_factory=dict)
    tasks: list[dict[str, Any]] = field(default_factory=list)

    def check(self, message: bytes, kind: str = "dkim", now: int = NOW) -> None:
        self.tasks.append({"do": kind, "message": base64.b64encode(message).decode(), "now": now})

    def sign(self, message: bytes, **words: Any) -> None:
        """algorithm, key (PEM), domain, selector, and forms; or with results and status, a seal."""
        kind = "seal" if "status" in words else "sign"
        self.tasks.append({"do": kind, "message": base64.b64encode(message).decode(), "now": NOW - 60, **words})

    def description(self) -> dict[str, Any]:
        return {"zone": [[name, "TXT", text] for name, text in self.texts.items()], "tasks": self.tasks}


def run_worlds(worlds: list[World]) -> list[list[dict[str, Any]]]:
    """What came of each task of each world."""
    question = json.dumps([world.description() for world in worlds])
    done = subprocess.run([TOOL], input=question.encode(), capture_output=True, timeout=600)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode(errors="replace")[-4000:]
    answers: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return answers


def crlf(message: bytes) -> bytes:
    """Every line break as CRLF."""
    return re.sub(rb"\r?\n", b"\r\n", message)
