"""A receiver of webhooks over HTTPS, which checks signatures by itself, as docs/webhooks.md tells others to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOLERANCE_SECONDS = 300


def signature(secret: str, event: str, timestamp: str, body: bytes) -> str:
    """By the letter of Standard Webhooks 1.0.0."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


@dataclass
class Taken:
    """One request as it came."""

    path: str
    fields: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        return self.fields["webhook-id"]

    @property
    def signatures(self) -> list[str]:
        return self.fields["webhook-signature"].split(" ")

    @property
    def payload(self) -> Any:
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        stamp = self.fields["webhook-timestamp"]
        return (abs(int(stamp) - time.time()) < TOLERANCE_SECONDS
                and signature(secret, self.id, stamp, self.body) in self.signatures)


@dataclass
class Way:
    """What a path of the receiver answers: each status once, then the last for ever."""

    statuses: list[int] = field(default_factory=lambda: [200])
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thank you"
    pause_seconds: float = 0
    taken: list[Taken] = field(default_factory=list)

    def next_status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    @property
    def types(self) -> list[str]:
        return [each.payload["type"] for each in self.taken]

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.taken]


class Receiver:
    """Listens from its making to close(): receiver.ways["/crm"] = Way([500, 200])."""

    def __init__(self, address: str, port: int, certificate: Path | None) -> None:
        self.ways: dict[str, Way] = {}
        self.server = http.server.ThreadingHTTPServer((address, port), self.handler())
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fields = {name.lower(): value for name, value in self.headers.items()}
                way = outer.ways.setdefault(self.path, Way())
                way.taken.append(Taken(self.path, fields, body))
                time.sleep(way.pause_seconds)
                self.send_response(way.next_status())
                for name, value in {"Content-Length": str(len(way.body)), **way.fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(way.body)

            def log_message(self, *_words: object) -> None:
                pass

        return Handler
