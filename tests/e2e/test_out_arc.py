"""Mail that aliases pass on to other hosts is sealed (ARC, RFC 8617): python3-dkim finds the chain good, and what we
found of the sender in it.
"""

from __future__ import annotations

import re
import smtplib
import subprocess
import time
from collections.abc import Iterator

import pytest

from mail import TIMEOUT_SECONDS, send, smtp
from messages import plain
from outgoing import Outgoing
from peer import running
from peer_sink import Sink
from server import Account

dkim = pytest.importorskip("dkim")

KEY = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True).stdout
KEY_TEXT = "".join(subprocess.run(["openssl", "rsa", "-pubout"], input=KEY, check=True, capture_output=True)
                   .stdout.decode().splitlines()[1:-1])
ARC = re.compile(rb"^ARC-(?:Seal|Message-Signature|Authentication-Results):[^\n]*\n(?:[ \t][^\n]*\n)*",
                 re.IGNORECASE | re.MULTILINE)


@pytest.fixture
def sink(out: Outgoing, request: pytest.FixtureRequest) -> Iterator[Sink]:
    """The host of sink-NAME.test, and a stranger's domain author.test with a key, SPF and DMARC; parameters are the
    host's options."""
    address = out.address()
    name = f"sink-{address.rpartition('.')[2]}.test"
    out.zones.host(name, address)
    halves = f'"v=DKIM1; k=rsa; p={KEY_TEXT[:200]}" "{KEY_TEXT[200:]}"'
    out.zones.set("key._domainkey.author.test", f"TXT {halves}")
    out.zones.set("key._domainkey.list.test", f"TXT {halves}")
    out.zones.set("author.test", 'TXT "v=spf1 ip4:127.0.0.1 -all"')
    out.zones.set("_dmarc.author.test", 'TXT "v=DMARC1; p=reject"')
    out.zones.reload()
    configure(out, "trust.exempt = 192.0.2.1")
    out.server.command("alias", "add", f"{name.partition('.')[0]}@{out.server.domain}", f"bob@{name}")
    with running(lambda folder: Sink(folder, address, out.port, *getattr(request, "param", ()))) as made:
        made.domain = name
        yield made


def configure(out: Outgoing, line: str) -> None:
    path = out.server.data / "posthaste.conf"
    key = line.partition("=")[0].strip()
    kept = [old for old in path.read_text().splitlines() if not old.startswith(key)]
    path.write_text("\n".join([*kept, line]) + "\n")
    out.server.reload()


def records(out: Outgoing) -> dict[str, str]:
    keys = out.server.listing("domain", "dkim", "list", out.server.domain)["keys"]
    ours = {key["name"]: key["record"] for key in keys if "record" in key}
    return ours | {f"key._domainkey.{domain}.test": f"v=DKIM1; k=rsa; p={KEY_TEXT}" for domain in ("author", "list")}


def verify(out: Outgoing, message: bytes) -> tuple[bytes, int]:
    """What python3-dkim says of the chain, and how long it is."""
    published = records(out)

    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        text = published.get(name.decode().rstrip("."))
        return text.encode() if text else None

    verdict, results, reason = dkim.arc_verify(message, dnsfunc=ask, minkey=1024)
    assert verdict != dkim.CV_Fail, (reason, message[:4000])
    return verdict, len(results)


