"""The name server of zones.py with DNSSEC: `test.` is signed (ldnsutils), and `open.test.` below it is not.

forge() makes the signatures of a name's records wrong, or of those of one type, so that whoever checks them finds
them forged.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

from clients import need
from zones import HEAD, Zones

ALGORITHM = "ECDSAP256SHA256"
OPEN = "open.test"


class SignedZones(Zones):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.forged: set[str] = set()
        self.anchors = folder / "anchors"
        self.key = subprocess.run([need("ldns-keygen"), "-a", ALGORITHM, "-k", "test"], cwd=folder, check=True,
                                  capture_output=True, text=True).stdout.strip()
        self.anchors.write_text((folder / f"{self.key}.ds").read_text())

    def more_zones(self) -> list[str]:
        return [OPEN]

    def forge(self, name: str, kind: str = "") -> None:
        self.forged.add(f"{name} {kind}".strip())

    def write(self) -> None:
        """The names below OPEN go into a zone of their own."""
        opened = {name: records for name, records in self.records.items() if f".{name}".endswith(f".{OPEN}")}
        signed = {name: records for name, records in self.records.items() if name not in opened}
        self.records, kept = {**signed, OPEN: ("NS ns.test.",)}, self.records
        super().write()
        self.records = kept
        lines = [f"{name}. IN {record}\n" for name, records in opened.items() for record in records]
        (self.folder / OPEN).write_text(HEAD.format(zone=OPEN, serial=self.serial) + "".join(lines))
        self.sign()

    def sign(self) -> None:
        # To ldns a $TTL of 0 is none.
        zone = self.folder / "test"
        zone.write_text(re.sub(r"(?m)^(\S+) IN ", r"\1 0 IN ", zone.read_text()))
        subprocess.run([need("ldns-signzone"), "-o", "test", "-f", "signed", "test", self.key], cwd=self.folder,
                       check=True, capture_output=True)
        lines = (self.folder / "signed").read_text().splitlines(keepends=True)
        (self.folder / "test").write_text("".join(map(self.with_forgery, lines)))

    def with_forgery(self, line: str) -> str:
        words = line.split()
        if len(words) < 5 or words[3] != "RRSIG":
            return line
        name = words[0].rstrip(".")
        if not self.forged & {name, f"{name} {words[4]}"}:
            return line
        signature = words[-1]
        return line.replace(signature, signature[:8][::-1] + signature[8:])


def tlsa(certificate: Path, usage: int = 3, selector: int = 1, matching: int = 1) -> str:
    """The TLSA record that vouches for a certificate (the first one of a PEM file)."""
    if selector == 1:
        key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True,
                             capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, check=True,
                             capture_output=True).stdout
    else:
        der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "der"], check=True,
                             capture_output=True).stdout
    data = {0: der.hex(), 1: hashlib.sha256(der).hexdigest(), 2: hashlib.sha512(der).hexdigest()}[matching]
    return f"TLSA {usage} {selector} {matching} {data}"


