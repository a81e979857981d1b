#!/usr/bin/python3
"""Runs every test there is and counts it (`make test`).

Stages: meson's tests (unit, fuzz replay, simulation) and the end-to-end tests on the build with
sanitizers, clang's warnings, tidy, and the sandbox tests on the release binary. What computes runs
beside the end-to-end tests, which need no more than the program. Where this user may make one, each
program and each file of tests has a network of its own. A cmocka program counts with each of its
tests. The last line is the total, "N passed, N failed"; the exit status is 0 only when nothing
failed and every stage ran.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

ROOT = Path(__file__).resolve().parent.parent
DEBUG = ROOT / "build" / "debug"
RELEASE_PROGRAM = ROOT / "build" / "posthaste"
# Before each program of meson's and each file of pytest's.
OWN_NETWORK = ROOT / "scripts" / "own-network.sh"
REPORTS = ROOT / "build" / "reports"
CMOCKA_LINE = re.compile(r"^\[\s*(OK|FAILED|SKIPPED|ERROR)\s*\] (?:\S+: )?(\w+)\s*$", re.MULTILINE)
SIMULATED_SEEDS = 360
SANITIZED_SEEDS = "3"
# Files of tests/e2e that run side by side: for most of the time they wait.
WORKERS = 4
# What a test keeps of a store for some seconds is in memory where that has room: most of their time was a disk's
# syncs. What a power cut leaves is for tests/power and tests/sim to tell.
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 6 << 30
MESON_GOOD = {"OK", "EXPECTEDFAIL"}


@dataclass
class Tally:
    """What a stage found."""

    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def fail(self, name: str) -> None:
        self.failed += 1
        self.failures.append(name)

    def add(self, other: Tally) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures


def count_cmocka(program: str, result: str, output: str) -> Tally:
    """Counts one program of meson's log: each cmocka test in it, or the program as one test."""
    tally = Tally()
    seen: dict[str, str] = {}
    for word, name in CMOCKA_LINE.findall(output):
        seen[name] = "FAILED" if word == "ERROR" else word
    for name, word in seen.items():
        if word == "OK":
            tally.passed += 1
        elif word == "SKIPPED":
            tally.skipped.append(f"{program}: {name}")
        else:
            tally.fail(f"{program}: {name}")
    if result == "SKIP":
        tally.skipped.append(program)
    elif result not in MESON_GOOD and not tally.failed:
        tally.fail(f"{program}: {result}")
    elif not seen and result in MESON_GOOD:
        tally.passed += 1
    return tally


def count_meson(log: Path) -> Tally:
    """Reads meson's log: one JSON object a line."""
    tally = Tally()
    for line in log.read_text().splitlines():
        test = json.loads(line)
        output = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
        tally.add(count_cmocka(test["name"], test["result"], output))
    return tally


