"""What a benchmark measures with: a server's CPU time, what it writes and flushes, its mailboxes.

The CPU time of a server is that of all processes below its roots, user and system, with what
already ended: a parent's stat counts the children it waited for.
"""

from __future__ import annotations

import imaplib
import os
import signal
import subprocess
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
# Until perf has attached itself to every thread.
PERF_START_SECONDS = 0.5


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


def all_pids(server: Measured) -> list[int]:
    return [pid for root in server.root_pids() for pid in (root, *children(root))]


def cpu_seconds(server: Measured) -> float:
    return sum(map(process_ticks, all_pids(server))) / TICKS_PER_SECOND


def processes(server: Measured) -> int:
    return len(all_pids(server))


def written_bytes(server: Measured) -> int:
    """write_bytes of /proc/PID/io, proc(5), over all its processes. A parent's count has in it what its ended
    children wrote."""
    total = 0
    for pid in all_pids(server):
        try:
            lines = Path(f"/proc/{pid}/io").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(dict(line.split(": ") for line in lines)["write_bytes"])
    return total


class Flushes:
    """Counts the calls by which a server's processes make the disk flush, while the block runs. Processes
    that are born meanwhile are counted with their parents."""

    CALLS = ("fsync", "fdatasync", "syncfs", "msync")

    def __init__(self, server: Measured) -> None:
        self.count = 0
        events = [word for call in self.CALLS for word in ("-e", f"syscalls:sys_enter_{call}")]
        self.counter = subprocess.Popen(["perf", "stat", "-x", ",", *events, "-p",
                                         ",".join(map(str, all_pids(server)))], stderr=subprocess.PIPE, text=True)
        time.sleep(PERF_START_SECONDS)

    def __enter__(self) -> Flushes:
        return self

    def __exit__(self, *_: object) -> None:
        self.counter.send_signal(signal.SIGINT)
        _, told = self.counter.communicate()
        lines = [line.split(",") for line in told.splitlines() if "syscalls:" in line]
        if len(lines) != len(self.CALLS):
            raise RuntimeError(f"perf did not count: {told}")
        # A call that nobody made is "<not counted>".
        self.count = sum(int(line[0]) for line in lines if line[0].isdigit())


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
