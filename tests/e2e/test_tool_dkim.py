"""posthaste tool dkim and tool arc: files looked at, keys asked of a name server on loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dkim_random import Key, ed25519_key, rsa_key
from dkim_worlds import World, run_worlds
from server import program, run
from zones import BROKEN, Zones, zones_served

PASSED, FAILED, MISUSED = 0, 1, 2
MESSAGE = b"From: Ann <ann@a.test>\r\nTo: b@b.test\r\nSubject: x  y\r\n\r\nOne  line \r\ntwo\r\n"


@pytest.fixture(scope="module")
def keys() -> dict[str, Key]:
    return {"rsa": rsa_key(2048), "ed25519": ed25519_key()}


def quoted(text: str) -> str:
    return "TXT " + " ".join(f'"{text[at:at + 250]}"' for at in range(0, len(text), 250))


@pytest.fixture(scope="module")
def zones(keys: dict[str, Key], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zones]:
    zones = Zones(tmp_path_factory.mktemp("zones"))
    zones.set("r._domainkey.a.test", quoted(keys["rsa"].record))
    zones.set("e._domainkey.a.test", quoted(keys["ed25519"].record.replace("k=", "t=y; k=", 1)))
    zones.set("gone._domainkey.a.test", quoted("v=DKIM1; p="))
    with zones_served(zones):
        yield zones


def sign(key: Key, selector: str, domain: str = "a.test", message: bytes = MESSAGE, **words: Any) -> bytes:
    world = World()
    words = words or {"forms": "relaxed/relaxed"}
    world.sign(message, key=key.pem, algorithm=key.algorithm, domain=domain, selector=selector, **words)
    answer = run_worlds([world])[0][0]
    assert answer["result"] == 0, answer
    return answer["field"].encode() + message


def tool(zones: Zones, name: str, message: bytes, folder: Path, *words: str) -> tuple[int, str]:
    path = folder / "message.eml"
    path.write_bytes(message)
    done = run("tool", name, path, *words, "--dns", zones.server)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def ask(zones: Zones, name: str, message: bytes, folder: Path) -> tuple[int, dict[str, Any]]:
    status, out = tool(zones, name, message, folder, "--json")
    verdict: dict[str, Any] = json.loads(out)
    return status, verdict


def test_signatures_are_told_with_their_keys(zones: Zones, keys: dict[str, Key], tmp_path: Path) -> None:
    message = sign(keys["ed25519"], "e", message=sign(keys["rsa"], "r"))
    status, verdict = ask(zones, "dkim", message, tmp_path)
    assert (status, verdict["result"], verdict["ignored"]) == (PASSED, "pass", 0)
    first, second = verdict["signatures"]
    assert first == {"result": "pass", "reason": "", "domain": "a.test", "selector": "e", "algorithm": "ed25519-sha256",
                     "identity": "", "canonicalization": "relaxed/relaxed", "signed_at": first["signed_at"],
                     "expires_at": None, "key_bits": 256, "testing": True, "strict": False, "secure": False}
    assert first["signed_at"] > 1_600_000_000
    assert (second["selector"], second["key_bits"], second["testing"]) == ("r", 2048, False)
    assert [(lookup["name"], lookup["type"], lookup["result"]) for lookup in verdict["lookups"]] == [
        ("e._domainkey.a.test", "TXT", "ok"), ("r._domainkey.a.test", "TXT", "ok")]
    assert verdict["lookups"][1]["records"] == [keys["rsa"].record]


def test_people_read_it_too(zones: Zones, keys: dict[str, Key], tmp_path: Path) -> None:
    message = sign(keys["ed25519"], "e", message=sign(keys["rsa"], "r"))
    status, out = tool(zones, "dkim", message, tmp_path)
    assert status == PASSED
    assert out.startswith("dkim: pass\n  pass: d=a.test s=e a=ed25519-sha256, a key of 256 bits, in test mode\n"
                          "  pass: d=a.test s=r a=rsa-sha256, a key of 2048 bits\n"
                          "  asked e._domainkey.a.test TXT: ok\n")
    status, out = tool(zones, "dkim", message.replace(b"two", b"too"), tmp_path)
    assert status == FAILED
    assert out.startswith("dkim: fail\n  fail: d=a.test s=e a=ed25519-sha256: the body was changed\n")


def test_line_breaks_of_files_become_those_of_mail(zones: Zones, keys: dict[str, Key], tmp_path: Path) -> None:
    message = sign(keys["rsa"], "r", forms="simple/simple")
    assert ask(zones, "dkim", message.replace(b"\r\n", b"\n"), tmp_path)[1]["result"] == "pass"


def test_standard_input_is_a_file(zones: Zones, keys: dict[str, Key]) -> None:
    done = subprocess.run([program(), "tool", "dkim", "-", "--json", "--dns", zones.server],
                          input=sign(keys["rsa"], "r"), capture_output=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["result"]) == (PASSED, "pass")


@pytest.mark.parametrize(("selector", "domain", "result", "reason"), [
    ("none", "a.test", "permerror", "there is no key"),
    ("gone", "a.test", "permerror", "the key was revoked"),
    ("r", BROKEN, "temperror", "DNS did not say what the key is"),
    ("e", "a.test", "permerror", "the key is of another type than a="),
])
def test_all_else_is_told_with_its_reason(zones: Zones, keys: dict[str, Key], tmp_path: Path, selector: str,
                                          domain: str, result: str, reason: str) -> None:
    status, verdict = ask(zones, "dkim", sign(keys["rsa"], selector, domain), tmp_path)
    assert (status, verdict["result"]) == (FAILED, result)
    assert (verdict["signatures"][0]["result"], verdict["signatures"][0]["reason"]) == (result, reason)
    assert len(verdict["lookups"]) == 1


def test_many_signatures_are_counted(zones: Zones, keys: dict[str, Key], tmp_path: Path) -> None:
    message = b"DKIM-Signature: v=1\r\n" * 300 + sign(keys["rsa"], "r")
    status, verdict = ask(zones, "dkim", message, tmp_path)
    assert (status, verdict["result"], len(verdict["signatures"]), verdict["ignored"]) == (FAILED, "permerror", 8, 293)
    assert "  and 293 more: the message has too many signatures: ignored\n" in tool(zones, "dkim", message, tmp_path)[1]


def test_no_signature_and_a_broken_header(zones: Zones, tmp_path: Path) -> None:
    assert ask(zones, "dkim", MESSAGE, tmp_path) == (
        FAILED, {"result": "none", "reason": "", "signatures": [], "ignored": 0, "lookups": []})
    status, verdict = ask(zones, "dkim", b" folded\r\n" + MESSAGE, tmp_path)
    assert (status, verdict["result"], verdict["reason"]) == (
        FAILED, "permerror", "a line of the message's header section is broken")


def test_chains_are_told_hop_by_hop(zones: Zones, keys: dict[str, Key], tmp_path: Path) -> None:
    results = "mx.a.test; spf=pass smtp.mailfrom=x.test"
    message = sign(keys["rsa"], "r", results=results, status="none")
    message = sign(keys["ed25519"], "e", message=message, results=results, status="pass")
    status, verdict = ask(zones, "arc", message, tmp_path)
    assert (status, verdict["result"], verdict["reason"], verdict["instance"]) == (PASSED, "pass", "", 0)
    assert (verdict["oldest_pass"], verdict["from_sealed"]) == (0, True)
    assert verdict["hops"] == [
        {"instance": 1, "domain": "a.test", "selector": "r", "cv": "none", "key_bits": 2048, "results": results},
        {"instance": 2, "domain": "a.test", "selector": "e", "cv": "pass", "key_bits": 256, "results": results}]
    assert {lookup["name"] for lookup in verdict["lookups"]} == {"r._domainkey.a.test", "e._domainkey.a.test"}
    assert tool(zones, "arc", message, tmp_path)[1].startswith(
        f"arc: pass\n  1: d=a.test cv=none: {results}\n  2: d=a.test cv=pass: {results}\n  asked ")


def test_a_broken_chain_is_told_with_its_place(zones: Zones, keys: dict[str, Key], tmp_path: Path) -> None:
    message = sign(keys["rsa"], "r", results="mx.a.test; spf=pass", status="none")
    status, verdict = ask(zones, "arc", message.replace(b"spf=pass", b"spf=fail"), tmp_path)
    assert (status, verdict["result"], verdict["instance"]) == (FAILED, "fail", 1)
    assert verdict["reason"].startswith("the signature does not fit")
    assert tool(zones, "arc", message.replace(b"two", b"too"), tmp_path)[1].startswith(
        "arc: fail: the body was changed (i=1)\n")
    assert ask(zones, "arc", MESSAGE, tmp_path)[1]["result"] == "none"


def test_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    assert run("tool", "dkim").returncode == MISUSED
    assert run("tool", "arc", tmp_path / "none.eml").returncode == FAILED
