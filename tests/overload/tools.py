"""The programs of the overload tests as objects: floods (flood.c) and the meter of NOOPs (meter.c).

Also what a first TLS message looks like, and what the roles take of memory and processor meanwhile.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server import ROOT, Account, Server

FLOOD_SECONDS_MAX = 60
METER_NICE = -10
SAMPLE_SECONDS = 0.3
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def tool(name: str) -> Path:
    """A program of this folder, of whichever build there is."""
    builds = [ROOT / "build" / kind / "tests" / "overload" / name for kind in ("release", "debug")]
    return next((path for path in builds if path.exists()), builds[0])


def client_hello() -> bytes:
    """What a TLS client sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname="mx.example.test").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Flood:
    """Connections against one port; what it last said of itself is `last`."""

    def __init__(self, port: int, *options: tuple[str, Any]) -> None:
        words = [str(word) for option in options for word in option]
        self.last: dict[str, Any] = {"open": 0, "opened": 0, "refused": 0, "closed": 0, "rounds": 0, "replies": {}}
        self.process = subprocess.Popen([str(tool("flood")), str(port), *words], stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        for line in self.process.stdout:
            self.last = json.loads(line)

    def wait_until(self, reached: Any, what: str) -> None:
        """Waits until `reached(last)` holds, or the flood ended by itself."""
        deadline = time.monotonic() + FLOOD_SECONDS_MAX
        while not reached(self.last) and self.process.poll() is None:
            assert time.monotonic() < deadline, f"not {what} in {FLOOD_SECONDS_MAX} s: {self.last}"
            time.sleep(0.05)

    def stop(self) -> dict[str, Any]:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(FLOOD_SECONDS_MAX)
        self.reader.join(FLOOD_SECONDS_MAX)
        return self.last


class Meter:
    """Logged-in users who say NOOP; half of them over TLS."""

    def __init__(self, server: Server, account: Account, sessions: int, pause_ms: int, seconds: int) -> None:
        command = [str(tool("meter")), server.ports.imap, server.ports.imaps, account.address, sessions, pause_ms,
                   seconds]
        # A meter that waits for the processor would count its own waiting.
        niceness = METER_NICE if os.geteuid() == 0 else 0
        self.process = subprocess.Popen(["nice", "-n", str(niceness), *map(str, command)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(account.password + "\n")
        self.process.stdin.close()
        assert self.process.stdout.readline() == "logged in\n", "the meter's sessions could not log in"

    def stop(self) -> dict[str, Any]:
        self.process.terminate()
        return json.loads(self.process.stdout.read())


def pss_bytes(pid: int) -> int:
    """A process's share of memory: what it shares with others is divided by them. 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def role_name(pid: int) -> str:
    """edge, mail, store, remote; the supervisor's own is the program's."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    return words[2].decode() if len(words) > 2 and words[1] == b"role" else "supervisor"


def cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, fields[11:13])) / TICKS_PER_SECOND


@dataclass
class Sampler:
    """What all processes of the server take, sampled beside the attack."""

    server: Server
    peak_bytes: int = 0
    peak_by_role: dict[str, int] = field(default_factory=dict)
    cpu_before: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stopping = threading.Event()
        self.started = time.monotonic()
        self.cpu_before = {pid: cpu_seconds(pid) for pid in self.pids()}
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()

    def pids(self) -> list[int]:
        return [*self.server.root_pids(), *self.server.role_pids()]

    def sample(self) -> None:
        while not self.stopping.wait(SAMPLE_SECONDS):
            now = {role_name(pid): pss_bytes(pid) for pid in self.pids()}
            if sum(now.values()) > self.peak_bytes:
                self.peak_bytes, self.peak_by_role = sum(now.values()), now

    def cpu_percent(self) -> dict[str, int]:
        """Of one processor, since it began."""
        seconds = time.monotonic() - self.started
        return {role_name(pid): round((cpu_seconds(pid) - before) / seconds * 100)
                for pid, before in self.cpu_before.items()}

    def stop(self) -> dict[str, Any]:
        cpu = self.cpu_percent()
        self.stopping.set()
        self.thread.join()
        return {"pss_mib": round(self.peak_bytes / 2**20), "cpu_percent": cpu,
                "pss_mib_by_role": {name: round(size / 2**20) for name, size in self.peak_by_role.items()}}
