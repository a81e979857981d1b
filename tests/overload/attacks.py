"""The attacks. Each is a context: pressure is on inside of it, and gone behind it.

An attack is made for a world (world.py), which says how large it is to be and from where it comes. It yields a
Pressure, whose `told` says afterwards what the attackers heard.
"""

from __future__ import annotations

import base64
import os
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mail import SENDER, receive
from messages import plain
from tools import Flood, client_hello
from world import World

PROTOCOLS = ("smtp", "submission", "imap")
LARGE_BYTES = 8 * 1024 * 1024
EHLO_LINES = 400
DESCRIPTORS_LEFT = 30
LOGIN_ACCOUNTS = 10
# Longer than the grace of who was let in.
SETTLE_SECONDS = 3.0


@dataclass
class Pressure:
    """What is under way; `told` is filled when it ends."""

    floods: list[Flood] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def end(self) -> None:
        for flood in self.floods:
            last = flood.stop()
            for text, count in last["replies"].items():
                self.told[text] = self.told.get(text, 0) + count
            for name in ("opened", "refused", "closed", "rounds"):
                self.counts[name] = self.counts.get(name, 0) + last[name]


@contextmanager
def flooding(*floods: Flood) -> Iterator[Pressure]:
    pressure = Pressure(list(floods))
    try:
        yield pressure
    finally:
        pressure.end()


def protocol_of(service: str) -> str:
    return "smtp" if service in ("smtp", "submission", "submissions") else service.rstrip("s")


def crowd(world: World, services: tuple[str, ...], source: tuple[Any, ...], *more: tuple[str, Any]) -> list[Flood]:
    """So many connections as the world has for an attack, shared by the services."""
    each = world.scale.connections // len(services)
    return [Flood(getattr(world.server.ports, service), ("connections", each), ("protocol", protocol_of(service)),
                  *source, *more) for service in services]


@contextmanager
def hold(world: World, floods: list[Flood]) -> Iterator[Pressure]:
    """Until all stand, or were refused: nothing moves any more."""
    with flooding(*floods) as pressure:
        for flood in floods:
            wanted = int(flood.process.args[flood.process.args.index("connections") + 1])
            flood.wait_until(lambda last, n=wanted: last["opened"] + last["refused"] >= n, f"{wanted} connections")
        yield pressure


def one_address(world: World) -> Any:
    return hold(world, crowd(world, PROTOCOLS, world.from_one()))


def many_addresses(world: World) -> Any:
    return hold(world, crowd(world, PROTOCOLS, world.from_many()))


def many_on_tls(world: World) -> Any:
    """They say nothing where TLS comes first."""
    return hold(world, crowd(world, ("imaps", "submissions", "pop3s"), world.from_many(), ("protocol", "bytes")))


def slow_bytes(world: World) -> Any:
    return hold(world, crowd(world, PROTOCOLS, world.from_many(), ("drip", world.scale.drip_ms)))


def half_handshakes(world: World) -> Any:
    """Handshakes that begin and do not go on, all held."""
    hello = world.folder / "hello"
    hello.write_bytes(client_hello())
    return hold(world, crowd(world, ("imaps", "submissions"), world.from_many(), ("protocol", "bytes"),
                             ("hello", hello)))


def churn(world: World) -> Any:
    """Connections opened and closed as fast as it goes."""
    return flooding(Flood(world.server.ports.smtp, ("connections", world.scale.busy), *world.from_many(),
                          ("protocol", "smtp"), ("at_end", "close"), ("again", "yes")))


def handshakes(world: World) -> Any:
    """Handshakes begun and dropped, one after the other."""
    hello = world.folder / "hello"
    hello.write_bytes(client_hello())
    return flooding(Flood(world.server.ports.imaps, ("connections", world.scale.busy), *world.from_many(),
                          ("protocol", "bytes"), ("hello", hello), ("at_end", "close"), ("again", "yes")))


