"""The clients' side of the ledger: what is written into the log of a run (ledger.h says how).

A mark takes its place among the changes of the data folder: what stands before it was asked for before
the client wrote it. So a promise is marked after the answer was read, a wish before it is sent.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
from contextlib import contextmanager
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LOG_BYTES = 4 << 30
MAILBOXES = ("INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive")


class Lost(Exception):
    """The connection was lost: what was asked for may have happened or not."""


@dataclass
class Marks:
    """The log at `log`, of a run below `root`."""

    library: Path
    log: Path
    root: Path
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    keys: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    # (address, mailbox, key) that were promised and are not being changed.
    promised: set[tuple[str, str, int]] = field(default_factory=set)
    # Those that were copied or moved to a mailbox once.
    transferred: set[tuple[str, str, int]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        with self.log.open("wb") as file:
            file.truncate(LOG_BYTES)
        # The roles run as users of their own.
        self.log.chmod(0o666)
        os.environ["POWER_LOG"], os.environ["POWER_ROOT"] = str(self.log), str(self.root)
        self.code = ctypes.CDLL(str(self.library))
        self.code.power_log_end.restype = ctypes.c_uint64
        self.code.power_log_begin()

    def finish(self) -> None:
        """Nobody writes any more: the file becomes as long as what is in it."""
        os.truncate(self.log, self.code.power_log_end())

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Programs started meanwhile write to the log."""
        os.environ["LD_PRELOAD"] = str(self.library)
        try:
            yield
        finally:
            del os.environ["LD_PRELOAD"]

    @contextmanager
    def standstill(self) -> Iterator[None]:
        """Nobody is between a change and its record: a process may be killed."""
        self.code.power_lock()
        try:
            yield
        finally:
            self.code.power_unlock()

    def mark(self, head: str, lines: list[str], tail: bytes = b"") -> None:
        text = "\n".join([head, *lines]).encode() + b"\n" + tail
        self.code.power_mark(text, ctypes.c_size_t(len(text)))

    def fact(self, *lines: str) -> None:
        self.mark("fact", list(lines))

    def sent(self, key: int, message: bytes) -> None:
        self.mark(f"sent\t{key}", [], message)

    @contextmanager
    def operation(self, lines: list[str]) -> Iterator[Answer]:
        """Marks the beginning, and the end as `answer` says. Without an answer it never ends."""
        number = next(self.numbers)
        effects = [effect(line) for line in lines]
        with self.lock:
            self.promised -= {item for _, item in effects if item}
        self.mark(f"begin\t{number}", lines)
        answer = Answer()
        yield answer
        if answer.is_done is None:
            raise Lost
        self.mark(f"end\t{number}\t{'yes' if answer.is_done else 'no'}", [])
        with self.lock:
            self.promised |= {item for word, item in effects
                              if item and word != ("drop" if answer.is_done else "add")}

    def is_promised(self, address: str, mailbox: str, key: int) -> bool:
        with self.lock:
            return (address, mailbox, key) in self.promised


@dataclass
class Answer:
    is_done: bool | None = None


def effect(line: str) -> tuple[str, tuple[str, str, int] | None]:
    """The word of a line, and the message in a mailbox that it is about."""
    word, *fields = line.split("\t")
    return word, (fields[0], fields[1], int(fields[2])) if word in ("add", "flags", "drop") else None


def add(address: str, mailbox: str, key: int, flags: int = 0) -> str:
    return f"add\t{address}\t{mailbox}\t{key}\t{flags}"


def drop(address: str, mailbox: str, key: int) -> str:
    return f"drop\t{address}\t{mailbox}\t{key}"


def account(address: str, password: str, is_there: bool = True) -> list[str]:
    """An account comes with its mailboxes, and goes with them."""
    lines = [f"account\t{address}\t{int(is_there)}"]
    if is_there:
        lines += [f"password\t{address}\t{password}", *(f"box\t{address}\t{name}\t1" for name in MAILBOXES)]
    return lines
