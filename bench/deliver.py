"""The scenarios: what is sent at a server and what is measured meanwhile."""

from __future__ import annotations

import json
import smtplib
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from measure import Mailboxes, Measured, cpu_seconds

USERS = ["alice", "bob"]
PASSWORD = "bench pass"
CONNECTIONS = 20
MESSAGE_BYTES = 4096
DELIVERY_SECONDS_MAX = 300
ANNOUNCE_SECONDS_MAX = 60


@dataclass(frozen=True)
class Delivery:
    """One run: N messages from the first connection until the last is in its mailbox."""

    per_second: float
    accepted_per_second: float
    cpu_us: float


Sender = Callable[[Measured, int, int], None]


def send_filler(server: Measured, messages: int, _seed: int) -> None:
    """Postfix's smtp-source: the same lines of X in every message, all to one user."""
    subprocess.run(["smtp-source", "-d", "-s", str(CONNECTIONS), "-l", str(MESSAGE_BYTES), "-m", str(messages),
                    "-f", "bench@load.test", "-t", f"{USERS[0]}@{server.domain}", f"127.0.0.1:{server.ports.smtp}"],
                   check=True)


def send_text(server: Measured, messages: int, seed: int) -> None:
    """Our own generator: every message differs, the users take turns."""
    program = Path(__file__).resolve().parent.parent / "build" / "bench" / "smtp_load"
    done = subprocess.run([str(program), str(server.ports.smtp), str(CONNECTIONS), str(messages), str(MESSAGE_BYTES),
                           str(seed), "bench@load.test", *(f"{user}@{server.domain}" for user in USERS)],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode or json.loads(done.stdout)["accepted"] != messages:
        raise RuntimeError(f"{server.name} did not take every message: {done.stdout}")


def deliver(server: Measured, sender: Sender, messages: int, seed: int) -> Delivery:
    """Sends and waits until every message can be seen over IMAP. Nothing is polled while sending."""
    boxes = Mailboxes(server, USERS, PASSWORD)
    boxes.clear()
    cpu_before = cpu_seconds(server)
    started = time.monotonic()
    sender(server, messages, seed)
    accepted = time.monotonic()
    boxes.wait_for(messages, DELIVERY_SECONDS_MAX)
    visible = time.monotonic()
    cpu = cpu_seconds(server) - cpu_before
    boxes.close()
    return Delivery(messages / (visible - started), messages / (accepted - started), cpu / messages * 1e6)


class Idler:
    """A session in IDLE on the first user's INBOX, which notes when an EXISTS arrives."""

    def __init__(self, server: Measured) -> None:
        self.arrived = threading.Semaphore(0)
        self.at = 0.0
        self.socket = socket.create_connection(("127.0.0.1", server.ports.imap), timeout=ANNOUNCE_SECONDS_MAX)
        self.reader = self.socket.makefile("rb")
        self.reader.readline()
        self.say("a", f'LOGIN {USERS[0]}@{server.domain} "{PASSWORD}"')
        self.say("b", "SELECT INBOX")
        self.socket.sendall(b"c IDLE\r\n")
        while not self.reader.readline().startswith(b"+"):
            pass
        threading.Thread(target=self.listen, daemon=True).start()

    def say(self, tag: str, command: str) -> None:
        self.socket.sendall(f"{tag} {command}\r\n".encode())
        while not (line := self.reader.readline()).startswith(tag.encode() + b" "):
            if not line:
                raise ConnectionError("the server closed the IMAP session")
        if b" OK" not in line:
            raise RuntimeError(f"{command.split()[0]}: {line!r}")

    def listen(self) -> None:
        try:
            while line := self.reader.readline():
                if b" EXISTS" in line:
                    self.at = time.monotonic()
                    self.arrived.release()
        except (OSError, ValueError):
            pass

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def announce_delays_ms(server: Measured, messages: int) -> list[float]:
    """From the 250 that ends DATA to the EXISTS in another session's IDLE, one message at a time."""
    idler = Idler(server)
    delays = []
    with smtplib.SMTP("127.0.0.1", server.ports.smtp) as client:
        for number in range(messages):
            message = EmailMessage()
            message["From"], message["To"] = "bench@load.test", f"{USERS[0]}@{server.domain}"
            message["Subject"] = f"announce {number}"
            message.set_content("A short text.\n" * 20)
            client.send_message(message)
            acknowledged = time.monotonic()
            if not idler.arrived.acquire(timeout=ANNOUNCE_SECONDS_MAX):
                raise TimeoutError(f"{server.name}: no EXISTS within {ANNOUNCE_SECONDS_MAX} s")
            delays.append((idler.at - acknowledged) * 1000)
            time.sleep(0.02)
    idler.close()
    return delays


def summary(delays_ms: list[float]) -> str:
    ordered = sorted(delays_ms)
    return (f"median {statistics.median(ordered):.1f} ms, 95 % within {ordered[int(len(ordered) * 0.95)]:.1f} ms, "
            f"longest {ordered[-1]:.1f} ms")
