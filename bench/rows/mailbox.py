"""IMAP and POP3 beside Dovecot's Maildir and mdbox, and our own mailboxes as they grow.

`--scale 10` makes it 100,000 messages, and the growing mailbox ends at 1,000,000.
"""

from __future__ import annotations

from deliver import Load, send_text
from mailboxes import COMMANDS, Filled, fill, load, select
from measure import cpu_seconds
from row import OURS, USERS, Bench, Figure, Row, at_most
from server import Server

MESSAGES = 10_000
GROWN = (1_000, 10_000, 100_000)
GROWN_BYTES = 600
DELIVERIES = 2000


def commands(bench: Bench) -> list[Figure]:
    messages = bench.count(MESSAGES)
    filled = Filled(bench)
    try:
        filled.start(messages)
        return [Figure(command.what, filled.measure(command, messages), 2 if "ms" in command.what else 0,
                       command.target) for command in COMMANDS]
    finally:
        filled.stop()


def delivered(server: Server, size: int) -> tuple[float, float]:
    """Messages a second into the grown mailbox, and the CPU time of one in microseconds; they stay there."""
    cpu_before = cpu_seconds(server)
    sent = send_text(server, Load(DELIVERIES, seed=size, users=(USERS[0],)))
    return DELIVERIES / (sent.ended - sent.started), (cpu_seconds(server) - cpu_before) / DELIVERIES * 1e6


def growth_step(server: Server, size: int) -> list[Figure]:
    """The server is started anew before, so that the first SELECT finds nothing that it remembers."""
    server.stop()
    server.start()
    first = load("commands", server, "-", 1, "SELECT INBOX")[0]["ms"][0]
    again = select(server, size)
    per_second, cpu_us = delivered(server, size)
    return [Figure(f"{size:,}: first SELECT, ms", {OURS: first}, 1, at_most(50)),
            Figure(f"{size:,}: SELECT again, ms", {OURS: again}, 2, at_most(50)),
            Figure(f"{size:,}: delivered/s", {OURS: per_second}),
            Figure(f"{size:,}: CPU us a delivery", {OURS: cpu_us})]


def growth(bench: Bench) -> list[Figure]:
    """One mailbox of ours; small messages fill it, ordinary ones are delivered."""
    if bench.peer_only:
        return [Figure("ours alone", {})]
    figures: list[Figure] = []
    there = 0
    with bench.started_alone(Server) as server:
        for size in (*GROWN[:-1], bench.count(GROWN[-1])):
            fill(server, size - there, GROWN_BYTES, seed=size)
            figures += growth_step(server, size)
            there = size + DELIVERIES
    return figures


ROWS = (
    Row("mailbox", f"IMAP and POP3 commands on one mailbox ({MESSAGES:,} messages)", commands),
    Row("growth", f"one mailbox of ours from {GROWN[0]:,} to {GROWN[-1]:,} messages", growth),
)
