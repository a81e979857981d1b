"""A web server that serves MTA-STS policies (RFC 8461) over TLS, or what else a test wants of it."""

from __future__ import annotations

import http.server
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/.well-known/mta-sts.txt"


def policy(mode: str, *mx: str, max_age: int = 604800) -> str:
    return "".join(f"{line}\r\n" for line in ("version: STSv1", f"mode: {mode}", *(f"mx: {each}" for each in mx),
                                              f"max_age: {max_age}"))


@dataclass
class Page:
    body: str = ""
    status: int = 200
    fields: dict[str, str] = field(default_factory=dict)
    kind: str = "text/plain"


class PolicyHost:
    """Answers by the name it is asked for: host.pages["mta-sts.a.test"] = Page(policy("enforce", "mx.a.test")).
    Listens from its making to close()."""

    def __init__(self, address: str, port: int, certificate: Path) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, str]] = []
        self.server = http.server.ThreadingHTTPServer((address, port), self.handler())
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def times(self, host: str) -> int:
        return sum(each == host for each, _ in self.asked)

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                name = self.headers.get("Host", "").split(":")[0]
                outer.asked.append((name, self.path))
                page = outer.pages.get(name, Page("not here\n", 404)) if self.path == PATH else Page("no\n", 404)
                self.send_response(page.status)
                for key, value in {"Content-Type": page.kind, "Content-Length": str(len(page.body)),
                                   **page.fields}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(page.body.encode())

            def log_message(self, *_words: object) -> None:
                pass

        return Handler
