"""What a benchmark measures with: the CPU time of a server's processes, and its mailboxes.

The CPU time of a server is that of all processes below its roots, user and system, with what
already ended: a parent's stat counts the children it waited for.
"""

from __future__ import annotations

import imaplib
import os
import sys
import time
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from ports import Ports  # noqa: E402
from server import children  # noqa: E402

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Looking costs the server something too: it gets this many times as long a rest after each look.
POLL_REST = 20
POLL_SECONDS_MIN = 0.02


class Measured(Protocol):
    """A server that can be measured: Server and Peers are."""

    name: str
    domain: str
    ports: Ports

    def root_pids(self) -> list[int]: ...


def process_ticks(pid: int) -> int:
    """utime + stime + cutime + cstime, proc(5); 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, fields[11:15]))


def cpu_seconds(server: Measured) -> float:
    pids = [pid for root in server.root_pids() for pid in (root, *children(root))]
    return sum(map(process_ticks, pids)) / TICKS_PER_SECOND


def processes(server: Measured) -> int:
    return sum(1 + len(children(root)) for root in server.root_pids())


class Mailboxes:
    """Counts the messages in the users' INBOXes over one kept IMAP connection each."""

    def __init__(self, server: Measured, users: list[str], password: str) -> None:
        self.sessions = []
        for user in users:
            session = imaplib.IMAP4("127.0.0.1", server.ports.imap)
            session.login(f"{user}@{server.domain}", password)
            self.sessions.append(session)

    def count(self) -> int:
        total = 0
        for session in self.sessions:
            _, rows = session.status("INBOX", "(MESSAGES)")
            total += int(rows[0].rstrip(b")").split()[-1])
        return total

    def wait_for(self, total: int, seconds_max: float) -> None:
        deadline = time.monotonic() + seconds_max
        while True:
            started = time.monotonic()
            count = self.count()
            if count >= total:
                return
            if started > deadline:
                raise TimeoutError(f"{count} of {total} messages are in the mailboxes after {seconds_max:.0f} s")
            time.sleep(max(POLL_SECONDS_MIN, POLL_REST * (time.monotonic() - started)))

    def clear(self) -> None:
        """Deletes all, so that every round starts with empty mailboxes."""
        for session in self.sessions:
            _, (count,) = session.select("INBOX")
            if int(count):
                session.store("1:*", "+FLAGS.SILENT", "\\Deleted")
                session.expunge()
            session.close()

    def close(self) -> None:
        for session in self.sessions:
            session.logout()
