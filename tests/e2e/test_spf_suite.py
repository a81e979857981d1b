"""The public test suite of RFC 7208, where it is present: POSTHASTE_SHARED names the folder of test data."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from spf_worlds import Check, World, run_checks
from world_tool import ROOT

SHARED = Path(os.environ.get("POSTHASTE_SHARED") or ROOT.parent / "shared")
SUITE = SHARED / "data" / "spf" / "rfc7208-tests.yml"
CASES_OF_SUITE = 203
PLAIN = {"A", "AAAA", "PTR", "CNAME"}


def bytes_of(text: Any) -> str:
    """A TXT value, one text or pieces of one: a character for each byte."""
    return "".join(str(piece) for piece in text) if isinstance(text, list) else str(text)


def record_of(name: str, kind: str, value: Any) -> tuple[str, str, str]:
    if kind in PLAIN:
        return name, kind, str(value)
    if kind == "MX":
        return name, "MX", f"{value[0]} {value[1] or '.'}"
    return (name, "TXT", bytes_of(value)) if value != [] else (name, "NOTEXT", "")


def texts_of(name: str, rows: list[tuple[str, Any]]) -> list[tuple[str, str, str]]:
    """Rows of type SPF are served as TXT, unless the name has TXT of its own (or NONE)."""
    kind = "TXT" if any(row_kind == "TXT" for row_kind, _ in rows) else "SPF"
    return [record_of(name, "TXT", value) for row_kind, value in rows if row_kind == kind and value != "NONE"]


def zone_of(zonedata: dict[str, list[Any]]) -> list[tuple[str, str, str]]:
    zone = []
    for name, entries in zonedata.items():
        rows = [(kind, value) for entry in entries if isinstance(entry, dict) for kind, value in entry.items()]
        texts = texts_of(str(name), rows)
        zone += texts + [record_of(str(name), kind, value) for kind, value in rows if kind not in ("TXT", "SPF")]
        # A name that times out still has the records that are told.
        if "TIMEOUT" in entries and not texts:
            zone.append((str(name), "TIMEOUT", ""))
    return zone


def scenarios() -> list[dict[str, Any]]:
    if not SUITE.exists():
        return []
    return [scenario for scenario in yaml.safe_load_all(SUITE.read_text(encoding="utf-8")) if scenario]


@cache
def verdicts() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Each case with what we say, all of them from one run."""
    worlds, cases = [], []
    for scenario in scenarios():
        tests = list(scenario["tests"].items())
        worlds.append(World(zone_of(scenario["zonedata"]),
                            [Check(str(case["host"]), str(case["mailfrom"]), str(case["helo"])) for _, case in tests]))
        cases.append(tests)
    answers = run_checks(worlds)
    return {f"{scenario['description']}: {name}": (case, verdict)
            for scenario, tests, answer in zip(scenarios(), cases, answers)
            for (name, case), verdict in zip(tests, answer)}


def names() -> list[str]:
    return [f"{scenario['description']}: {name}" for scenario in scenarios() for name in scenario["tests"]]


@pytest.mark.skipif(not SUITE.exists(), reason=f"{SUITE} is not there")
def test_the_suite_is_whole() -> None:
    assert len(names()) == len(set(names())) == CASES_OF_SUITE


@pytest.mark.parametrize("name", names() or [pytest.param("", marks=pytest.mark.skip(reason=f"{SUITE} is not there"))])
def test_case(name: str) -> None:
    case, verdict = verdicts()[name]
    results = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert verdict["result"] in results, verdict
    if "explanation" in case:
        expected = "" if case["explanation"] == "DEFAULT" else case["explanation"]
        assert verdict["explanation"] == expected
