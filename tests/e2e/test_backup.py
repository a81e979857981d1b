"""backup and restore: live, incremental, consistent, and whole wherever they are broken off."""

from __future__ import annotations

import contextlib
import imaplib
import json
import os
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, Load
from mail import good, imap, imap_messages, receive, send, smtp
from messages import number_of, plain
from peer import until
from ports import WELL_KNOWN, Ports, is_free
from server import CONTEXT_WARNING, REPORT, Account, Server, identity, program, run, wait_until_gone

DONE, FAILED = 0, 1
SEED = int(os.environ.get("SEED", "1"))
KILLS = int(os.environ.get("KILLS", "6"))
SECONDS_MAX = 120
MAILBOXES = ("INBOX", "Archive", "Trash", "Sent", "Junk", "Drafts")
ROW = re.compile(rb"UID (\d+) .*?FLAGS \(([^)]*)\).*?MODSEQ \((\d+)\)", re.DOTALL)


@dataclass(frozen=True)
class Message:
    flags: frozenset[bytes]
    modseq: int
    body: bytes


@dataclass
class Mailbox:
    """All that a device can see of a mailbox."""

    validity: int
    next_uid: int
    modseq: int
    messages: dict[int, Message] = field(default_factory=dict)


def number(name: bytes, row: bytes) -> int:
    return int(re.search(name + rb" (\d+)", row).group(1))


def look(client: imaplib.IMAP4, name: str) -> Mailbox:
    row = good(client.status(name, "(UIDVALIDITY UIDNEXT HIGHESTMODSEQ)"))[0]
    seen = Mailbox(number(b"UIDVALIDITY", row), number(b"UIDNEXT", row), number(b"HIGHESTMODSEQ", row))
    good(client.select(name, readonly=True))
    for row in good(client.uid("FETCH", "1:*", "(UID FLAGS MODSEQ BODY.PEEK[])")):
        if isinstance(row, tuple):
            uid, flags, modseq = ROW.search(row[0]).groups()
            kept = frozenset(flags.split()) - {b"\\Recent"}
            seen.messages[int(uid)] = Message(kept, int(modseq), row[1])
    return seen


def look_at_all(server: Server, accounts: list[Account]) -> dict[tuple[str, str], Mailbox]:
    found = {}
    for account in accounts:
        with imap(server, account, mailbox=None) as client:
            found |= {(account.address, name): look(client, name) for name in MAILBOXES}
    return found


def compare(before: dict[tuple[str, str], Mailbox], after: dict[tuple[str, str], Mailbox]) -> None:
    """The same messages; what is given out next is not below what was given out before."""
    assert before.keys() == after.keys()
    for key, was in before.items():
        now = after[key]
        assert now.validity == was.validity, f"{key}: UIDVALIDITY changed"
        assert now.messages.keys() == was.messages.keys(), f"{key}: other UIDs"
        different = [uid for uid in was.messages if was.messages[uid] != now.messages[uid]]
        assert not different, f"{key}: UIDs {different[:10]} are not as they were"
        assert now.next_uid >= was.next_uid and now.modseq >= was.modseq, f"{key}: counts went back"


class Churn:
    """An IMAP client that never rests: appends, flags, moves, copies, expunges."""

    def __init__(self, server: Server, account: Account, seed: int) -> None:
        self.server, self.account, self.source = server, account, random.Random(seed)
        self.stopping = threading.Event()
        self.steps = 0
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self) -> None:
        try:
            with imap(self.server, self.account) as client:
                while not self.stopping.is_set():
                    self.step(client)
                    self.steps += 1
        except (AssertionError, OSError, imaplib.IMAP4.error) as error:
            self.failure = error

    def step(self, client: imaplib.IMAP4) -> None:
        body = plain("churn", "x" * self.source.randint(10, 20_000) + "\r\n", self.steps)
        good(client.append("INBOX", None, None, body))
        uids = [int(uid) for uid in good(client.uid("SEARCH", "ALL"))[0].split()]
        if not uids:
            return
        uid = str(self.source.choice(uids))
        flag = self.source.choice(["\\Seen", "\\Flagged", "\\Answered", "$label"])
        good(client.uid("STORE", uid, self.source.choice(["+FLAGS", "-FLAGS"]), f"({flag})"))
        if self.steps % 3 == 0:
            good(client.uid(self.source.choice(["MOVE", "COPY"]), uid, self.source.choice(["Archive", "Trash"])))
        if self.steps % 4 == 0:
            good(client.uid("STORE", str(self.source.choice(uids)), "+FLAGS", "(\\Deleted)"))
            good(client.expunge())

    def stop(self) -> None:
        until(lambda: self.steps > 3 or self.failure is not None, SECONDS_MAX,
              lambda: "the client hardly did anything: this run proves nothing")
        self.stopping.set()
        self.thread.join(SECONDS_MAX)
        assert not self.thread.is_alive() and not self.failure, self.failure


