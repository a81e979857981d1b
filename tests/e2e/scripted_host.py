"""A mail server that does what a table says, however bad, and records what it was told and when.

The table's keys are the verbs of commands, and "CONNECT" and "." for the greeting and the end of the
data; a longer key, such as "RCPT TO:<bob@", goes before a shorter one. A value is what it does, or a
list of that: one after the other for as many times as that command comes, the last for good. What is
not in the table is done as a good server would.

    ScriptedHost("127.0.0.5", port, {"RCPT": say("450 4.2.1 later"), ".": [hang_up(), say("250 2.0.0 ok")]})
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ENDLESS_BYTES_MAX = 64 * 1024 * 1024
SILENCE_SECONDS_MAX = 600
BACKLOG = 100


@dataclass(frozen=True)
class Act:
    """What is sent, and what comes after it: nothing, "close", "silence", "endless" or "tls". Held: it is
    sent once the host's `gate` is set."""

    text: bytes = b""
    then: str = ""
    is_held: bool = False


def say(*lines: str) -> Act:
    return Act("".join(line + "\r\n" for line in lines).encode())


def say_and_close(*lines: str) -> Act:
    return Act(say(*lines).text, "close")


def raw(text: bytes, then: str = "") -> Act:
    return Act(text, then)


def hang_up() -> Act:
    return Act(then="close")


def silent() -> Act:
    return Act(then="silence")


def endless(text: bytes) -> Act:
    """The same bytes again and again, for as long as they are read."""
    return Act(text, "endless")


def held(*lines: str) -> Act:
    """Says so when the test sets the host's gate."""
    return Act(say(*lines).text, is_held=True)


def begin_tls(*behind: str) -> Act:
    """Agrees to STARTTLS; `behind` are lines that follow the answer in the clear."""
    return Act(say("220 2.0.0 go ahead", *behind).text, "tls")


Script = Mapping[str, Act | Sequence[Act]]
GOOD: Script = {
    "CONNECT": say("220 scripted.test ESMTP"), "HELO": say("250 scripted.test"), "MAIL": say("250 2.1.0 ok"),
    "RCPT": say("250 2.1.5 ok"), "DATA": say("354 go on"), ".": say("250 2.0.0 taken"), "BDAT": say("250 2.0.0 ok"),
    "RSET": say("250 2.0.0 ok"), "NOOP": say("250 2.0.0 ok"), "QUIT": say_and_close("221 2.0.0 bye"),
    "STARTTLS": begin_tls(), "AUTH": say("235 2.7.0 in"),
}


@dataclass(frozen=True)
class Said:
    """One line that a client sent. Times are monotonic seconds; sessions count from 1."""

    at: float
    session: int
    line: str
    is_tls: bool


@dataclass
class Transaction:
    """What was between MAIL and the end of the data."""

    session: int
    mail: str = ""
    recipients: list[str] = field(default_factory=list)
    content: bytes = b""


class ScriptedHost:
    """Listens from its making to close(). `certificate`: a folder with cert.pem and key.pem, for STARTTLS."""

    def __init__(self, address: str, port: int, script: Script | None = None,
                 extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"),
                 certificate: Path | None = None) -> None:
        self.address = address
        self.port = port
        self.script = dict(script or {})
        self.extensions = list(extensions) + (["STARTTLS"] if certificate else [])
        self.certificate = certificate
        self.used: dict[str, int] = {}
        self.said: list[Said] = []
        self.transactions: list[Transaction] = []
        self.session_count = 0
        self.is_closing = False
        self.gate = threading.Event()
        self.connections: list[socket.socket] = []
        self.lock = threading.Lock()
        self.listener = socket.create_server((address, port), backlog=BACKLOG)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self) -> ScriptedHost:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def rewrite(self, script: Script) -> None:
        """From now on it does this instead."""
        with self.lock:
            self.script, self.used = dict(script), {}

    def close(self) -> None:
        self.is_closing = True
        self.gate.set()
        # A close alone leaves accept() where it is.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self) -> None:
        while not self.is_closing:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.session_count += 1
                self.connections.append(connection)
                session = Session(self, connection, self.session_count)
            threading.Thread(target=session.serve, daemon=True).start()

    def act(self, line: str) -> Act:
        """What the table says about this line, counted."""
        with self.lock:
            keys = [key for key in self.script if line.upper().startswith(key.upper())]
            if not keys:
                return self.good(line)
            key = max(keys, key=len)
            acts = self.script[key]
            if isinstance(acts, Act):
                return acts
            number = self.used.get(key, 0)
            self.used[key] = number + 1
            return acts[min(number, len(acts) - 1)]

    def good(self, line: str) -> Act:
        verb = re.split(r"[ :]", line.upper(), maxsplit=1)[0]
        if verb == "EHLO":
            lines = ["scripted.test", *self.extensions]
            return say(*(f"250-{each}" for each in lines[:-1]), f"250 {lines[-1]}")
        return GOOD.get(verb, say("500 5.5.2 what"))

    def record(self, session: Session, line: str) -> None:
        with self.lock:
            self.said.append(Said(time.monotonic(), session.number, line, session.is_tls))

    def lines(self, verb: str = "") -> list[str]:
        """What was said to it so far, of one verb or all."""
        with self.lock:
            return [said.line for said in self.said if said.line.upper().startswith(verb.upper())]


