"""A client-side ledger: what was handed to the server, and what it answered.

Writers send one message after the other and survive whatever happens to the server. An entry is one
attempt, never repeated: a 250 makes it acknowledged, a refusal makes it refused, a connection lost
after the end of data leaves it open (it may be there or not). At the end the mailboxes are compared
with the ledger, and with every UID seen before.
"""

from __future__ import annotations

import itertools
import re
import smtplib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from mail import HOST, SENDER, good, imap, imap_range, imap_range_uids
from messages import number_of, plain
from server import Account, Server

CLIENT_TIMEOUT_SECONDS = 20
PAUSE_WHEN_DOWN_SECONDS = 0.05
PAUSE_SECONDS = 0.01
BODY_BYTES = 3000


@dataclass
class Ledger:
    """All attempts by their number, to one account each."""

    acknowledged: dict[int, str] = field(default_factory=dict)
    open: dict[int, str] = field(default_factory=dict)
    # What was answered instead, and how often.
    refused: Counter[str] = field(default_factory=Counter)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def attempt(self, client: smtplib.SMTP, account: Account) -> None:
        """Sends one message. Raises what smtplib raises when the connection is lost."""
        number = next(self.numbers)
        message = plain("ledger", f"{number} " * (BODY_BYTES // (len(str(number)) + 1)) + "\r\n", number)
        answers = [client.mail(SENDER)]
        if answers[0][0] == 250:
            answers.append(client.rcpt(account.address))
        if answers[-1][0] != 250:
            self.refuse(*answers[-1])
            if answers[-1][0] != 421:
                client.rset()
            time.sleep(PAUSE_WHEN_DOWN_SECONDS)
            return
        self.open[number] = account.address
        try:
            code, text = client.data(message)
        except smtplib.SMTPDataError as refusal:
            code, text = refusal.args
        if code == 250:
            self.acknowledged[number] = account.address
        else:
            self.refuse(code, text)
        # Answered either way: no longer open. (4xx and 5xx promise that it was not kept.)
        del self.open[number]

    def refuse(self, code: int, text: bytes) -> None:
        self.refused[f"{code} {text.decode(errors='replace')}"] += 1


class Load:
    """Writers in threads of their own, one account each, until stopped."""

    def __init__(self, server: Server, ledger: Ledger, accounts: list[Account], writers: int = 4) -> None:
        self.server = server
        self.ledger = ledger
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.write, args=(accounts[number % len(accounts)],), daemon=True)
                        for number in range(writers)]
        for thread in self.threads:
            thread.start()

    def write(self, account: Account) -> None:
        while not self.stopping.is_set():
            try:
                port = self.server.ports.smtp
                with smtplib.SMTP(HOST, port, "client.test", timeout=CLIENT_TIMEOUT_SECONDS) as client:
                    client.ehlo()
                    while not self.stopping.is_set():
                        self.ledger.attempt(client, account)
                        time.sleep(PAUSE_SECONDS)
            except (OSError, smtplib.SMTPException):
                time.sleep(PAUSE_WHEN_DOWN_SECONDS)

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(3 * CLIENT_TIMEOUT_SECONDS)
            assert not thread.is_alive(), "the server keeps a client waiting without an answer"


@dataclass
class Watch:
    """What one account's INBOX showed so far: UIDs must keep their messages and never go back."""

    account: Account
    validity: int = 0
    next_uid: int = 0
    seen: dict[int, int] = field(default_factory=dict)

    def look(self, server: Server, anew: bool = False) -> dict[int, int]:
        """UID -> message number, checked against all earlier looks. Reads what is new, and that the rest
        is still there; `anew`: reads all again."""
        with imap(server, self.account, mailbox=None) as client:
            row = good(client.status("INBOX", "(UIDVALIDITY UIDNEXT)"))[0]
            validity = int(re.search(rb"UIDVALIDITY (\d+)", row).group(1))
            next_uid = int(re.search(rb"UIDNEXT (\d+)", row).group(1))
            good(client.select("INBOX", readonly=True))
            first = 1 if anew or not self.next_uid else self.next_uid
            found = {uid: self.seen.get(uid, 0) for uid in imap_range_uids(client, 1, first - 1)}
            found |= {uid: number_of(message) for uid, message in imap_range(client, first, next_uid - 1)}
        assert self.validity in (0, validity), "UIDVALIDITY changed"
        assert next_uid >= self.next_uid, f"UIDNEXT went back from {self.next_uid} to {next_uid}"
        for uid, number in self.seen.items():
            assert found.get(uid) == number, f"UID {uid} was message {number} and is now {found.get(uid)}"
        for uid in found.keys() - self.seen.keys():
            assert uid >= self.next_uid, f"a new message got UID {uid}, below the announced {self.next_uid}"
        self.validity, self.next_uid, self.seen = validity, next_uid, found
        return found


def settle(server: Server, ledger: Ledger, watches: list[Watch]) -> None:
    """Nothing acknowledged is missing, nothing is there twice, nothing refused is there."""
    for watch in watches:
        found = Counter(watch.look(server, anew=True).values())
        address = watch.account.address
        twice = [number for number, count in found.items() if count > 1]
        assert not twice, f"{address}: there more than once: {twice[:20]}"
        acknowledged = {number for number, to in list(ledger.acknowledged.items()) if to == address}
        lost = acknowledged - found.keys()
        assert not lost, f"{address}: acknowledged and lost: {sorted(lost)[:20]} of {len(acknowledged)}"
        undecided = {number for number, to in ledger.open.items() if to == address}
        strangers = found.keys() - acknowledged - undecided
        assert not strangers, f"{address}: refused and there all the same: {sorted(strangers)[:20]}"
