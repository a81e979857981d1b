"""What the kernel says of a running server's processes: the walls are up, in the release binary.

A role is known by its name in its command line: edge, remote, mail or store.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from pathlib import Path

import pytest

from mail import imap, receive
from messages import plain
from server import ROLES, Account, Server, role_of

SECCOMP_FILTER = "2"
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give the roles users of their own")


def status_of(pid: int) -> dict[str, str]:
    """/proc/PID/status as a table."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def open_files(pid: int) -> list[str]:
    """Those that it did not close meanwhile."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(entry))
    return found


@pytest.fixture
def roles(server: Server, alice: Account) -> dict[int, str]:
    """The roles while a session is open and mail has passed."""
    receive(server, alice, plain())
    with imap(server, alice):
        return {pid: role_of(pid) for pid in server.role_pids()}


def test_every_role_runs_in_a_process_of_its_own(roles: dict[int, str]) -> None:
    assert set(roles.values()) == ROLES
    assert list(roles.values()).count("store") == 1


def test_every_role_is_filtered_and_can_gain_nothing(roles: dict[int, str]) -> None:
    for pid, role in roles.items():
        status = status_of(pid)
        assert status["NoNewPrivs"] == "1", role
        assert status["Seccomp"] == SECCOMP_FILTER, role
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0, role


def test_every_thread_is_filtered(roles: dict[int, str]) -> None:
    for pid, role in roles.items():
        for task in Path(f"/proc/{pid}/task").iterdir():
            assert status_of(int(task.name))["Seccomp"] == SECCOMP_FILTER, role


def test_no_role_leaves_a_core(roles: dict[int, str]) -> None:
    for pid, role in roles.items():
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), role


@NEEDS_ROOT
def test_no_role_is_root_and_no_two_kinds_share_a_user(roles: dict[int, str]) -> None:
    users: dict[str, set[str]] = {}
    for pid, role in roles.items():
        users.setdefault(role, set()).update(status_of(pid)["Uid"].split())
    assert "0" not in set().union(*users.values())
    assert len(set().union(*users.values())) == len(users), users


def test_edge_and_remote_hold_no_file_of_the_data_folder(server: Server, roles: dict[int, str]) -> None:
    for pid, role in roles.items():
        if role in ("edge", "remote"):
            inside = [path for path in open_files(pid) if path.startswith(str(server.data))]
            assert not inside, (role, inside)


def test_the_store_holds_no_network_socket(roles: dict[int, str]) -> None:
    network = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        network |= {f"socket:[{row.split()[9]}]" for row in rows}
    for pid, role in roles.items():
        if role == "store":
            assert not network & set(open_files(pid))


def test_status_says_which_walls_are_missing_to_an_ordinary_user(ordinary: Server) -> None:
    ordinary.start()
    assert re.search(r"uid|user|root", ordinary.command("status"), re.IGNORECASE)


def test_a_folder_from_before_gets_what_the_store_needs_inside_its_walls(fresh: Server) -> None:
    # As other programs leave it: SQLite's own takes the log away when it closes.
    with contextlib.closing(sqlite3.connect(fresh.data / "store.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not (fresh.data / "store.db-wal").exists()
    (fresh.data / "snapshot").rmdir()
    fresh.start()
    account = fresh.new_account("alice")
    receive(fresh, account, plain("into the new log"))
    fresh.kill()
    fresh.start()
    with imap(fresh, account) as client:
        assert client.select("INBOX")[1] == [b"1"]
    assert (fresh.data / "snapshot").is_dir()