def count_pytest(report: Path) -> Tally:
    """Reads pytest's JUnit report."""
    tally = Tally()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}: {case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.fail(name)
        elif skipped is not None:
            tally.skipped.append(f"{name} ({skipped.get('message')})")
        else:
            tally.passed += 1
    return tally


def has_room(folder: Path) -> bool:
    """And programs run there."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize >= MEMORY_BYTES_MIN and not status.f_flag & os.ST_NOEXEC


def stage_build(kind: str) -> Tally:
    """A build counts as one test, because its warnings are errors."""
    tally = Tally()
    if subprocess.run([str(ROOT / "scripts" / "build.sh"), kind], cwd=ROOT).returncode == 0:
        tally.passed += 1
    else:
        tally.fail(f"build {kind}")
    return tally


def stage_simulation() -> Tally:
    """Many seeds on the optimized build; the build with sanitizers has run a few."""
    tally = Tally()
    release = ROOT / "build" / "release"
    built = subprocess.run(["ninja", "-C", str(release), "--quiet", "tests/sim/posthaste_sim"], cwd=ROOT)
    if built.returncode == 0:
        done = subprocess.run([str(release / "tests" / "sim" / "posthaste_sim"), "--seeds", str(SIMULATED_SEEDS),
                               "--jobs", str(len(os.sched_getaffinity(0)))], cwd=ROOT)
        if done.returncode:
            tally.fail(f"simulation: a seed of {SIMULATED_SEEDS} failed")
        else:
            tally.passed += 1
    if built.returncode:
        tally.fail("build of the simulation")
    return tally


def stage_meson() -> Tally:
    log = DEBUG / "meson-logs" / f"testlog-{OWN_NETWORK.name}.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(["meson", "test", "-C", str(DEBUG), "--no-rebuild", "--print-errorlogs", "--quiet",
                           "--timeout-multiplier", "4", "--wrapper", shlex.quote(str(OWN_NETWORK))], cwd=ROOT,
                          env={"SEEDS": SANITIZED_SEEDS, **os.environ})
    if not log.exists():
        tally = Tally()
        tally.fail("meson test left no log")
        return tally
    tally = count_meson(log)
    if done.returncode and not tally.failed:
        tally.fail(f"meson test: exit status {done.returncode}")
    return tally


def run_pytest(name: str, program: Path, path: str, worker: int | None = None) -> tuple[Tally, str]:
    """Its tally, and what it printed. Where it has no network of its own, workers side by side have ports of their
    own (tests/e2e/peer.py)."""
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    command = [str(OWN_NETWORK), sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
               f"--junit-xml={report}", path]
    own_ports = "" if worker is None else f"{worker}/{WORKERS}"
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "POSTHASTE_BIN": str(program),
                                               "POSTHASTE_TEST_WORKER": own_ports},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    tally = count_pytest(report) if report.exists() else Tally()
    if done.returncode and not tally.failed:
        tally.fail(f"pytest {name}: exit status {done.returncode}")
    return tally, done.stdout


def stage_pytest(folder: str, program: Path) -> Tally:
    tally, output = run_pytest(Path(folder).name, program, folder)
    print(output, flush=True)
    return tally


def work(number: int, files: SimpleQueue[Path]) -> Tally:
    """Takes one file after the other, until none is left."""
    tally = Tally()
    while True:
        try:
            file = files.get_nowait()
        except Empty:
            return tally
        found, output = run_pytest(file.stem, DEBUG / "posthaste", str(file), number)
        tally.add(found)
        print(f"{file.stem}\n{output}", flush=True)


def stage_end_to_end() -> Tally:
    """The largest files first, so that no worker has a long one left at the end."""
    files: SimpleQueue[Path] = SimpleQueue()
    for file in sorted((ROOT / "tests" / "e2e").glob("test_*.py"), key=lambda file: -file.stat().st_size):
        files.put(file)
    tally = Tally()
    with ThreadPoolExecutor(WORKERS) as pool:
        for found in pool.map(lambda number: work(number, files), range(WORKERS)):
            tally.add(found)
    return tally


def stage_command(name: str, *command: str) -> Tally:
    """A program that counts as one test."""
    tally = Tally()
    if subprocess.run([sys.executable, *command], cwd=ROOT).returncode == 0:
        tally.passed += 1
    else:
        tally.fail(name)
    return tally


def stage_tidy() -> Tally:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "tidy.py")], cwd=ROOT, stdout=subprocess.PIPE,
                          text=True)
    sys.stdout.write(done.stdout)
    tally = Tally()
    for line in done.stdout.splitlines():
        if line.startswith("ok "):
            tally.passed += 1
        elif line.startswith("BROKEN "):
            tally.fail(f"tidy: {line.removeprefix('BROKEN ')}")
    if done.returncode and not tally.failed:
        tally.fail(f"tidy: exit status {done.returncode}")
    return tally


def stage_power() -> Tally:
    """A short run of the release binary, recorded and cut off at a sample of places."""
    release = ROOT / "build" / "release"
    built = subprocess.run(["ninja", "-C", str(release), "--quiet", "tests/power/posthaste_power",
                            "tests/power/power_recorder.so"], cwd=ROOT)
    if built.returncode == 0:
        return stage_pytest("tests/power", RELEASE_PROGRAM)
    tally = Tally()
    tally.fail("build of the power-loss replay")
    return tally


# A stage's title, and what it runs.
Stage = tuple[str, Callable[[], Tally]]
FIRST: tuple[Stage, ...] = (("the program with sanitizers", lambda: stage_build("program")),)
# The end-to-end tests mostly wait; what computes takes the time that they leave: it is nicer, and what it finds is
# not a matter of time.
WAITING: tuple[Stage, ...] = (("end to end", stage_end_to_end),)
COMPUTING: tuple[Stage, ...] = (
    ("the other tests with sanitizers", lambda: stage_build("debug")),
    ("unit, fuzz replay, a little simulation", stage_meson),
    ("clang's warnings", lambda: stage_command("clang's warnings", "scripts/clang_check.py")),
    ("tidy", stage_tidy),
    ("the tools themselves", lambda: stage_pytest("tests/tools", DEBUG / "posthaste")),
    ("release build", lambda: stage_build("release")),
    ("simulation", stage_simulation),
)
LAST: tuple[Stage, ...] = (
    ("sandbox", lambda: stage_pytest("tests/sandbox", RELEASE_PROGRAM)),
    ("power loss", stage_power),
)
COMPUTING_NICENESS = 15


def run_stages(stages: tuple[Stage, ...]) -> Tally:
    """One after the other."""
    total = Tally()
    for title, stage in stages:
        print(f"== {title}", flush=True)
        started = time.monotonic()
        tally = stage()
        total.add(tally)
        print(f"== {title}: {tally.passed} passed, {tally.failed} failed, {len(tally.skipped)} skipped "
              f"in {time.monotonic() - started:.0f} s", flush=True)
    return total


def run_computing() -> Tally:
    # Of this thread alone, and of what it starts.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), COMPUTING_NICENESS)
    return run_stages(COMPUTING)


def main() -> int:
    REPORTS.mkdir(parents=True, exist_ok=True)
    if "TMPDIR" not in os.environ and has_room(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
    total = run_stages(FIRST)
    with tempfile.TemporaryDirectory(prefix="posthaste-templates-") as templates:
        os.environ["POSTHASTE_TEST_TEMPLATES"] = templates
        with ThreadPoolExecutor(1) as pool:
            computed = pool.submit(run_computing)
            total.add(run_stages(WAITING))
            total.add(computed.result())
        total.add(run_stages(LAST))
    for name in total.skipped:
        print(f"skipped: {name}")
    for name in total.failures:
        print(f"FAILED: {name}")
    words = f"{total.passed} passed, {total.failed} failed"
    (REPORTS / "total").write_text(words + "\n")
    print(words)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
