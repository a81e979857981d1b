"""Milters: rspamd's own proxy as a real one, and scripted ones that answer at every step, or nonsense."""

from __future__ import annotations

import base64
import random
import socket
import struct
import threading
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from mail import SENDER, imap, imap_flags, imap_uids
from rspamd import Rspamd, listen, stop_listening
from server import Account, Server
from test_filter import GTUBE, answer_to, configure, message, stored


@pytest.fixture(scope="module")
def rspamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rspamd]:
    filter_ = Rspamd(Path(tmp_path_factory.mktemp("rspamd")))
    filter_.start()
    yield filter_
    filter_.stop()


@pytest.fixture
def filtered(fresh: Server, rspamd: Rspamd) -> Server:
    configure(fresh, f"filter.milter = inet:127.0.0.1:{rspamd.milter_port}")
    fresh.start()
    return fresh


def test_a_real_milter_accepts_marks_junk_and_refuses(filtered: Server) -> None:
    alice = filtered.new_account("alice")
    text = message("harmless", "line\r\n" * 50000)
    assert answer_to(filtered, alice, text)[0] == 250
    (received,) = stored(filtered, alice)
    assert received.endswith(text)
    fields = message_from_bytes(received)
    assert fields["X-Posthaste-Filter"] == 'milter; action="accept"'
    assert fields["X-Spam-Status"].startswith("No, score=0.50")
    code, words = answer_to(filtered, alice, message("test", GTUBE))
    assert code == 550 and words.startswith("5.7.1") and "Gtube" in words
    assert len(stored(filtered, alice)) == 1 and stored(filtered, alice, "Junk") == []


