"""A name server on loopback that knows a few MX, A and TXT records, and says NXDOMAIN to all else."""

from __future__ import annotations

import socket
import struct
import threading

TYPES = {"A": 1, "MX": 15, "TXT": 16}
NAME_OF_QUESTION = b"\xc0\x0c"


def wire_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class Names:
    """Records are {(name, "MX"): ["10 mx.far.test"], (name, "A"): ["127.0.0.1"]}. Ends with close()."""

    def __init__(self, records: dict[tuple[str, str], list[str]], address: str = "127.0.0.1", port: int = 0) -> None:
        self.records = records
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
        found = [text for (owner, word), texts in self.records.items() for text in texts
                 if owner == name and TYPES[word] == kind]
        code = 0 if any(owner == name for owner, _ in self.records) else 3
        answers = b"".join(self.record(kind, text) for text in found)
        return query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(found), 0, 0) + question + answers

    @staticmethod
    def record(kind: int, text: str) -> bytes:
        if kind == TYPES["A"]:
            data = socket.inet_aton(text)
        elif kind == TYPES["TXT"]:
            data = b"".join(bytes([len(text[at:at + 255])]) + text[at:at + 255].encode()
                            for at in range(0, len(text), 255))
        else:
            preference, host = text.split()
            data = struct.pack("!H", int(preference)) + wire_name(host)
        return NAME_OF_QUESTION + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
