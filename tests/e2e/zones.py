"""An authoritative name server (NSD) on a loopback port, and the names that tests give it.

All names are below `test.`; what was not set does not exist. BROKEN is a zone that cannot be served until
mend(): whoever asks for it, or for anything below it, gets SERVFAIL. Records have a time to live of 0, so
a change is seen at the next question after reload().
"""

from __future__ import annotations

import random
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients import need
from peer import STOP_SECONDS_MAX, START_SECONDS_MAX, free_port, until

BROKEN = "broken.test"
ANSWERS_ALIKE, ANSWER_PAUSE_SECONDS = 20, 0.01
TYPE_TXT, CLASS_IN = 16, 1
CONFIGURATION = """
server:
 ip-address: 127.0.0.1@{port}
 server-count: 1
 username: ""
 database: ""
 zonesdir: "{folder}"
 pidfile: ""
 zonelistfile: "{folder}/list"
 xfrdfile: "{folder}/xfrd"
 xfrdir: "{folder}"
 logfile: "{folder}/log"
 rrl-ratelimit: 0
remote-control:
 control-enable: no
"""
HEAD = """$ORIGIN {zone}.
$TTL 0
@ IN SOA ns.test. hostmaster.test. {serial} 3600 600 86400 0
@ IN NS ns.test.
"""


class Zones:
    """Names and their records: zones.set("a.test", "MX 10 mx.a.test.", "TXT \\"v=spf1 -all\\"")."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port(["127.0.0.1"])
        self.records: dict[str, tuple[str, ...]] = {}
        self.serial = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> str:
        """As dns.servers wants it."""
        return f"127.0.0.1@{self.port}"

    def set(self, name: str, *records: str) -> None:
        """All that there is of a name; nothing: it does not exist."""
        self.records[name] = records

    def host(self, domain: str, *addresses: str) -> None:
        """A domain whose mail goes to one host with these IPv4 addresses."""
        self.set(domain, f"MX 10 mx.{domain}.")
        self.set(f"mx.{domain}", *(f"A {address}" for address in addresses))

    def mend(self, *records: str) -> None:
        """BROKEN is served, after reload(), and has these records."""
        (self.folder / BROKEN).write_text(HEAD.format(zone=BROKEN, serial=1)
                                          + "".join(f"@ IN {record}\n" for record in records))

    def write(self) -> None:
        """The zone `test.` as it is now."""
        self.serial += 1
        lines = [f"{name}. IN {record}\n" for name, records in self.records.items() for record in records]
        (self.folder / "test").write_text(
            HEAD.format(zone="test", serial=self.serial) + "ns.test. IN A 127.0.0.1\n"
            + f'serial.test. IN TXT "{self.mark()}"\n' + "".join(lines))

    def more_zones(self) -> list[str]:
        return []

    def mark(self) -> str:
        return f"serial-{self.serial}-of-this-zone"

    def start(self) -> None:
        names = ["test", BROKEN, *self.more_zones()]
        zones = "".join(f"zone:\n name: {name}\n zonefile: {name}\n" for name in names)
        configuration = self.folder / "nsd.conf"
        configuration.write_text(CONFIGURATION.format(port=self.port, folder=self.folder) + zones)
        self.write()
        self.process = subprocess.Popen([need("nsd"), "-d", "-c", str(configuration)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until_served()

    def reload(self) -> None:
        """What was set since counts from now."""
        self.write()
        self.process.send_signal(signal.SIGHUP)
        self.wait_until_served()

    def wait_until_served(self) -> None:
        """By all who answer: for a moment nsd's old children take questions beside the new ones."""
        until(self.is_served, START_SECONDS_MAX, lambda: f"nsd does not serve the zone:\n{self.log_text()}")

    def is_served(self) -> bool:
        for _ in range(ANSWERS_ALIKE):
            if self.mark().encode() not in ask(self.port, "serial.test"):
                return False
            time.sleep(ANSWER_PAUSE_SECONDS)
        return True

    def log_text(self) -> str:
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def stop(self) -> None:
        if not self.process:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS_MAX)
        self.process = None


@contextmanager
def zones_served(zones: Zones) -> Iterator[Zones]:
    zones.start()
    try:
        yield zones
    finally:
        zones.stop()


def ask(port: int, name: str) -> bytes:
    """The raw answer of the name server to a question for texts, or nothing."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack(">HHHHHH", random.randrange(65536), 0, 1, 0, 0, 0)
    question += labels + b"\0" + struct.pack(">HH", TYPE_TXT, CLASS_IN)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.2)
        asker.connect(("127.0.0.1", port))
        try:
            asker.send(question)
            return asker.recv(4096)
        except OSError:
            return b""


def result_of(answer: bytes) -> str:
    """NOERROR, SERVFAIL, NXDOMAIN ..."""
    return ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")[answer[3] & 15]
