"""The mail clients people use, run as programs. Each call writes its configuration in a folder of
its own, runs the client to its end and returns what it printed; a failing client fails the test.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mail import HOST
from server import Account, Server

CLIENT_SECONDS_MAX = 300
# mbsync marks what it writes with this header.
OWN_HEADER = re.compile(rb"^X-TUID: \S{12}\n", re.MULTILINE)


def need(name: str) -> str:
    """The program's path; its absence fails the test, because scripts/packages lists it."""
    path = shutil.which(name)
    if not path:
        pytest.fail(f"{name} is not installed; scripts/install-packages.sh test")
    return path


def run_client(folder: Path, *command: str | Path, data: bytes = b"", accept: tuple[int, ...] = (0,)) -> str:
    """Runs a client with `folder` as its home and returns its output."""
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    done = subprocess.run([need(str(command[0])), *map(str, command[1:])], input=data, capture_output=True,
                          timeout=CLIENT_SECONDS_MAX, env=environment, cwd=folder)
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode in accept, f"{shlex.join(map(str, command))}: {done.returncode}\n{output[-4000:]}"
    return output


def private_file(path: Path, text: str) -> Path:
    """A file only its owner reads, as clients demand for files with passwords."""
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def fingerprint(server: Server, digest: str) -> str:
    """The certificate's fingerprint as AA:BB:..."""
    done = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", f"-{digest}", "-in", str(server.certificate)],
                          check=True, capture_output=True, text=True)
    return done.stdout.strip().split("=")[1]


def curl(server: Server, folder: Path, url_scheme: str, port: int, path: str, *options: str | Path,
         security: str = "plain") -> bytes:
    """One curl call. The server's certificate is checked, with its name."""
    name = "mx." + server.domain
    command = [need("curl"), "--silent", "--show-error", "--cacert", str(server.certificate),
               "--resolve", f"{name}:{port}:{HOST}", "--noproxy", "*", *map(str, options)]
    if security == "starttls":
        command.append("--ssl-reqd")
    scheme = url_scheme + ("s" if security == "tls" else "")
    done = subprocess.run([*command, f"{scheme}://{name}:{port}/{path}"], capture_output=True, cwd=folder,
                          timeout=CLIENT_SECONDS_MAX)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def swaks(server: Server, folder: Path, service: str, sender: str, recipient: str, message: bytes,
          *options: str) -> str:
    """Sends one message with swaks, which ends its last line itself."""
    path = folder / "swaks.eml"
    path.write_bytes(message.removesuffix(b"\r\n"))
    return run_client(folder, "swaks", "--server", HOST, "--port", str(getattr(server.ports, service)),
                      "--helo", "client.test", "--from", sender, "--to", recipient, "--data", f"@{path}", *options)


def msmtp(server: Server, folder: Path, account: Account, recipient: str, message: bytes, security: str,
          mechanism: str) -> str:
    """Submits one message with msmtp, which gets it with LF line ends as from a pipe."""
    port = server.ports.submissions if security == "tls" else server.ports.submission
    tls = "off" if security == "plain" else "on"
    checks = f"tls_fingerprint {fingerprint(server, 'sha256')}\n" if security != "plain" else ""
    configuration = private_file(folder / "msmtprc", f"""account default
host {HOST}
port {port}
tls {tls}
tls_starttls {'on' if security == 'starttls' else 'off'}
{checks}auth {mechanism}
user {account.address}
password {account.password}
from {account.address}
""")
    return run_client(folder, "msmtp", "--file", configuration, recipient, data=message.replace(b"\r\n", b"\n"))


class Mbsync:
    """One copy of an account on a device: Maildirs under `folder`/mail, kept in step by mbsync."""

    def __init__(self, server: Server, account: Account, folder: Path, security: str = "tls") -> None:
        self.folder = folder
        self.mail = folder / "mail"
        self.mail.mkdir(parents=True)
        port = server.ports.imaps if security == "tls" else server.ports.imap
        kind = {"tls": "IMAPS", "starttls": "STARTTLS", "plain": "None"}[security]
        self.configuration = private_file(folder / "mbsyncrc", f"""IMAPStore remote
Host mx.{server.domain}
Tunnel "/usr/bin/python3 {Path(__file__).with_name('relay.py')} {port}"
User {account.address}
Pass "{account.password}"
SSLType {kind}
CertificateFile {server.certificate}
AuthMechs {'LOGIN' if security == 'plain' else 'PLAIN'}

MaildirStore local
Path {self.mail}/
Inbox {self.mail}/INBOX
SubFolders Verbatim

Channel all
Far :remote:
Near :local:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
""")

    def sync(self) -> str:
        return run_client(self.folder, "mbsync", "--config", self.configuration, "all")

    def files(self, mailbox: str = "INBOX") -> list[Path]:
        return sorted(path for part in ("cur", "new") for path in (self.mail / mailbox / part).glob("*"))

    def messages(self, mailbox: str = "INBOX") -> list[bytes]:
        """The mailbox's messages as the server has them: with CRLF, without mbsync's own header."""
        return [OWN_HEADER.sub(b"", path.read_bytes(), count=1).replace(b"\n", b"\r\n")
                for path in self.files(mailbox)]

    def flag(self, path: Path, letters: str) -> Path:
        """Sets a message's Maildir flags (S seen, F flagged, R answered, T deleted)."""
        base = path.name.split(":")[0]
        target = path.parent.parent / "cur" / f"{base}:2,{''.join(sorted(letters))}"
        return path.rename(target)

    def move(self, path: Path, mailbox: str) -> None:
        """As a Maildir client does: the file goes to the other folder and loses its UID."""
        base, _, flags = path.name.partition(":")
        for part in ("cur", "new", "tmp"):
            (self.mail / mailbox / part).mkdir(parents=True, exist_ok=True)
        path.rename(self.mail / mailbox / "cur" / f"{base.split(',')[0]}:{flags or '2,'}")


