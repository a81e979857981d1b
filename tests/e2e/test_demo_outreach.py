"""The README's first five minutes: `make run` says what stands there, and the commands that stand there do it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from ports import Ports
from server import ROOT, program

SECONDS_MAX = 180
# The end of the last line.
WAITS = "--start 2026-07-01T09:00\n"


def blocks_of(title: str) -> list[list[str]]:
    """The indented blocks of a section of the README, each as its lines."""
    section = (ROOT / "README.md").read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [block.replace("\n    ", "\n").strip().splitlines()
            for block in re.findall(r"(?:^    .+\n)+", section, re.MULTILINE)]


STORY, COMMANDS, PLAN = blocks_of("The first five minutes")


def hear_ctrl_c() -> None:
    """A shell's background job ignores SIGINT, and with it whatever it starts: these tests may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Demo:
    """`scripts/demo.sh` in a place of its own, where the README's paths lead to it and to the program under test."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.ports = Ports.free()
        (place / "build").mkdir()
        (place / "build" / "posthaste").symlink_to(program())

    def said(self) -> str:
        return (self.place / "said").read_text()

    @contextmanager
    def running(self, until: str, first: str = "") -> Iterator[str]:
        """What it said until `until` stands there; Ctrl-C at the end. Ports above `first` are tried before its own."""
        with (self.place / "said").open("wb") as file:
            process = subprocess.Popen(
                ["scripts/demo.sh"], cwd=ROOT, stdout=file, stderr=file, start_new_session=True, preexec_fn=hear_ctrl_c,
                env={**os.environ, "POSTHASTE_BIN": str(program()), "DEMO_FOLDER": f"{self.place}/demo",
                     "BASE_PORT": f"{first} {self.ports.base}", "TERM": "dumb"})
        deadline = time.monotonic() + SECONDS_MAX
        while until not in self.said() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.2)
        try:
            yield self.said()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            process.wait(60)

    def run(self, command: str) -> str:
        """A line of the README, as somebody types it."""
        done = subprocess.run(["bash", "-c", command], cwd=self.place, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done)
        return done.stdout

    def as_readme(self, said: str) -> str:
        return said.replace(str(program()), "build/posthaste").replace(f"{self.place}/", "")


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="posthaste-demo-") as place:
        Path(place).chmod(0o755)
        yield Demo(Path(place))


def test_make_run_is_what_is_tested() -> None:
    done = subprocess.run(["make", "--no-print-directory", "-n", "run"], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, check=True)
    assert done.stdout.strip().splitlines()[-1] == "scripts/demo.sh"


def test_a_taken_port_is_told_and_another_place_found(demo: Demo) -> None:
    """And one that is interrupted in the middle leaves nothing that the next one stumbles over."""
    taken = Ports.free()
    with socket.create_server(("127.0.0.1", taken.imaps)):
        with demo.running("step 1 sent", str(taken.base)) as said:
            assert f"ports above {taken.base} are taken by another program" in said
            assert STORY[0] in said, said


def test_the_story_is_told_and_its_commands_do_what_they_say(demo: Demo) -> None:
    with demo.running(WAITS) as said:
        lines = [re.sub(r"<\S+>", "<...>", line.strip()) for line in said.splitlines()]
        at = lines.index(STORY[0]) if STORY[0] in lines else 0
        assert lines[at:at + len(STORY)] == STORY, said
        assert "\x1b" not in said
        for command in COMMANDS:
            assert f"\n  {command}\n" in demo.as_readme(said), (command, said)
        answer, why, plan = COMMANDS
        assert demo.run(answer) == ""
        told = demo.run(why)
        assert "letters: replied" in told and "next: nothing leaves" in told, told
        assert demo.run(plan).splitlines()[-2:] == PLAN


def test_the_next_run_goes_on_with_the_same_mail(demo: Demo) -> None:
    with demo.running(WAITS) as said:
        assert STORY[0] not in said, said
        assert "letters: replied" in demo.run(COMMANDS[1])
        assert demo.run(COMMANDS[0]) == ""
