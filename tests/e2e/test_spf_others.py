"""SPF as python3-spf sees it: the same verdicts on records and senders made at random, in the same DNS.

Where the two differ, DIFFERENCES says why, and why ours is what RFC 7208 says; any other difference fails.
POSTHASTE_SPF_WORLDS makes more than `make test` does.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import spf

from spf_random import Maker
from spf_worlds import Check, World, run_checks

SEED = 7208
WORLDS = int(os.environ.get("POSTHASTE_SPF_WORLDS") or 60)
CHECKS_A_WORLD = 12
DEFAULT_EXPLANATION = spf.EXPLANATIONS["fail"]
CNAMES_MAX = 8


class OtherDns:
    """A world's zone, answering as python3-spf asks: [((name, type), value), ...]."""

    def __init__(self, zone: list[tuple[str, str, str]]) -> None:
        self.rows: dict[str, list[tuple[str, str]]] = {}
        for name, kind, text in zone:
            self.rows.setdefault(name.lower(), []).append((kind, text))

    @staticmethod
    def value(kind: str, text: str) -> Any:
        if kind == "TXT":
            return [text.encode("latin-1")]
        if kind == "MX":
            preference, exchange = text.split()
            return int(preference), exchange
        return text

    def lookup(self, name: str, kind: str, _strict: Any = True, _timeout: float = 20) -> list[tuple[Any, Any]]:
        answers: list[tuple[Any, Any]] = []
        for _ in range(CNAMES_MAX):
            rows = self.rows.get(name.lower().rstrip("."), [])
            if any(row_kind == "SERVFAIL" for row_kind, _ in rows):
                break
            aliases = [text for row_kind, text in rows if row_kind == "CNAME"]
            if not aliases:
                return answers + [((name, kind), self.value(kind, text)) for row_kind, text in rows if row_kind == kind]
            answers.append(((name, "CNAME"), aliases[0]))
            name = aliases[0]
        raise spf.TempError(f"DNS: no answer about {name}")


def ask_other(world: World, check: Check) -> tuple[str, str, str]:
    """The other's result, explanation and, for its errors, why."""
    query = spf.query(i=check.ip, s=check.sender, h=check.helo, strict=True)
    try:
        result, _, explanation = query.check()
    except Exception as error:  # noqa: BLE001 whatever it stumbles over
        return "crash", "", repr(error)
    return result, "" if explanation == DEFAULT_EXPLANATION else explanation, getattr(query, "prob", "") or ""


class Case:
    """One check, with what both say of it."""

    def __init__(self, world: World, check: Check, ours: dict[str, Any]) -> None:
        self.world, self.check = world, check
        self.ours = str(ours["result"])
        self.our_reason = str(ours["reason"])
        self.our_explanation = str(ours["explanation"])
        self.other, self.other_explanation, self.other_reason = ask_other(world, check)

    def is_same(self) -> bool:
        return self.ours == self.other and self.our_explanation == self.other_explanation

    def __str__(self) -> str:
        records = "\n".join(f"    {name} {kind} {text!a}" for name, kind, text in self.world.zone)
        return (f"{self.check}\n  ours:  {self.ours} {self.our_explanation!a} ({self.our_reason})\n"
                f"  other: {self.other} {self.other_explanation!a} ({self.other_reason})\n{records}")

    def some_record_has(self, *words: str) -> bool:
        return any(kind == "TXT" and text.lower().startswith("v=spf1") and any(word in text.lower() for word in words)
                   for _, kind, text in self.world.zone)

    def asks_for_names(self) -> bool:
        """A ptr, or a %{p}, somewhere."""
        return self.some_record_has(" ptr", "+ptr", "-ptr", "~ptr", "?ptr", "%{p")
