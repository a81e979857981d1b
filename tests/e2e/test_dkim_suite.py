"""Public messages with signatures, where they are present: POSTHASTE_SHARED names the folder of test data."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from dkim_worlds import NOW, SHARED, World, crlf, run_worlds

VECTORS = SHARED / "dkim"
pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS} is not there")

# RFC 8463 A.2, which several of the sets use.
RFC_8463 = {
    "brisbane._domainkey.football.example.com":
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com":
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"
        "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTI"
        "KT+l/K4w3QIDAQAB"}
UNKNOWN_KEY = "there is no key"


def signed_at(message: bytes) -> int:
    """A minute behind the last t= of a signature."""
    return max([int(found) for found in re.findall(rb"[;\s]t=(\d{9,10});", message)], default=NOW) + 60


def check(message: bytes, texts: dict[str, str], now: int | None = None) -> dict[str, Any]:
    world = World(texts)
    world.check(crlf(message), now=now or signed_at(message))
    return run_worlds([world])[0][0]


def results(verdict: dict[str, Any]) -> list[str]:
    return [signature["fault"] or signature["result"] for signature in verdict["signatures"]]


def read(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


def text_of_pem(name: str) -> str:
    return "v=DKIM1; p=" + "".join(line for line in read(name).decode().split("\n") if not line.startswith("-"))


# ---- messages with all their keys ----


@pytest.mark.parametrize(("number", "count"), [(1, 2), (2, 1), (3, 2), (4, 1), (5, 1), (6, 1)])
def test_messages_of_the_first_set_pass(number: int, count: int) -> None:
    keys, message = read(f"rfc-vectors/{number:03}.txt").replace(b"\r\n", b"\n").split(b"\n\n", 1)
    texts = dict(line.split(" ", 1) for line in keys.decode().split("\n"))
    assert results(check(message, texts)) == ["pass"] * count


def test_a_signature_of_the_first_set_expires() -> None:
    keys, message = read("rfc-vectors/005.txt").split(b"\n\n", 1)
    texts = dict(line.split(" ", 1) for line in keys.decode().split("\n"))
    assert results(check(message, texts, 1_790_000_000)) == ["the signature has expired"]


@pytest.mark.parametrize("name", ["mimekit/rfc8463-example.msg", "mailauth/signed.eml", "dkimpy/rfc6376.signed.msg"])
def test_the_example_of_rfc_8463_in_several_sets(name: str) -> None:
    assert results(check(read(name), RFC_8463)) == ["pass", "pass"]


@pytest.mark.parametrize("name", ["mimekit/gmail.msg", "mimekit/multipart-no-end-boundary.msg", "mimekit/related.msg",
                                  "dkimpy/test2.message"])
def test_messages_of_gmail(name: str) -> None:
    texts = {"20120113._domainkey.gmail.com": text_of_pem("mimekit/gmail.pub")}
    assert results(check(read(name), texts)) == ["pass"]
    broken = re.sub(rb"(?m)^Subject:", b"Subject: x", read(name), count=1)
    assert results(check(broken, texts))[0].startswith("the signature does not fit")


def test_a_message_of_exim() -> None:
    texts = {"sed._domainkey.test.ex": read("dkimpy/eximtest.dns").decode().strip()}
    assert results(check(read("dkimpy/ed25519test2.msg"), texts)) == ["pass"]


# ---- keys to sign with ----


def sign(message: bytes, key: bytes, algorithm: str, forms: str) -> dict[str, Any]:
    world = World()
    world.sign(crlf(message), key=key.decode(), algorithm=algorithm, domain="example.com", selector="test", forms=forms)
    return run_worlds([world])[0][0]


def pem_of_seed(seed: bytes) -> bytes:
    """RFC 8410 7: 32 bytes, in base64, as PKCS #8."""
    key = base64.b64encode(bytes.fromhex("302e020100300506032b657004220420") + base64.b64decode(seed))
    return b"-----BEGIN PRIVATE KEY-----\n" + key + b"\n-----END PRIVATE KEY-----\n"


FORMS = [f"{header}/{body}" for header in ("simple", "relaxed") for body in ("simple", "relaxed")]


