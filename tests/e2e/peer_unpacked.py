"""Mail servers that cannot be installed beside Postfix: their unpacked files (build/peers) in a root
folder of their own, with the libraries they are linked with, a list of users and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from peer import MAIL_GROUP, MAIL_USER, Peer, need_root
from server import ROOT

UNPACKED = ROOT / "build" / "peers"
LIBRARY = re.compile(r"(/\S+) \(0x")
PASSWD = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/mail:/bin/sh\n"
GROUP = "root:x:0:\nnogroup:x:65534:\n"


class UnpackedPeer(Peer):
    """Runs `command()` with `root` as its root folder; paths in its configuration begin there."""

    # Of UNPACKED.
    files: tuple[str, ...] = ()
    # Of this machine.
    tools: tuple[str, ...] = ()
    # Those it runs as, with their numbers.
    users: dict[str, int] = {}

    def __init__(self, folder: Path, address: str, port: int, domain: str) -> None:
        super().__init__(folder, address, port, domain)
        self.root = folder / "root"
        self.mail = self.root / "mail"

    def make_root(self) -> None:
        need_root(self.name)
        if not UNPACKED.exists():
            raise AssertionError(f"{self.name} is not in {UNPACKED}; scripts/unpack-packages.sh {UNPACKED}")
        for name in ("etc", "dev", "proc", "run", "tmp", "mail", "var/spool", "var/tmp"):
            (self.root / name).mkdir(parents=True)
        (self.root / "var" / "run").symlink_to("/run")
        self.folder.chmod(0o755)
        for name in ("tmp", "var/tmp"):
            (self.root / name).chmod(0o1777)
        shutil.chown(self.mail, MAIL_USER, MAIL_GROUP)
        (self.root / "dev" / "null").touch()
        (self.root / "dev" / "null").chmod(0o666)
        self.make_users()
        for file in self.files:
            self.copy(UNPACKED / file, file)
        for tool in self.tools:
            self.copy(Path(tool), tool.lstrip("/"))

    def make_users(self) -> None:
        passwd = "".join(f"{user}:x:{number}:{number}::/:/bin/false\n" for user, number in self.users.items())
        group = "".join(f"{user}:x:{number}:\n" for user, number in self.users.items())
        self.write("etc/passwd", PASSWD + passwd)
        self.write("etc/group", GROUP + group)
        self.write("etc/hosts", f"{self.address} {self.hostname}\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def copy(self, source: Path, name: str) -> None:
        """The file and the libraries that it is linked with."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        linked = subprocess.run(["ldd", str(source)], capture_output=True, text=True).stdout
        assert "not found" not in linked, f"{source} lacks libraries; scripts/install-packages.sh test:\n{linked}"
        for library in LIBRARY.findall(linked):
            place = self.root / library.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                shutil.copy(library, place)

    def inside(self, *command: str) -> list[str]:
        return ["chroot", str(self.root), *command]

    def owned_by(self, name: str, user: str, group: str, mode: int) -> None:
        """A folder of a user in `users` or root."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, self.users.get(user, 0), self.users.get(group, 0))
        path.chmod(mode)
