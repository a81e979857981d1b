"""Debian's OpenSMTPD in a root folder of its own. It takes mail for its domain into Maildirs; mail
for the domains in `relays` goes on to the hosts named there. It offers STARTTLS and fails every handshake
that comes ("EVP lib", whatever the key; openssl s_client fares no better): there are such hosts.
"""

from __future__ import annotations

from pathlib import Path

from peer import MAILBOXES, make_certificate
from peer_unpacked import UnpackedPeer

CONFIGURATION = """
pki own cert "/tls/cert.pem"
pki own key "/tls/key.pem"
table mailboxes {{ {mailboxes} }}
smtp max-message-size 50M
{settings}
listen on {address} port {port} tls pki own hostname {hostname}
action "deliver" maildir "/mail/%{{dest.user:lowercase}}" virtual <mailboxes>
match from any for domain "{domain}" action "deliver"
"""

RELAY = """
action "to {domain}" relay host smtp+notls://{host}:{port} src {address} helo {hostname}
match from any for domain "{domain}" action "to {domain}"
"""


class OpenSmtpd(UnpackedPeer):
    name = "OpenSMTPD"
    drops = b"Bcc"
    files = ("usr/sbin/smtpd", "usr/sbin/smtpctl", "usr/libexec/opensmtpd/mail.maildir")
    tools = ("/bin/sh",)
    users = {"opensmtpd": 64_101, "opensmtpq": 64_102}

    def __init__(self, folder: Path, address: str, port: int, domain: str,
                 relays: dict[str, tuple[str, int]] | None = None, settings: str = "") -> None:
        super().__init__(folder, address, port, domain)
        self.relays = relays or {}
        self.settings = settings

    def prepare(self) -> None:
        self.make_root()
        self.owned_by("var/lib/opensmtpd/empty", "root", "root", 0o755)
        self.owned_by("var/spool/smtpd", "root", "root", 0o711)
        make_certificate(self.root / "tls", self.hostname)
        mailboxes = ", ".join(f'"{name}@{self.domain}" = nobody' for name in MAILBOXES)
        relays = "".join(RELAY.format(domain=domain, host=host, port=port, address=self.address,
                                      hostname=self.hostname) for domain, (host, port) in self.relays.items())
        self.write("etc/smtpd.conf", CONFIGURATION.format(
            address=self.address, port=self.port, hostname=self.hostname, domain=self.domain,
            mailboxes=mailboxes, settings=self.settings) + relays)
        self.write("etc/mailname", self.hostname + "\n")

    def command(self) -> list[str]:
        return self.inside("/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf")
