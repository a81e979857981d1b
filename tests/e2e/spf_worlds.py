"""SPF checks by the hundred: tests/support/tool_spf.c runs them over DNS of the simulated world, in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from world_tool import run_worlds


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
                "tasks": [{"ip": check.ip, "from": check.sender, "helo": check.helo} for check in self.checks]}


def run_checks(worlds: list[World]) -> list[list[dict[str, Any]]]:
    """A list of verdicts for each world, in the order of its checks."""
    return run_worlds("tool_spf", [world.description() for world in worlds])
