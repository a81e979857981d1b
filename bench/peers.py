#!/usr/bin/python3
"""Debian's Postfix and Dovecot as one mail server on loopback, for comparison.

All of it lives under one folder: configuration, queue, mail, sockets. Postfix takes the mail and
hands it to Dovecot's LMTP, which writes Maildirs; both sync before they acknowledge
(mail_fsync=always). Started and stopped by process id. Needs root, because both change users.

By hand: bench/peers.py FOLDER starts them, prints the ports and waits for Ctrl-C.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from ports import Ports, wait_for_port  # noqa: E402
from server import Account, children  # noqa: E402

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20
ANYONES_PASSWORD = "for-anyone"
PR_SET_CHILD_SUBREAPER = 36

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

# in_flow_delay paces the senders when delivery falls behind; off, it is the faster peer.
POSTFIX_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/postfix-data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
mynetworks =
local_recipient_maps =
alias_maps =
alias_database =
message_size_limit = 52428800
virtual_mailbox_limit = 0
message_drop_headers =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:known
virtual_transport = lmtp:unix:{folder}/lmtp
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_tls_cert_file = {folder}/tls/cert.pem
smtpd_tls_key_file = {folder}/tls/key.pem
smtpd_tls_security_level = may
"""

POSTFIX_MASTER = """
{ports.smtp} inet n - n - - smtpd
{ports.submission} inet n - n - - smtpd
    -o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject
{ports.submissions} inet n - n - - smtpd
    -o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject
    -o smtpd_tls_wrappermode=yes
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
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


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
        for name in ("postfix", "queue", "postfix-data", "mail", "tls"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        shutil.chown(self.folder / "mail", "nobody", "nogroup")
        shutil.chown(self.folder / "postfix-data", "postfix", "postfix")
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
        configuration = str(self.folder / "postfix")
        log = (self.folder / "postfix-start.log").open("wb")
        subprocess.run(["postfix", "-c", configuration, "check"], check=True, stdout=log, stderr=log)
        master = Path(subprocess.run(["postconf", "-h", "daemon_directory"], check=True, capture_output=True,
                                     text=True, env={**os.environ, "MAIL_CONFIG": configuration}).stdout.strip())
        return subprocess.Popen([str(master / "master"), "-c", configuration, "-d"], stdout=log, stderr=log)

    def root_pids(self) -> list[int]:
        """The processes that all others descend from."""
        return [process.pid for process in self.processes]

    def stop(self) -> None:
        below = [pid for process in self.processes for pid in children(process.pid)]
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        for pid in below:
            reap(pid)


def adopt_orphans() -> None:
    """Makes the processes whose parent dies ours to reap. Postfix's master leaves its own behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(pid: int) -> None:
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass


def make_certificate(folder: Path, name: str) -> None:
    """A self-signed certificate for `name`, as cert.pem and key.pem."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},DNS:localhost", "-days", "30",
                    "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
                   check=True, stderr=subprocess.DEVNULL)


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