# ---- calling it ----

def ask(*arguments: str | Path, user: str | None = None) -> Any:
    done = run(*arguments, "--json", user=user)
    assert done.returncode == DONE, (arguments, done.stdout, done.stderr)
    assert not REPORT.search(done.stderr), done.stderr
    return json.loads(done.stdout)


def backup(server: Server, to: Path, *more: str) -> Any:
    return ask("backup", "--data", server.data, "--to", to, *more)


def refused(*arguments: str | Path) -> str:
    """Must fail with one line, which is returned."""
    done = run(*arguments)
    assert done.returncode == FAILED, (arguments, done)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("posthaste: "), done.stderr
    return lines[0]


def clean(to: Path) -> Any:
    report = ask("backup", "verify", "--to", to)
    assert report["clean"] and not report["lines"], report
    return report


def verify(data: Path) -> None:
    done = run("verify", "--data", data)
    assert done.returncode == DONE, done.stdout + done.stderr


def parts(to: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in (to / "pool").glob("*/*")}


def start_again(server: Server) -> None:
    """Its ports may have been taken by others while it did not run."""
    if not all(is_free(server.ports.base + port) for port in WELL_KNOWN.values()):
        server.ports = Ports.free()
        config = server.data / "posthaste.conf"
        config.write_text(re.sub(r"(?m)^base_port = .*", f"base_port = {server.ports.base}", config.read_text()))
    server.start()


@contextlib.contextmanager
def serving(server: Server, data: Path) -> Iterator[Server]:
    """The same server, on another data folder (the ports stand in its configuration)."""
    before, server.data = server.data, data
    start_again(server)
    try:
        yield server
    finally:
        server.stop()
        server.data = before


