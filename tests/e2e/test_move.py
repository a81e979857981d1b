"""Import and export: what goes out comes in again, by Dovecot's and by our own files, also after a kill."""

from __future__ import annotations

import imaplib
import json
import mailbox
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import in_terminal, need
from mail import good, imap, imap_uids
from messages import plain
from server import Account, Server, program, run
from test_idle import Idler

KILL_ROUNDS = 6
DOVECOT_CONFIG = """\
protocols =
log_path = /dev/stderr
mail_home = {home}
base_dir = {home}/run
ssl = no
"""
NASTY = [
    b"Subject: from lines\r\n\r\nFrom here on\r\n>From there\r\n>>From afar\r\n\r\n"
    b"From a@b Tue Jul  1 10:52:37 2003\r\n",
    b"Subject: no body\r\n\r\n",
    b"Subject: ends with blank lines\r\n\r\nx\r\n\r\n\r\n",
    b"Subject: 8bit \xfc\r\n\r\n\xe4\xf6\xff\r\n" + b">" * 3000 + b"From x\r\n",
    b"Status: RO\r\nX-Keywords: not ours\r\nContent-Length: 4\r\nSubject: like an mbox\r\n\r\nFrom me\r\n",
    b"X-UID: 7\r\nStatus: RO\r\nX-Status: A\r\nX-Keywords: a\r\nSubject: like our block\r\n\r\nyes\r\n",
    b"Subject: only a header\r\n",
    b"\r\nno header at all\r\n",
]


