"""Debian's Dovecot alone, IMAP and POP3 over one of its mailbox formats, for comparison.

The same configuration as the whole peer's (peers.py). Filling it is done without syncs, so that it
does not take minutes; before anything is measured it is started anew with them.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from peers import ANYONES_PASSWORD, DOVECOT_CONF, DOVECOT_POP3_CONF, START_SECONDS_MAX
from peer import adopt_orphans, mail_folder, make_certificate, stop_process
from ports import Ports, wait_for_port

FORMS = ("maildir", "mdbox")


class Dovecot:
    """Has the face of the tests' Server: ports, accounts, start and stop. `form` is maildir or mdbox."""

    def __init__(self, folder: Path, form: str, domain: str) -> None:
        self.folder = folder
        self.form = form
        self.name = self.name_of(form)
        self.domain = domain
        self.ports = Ports.free()
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def name_of(form: str) -> str:
        return f"Dovecot {form}"

    def prepare(self) -> None:
        mail_folder(self.folder / "mail")
        self.folder.chmod(0o755)
        (self.folder / "users").touch()
        make_certificate(self.folder / "tls", f"mx.{self.domain}")

    def add_account(self, address: str, password: str) -> None:
        with (self.folder / "users").open("a") as users:
            users.write(f"{address.split('@')[0]}:{{PLAIN}}{password}\n")

    def configure(self, fsync: str) -> None:
        text = (DOVECOT_CONF + DOVECOT_POP3_CONF).format(folder=self.folder, ports=self.ports, domain=self.domain,
                                                         anyone=ANYONES_PASSWORD, pop3=" pop3")
        text = text.replace("mail_location = maildir:", f"mail_location = {self.form}:")
        text = text.replace("mail_fsync = always", f"mail_fsync = {fsync}")
        (self.folder / "dovecot.conf").write_text(text)

    def start(self, fsync: str = "always") -> None:
        self.configure(fsync)
        adopt_orphans()
        self.process = subprocess.Popen(["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")])
        for port in (self.ports.imap, self.ports.pop3):
            wait_for_port(port, START_SECONDS_MAX)

    def root_pids(self) -> list[int]:
        return [self.process.pid] if self.process else []

    def stop(self) -> None:
        if self.process:
            stop_process(self.process)
        self.process = None
