"""The roles' connections with each other break while all of them live: they are made again.

Nobody but root can reach into another process's descriptors, and some containers let not even root.
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
import stat
import time
from pathlib import Path

import pytest

from mail import imap, imap_uids, receive
from messages import plain
from server import Account, Server

PIDFD_GETFD = 438
CONTROL_DESCRIPTOR = 3
REPAIR_SECONDS_MAX = 120


def borrow(pid: int, descriptor: int) -> int:
    """A descriptor of another process, as one of ours."""
    process = os.pidfd_open(pid)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        found = libc.syscall(PIDFD_GETFD, process, descriptor, 0)
    finally:
        os.close(process)
    if found < 0:
        pytest.skip(f"descriptors of other processes cannot be reached here: {os.strerror(ctypes.get_errno())}")
    return int(found)


def is_socket(entry: Path) -> bool:
    try:
        return stat.S_ISSOCK(entry.stat().st_mode)
    except FileNotFoundError:  # closed meanwhile
        return False


def cut_connections(pid: int) -> int:
    """Shuts every local stream of the role down, but for its supervisor's. Returns how many there were."""
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        if int(entry.name) <= CONTROL_DESCRIPTOR or not is_socket(entry):
            continue
        with socket.socket(fileno=borrow(pid, int(entry.name))) as theirs:
            listens = theirs.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            if theirs.family == socket.AF_UNIX and not listens:
                theirs.shutdown(socket.SHUT_RDWR)
                count += 1
    return count


def await_service(server: Server, account: Account) -> bool:
    """Mail comes in, and its reader can log in and sees it."""
    deadline = time.monotonic() + REPAIR_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            receive(server, account, plain("after"))
            with imap(server, account) as client:
                return len(imap_uids(client)) > 1
        except Exception:  # whatever a client makes of a server that is not all there
            time.sleep(0.1)
    raise AssertionError(f"the roles do not find each other again:\n{server.log_text()[-3000:]}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reaches into other processes")
def test_roles_whose_connections_break_get_new_ones(fresh: Server) -> None:
    fresh.start()
    account = fresh.new_account("alice")
    receive(fresh, account, plain("before"))
    roles = sorted(fresh.role_pids())
    # The remote role has none: nobody asks it yet.
    cut = [pid for pid in roles if cut_connections(pid) and await_service(fresh, account)]
    assert len(cut) >= 2
    assert sorted(fresh.role_pids()) == roles, "a role was started again"
    assert re.search(r"role\.connection_lost", fresh.log_text())
