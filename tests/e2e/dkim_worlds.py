"""DKIM and ARC by the hundred: tests/support/tool_dkim.c runs tasks over DNS of the simulated world, in one go."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import world_tool
from world_tool import ROOT

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
        return {"zone": [[name, "TXT", text.encode().decode("latin-1")] for name, text in self.texts.items()],
                "tasks": self.tasks}


def run_worlds(worlds: list[World]) -> list[list[dict[str, Any]]]:
    """What came of each task of each world."""
    return world_tool.run_worlds("tool_dkim", [world.description() for world in worlds])


def crlf(message: bytes) -> bytes:
    """Every line break as CRLF."""
    return re.sub(rb"\r?\n", b"\r\n", message)