class Session:
    """One connection."""

    def __init__(self, host: ScriptedHost, connection: socket.socket, number: int) -> None:
        self.host = host
        self.connection = connection
        self.reader = connection.makefile("rb")
        self.number = number
        self.is_tls = False
        self.transaction = Transaction(number)

    def serve(self) -> None:
        try:
            going_on = self.do(self.host.act("CONNECT"))
            while going_on and (line := self.read_line()) is not None:
                going_on = self.command(line)
        except (OSError, ValueError):
            pass
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reader.close()
        self.connection.close()

    def read_line(self) -> str | None:
        line = self.reader.readline()
        if not line.endswith(b"\n"):
            return None
        text = line.rstrip(b"\r\n").decode(errors="replace")
        self.host.record(self, text)
        return text

    def command(self, line: str) -> bool:
        """False ends the session."""
        verb = re.split(r"[ :]", line.upper(), maxsplit=1)[0]
        if verb == "BDAT":
            return self.chunk(line)
        act = self.host.act(line)
        is_good = act.text[:1] in (b"2", b"3")
        if verb == "AUTH" and is_good:
            self.exchange(line)
        if verb == "MAIL":
            self.transaction = Transaction(self.number, line)
        if verb == "RCPT" and is_good:
            self.transaction.recipients.append(line)
        if not self.do(act):
            return False
        if verb == "STARTTLS" and act.then == "tls":
            return self.start_tls()
        return self.data() if verb == "DATA" and act.text.startswith(b"354") else True

    def do(self, act: Act) -> bool:
        """False ends the session."""
        if act.is_held:
            self.host.gate.wait(SILENCE_SECONDS_MAX)
        if act.then == "endless":
            self.repeat(act.text)
            return False
        self.connection.sendall(act.text)
        if act.then == "silence":
            deadline = time.monotonic() + SILENCE_SECONDS_MAX
            while not self.host.is_closing and time.monotonic() < deadline:
                time.sleep(0.05)
        return act.then not in ("close", "silence")

    def repeat(self, text: bytes) -> None:
        piece = text * (65536 // len(text) + 1)
        for _ in range(ENDLESS_BYTES_MAX // len(piece)):
            self.connection.sendall(piece)

    def exchange(self, line: str) -> None:
        """What is asked for after AUTH before its outcome is said: PLAIN and LOGIN."""
        words = line.split()
        prompts = {"PLAIN": [b"334 \r\n"], "LOGIN": [b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"]}
        for prompt in prompts.get(words[1].upper(), [])[len(words) - 2:]:
            self.connection.sendall(prompt)
            self.read_line()

    def start_tls(self) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.host.certificate / "cert.pem", self.host.certificate / "key.pem")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.reader = self.connection.makefile("rb")
        self.is_tls = True
        with self.host.lock:
            self.host.connections.append(self.connection)
        return True

    def data(self) -> bool:
        lines = []
        while (line := self.reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        self.transaction.content = b"".join(lines)
        return self.end_of_data()

    def chunk(self, line: str) -> bool:
        words = line.upper().split()
        self.transaction.content += self.reader.read(int(words[1]))
        return self.end_of_data() if words[-1] == "LAST" else self.do(self.host.act(line))

    def end_of_data(self) -> bool:
        self.host.record(self, ".")
        # A client that pipelined DATA ends it with nothing where all recipients were refused (RFC 2920 3.1).
        if self.transaction.recipients:
            with self.host.lock:
                self.host.transactions.append(self.transaction)
        return self.do(self.host.act("."))
