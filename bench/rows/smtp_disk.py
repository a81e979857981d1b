"""What a delivery costs the disk: how often it is made to flush, and what is written.

Flushes are the calls of fsync, fdatasync, sync_file_range, syncfs and msync that the servers'
processes make, counted by the kernel's tracepoints (perf). Bytes written are write_bytes of
/proc/PID/io of the same processes, those that ended included: whole pages as they become dirty,
not the file system's own journal. Both are read when all is delivered and a second has passed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from deliver import Load, deliver
from measure import Flushes, Measured, written_bytes
from row import Bench, Figure, Row, Target, Values, at_most, by_server

SETTLE_SECONDS = 1
MESSAGES = 2000


@dataclass(frozen=True)
class Disk:
    """A load of distinct messages over so many kept connections."""

    connections: int
    flush_target: Target
    written_target: Target

    def measure(self, bench: Bench) -> list[Figure]:
        messages = bench.count(MESSAGES)

        def one_round(server: Measured, number: int) -> Values:
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