def compose(body: str = "Hello\r\n") -> bytes:
    return (f"From: Ann <ann@author.test>\r\nTo: away@example.test\r\nSubject: passed on\r\n"
            f"Date: Sun, 29 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{time.monotonic_ns()}@author.test>\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            f"{body}").encode()


def signed(message: bytes) -> bytes:
    return dkim.sign(message, b"key", b"author.test", KEY, include_headers=[b"from", b"subject"]) + message


def sealed_by_list(message: bytes) -> bytes:
    """As a mailing list passes it on: with its findings, and the first seal."""
    found = b"Authentication-Results: list.test; dkim=pass header.d=author.test\r\n" + message
    fields = dkim.arc_sign(found, b"key", b"list.test", KEY, b"list.test", include_headers=[b"from", b"subject"])
    return b"".join(fields) + message


def alias_of(out: Outgoing, sink: Sink) -> str:
    return f"{sink.domain.partition('.')[0]}@{out.server.domain}"


def submit(out: Outgoing, sink: Sink, message: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", out.server.ports.smtp, "client.test", timeout=TIMEOUT_SECONDS) as client:
        client.sendmail("ann@author.test", [alias_of(out, sink)], message, mail_options=["BODY=8BITMIME"])


def passed_on(out: Outgoing, sink: Sink, count: int = 1) -> list[bytes]:
    out.wait(lambda: len(list(sink.mail.iterdir())) >= count and not out.queue(), f"{count} messages came")
    return [one.content for one in sink.taken()]


def results_of(message: bytes, instance: int) -> str:
    (value,) = [field for field in ARC.findall(message[:message.index(b"\r\n\r\n") + 2])
                if field.startswith(b"ARC-Authentication-Results: i=%d;" % instance)]
    return re.sub(r"\s+", " ", value.decode())


def test_a_forwarded_message_has_a_chain_that_holds(out: Outgoing, sink: Sink) -> None:
    submit(out, sink, signed(compose()))
    (received,) = passed_on(out, sink)
    assert verify(out, received) == (dkim.CV_Pass, 1)
    assert re.search(rb"^ARC-Seal: i=1; a=rsa-sha256; cv=none; d=" + out.server.domain.encode(), received, re.MULTILINE)
    found = results_of(received, 1)
    assert found.startswith(f"ARC-Authentication-Results: i=1; mx.{out.server.domain}; spf=pass"), found
    assert "dkim=pass header.d=author.test" in found and "dmarc=pass" in found, found
    # The author's own signature outlives it, and nobody else's is there.
    assert received.count(b"DKIM-Signature:") == 1
    published = records(out)
    assert dkim.verify(received, dnsfunc=lambda name, timeout=5: published[name.decode().rstrip(".")].encode())


def test_the_chain_of_others_goes_on(out: Outgoing, sink: Sink) -> None:
    submit(out, sink, sealed_by_list(signed(compose())))
    (received,) = passed_on(out, sink)
    assert verify(out, received) == (dkim.CV_Pass, 2)
    assert re.search(rb"^ARC-Seal: i=2; a=rsa-sha256; cv=pass;", received, re.MULTILINE)
    assert "arc=pass header.d=list.test header.oldest-pass=0" in results_of(received, 2)


def test_a_chain_that_is_broken_is_said_to_be(out: Outgoing, sink: Sink) -> None:
    submit(out, sink, sealed_by_list(signed(compose())).replace(b"Hello", b"Hullo"))
    (received,) = passed_on(out, sink)
    assert re.search(rb"^ARC-Seal: i=2; a=rsa-sha256; cv=fail;", received, re.MULTILINE)
    assert "arc=fail" in results_of(received, 2)


@pytest.mark.parametrize("sink", [("-8",)], indirect=True)
def test_it_is_sealed_as_it_is_sent(out: Outgoing, sink: Sink) -> None:
    """In 7 bits where the host takes no more."""
    submit(out, sink, compose("Grüße\r\n" * 50))
    (received,) = passed_on(out, sink)
    assert received.isascii()
    assert verify(out, received) == (dkim.CV_Pass, 1)


def test_a_large_message_is_sealed_too(out: Outgoing, sink: Sink) -> None:
    submit(out, sink, signed(compose("line of a large message\r\n" * 20_000)))
    (received,) = passed_on(out, sink)
    assert verify(out, received) == (dkim.CV_Pass, 1)
    assert "dkim=pass" in results_of(received, 1)


def test_it_can_be_turned_off(out: Outgoing, sink: Sink) -> None:
    configure(out, "trust.seal_forwarded = no")
    submit(out, sink, signed(compose()))
    (received,) = passed_on(out, sink)
    assert not ARC.findall(received)
    configure(out, "trust.seal_forwarded = yes")


def test_mail_of_our_own_users_is_signed_and_not_sealed(out: Outgoing, sender: Account, sink: Sink) -> None:
    with smtp(out.server, "submission", account=sender) as client:
        send(client, sender.address, [alias_of(out, sink)], plain("Ours"))
    (received,) = passed_on(out, sink)
    assert not ARC.findall(received)
    assert received.count(b"DKIM-Signature:") == 2
