"""A real rspamd on loopback, over HTTP and as a milter, with two rules and no network; a scripted one that breaks."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from clients import need
from peer import free_port
from ports import wait_for_port

START_SECONDS_MAX = 60
LOOPBACK = "127.0.0.1"

# GTUBE is built in: reject. The bigger list of top-level domains takes ten seconds to read.
CONFIG = """
options {{
  pidfile = "{folder}/rspamd.pid"; tempdir = "{folder}"; control_socket = "{folder}/control.sock mode=0600";
  cache_file = "{folder}/symbols.cache"; hs_cache_dir = "{folder}/"; url_tld = "{folder}/domains";
  filters = "regexp"; local_addrs = []; explicit_modules = [];
  dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; mime = true; }}
worker "rspamd_proxy" {{
  bind_socket = "127.0.0.1:{milter_port}"; count = 1; milter = yes; timeout = 20s;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
actions {{ reject = 15; "add header" = 6; greylist = 4; }}
modules {{ path = "/usr/share/rspamd/plugins/milter_headers.lua"; }}
milter_headers {{ use = ["x-spam-status", "x-spamd-result"]; skip_local = false; skip_authenticated = false; }}
regexp {{
  "TEST_JUNK" {{ re = "Subject=/cheap pills/i"; score = 7.0; description = "words of the test"; }}
  "TEST_MARK" {{ re = "Subject=/harmless/i"; score = 0.5; description = "seen"; }}
}}
"""


def listen() -> tuple[int, socket.socket]:
    """On a port that nobody else is given once the listener is closed, as the kernel's own may be."""
    port = free_port([LOOPBACK])
    return port, socket.create_server((LOOPBACK, port))


def stop_listening(listener: socket.socket) -> None:
    """Also while somebody waits in accept, which would take one more. Twice is once."""
    if listener.fileno() >= 0:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


class Rspamd:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port([LOOPBACK])
        self.milter_port = free_port([LOOPBACK])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "domains").write_text("test\ncom\n")
        config = self.folder / "rspamd.conf"
        config.write_text(CONFIG.format(folder=self.folder, port=self.port, milter_port=self.milter_port))
        with (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen([need("rspamd"), "--insecure", "--no-fork", "--config", str(config)],
                                            stdout=out, stderr=out)
        wait_for_port(self.port, START_SECONDS_MAX)
        wait_for_port(self.milter_port, START_SECONDS_MAX)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(START_SECONDS_MAX)
        self.process = None


def read_request(client: socket.socket) -> bytes:
    """A whole request: its head, and as much body as that announces."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += client.recv(65536) or b"\r\n\r\n"
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        more = client.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body


class Scripted:
    """Answers every request by what `answer` does with the connection; keeps the requests."""

    def __init__(self) -> None:
        self.port, self.listener = listen()
        self.requests: list[bytes] = []
        self.answer: Callable[[socket.socket], None] = lambda client: None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                try:
                    self.requests.append(read_request(client))
                    self.answer(client)
                except OSError:
                    pass

    def says(self, answer: bytes) -> None:
        self.answer = lambda client: client.sendall(answer)

    def says_json(self, text: str, status: str = "200 OK") -> None:
        self.says(f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())

    def close(self) -> None:
        stop_listening(self.listener)


def stall(client: socket.socket) -> None:
    """Says nothing until the other side has had enough."""
    client.settimeout(60)
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Len")
    time.sleep(0.1)
    client.recv(1)
