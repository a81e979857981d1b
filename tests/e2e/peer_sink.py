"""smtp-sink, Postfix's test server: takes mail, fails where it is told to, keeps what it took."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from clients import need
from peer import MAIL_USER, Peer, mail_folder

BACKLOG = 100
ENVELOPE = re.compile(rb"X-(Mail|Rcpt)-Args: ([^\n]*)\n")
# What it puts in front of a message, and what -S puts in front of that.
HEAD = re.compile(rb"\A(?:start\n)?(?:X-[^\n]*\n)+Received: [^\n]*\n(?:\t[^\n]*\n)+")


@dataclass(frozen=True)
class Taken:
    """A transaction that reached its end of data."""

    mail: str
    recipients: list[str]
    content: bytes


class Sink(Peer):
    """`options` as on its command line."""

    name = "smtp-sink"

    def __init__(self, folder: Path, address: str, port: int, *options: str) -> None:
        super().__init__(folder, address, port, "sink.test")
        self.options = options

    def prepare(self) -> None:
        if os.geteuid() == 0:
            mail_folder(self.mail)
        else:
            self.mail.mkdir()

    def command(self) -> list[str]:
        user = ["-u", MAIL_USER] if os.geteuid() == 0 else []
        return [need("smtp-sink"), *user, "-d", f"{self.mail}/taken.", *self.options,
                f"{self.address}:{self.port}", str(BACKLOG)]

    def taken(self) -> list[Taken]:
        return [read_taken(file.read_bytes()) for file in sorted(self.mail.glob("taken.*"))]


def read_taken(dump: bytes) -> Taken:
    found = ENVELOPE.findall(HEAD.match(dump).group())
    recipients = [words.decode() for kind, words in found if kind == b"Rcpt"]
    mail = next(words.decode() for kind, words in found if kind == b"Mail")
    # It puts an empty line behind it as well.
    return Taken(mail, recipients, HEAD.sub(b"", dump)[:-1].replace(b"\n", b"\r\n"))
