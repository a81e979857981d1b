"""A middlebox between others and a server: what comes to its ports goes on to the server's, but for those that it
drops, and without STARTTLS where it hides that, as some firewalls do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable

from ports import WELL_KNOWN, Ports

BYTES = 65536


class Middlebox:
    """Listens on a base of its own until close()."""

    def __init__(self, server: Ports, dropped: Iterable[str] = (), hides_starttls: bool = False) -> None:
        self.ports = Ports.free()
        self.hides_starttls = hides_starttls
        self.listeners: list[socket.socket] = []
        for service in set(WELL_KNOWN) - set(dropped):
            listener = socket.create_server(("127.0.0.1", getattr(self.ports, service)))
            self.listeners.append(listener)
            is_hiding = hides_starttls and service == "smtp"
            threading.Thread(target=self.accept, args=(listener, getattr(server, service), is_hiding),
                             daemon=True).start()

    def close(self) -> None:
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def accept(self, listener: socket.socket, port: int, is_hiding: bool) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=self.pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, is_hiding), daemon=True).start()

    @staticmethod
    def pump(source: socket.socket, sink: socket.socket, is_hiding: bool) -> None:
        try:
            while data := source.recv(BYTES):
                sink.sendall(data.replace(b"STARTTLS", b"XXXXXXXX") if is_hiding else data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            sink.close()
