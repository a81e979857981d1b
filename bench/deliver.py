"""The scenarios: what is sent at a server and what is measured meanwhile."""

from __future__ import annotations

import json
import smtplib
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from email.message import EmailMessage

from measure import Mailboxes, Measured, cpu_seconds
from row import PASSWORD, USERS, compiled

DELIVERY_SECONDS_MAX = 300
ANNOUNCE_SECONDS_MAX = 60


@dataclass(frozen=True)
class Load:
    """What is sent. filler: Postfix's smtp-source, the same lines of X in every message, all to one user;
    else our own generator, every message differs, the users take turns. reconnect: a connection a message."""

    messages: int = 0
    connections: int = 20
    message_bytes: int = 4096
    seed: int = 1
    reconnect: bool = False
    filler: bool = False
    users: tuple[str, ...] = tuple(USERS)


@dataclass(frozen=True)
class Sent:
    """`started` and `ended` on the monotonic clock: the first connection, the last reply."""

    started: float
    ended: float
    bytes: int


@dataclass(frozen=True)
class Delivery:
    """One run: N messages from the first connection until the last is in its mailbox."""

    per_second: float
    accepted_per_second: float
    cpu_us: float
    bytes: int

    def values(self) -> dict[str, float]:
        return dict(vars(self))


def send_filler(server: Measured, load: Load) -> Sent:
    started = time.monotonic()
    subprocess.run(["smtp-source", "-d", "-s", str(load.connections), "-l", str(load.message_bytes),
                    "-m", str(load.messages), "-f", "bench@load.test", "-t", f"{USERS[0]}@{server.domain}",
                    f"127.0.0.1:{server.ports.smtp}"], check=True)
    return Sent(started, time.monotonic(), load.messages * load.message_bytes)


def send_text(server: Measured, load: Load) -> Sent:
    return send_text_to(server, load, [f"{user}@{server.domain}" for user in load.users])


def send_text_to(server: Measured, load: Load, addresses: list[str]) -> Sent:
    """Its addresses take turns, message by message."""
    done = subprocess.run([str(compiled("smtp_load")), *(["--reconnect"] if load.reconnect else []),
                           str(server.ports.smtp), str(load.connections), str(load.messages),
                           str(load.message_bytes), str(load.seed), "bench@load.test", *addresses],
                          stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout or "{}")
    if done.returncode or told["accepted"] != load.messages:
        raise RuntimeError(f"{server.name} did not take every message: {done.stdout}")
    return Sent(told["started"], told["started"] + told["seconds"], told["bytes"])


def deliver(server: Measured, load: Load) -> Delivery:
    """Sends and waits until every message can be seen over IMAP. Nothing is polled while sending."""
    boxes = Mailboxes(server, USERS, PASSWORD)
    boxes.clear()
    cpu_before = cpu_seconds(server)
    sent = send_filler(server, load) if load.filler else send_text(server, load)
    boxes.wait_for(load.messages, DELIVERY_SECONDS_MAX)
    visible = time.monotonic()
    cpu = cpu_seconds(server) - cpu_before
    boxes.close()
    return Delivery(load.messages / (visible - sent.started), load.messages / (sent.ended - sent.started),
                    cpu / load.messages * 1e6, sent.bytes)


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