def packet(letter: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", 1 + len(data)) + letter + data


OPTIONS = packet(b"O", struct.pack(">III", 6, 0x21, 0))
SILENT = packet(b"O", struct.pack(">III", 6, 0x21, 0xDF080))
# Commands that have no answer of their own.
UNANSWERED = b"DQ"


class Milter:
    """Answers each command by its letter; what is not in `answers` by "continue"."""

    def __init__(self, answers: dict[bytes, bytes], options: bytes = OPTIONS) -> None:
        self.answers = {b"O": options, **answers}
        self.commands: list[tuple[bytes, bytes]] = []
        self.silent = options == SILENT
        self.port, self.listener = listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, client.makefile("rb") as stream:
                try:
                    self.converse(client, stream)
                except OSError:
                    pass

    def converse(self, client: socket.socket, stream: object) -> None:
        while head := stream.read(4):  # type: ignore[attr-defined]
            data = stream.read(struct.unpack(">I", head)[0])  # type: ignore[attr-defined]
            letter = data[:1]
            self.commands.append((letter, data[1:]))
            if letter in self.answers:
                client.sendall(self.answers[letter])
            elif letter not in UNANSWERED and (not self.silent or letter == b"E"):
                client.sendall(packet(b"c"))

    def become(self, answers: dict[bytes, bytes]) -> None:
        """Answers like this from now on."""
        self.answers = {b"O": OPTIONS, **answers}
        self.commands.clear()

    def close(self) -> None:
        stop_listening(self.listener)

    def said(self, letter: bytes) -> list[bytes]:
        return [data for command, data in self.commands if command == letter]


def serve(fresh: Server, milter: Milter) -> Account:
    """The server, with that milter; somebody to write to."""
    configure(fresh, f"filter.milter = inet:127.0.0.1:{milter.port}")
    fresh.start()
    return fresh.new_account("alice")


@pytest.mark.parametrize("options", [OPTIONS, SILENT], ids=["answering", "silent"])
def test_a_milter_sees_every_step(fresh: Server, options: bytes) -> None:
    milter = Milter({b"E": packet(b"p") + packet(b"h", b"X-Seen\0yes\r\n and more\0") + packet(b"a")}, options)
    noise = base64.encodebytes(random.Random(1).randbytes(1_000_000)).decode().replace("\n", "\r\n")
    text = message("harmless", noise)
    text = text.replace(b"Subject: harmless", b"Subject: harmless\r\n folded")
    alice = serve(fresh, milter)
    assert answer_to(fresh, alice, text)[0] == 250
    assert milter.said(b"C") == [b"[127.0.0.1]\x004\0\x00127.0.0.1\0"]
    assert milter.said(b"M") == [f"<{SENDER}>\0".encode()]
    assert milter.said(b"R") == [f"<{alice.address}>\0".encode()]
    assert b"Subject\0harmless\n folded\0" in milter.said(b"L")
    assert not [field for field in milter.said(b"L") if field.startswith((b"Received", b"Return-Path"))]
    assert b"".join(milter.said(b"B")) == text.partition(b"\r\n\r\n")[2]
    assert max(map(len, milter.said(b"B"))) <= 65535
    (received,) = stored(fresh, alice)
    assert message_from_bytes(received)["X-Seen"] == "yes and more"


def test_a_milter_may_see_the_blanks_in_front_of_values(fresh: Server) -> None:
    """As OpenDKIM wants them, for a signature may cover them."""
    milter = Milter({}, packet(b"O", struct.pack(">III", 6, 0x31, 0x100000)))
    alice = serve(fresh, milter)
    assert answer_to(fresh, alice, message("harmless").replace(b"Subject: ", b"Subject: \t "))[0] == 250
    assert b"Subject\0 \t harmless\0" in milter.said(b"L")


def test_each_verdict_at_each_step(fresh: Server) -> None:
    milter = Milter({})
    alice = serve(fresh, milter)
    for letter in (b"C", b"H", b"M", b"R", b"T", b"L", b"N", b"B", b"E"):
        for verdict, code in ((packet(b"r"), 550), (packet(b"t"), 451), (packet(b"y", b"554 5.7.9 Not here\0"), 550)):
            milter.become({letter: verdict})
            got, words = answer_to(fresh, alice, message("harmless"))
            assert got == code, (letter, verdict, words)
            assert not verdict.endswith(b"here\0") or words == "5.7.1 Not here"
    assert stored(fresh, alice) == []


def test_quarantine_and_discard_are_junk(fresh: Server) -> None:
    milter = Milter({})
    serve(fresh, milter)
    for answers in ({b"E": packet(b"q", b"looks bad\0") + packet(b"a")}, {b"M": packet(b"d")},
                    {b"B": packet(b"s"), b"E": packet(b"q", b"bad\0") + packet(b"c")}):
        alice = fresh.new_account("alice")
        milter.become(answers)
        assert answer_to(fresh, alice, message("harmless"))[0] == 250 and stored(fresh, alice) == []
        with imap(fresh, alice, mailbox="Junk") as client:
            (uid,) = imap_uids(client)
            assert "$Junk" in imap_flags(client, uid)


NONSENSE = {
    "no packet": {b"O": b"HTTP/1.1 400 Bad\r\n\r\n"},
    "a length without end": {b"O": b"\xff\xff\xff\xffO"},
    "an empty packet": {b"E": b"\0\0\0\0"},
    "an unknown letter": {b"M": packet(b"?")},
    "options that were not offered": {b"O": packet(b"O", struct.pack(">III", 6, 0x21, 1 << 30))},
    "another body": {b"E": packet(b"b", b"other") + packet(b"a")},
    "one recipient more": {b"E": packet(b"+", b"<x@y.test>\0") + packet(b"a")},
    "half a field": {b"E": packet(b"h", b"X-A") + packet(b"a")},
    "progress without end": {b"E": packet(b"p") * 2000 + packet(b"a")},
    "a field at the wrong time": {b"M": packet(b"h", b"X-A\0b\0")},
}


def test_nonsense_is_no_verdict(fresh: Server) -> None:
    milter = Milter({})
    alice = serve(fresh, milter)
    for name, answers in NONSENSE.items():
        milter.become(answers)
        code, words = answer_to(fresh, alice, message("harmless"))
        assert code == 451 and words.startswith("4.7.1"), (name, words)
    assert stored(fresh, alice) == []


def test_a_milter_that_is_gone_puts_mail_off(fresh: Server) -> None:
    milter = Milter({})
    alice = serve(fresh, milter)
    assert answer_to(fresh, alice, message("harmless"))[0] == 250
    milter.close()
    assert answer_to(fresh, alice, message("harmless"))[0] == 451
    assert len(stored(fresh, alice)) == 1


def test_both_filters_are_asked_and_the_harder_word_counts(fresh: Server, rspamd: Rspamd) -> None:
    configure(fresh, f"filter.rspamd = 127.0.0.1:{rspamd.port}")
    milter = Milter({})
    alice = serve(fresh, milter)
    assert answer_to(fresh, alice, message("cheap pills"))[0] == 250
    (received,) = stored(fresh, alice, "Junk")
    fields = message_from_bytes(received).get_all("X-Posthaste-Filter")
    assert fields and fields[0].startswith("rspamd; ") and fields[1] == 'milter; action="accept"'
    milter.become({b"R": packet(b"r")})
    assert answer_to(fresh, alice, message("harmless"))[0] == 550
    milter.become({})
    assert answer_to(fresh, alice, message("test", GTUBE))[0] == 550
    assert not milter.said(b"O")
