"""Mail that leaves is signed, by RSA and by Ed25519, with the keys whose records `domain dkim list` prints:
so say python3-dkim and OpenDKIM. Keys are rotated; what cannot be signed now waits.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clients import need
from mail import SENDER, send, smtp
from messages import plain
from names import Names
from outgoing import Domains, Outgoing, below_trace
from peer import Peer, running
from peer_postfix import Postfix
from peer_sink import Sink
from scripted_host import say
from server import Account, role_of, run

dkim = pytest.importorskip("dkim")

FIELD = re.compile(rb"DKIM-Signature:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE)
UMLAUTS = "Grüße aus Köln\r\n" * 20
LARGE_BYTES = 12 * 1024 * 1024
MANY = 60
KILLS, KILL_PAUSE_SECONDS = 3, 1
ARRIVAL_SECONDS_MAX = 180
# A resolver of the C library asks port 53 only.
RESOLVER = "127.0.0.253"


def keys_of(out: Outgoing, domain: str | None = None) -> list[dict[str, Any]]:
    return out.server.listing("domain", "dkim", "list", domain or out.server.domain)["keys"]


def records(out: Outgoing) -> dict[str, str]:
    """What the owner would have published, by name."""
    domains = [domain["name"] for domain in out.server.listing("domain", "list")["domains"]]
    return {key["name"]: key["record"] for name in domains for key in keys_of(out, name) if "record" in key}


def fields_of(message: bytes) -> list[bytes]:
    return FIELD.findall(message[:message.index(b"\r\n\r\n") + 2])


def tag(field: bytes, name: str) -> str:
    found = re.search(rb"[:;\s]" + name.encode() + rb"=([^;]*)", field)
    assert found, field
    return re.sub(r"\s", "", found.group(1).decode())


def assert_signed(message: bytes, published: dict[str, str], domain: str) -> list[str]:
    """Both signatures are the domain's, and hold; their selectors."""
    found = fields_of(message)
    assert sorted(tag(field, "a") for field in found) == ["ed25519-sha256", "rsa-sha256"], message[:3000]
    assert all(tag(field, "d") == domain for field in found)

    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        text = published.get(name.decode().rstrip("."))
        return text.encode() if text else None

    checked = dkim.DKIM(message, minkey=2048)
    for number in range(2):
        assert checked.verify(idx=number, dnsfunc=ask), found[number]
    return sorted(tag(field, "s") for field in found)


