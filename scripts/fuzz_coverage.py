#!/usr/bin/python3
"""How much of src/wire the fuzz corpora reach (`make fuzz-coverage`).

Builds the fuzz targets that reach the wire with clang's source coverage in build/coverage, replays the seed
corpora (and what `make fuzz` learnt on this machine, with --learnt), and prints the line coverage of
each file and of all. The exit status is 1 below the minimum.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "coverage"
CORPORA = ROOT / "tests" / "fuzz" / "corpus"
LEARNT = ROOT / "build" / "fuzz-corpus"
LINES_MIN_PERCENT = 90
# These reach nothing of the wire that the others do not.
ELSEWHERE = {"channel", "config", "control", "role", "store_ipc", "store_recovery", "unpack", "body_pack", "uid_set",
             "dns_message"}


def build() -> list[Path]:
    """Builds the targets and returns their programs."""
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(BUILD), "-Dc_args=-fprofile-instr-generate -fcoverage-mapping",
                        "-Dc_link_args=-fprofile-instr-generate"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "CC": "clang"})
    listing = subprocess.run(["meson", "introspect", "--targets", str(BUILD)], check=True, capture_output=True)
    programs = [Path(target["filename"][0]) for target in json.loads(listing.stdout)
                if target["type"] == "executable" and target["name"].startswith("fuzz_")
                and target["name"].removeprefix("fuzz_") not in ELSEWHERE]
    subprocess.run(["ninja", "-C", str(BUILD), "--quiet", *(str(p.relative_to(BUILD)) for p in programs)],
                   check=True)
    return programs


def replay(program: Path, corpora: list[Path]) -> Path:
    """Runs each corpus as it is and cut off, without mutations; returns the profile."""
    name = program.name.removeprefix("fuzz_")
    profile = BUILD / f"{name}-%p.profraw"
    for old in BUILD.glob(f"{name}-*.profraw"):
        old.unlink()
    for corpus in corpora:
        if (corpus / name).is_dir():
            subprocess.run([str(program), str(corpus / name), "0"], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "LLVM_PROFILE_FILE": str(profile)})
    return profile


def report(programs: list[Path]) -> list[dict]:
    """llvm-cov's summary of each file of src/wire."""
    merged = BUILD / "all.profdata"
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", str(merged), *map(str, BUILD.glob("*.profraw"))],
                   check=True)
    objects = [argument for program in programs[1:] for argument in ("-object", str(program))]
    export = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}", str(programs[0]),
                             *objects], check=True, capture_output=True)
    files = json.loads(export.stdout)["data"][0]["files"]
    return [file for file in files if "/src/wire/" in file["filename"] and file["filename"].endswith(".c")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learnt", action="store_true", help="also what make fuzz learnt here")
    corpora = [CORPORA, LEARNT] if parser.parse_args().learnt else [CORPORA]
    programs = build()
    for program in programs:
        replay(program, corpora)
    lines = reached = 0
    for file in sorted(report(programs), key=lambda f: f["summary"]["lines"]["percent"]):
        summary = file["summary"]["lines"]
        lines, reached = lines + summary["count"], reached + summary["covered"]
        print(f"{summary['percent']:6.1f} %  {summary['covered']:4} of {summary['count']:4} lines  "
              f"{Path(file['filename']).name}")
    percent = 100 * reached / lines
    print(f"{percent:6.1f} %  {reached} of {lines} lines of src/wire (at least {LINES_MIN_PERCENT} %)")
    return 0 if percent >= LINES_MIN_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