def sizeable(megabytes: int) -> bytes:
    line = b"From the start to the end, this is line 0123456789 of a large message. \xff\r\n"
    return b"Subject: large\r\n\r\n" + line * (megabytes * 1024 * 1024 // len(line))


def append(client: imaplib.IMAP4, folder: str, flags: str, when: str, message: bytes) -> None:
    good(client.append(folder, flags, f'"{when}"', message))


def contents(server: Server, account: Account) -> dict[str, list[tuple[bytes, frozenset[str], str]]]:
    """Each mailbox: its messages in order, with flags and INTERNALDATE."""
    found: dict[str, list[tuple[bytes, frozenset[str], str]]] = {}
    with imap(server, account, mailbox=None) as client:
        for row in good(client.list()):
            name = re.match(rb'\(.*?\) "/" (.*)', row).group(1).decode()
            good(client.select(name, True))
            found[name.strip('"')] = [fetch(client, uid) for uid in imap_uids(client)]
    return found


def fetch(client: imaplib.IMAP4, uid: int) -> tuple[bytes, frozenset[str], str]:
    rows = good(client.uid("FETCH", str(uid), "(FLAGS INTERNALDATE BODY.PEEK[])"))
    (head, body) = next(row for row in rows if isinstance(row, tuple))
    text = head + b"".join(row for row in rows if isinstance(row, bytes))
    date = re.search(rb'INTERNALDATE "(.*?)"', text).group(1).decode()
    return body, frozenset(flag.decode() for flag in imaplib.ParseFlags(text)) - {"\\Recent"}, date


def subscribed(server: Server, account: Account) -> set[bytes]:
    with imap(server, account, mailbox=None) as client:
        return set(good(client.lsub()))


def fill(server: Server, account: Account) -> None:
    flags = ["", "\\Seen", "\\Answered \\Flagged $Work", "\\Draft \\Deleted \\Seen urgent", "$Work urgent third"]
    folders = ["INBOX", "Sent", "Projects/2024/a.b", ".hidden/.deep", "&ZeVnLIqe-/&APw-ber", "Spam", "INBOX/below"]
    with imap(server, account, mailbox=None) as client:
        for number, folder in enumerate(folders):
            if folder not in ("INBOX", "Sent"):
                good(client.create(f'"{folder}"'))
            if number % 2:
                good(client.subscribe(f'"{folder}"'))
            for at, message in enumerate(NASTY):
                append(client, f'"{folder}"', f"({flags[(at + number) % len(flags)]})",
                       f"{at + 1:02d}-Jul-20{number:02d} 02:44:25 +0000", message)
        append(client, "INBOX", "()", "01-Jan-1999 00:00:00 +0000", sizeable(20))


@pytest.mark.parametrize("form", [[], ["--mbox"]])
def test_what_was_exported_is_imported_as_it_was(server: Server, alice: Account, bob: Account, tmp_path: Path,
                                                 form: list[str]) -> None:
    fill(server, alice)
    out = tmp_path / "out"
    server.command("export", alice.address, str(out), *form)
    report = server.listing("import", bob.address, str(out))
    assert report["left_out"] == 0 and report["imported"] == 7 * len(NASTY) + 1
    before, after = contents(server, alice), contents(server, bob)
    assert before.keys() == after.keys()
    for name, messages in before.items():
        assert sorted(after[name]) == sorted(messages), name
        if form:
            assert after[name] == messages, name
    assert subscribed(server, alice) == subscribed(server, bob)
    assert server.listing("import", bob.address, str(out))["imported"] == 0
    again = server.listing("export", alice.address, str(out), *form)
    assert again["written"] == 0 and again["kept"] == report["imported"]


@pytest.mark.parametrize("form", [[], ["--mbox"]])
def test_a_second_export_adds_what_came_since(server: Server, alice: Account, bob: Account, tmp_path: Path,
                                              form: list[str]) -> None:
    out = str(tmp_path / "out")
    for number in range(3):
        with imap(server, alice, mailbox=None) as client:
            append(client, "INBOX", "()", "01-Jul-2001 00:00:00 +0000", plain(f"number {number}"))
        report = server.listing("export", alice.address, out, *form)
        assert (report["written"], report["kept"]) == (1, number)
    assert server.listing("import", bob.address, out)["imported"] == 3
    assert contents(server, alice)["INBOX"] == contents(server, bob)["INBOX"]


def test_an_export_leaves_foreign_files_alone(server: Server, alice: Account, bob: Account, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert run("export", alice.address, tmp_path, "--data", server.data).returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    out = tmp_path / "out"
    server.command("export", alice.address, str(out))
    assert run("export", bob.address, out, "--data", server.data).returncode == 1
    mboxes = tmp_path / "mboxes"
    server.command("export", alice.address, str(mboxes), "--mbox")
    (mboxes / "INBOX.mbox").write_bytes(b"From x Tue Jul  1 10:52:37 2003\nSubject: foreign\n\n\n")
    with imap(server, alice, mailbox=None) as client:
        append(client, "INBOX", "()", "01-Jul-2001 00:00:00 +0000", plain("new"))
    done = run("export", alice.address, mboxes, "--mbox", "--data", server.data)
    assert done.returncode == 1 and "INBOX" in done.stderr
    assert b"foreign" in (mboxes / "INBOX.mbox").read_bytes()


def test_bad_items_are_named_and_the_rest_comes(server: Server, alice: Account, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for body in (b"Subject: good\n\nx\n", b"Subject: nul\n\na\0b\n", b""):
        box.add(body) if body else None
    (tmp_path / "box" / "new" / "1000000000.empty.host").write_bytes(b"")
    done = run("import", alice.address, tmp_path / "box", "--data", server.data, "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["imported"] == 1 and report["left_out"] == 2
    assert {fault["reason"].split()[0] for fault in report["faults"]} == {"has", "is"}
    assert "empty.host" in str(report["faults"])


def test_an_mbox_of_many_writers(server: Server, alice: Account, tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    path.write_bytes(
        b"From a@b.c Tue Jul  1 10:52:37 2003\nSubject: one\nStatus: RO\nX-Status: AF\nX-Keywords: red blue  \n\n"
        b"x\n>From y\n\n"
        b"From - Tue, 1 Jul 2003 10:52:37 +0200\r\nSubject: two\r\n\r\ncrlf\r\n\r\n"
        b"From cl2 Tue Jul  1 10:52:37 MET 2003\nSubject: three\nContent-Length: 14\n\nFrom me\n>From\n\n\n"
        b"From x Tue Jul  1 10:52 2003\nSubject: four\n\nno end")
    report = server.listing("import", alice.address, str(path), "--folder", "Old/mail")
    assert report["imported"] == 4
    one, two, three, four = contents(server, alice)["Old/mail"]
    assert one[2].strip() == "1-Jul-2003 10:52:37 +0000"
    assert one[0] == b"Subject: one\r\n\r\nx\r\nFrom y\r\n"
    assert one[1] == {"\\Seen", "\\Answered", "\\Flagged", "red", "blue"}
    assert two[0] == b"Subject: two\r\n\r\ncrlf\r\n" and "08:52:37" in two[2]
    assert three[0] == b"Subject: three\r\n\r\nFrom me\r\n>From\r\n"
    assert four[0] == b"Subject: four\r\n\r\nno end\r\n" and "10:52:00" in four[2]


def test_a_dry_run_stores_nothing(server: Server, alice: Account, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    box.add_folder("Sub").add(plain())
    report = server.listing("import", alice.address, str(tmp_path / "box"), "--dry-run")
    assert report["imported"] == 1 and report["dry_run"]
    assert "Sub" not in contents(server, alice)


def test_a_session_in_idle_sees_the_mail_arrive(server: Server, alice: Account, tmp_path: Path) -> None:
    mailbox.Maildir(tmp_path / "box").add(plain())
    with Idler(server, alice) as idler:
        server.command("import", alice.address, str(tmp_path / "box"))
        assert any(b"1 EXISTS" in idler.reader.readline() for _ in range(3))


def kill_midway(arguments: list[str], seconds: float) -> None:
    """Starts the command, and kills it and its child after a while."""
    process = subprocess.Popen([str(program()), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("is_running", [True, False])
def test_a_killed_import_goes_on_and_doubles_nothing(fresh: Server, tmp_path: Path, is_running: bool) -> None:
    if is_running:
        fresh.start()
    account = fresh.new_account("kill")
    box = mailbox.mbox(tmp_path / "many.mbox")
    for number in range(3000):
        box.add(plain(f"number {number}", f"{number % 7}\r\n" * 50))
    for _ in range(20):
        box.add(plain("all alike"))
    box.close()
    arguments = ["import", account.address, str(tmp_path / "many.mbox"), "--data", str(fresh.data)]
    for number in range(KILL_ROUNDS):
        kill_midway(arguments, 0.3 + number * 0.15)
    report = fresh.listing("import", account.address, str(tmp_path / "many.mbox"))
    assert report["imported"] + report["known"] == 3020 and report["left_out"] == 0
    if not is_running:
        fresh.start()
    with imap(fresh, account, mailbox="many") as client:
        rows = good(client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
    subjects = [row[1].strip() for row in rows if isinstance(row, tuple)]
    assert len(subjects) == 3020 and len(set(subjects)) == 3001
    fresh.command("verify")


@pytest.mark.parametrize("form", [[], ["--mbox"]])
def test_a_killed_export_goes_on(server: Server, alice: Account, bob: Account, tmp_path: Path, form: list[str]) -> None:
    box = mailbox.mbox(tmp_path / "many.mbox")
    for number in range(2000):
        box.add(plain(f"number {number}", "From me\r\n" * 60))
    box.close()
    server.command("import", alice.address, str(tmp_path / "many.mbox"))
    out = str(tmp_path / "out")
    for number in range(KILL_ROUNDS):
        kill_midway(["export", alice.address, out, *form, "--data", str(server.data)], 0.2 + number * 0.1)
    server.command("export", alice.address, out, *form)
    assert server.listing("import", bob.address, out)["imported"] == 2000
    assert sorted(contents(server, alice)["many"]) == sorted(contents(server, bob)["many"])


class Dovecot:
    """doveadm on mail below `home`, as a user who is not root; no daemon runs."""

    def __init__(self, home: Path, location: str) -> None:
        if not shutil.which("doveadm"):
            pytest.skip("doveadm is not installed (Debian: dovecot-core)")
        if os.geteuid() != 0:
            pytest.skip("needs root to give files to another user")
        self.home, self.location = home, location
        (home / "dovecot.conf").write_text(DOVECOT_CONFIG.format(home=home))

    def take(self) -> None:
        for path in [self.home, *self.home.rglob("*")]:
            shutil.chown(path, "nobody", "nogroup")

    def __call__(self, *arguments: str, data: bytes = b"") -> str:
        self.take()
        done = subprocess.run(["doveadm", "-c", str(self.home / "dovecot.conf"), "-o",
                               f"mail_location={self.location}", *arguments], input=data, capture_output=True,
                              timeout=60, user="nobody", group=pwd.getpwnam("nobody").pw_gid, extra_groups=[],
                              env={"HOME": str(self.home), "USER": "nobody", "PATH": os.environ["PATH"]})
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout.decode("utf-8", "surrogateescape")


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="posthaste-dovecot-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("kind", ["maildir", "mbox", "maildir-fs"])
def test_what_dovecot_wrote_is_imported(server: Server, alice: Account, home: Path, kind: str) -> None:
    location = {"maildir": f"maildir:{home}/mail", "maildir-fs": f"maildir:{home}/mail:LAYOUT=fs",
                "mbox": f"mbox:{home}/mail:INBOX={home}/mail/inbox"}[kind]
    (home / "mail").mkdir()
    dovecot = Dovecot(home, location)
    separator = "." if kind == "maildir" else "/"
    folders = ["INBOX", "Sent Items", f"Work{separator}Über"]
    bodies = [message for message in NASTY if b"\r\n\r\n" in message and b"Status" not in message]
    if kind == "mbox":
        # Dovecot itself stores an empty body there as one empty line.
        bodies = [message for message in bodies if b"no body" not in message]
    for folder in folders:
        if folder != "INBOX":
            dovecot("mailbox", "create", "-s", folder)
        for message in bodies:
            dovecot("save", "-m", folder, data=message)
        dovecot("flags", "add", "\\Seen \\Flagged $Work", "mailbox", folder, "1")
    report = server.listing("import", alice.address, str(home / "mail"))
    assert report["left_out"] == 0, report
    found = contents(server, alice)
    for name in ("INBOX", "Sent", "Work/&ANw-ber"):
        assert sorted(body for body, _, _ in found[name]) == sorted(bodies), (kind, name)
        flags = next(flags for body, flags, _ in found[name] if body == bodies[0])
        assert flags == {"\\Seen", "\\Flagged", "$Work"}, (kind, name)
    assert "Sent Items" not in found


@pytest.mark.parametrize("form", [[], ["--mbox"]])
def test_dovecot_opens_an_export(server: Server, alice: Account, home: Path, form: list[str]) -> None:
    with imap(server, alice, mailbox=None) as client:
        good(client.create("Work/Deep"))
        for folder in ("INBOX", "Work/Deep"):
            for number in range(3):
                append(client, folder, "(\\Seen $Work)", f"0{number + 1}-Jul-2003 10:52:37 +0000",
                       plain(f"number {number}", "From me\r\n"))
    server.command("export", alice.address, str(home / "mail"), *form)
    location = f"mbox:{home}/mail:INBOX={home}/mail/INBOX.mbox" if form else f"maildir:{home}/mail"
    dovecot = Dovecot(home, location)
    for folder in ("INBOX", "Work/Deep.mbox" if form else "Work.Deep"):
        shown = dovecot("fetch", "hdr.subject flags date.received", "mailbox", folder)
        assert [line for line in shown.splitlines() if "number" in line] == [
            f"hdr.subject: number {number}" for number in range(3)]
        assert shown.count("\\Seen") == 3 and "2003-07-01 10:52:37" in shown
        if not form:
            assert shown.count("$Work") == 3


@pytest.mark.parametrize("form", [[], ["--mbox"]])
def test_neomutt_opens_an_export(server: Server, alice: Account, tmp_path: Path, form: list[str]) -> None:
    with imap(server, alice, mailbox=None) as client:
        append(client, "INBOX", "(\\Seen \\Flagged)", "01-Jul-2003 10:52:37 +0000", plain("seen by neomutt"))
    server.command("export", alice.address, str(tmp_path / "out"), *form)
    path = tmp_path / "out" / "INBOX.mbox" if form else tmp_path / "out"
    target = tmp_path / "piped.eml"
    (tmp_path / "rc").write_text(f'set quit=yes wait_key=no pipe_decode=no sleep_time=0 folder="{tmp_path}"\n'
                                 'set record="" postponed="" mbox="" move=no\n'
                                 f'push "<pipe-message>cat > {target}<enter><exit>"\n')
    in_terminal(tmp_path, [need("neomutt"), "-n", "-R", "-F", str(tmp_path / "rc"), "-f", str(path)])
    assert b"seen by neomutt" in target.read_bytes()