@pytest.mark.parametrize("forms", FORMS)
@pytest.mark.parametrize(("key", "message", "record", "expected"), [
    ("test.private", "test.message", "test.txt", "pass"),
    ("test.private", "test.message", "test2.txt", "pass"),
    ("test2.private", "test.message", "test.txt", "pass"),
    ("test.private", "test_extra.message", "test.txt", "pass"),
    ("test.private", "rfc6376.msg", "test.txt", "pass"),
    ("test.private", "test.message", "test_bad.txt", "the key record cannot be read"),
    ("test.private", "test.message", "badversion.txt", "the key record cannot be read"),
    ("test.private", "test.message", "badk.txt", "the key is of another type than a="),
    ("test.private", "test.message", "test_tlsrpt.txt", "the key is not for mail"),
])
def test_keys_of_dkimpy(key: str, message: str, record: str, expected: str, forms: str) -> None:
    raw = read(f"dkimpy/{message}")
    field = sign(raw, read(f"dkimpy/{key}"), "rsa-sha256", forms)["field"].encode()
    texts = {"test._domainkey.example.com": read(f"dkimpy/{record}").decode().strip()}
    assert results(check(field + crlf(raw), texts)) == [expected]


@pytest.mark.parametrize("forms", FORMS)
def test_ed25519_keys_of_dkimpy(forms: str) -> None:
    raw = read("dkimpy/ed25519test.msg")
    field = sign(raw, pem_of_seed(read("dkimpy/ed25519test.key")), "ed25519-sha256", forms)["field"].encode()
    texts = {"test._domainkey.example.com": read("dkimpy/ed25519test.dns").decode().strip()}
    assert results(check(field + crlf(raw), texts)) == ["pass"]


def test_a_message_without_from_is_not_signed() -> None:
    assert sign(read("dkimpy/test_nofrom.message"), read("dkimpy/test.private"), "rsa-sha256", FORMS[0])["result"] != 0


@pytest.mark.parametrize(("key", "algorithm", "record"), [
    ("mailauth/private-rsa.key", "rsa-sha256", RFC_8463["test._domainkey.football.example.com"]),
    ("mailauth/private-ec.key", "ed25519-sha256", RFC_8463["brisbane._domainkey.football.example.com"]),
    ("mimekit/example.pem", "rsa-sha256", "mimekit/example.pub")])
def test_keys_of_the_other_sets(key: str, algorithm: str, record: str) -> None:
    raw, pem = read("mailauth/message1.eml"), read(key)
    texts = {"test._domainkey.example.com": text_of_pem(record) if record.endswith(".pub") else record}
    field = sign(raw, pem if pem.startswith(b"-") else pem_of_seed(pem), algorithm, "relaxed/relaxed")["field"].encode()
    assert results(check(field + crlf(raw), texts)) == ["pass"]


# ---- real messages whose keys are not there: their bodies are as they were ----


@pytest.mark.parametrize(("name", "expected"), [
    ("mailauth/arc-fail.eml", [UNKNOWN_KEY, UNKNOWN_KEY]),
    ("mailauth/arc-fail2.eml", [UNKNOWN_KEY, UNKNOWN_KEY]),
    ("mailauth/arc-fail3.eml", [UNKNOWN_KEY]),
    ("mailauth/arc-pass.eml", [UNKNOWN_KEY]),
    ("mailauth/arc-pass2.eml", [UNKNOWN_KEY, UNKNOWN_KEY]),
    ("mailauth/authtest.eml", [UNKNOWN_KEY]),
    ("mailauth/bimi.eml", [UNKNOWN_KEY, UNKNOWN_KEY]),
    ("mailauth/message1.eml", []),
    ("mailauth/message2.eml", [UNKNOWN_KEY]),
    ("mailauth/message3.eml", [UNKNOWN_KEY, UNKNOWN_KEY]),
    ("mailauth/message4.eml", [UNKNOWN_KEY]),
    ("mailauth/zbimi.eml", [UNKNOWN_KEY]),
    ("mailauth/zproov.eml", [UNKNOWN_KEY]),
    ("dkimpy/message.mbox", [UNKNOWN_KEY]),
])
def test_bodies_fit_their_hashes(name: str, expected: list[str]) -> None:
    assert results(check(read(name), {})) == expected


def test_no_file_is_left_out() -> None:
    """A test names every message of the folder."""
    named = Path(__file__).read_text()
    messages = [path for folder in ("dkimpy", "mailauth", "mimekit") for path in (VECTORS / folder).iterdir()
                if path.suffix in (".eml", ".msg", ".message", ".mbox")]
    assert len(messages) == 27
    assert not [path.name for path in messages if path.name not in named]


def test_the_zone_of_mailauth_is_that_of_the_rfc() -> None:
    zone = json.loads(read("mailauth/dns.json"))
    assert {name: "".join(zone[name]["TXT"][0]) for name in RFC_8463} == RFC_8463
