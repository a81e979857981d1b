"""What a server does that is asked too much: small attacks, and what must hold whatever they cost.

The attacks and their checks are tests/overload/run.py's, which `make overload` runs at full size and measures. Here
they are small and nothing is timed: users who are logged in are answered, honest mail is taken or put off politely
and nothing of it is lost, strangers are refused in words, and afterwards all is as before, without a restart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server import ROOT, program

RUN = ROOT / "tests" / "overload" / "run.py"
ATTACKS = ("one-address", "many-addresses", "silent-tls", "slow-bytes", "half-handshakes", "handshakes", "churn",
           "deaf-readers", "deaf-greeters", "guesses-one", "guesses-many", "guesses-users", "logins", "no-descriptors",
           "full-disk", "no-inodes")
SECONDS_MAX = 300


@pytest.fixture(scope="module", autouse=True)
def namespaces() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, for a network and small disks of its own")
    if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")


def attack(name: str, folder: Path) -> dict:
    """One attack, small; what run.py found."""
    found = folder / "found.json"
    command = [sys.executable, str(RUN), "--quick", "--only", name, "--json", str(found), "--keep", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX,
                          env={**os.environ, "POSTHASTE_BIN": str(program())})
    assert found.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(found.read_text())[0]


@pytest.mark.parametrize("name", ATTACKS)
def test_users_are_served_and_nothing_is_lost(name: str, tmp_path: Path) -> None:
    found = attack(name, tmp_path)
    assert not found["failures"], found
