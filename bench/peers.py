#!/usr/bin/python3
"""Debian's Postfix and Dovecot as one mail server on loopback, for comparison.

All of it lives under one folder: configuration, queue, mail, sockets. Postfix takes the mail and
hands it to Dovecot's LMTP, which writes Maildirs; both sync before they acknowledge
(mail_fsync=always). Started and stopped by process id. Needs root, because both change users.

By hand: bench/peers.py FOLDER starts them, prints the ports and waits for Ctrl-C.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import peer_postfix  # noqa: E402
from peer import adopt_orphans, mail_folder, make_certificate, stop_process  # noqa: E402
from ports import Ports, wait_for_port  # noqa: E402
from server import Account  # noqa: E402

START_SECONDS_MAX = 30
ANYONES_PASSWORD = "for-anyone"

DOVECOT_CONF = """
base_dir = {folder}/dovecot-run
state_dir = {folder}/dovecot-state
listen = 127.0.0.1
protocols = imap lmtp{pop3}
log_path = {folder}/dovecot.log
mail_location = maildir:{folder}/mail/%n
mail_fsync = always
mail_max_userip_connections = 100
first_valid_uid = 1
disable_plaintext_auth = no
auth_mechanisms = plain login
ssl = yes
ssl_cert = <{folder}/tls/cert.pem
ssl_key = <{folder}/tls/key.pem
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
passdb {{
  driver = static
  args = password={anyone}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    port = {ports.imap}
  }}
  inet_listener imaps {{
    port = {ports.imaps}
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
"""

DOVECOT_POP3_CONF = """
service pop3-login {{
  inet_listener pop3 {{
    port = {ports.pop3}
  }}
  inet_listener pop3s {{
    port = {ports.pop3s}
  }}
}}
"""

# in_flow_delay, which peer_postfix sets, paces the senders when delivery falls behind; off, it is the faster peer.
POSTFIX_MAIN = peer_postfix.MAIN_COMMON + """
inet_interfaces = 127.0.0.1
mynetworks =
virtual_mailbox_maps = static:known
virtual_transport = lmtp:unix:{folder}/lmtp
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
"""

POSTFIX_MASTER = """
{ports.smtp} inet n - n - - smtpd
{ports.submission} inet n - n - - smtpd
    -o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject
{ports.submissions} inet n - n - - smtpd
    -o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject
    -o smtpd_tls_wrappermode=yes
""" + peer_postfix.SERVICES.lstrip()


class Peers:
    """Both servers, with the same face as the tests' Server: ports, accounts, start and stop."""

    name = "Postfix+Dovecot"

    def __init__(self, folder: Path, domain: str = "bench.test") -> None:
        self.folder = folder
        self.domain = domain
        self.ports = Ports.free()
        self.certificate = folder / "tls" / "cert.pem"
        self.accounts_made = 0
        self.processes: list[subprocess.Popen[bytes]] = []

    def prepare(self) -> None:
        """Writes the configuration. The folder must be one that every user may enter."""
        peer_postfix.make_folders(self.folder)
        mail_folder(self.folder / "mail")
        (self.folder / "users").touch()
        make_certificate(self.folder / "tls", f"mx.{self.domain}")
        pop3 = Path("/usr/lib/dovecot/pop3-login").exists()
        self.write("dovecot.conf", DOVECOT_CONF + (DOVECOT_POP3_CONF if pop3 else ""), pop3=" pop3" if pop3 else "")
        self.write("postfix/main.cf", POSTFIX_MAIN)
        self.write("postfix/master.cf", POSTFIX_MASTER)

    def write(self, name: str, template: str, **values: str) -> None:
        text = template.format(folder=self.folder, domain=self.domain, ports=self.ports,
                               anyone=ANYONES_PASSWORD, **values)
        (self.folder / name).write_text(text.lstrip())

    def add_account(self, address: str, password: str) -> None:
        with (self.folder / "users").open("a") as users:
            users.write(f"{address.split('@')[0]}:{{PLAIN}}{password}\n")

    def new_account(self, name: str) -> Account:
        """An account that no other test has, as Server.new_account. Every name is known, Dovecot reads
        its password file too rarely for tests."""
        self.accounts_made += 1
        return Account(f"{name}-{self.accounts_made}@{self.domain}", ANYONES_PASSWORD)

    def log_text(self) -> str:
        return "".join(log.read_text(errors="replace") for log in sorted(self.folder.glob("*.log")))

    def reports(self) -> list[str]:
        return []

    def start(self) -> None:
        adopt_orphans()
        self.processes = [subprocess.Popen(["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")]),
                          self.start_postfix()]
        for port in (self.ports.smtp, self.ports.imap):
            wait_for_port(port, START_SECONDS_MAX)

    def start_postfix(self) -> subprocess.Popen[bytes]:
        configuration, log = self.folder / "postfix", self.folder / "postfix-start.log"
        peer_postfix.check(configuration, log)
        with log.open("ab") as output:
            return subprocess.Popen(peer_postfix.master(configuration), stdout=output, stderr=output)

    def root_pids(self) -> list[int]:
        """The processes that all others descend from."""
        return [process.pid for process in self.processes]

    def stop(self) -> None:
        for process in self.processes:
            stop_process(process)
        self.processes = []


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="peers-"))
    peers = Peers(folder)
    peers.prepare()
    for user in ("alice", "bob"):
        peers.add_account(f"{user}@{peers.domain}", "secret")
    peers.start()
    print(f"{peers.name} in {folder}: {peers.ports}; alice and bob, password secret; Ctrl-C stops them", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        peers.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
