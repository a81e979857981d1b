"""What the mail servers of others have in common, which tests exchange mail with: an address of its
own on loopback, a folder of its own, Maildirs to look into, and processes to stop by their ids.

Mail servers found by MX share one port, so each has its own address 127.0.0.N. Their configuration
names addresses only, and asks no name server, so that nothing leaves loopback.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from server import children

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
ARRIVAL_SECONDS_MAX = 120
# Who owns mailboxes where a mail server gives up being root.
MAIL_USER, MAIL_GROUP = "nobody", "nogroup"
# Who has a mailbox at each of them; every other name is refused.
MAILBOXES = ("alice", "bob", "carol", "dave", "erin")
PR_SET_CHILD_SUBREAPER = 36


class Peer:
    """One mail server: subclasses write its configuration in prepare() and name its command()."""

    name = "a mail server"
    # A header that it takes out of what it passes on.
    drops = b""

    def __init__(self, folder: Path, address: str, port: int, domain: str) -> None:
        self.folder = folder
        self.address = address
        self.port = port
        self.domain = domain
        self.hostname = f"mx.{domain}"
        # What it prints, and what it writes itself.
        self.logs = [folder / "output"]
        self.mail = folder / "mail"
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Runs it until it takes connections. Its processes below are ours to reap once it is gone."""
        adopt_orphans()
        with self.logs[0].open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not answers(self.address, self.port):
            assert self.process.poll() is None, f"{self.name} ended:\n{self.log_text()[-4000:]}"
            assert time.monotonic() < deadline, f"{self.name} does not answer:\n{self.log_text()[-4000:]}"
            time.sleep(0.02)

    def stop(self) -> None:
        if not self.process:
            return
        stop_process(self.process)
        self.process = None

    def log_text(self) -> str:
        return "".join(log.read_text(errors="replace") for log in self.logs if log.exists())

    def passed_on(self, message: bytes) -> bytes:
        """What a message is, less its trace, after it went through here."""
        return re.sub(rb"(?m)^" + self.drops + rb":[^\n]*\n", b"", message, count=1) if self.drops else message

    def messages(self, user: str) -> list[bytes]:
        """All that was delivered to USER@domain, with CRLF line ends as they were sent."""
        files = sorted((self.mail / user / "new").glob("*"))
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]

    def wait_for(self, user: str, count: int, seconds_max: float = ARRIVAL_SECONDS_MAX) -> list[bytes]:
        """Waits until USER has that many messages, and gives them back."""
        until(lambda: len(list((self.mail / user / "new").glob("*"))) >= count, seconds_max,
              lambda: f"{len(self.messages(user))} of {count} messages for {user} reached {self.name}:\n"
                      f"{self.log_text()[-3000:]}")
        return self.messages(user)


@contextmanager
def running(make: Callable[[Path], Peer]) -> Iterator[Peer]:
    """A mail server while the block lasts, in a folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="posthaste-peer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        peer = make(folder)
        peer.prepare()
        try:
            peer.start()
            yield peer
        finally:
            peer.stop()


def until(is_so: Callable[[], bool], seconds_max: float, words: Callable[[], str]) -> None:
    """Waits until `is_so()`; fails with `words()` after `seconds_max`."""
    deadline = time.monotonic() + seconds_max
    while not is_so():
        assert time.monotonic() < deadline, f"after {seconds_max:.0f} s: {words()}"
        time.sleep(0.05)


def need_root(name: str) -> None:
    """Mail servers change users. Skips the test where that cannot be."""
    # Not known where bench/ runs this module's servers.
    import pytest

    if os.geteuid() != 0:
        pytest.skip(f"{name} starts as root only")


def answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


# Ports that free_port gives, each in its turn: where several test runs work side by side ("0/3", "1/3", ...), those of
# this one.
WORKER, _, WORKERS = (os.environ.get("POSTHASTE_TEST_WORKER") or "0/1").partition("/")
PORTS_EACH = 1_000 // int(WORKERS)
PORTS_FIRST = 9_000 + int(WORKER) * PORTS_EACH
PORTS_END = PORTS_FIRST + PORTS_EACH
PORTS = itertools.cycle(range(PORTS_FIRST, PORTS_END))


def free_port(addresses: list[str]) -> int:
    """A port below the kernel's own range that is free on every one of the addresses. Nobody holds it: it is not
    given again before all others were."""
    for port in itertools.islice(PORTS, PORTS_END - PORTS_FIRST):
        if all(can_bind(address, port) for address in addresses):
            return port
    raise RuntimeError(f"no port from {PORTS_FIRST} to {PORTS_END} is free on {addresses}")


def can_bind(address: str, port: int) -> bool:
    """Without SO_REUSEADDR: a port on which a connection of a test before lingers is free only for a server that sets
    it, and not each one does."""
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def mail_folder(folder: Path) -> None:
    """A folder in which MAIL_USER makes Maildirs."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.chown(folder, MAIL_USER, MAIL_GROUP)


def adopt_orphans() -> None:
    """Makes the processes whose parent dies ours to reap. Postfix's master leaves its own behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(pid: int) -> None:
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Ends a mail server and what it started: SIGTERM, then SIGKILL for who is still there."""
    pids = children(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in pids:
        if Path(f"/proc/{pid}").exists():
            end(pid)


def end(pid: int) -> None:
    """SIGTERM reached it with its parent's end, or does now; a process of another's is left alone."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                return
        except ChildProcessError:
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    reap(pid)


def make_certificate(folder: Path, name: str) -> None:
    """A self-signed certificate for `name`, as cert.pem and key.pem."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},DNS:localhost", "-days", "30",
                    "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
                   check=True, stderr=subprocess.DEVNULL)