def wide() -> bytes:
    head, _, _ = plain("Gruss").partition(b"\r\n\r\n")
    return head + (b"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                   b"Content-Transfer-Encoding: 8bit\r\n\r\n") + UMLAUTS.encode()


def large() -> bytes:
    return plain("Large", "".join(f"line {number} of a large message\r\n" for number in range(LARGE_BYTES // 32)))


@pytest.fixture
def sink(out: Outgoing, request: pytest.FixtureRequest) -> Iterator[Sink]:
    """The host of sink-NAME.test; parameters are its options."""
    address = out.address()
    name = f"sink-{address.rpartition('.')[2]}.test"
    out.zones.host(name, address)
    out.zones.reload()
    with running(lambda folder: Sink(folder, address, out.port, *getattr(request, "param", ()))) as made:
        made.domain = name
        yield made


def taken(out: Outgoing, sink: Sink, count: int = 1) -> list[bytes]:
    """Whole: its files are there before their ends are."""
    out.wait(lambda: len(list(sink.mail.iterdir())) >= count and not out.queue(), f"{count} messages at {sink.domain}",
             ARRIVAL_SECONDS_MAX)
    return [one.content for one in sink.taken()]


# ---- what is signed ----

def test_what_an_account_submits_carries_both_signatures(out: Outgoing, sender: Account, sink: Sink) -> None:
    message = plain("Signed")
    out.submit(sender, [f"bob@{sink.domain}"], message)
    (received,) = taken(out, sink)
    assert assert_signed(received, records(out), out.server.domain) == ["ph1-ed25519", "ph1-rsa"]
    assert below_trace(received) == message


def test_the_domain_of_from_signs_where_the_account_may_write_so(out: Outgoing, sender: Account, sink: Sink) -> None:
    out.server.command("domain", "add", "second.test")
    out.server.command("alias", "add", "ann@second.test", sender.address)
    out.submit(sender, [f"bob@{sink.domain}"],
               plain("Mine").replace(b"From: Sender <sender@outside.test>", b"From: Ann <ann@second.test>"))
    (received,) = taken(out, sink)
    assert_signed(received, records(out), "second.test")
    out.submit(sender, [f"bob@{sink.domain}"],
               plain("Not mine").replace(b"From: Sender <sender@outside.test>", b"From: Boss <boss@second.test>"))
    (other,) = [each for each in taken(out, sink, 2) if b"Not mine" in each]
    assert_signed(other, records(out), out.server.domain)


@pytest.mark.parametrize("sink", [("-8",), ()], indirect=True)
def test_8_bit_mail_is_signed_as_it_is_sent(out: Outgoing, sender: Account, sink: Sink) -> None:
    out.submit(sender, [f"bob@{sink.domain}"], wide())
    (received,) = taken(out, sink)
    assert received.isascii() == ("-8" in sink.options)
    assert_signed(received, records(out), out.server.domain)


def test_a_large_message_is_signed(out: Outgoing, sender: Account, sink: Sink) -> None:
    message = large()
    out.submit(sender, [f"bob@{sink.domain}"], message)
    (received,) = taken(out, sink)
    assert_signed(received, records(out), out.server.domain)
    assert below_trace(received) == message


def test_what_is_forwarded_keeps_its_senders_name_and_gets_no_signature(out: Outgoing, sink: Sink) -> None:
    """Also where it says in From that it is one of ours."""
    out.server.command("alias", "add", f"away@{out.server.domain}", f"bob@{sink.domain}")
    with smtp(out.server) as client:
        send(client, SENDER, [f"away@{out.server.domain}"], plain("From outside"))
        send(client, SENDER, [f"away@{out.server.domain}"],
             plain("Forged").replace(b"sender@outside.test>\r\n", f"boss@{out.server.domain}>\r\n".encode(), 1))
    for received in taken(out, sink, 2):
        assert not fields_of(received)


def test_reports_that_leave_are_signed(out: Outgoing, domain: Domains, sink: Sink) -> None:
    """Mail from outside is forwarded to a host that refuses it: its sender is told."""
    domain("refuses.test", {"RCPT": say("550 5.1.1 no such user")})
    out.server.command("alias", "add", f"gone@{out.server.domain}", "nobody@refuses.test")
    with smtp(out.server) as client:
        send(client, f"author@{sink.domain}", [f"gone@{out.server.domain}"], plain("To be returned"))
    (report,) = taken(out, sink)
    assert b"multipart/report" in report
    assert_signed(report, records(out), out.server.domain)


def test_postfix_passes_signed_mail_on_unharmed(out: Outgoing, sender: Account) -> None:
    address = out.address()
    out.zones.host("postfix-dkim.test", address)
    out.zones.reload()

    def make(folder: Path) -> Peer:
        return Postfix(folder, address, out.port, "postfix-dkim.test")

    with running(make) as peer:
        out.submit(sender, ["alice@postfix-dkim.test"], wide())
        (received,) = peer.wait_for("alice", 1)
        out.wait(lambda: not out.queue(), "Postfix's answer came")
    assert_signed(received, records(out), out.server.domain)


# ---- OpenDKIM ----

@contextmanager
def resolver(published: dict[str, str]) -> Iterator[Path]:
    """A resolv.conf by which the C library finds these records."""
    with tempfile.TemporaryDirectory(prefix="posthaste-resolver-") as folder:
        path = Path(folder) / "resolv.conf"
        path.write_text(f"nameserver {RESOLVER}\n")
        names = Names({(name, "TXT"): [text] for name, text in published.items()}, RESOLVER, 53)
        try:
            yield path
        finally:
            names.close()


def opendkim(message: bytes, path: Path) -> subprocess.CompletedProcess[bytes]:
    command = f"mount --bind {path} /etc/resolv.conf && exec {need('opendkim-testmsg')}"
    return subprocess.run(["unshare", "--mount", "sh", "-c", command], input=message, capture_output=True, timeout=60)


def test_opendkim_says_the_same(out: Outgoing, sender: Account, sink: Sink) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root for a resolver of its own")
    out.submit(sender, [f"bob@{sink.domain}"], plain("For OpenDKIM"))
    out.submit(sender, [f"bob@{sink.domain}"], wide())
    with resolver(records(out)) as path:
        for message in taken(out, sink, 2):
            good = opendkim(message, path)
            assert good.returncode == 0 and not good.stderr, good.stderr
            # It looks at RSA's alone where it knows no other.
            bad = opendkim(message.replace(b"you <you@example.test>", b"you <other@example.test>"), path)
            assert bad.returncode != 0 or bad.stderr


# ---- rotation ----

def publish(out: Outgoing, published: dict[str, str]) -> None:
    for name, text in published.items():
        words = " ".join(f'"{text[at:at + 255]}"' for at in range(0, len(text), 255))
        out.zones.set(name, f"TXT {words}")
    out.zones.reload()


def looks(out: Outgoing, domain: str) -> list[str]:
    """What is found of each key that waits to be published."""
    found = out.server.listing("domain", "dkim", "rotate", domain, "--now")["looks"]
    return [look["result"] for look in found]


def states(out: Outgoing, domain: str) -> dict[str, str]:
    return {key["selector"]: key["state"] for key in keys_of(out, domain)}


def test_keys_are_rotated_when_their_records_are_seen(out: Outgoing, sink: Sink) -> None:
    server, name = out.server, "rotates.test"
    server.command("domain", "add", name)
    server.add_account(f"ann@{name}", "secret words")
    ann = Account(f"ann@{name}", "secret words")
    first = records(out)
    publish(out, {owner: text for owner, text in first.items() if owner.endswith(name)})
    words = server.command("domain", "dkim", "rotate", name)
    assert f"ph2-rsa._domainkey.{name}  to be published" in words and words.count("TXT v=DKIM1; k=") == 4
    assert states(out, name) == {"ph1-rsa": "signing", "ph1-ed25519": "signing", "ph2-rsa": "waiting",
                                 "ph2-ed25519": "waiting"}
    assert looks(out, name) == ["missing", "missing"]
    out.submit(ann, [f"bob@{sink.domain}"], plain("Before"))
    (before,) = taken(out, sink)
    assert assert_signed(before, records(out), name) == ["ph1-ed25519", "ph1-rsa"]
    # One by a CNAME into another zone, one with a wrong key first.
    key = records(out)
    publish(out, {"ph2-rsa.kept.test": key[f"ph2-rsa._domainkey.{name}"],
                  f"ph2-ed25519._domainkey.{name}": key[f"ph1-ed25519._domainkey.{name}"]})
    out.zones.set(f"ph2-rsa._domainkey.{name}", "CNAME ph2-rsa.kept.test.")
    out.zones.reload()
    # What has no time to live is remembered for the rest of its second.
    out.wait(lambda: looks(out, name) == ["seen", "other"], "one is seen")
    publish(out, {f"ph2-ed25519._domainkey.{name}": key[f"ph2-ed25519._domainkey.{name}"]})
    out.wait(lambda: f"ph2-ed25519._domainkey.{name} is published, and signs from now on" in
             server.command("domain", "dkim", "rotate", name, "--now"), "both are seen")
    assert states(out, name) == {"ph1-rsa": "retired", "ph1-ed25519": "retired", "ph2-rsa": "signing",
                                 "ph2-ed25519": "signing"}
    out.submit(ann, [f"bob@{sink.domain}"], plain("After"))
    (after,) = [each for each in taken(out, sink, 2) if b"Subject: After" in each]
    assert assert_signed(after, records(out), name) == ["ph2-ed25519", "ph2-rsa"]
    # What was signed before is checked by the old records, which are still listed.
    assert_signed(before, records(out), name)
    server.command("account", "remove", ann.address)
    server.command("domain", "remove", name)
    server.command("domain", "add", name)
    assert set(states(out, name).values()) == {"signing"} and len(states(out, name)) == 2
    assert not set(key.values()) & set(records(out).values()) - set(first.values())


def test_wrong_use_says_so(out: Outgoing) -> None:
    for words, error in [(["list", "none.test"], "is not one of our domains"),
                         (["rotate", "none.test"], "is not one of our domains"),
                         (["rotate", out.server.domain, "--now"], "no key waits to be published"),
                         (["list", out.server.domain, "--now"], "belong to domain dkim rotate"),
                         (["list"], "needs a domain"), (["other", "a.test"], "is followed by list or rotate")]:
        done = run("domain", "dkim", *words, "--data", out.server.data)
        assert done.returncode != 0 and error in done.stderr, done


# ---- where the keys are ----

def test_a_backup_has_the_keys_and_what_they_are_sealed_by(out: Outgoing) -> None:
    seal = out.server.data / "key" / "seal"
    assert seal.stat().st_mode & 0o777 == 0o600
    with tempfile.TemporaryDirectory(prefix="posthaste-keys-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        out.server.command("backup", "--to", str(folder / "backup"))
        done = run("restore", "--from", folder / "backup", "--data", folder / "data")
        assert done.returncode == 0, done.stderr
        restored = folder / "data" / "key" / "seal"
        assert restored.read_bytes() == seal.read_bytes()
        assert restored.stat().st_mode & 0o777 == 0o600 and restored.stat().st_uid == seal.stat().st_uid
        listed = run("domain", "dkim", "list", out.server.domain, "--data", folder / "data", "--json")
        assert json.loads(listed.stdout)["keys"] == keys_of(out)


# ---- later rather than without ----

def stores(out: Outgoing) -> list[int]:
    try:
        return [pid for pid in out.server.role_pids() if role_of(pid) == "store"]
    except FileNotFoundError:
        return []


def number_of(one: Any) -> int:
    return int(re.search(rb"X-Test-Number: (\d+)", one.content).group(1))


@pytest.mark.parametrize("sink", [("-w", "1")], indirect=True)
def test_a_store_that_is_killed_delays_and_nothing_goes_unsigned(out: Outgoing, sender: Account, sink: Sink) -> None:
    published = records(out)
    with smtp(out.server, "submission", account=sender) as client:
        for number in range(MANY):
            send(client, sender.address, [f"bob@{sink.domain}"], plain(f"Number {number}", number=number))
    for _ in range(KILLS):
        killed = out.server.role_pid("store")
        os.kill(killed, signal.SIGKILL)
        out.wait(lambda: stores(out) not in ([], [killed]), "there is another store")
        time.sleep(KILL_PAUSE_SECONDS)
    out.wait(lambda: out.retry_all() or not out.queue(), "all have left", ARRIVAL_SECONDS_MAX)
    assert {number_of(one) for one in sink.taken()} == set(range(MANY))
    for one in sink.taken():
        assert_signed(one.content, published, out.server.domain)
