"""A mail host that notes when which message came: one thread a connection, for the few domains of a large queue
that are watched."""

from __future__ import annotations

import re
import socket
import threading
import time
from typing import BinaryIO

RECIPIENT = re.compile(rb"TO:<([^@>]*)@", re.IGNORECASE)
OFFER = b"250-watch\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Watch:
    """Listens from its making to stop(). `arrived`: when the end of a message's data came (monotonic clock), by
    the local part of its last recipient."""

    def __init__(self, address: str, port: int) -> None:
        self.arrived: dict[str, float] = {}
        self.changed = threading.Condition()
        self.listener = socket.create_server((address, port), backlog=100)
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self) -> None:
        self.listener.close()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"220 watch\r\n")
            recipient = ""
            try:
                while line := reader.readline():
                    found = RECIPIENT.search(line)
                    recipient = found[1].decode() if found else recipient
                    if line[:4].upper() == b"DATA":
                        connection.sendall(b"354 go on\r\n")
                        self.take(reader, recipient)
                    connection.sendall(OFFER if line[:4].upper() == b"EHLO" else b"250 OK\r\n")
            except OSError:
                pass

    def take(self, reader: BinaryIO, recipient: str) -> None:
        while reader.readline() not in (b".\r\n", b""):
            pass
        with self.changed:
            self.arrived[recipient] = time.monotonic()
            self.changed.notify_all()

    def wait_for(self, recipient: str, seconds_max: float) -> float:
        with self.changed:
            if not self.changed.wait_for(lambda: recipient in self.arrived, seconds_max):
                raise TimeoutError(f"{recipient} has not come after {seconds_max:.0f} s")
            return self.arrived[recipient]