def fill(server: Server, account: Account, count: int, size: int = 2_000_000, first: int = 0) -> None:
    """Messages that do not compress well."""
    source = random.Random(SEED + first)
    for at in range(first, first + count):
        text = source.randbytes(size // 2).hex()
        body = "".join(text[start:start + 70] + "\r\n" for start in range(0, size, 70))
        receive(server, account, plain("bulk", body, at))


@pytest.fixture
def place(fresh: Server) -> Path:
    """A folder for backups and restores beside the server's, which its users can get to."""
    return fresh.data.parent


# ---- under load ----

def test_a_backup_under_load_restores_all_that_was_acknowledged(fresh: Server, place: Path) -> None:
    fresh.start()
    alice, bob, carol = (fresh.new_account(name) for name in ("alice", "bob", "carol"))
    accounts, to = [alice, bob, carol], place / "backup"
    ledger = Ledger()
    load, churn = Load(fresh, ledger, [alice, bob], writers=3), Churn(fresh, carol, SEED)
    acknowledged = []
    for _ in range(3):
        time.sleep(0.7)
        until(lambda: bool(ledger.acknowledged), SECONDS_MAX, lambda: "nothing is accepted: this run proves nothing")
        acknowledged.append(dict(ledger.acknowledged))
        backup(fresh, to)
    load.stop()
    churn.stop()
    last = backup(fresh, to)
    before = look_at_all(fresh, accounts)
    fresh.stop()
    clean(to)
    for snapshot, known in enumerate(acknowledged, 1):
        data = place / f"restored-{snapshot}"
        ask("restore", "--from", to, "--data", data, "--snapshot", str(snapshot))
        verify(data)
        with serving(fresh, data):
            for account in (alice, bob):
                with imap(fresh, account) as client:
                    found = {number_of(message) for message in imap_messages(client).values()}
                missing = {at for at, address in known.items() if address == account.address} - found
                assert not missing, f"snapshot {snapshot} lacks {sorted(missing)[:10]} of {len(known)}"
    shutil.rmtree(fresh.data)
    report = ask("restore", "--from", to, "--data", fresh.data)
    assert report["snapshot"] == last["snapshot"] and report["verify"]["clean"]
    start_again(fresh)
    compare(before, look_at_all(fresh, accounts))
    receive(fresh, alice, plain("after", "after\r\n", 10**6))
    with imap(fresh, alice) as client:
        newest = max(imap_messages(client))
    assert newest >= before[alice.address, "INBOX"].next_uid, "a UID was given out twice"
    fresh.stop()
    verify(fresh.data)


# ---- what is copied, what stays ----

def test_a_later_backup_copies_only_what_is_new(fresh: Server, place: Path) -> None:
    to = place / "backup"
    fresh.start()
    alice = fresh.new_account("alice")
    fill(fresh, alice, 8)
    first = backup(fresh, to)
    before = parts(to)
    receive(fresh, alice, plain("one more", "little\r\n", 100))
    second = backup(fresh, to)
    assert first["new_bytes"] == first["bytes"] > 8_000_000
    assert 0 < second["new_bytes"] < 2_000_000, "a little mail made a large backup"
    after = parts(to)
    assert all(after[name] == inode for name, inode in before.items()), "a part was written again"
    fresh.stop()
    third = backup(fresh, to)
    assert third["new_bytes"] < 2_000_000
    clean(to)


def test_old_snapshots_go_and_what_only_they_had(fresh: Server, place: Path) -> None:
    to = place / "backup"
    fresh.start()
    alice = fresh.new_account("alice")
    for at in range(5):
        receive(fresh, alice, plain("mail", f"{at}\r\n", at))
        backup(fresh, to, "--keep", "3")
    listed = ask("backup", "list", "--to", to)["snapshots"]
    assert [row["snapshot"] for row in listed] == [3, 4, 5]
    kept = parts(to)
    last = backup(fresh, to, "--keep", "1")
    assert last["removed_snapshots"] == 3 and last["freed_bytes"] > 0
    assert len(parts(to)) < len(kept)
    clean(to)
    fresh.stop()
    ask("restore", "--from", to, "--data", place / "restored")


def test_another_store_in_the_same_backup_is_not_taken_for_the_one_before(fresh: Server, place: Path) -> None:
    """A restored store goes on differently from the one that was lost: the same segment, other bytes."""
    to = place / "backup"
    fresh.start()
    alice = fresh.new_account("alice")
    fill(fresh, alice, 2)
    backup(fresh, to)
    fill(fresh, alice, 3, first=2)
    backup(fresh, to)
    lost = look_at_all(fresh, [alice])[alice.address, "INBOX"]
    fresh.stop()
    shutil.rmtree(fresh.data)
    ask("restore", "--from", to, "--data", fresh.data, "--snapshot", "1")
    start_again(fresh)
    fill(fresh, alice, 4, first=50)
    backup(fresh, to)
    before = look_at_all(fresh, [alice])
    inbox = before[alice.address, "INBOX"]
    new = {uid: message for uid, message in inbox.messages.items() if number_of(message.body) >= 50}
    assert min(new) >= lost.next_uid, "a device that saw what was lost takes new mail for it"
    assert min(message.modseq for message in new.values()) > lost.modseq
    fresh.stop()
    clean(to)
    ask("restore", "--from", to, "--data", place / "restored")
    with serving(fresh, place / "restored"):
        compare(before, look_at_all(fresh, [alice]))


def test_owners_and_modes_come_back_as_init_makes_them(fresh: Server, place: Path) -> None:
    def described(folder: Path) -> dict[str, tuple[int, int, int]]:
        paths = [path for path in (folder, *folder.rglob("*")) if not re.search(r"-(wal|shm)$|control|\.lock$",
                                                                                path.name)]
        found = {str(path.relative_to(folder)): path.lstat() for path in paths}
        return {name: (stat.S_IMODE(one.st_mode), one.st_uid, one.st_gid) for name, one in found.items()}

    (fresh.data / "tls" / "extra").mkdir(mode=0o700)
    (fresh.data / "tls" / "extra" / "old.pem").write_text("kept\n")
    (fresh.data / "tls" / "linked.pem").symlink_to("/nowhere/cert.pem")
    fresh.start()
    receive(fresh, fresh.new_account("alice"), plain("mail", "text\r\n", 1))
    fresh.stop()
    done = backup(fresh, place / "backup")
    assert any("linked.pem" in note for note in done["notes"])
    ask("restore", "--from", place / "backup", "--data", place / "restored")
    assert described(place / "restored") == described(fresh.data)
    assert os.readlink(place / "restored" / "tls" / "linked.pem") == "/nowhere/cert.pem"
    for name in ("posthaste.conf", "tls/key.pem", "tls/extra/old.pem"):
        assert (place / "restored" / name).read_bytes() == (fresh.data / name).read_bytes()
    secrets = [path for path in (place / "backup").rglob("*") if path.stat().st_mode & 0o077]
    assert not secrets, f"others can read {secrets[:5]}"


def test_an_ordinary_user_can_do_all_of_it(ordinary: Server) -> None:
    place = ordinary.data.parent
    ordinary.start()
    alice = ordinary.new_account("alice")
    receive(ordinary, alice, plain("mail", "text\r\n", 1))
    ask("backup", "--data", ordinary.data, "--to", place / "backup", user="nobody")
    before = look_at_all(ordinary, [alice])
    ordinary.stop()
    ask("restore", "--from", place / "backup", "--data", place / "restored", user="nobody")
    with serving(ordinary, place / "restored"):
        compare(before, look_at_all(ordinary, [alice]))


# ---- broken off ----

def kill_after(seconds: float, *arguments: str | Path) -> bool:
    """Runs the program and kills it; False where it was done before."""
    with subprocess.Popen([str(program()), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            wait_until_gone([process.pid])
            return True
    return False


class Killer:
    """Kills at random moments, sooner where it came too late."""

    def __init__(self, seconds_max: float) -> None:
        self.source, self.seconds_max, self.kills = random.Random(SEED), seconds_max, 0

    def run(self, *arguments: str | Path) -> None:
        if kill_after(self.source.uniform(0.01, self.seconds_max), *arguments):
            self.kills += 1
        else:
            self.seconds_max *= 0.5


def duration(call: Callable[[], Any]) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def test_killed_at_any_moment_a_backup_leaves_the_others_whole_and_goes_on(fresh: Server, place: Path) -> None:
    to = place / "backup"
    fresh.start()
    alice = fresh.new_account("alice")
    fill(fresh, alice, 6)
    killer = Killer(duration(lambda: backup(fresh, to)))
    for at in range(KILLS):
        fill(fresh, alice, 3, first=10 + 3 * at)
        killer.run("backup", "--data", fresh.data, "--to", to, "--keep", "99")
        listed = [row["snapshot"] for row in ask("backup", "list", "--to", to)["snapshots"]]
        assert listed == list(range(1, len(listed) + 1))
        clean(to)
    assert killer.kills, "it was always faster: this run proves nothing"
    backup(fresh, to)
    before = look_at_all(fresh, [alice])
    fresh.stop()
    leftovers = [path for path in to.rglob("*partial*")]
    assert not leftovers, leftovers
    clean(to)
    ask("restore", "--from", to, "--data", place / "restored")
    with serving(fresh, place / "restored"):
        compare(before, look_at_all(fresh, [alice]))


def test_killed_at_any_moment_the_first_backup_goes_on(fresh: Server, place: Path) -> None:
    fresh.start()
    fill(fresh, fresh.new_account("alice"), 6)
    killer = Killer(duration(lambda: backup(fresh, place / "measured")))
    for _ in range(KILLS):
        killer.run("backup", "--data", fresh.data, "--to", place / "backup")
    assert killer.kills, "it was always faster: this run proves nothing"
    backup(fresh, place / "backup")
    clean(place / "backup")


def test_killed_at_any_moment_a_restore_goes_on(fresh: Server, place: Path) -> None:
    to, data = place / "backup", place / "restored"
    fresh.start()
    alice = fresh.new_account("alice")
    fill(fresh, alice, 10)
    backup(fresh, to)
    before = look_at_all(fresh, [alice])
    fresh.stop()
    killer = Killer(duration(lambda: ask("restore", "--from", to, "--data", place / "measured")))
    for _ in range(KILLS):
        killer.run("restore", "--from", to, "--data", data)
        if data.exists() and not (data / "restore.partial").exists():
            shutil.rmtree(data)
    assert killer.kills, "it was always faster: this run proves nothing"
    ask("restore", "--from", to, "--data", data)
    assert not [path for path in data.rglob("*partial*")]
    with serving(fresh, data):
        compare(before, look_at_all(fresh, [alice]))


# ---- what goes wrong ----

def test_damage_in_a_backup_is_found_and_a_missing_part_comes_back(fresh: Server, place: Path) -> None:
    to = place / "backup"
    fresh.start()
    fill(fresh, fresh.new_account("alice"), 2)
    backup(fresh, to)
    manifest = json.loads((to / "snapshots" / "00000001.json").read_text())["manifest"]
    segment = next(row for row in manifest["files"] if row["path"].startswith("body/"))
    name = segment["parts"][0]["sha256"]
    part = to / "pool" / name[:2] / name
    whole = part.read_bytes()
    part.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    done = run("backup", "verify", "--to", to)
    assert done.returncode == FAILED and name in done.stdout
    assert name in refused("restore", "--from", to, "--data", place / "restored")
    assert not (place / "restored" / "store.db").exists()
    part.unlink()
    done = run("backup", "verify", "--to", to, "--json")
    assert done.returncode == FAILED and json.loads(done.stdout)["faults"] == 1
    backup(fresh, to)
    assert part.read_bytes() == whole
    clean(to)
    snapshot = to / "snapshots" / "00000001.json"
    snapshot.write_text(snapshot.read_text().replace('"bytes": ', '"bytes": 1', 1))
    assert run("backup", "verify", "--to", to).returncode == FAILED
    assert "damaged" in refused("restore", "--from", to, "--data", place / "other", "--snapshot", "1")
    ask("restore", "--from", to, "--data", place / "other")


def test_what_cannot_be_is_refused_with_one_line(fresh: Server, place: Path) -> None:
    to, stranger, empty = place / "backup", place / "stranger", place / "empty"
    stranger.mkdir()
    (stranger / "photo.jpg").write_text("not a backup")
    empty.mkdir()
    assert "no data folder" in refused("backup", "--data", empty, "--to", to)
    assert str(place / "nowhere") in refused("backup", "--data", place / "nowhere", "--to", to)
    assert "is no backup" in refused("backup", "--data", fresh.data, "--to", stranger)
    assert list(stranger.iterdir()) == [stranger / "photo.jpg"]
    assert "data folder" in refused("backup", "--data", fresh.data, "--to", fresh.data / "backup")
    assert not (fresh.data / "backup").exists()
    assert "is no backup" in refused("backup", "list", "--to", empty)
    assert "is no backup" in refused("restore", "--from", place / "nowhere", "--data", place / "restored")
    backup(fresh, to)
    assert "not empty" in refused("restore", "--from", to, "--data", fresh.data)
    assert "not empty" in refused("restore", "--from", to, "--data", stranger)
    assert "no snapshot 7" in refused("restore", "--from", to, "--data", place / "restored", "--snapshot", "7")
    assert not (place / "restored").exists()
    (empty / "restore.partial").write_text("snapshot 1 of another")
    (empty / "body").mkdir()
    assert "another snapshot" in refused("restore", "--from", to, "--data", empty)
    assert "restore" in refused("init", "--data", empty, "--domain", "example.test")
    for arguments in (("backup", "fly", "--to", to), ("backup", "--to", to), ("backup", "--data", fresh.data),
                      ("backup", "--data", fresh.data, "--to", to, "--keep", "0"), ("restore", "--from", to)):
        assert run(*arguments).returncode == 2, arguments


def test_a_full_disk_leaves_what_was_there(fresh: Server, place: Path) -> None:
    """A limit on the size of files stands in for the disk: writing fails in the same places."""
    to = place / "backup"
    backup(fresh, to)
    fresh.start()
    fill(fresh, fresh.new_account("alice"), 6)

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))

    done = subprocess.run([str(program()), "backup", "--data", str(fresh.data), "--to", str(to)],
                          capture_output=True, text=True, preexec_fn=small_files, check=False, timeout=SECONDS_MAX)
    said = CONTEXT_WARNING.sub("", done.stderr)
    assert done.returncode == FAILED and len(said.strip().splitlines()) == 1, done
    assert len(ask("backup", "list", "--to", to)["snapshots"]) == 1
    clean(to)
    backup(fresh, to)
    clean(to)


def test_two_backups_at_once_do_not_mix(fresh: Server, place: Path) -> None:
    to = place / "backup"
    fresh.start()
    fill(fresh, fresh.new_account("alice"), 6)
    command = [str(program()), "backup", "--data", str(fresh.data), "--to", str(to)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             **identity(None)) for _ in range(2)]
    said = [process.communicate(timeout=SECONDS_MAX)[1] for process in both]
    assert DONE in [process.returncode for process in both]
    for process, words in zip(both, said, strict=True):
        assert process.returncode == DONE or "another posthaste works on this backup" in words, words
    clean(to)


def test_a_segment_that_is_lost_does_not_keep_the_rest_from_being_saved(fresh: Server, place: Path) -> None:
    fresh.start()
    alice = fresh.new_account("alice")
    with smtp(fresh) as client:
        send(client, "sender@outside.test", [alice.address], plain("mail", "text\r\n", 1))
    fresh.stop()
    next((fresh.data / "body").glob("*.seg")).unlink()
    done = run("backup", "--data", fresh.data, "--to", place / "backup")
    assert done.returncode == FAILED and "segment 1 is missing" in done.stderr
    clean(place / "backup")
    assert len(ask("backup", "list", "--to", place / "backup")["snapshots"]) == 1
