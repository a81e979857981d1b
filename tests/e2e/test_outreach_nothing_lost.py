"""Outside mailboxes, when something in the middle fails: a copy that cannot be put into Sent is tried until it is
there, and a letter of which nobody knows whether it left waits, visibly, for a person."""

from __future__ import annotations

import email
import smtplib
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from peer import need_root
from provider import PASSWORD, Provider
from server import Account, Server
from test_mailboxes import add, outreach_server, running_provider
from test_outreach import Campaign, until
from test_outreach_outside import World, append, context, letters, reply


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    need_root("a provider")
    with running_provider() as started:
        yield started


@pytest.fixture(scope="module")
def outreach(provider: Provider) -> Iterator[Server]:
    with outreach_server([provider.certificate]) as server:
        yield server


def shown(server: Server, address: str) -> dict[str, Any]:
    """The mailbox as `outreach status` has it."""
    return next(one for one in server.listing("outreach", "status")["mailboxes"] if one["address"] == address)


def ids_in_sent(provider: Provider, name: str) -> list[str]:
    return [str(email.message_from_bytes(raw)["Message-ID"]) for raw in provider.messages(name, "Sent")]


def lock_sent(provider: Provider, name: str, mode: int) -> None:
    for part in ("new", "cur", "tmp"):
        (provider.folder / "mail" / name / ".Sent" / part).chmod(mode)


def test_a_copy_that_cannot_be_kept_is_told_of_and_tried_again_after_a_restart(
        outreach: Server, provider: Provider, tmp_path: Path) -> None:
    ann, ben = provider.add_user("ann"), provider.add_user("ben")
    status, answer = add(outreach, provider, ann)
    assert status == 0, answer
    before = len(ids_in_sent(provider, "ann"))
    campaign = Campaign(World(outreach), tmp_path, Account(ann, PASSWORD), "copies", [ben])
    lock_sent(provider, "ann", 0o555)
    campaign.start()
    letter = until(lambda: letters(provider, "ben"), "ben's letter")[0]
    missing = until(lambda: shown(outreach, ann)["not_in_sent"], "that there is no copy is shown")
    assert missing["waiting"] == 1
    until(lambda: shown(outreach, ann)["not_in_sent"]["cause"] != "none", "why there is none")
    (message,) = campaign.why(ben)["messages"]
    assert message["not_in_sent"]["waiting"] == 1 and message["state"] == "sent", message
    assert "not in Sent yet" in outreach.command("outreach", "mailbox", "list")
    outreach.stop()
    outreach.start()
    assert shown(outreach, ann)["not_in_sent"]["waiting"] == 1
    lock_sent(provider, "ann", 0o755)
    until(lambda: shown(outreach, ann)["not_in_sent"] is None, "the copy is there")
    time.sleep(3)
    assert ids_in_sent(provider, "ann").count(str(letter["Message-ID"])) == 1
    assert len(ids_in_sent(provider, "ann")) == before + 1


