"""A small SMTP server that takes mail from who logs in: what stands for SendGrid and its like in tests.

It knows one user, offers STARTTLS or TLS from the first byte or none, and keeps what it was given. It is no
more of a server than the tests need: one thread a connection, no limits."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

SECONDS_MAX = 60


@dataclass
class Message:
    user: str
    mail_from: str
    recipients: list[str]
    content: str


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for that name, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@dataclass
class Smarthost:
    """Listens on a loopback port from its making to close()."""

    certificate: tuple[Path, Path] | None = None
    is_implicit: bool = False
    user: str = "apikey"
    password: str = "open sesame"
    messages: list[Message] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.tls: ssl.SSLContext | None = None
        if self.certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*self.certificate)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self) -> None:
        # A close alone leaves accept() where it is, and somebody more would be served.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS_MAX)
        try:
            if self.is_implicit and self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            Dialogue(self, connection).run()
        except OSError:
            pass
        finally:
            connection.close()


class Dialogue:
    """One connection, from greeting to QUIT."""

    def __init__(self, host: Smarthost, connection: socket.socket) -> None:
        self.host = host
        self.connection = connection
        self.lines = connection.makefile("rb")
        self.user = ""
        self.mail_from = ""
        self.recipients: list[str] = []

    def say(self, *lines: str) -> None:
        self.connection.sendall("".join(line + "\r\n" for line in lines).encode())

    def hear(self) -> str:
        line = self.lines.readline()
        if not line:
            raise ConnectionError("hung up")
        return line.decode("utf-8", "surrogateescape").rstrip("\r\n")

    def run(self) -> None:
        self.say("220 smarthost.test ESMTP")
        while True:
            line = self.hear()
            verb, _, rest = line.partition(" ")
            command = getattr(self, "do_" + verb.lower(), None)
            if verb.upper() == "QUIT":
                self.say("221 2.0.0 bye")
                return
            if command:
                command(rest)
            else:
                self.say("500 5.5.1 what?")

    def is_tls(self) -> bool:
        return isinstance(self.connection, ssl.SSLSocket)

    def do_ehlo(self, _name: str) -> None:
        offers = ["smarthost.test", "8BITMIME"]
        if self.host.tls and not self.is_tls():
            offers.append("STARTTLS")
        if self.is_tls() or not self.host.tls:
            offers.append("AUTH PLAIN LOGIN")
        self.say(*[f"250-{offer}" for offer in offers[:-1]], f"250 {offers[-1]}")

    def do_starttls(self, _rest: str) -> None:
        if not self.host.tls:
            self.say("502 5.5.1 no")
            return
        self.say("220 2.0.0 go")
        self.connection = self.host.tls.wrap_socket(self.connection, server_side=True)
        self.lines = self.connection.makefile("rb")

    def do_auth(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() != "PLAIN":
            self.say("504 5.5.4 not that one")
            return
        _, user, password = base64.b64decode(initial).decode().split("\0")
        self.host.logins.append((user, password))
        if (user, password) != (self.host.user, self.host.password):
            self.say("535 5.7.8 wrong user or password")
            return
        self.user = user
        self.say("235 2.7.0 welcome")

    def do_mail(self, rest: str) -> None:
        if not self.user:
            self.say("530 5.7.0 log in first")
            return
        self.mail_from = rest[rest.index("<") + 1:rest.index(">")]
        self.say("250 2.1.0 ok")

    def do_rcpt(self, rest: str) -> None:
        self.recipients.append(rest[rest.index("<") + 1:rest.index(">")])
        self.say("250 2.1.5 ok")

    def do_rset(self, _rest: str) -> None:
        self.recipients = []
        self.say("250 2.0.0 ok")

    def do_data(self, _rest: str) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.hear()) != ".":
            lines.append(line.removeprefix("."))
        self.host.messages.append(Message(self.user, self.mail_from, self.recipients, "\n".join(lines)))
        self.recipients = []
        self.say("250 2.0.0 taken")
