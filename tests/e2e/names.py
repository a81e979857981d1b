"""A name server on loopback that knows a few records, and says NXDOMAIN to all else."""

from __future__ import annotations

import socket
import struct
import threading

TYPES = {"A": 1, "PTR": 12, "MX": 15, "TXT": 16, "SRV": 33, "FAIL": 0}
NAME_OF_QUESTION = b"\xc0\x0c"


def wire_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class Names:
    """Records are {(name, "MX"): ["10 mx.far.test"], (name, "A"): ["127.0.0.1"], (name, "TXT"): ["v=spf1 -all"]}.

    A name with FAIL gives SERVFAIL; while `is_dead`, nothing is answered. Ends with close().
    """

    def __init__(self, records: dict[tuple[str, str], list[str]], address: str = "127.0.0.1", port: int = 0) -> None:
        self.records = records
        self.is_dead = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self) -> None:
        self.socket.close()

    def serve(self) -> None:
        while True:
            try:
                query, client = self.socket.recvfrom(4096)
                if not self.is_dead:
                    self.socket.sendto(self.answer(query), client)
            except OSError:
                return

    def answer(self, query: bytes) -> bytes:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        name, kind = ".".join(labels), struct.unpack("!H", query[at + 1:at + 3])[0]
        found = [text for (owner, word), texts in list(self.records.items()) for text in texts
                 if owner == name and TYPES[word] == kind]
        exists = any(owner == name or owner.endswith("." + name) for owner, _ in list(self.records))
        code = 2 if (name, "FAIL") in self.records else 0 if exists else 3
        answers = b"".join(self.record(kind, text) for text in found)
        return query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(found), 0, 0) + question + answers

    @staticmethod
    def record(kind: int, text: str) -> bytes:
        if kind == TYPES["A"]:
            data = socket.inet_aton(text)
        elif kind == TYPES["TXT"]:
            pieces = [text[at:at + 255].encode() for at in range(0, len(text), 255)] or [b""]
            data = b"".join(bytes([len(piece)]) + piece for piece in pieces)
        elif kind == TYPES["SRV"]:
            priority, weight, port, host = text.split()
            data = struct.pack("!HHH", int(priority), int(weight), int(port)) + wire_name(host)
        elif kind == TYPES["PTR"]:
            data = wire_name(text)
        else:
            preference, host = text.split()
            data = struct.pack("!H", int(preference)) + wire_name(host)
        return NAME_OF_QUESTION + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
