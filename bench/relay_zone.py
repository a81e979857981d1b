"""The name server of the relaying rows: NSD on a loopback port, one zone, two hosts that mail is relayed to.

live.test and NAME.live.test, whatever NAME is, are domains of their own whose mail goes to LIVE_ADDRESS, as
NAME.watched.test's goes to WATCHED_ADDRESS; dead.test's goes to DEAD_ADDRESS, where nothing may listen.
"""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

LIVE_ADDRESS, DEAD_ADDRESS, WATCHED_ADDRESS = "127.0.0.2", "127.0.0.3", "127.0.0.4"
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20
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
zone:
 name: test
 zonefile: zone
"""
ZONE = f"""$ORIGIN test.
$TTL 3600
@ IN SOA ns.test. hostmaster.test. 1 3600 600 86400 300
@ IN NS ns.test.
ns IN A 127.0.0.1
live IN MX 10 mx.test.
*.live IN MX 10 mx.test.
mx IN A {LIVE_ADDRESS}
*.watched IN MX 10 mx.watched.test.
mx.watched IN A {WATCHED_ADDRESS}
dead IN MX 10 mx.dead.test.
mx.dead IN A {DEAD_ADDRESS}
"""


class Zone:
    """Served from its making to stop()."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_udp_port()
        (folder / "zone").write_text(ZONE)
        (folder / "nsd.conf").write_text(CONFIGURATION.format(folder=folder, port=self.port))
        self.process = subprocess.Popen(["nsd", "-d", "-c", str(folder / "nsd.conf")], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not is_served(self.port):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nsd does not answer: {(folder / 'log').read_text()}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS_MAX)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_served(port: int) -> bool:
    """Whether the zone's SOA is answered."""
    question = struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\4test\0" + struct.pack(">HH", 6, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.2)
        asker.connect(("127.0.0.1", port))
        try:
            asker.send(question)
            answer = asker.recv(4096)
        except OSError:
            time.sleep(0.05)
            return False
    return answer[3] & 15 == 0 and answer[7] > 0
