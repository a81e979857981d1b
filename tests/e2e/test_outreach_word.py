"""Outside mailboxes: the word to send is asked last, when the provider's server waits for the message. What comes
or is decided before that keeps the letter back, however long the server took to let us in."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from peer import need_root
from ports import Ports
from provider import PASSWORD, Provider
from server import Account
from test_mailboxes import add, outreach_server, running_provider
from test_outreach import Campaign, until
from test_outreach_outside import World, append, letters, reply

GAP_SECONDS = 15
HELD_SECONDS_MAX = 60


class Gate:
    """A way to a port, on which who comes can be made to wait."""

    def __init__(self, to: int) -> None:
        self.ports = Ports.free()
        self.port, self.to, self.comers = self.ports.smtp, to, 0
        self.is_open, self.somebody_waits = threading.Event(), threading.Event()
        self.is_open.set()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.comers += 1
                threading.Thread(target=self.lead, args=(client,), daemon=True).start()

    def lead(self, client: socket.socket) -> None:
        if not self.is_open.is_set():
            self.somebody_waits.set()
        self.is_open.wait(HELD_SECONDS_MAX)
        host = socket.create_connection(("127.0.0.1", self.to))
        for source, target in ((client, host), (host, client)):
            threading.Thread(target=copy, args=(source, target), daemon=True).start()

    def shut(self) -> None:
        self.somebody_waits.clear()
        self.is_open.clear()

    def wait_for_somebody(self) -> None:
        assert self.somebody_waits.wait(HELD_SECONDS_MAX), "nobody came"

    def open(self) -> None:
        self.is_open.set()

    def close(self) -> None:
        self.open()
        self.listener.close()


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def gate_to(port: int) -> Iterator[Gate]:
    gate = Gate(port)
    try:
        yield gate
    finally:
        gate.close()


def held(gate: Gate) -> None:
    """The next letter's connection is there, and waits."""
    gate.shut()
    gate.wait_for_somebody()


def answer_while_held(provider: Provider, gate: Gate, ann: str, ben: str) -> None:
    held(gate)
    append(provider, ann, "INBOX", reply(ben, ann, letters(provider, "ben")[0], "Yes, please call me."))
    gate.open()


def test_what_comes_before_the_word_keeps_the_letter_back(tmp_path: Path) -> None:
    need_root("a provider")
    with running_provider() as provider, gate_to(provider.submissions) as gate, \
            outreach_server([provider.certificate], check_seconds=600) as server:
        ann, ben, cara = (provider.add_user(name) for name in ("ann", "ben", "cara"))
        status, told = add(server, provider, ann, "--smtp", f"localhost:{gate.port}", "--imap",
                           f"localhost:{provider.imaps}")
        assert status == 0, told
        campaign = Campaign(World(server), tmp_path, Account(ann, PASSWORD), "word", [ben], second="0 minutes",
                            gap=GAP_SECONDS)
        campaign.start()
        until(lambda: letters(provider, "ben"), "ben's first letter")
        answer_while_held(provider, gate, ann, ben)
        until(lambda: campaign.state(ben) == "replied", "ben's answer")
        second = Campaign(World(server), tmp_path, Account(ann, PASSWORD), "second", [cara], gap=GAP_SECONDS)
        gate.shut()
        second.start()
        gate.wait_for_somebody()
        server.command("suppression", "add", cara)
        gate.open()
        until(lambda: second.state(cara) == "suppressed", "cara is not to be written to")
        assert len(letters(provider, "ben")) == 1
        assert not letters(provider, "cara")
        messages = campaign.why(ben)["messages"]
        assert [message["state"] for message in messages] == ["sent", "cancelled"], messages
