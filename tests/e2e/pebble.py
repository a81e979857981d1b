"""Pebble, Let's Encrypt's own test CA (Debian package pebble): on loopback, asking a name server of the test's."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from authority import Authority
from peer import free_port
from ports import wait_for_port

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
ANSWER_SECONDS_MAX = 60
NAME = "ca.test"
T = TypeVar("T")


class Pebble:
    """pebble.start() ... pebble.stop(). After a stop and a start it is another CA at the same place: it knows
    nobody, and has a new root."""

    def __init__(self, folder: Path, http_port: int, https_port: int, names_port: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.names_port = names_port
        self.authority = Authority(folder / "authority", "Authority of Pebble's own certificate")
        self.certificate = self.authority.issue(NAME, "localhost")
        self.port = free_port(["127.0.0.1"])
        with socket.create_server(("127.0.0.1", self.port)):
            self.management_port = free_port(["127.0.0.1"])
        self.ports = {"httpPort": http_port, "tlsPort": https_port}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def roots(self) -> Path:
        """Whom to trust to reach it."""
        return self.authority.certificate

    @property
    def directory(self) -> str:
        return f"https://{NAME}:{self.port}/dir"

    def start(self, days: float = 90, **environment: str) -> None:
        """Certificates hold for so many days. Environment: PEBBLE_WFE_NONCEREJECT="50" ..."""
        config = {"listenAddress": f"127.0.0.1:{self.port}",
                  "managementListenAddress": f"127.0.0.1:{self.management_port}",
                  "certificate": str(self.certificate / "cert.pem"),
                  "privateKey": str(self.certificate / "key.pem"), "ocspResponderURL": "",
                  "externalAccountBindingRequired": False, "certificateValidityPeriod": int(days * 86400), **self.ports}
        (self.folder / "config.json").write_text(json.dumps({"pebble": config}))
        settings = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0", **environment}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(["pebble", "-config", self.folder / "config.json", "-dnsserver",
                                             f"127.0.0.1:{self.names_port}", "-strict"], stdout=log, stderr=log,
                                            env={**os.environ, **settings})
        wait_for_port(self.port, START_SECONDS_MAX)
        wait_for_port(self.management_port, START_SECONDS_MAX)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(STOP_SECONDS_MAX)
            self.process = None

    def issuing_root(self) -> str:
        """The root that its certificates lead to, PEM."""
        context = ssl.create_default_context(cafile=str(self.roots))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=context))
        with opener.open(f"https://localhost:{self.management_port}/roots/0",
                         timeout=ANSWER_SECONDS_MAX) as answer:
            return str(answer.read().decode())

    def said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def wait_for(what: Callable[[], T], seconds: float = 60, pause: float = 0.2) -> T:
    """What `what` gives once that is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        if found or time.monotonic() > deadline:
            assert found, "it did not come in time"
            return found
        time.sleep(pause)
