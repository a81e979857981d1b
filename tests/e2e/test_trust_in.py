"""Mail from strangers: SPF, DKIM and DMARC are asked, what was found stands in the header, the owner's settings rule.

Clients come from 127.0.0.1, which these tests take out of trust.exempt; 127.0.0.2 is another host.
"""

from __future__ import annotations

import json
import re
import smtplib
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import dkim
import pytest

from conftest import give_back, make_server
from mail import TIMEOUT_SECONDS, imap, imap_flags, imap_messages, imap_uids, smtp
from names import Names
from peer import until
from rspamd import Scripted
from server import Account, Server, run

SPF_HERE = "v=spf1 ip4:127.0.0.1 -all"
DEFAULTS = {"check": "yes", "exempt": "192.0.2.1", "dmarc_reject": "reject", "dmarc_quarantine": "junk",
            "spf_fail": "accept", "from_invalid": "junk", "temperror": "accept"}


@dataclass
class World:
    """A server that asks a name server of ours."""

    server: Server
    names: Names
    keys: dict[str, bytes] = field(default_factory=dict)
    domains: int = 0

    def domain(self, policy: str | None, spf: str | None = SPF_HERE) -> str:
        """A new domain with a DMARC record, an SPF record and a key at the selector "key"."""
        self.domains += 1
        name = f"d{self.domains}.test"
        records = self.names.records
        records[(name, "A")] = ["127.0.0.9"]
        if policy:
            records[(f"_dmarc.{name}", "TXT")] = [f"v=DMARC1; {policy}"]
        if spf:
            records[(name, "TXT")] = [spf]
        records[(f"key._domainkey.{name}", "TXT")] = [f"v=DKIM1; k=rsa; p={KEY_TEXT}"]
        return name

    def set(self, **settings: str) -> None:
        """These settings hold, and the defaults of the others."""
        lines = [f"trust.{name} = {value}" for name, value in {**DEFAULTS, **settings}.items()]
        path = self.server.data / "posthaste.conf"
        kept = [line for line in path.read_text().splitlines() if not line.startswith("trust.")]
        path.write_text("\n".join(kept + lines) + "\n")
        self.server.reload()


def make_key() -> tuple[bytes, str]:
    """A private RSA key as PEM, and the public one as a record has it."""
    private = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=private, check=True, capture_output=True).stdout
    return private, "".join(public.decode().splitlines()[1:-1])


KEY, KEY_TEXT = make_key()


@contextmanager
def world_made() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder:
        server = make_server(Path(folder), single=False)
        server.prepare()
        names = Names({("1.0.0.127.in-addr.arpa", "PTR"): ["client.test"], ("client.test", "A"): ["127.0.0.1"]})
        with (server.data / "posthaste.conf").open("a") as text:
            text.write(f"\ndns.servers = 127.0.0.1@{names.port}\ndns.trust_anchors = none\ntrust.exempt = 192.0.2.1\n")
        server.start()
        yield World(server, names)
        names.close()
        give_back(server)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with world_made() as made:
        yield made


@pytest.fixture
def silent() -> Iterator[World]:
    """One whose name server does not answer."""
    with world_made() as made:
        made.names.is_dead = True
        yield made


@pytest.fixture
def alice(world: World) -> Account:
    world.set()
    return world.server.new_account("alice")


