#!/usr/bin/python3
"""Joins standard input and output with a loopback port: relay.py PORT. mbsync's Tunnel, so that it
can check the certificate's name, which no resolver knows."""

from __future__ import annotations

import os
import socket
import sys
import threading


def copy(source: int, target: int) -> None:
    while data := os.read(source, 65536):
        while data:
            data = data[os.write(target, data):]


def main() -> int:
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    threading.Thread(target=copy, args=(0, server.fileno()), daemon=True).start()
    copy(server.fileno(), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
