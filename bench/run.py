#!/usr/bin/python3
"""Measures Posthaste beside Debian's Postfix + Dovecot, both in one run (`make bench`).

bench/README.md says what each figure is. Without names all rows are measured; --list names them,
--peer-only measures the peers alone, --json FILE keeps all figures. Needs root, because Postfix
and Dovecot change users.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from row import OURS, ROOT, Bench, Figure, Row, others
from rows import all_rows
from server import program


def comparison(figure: Figure) -> str:
    """Ours beside the best of the others."""
    if OURS not in figure.values or len(figure.values) < 2:
        return ""
    theirs = max(others(figure.values)) if "/s" in figure.what else min(others(figure.values))
    return f"{figure.values[OURS] / theirs:.2f}x" if theirs > 0 and figure.values[OURS] > 0 else ""


def print_row(row: Row, figures: list[Figure]) -> None:
    print(f"\n{row.name}: {row.title}")
    names = list(figures[0].values)
    print(f"  {'':<30}" + "".join(f"{name:>18}" for name in names) + f"{'ratio':>10}   target")
    for figure in figures:
        verdict = {None: "", True: "  holds", False: "  MISSED"}[figure.holds()]
        print(f"  {figure.what:<30}"
              + "".join(f"{figure.values.get(name, float('nan')):>18,.{figure.decimals}f}" for name in names)
              + f"{comparison(figure):>10}   {figure.target.words if figure.target else ''}{verdict}", flush=True)


def as_json(figure: Figure) -> dict[str, Any]:
    return {"values": figure.values, "target": figure.target.words if figure.target else None, "holds": figure.holds()}


def measure(bench: Bench, rows: list[Row]) -> dict[str, Any]:
    measured: dict[str, Any] = {"rounds": bench.rounds, "scale": bench.scale, "cpus": os.cpu_count(), "rows": {}}
    print(f"{os.cpu_count()} CPUs, median of {bench.rounds} rounds, {bench.scale:g} times the messages named")
    for row in rows:
        started = time.monotonic()
        figures = row.measure(bench)
        print_row(row, figures)
        measured["rows"][row.name] = {"title": row.title, "seconds": round(time.monotonic() - started, 1),
                                      "figures": {figure.what: as_json(figure) for figure in figures}}
    return measured


def chosen(names: list[str]) -> list[Row]:
    rows = {row.name: row for row in all_rows()}
    unknown = [name for name in names if name not in rows]
    if unknown:
        sys.exit(f"bench: no row is called {', '.join(unknown)}; there are {', '.join(rows)}")
    return [rows[name] for name in names or rows]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to measure, all without")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="times as many messages")
    parser.add_argument("--peer-only", action="store_true")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    rows = chosen(options.rows)
    if options.list:
        print("\n".join(f"{row.name:<12}{row.title}" for row in rows))
        return 0
    if os.geteuid() != 0:
        sys.exit("bench: needs root, because Postfix and Dovecot change users")
    os.environ.setdefault("POSTHASTE_BIN", str(ROOT / "build" / "posthaste"))
    if not options.peer_only and not program().exists():
        sys.exit(f"bench: {program()} is not there; run make first")
    with tempfile.TemporaryDirectory(prefix="posthaste-bench-") as folder:
        # The roles run as users of their own, who must get this far.
        Path(folder).chmod(0o755)
        bench = Bench(Path(folder), options.peer_only, options.scale, options.rounds)
        try:
            measured = measure(bench, rows)
        finally:
            bench.stop()
    if options.json:
        options.json.write_text(json.dumps(measured, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