def fetchmail(server: Server, account: Account, folder: Path, protocol: str, security: str, *options: str) -> str:
    """Fetches all new mail into `folder`/fetched, a file a message; exit status 1 (no mail) is fine."""
    fetched = folder / "fetched"
    fetched.mkdir(exist_ok=True)
    service = {"imap": "imap", "pop3": "pop3"}[protocol] + ("s" if security == "tls" else "")
    tls = {"plain": "sslproto ''", "starttls": f"sslproto TLS1.2+ sslcertck sslcertfile {server.certificate} "
           f"sslcommonname mx.{server.domain}", "tls": f"ssl sslcertck sslcertfile {server.certificate} "
           f"sslcommonname mx.{server.domain}"}[security]
    # The agent writes each message under a name of its own.
    agent = private_file(folder / "agent.sh", f'cat > "$(mktemp {fetched}/XXXXXXXX)"\n')
    configuration = private_file(folder / "fetchmailrc", f"""poll {HOST} service {getattr(server.ports, service)}
  proto {protocol} {'uidl' if protocol == 'pop3' else ''}
  user "{account.address}" password "{account.password}" {tls}
  no rewrite fetchlimit 0 mda "/bin/sh {agent}" {' '.join(options)}
""")
    return run_client(folder, "fetchmail", "--fetchmailrc", configuration, "--idfile", folder / "ids",
                      "--pidfile", folder / "pid", "--invisible", "--nosyslog", "-v", accept=(0, 1))


def fetched_messages(folder: Path) -> list[bytes]:
    return [path.read_bytes().replace(b"\n", b"\r\n") for path in sorted((folder / "fetched").iterdir())]


def neomutt(server: Server, account: Account, folder: Path, security: str, *arguments: str,
            keys: str = "", data: bytes = b"", program: str = "neomutt", settings: str = "") -> str:
    """Runs neomutt (or mutt) in a terminal of its own: in batch where it gets `data`, else it types `keys`."""
    imap_scheme, smtp_scheme = ("imaps", "smtps") if security == "tls" else ("imap", "smtp")
    imap_port = server.ports.imaps if security == "tls" else server.ports.imap
    smtp_port = server.ports.submissions if security == "tls" else server.ports.submission
    shutil.copy(server.certificate, folder / "certificates")
    user = account.address.replace("@", "%40")
    configuration = private_file(folder / "muttrc", f"""set folder="{imap_scheme}://{HOST}:{imap_port}/"
set spoolfile="{imap_scheme}://{HOST}:{imap_port}/INBOX"
set imap_user="{account.address}" imap_pass="{account.password}"
set smtp_url="{smtp_scheme}://{user}@{HOST}:{smtp_port}/" smtp_pass="{account.password}"
set smtp_authenticators="plain" imap_authenticators="plain:login"
set ssl_starttls={'yes' if security == 'starttls' else 'no'} ssl_force_tls={'no' if security == 'plain' else 'yes'}
set certificate_file="{folder}/certificates" ssl_verify_host=no
set from="{account.address}" realname="Test" use_from=yes
set copy=no quit=yes move=no confirmappend=no wait_key=no timeout=1 mail_check=1
set header_cache="" message_cachedir="" pipe_decode=no sleep_time=0 auto_subscribe=no
{settings}
push "{keys}"
""")
    if data:
        return run_client(folder, program, "-F", configuration, *arguments, data=data)
    return in_terminal(folder, [need(program), "-F", str(configuration), *arguments])


def in_terminal(folder: Path, command: list[str]) -> str:
    """Runs a program that wants a terminal and returns what it drew."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    process = subprocess.Popen(["timeout", "60", *command], stdin=terminal, stdout=terminal, stderr=terminal,
                               env=environment, cwd=folder, start_new_session=True)
    os.close(terminal)
    drawn = b""
    try:
        while chunk := os.read(controller, 65536):
            drawn += chunk
    except OSError:
        # The terminal's other end was closed: the program has ended.
        pass
    os.close(controller)
    assert process.wait() == 0, drawn.decode(errors="replace")[-3000:]
    return drawn.decode(errors="replace")
