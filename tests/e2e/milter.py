"""The mail server's end of a milter conversation (libmilter's protocol, version 6), for one message after another."""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

VERSION = 6
# All that a filter may do, and all that it may do without; that blanks in front of a field's value are sent as well.
ACTIONS, LEADING_BLANKS = 0x1ff, 0x100000
STEPS = 0x1fffff
# Which step a filter does without, and which it does not answer: by the command's letter.
UNWANTED = {b"C": 0x1, b"H": 0x2, b"M": 0x4, b"R": 0x8, b"B": 0x10, b"L": 0x20, b"N": 0x40, b"T": 0x200}
UNANSWERED = {b"L": 0x80, b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"R": 0x8000, b"T": 0x10000, b"N": 0x40000,
              b"B": 0x80000}
BODY_BYTES_MAX = 65535
TIMEOUT_SECONDS = 60
FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r]|\r\n[ \t])*)\r\n")


def packet(letter: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 1 + len(data)) + letter + data


@dataclass
class Answer:
    """What a filter wants with a message: its last word, and the fields that it puts in front of it."""

    verdict: bytes = b""
    fields: list[tuple[str, str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for found, value in self.fields if found.lower() == name.lower()]


class Conversation:
    """With one filter on a local socket, over a connection that serves many messages."""

    def __init__(self, path: Path, client: str = "192.0.2.1") -> None:
        self.path = path
        self.client = client.encode() + b"\0"
        self.connect()

    def connect(self) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(TIMEOUT_SECONDS)
        self.connection.connect(str(self.path))
        self.stream = self.connection.makefile("rb")
        self.send(b"O", struct.pack(">III", VERSION, ACTIONS, STEPS))
        letter, data = self.read()
        assert letter == b"O", letter
        _, _, self.steps = struct.unpack(">III", data[:12])
        self.say([(b"C", b"client.test\0" + b"4" + struct.pack(">H", 25) + self.client), (b"H", b"client.test\0")])

    def close(self) -> None:
        self.send(b"Q")
        self.stream.close()
        self.connection.close()

    def send(self, letter: bytes, data: bytes = b"") -> None:
        self.connection.sendall(packet(letter, data))

    def read(self) -> tuple[bytes, bytes]:
        head = self.stream.read(4)
        assert len(head) == 4, "the filter hung up"
        answer = self.stream.read(struct.unpack(">I", head)[0])
        return answer[:1], answer[1:]

    def say(self, steps: list[tuple[bytes, bytes]]) -> bytes:
        """All of these steps that the filter wants, at once; its first answer that is not "c" (continue), or that."""
        wanted = [(letter, data) for letter, data in steps if not self.steps & UNWANTED.get(letter, 0)]
        self.connection.sendall(b"".join(packet(letter, data) for letter, data in wanted))
        answered = [letter for letter, _ in wanted if letter != b"D" and not self.steps & UNANSWERED.get(letter, 0)]
        return next((answer for _ in answered if (answer := self.read()[0]) != b"c"), b"c")

    def ask(self, message: bytes, sender: str = "ann@a.test", number: int = 0) -> Answer:
        """The whole of a message with CRLF line ends, of one piece of body at most."""
        header, _, body = message.partition(b"\r\n\r\n")
        steps = [(b"D", b"Mi\0" + f"{number:08X}".encode() + b"\0"), (b"M", f"<{sender}>".encode() + b"\0"),
                 (b"R", b"<bob@b.test>\0"), (b"T", b"")]
        for name, value in FIELD.findall(header + b"\r\n"):
            value = value if self.steps & LEADING_BLANKS else value.lstrip(b" \t")
            steps.append((b"L", name + b"\0" + value.replace(b"\r\n", b"\n") + b"\0"))
        assert len(body) <= BODY_BYTES_MAX
        verdict = self.say([*steps, (b"N", b""), *([(b"B", body)] if body else [])])
        # "s": it has seen enough of the body. With any other word it hears no more of this message.
        if verdict not in b"cs":
            self.close()
            self.connect()
            return Answer(verdict)
        self.send(b"E")
        answer = Answer()
        while not answer.verdict:
            self.take(answer, *self.read())
        return answer

    def take(self, answer: Answer, letter: bytes, data: bytes) -> None:
        """One packet of what comes after the end of a message."""
        if letter in b"ih":
            name, value, _ = data[4 if letter == b"i" else 0:].split(b"\0", 2)
            value = value if self.steps & LEADING_BLANKS else b" " + value
            answer.fields.insert(0, (name.decode(), value.decode().replace("\n", "\r\n")))
        elif letter in b"actrydf":
            answer.verdict = letter
