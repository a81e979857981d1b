"""Who uses the server during a recording: senders, an IMAP client, a POP3 client, an administrator.

Each goes on through restarts of the server. What was under way when a connection was lost stays open
in the ledger, and those messages are left alone from then on.
"""

from __future__ import annotations

import base64
import imaplib
import poplib
import random
import re
import smtplib
import threading
import time
from dataclasses import dataclass

from mail import HOST, SENDER
from marks import Lost, Marks, account, add, drop
from server import Account, Server, run

KEY = re.compile(rb"X-Power-Key: (\d+)")
FLAG_BITS = {"\\Seen": 1, "\\Answered": 2, "\\Flagged": 4, "\\Deleted": 8, "\\Draft": 16, "$Label1": 256}
LOST = (OSError, smtplib.SMTPException, imaplib.IMAP4.error, poplib.error_proto, EOFError, Lost)
LARGE_EVERY = 25
TIMEOUT_SECONDS = 20
WORDS = "the quick brown fox jumps over a lazy dog while it rains in the garden of our house".split()


def message(key: int, source: random.Random, is_large: bool) -> bytes:
    """Its key is at its top. A large one does not fit into memory packed: it is spooled."""
    if is_large:
        body = base64.encodebytes(source.randbytes(source.randint(210_000, 300_000))).decode()
    else:
        body = "".join(" ".join(source.choices(WORDS, k=12)) + "\n" for _ in range(source.randint(3, 90)))
    return (f"X-Power-Key: {key}\nFrom: sender@outside.test\nTo: you@example.test\nSubject: message {key}\n"
            f"Message-ID: <{key}.power@outside.test>\n\n{body}").replace("\n", "\r\n").encode()