class Wire:
    """A way to the provider's IMAP port; `freeze` makes it forget its connections as NAT does: nobody is told."""

    def __init__(self, port: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.target = port
        self.age, self.frozen_age = 0, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.age += 1
            far = socket.create_connection(("127.0.0.1", self.target))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(self.age, source, sink), daemon=True).start()

    def pump(self, age: int, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if age > self.frozen_age:
                    sink.sendall(data)
            if age > self.frozen_age:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def freeze(self) -> None:
        self.frozen_age = self.age

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def wire(provider: Provider) -> Iterator[Wire]:
    made = Wire(provider.imaps)
    yield made
    made.close()


def test_a_connection_that_something_on_the_way_forgets_is_noticed(outreach: Server, provider: Provider, wire: Wire,
                                                                   tmp_path: Path) -> None:
    gil, hal = provider.add_user("gil"), provider.add_user("hal")
    status, answer = add(outreach, provider, gil, "--smtp", f"localhost:{provider.submissions}",
                         "--imap", f"localhost:{wire.port}")
    assert status == 0, answer
    campaign = Campaign(World(outreach), tmp_path, Account(gil, PASSWORD), "wire", [hal])
    campaign.start()
    (letter,) = until(lambda: letters(provider, "hal"), "hal's letter")
    wire.freeze()
    append(provider, "gil", "INBOX", reply(hal, gil, letter, "Yes."))
    # Where the watcher waited for the answer to a command, that takes a minute, and turns the mailbox red meanwhile.
    until(lambda: campaign.state(hal) == "replied", "hal's answer", 180)
    until(lambda: shown(outreach, gil)["state"] == "green", "it is well again")


class FrontHandler(socketserver.StreamRequestHandler):
    """Submission in the clear on this machine, passed on to the provider; may be lost behind the final dot."""

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 front.test ESMTP")
        sender, recipients = "", []
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self.say("250-front.test\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                self.say("235 in")
            elif verb == "MAIL":
                sender, recipients = line.split("<")[1].split(">")[0], []
                self.say("250 ok")
            elif verb == "RCPT":
                recipients.append(line.split("<")[1].split(">")[0])
                self.say("250 ok")
            elif verb == "DATA":
                if not self.take(sender, recipients):
                    return
            else:
                self.say("221 bye" if verb == "QUIT" else "250 ok")

    def take(self, sender: str, recipients: list[str]) -> bool:
        front = cast("Front", self.server)
        self.say("354 go")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        if front.passes_on:
            front.submit(sender, recipients, b"".join(lines))
        if not front.loses_answers:
            self.say("250 taken")
        return not front.loses_answers


class Front(socketserver.ThreadingTCPServer):
    """See FrontHandler."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, provider: Provider) -> None:
        super().__init__(("127.0.0.1", 0), FrontHandler)
        self.provider = provider
        self.passes_on, self.loses_answers = True, False

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def submit(self, sender: str, recipients: list[str], content: bytes) -> None:
        trusting: ssl.SSLContext = context(self.provider)
        with smtplib.SMTP_SSL("localhost", self.provider.submissions, context=trusting) as client:
            client.login(sender, PASSWORD)
            client.sendmail(sender, recipients, content)


@pytest.fixture
def front(provider: Provider) -> Iterator[Front]:
    with Front(provider) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def test_what_nobody_knows_waits_for_a_person(outreach: Server, provider: Provider, front: Front,
                                              tmp_path: Path) -> None:
    dan, eve = provider.add_user("dan"), provider.add_user("eve")
    status, answer = add(outreach, provider, dan, "--smtp", f"127.0.0.1:{front.port}", "--smtp-tls", "never",
                         "--imap", f"localhost:{provider.imaps}")
    assert status == 0, answer
    campaign = Campaign(World(outreach), tmp_path, Account(dan, PASSWORD), "unknown", [eve])
    front.passes_on, front.loses_answers = False, True
    campaign.start()
    (letter,) = until(lambda: outreach.listing("outreach", "status")["unsettled"], "that nobody knows is shown")
    assert letter["needs_person"] and letter["address"] == eve and letter["mailbox"] == dan, letter
    said = outreach.command("outreach", "status")
    assert "NEEDS A PERSON" in said and letter["id"] in said and "outreach settle" in said
    # Until then nothing more is tried.
    time.sleep(3)
    assert letters(provider, "eve") == []
    front.passes_on, front.loses_answers = True, False
    assert "written anew" in outreach.command("outreach", "settle", letter["id"], "not-sent")
    (arrived,) = until(lambda: letters(provider, "eve"), "eve's letter")
    assert str(arrived["Message-ID"]).strip("<>") != letter["message_id"]
    until(lambda: campaign.why(eve)["messages"][-1]["state"] == "sent", "it is known to have left")
    assert outreach.listing("outreach", "status")["unsettled"] == []
    assert [one["state"] for one in campaign.why(eve)["messages"]] == ["cancelled", "sent"]
