"""A smarthost: a Postfix that takes mail for elsewhere only from who logs in over TLS, with Dovecot to
check passwords. It passes mail on to the hosts of the domains in `relays`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from clients import need
from peer import START_SECONDS_MAX, adopt_orphans, stop_process, until
from peer_postfix import Postfix

USER, PASSWORD = "posthaste", "a smarthost's password"
# RFC 4954 for a relay: nobody is trusted for where he comes from.
SETTINGS = """
mynetworks =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_security_options = noanonymous
smtpd_sasl_authenticated_header = yes
"""
DOVECOT = """
base_dir = {folder}/dovecot-run
state_dir = {folder}/dovecot-state
protocols =
log_path = {folder}/dovecot.log
ssl = no
auth_mechanisms = {mechanisms}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
"""


class Smarthost(Postfix):
    """`mechanisms` as Dovecot's auth_mechanisms."""

    name = "a smarthost"

    def __init__(self, folder: Path, address: str, port: int, relays: dict[str, tuple[str, int]],
                 mechanisms: str = "plain login scram-sha-256") -> None:
        super().__init__(folder, address, port, "smarthost.test", relays, SETTINGS.format(folder=folder))
        self.mechanisms = mechanisms
        self.dovecot: subprocess.Popen[bytes] | None = None
        self.logs.append(folder / "dovecot.log")

    def prepare(self) -> None:
        super().prepare()
        (self.folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        (self.folder / "dovecot.conf").write_text(DOVECOT.format(folder=self.folder, mechanisms=self.mechanisms))

    def start(self) -> None:
        adopt_orphans()
        self.dovecot = subprocess.Popen([need("dovecot"), "-F", "-c", str(self.folder / "dovecot.conf")])
        until((self.folder / "auth").exists, START_SECONDS_MAX, lambda: f"Dovecot did not start:\n{self.log_text()}")
        super().start()

    def stop(self) -> None:
        super().stop()
        if self.dovecot:
            stop_process(self.dovecot)
            self.dovecot = None
