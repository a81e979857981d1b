"""What a delivery costs the disk: how often it is made to flush, and what is written.

Flushes are the calls of fsync, fdatasync, syncfs and msync that the servers' processes make, counted
by the kernel's tracepoints (perf); sync_file_range makes nothing durable and no disk flush. Before
the first round so much is delivered that what grows once after a start (a database's log) has grown,
on either side. Bytes written are write_bytes of
/proc/PID/io of the same processes, those that ended included: whole pages as they become dirty,
not the file system's own journal. Both are read when all is delivered and a second has passed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from deliver import Load, deliver
from measure import Flushes, Mailboxes, Measured, written_bytes
from row import PASSWORD, USERS, Bench, Figure, Row, Target, Values, at_most, by_server

SETTLE_SECONDS = 1
MESSAGES = 2000
GROWING_MESSAGES = 4000


@dataclass(frozen=True)
class Disk:
    """A load of distinct messages over so many kept connections."""

    connections: int
    flush_target: Target
    written_target: Target

    def measure(self, bench: Bench) -> list[Figure]:
        messages = bench.count(MESSAGES)

        grown: set[str] = set()

        def one_round(server: Measured, number: int) -> Values:
            if server.name not in grown:
                deliver(server, Load(connections=self.connections, messages=bench.count(GROWING_MESSAGES), seed=998))
                grown.add(server.name)
            # What it costs to empty the mailboxes of the round before is no part of a delivery.
            boxes = Mailboxes(server, USERS, PASSWORD)
            boxes.clear()
            boxes.close()
            # Dovecot's processes for these sessions end, so that perf counts none that is gone.
            time.sleep(SETTLE_SECONDS)
            before = written_bytes(server)
            with Flushes(server) as flushes:
                done = deliver(server, Load(connections=self.connections, messages=messages, seed=number))
                time.sleep(SETTLE_SECONDS)
            return {"flushes": flushes.count / messages, "written": (written_bytes(server) - before) / done.bytes}

        results = bench.in_turns(one_round)
        return [Figure("flushes a message", by_server(results, "flushes"), 2, self.flush_target),
                Figure("bytes written a byte of mail", by_server(results, "written"), 2, self.written_target)]


ROWS = (
    Row("disk", f"flushes and bytes written, 4 KB, 20 connections ({MESSAGES} messages)",
        Disk(20, at_most(0.25), at_most(3)).measure),
    Row("disk100", f"flushes and bytes written, 4 KB, 100 connections ({MESSAGES} messages)",
        Disk(100, at_most(0.1), at_most(3)).measure),
)
