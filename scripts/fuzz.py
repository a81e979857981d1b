#!/usr/bin/python3
"""Runs every fuzz target under libFuzzer for an equal share of the given minutes.

Builds them with clang in build/fuzz. What a run learns stays in build/fuzz-corpus/NAME and the
next run starts from it. A crash is kept as build/fuzz-crashes/NAME-*, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "fuzz"
CRASHES = ROOT / "build" / "fuzz-crashes"
CHECKS = "address,undefined"
INPUT_SECONDS_MAX = 10
INPUT_BYTES_MAX = 65536
MEMORY_MIB_MAX = 2048


def build() -> list[Path]:
    """Builds all fuzz targets and returns their programs."""
    if not (BUILD / "build.ninja").exists():
        options = ["-Dfuzz=true", f"-Db_sanitize={CHECKS}", "-Db_lundef=false",
                   "-Dc_args=-fsanitize=fuzzer-no-link -fno-sanitize-recover=all"]
        subprocess.run(["meson", "setup", str(BUILD), *options], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "CC": "clang"})
    listing = subprocess.run(["meson", "introspect", "--targets", str(BUILD)], check=True, capture_output=True)
    programs = [Path(target["filename"][0]) for target in json.loads(listing.stdout)
                if target["type"] == "executable" and target["name"].startswith("fuzz_")]
    if programs:
        names = [str(program.relative_to(BUILD)) for program in programs]
        subprocess.run(["ninja", "-C", str(BUILD), "--quiet", *names], check=True)
    return programs


def processor_seconds(program: Path, found: Path) -> float:
    """What one input costs by itself; infinity where it does not end well."""
    process = subprocess.Popen([str(program), "-timeout=0", str(found)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime if process.returncode == 0 else float("inf")


def was_only_waiting(program: Path, name: str) -> bool:
    """libFuzzer's time limit is by the clock on the wall: on a machine with much else to do, an input can pass
    it that costs little. Such a finding is none."""
    found = sorted(CRASHES.glob(f"{name}-timeout-*"), key=lambda path: path.stat().st_mtime)
    if not found or processor_seconds(program, found[-1]) >= INPUT_SECONDS_MAX:
        return False
    found[-1].unlink()
    return True


def run(program: Path, seconds: int) -> bool:
    """Fuzzes one target. True: no crash."""
    name = program.name.removeprefix("fuzz_")
    log = CRASHES / f"{name}.log"
    runs, until = 0, time.monotonic() + seconds
    while (left := int(until - time.monotonic())) > 0:
        good = run_once(program, name, left, log)
        runs += executed(log)
        if not good and not was_only_waiting(program, name):
            print(f"fuzz {name}: CRASH, see {log.relative_to(ROOT)} and the input it names", flush=True)
            return False
    kept = len(list((ROOT / "build" / "fuzz-corpus" / name).iterdir()))
    print(f"fuzz {name}: {runs} runs in {seconds} s, {kept} inputs kept", flush=True)
    log.unlink(missing_ok=True)
    return True


def run_once(program: Path, name: str, seconds: int, log: Path) -> bool:
    learnt = ROOT / "build" / "fuzz-corpus" / name
    learnt.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "tests" / "fuzz" / "corpus" / name
    words = ROOT / "tests" / "fuzz" / "dictionaries" / f"{name}.txt"
    command = [str(program), f"-max_total_time={seconds}", f"-timeout={INPUT_SECONDS_MAX}",
               f"-max_len={INPUT_BYTES_MAX}", f"-rss_limit_mb={MEMORY_MIB_MAX}",
               f"-artifact_prefix={CRASHES}/{name}-", "-print_final_stats=1", str(learnt)]
    if words.exists():
        command.append(f"-dict={words}")
    with log.open("wb") as out:
        done = subprocess.run(command + ([str(seeds)] if seeds.is_dir() else []), stdout=out, stderr=out)
    return done.returncode == 0


def executed(log: Path) -> int:
    """How many inputs a finished run tried, as libFuzzer says it."""
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("stat::number_of_executed_units:"):
            return int(line.split()[-1])
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    CRASHES.mkdir(parents=True, exist_ok=True)
    programs = build()
    if not programs:
        print("fuzz: no targets in tests/fuzz/meson.build")
        return 1
    workers = min(os.cpu_count() or 1, len(programs))
    seconds = max(1, int(minutes * 60 * workers / len(programs)))
    with ThreadPoolExecutor(workers) as pool:
        crashed = list(pool.map(lambda program: run(program, seconds), programs)).count(False)
    print(f"{len(programs)} targets, {crashed} crashed")
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main())
