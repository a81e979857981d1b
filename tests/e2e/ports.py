"""Port numbers for one server on loopback: a base, and every well-known port above it."""

from __future__ import annotations

import random
import socket
import time
from dataclasses import dataclass, field

WELL_KNOWN = {"smtp": 25, "submission": 587, "submissions": 465, "imap": 143, "imaps": 993, "pop3": 110,
              "pop3s": 995, "http": 80, "https": 443}
# Below the range that the kernel hands out to clients.
BASES = range(10_000, 31_000, 1_000)


@dataclass(frozen=True)
class Ports:
    """A base port; its properties are the ports of the services."""

    base: int
    # The base itself, which no service uses, bound as long as this lives: so two runs that look for ports at the
    # same time do not find the same, although neither's server listens yet.
    claim: socket.socket | None = field(default=None, compare=False, repr=False)

    @classmethod
    def free(cls) -> Ports:
        """A base above which no service port is taken now, nor given to anybody else."""
        for base in random.sample(BASES, len(BASES)):
            claim = claimed(base)
            if claim and all(is_free(base + port) for port in WELL_KNOWN.values()):
                return cls(base, claim)
            if claim:
                claim.close()
        raise RuntimeError("no base port is free between 10000 and 31000")

    def __getattr__(self, service: str) -> int:
        try:
            return self.base + WELL_KNOWN[service]
        except KeyError:
            raise AttributeError(service) from None

    def __str__(self) -> str:
        return " ".join(f"{service}={self.base + port}" for service, port in WELL_KNOWN.items())


def claimed(port: int) -> socket.socket | None:
    """Bound without SO_REUSEADDR, so that only one process can have it; None: somebody else has."""
    claim = socket.socket()
    try:
        claim.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        return None
    return claim


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_for_port(port: int, seconds_max: float) -> None:
    """Waits until something accepts connections there; TimeoutError after `seconds_max`."""
    deadline = time.monotonic() + seconds_max
    while not answers(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing listens on port {port} after {seconds_max:.0f} s")
        time.sleep(0.02)
