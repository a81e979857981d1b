"""OpenDKIM's milter on loopback: Debian's program, unpacked and not installed, as this user, with keys in its own
folder and the records of a file for DNS.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from peer import START_SECONDS_MAX, answers, until
from server import ROOT

UNPACKED = ROOT / "build" / "peers" / "usr" / "sbin" / "opendkim"
CONFIGURATION = """
Background no
Syslog no
Socket {socket}
AuthservID {host}
TestPublicKeys {folder}/records
Nameservers 127.0.0.1
RequireSafeKeys no
AlwaysAddARHeader yes
AllowSHA1Only no
On-Default accept
"""
SIGNING = """
Mode s
InternalHosts {folder}/everybody
KeyTable {folder}/keys
SigningTable refile:{folder}/signers
Canonicalization {forms}
SignatureAlgorithm {algorithm}
OversignHeaders From,Subject
"""
HOST = "judge.test"


class OpenDkim:
    """One process: it checks, or with `start_signing` signs what is of a.test."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        """It listens on that port, or on a local socket."""
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.port = port
        self.path = folder / "socket"
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def program() -> str:
        """The test is skipped where nothing was unpacked."""
        if not UNPACKED.exists():
            pytest.skip(f"{UNPACKED} is not there; scripts/unpack-packages.sh build/peers")
        return str(UNPACKED)

    def start_checking(self, records: Mapping[str, str]) -> None:
        (self.folder / "records").write_text("".join(f"{name} {text}\n" for name, text in records.items()))
        self.start(CONFIGURATION + "Mode v\n")

    def start_signing(self, selector: str, pem: str, forms: str, algorithm: str) -> None:
        (self.folder / "records").touch()
        (self.folder / "everybody").write_text("0.0.0.0/0\n")
        (self.folder / "key").write_text(pem)
        (self.folder / "keys").write_text(f"one a.test:{selector}:{self.folder}/key\n")
        (self.folder / "signers").write_text("*@a.test one\n")
        self.start(CONFIGURATION + SIGNING, forms=forms, algorithm=algorithm)

    def start(self, text: str, **words: str) -> None:
        path = self.folder / "opendkim.conf"
        place = f"inet:{self.port}@127.0.0.1" if self.port else f"local:{self.path}"
        path.write_text(text.format(socket=place, folder=self.folder, host=HOST, **words))
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen([self.program(), "-f", "-x", str(path)], stdout=output, stderr=output)
        until(self.listens, START_SECONDS_MAX, lambda: (self.folder / "output").read_text())

    def listens(self) -> bool:
        if self.port:
            return answers("127.0.0.1", self.port)
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.path)) == 0

    def stop(self) -> None:
        """At once: it keeps nothing, and takes five seconds to hear that it shall stop."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None
