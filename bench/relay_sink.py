"""Where relayed mail ends: Postfix's smtp-sink, which takes everything, throws it away and counts it."""

from __future__ import annotations

import re
import subprocess
import threading
import time

from peer import answers, stop_process

START_SECONDS_MAX = 10
COUNT = re.compile(rb"mesg=(\d+)")
# Its counters are read in pieces; a number is whole when something follows it.
PIECE_BYTES = 65536


class Sink:
    """Listens from its making to stop(). `count` messages have come, the last of them `at` (monotonic clock)."""

    def __init__(self, address: str, port: int) -> None:
        self.count = 0
        self.at = 0.0
        self.changed = threading.Condition()
        self.process = subprocess.Popen(["smtp-sink", "-u", "nobody", "-c", "-m", "1000", f"{address}:{port}", "1000"],
                                        stdout=subprocess.PIPE, bufsize=0)
        threading.Thread(target=self.read, daemon=True).start()
        deadline = time.monotonic() + START_SECONDS_MAX
        while not answers(address, port):
            if time.monotonic() > deadline:
                raise TimeoutError("smtp-sink does not answer")
            time.sleep(0.02)

    def read(self) -> None:
        assert self.process.stdout
        while piece := self.process.stdout.read(PIECE_BYTES):
            at, counts = time.monotonic(), COUNT.findall(piece)
            if counts and int(counts[-1]) > self.count:
                with self.changed:
                    self.count, self.at = int(counts[-1]), at
                    self.changed.notify_all()

    def wait_for(self, count: int, seconds_max: float) -> float:
        """When so many had come; the moment is that of the last piece read."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.count >= count, seconds_max):
                raise TimeoutError(f"{self.count} of {count} messages are at the sink after {seconds_max:.0f} s")
            return self.at

    def stop(self) -> None:
        stop_process(self.process)
