"""The world of a domain's owner: a server with a certificate of an authority, and a signed zone that has what
`posthaste domain dns` printed, and nothing else but what a test changes of it."""

from __future__ import annotations

import json
import signal
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from authority import Authority
from conftest import give_back
from peer import START_SECONDS_MAX, until
from server import Server, run
from signed_zones import SignedZones
from zones import HEAD, zones_served

DOMAIN = "owner.test"
HOST = f"mx.{DOMAIN}"
ADDRESS = "127.0.0.1"
REVERSE = "127.in-addr.arpa"
REVERSE_NAME = f"1.0.0.{REVERSE}"
# Of 2001:db8::/32, where nothing has a name.
REVERSE_6 = "8.b.d.0.1.0.0.2.ip6.arpa"
# In the certificate's issuer, by which the record for CAA is chosen.
AUTHORITY = "Authority of the tests/O=Let's Encrypt"


class OwnerZones(SignedZones):
    """The zone test., with records as master file lines, and that of loopback's reverse names."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lines: list[str] = []
        self.reverse = [f"{REVERSE_NAME}. 0 IN PTR {HOST}."]

    def more_zones(self) -> list[str]:
        return [*super().more_zones(), REVERSE, REVERSE_6]

    def write(self) -> None:
        (self.folder / REVERSE).write_text(HEAD.format(zone=REVERSE, serial=self.serial + 1)
                                           + "".join(f"{line}\n" for line in self.reverse))
        (self.folder / REVERSE_6).write_text(HEAD.format(zone=REVERSE_6, serial=1))
        super().write()

    def sign(self) -> None:
        with (self.folder / "test").open("a") as zone:
            zone.writelines(f"{line}\n" for line in self.lines)
        super().sign()


class Owner:
    """A server that was prepared for DOMAIN and runs, and the name server that knows it."""

    def __init__(self, folder: Path) -> None:
        (folder / "zones").mkdir()
        self.zones = OwnerZones(folder / "zones")
        self.server = Server(folder, domain=DOMAIN)
        self.server.prepare()
        self.authority = Authority(folder / "authority", AUTHORITY)
        self.use_certificate(self.authority.issue(HOST, f"mta-sts.{DOMAIN}"))
        self.configure(f"dns.servers = {self.zones.server}", f"dns.public_addresses = {ADDRESS}",
                       "mta_sts.mode = testing", f"outbound.trusted_roots = {self.authority.certificate}",
                       "outbound.allow_private = yes")
        self.printed = self.zone_lines()
        self.zones.lines = self.printed

    def use_certificate(self, made: Path) -> dict[str, str]:
        """Returns what was there before, by the names of the files."""
        kept = {name: (self.server.data / "tls" / name).read_text() for name in ("cert.pem", "key.pem")}
        self.restore_certificate({name: (made / name).read_text() for name in kept})
        return kept

    def restore_certificate(self, kept: dict[str, str]) -> None:
        for name, text in kept.items():
            (self.server.data / "tls" / name).write_text(text)

    def configure(self, *lines: str) -> None:
        with (self.server.data / "posthaste.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def zone_lines(self, domain: str = DOMAIN) -> list[str]:
        """What domain dns prints, without its comments; names live for no time, so that changes are seen at once."""
        text = self.server.command("domain", "dns", domain)
        return [line.replace(" 3600 IN ", " 0 IN ") for line in text.splitlines() if line and not line.startswith(";")]

    def publish(self, lines: list[str], reverse: list[str] | None = None) -> None:
        self.zones.lines = lines
        if reverse is not None:
            self.zones.reverse = reverse
        self.zones.reload()

    def asking(self) -> list[str]:
        return ["--dns", self.zones.server, "--trust-anchors", str(self.zones.anchors), "--data", str(self.server.data)]

    def check(self) -> tuple[dict[str, Any], int]:
        """domain check --json, and its exit status; what DNS forges is on stderr, too."""
        done = run("domain", "check", DOMAIN, *self.asking(), "--json")
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout), done.returncode

    def reload_server(self) -> None:
        """The server has read its certificate anew, and shows it."""
        wanted = (self.server.data / "tls" / "cert.pem").read_text()
        self.server.process.send_signal(signal.SIGHUP)
        until(lambda: ssl.get_server_certificate((ADDRESS, self.server.ports.submissions)) in wanted,
              START_SECONDS_MAX, self.server.log_text)


@contextmanager
def served_owner() -> Iterator[Owner]:
    """It runs, and its zone is served."""
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Owner(folder)
        with zones_served(made.zones):
            made.server.start()
            yield made
            give_back(made.server)


def restored(owner: Owner) -> Iterator[Owner]:
    """All is published as it was printed, before a test and after it."""
    yield owner
    owner.publish(owner.printed, [f"{REVERSE_NAME}. 0 IN PTR {HOST}."])
