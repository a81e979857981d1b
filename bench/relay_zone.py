"""The domains of the relaying rows, served by NSD (tests/e2e/zones.py).

live.test and NAME.live.test, whatever NAME is, are domains of their own whose mail goes to LIVE_ADDRESS, as
NAME.watched.test's goes to WATCHED_ADDRESS; dead.test's goes to DEAD_ADDRESS, where nothing may listen.
"""

from __future__ import annotations

from pathlib import Path

from zones import Zones

LIVE_ADDRESS, DEAD_ADDRESS, WATCHED_ADDRESS = "127.0.0.2", "127.0.0.3", "127.0.0.4"


def served_zones(folder: Path) -> Zones:
    """Started; stop() ends it."""
    folder.mkdir()
    zones = Zones(folder)
    zones.host("dead.test", DEAD_ADDRESS)
    zones.host("live.test", LIVE_ADDRESS)
    zones.host("watched.test", WATCHED_ADDRESS)
    for name in ("live.test", "watched.test"):
        zones.set(f"*.{name}", f"MX 10 mx.{name}.")
    zones.start()
    return zones
