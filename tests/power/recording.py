"""A real run of the release binary, recorded: everything that changes a data folder happens in it.

`record` makes one below a folder, short (for `make test`) or long (`make power`), and leaves there the
log of the run (`log`) and what the run left (`root/data`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from actors import Actor, Administrator, Collector, Mailbox, Sender
from marks import Marks, account
from server import Account, Server, wait_until_gone

ACCOUNTS = ("alice", "bob", "carol")
FILES = ("posthaste.conf", "tls/cert.pem", "tls/key.pem")
ACT_SECONDS_MAX = 120
SETTLE_SECONDS = 0.3


@dataclass(frozen=True)
class Length:
    """How many messages come from outside in each busy time of a run, while everybody else acts too."""

    messages: int
    senders: int
    kills: int


SHORT = Length(messages=24, senders=2, kills=0)
# The log of the database grows past its limit, so that it is copied back beside its writer and begins anew.
LONG = Length(messages=120, senders=3, kills=1)


class Recording:
    """A run in `folder`."""

    def __init__(self, folder: Path, library: Path, seed: int) -> None:
        folder.chmod(0o755)
        root = folder / "root"
        root.mkdir()
        # Where the roles' users can read it.
        copied = Path(shutil.copy(library, folder / "recorder.so"))
        self.marks = Marks(copied, folder / "log", root)
        self.server = Server(root)
        self.seed = seed
        self.accounts = [Account(f"{name}@{self.server.domain}", f"secret of {name}") for name in ACCOUNTS]

    def prepare(self) -> None:
        """From nothing to a folder with accounts and an alias."""
        with self.marks.operation(["store"]) as answer:
            self.server.init(self.server.data)
            answer.is_done = True
        data = self.server.data
        self.marks.fact(*(f"file\t{name}\t{(data / name).stat().st_size}" for name in FILES))
        for made in self.accounts:
            with self.marks.operation(account(made.address, made.password)) as answer:
                self.server.add_account(made.address, made.password)
                answer.is_done = True
        self.team = f"team@{self.server.domain}"
        for made in self.accounts[::2]:
            with self.marks.operation([f"alias\t{self.team}\t{made.address}\t1"]) as answer:
                self.server.command("alias", "add", self.team, made.address)
                answer.is_done = True

    def actors(self, senders: int) -> list[Actor]:
        self.seed += 100
        targets = {made.address: [made.address] for made in self.accounts}
        targets[self.team] = [made.address for made in self.accounts[::2]]
        alice, bob, carol = self.accounts
        return [*(Sender(self.server, self.marks, self.seed + at, targets=targets) for at in range(senders)),
                Mailbox(self.server, self.marks, self.seed + 50, account=alice),
                Mailbox(self.server, self.marks, self.seed + 51, account=bob),
                Collector(self.server, self.marks, self.seed + 52, account=carol),
                Administrator(self.server, self.marks, self.seed + 53)]

    def busy(self, length: Length, kills: int = 0) -> None:
        """Everybody acts; roles die `kills` times meanwhile."""
        actors = self.actors(length.senders)
        for actor in actors:
            actor.start()
        for number in range(1, kills + 2):
            wait_for(actors[:length.senders], length.messages * number // (kills + 1))
            if number <= kills:
                self.kill_store()
        for actor in actors:
            wait_for([actor], 1)
        for actor in actors:
            actor.stop()

    def kill_store(self) -> None:
        """kill -9 of the store role; its supervisor starts another."""
        store = next(pid for pid in self.server.role_pids()
                     if b"posthaste: store" in Path(f"/proc/{pid}/cmdline").read_bytes())
        with self.marks.standstill():
            os.kill(store, signal.SIGKILL)
            wait_until_gone([store])

    def compact(self) -> None:
        """Most mail goes, and its space."""
        for at, made in enumerate(self.accounts):
            Mailbox(self.server, self.marks, self.seed + 60 + at, account=made).purge()
        time.sleep(SETTLE_SECONDS)
        self.server.command("compact")

    def make_old(self) -> None:
        """The folder as format 1 had it, so that the next start migrates it."""
        subprocess.run([sys.executable, str(Path(__file__).with_name("downgrade.py")),
                        str(self.server.data / "store.db")], check=True)

    def run(self, length: Length) -> None:
        with self.marks.recording():
            self.prepare()
            self.server.start()
            self.busy(length, length.kills)
            self.compact()
            self.busy(length)
            self.server.stop()
            self.make_old()
            self.server.start()
            self.busy(length)
            self.server.stop()


def wait_for(actors: list[Actor], count: int) -> None:
    """Until they acted so often."""
    deadline = time.monotonic() + ACT_SECONDS_MAX
    while sum(actor.count for actor in actors) < count:
        assert time.monotonic() < deadline, f"{type(actors[0]).__name__} hardly acts: {actors[0].failure}"
        time.sleep(0.02)


def record(folder: Path, library: Path, length: Length, seed: int = 1) -> Recording:
    recording = Recording(folder, library, seed)
    try:
        recording.run(length)
    finally:
        recording.server.kill()
        recording.marks.finish()
    return recording

