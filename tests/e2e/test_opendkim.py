"""OpenDKIM's milter beside us: what it signs holds here, what we sign holds there, and of messages changed at random
both say the same. Posthaste asks it as a content filter, too.

POSTHASTE_DKIM_MESSAGES makes more than `make test` does.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clients import need
from dkim_random import FORMS, Key, Maker, ed25519_key, rsa_key
from dkim_worlds import NOW, World, crlf, run_worlds
from mail import imap, imap_messages, smtp
from milter import Conversation
from opendkim import HOST, OpenDkim
from outgoing import Domains, Outgoing
from peer import free_port
from server import Account
from test_dkim_others import MESSAGES, first, ours_of
from test_filter import configure
from test_out_dkim import assert_signed, records

SEED = 8463
# What each of its processes signs with; they share the messages.
SIGNERS = (("rsa2048", "relaxed/simple"), ("rsa1024", "simple/relaxed"), ("ed25519", "relaxed/relaxed"),
           ("rsa2048", "simple/simple"))
KEYS = {"rsa1024": lambda: rsa_key(1024), "rsa2048": lambda: rsa_key(2048), "ed25519": ed25519_key}
CHANGES_A_MESSAGE = 2


@pytest.fixture(scope="module")
def keys() -> dict[str, Key]:
    return {name: make() for name, make in KEYS.items()}


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[ExitStack]:
    OpenDkim.program()
    with ExitStack() as stack:
        yield stack


def conversation(daemons: ExitStack, daemon: OpenDkim) -> Conversation:
    daemons.callback(daemon.stop)
    talk = Conversation(daemon.path)
    daemons.callback(talk.close)
    return talk


def checker(daemons: ExitStack, folder: Path, published: dict[str, str]) -> Conversation:
    daemon = OpenDkim(folder / "checks")
    daemon.start_checking(published)
    return conversation(daemons, daemon)


def signer(daemons: ExitStack, folder: Path, key: Key, forms: str) -> Conversation:
    daemon = OpenDkim(folder)
    daemon.start_signing("s", key.pem, forms, key.algorithm)
    return conversation(daemons, daemon)


def signed_by(talk: Conversation, message: bytes, number: int) -> bytes:
    (value,) = talk.ask(message, number=number).values("DKIM-Signature")
    return b"DKIM-Signature:" + value.encode() + b"\r\n" + message


def verdicts(talk: Conversation, message: bytes) -> list[str]:
    """What it finds of each signature; nothing where it cannot read the message."""
    return [word for value in talk.ask(message).values("Authentication-Results")
            for word in re.findall(r"[;\s]dkim=(\w+)", value)]


def test_what_opendkim_signs_passes_here(daemons: ExitStack, tmp_path: Path, keys: dict[str, Key]) -> None:
    maker, worlds = Maker(SEED), []
    for number, (name, forms) in enumerate(SIGNERS):
        talk = signer(daemons, tmp_path / str(number), keys[name], forms)
        for message_number in range(MESSAGES // len(SIGNERS)):
            world = World({"s._domainkey.a.test": keys[name].record})
            message = signed_by(talk, maker.proper_message(), message_number)
            world.check(message, now=int(time.time()) + 60)
            world.check(message.replace(b"Ann", b"Eve"), now=int(time.time()) + 60)
            worlds.append(world)
    seen = Counter((first(whole), first(changed)[0]) for whole, changed in run_worlds(worlds))
    assert seen == {(("pass", ""), "fail"): MESSAGES // len(SIGNERS) * len(SIGNERS)}
    print(f"{2 * len(worlds)} messages by OpenDKIM were checked")


def test_what_we_sign_passes_there_and_changes_are_judged_alike(daemons: ExitStack, tmp_path: Path,
                                                                keys: dict[str, Key]) -> None:
    maker, world, made = Maker(SEED + 1), World(), []
    names = list(keys)
    published = {f"{name}._domainkey.a.test": key.record for name, key in keys.items()}
    for number in range(MESSAGES):
        name = names[number % len(names)]
        made.append(maker.proper_message())
        world.sign(made[-1], now=0, algorithm=keys[name].algorithm, key=keys[name].pem, domain="a.test",
                   selector=name, forms=FORMS[number % len(FORMS)])
    signed = [answer["field"].encode() + message for message, answer in zip(made, ours_of(world))]
    talk, judged, theirs = checker(daemons, tmp_path, published), World(published), []
    for message in signed:
        assert verdicts(talk, message) == ["pass"], message.decode()
        for changed in (maker.change(message) for _ in range(CHANGES_A_MESSAGE)):
            judged.check(changed, now=NOW)
            theirs.append((changed, verdicts(talk, changed)))
    seen: Counter[str] = Counter()
    for (message, other), answer in zip(theirs, ours_of(judged)):
        ours, fault = first(answer)
        seen[f"ours {ours}, theirs {other or 'none'}"] += 1
        assert not other or (ours == "pass") == (other[0] == "pass"), (ours, fault, other, message.decode())
    print(f"{len(signed)} of ours were checked, and {len(theirs)} changed ones judged by both:", dict(seen))
    assert sum(count for words, count in seen.items() if "theirs none" not in words) > len(theirs) * 0.8


def test_what_its_testing_program_signs_proves_nothing(keys: dict[str, Key]) -> None:
    """It knows no other way than rsa-sha1, which RFC 8301 3 has every verifier refuse."""
    message = Maker(SEED).proper_message()
    pem = Path(__file__).with_name("dkim_keys") / "rsa2048.pem"
    done = subprocess.run([need("opendkim-testmsg"), "-d", "a.test", "-k", pem, "-s", "s", "-C"], input=message,
                          capture_output=True, timeout=60)
    assert done.returncode == 0 and b"a=rsa-sha1;" in done.stdout, done
    field = re.match(rb"DKIM-Signature:[^\n]*\n(?:[ \t][^\n]*\n)*", done.stdout).group()
    world = World({"s._domainkey.a.test": keys["rsa2048"].record})
    world.check(crlf(field) + message, now=int(time.time()) + 60)
    assert first(ours_of(world)[0]) == ("permerror", "rsa-sha1 proves nothing any more")


# ---- a whole server ----

def test_what_leaves_this_server_passes_at_opendkim(out: Outgoing, sender: Account, domain: Domains,
                                                    daemons: ExitStack, tmp_path: Path) -> None:
    host = domain("opendkim-out.test")
    out.submit(sender, ["bob@opendkim-out.test"])
    out.wait(lambda: len(host.transactions) == 1, "it came")
    content = host.transactions[0].content
    assert_signed(content, records(out), out.server.domain)
    talk = checker(daemons, tmp_path, records(out))
    assert verdicts(talk, content) == ["pass", "pass"]
    assert verdicts(talk, content.replace(b"Hello", b"Hallo")) == ["fail", "fail"]


def test_opendkim_is_this_server_s_filter(out: Outgoing, daemons: ExitStack, tmp_path: Path,
                                          keys: dict[str, Key]) -> None:
    """A host that signs by OpenDKIM sends to us; we find the signature good, and so does OpenDKIM, whom we ask."""
    published = {"s._domainkey.a.test": keys["rsa2048"].record}
    text = published["s._domainkey.a.test"]
    out.zones.set("s._domainkey.a.test", "TXT " + " ".join(f'"{text[at:at + 250]}"' for at in range(0, len(text), 250)))
    out.zones.reload()
    message = signed_by(signer(daemons, tmp_path / "signs", keys["rsa2048"], "relaxed/relaxed"),
                        Maker(SEED).proper_message(), 1)
    daemon = OpenDkim(tmp_path / "filters", free_port(["127.0.0.1"]))
    daemon.start_checking(published)
    daemons.callback(daemon.stop)
    configure(out.server, f"filter.milter = inet:127.0.0.1:{daemon.port}", "filter.when_down = defer",
              "trust.exempt = 192.0.2.1")
    alice = out.server.new_account("alice")
    with smtp(out.server) as client:
        client.sendmail("ann@a.test", [alice.address], message)
        client.sendmail("ann@a.test", [alice.address], message.replace(b"Ann", b"Eve"))
    with imap(out.server, alice) as client:
        good, bad = imap_messages(client).values()
    ours = f"Authentication-Results: mx.{out.server.domain};"
    for received, result in ((good.decode(), "pass"), (bad.decode(), "fail")):
        assert re.search(rf"{re.escape(ours)}(?:[^\n]|\n[ \t])*dkim={result}", received), received[:3000]
        assert re.search(rf"Authentication-Results: {HOST};(?:[^\n]|\n[ \t])*dkim={result}", received), received[:3000]
        assert 'X-Posthaste-Filter: milter; action="accept"' in received
