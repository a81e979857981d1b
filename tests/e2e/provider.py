"""A mail provider as outreach meets it: Debian's Postfix and Dovecot on loopback, with TLS and passwords.

What a provider's account can be like is set before it starts: IMAP switched off, other Message-IDs, OAuth
only, a copy in Sent of what is submitted, nothing accepted. Needs root, because both change users.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from pathlib import Path

import peer_postfix
from peer import adopt_orphans, mail_folder, make_certificate, need_root, stop_process, until
from ports import Ports, wait_for_port

START_SECONDS_MAX = 60
REREAD_SECONDS = 1.2
# So the master process begins to say that it has read its files again.
RELOADED = ": reload -- version"
PASSWORD = "correct horse"
# Without blanks, which end a field of the password file.
IMAP_OFF_WORDS = "IMAP-access-is-disabled-for-this-account"

DOVECOT = """
base_dir = {folder}/dovecot-run
state_dir = {folder}/dovecot-state
listen = 127.0.0.1
protocols = imap lmtp
lmtp_save_to_detail_mailbox = yes
lda_mailbox_autocreate = yes
log_path = {folder}/dovecot.log
mail_location = maildir:{folder}/mail/%n
mail_plugins = {plugins}
first_valid_uid = 1
auth_mechanisms = plain login {mechanisms}
auth_failure_delay = 0
auth_cache_size = 0
recipient_delimiter = +
ssl = required
ssl_cert = <{folder}/tls/cert.pem
ssl_key = <{folder}/tls/key.pem
{passdb}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
  mailbox Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
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
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""

PASSWORDS = """
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
"""

OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""

OAUTH_CONF = """
introspection_mode = post
introspection_url = http://127.0.0.1:{port}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""

MAIN = peer_postfix.MAIN_COMMON + """
inet_interfaces = 127.0.0.1
mynetworks =
recipient_delimiter = +
virtual_mailbox_maps = regexp:{folder}/postfix/known
virtual_transport = lmtp:unix:{folder}/lmtp
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_sasl_security_options = noanonymous
smtpd_tls_auth_only = yes
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
transport_maps = regexp:{folder}/postfix/transport
{settings}
"""

MASTER = """
127.0.0.1:{submission} inet n - n - - smtpd
    -o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions={restrictions}
127.0.0.1:{submissions} inet n - n - - smtpd
    -o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions={restrictions}
    -o smtpd_tls_wrappermode=yes