def compose(sender: str, *fields: str, body: str = "Hello\r\n") -> bytes:
    """A message with these fields besides From; no From for an empty sender."""
    lines = ([f"From: {sender}"] if sender else []) + ["To: somebody@example.test", "Subject: a test",
                                                       f"Message-ID: <{time.monotonic_ns()}@test>", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def sign(message: bytes, domain: str) -> bytes:
    return dkim.sign(message, b"key", domain.encode(), KEY, include_headers=[b"from", b"subject"]) + message


def answer(world: World, account: Account, sender: str, message: bytes, source: str = "127.0.0.1") -> tuple[int, str]:
    """The reply to the end of the message."""
    with smtplib.SMTP("127.0.0.1", world.server.ports.smtp, "client.test", timeout=TIMEOUT_SECONDS,
                      source_address=(source, 0)) as client:
        client.ehlo()
        client.mail(sender)
        assert client.rcpt(account.address)[0] == 250
        code, words = client.data(message)
        return code, words.decode()


def stored(world: World, account: Account, mailbox: str = "INBOX") -> list[bytes]:
    with imap(world.server, account, mailbox=mailbox) as client:
        return list(imap_messages(client).values())


def results(message: bytes) -> dict[str, str]:
    """What our own Authentication-Results say, by method; the first of each."""
    (value,) = [value for value in message_from_bytes(message).get_all("Authentication-Results", [])
                if value.startswith("mx.example.test;")]
    found: dict[str, str] = {}
    for part in re.sub(r"\s+", " ", value).split("; ")[1:]:
        found.setdefault(part.partition("=")[0], part.partition("=")[2])
    return found


def take(world: World, account: Account, sender: str, message: bytes, **where: str) -> dict[str, str]:
    """Sends a message that comes into the inbox, and returns what was found."""
    code, words = answer(world, account, sender, message, **where)
    assert code == 250, words
    received = stored(world, account)[-1]
    assert received.startswith(b"Return-Path: <")
    assert received.endswith(message.split(b"\r\n\r\n", 1)[1])
    return results(received)


def test_what_vouches_passes(world: World, alice: Account) -> None:
    domain = world.domain("p=reject")
    # The client's name is waited for one second: the second time it is known.
    take(world, alice, f"a@{domain}", compose(f"A <a@{domain}>"))
    found = take(world, alice, f"a@{domain}", sign(compose(f"A <a@{domain}>"), domain))
    assert found["spf"].startswith("pass") and f"smtp.mailfrom=a@{domain}" in found["spf"]
    assert found["dkim"].startswith("pass") and f"header.d={domain}" in found["dkim"]
    assert found["dmarc"].startswith("pass") and f"header.from={domain}" in found["dmarc"]
    assert found["iprev"].startswith("pass (client.test)") and "policy.iprev=127.0.0.1" in found["iprev"]


def test_a_signature_vouches_for_forwarded_mail(world: World, alice: Account) -> None:
    domain, forwarder = world.domain("p=reject"), world.domain(None)
    found = take(world, alice, f"srs@{forwarder}", sign(compose(f"a@{domain}"), domain))
    assert found["spf"].startswith("pass") and found["dmarc"].startswith("pass")
    found = take(world, alice, f"a@{domain}", sign(compose(f"a@{domain}"), domain), source="127.0.0.2")
    assert found["spf"].startswith("fail") and found["dmarc"].startswith("pass")


def test_a_list_that_is_believed_vouches_for_what_it_changed(world: World, alice: Account) -> None:
    domain, mailing_list = world.domain("p=reject"), world.domain("p=none")
    arrived = compose(f"a@{domain}").replace(b"a test", b"[list] a test")
    arrived = f"Authentication-Results: {mailing_list}; dmarc=pass header.from={domain}\r\n".encode() + arrived
    seals = dkim.arc_sign(arrived, b"key", mailing_list.encode(), KEY, mailing_list.encode(),
                          include_headers=[b"from", b"subject"])
    message = b"".join(seals) + arrived
    code, words = answer(world, alice, f"bounces@{mailing_list}", message)
    assert code == 550 and domain in words
    world.set(arc_sealers=mailing_list)
    found = take(world, alice, f"bounces@{mailing_list}", message)
    assert found["arc"].startswith("pass") and found["dmarc"].startswith("fail")
    assert answer(world, alice, f"bounces@{mailing_list}", message.replace(b"[list]", b"[evil]"))[0] == 550


def test_what_the_domain_asks_to_refuse_is_refused(world: World, alice: Account) -> None:
    domain = world.domain("p=reject")
    code, words = answer(world, alice, f"a@{domain}", compose(f"a@{domain}"), source="127.0.0.2")
    assert code == 550 and words.startswith("5.7.26 ") and domain in words
    other = world.domain(None)
    code, words = answer(world, alice, f"a@{other}", sign(compose(f"a@{domain}"), other))
    assert code == 550 and "another organisation" in words
    changed = sign(compose(f"a@{domain}"), domain).replace(b"Hello", b"Other")
    code, words = answer(world, alice, f"a@{other}", changed)
    assert code == 550 and "DKIM fail" in words
    assert stored(world, alice) == [] and stored(world, alice, "Junk") == []
    assert "trust.verdict" in world.server.log_text()


def test_what_the_domain_asks_to_put_aside_is_junk_and_says_why(world: World, alice: Account) -> None:
    for policy in ("p=quarantine", "p=none; sp=none; np=none; p=x", "p=reject; t=y"):
        domain = world.domain(policy)
        code, words = answer(world, alice, f"a@{domain}", compose(f"a@{domain}"), source="127.0.0.2")
        assert code == 250, words
    assert len(stored(world, alice)) == 1
    with imap(world.server, alice, mailbox="Junk") as client:
        assert len(imap_uids(client)) == 2
        assert all("$Junk" in imap_flags(client, uid) for uid in imap_uids(client))
        received = list(imap_messages(client).values())[0]
    reason = re.sub(r"\s+", " ", message_from_bytes(received)["X-Posthaste-Junk"])
    assert reason.startswith("DMARC: nothing vouches for ") and "asks to put such mail aside (p=quarantine)" in reason
    assert results(received)["dmarc"].startswith("fail") and "policy.dmarc=quarantine" in results(received)["dmarc"]


def test_a_policy_of_none_changes_nothing(world: World, alice: Account) -> None:
    domain = world.domain("p=none")
    found = take(world, alice, f"a@{domain}", compose(f"a@{domain}"), source="127.0.0.2")
    assert found["dmarc"].startswith("fail") and found["spf"].startswith("fail")
    found = take(world, alice, "a@nowhere.test", compose("a@nowhere.test"))
    assert found["dmarc"].startswith("none") and found["spf"].startswith("none")
    found = take(world, alice, "", compose("a@nowhere.test"))
    assert "smtp.helo=client.test" in found["spf"]


def test_the_owner_chooses_what_failing_does(world: World, alice: Account) -> None:
    strict, mild = world.domain("p=reject"), world.domain("p=quarantine")
    world.set(dmarc_reject="junk", dmarc_quarantine="reject")
    assert answer(world, alice, "", compose(f"a@{strict}"))[0] == 250
    assert len(stored(world, alice, "Junk")) == 1
    assert answer(world, alice, "", compose(f"a@{mild}"))[0] == 550
    world.set(dmarc_reject="accept", dmarc_quarantine="accept")
    for domain in (strict, mild):
        assert take(world, alice, "", compose(f"a@{domain}"))["dmarc"].startswith("fail")


def test_spf_alone_can_refuse_or_put_aside(world: World, alice: Account) -> None:
    domain = world.domain(None)
    message = compose(f"a@{domain}")
    assert take(world, alice, f"a@{domain}", message, source="127.0.0.2")["spf"].startswith("fail")
    world.set(spf_fail="junk")
    assert answer(world, alice, f"a@{domain}", message, "127.0.0.2")[0] == 250
    assert b"X-Posthaste-Junk: SPF: this host may not send for" in stored(world, alice, "Junk")[0]
    world.set(spf_fail="reject")
    code, words = answer(world, alice, f"a@{domain}", message, "127.0.0.2")
    assert code == 550 and words.startswith("5.7.23 ")
    # What DMARC vouches for is not refused for SPF, which breaks where mail is forwarded.
    signed = world.domain("p=reject")
    assert answer(world, alice, f"a@{signed}", sign(compose(f"a@{signed}"), signed), "127.0.0.2")[0] == 250


def test_from_fields_that_name_nobody_fail_by_rule(world: World, alice: Account) -> None:
    domain, other = world.domain("p=none"), world.domain("p=none")
    broken = [compose(""), compose(f"a@{domain}", f"From: b@{domain}"), compose(f"a@{domain}, b@{other}"),
              compose(f"Board: a@{domain};"), compose("somebody"), compose(f"a@{domain}", f"FROM: b@{other}")]
    for message in broken:
        sent = sign(message, domain) if b"From" in message else message
        assert answer(world, alice, f"a@{domain}", sent)[0] == 250
    assert stored(world, alice) == []
    junk = stored(world, alice, "Junk")
    assert len(junk) == len(broken)
    assert all(b"X-Posthaste-Junk: The message does not say who wrote it" in message for message in junk)
    assert all(results(message)["dmarc"].startswith("fail") for message in junk)
    world.set(from_invalid="reject")
    for message in broken:
        assert answer(world, alice, f"a@{domain}", message)[0] == 550
    world.set(from_invalid="accept")
    take(world, alice, f"a@{domain}", compose(""))
    # The strictest of several authors' domains counts.
    strict = world.domain("p=reject")
    assert answer(world, alice, f"a@{domain}", compose(f"a@{domain}, b@{strict}"))[0] == 550


def test_forged_results_are_taken_out(world: World, alice: Account) -> None:
    domain = world.domain("p=none")
    forged = ["Authentication-Results: mx.example.test; dmarc=pass",
              "AUTHENTICATION-RESULTS : (x)\r\n MX.Example.TEST 1;\r\n\tdkim=pass header.d=bank.example",
              'Authentication-Results: "mx.example.test"; spf=pass',
              "X-Posthaste-Junk: no", "X-Posthaste-Filter: rspamd; action=no"]
    kept = ["Authentication-Results: mx.other.test; spf=pass", "X-Other: mx.example.test; spf=pass"]
    message = compose(f"a@{domain}", *forged[:3], *kept, *forged[3:])
    found = take(world, alice, f"a@{domain}", message)
    assert found["dmarc"].startswith("pass")
    (received,) = stored(world, alice)
    text = received.decode()
    assert text.count("mx.example.test;") == 2 and "bank.example" not in text
    assert "X-Posthaste" not in text
    assert all(line in text for line in kept)
    # Whoever signs them signs what was sent.
    message = message.replace(b"RESULTS :", b"RESULTS:")
    signed = dkim.sign(message, b"key", domain.encode(), KEY,
                       include_headers=[b"from", b"authentication-results", b"x-posthaste-junk"]) + message
    assert take(world, alice, f"a@{domain}", signed)["dkim"].startswith("pass")


def test_a_large_message_is_checked_and_stored_once(world: World, alice: Account) -> None:
    domain = world.domain("p=reject")
    body = "".join(f"line {number} of a long message\r\n" for number in range(60000))
    message = sign(compose(f"a@{domain}", body=body), domain)
    found = take(world, alice, f"a@{domain}", message)
    assert found["dkim"].startswith("pass") and found["dmarc"].startswith("pass")
    (received,) = stored(world, alice)
    assert received.endswith(message) and received.count(b"Authentication-Results:") == 1
    with imap(world.server, alice) as client:
        (uid,) = imap_uids(client)
        _, sizes = client.uid("FETCH", str(uid), "(RFC822.SIZE)")
    assert f"RFC822.SIZE {len(received)}".encode() in sizes[0]
    assert answer(world, alice, f"a@{domain}", message.replace(b"line 59999", b"line 6"), "127.0.0.2")[0] == 550


def test_bdat_is_checked_as_data_is(world: World, alice: Account) -> None:
    domain = world.domain("p=reject")
    message = sign(compose(f"a@{domain}"), domain)
    with smtp(world.server) as client:
        client.mail(f"a@{domain}")
        client.rcpt(alice.address)
        for at in range(0, len(message), 100):
            piece = message[at:at + 100]
            last = " LAST" if at + 100 >= len(message) else ""
            client.send(f"BDAT {len(piece)}{last}\r\n".encode() + piece)
            assert client.getreply()[0] == 250
    found = results(stored(world, alice)[0])
    assert found["dkim"].startswith("pass") and found["dmarc"].startswith("pass")


def test_binary_parts_are_checked_as_they_were_signed(world: World, alice: Account) -> None:
    """BODY=BINARYMIME (RFC 3030 3): what is stored has lines, what was signed had none."""
    domain = world.domain("p=reject")
    content = bytes(byte for byte in range(256) if byte not in b"\r\n") * 20
    message = compose(f"a@{domain}", "MIME-Version: 1.0", "Content-Type: application/octet-stream",
                      "Content-Transfer-Encoding: binary", body="").rstrip(b"\r\n") + b"\r\n\r\n" + content
    for sent, passes in ((sign(message, domain), True), (sign(message, domain).replace(b"abc", b"xbc"), False)):
        with smtplib.SMTP("127.0.0.1", world.server.ports.smtp, "client.test", timeout=TIMEOUT_SECONDS) as client:
            client.ehlo()
            client.mail(f"other@{world.domain(None)}", ["BODY=BINARYMIME"])
            assert client.rcpt(alice.address)[0] == 250
            first, second = sent[:700], sent[700:]
            client.send(b"BDAT %d\r\n" % len(first) + first)
            assert client.getreply()[0] == 250
            client.send(b"BDAT %d LAST\r\n" % len(second) + second)
            code, words = client.getreply()
            assert (code == 250) == passes, words
    (received,) = stored(world, alice)
    assert results(received)["dkim"].startswith(f"pass header.d={domain}")
    assert results(received)["dmarc"].startswith("pass")
    assert message_from_bytes(received).get_payload(decode=True) == content


def test_verdicts_are_counted(world: World, alice: Account) -> None:
    def counted() -> dict[str, int]:
        url = f"http://127.0.0.1:{world.server.ports.http}/metrics"
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as got:
            lines = [line.rpartition(" ") for line in got.read().decode().splitlines()]
        return {name: int(value) for name, _, value in lines if name.startswith("posthaste_trust_")}

    domain = world.domain("p=reject")
    before = counted()
    take(world, alice, f"a@{domain}", sign(compose(f"A <a@{domain}>"), domain))
    assert answer(world, alice, f"a@{domain}", compose(f"a@{domain}"), source="127.0.0.2")[0] == 550
    def rose() -> dict[str, int]:
        return {name: count - before[name] for name, count in counted().items() if count != before[name]}

    # A result is fresh for a second, and of a role that has no time its last one.
    until(lambda: sum(rose().values()) >= 10, 60, lambda: f"only {rose()}")
    assert rose() == {'posthaste_trust_spf_total{result="pass"}': 1, 'posthaste_trust_spf_total{result="fail"}': 1,
                    'posthaste_trust_dkim_total{result="pass"}': 1, 'posthaste_trust_dkim_total{result="none"}': 1,
                    'posthaste_trust_dmarc_total{result="pass"}': 1, 'posthaste_trust_dmarc_total{result="fail"}': 1,
                    'posthaste_trust_arc_total{result="none"}': 2,
                    'posthaste_trust_actions_total{action="accept"}': 1,
                    'posthaste_trust_actions_total{action="reject"}': 1}


def test_a_content_filter_sees_the_message_without_what_we_found(world: World, alice: Account) -> None:
    filter_ = Scripted()
    filter_.says_json(json.dumps({"action": "no action", "score": 0.0, "required_score": 15.0, "symbols": {}}))
    path = world.server.data / "posthaste.conf"
    with path.open("a") as text:
        text.write(f"filter.rspamd = 127.0.0.1:{filter_.port}\n")
    world.set()
    mild = world.domain("p=quarantine")
    try:
        for body in ("Hello\r\n", "a line of many\r\n" * 60000):
            domain = world.domain("p=reject")
            message = sign(compose(f"a@{domain}", "X-Posthaste-Filter: forged", body=body), domain)
            found = take(world, alice, f"a@{domain}", message)
            assert found["dkim"].startswith("pass") and found["dmarc"].startswith("pass")
            assert filter_.requests[-1].endswith(message.replace(b"X-Posthaste-Filter: forged\r\n", b""))
            received = stored(world, alice)[-1]
            names = [name for name, _ in message_from_bytes(received).items()]
            assert names[:5] == ["Return-Path", "Delivered-To", "Received", "Authentication-Results",
                                 "X-Posthaste-Filter"]
            assert names.count("Authentication-Results") == names.count("X-Posthaste-Filter") == 1
        # Junk stays Junk, whatever the filter says.
        assert answer(world, alice, "", compose(f"a@{mild}"))[0] == 250
        assert len(stored(world, alice, "Junk")) == 1
    finally:
        path.write_text("\n".join(line for line in path.read_text().splitlines() if "filter.rspamd" not in line) + "\n")
        filter_.close()
        world.set()


def test_dns_that_fails_never_costs_a_message(world: World, alice: Account) -> None:
    domain = world.domain(None)
    world.names.records[(f"_dmarc.{domain}", "FAIL")] = [""]
    found = take(world, alice, f"a@{domain}", compose(f"a@{domain}"))
    assert found["dmarc"].startswith("temperror") and found["spf"].startswith("pass")
    world.set(temperror="defer")
    code, words = answer(world, alice, f"a@{domain}", compose(f"a@{domain}"))
    assert code == 451 and words.startswith("4.4.3 ")
    healthy = world.domain("p=reject")
    take(world, alice, f"a@{healthy}", compose(f"a@{healthy}"))


def test_dead_dns_makes_temperrors_within_the_deadline(silent: World) -> None:
    domain = silent.domain("p=reject")
    alice = silent.server.new_account("alice")
    begun = time.monotonic()
    found = take(silent, alice, f"a@{domain}", sign(compose(f"a@{domain}"), domain))
    assert time.monotonic() - begun < 35
    assert found["spf"].startswith("temperror") and found["dkim"].startswith("temperror")
    assert found["dmarc"].startswith("temperror") and found["iprev"].startswith("temperror")


def test_who_leaves_while_dns_is_asked_leaves_nothing_behind(silent: World) -> None:
    alice = silent.server.new_account("alice")
    for _ in range(20):
        client = smtplib.SMTP("127.0.0.1", silent.server.ports.smtp, "client.test", timeout=TIMEOUT_SECONDS)
        client.ehlo()
        client.mail("a@gone.test")
        assert client.rcpt(alice.address)[0] == 250
        client.close()
    assert stored(silent, alice) == []


def test_who_is_known_is_not_looked_at(world: World, alice: Account) -> None:
    domain = world.domain("p=reject")
    message = compose(f"a@{domain}", "Authentication-Results: mx.example.test; dmarc=pass")
    for settings in ({"exempt": "127.0.0.0/8"}, {"check": "no"}):
        world.set(**settings)
        assert answer(world, alice, f"a@{domain}", message, "127.0.0.2")[0] == 250
        assert stored(world, alice)[-1].endswith(message)
    world.set()
    with smtp(world.server, "submission", account=alice) as client:
        client.sendmail(alice.address, [alice.address], compose(alice.address))
    assert b"Authentication-Results" not in stored(world, alice)[-1]


# ---- the tool ----

def tool(world: World, tmp_path: Path, message: bytes, *options: str) -> dict[str, Any]:
    path = tmp_path / "message"
    path.write_bytes(message)
    done = run("tool", "dmarc", path, "--helo", "client.test", "--dns", f"127.0.0.1@{world.names.port}", "--json",
               *options)
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert (told["result"] == "pass") == (done.returncode == 0)
    return told


def test_the_tool_says_what_would_be_found(world: World, tmp_path: Path) -> None:
    domain = world.domain("p=reject; rua=mailto:x@else.test; pct=10")
    message = sign(compose(f"a@mail.{domain}"), domain)
    told = tool(world, tmp_path, message.replace(b"\r\n", b"\n"), "--ip", "127.0.0.2", "--from", f"a@{domain}")
    assert told["result"] == "pass" and told["action"] == "accept"
    assert told["spf"]["result"] == "fail" and told["dkim"]["signatures"][0]["result"] == "pass"
    assert told["dmarc"]["organizational_domain"] == domain and told["dmarc"]["policy_domain"] == domain
    assert told["dmarc"]["dkim_aligned"] and not told["dmarc"]["spf_aligned"]
    assert any("pct" in fault for fault in told["dmarc"]["faults"])
    assert {"_dmarc." + domain, f"key._domainkey.{domain}"} <= {lookup["name"] for lookup in told["lookups"]}
    told = tool(world, tmp_path, compose(f"a@{domain}"), "--ip", "127.0.0.2", "--from", f"a@{domain}")
    assert told["result"] == "fail" and told["action"] == "reject" and "nothing vouches" in told["explanation"]


def test_the_tool_shows_where_the_list_of_public_suffixes_differs(world: World, tmp_path: Path) -> None:
    world.names.records[("_dmarc.part.example.com", "TXT")] = ["v=DMARC1; p=reject; psd=n"]
    path = tmp_path / "message"
    path.write_bytes(compose("a@x.part.example.com"))
    done = run("tool", "dmarc", path, "--ip", "127.0.0.1", "--from", "a@x.part.example.com", "--helo", "client.test",
               "--dns", f"127.0.0.1@{world.names.port}")
    assert done.returncode == 1
    assert "organisation: part.example.com" in done.stdout
    assert "list of public suffixes, which older receivers go by, says: example.com" in done.stdout
