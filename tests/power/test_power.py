"""Power loss, a little of it: a short run is recorded, and a sample of what a cut may leave is looked at.

`make power` looks at all of a longer run. README.md says what is recorded, allowed and checked.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from recording import SHORT, record
from replay import LIBRARY, Replay

IMAGES = 300
PROGRAM_EVERY = 25
# What a product that forgets this sync would lose; of each, some images are enough to find it.
FORGOTTEN = ("log", "segment", "checkpoint", "body", "data", "folder")
FORGOTTEN_IMAGES = 200


@pytest.fixture(scope="module")
def run() -> Iterator[tuple[Replay, Path]]:
    """The replay of a short run, and the data folder that the run left."""
    with tempfile.TemporaryDirectory(prefix="posthaste-power-") as name:
        folder = Path(name)
        record(folder, LIBRARY, SHORT)
        yield Replay(folder / "log", folder / "failed"), folder / "root" / "data"


def test_the_log_holds_all_that_happened(run: tuple[Replay, Path]) -> None:
    replay, data = run
    done = replay.run("--compare", data)
    assert done.returncode == 0, done.stdout


def test_nothing_acknowledged_is_lost_at_any_cut(run: tuple[Replay, Path]) -> None:
    replay, _ = run
    done = replay.run("--images", IMAGES, "--program-every", PROGRAM_EVERY)
    assert done.returncode == 0, done.stdout
    looked, verified = map(int, re.search(r"(\d+) images looked at, (\d+) of them", done.stdout).groups())
    assert looked > IMAGES // 2 and verified > 0, done.stdout


@pytest.mark.parametrize("what", FORGOTTEN)
def test_a_forgotten_sync_is_found(run: tuple[Replay, Path], what: str) -> None:
    replay, _ = run
    done = replay.run("--forget", what, "--images", FORGOTTEN_IMAGES)
    assert done.returncode == 1 and "FAILED" in done.stdout, done.stdout


def test_a_failing_image_fails_again_by_its_place(run: tuple[Replay, Path]) -> None:
    replay, _ = run
    done = replay.run("--forget", "log", "--images", FORGOTTEN_IMAGES)
    place_words = r"FAILED seed (\d+) record (\d+) mixture ([\w-]+) \(kept in (.*?)\)\n(.*?)\n\n"
    seed, record_number, mixture, kept, faults = re.search(place_words, done.stdout, re.DOTALL).groups()
    assert (Path(kept) / "data" / "store.db").exists()
    place = ("--seed", seed, "--at", record_number, "--mixture", mixture)
    again = replay.run("--forget", "log", *place)
    assert again.returncode == 1 and faults in again.stdout, again.stdout
    assert replay.run(*place).returncode == 0, "it fails without the fault too"