""" + peer_postfix.SERVICES.lstrip()


class Provider:
    """`start()` and `stop()`; what it is like can be changed between them."""

    def __init__(self, folder: Path, domain: str = "provider.test") -> None:
        self.folder = folder
        self.domain = domain
        self.ports = Ports.free()
        self.imap, self.imaps = self.ports.imap, self.ports.imaps
        self.submission, self.submissions = self.ports.submission, self.ports.submissions
        self.processes: list[subprocess.Popen[bytes]] = []
        # Lines of main.cf; what smtpd does with recipients of who logged in.
        self.settings = ""
        # Whatever is submitted gets a copy in Sent; or another Message-ID.
        self.keeps_copies = False
        self.renames = False
        self.restrictions = "permit_sasl_authenticated,reject"
        # A login whose mail is not taken, whomever it is to.
        self.refused = ""
        # Addresses (a regular expression of Postfix's) whose mail is passed on, and by which transport.
        self.relay: tuple[str, str] | None = None
        # A port of an OAuth server that tokens are looked up at; 0: passwords.
        self.oauth_port = 0
        self.users: dict[str, str] = {}

    @property
    def certificate(self) -> Path:
        return self.folder / "tls" / "cert.pem"

    def prepare(self) -> None:
        need_root("a provider")
        self.folder.chmod(0o755)
        peer_postfix.make_folders(self.folder)
        mail_folder(self.folder / "mail")
        make_certificate(self.folder / "tls", f"mx.{self.domain}")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text.lstrip())

    def configure(self) -> None:
        passdb = (OAUTH if self.oauth_port else "") + PASSWORDS
        self.write("dovecot.conf", DOVECOT.format(
            folder=self.folder, imap=self.imap, imaps=self.imaps, plugins="", passdb=passdb.format(folder=self.folder),
            mechanisms="xoauth2 oauthbearer" if self.oauth_port else ""))
        self.write("oauth2.conf", OAUTH_CONF.format(port=self.oauth_port))
        settings = self.settings
        if self.keeps_copies:
            settings += f"sender_bcc_maps = regexp:{self.folder}/postfix/copies\n"
        if self.renames:
            settings += f"header_checks = regexp:{self.folder}/postfix/header_checks\n"
        self.write("postfix/main.cf", MAIN.format(folder=self.folder, domain=self.domain, settings=settings))
        self.write("postfix/copies", "/^([^+@]*)@(.*)$/ ${1}+Sent@${2}\n")
        self.write("postfix/header_checks", "/^Message-ID:/ REPLACE Message-ID: <renamed@provider.test>\n")
        self.write("postfix/master.cf", MASTER.format(
            submission=self.submission, submissions=self.submissions,
            restrictions=f"check_sasl_access,regexp:{self.folder}/postfix/refused,{self.restrictions}"))
        self.write("postfix/refused", f"/^{self.refused}$/ REJECT Access denied\n" if self.refused else "")
        self.write("postfix/known", "/^nobody@/ DUNNO\n/^/ known\n")
        relay = "{} {}\n".format(*self.relay) if self.relay else ""
        self.write("postfix/transport", f"{relay}/@{self.domain.replace('.', '[.]')}$/ lmtp:unix:{self.folder}/lmtp\n"
                                        "/^/ error:5.1.2 no such domain\n")
        self.write_users()

    def write_users(self) -> None:
        self.write("users.new", "".join(f"{name}:{{PLAIN}}{rest}\n" for name, rest in self.users.items()))
        (self.folder / "users.new").rename(self.folder / "users")

    def add_user(self, name: str, password: str = PASSWORD) -> str:
        """Its address."""
        self.change_user(name, password)
        return f"{name}@{self.domain}"

    def switch_imap_off(self, name: str, password: str = PASSWORD) -> None:
        """As Gmail does it: the login is refused with words that say why. SMTP goes on."""
        self.change_user(name, f"{password}::::::nologin reason={IMAP_OFF_WORDS}")

    def change_user(self, name: str, rest: str) -> None:
        """Dovecot looks once a second whether the file has changed."""
        self.users[name] = rest
        self.write_users()
        time.sleep(REREAD_SECONDS)

    def start(self) -> None:
        self.configure()
        adopt_orphans()
        log = self.folder / "postfix-start.log"
        peer_postfix.check(self.folder / "postfix", log)
        with log.open("ab") as output:
            self.processes = [
                subprocess.Popen(["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")], stdout=output,
                                 stderr=output),
                subprocess.Popen(peer_postfix.master(self.folder / "postfix"), stdout=output, stderr=output)]
        for port in (self.imap, self.imaps, self.submission, self.submissions):
            wait_for_port(port, START_SECONDS_MAX)

    def stop(self) -> None:
        for process in self.processes:
            stop_process(process)
        self.processes = []

    def refuse(self, address: str) -> None:
        """Its SMTP says no to whatever this address sends; none: to nobody."""
        self.refused = address
        self.reload()

    def reload(self) -> None:
        """Postfix takes what was changed; who is connected stays so."""
        self.configure()
        reloads = self.log_text().count(RELOADED)
        with (self.folder / "postfix-start.log").open("ab") as output:
            subprocess.run(["postfix", "-c", str(self.folder / "postfix"), "reload"], check=True, stdout=output,
                           stderr=output)
        until(lambda: self.log_text().count(RELOADED) > reloads, START_SECONDS_MAX,
              lambda: f"Postfix did not reload:\n{self.log_text()[-3000:]}")

    def restart(self) -> None:
        self.stop()
        self.start()

    def log_text(self) -> str:
        return "".join(log.read_text(errors="replace") for log in sorted(self.folder.glob("*.log")))

    def messages(self, name: str, folder: str = "") -> list[bytes]:
        """What is in a user's INBOX, or in another folder of his; who is logged in may move it meanwhile."""
        maildir = self.folder / "mail" / name / (f".{folder}" if folder else "")
        while True:
            files = [file for box in ("new", "cur") for file in sorted((maildir / box).glob("*"))]
            with suppress(FileNotFoundError):
                return list({file.name.partition(":")[0]: file.read_bytes() for file in files}.values())