def deaf_readers(world: World) -> Any:
    """They ask for a large message again and again, and never read: logged in, each on an account of many."""
    account = world.server.new_account("deaf")
    receive(world.server, account, plain("large", "x" * 70 + "\r\n" + ("y" * 76 + "\r\n") * (LARGE_BYTES // 78)))
    login = f'a LOGIN {account.address} "{account.password}"'
    steps = [("step", login), ("step", "a SELECT INBOX"), ("step", "a FETCH 1 BODY.PEEK[]")]
    return flooding(Flood(world.server.ports.imap, ("connections", world.scale.deaf), ("protocol", "imap"),
                          *world.from_home(100), *steps, ("deaf", "yes")))


def deaf_greeters(world: World) -> Any:
    """EHLO without an end, and nothing read."""
    line = "\r\n".join(["EHLO flood.test"] * EHLO_LINES)
    return flooding(Flood(world.server.ports.smtp, ("connections", world.scale.deaf), ("protocol", "smtp"),
                          *world.from_many(), ("step", "EHLO flood.test"), ("step", line), ("deaf", "yes"),
                          ("again", "yes")))


def guess_steps(service: str, user: str) -> list[tuple[str, str]]:
    if service == "imap":
        return [("step", f"a LOGIN {user} wrong%")]
    if service == "pop3":
        return [("step", f"USER {user}"), ("step", "PASS wrong%")]
    return [("step", "EHLO flood.test"), ("step", "AUTH PLAIN " + plain_response(user))]


def plain_response(user: str) -> str:
    return base64.b64encode(f"\0{user}\0wrong".encode()).decode()


def guesses(world: World, source: tuple[Any, ...], user: str) -> Any:
    """Wrong passwords over all three protocols."""
    each = world.scale.guesses // 3
    floods = [Flood(getattr(world.server.ports, service), ("connections", min(each, world.scale.guessers // 3)),
                    ("protocol", protocol_of(service)), *source, *guess_steps(service, user), ("at_end", "close"),
                    ("rounds", each)) for service in ("imap", "pop3", "submission")]
    return flooding(*floods)


def guesses_from_one(world: World) -> Any:
    return guesses(world, world.from_home(1), world.user.address)


def guesses_from_many(world: World) -> Any:
    return guesses(world, world.from_home(world.scale.sources), world.user.address)


def guesses_of_many_users(world: World) -> Any:
    return guesses(world, world.from_home(world.scale.sources), f"user%@{world.server.domain}")


@contextmanager
def logins(world: World) -> Iterator[Pressure]:
    """Everybody comes back at once, with the right passwords."""
    each = world.scale.guessers // LOGIN_ACCOUNTS
    accounts = [world.server.new_account("everybody") for _ in range(LOGIN_ACCOUNTS)]
    floods = [Flood(world.server.ports.imap, ("connections", each), ("rounds", each), ("protocol", "imap"),
                    *world.from_home(world.scale.sources), ("step", f'a LOGIN {account.address} "{account.password}"'),
                    ("at_end", "close")) for account in accounts]
    with flooding(*floods) as pressure:
        for flood in floods:
            flood.wait_until(lambda last: last["rounds"] == each, f"{each} logins")
        yield pressure


def limit_descriptors(pid: int, soft: int | str) -> None:
    """As the user that the process runs as, who alone may lower and raise this where root may little."""
    status = Path(f"/proc/{pid}/status").read_text()
    user, group = (int(re.search(rf"^{what}:\t(\d+)", status, re.MULTILINE).group(1)) for what in ("Uid", "Gid"))
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={soft}:"], check=True, user=user, group=group,
                   extra_groups=[])


def open_descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


@contextmanager
def no_descriptors(world: World) -> Iterator[Pressure]:
    """Every role may open some more, and strangers come for them."""
    roles = world.server.role_pids()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for pid in roles:
        limit_descriptors(pid, open_descriptors(pid) + DESCRIPTORS_LEFT)
    try:
        with hold(world, crowd(world, PROTOCOLS, world.from_many())) as pressure:
            time.sleep(SETTLE_SECONDS)
            yield pressure
    finally:
        for pid in roles:
            limit_descriptors(pid, hard)


@contextmanager
def full_disk(world: World) -> Iterator[Pressure]:
    """A file takes all the room of the data folder's file system."""
    ballast = world.server.data / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(65536)) == 65536:
                    pass
            except OSError:
                pass
        yield Pressure()
    finally:
        ballast.unlink()


@contextmanager
def no_inodes(world: World) -> Iterator[Pressure]:
    """Empty files take all inodes of it."""
    folder = Path(tempfile.mkdtemp(dir=world.server.data))
    try:
        try:
            for number in range(10**6):
                (folder / str(number)).touch()
        except OSError:
            pass
        yield Pressure()
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


@dataclass(frozen=True)
class Attack:
    """`needs_small_disk`: the data folder is on a file system of its own. `all_are_told`: nobody may be refused,
    each round has an answer that begins so."""

    title: str
    begin: Callable[[World], Any]
    needs_small_disk: bool = False
    all_are_told: str = ""


ATTACKS: dict[str, Attack] = {
    "one-address": Attack("connections from one address", one_address),
    "many-addresses": Attack("connections from as many addresses", many_addresses),
    "silent-tls": Attack("silent connections where TLS comes first", many_on_tls),
    "slow-bytes": Attack("a byte now and then", slow_bytes),
    "half-handshakes": Attack("TLS handshakes begun and held", half_handshakes),
    "churn": Attack("connections opened and closed", churn),
    "handshakes": Attack("TLS handshakes begun and dropped", handshakes),
    "deaf-readers": Attack("clients that ask for large mail and do not read", deaf_readers),
    "deaf-greeters": Attack("EHLO without end, nothing read", deaf_greeters),
    "guesses-one": Attack("wrong passwords from one address", guesses_from_one),
    "guesses-many": Attack("wrong passwords from many addresses, one user", guesses_from_many),
    "guesses-users": Attack("wrong passwords from many addresses, for many users", guesses_of_many_users),
    "logins": Attack("a thousand right logins at once", logins, all_are_told="a OK"),
    "no-descriptors": Attack("no file descriptors", no_descriptors),
    "full-disk": Attack("full disk", full_disk, needs_small_disk=True),
    "no-inodes": Attack("no inodes", no_inodes, needs_small_disk=True),
}