@dataclass
class Actor(threading.Thread):
    """Acts again and again until it is stopped; `pause` seconds between."""

    server: Server
    marks: Marks
    seed: int
    pause: float = 0.02

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.source = random.Random(self.seed)
        self.is_ending = False
        self.count = 0
        self.failure: Exception | None = None

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.is_ending and not self.failure:
            try:
                self.session()
            except LOST:
                time.sleep(0.1)
            except Exception as failure:  # noqa: BLE001: told by who waits for it
                self.failure = failure

    def session(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self.is_ending = True
        self.join(3 * TIMEOUT_SECONDS)
        if self.failure:
            raise self.failure
        assert not self.is_alive(), "the server keeps a client waiting without an answer"

    def new_message(self, is_large: bool = False) -> tuple[int, bytes]:
        key = next(self.marks.keys)
        made = message(key, self.source, is_large)
        self.marks.sent(key, made)
        return key, made


@dataclass
class Sender(Actor):
    """SMTP: to one or several, and to an alias."""

    # What may be named in RCPT, and who gets it then.
    targets: dict[str, list[str]] | None = None

    __hash__ = threading.Thread.__hash__

    def session(self) -> None:
        with smtplib.SMTP(HOST, self.server.ports.smtp, "client.test", timeout=TIMEOUT_SECONDS) as client:
            client.ehlo()
            while not self.is_ending:
                self.send(client)
                time.sleep(self.pause)

    def send(self, client: smtplib.SMTP) -> None:
        named = self.source.sample(sorted(self.targets), self.source.choice((1, 1, 2)))
        addresses = sorted({address for name in named for address in self.targets[name]})
        self.count += 1
        key, made = self.new_message(self.count % LARGE_EVERY == LARGE_EVERY - 1)
        with self.marks.operation([add(address, "INBOX", key) for address in addresses]) as answer:
            codes = [client.mail(SENDER)[0], *(client.rcpt(name)[0] for name in named)]
            if codes == [250] * len(codes):
                answer.is_done = client.data(made)[0] == 250
            else:
                client.rset()
                answer.is_done = False


@dataclass
class Mailbox(Actor):
    """IMAP: appends, flags, copies, moves, expunges; makes, renames and deletes mailboxes."""

    account: Account | None = None

    __hash__ = threading.Thread.__hash__

    def session(self) -> None:
        acts = 3 * [self.append, self.store, self.store, self.copy, self.move, self.expunge] + [self.tree]
        with imaplib.IMAP4(HOST, self.server.ports.imap, timeout=TIMEOUT_SECONDS) as client:
            self.enter(client)
            while not self.is_ending:
                self.look()
                self.source.choice(acts)()
                self.count += 1
                time.sleep(self.pause)

    def enter(self, client: imaplib.IMAP4) -> None:
        self.client = client
        self.address = self.account.address
        # UID: key and flags, of INBOX.
        self.known: dict[int, tuple[int, int]] = {}
        client.login(self.address, self.account.password)
        client.select("INBOX")

    def purge(self) -> None:
        """Removes all but each fourth message; in a session of its own."""
        with imaplib.IMAP4(HOST, self.server.ports.imap, timeout=TIMEOUT_SECONDS) as client:
            self.enter(client)
            self.look()
            uids = [uid for uid in self.candidates() if self.known[uid][0] % 4]
            self.remove(uids)
            self.look()

    def line(self, word: str, mailbox: str, *fields: int) -> str:
        return "\t".join([word, self.address, mailbox, *map(str, fields)])

    # ---- what is there ----

    def look(self) -> None:
        """Notes what is new in INBOX, and its state, as the server shows them."""
        first = max(self.known, default=0) + 1
        rows = self.client.uid("FETCH", f"{first}:*",
                               "(UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (X-Power-Key)])")[1]
        facts = []
        for row in rows:
            if not isinstance(row, tuple):
                continue
            uid = int(re.search(rb"UID (\d+)", row[0]).group(1))
            key = int(KEY.search(row[1]).group(1))
            if uid >= first:
                flags = sum(FLAG_BITS.get(flag.decode(), 0) for flag in imaplib.ParseFlags(row[0]))
                self.known[uid] = (key, flags)
                facts.append(self.line("uid", "INBOX", key, uid, number_behind(b"MODSEQ (", row[0])))
        row = self.client.status("INBOX", "(UIDVALIDITY UIDNEXT HIGHESTMODSEQ)")[1][0]
        state = [number_behind(word, row) for word in (b"UIDVALIDITY ", b"UIDNEXT ", b"HIGHESTMODSEQ ")]
        self.marks.fact(*facts, self.line("state", "INBOX", *state))

    def candidates(self) -> list[int]:
        return [uid for uid, (key, _) in self.known.items()
                if self.marks.is_promised(self.address, "INBOX", key)]

    def some(self, most: int) -> list[int]:
        there = self.candidates()
        return sorted(self.source.sample(there, min(len(there), self.source.randint(1, most))))

    def ask(self, lines: list[str], *words: str) -> bytes:
        """A command that answers for these lines; the text of its answer."""
        with self.marks.operation(lines) as answer:
            kind, texts = self.client._simple_command(*words)
            answer.is_done = is_done(kind, texts)
        # MOVE tells its UIDs before its end, COPY at it.
        return b" ".join(text for text in (*texts, *self.client.response("COPYUID")[1]) if text)

    # ---- what is done ----

    def append(self) -> None:
        key, made = self.new_message(self.source.random() < 0.1)
        mailbox, flags = self.source.choice((("Drafts", "\\Seen \\Draft"), ("INBOX", "\\Flagged"), ("Sent", "\\Seen")))
        bits = sum(FLAG_BITS[flag] for flag in flags.split())
        with self.marks.operation([add(self.address, mailbox, key, bits)]) as answer:
            kind, texts = self.client.append(mailbox, f"({flags})", None, made)
            answer.is_done = is_done(kind, texts)
        if answer.is_done:
            self.marks.fact(self.line("uid", mailbox, key, int(texts[0].split(b"]")[0].split()[-1]), 0))

    def store(self, uids: list[int] | None = None, flags: str | None = None) -> None:
        uids = uids or self.some(5)
        flags = flags or " ".join(self.source.sample(sorted(FLAG_BITS.keys() - {"\\Deleted"}), 2))
        sign = "+" if "Deleted" in flags else self.source.choice("+-")
        bits = sum(FLAG_BITS[flag] for flag in flags.split())
        after = {uid: self.known[uid][1] | bits if sign == "+" else self.known[uid][1] & ~bits for uid in uids}
        lines = [self.line("flags", "INBOX", self.known[uid][0], after[uid]) for uid in uids]
        if lines:
            self.ask(lines, "UID", "STORE", listed(uids), sign + "FLAGS.SILENT", f"({flags})")
            self.known |= {uid: (self.known[uid][0], after[uid]) for uid in uids}

    def transfer(self, word: str, mailbox: str) -> None:
        uids = [uid for uid in self.some(4) if self.is_new_in(mailbox, self.known[uid][0])]
        lines = [add(self.address, mailbox, *self.known[uid]) for uid in uids]
        if word == "MOVE":
            lines += [drop(self.address, "INBOX", self.known[uid][0]) for uid in uids]
        if not uids:
            return
        text = self.ask(lines, "UID", word, listed(uids), mailbox)
        first = re.search(rb"\b\d+ [\d:,]+ (\d+)", text)
        keys = [self.known.pop(uid)[0] if word == "MOVE" else self.known[uid][0] for uid in uids]
        if first:
            self.marks.fact(*(self.line("uid", mailbox, key, int(first.group(1)) + at, 0)
                              for at, key in enumerate(keys)))

    def is_new_in(self, mailbox: str, key: int) -> bool:
        """Each message goes there once: a second copy would be there twice by right."""
        item = (self.address, mailbox, key)
        is_new = item not in self.marks.transferred
        self.marks.transferred.add(item)
        return is_new

    def copy(self) -> None:
        self.transfer("COPY", "Archive")

    def move(self) -> None:
        self.transfer("MOVE", "Trash")

    def expunge(self) -> None:
        self.remove(self.some(4))

    def remove(self, uids: list[int]) -> None:
        if uids:
            self.store(uids, "\\Deleted")
            lines = [drop(self.address, "INBOX", self.known.pop(uid)[0]) for uid in uids]
            self.ask(lines, "UID", "EXPUNGE", listed(uids))

    def tree(self) -> None:
        """A mailbox comes, gets a message and another name, and goes again now and then."""
        number = next(self.marks.numbers)
        old, new = f"Made {number}", f"Named {number}"
        self.ask([self.line("box", old, 1)], "CREATE", f'"{old}"')
        key, made = self.new_message()
        with self.marks.operation([add(self.address, old, key)]) as answer:
            answer.is_done = is_done(*self.client.append(f'"{old}"', None, None, made))
        self.ask([self.line("box", new, 1), add(self.address, new, key), drop(self.address, old, key),
                  self.line("box", old, 0)], "RENAME", f'"{old}"', f'"{new}"')
        if self.source.random() < 0.5:
            self.ask([drop(self.address, new, key), self.line("box", new, 0)], "DELETE", f'"{new}"')


@dataclass
class Collector(Actor):
    """POP3: removes some at QUIT."""

    account: Account | None = None

    __hash__ = threading.Thread.__hash__

    def session(self) -> None:
        address = self.account.address
        client = poplib.POP3(HOST, self.server.ports.pop3, timeout=TIMEOUT_SECONDS)
        client.user(address)
        client.pass_(self.account.password)
        keys = {at: int(KEY.search(b"\n".join(client.top(at, 0)[1])).group(1))
                for at in range(1, min(client.stat()[0], 12) + 1)}
        there = [at for at in keys if self.marks.is_promised(address, "INBOX", keys[at])]
        chosen = self.source.sample(there, min(len(there), 3))
        for at in chosen:
            client.dele(at)
        if chosen:
            with self.marks.operation([drop(address, "INBOX", keys[at]) for at in chosen]) as answer:
                client.quit()
                answer.is_done = True
        client.close()
        self.count += 1
        time.sleep(20 * self.pause)


@dataclass
class Administrator(Actor):
    """The command line: accounts come, get mail and another password, and go; aliases too."""

    __hash__ = threading.Thread.__hash__

    def session(self) -> None:
        number = next(self.marks.numbers)
        who = Account(f"dave-{number}@{self.server.domain}", f"first {number}")
        self.command(account(who.address, who.password), "account", "add", who.address, secret=who.password)
        self.deliver(who.address)
        secret = f"second {number}"
        self.command([f"password\t{who.address}\t{secret}"], "account", "password", who.address, secret=secret)
        alias = f"alias-{number}@{self.server.domain}"
        self.command([f"alias\t{alias}\t{who.address}\t1"], "alias", "add", alias, who.address)
        if self.source.random() < 0.7:
            self.command([f"alias\t{alias}\t{who.address}\t0"], "alias", "remove", alias, who.address)
            self.command(account(who.address, "", is_there=False), "account", "remove", who.address)
        self.count += 1
        time.sleep(5 * self.pause)

    def command(self, lines: list[str], *words: str, secret: str | None = None) -> None:
        more = ["--password-stdin"] if secret else []
        with self.marks.operation(lines) as answer:
            done = run(*words, *more, "--data", self.server.data, text=secret and secret + "\n")
            if done.returncode == 0:
                answer.is_done = True

    def deliver(self, address: str) -> None:
        key, made = self.new_message()
        with smtplib.SMTP(HOST, self.server.ports.smtp, "client.test", timeout=TIMEOUT_SECONDS) as client:
            client.ehlo()
            with self.marks.operation([add(address, "INBOX", key)]) as answer:
                answer.is_done = (client.mail(SENDER)[0] == client.rcpt(address)[0] == 250
                                  and client.data(made)[0] == 250)


def is_done(kind: str, texts: list[bytes | None]) -> bool | None:
    """What an IMAP answer says. The store may have died before it told how this ended: then neither."""
    return None if any(b"[UNAVAILABLE]" in text for text in texts if text) else kind == "OK"


def number_behind(word: bytes, text: bytes) -> int:
    return int(re.search(re.escape(word) + rb"(\d+)", text).group(1))


def listed(uids: list[int]) -> str:
    return ",".join(map(str, uids))
