"""Space comes back, beside a running server and its readers."""

from __future__ import annotations

import imaplib
import json
import os
import smtplib
import threading
import time

from mail import HOST
from server import Account, Server, run

MESSAGES = 60
KEPT = "10,20,30:34"
KEPT_COUNT = 7
BODY_BYTES = 60000


class Reader(threading.Thread):
    """Fetches all that is kept again and again, and notes what came out wrong."""

    def __init__(self, server: Server, account: Account) -> None:
        super().__init__()
        self.imap = imaplib.IMAP4(HOST, server.ports.imap)
        self.imap.login(account.address, account.password)
        self.imap.select("INBOX")
        self.is_ending = False
        self.rounds = 0
        self.wrong: list[object] = []

    def run(self) -> None:
        while not self.is_ending:
            status, parts = self.imap.fetch("1:*", "BODY.PEEK[]")
            whole = sum(1 for part in parts if isinstance(part, tuple) and len(part[1]) > BODY_BYTES)
            self.rounds += 1
            if status != "OK" or whole != KEPT_COUNT:
                self.wrong.append((status, whole))


def fill_and_expunge(server: Server, account: Account) -> None:
    with smtplib.SMTP(HOST, server.ports.smtp) as smtp:
        for number in range(MESSAGES):
            lines = "\r\n".join(os.urandom(30).hex() for _ in range(BODY_BYTES // 60))
            smtp.sendmail("bob@example.net", [account.address], f"Subject: {number}\r\n\r\n{lines}\r\n")
    with imaplib.IMAP4(HOST, server.ports.imap) as imap:
        imap.login(account.address, account.password)
        imap.select("INBOX")
        imap.store("1:*", "+FLAGS", "\\Deleted")
        imap.store(KEPT, "-FLAGS", "\\Deleted")
        imap.expunge()


def open_segments(server: Server) -> list[str]:
    """What the roles have open of segments, "(deleted)" at the end of those that have no name any more."""
    found = []
    for pid in server.role_pids():
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
            except FileNotFoundError:
                continue
            if ".seg" in target:
                found.append(target)
    return found


def test_compact_gives_space_back_while_mail_is_read(server: Server) -> None:
    account = server.new_account("reader")
    fill_and_expunge(server, account)
    reader = Reader(server, account)
    reader.start()
    before = json.loads(run("status", "--data", server.data, "--json").stdout)
    done = run("compact", "--data", server.data, "--json")
    rounds = reader.rounds
    while reader.rounds < rounds + 2 and reader.is_alive():
        time.sleep(0.05)
    reader.is_ending = True
    reader.join()
    assert done.returncode == 0, done
    won = json.loads(done.stdout)
    after = json.loads(run("status", "--data", server.data, "--json").stdout)
    assert before["dead_bytes"] > before["live_bytes"] > 0
    assert after["dead_bytes"] == 0 and after["live_bytes"] == before["live_bytes"]
    assert won["freed_bytes"] == before["stored_bytes"] - after["stored_bytes"]
    assert not reader.wrong and reader.rounds > 2, reader.wrong
    assert not [target for target in open_segments(server) if "deleted" in target]
    assert run("verify", "--data", server.data).returncode == 0
