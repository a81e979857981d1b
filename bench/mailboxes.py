"""What is done to mailboxes over IMAP and POP3, timed: commands, and the servers they are compared on.

Every server holds the same different messages in one INBOX. Where a command changes nothing it is
run once before it counts, so that everybody's caches are warm.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dovecot import FORMS, Dovecot
from measure import Measured
from row import DOMAIN, OURS, PASSWORD, USERS, Bench, Target, Values, compiled, share_of_theirs, times_theirs
from server import Server

MESSAGE_BYTES = 4000
FILL_AT_ONCE = 100
FILL_CONNECTIONS = 4
APPENDS = 1000
# A Maildir of 100,000 takes nine a second.
APPENDS_TO_MANY = 100
LOGINS = 400
ONE_BY_ONE_MAX = 10_000
# Numbers in one STORE: a command line has its limit everywhere.
NUMBERS_AT_ONCE = 2000
SELECTS = 201


def load(what: str, server: Measured, *arguments: object, protocol: str = "imap") -> Any:
    """One run of mailbox_load; what it printed."""
    command = [compiled("mailbox_load", "-pthread"), what, getattr(server.ports, protocol), f"{USERS[0]}@{DOMAIN}",
               PASSWORD, *arguments]
    return json.loads(subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout)


def fill(server: Measured, messages: int, size: int = MESSAGE_BYTES, seed: int = 1) -> None:
    load("append", server, "INBOX", FILL_CONNECTIONS, messages, size, seed, FILL_AT_ONCE)


def commands_ms(server: Measured, rounds: int, *commands: str) -> list[list[float]]:
    """The times of each command in a selected INBOX."""
    return [command["ms"] for command in load("commands", server, "INBOX", rounds, *commands)]


def select(server: Measured, _messages: int) -> float:
    return statistics.median(load("commands", server, "-", SELECTS, "SELECT INBOX")[0]["ms"])


def fetch(items: str, rounds: int) -> Callable[[Measured, int], float]:
    return lambda server, _: statistics.median(commands_ms(server, rounds, f"FETCH 1:* ({items})")[0])


def fetch_each(server: Measured, messages: int) -> float:
    count = min(messages, ONE_BY_ONE_MAX)
    return count * 1000 / sum(commands_ms(server, count, "FETCH # (BODY.PEEK[])")[0])


def store(server: Measured, _messages: int) -> float:
    adding, removing = commands_ms(server, 5, r"STORE 1:* +FLAGS (\Flagged)", r"STORE 1:* -FLAGS (\Flagged)")
    return statistics.median(adding + removing)


def append(connections: int) -> Callable[[Measured, int], float]:
    def run(server: Measured, messages: int) -> float:
        count = APPENDS if messages <= ONE_BY_ONE_MAX else APPENDS_TO_MANY
        return count / load("append", server, "INBOX", connections, count, MESSAGE_BYTES, 7, 1)["seconds"]

    return run


def login(server: Measured, _messages: int) -> float:
    done = load("login", server, 1, LOGINS)
    return done["cycles"] / done["seconds"]


def retrieve(server: Measured, messages: int) -> float:
    count = min(messages, ONE_BY_ONE_MAX)
    return count / load("retr", server, count, protocol="pop3")["seconds"]


def expunge_half(server: Measured, messages: int) -> float:
    """Every second message goes; the time of EXPUNGE alone."""
    numbers = [str(number) for number in range(1, messages + 1, 2)]
    stores = [f"STORE {','.join(numbers[at:at + NUMBERS_AT_ONCE])} +FLAGS.SILENT (\\Deleted)"
              for at in range(0, len(numbers), NUMBERS_AT_ONCE)]
    return commands_ms(server, 1, *stores, "EXPUNGE")[-1][0]


def expunge_rest(server: Measured, _messages: int) -> float:
    return commands_ms(server, 1, r"STORE 1:* +FLAGS.SILENT (\Deleted)", "EXPUNGE")[-1][0]


def store_holds(values: Values) -> bool:
    maildir, mdbox = (values[Dovecot.name_of(form)] for form in FORMS)
    return values[OURS] < maildir and values[OURS] <= 2 * mdbox


@dataclass(frozen=True)
class Command:
    """One line: what it is called, with "/s" where more is better, else in milliseconds."""

    what: str
    run: Callable[[Measured, int], float]
    target: Target
    changes: bool = False


QUICKER = share_of_theirs(1)
MORE = times_theirs(1)
# What empties the mailbox is last.
COMMANDS = (
    Command("SELECT, ms", select, QUICKER),
    Command("FETCH 1:* (FLAGS), ms", fetch("FLAGS", 11), QUICKER),
    Command("FETCH 1:* (ENVELOPE), ms", fetch("ENVELOPE", 7), QUICKER),
    Command("FETCH 1:* (BODY.PEEK[]), ms", fetch("BODY.PEEK[]", 5), QUICKER),
    Command("FETCH n (BODY.PEEK[]), /s", fetch_each, MORE),
    Command("POP3 RETR n, /s", retrieve, MORE),
    Command("connect, LOGIN, LOGOUT, /s", login, MORE, changes=True),
    Command("STORE 1:* (\\Flagged), ms", store, Target("Maildir 1x, mdbox 2x", store_holds), changes=True),
    Command("APPEND, 1 connection, /s", append(1), MORE, changes=True),
    Command("APPEND, 20 connections, /s", append(20), MORE, changes=True),
    Command("EXPUNGE of every second, ms", expunge_half, QUICKER, changes=True),
    Command("EXPUNGE of the rest, ms", expunge_rest, QUICKER, changes=True),
)


class Filled:
    """Dovecot with each of its formats, and ours, each with one filled mailbox, in folders of the bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.servers: list[Any] = []

    def start(self, messages: int) -> None:
        for form in FORMS:
            self.start_dovecot(form, messages)
        if not self.bench.peer_only:
            self.servers.append(self.bench.prepare(Server))
            self.servers[-1].start()
            fill(self.servers[-1], messages)

    def start_dovecot(self, form: str, messages: int) -> None:
        """Filled without syncs, which take it minutes, and started anew with them."""
        peer = self.bench.prepare(lambda folder, domain: Dovecot(folder, form, domain))
        self.servers.append(peer)
        peer.start(fsync="never")
        fill(peer, messages)
        peer.stop()
        peer.start()

    def measure(self, command: Command, messages: int) -> Values:
        values = {}
        for server in self.servers:
            if not command.changes:
                command.run(server, messages)
            # What others wrote before is not to be waited for.
            os.sync()
            values[server.name] = command.run(server, messages)
        return values

    def stop(self) -> None:
        while self.servers:
            self.servers.pop().stop()
