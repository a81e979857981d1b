"""The public ARC validation suite, where it is present: POSTHASTE_SHARED names the folder of test data."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import yaml

from dkim_worlds import SHARED, World, crlf, run_worlds

SUITE = SHARED / "arc" / "arc-draft-validation-tests.yml"
CASES_OF_SUITE = 171
# Behind every signature's t=, within every x=.
NOW = 1_600_000_000


def scenarios() -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(SUITE.read_text(encoding="utf-8")) if one] if SUITE.exists() else []


def names() -> list[str]:
    return [f"{scenario['description']}: {name}" for scenario in scenarios() for name in scenario["tests"]]


def expected(case: dict[str, Any]) -> str:
    """RFC 8617 5.2, step 2: a last seal of cv=fail, for which the suite says nothing, is a chain that failed."""
    return str(case["cv"] or "fail").lower()


@cache
def verdicts() -> dict[str, tuple[str, dict[str, Any]]]:
    """Each case: what is expected and what we say, all of them from one run."""
    worlds = []
    for scenario in scenarios():
        world = World({name: str(text) for name, text in scenario["txt-records"].items()})
        for case in scenario["tests"].values():
            world.check(crlf(str(case["message"]).encode("latin-1")), "arc", NOW)
        worlds.append(world)
    return {f"{scenario['description']}: {name}": (expected(case), verdict)
            for scenario, answers in zip(scenarios(), run_worlds(worlds))
            for (name, case), verdict in zip(scenario["tests"].items(), answers)}


@pytest.mark.skipif(not SUITE.exists(), reason=f"{SUITE} is not there")
def test_the_suite_is_whole() -> None:
    assert len(names()) == len(set(names())) == CASES_OF_SUITE


@pytest.mark.parametrize("name", names() or [pytest.param("", marks=pytest.mark.skip(reason=f"{SUITE} is not there"))])
def test_case(name: str) -> None:
    wanted, verdict = verdicts()[name]
    assert verdict["result"] == wanted, verdict
