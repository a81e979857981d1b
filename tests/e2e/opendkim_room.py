"""Runs opendkim-testmsg over the messages of a folder (N.eml), in a room without a network where DNS says what the
folder's texts.json says: it asks the system's name server and knows no other way to be told.

    unshare --map-root-user --net --mount opendkim_room.py FOLDER

prints what it said of each, {"N.eml": ""} where it had nothing to say against it.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

TYPE_TXT, CLASS_IN, NO_SUCH_NAME = 16, 1, 3
NAME_OF_QUESTION = b"\xc0\x0c"


def answer(query: bytes, texts: dict[str, str]) -> bytes:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    question, kind = query[12:at + 5], struct.unpack("!H", query[at + 1:at + 3])[0]
    text = texts.get(".".join(labels), "").encode()
    strings = b"".join(bytes([len(part)]) + part for part in (text[i:i + 255] for i in range(0, len(text), 255)))
    record = NAME_OF_QUESTION + struct.pack("!HHIH", TYPE_TXT, CLASS_IN, 60, len(strings)) + strings
    found = bool(text) and kind == TYPE_TXT
    flags = 0x8580 | (0 if text else NO_SUCH_NAME)
    return query[:2] + struct.pack("!HHHHH", flags, 1, int(found), 0, 0) + question + (record if found else b"")


def serve(server: socket.socket, texts: dict[str, str]) -> None:
    while True:
        query, client = server.recvfrom(4096)
        server.sendto(answer(query, texts), client)


def main(folder: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    texts = json.loads((folder / "texts.json").read_text())
    threading.Thread(target=serve, args=(server, texts), daemon=True).start()
    said = {}
    for path in sorted(folder.glob("*.eml")):
        done = subprocess.run(["opendkim-testmsg"], stdin=path.open("rb"), capture_output=True, timeout=60)
        said[path.name] = (done.stderr + done.stdout).decode() or ("" if done.returncode == 0 else "failed")
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
