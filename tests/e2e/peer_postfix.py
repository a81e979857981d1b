"""Debian's Postfix, with a configuration and a queue of its own.

It takes mail for its own domain into Maildirs, and passes mail for the domains in `relays` on. Any
parameter of main.cf can be set otherwise.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from peer import MAILBOXES, Peer, mail_folder, make_certificate, need_root

# What a Postfix on loopback is whatever it is for; bench/peers.py builds on it as well.
MAIN_COMMON = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/postfix-data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
message_size_limit = 52428800
virtual_mailbox_limit = 0
message_drop_headers =
virtual_mailbox_domains = {domain}
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
smtpd_tls_cert_file = {folder}/tls/cert.pem
smtpd_tls_key_file = {folder}/tls/key.pem
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
"""

# All but those that listen.
SERVICES = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

MAIN = MAIN_COMMON + """
inet_interfaces = 127.0.0.1
mynetworks = 127.0.0.0/8
smtp_bind_address = {address}
smtp_address_preference = ipv4
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = may
maximal_queue_lifetime = 1d
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = regexp:{folder}/postfix/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
transport_maps = regexp:{folder}/postfix/transport
relay_domains = {relay_domains}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_peername_lookup = no
"""


class Postfix(Peer):
    """`relays`: for each other domain the address and port of its host. `settings`: lines of main.cf
    that go before ours."""

    name = "Postfix"

    def __init__(self, folder: Path, address: str, port: int, domain: str,
                 relays: dict[str, tuple[str, int]] | None = None, settings: str = "") -> None:
        super().__init__(folder, address, port, domain)
        self.logs.append(folder / "postfix.log")
        self.relays = relays or {}
        self.settings = settings
        self.configuration = folder / "postfix"

    def prepare(self) -> None:
        need_root(self.name)
        make_folders(self.folder)
        mail_folder(self.mail)
        make_certificate(self.folder / "tls", self.hostname)
        owner = self.mail.stat()
        main = MAIN.format(folder=self.folder, domain=self.domain, address=self.address, uid=owner.st_uid,
                           gid=owner.st_gid, relay_domains=" ".join(self.relays))
        settings = dict(line.split(" = ") if " = " in line else (line.removesuffix(" ="), "")
                        for line in (main + self.settings).splitlines() if line)
        (self.configuration / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (self.configuration / "master.cf").write_text(f"{self.address}:{self.port} inet n - n - - smtpd{SERVICES}")
        (self.configuration / "mailboxes").write_text("".join(
            f"/^{name}@/ {name}/\n" for name in MAILBOXES))
        (self.configuration / "transport").write_text("".join(
            f"/@{re.escape(domain)}$/ smtp:[{address}]:{port}\n" for domain, (address, port) in self.relays.items()))

    def command(self) -> list[str]:
        check(self.configuration, self.logs[0])
        return master(self.configuration)


def make_folders(folder: Path) -> None:
    """The folders of an instance, which every user may enter."""
    for name in ("postfix", "queue", "postfix-data"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    shutil.chown(folder / "postfix-data", "postfix", "postfix")


def check(configuration: Path, log: Path) -> None:
    """Makes the queue's folders as well."""
    with log.open("ab") as output:
        subprocess.run(["postfix", "-c", str(configuration), "check"], check=True, stdout=output, stderr=output)


def master(configuration: Path) -> list[str]:
    """Postfix in the foreground."""
    daemons = subprocess.run(["postconf", "-h", "daemon_directory"], check=True, capture_output=True, text=True,
                             env={**os.environ, "MAIL_CONFIG": str(configuration)}).stdout.strip()
    return [str(Path(daemons) / "master"), "-c", str(configuration), "-d"]
