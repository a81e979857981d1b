"""DKIM and ARC as python3-dkim and OpenDKIM see them: what we sign holds there, what they sign holds here, and of
messages changed at random both say the same.

Where the two differ, difference() says why, and why ours is what the RFCs say; any other difference fails.
POSTHASTE_DKIM_MESSAGES makes more than `make test` does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dkim
import pytest

from clients import need
from dkim_random import FORMS, Key, Maker, ed25519_key, rsa_key
from dkim_worlds import NOW, World, run_worlds

SEED = 6376
MESSAGES = int(os.environ.get("POSTHASTE_DKIM_MESSAGES") or 1000)
CHANGES_A_MESSAGE = 3
NAME = "s._domainkey.a.test"


@pytest.fixture(autouse=True)
def _their_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What python3-dkim signs is the same in every run."""
    monkeypatch.setattr(dkim, "time", SimpleNamespace(time=lambda: NOW))


@pytest.fixture(scope="module")
def keys() -> list[Key]:
    return [rsa_key(1024), rsa_key(2048), ed25519_key()]


def dns_of(texts: dict[str, str]) -> Callable[..., bytes | None]:
    """The world's zone, as python3-dkim asks."""
    def answer(name: bytes, timeout: int = 5) -> bytes | None:
        text = texts.get(name.decode().rstrip(".").lower())
        return text.encode() if text is not None else None
    return answer


def other_verifies(message: bytes, texts: dict[str, str]) -> bool:
    """Of the first signature. Whatever it cannot read it refuses."""
    try:
        return bool(dkim.DKIM(message).verify(0, dnsfunc=dns_of(texts)))
    except (dkim.DKIMException, ValueError, AssertionError, IndexError, KeyError, TypeError):
        return False


def other_signs(maker: Maker, message: bytes, key: Key, forms: str) -> bytes:
    header, body = forms.encode().split(b"/")
    field: bytes = dkim.sign(message, b"s", b"a.test", key.other, canonicalize=(header, body),
                             signature_algorithm=key.algorithm.encode(), include_headers=maker.signed_names(message))
    return field + message


def ours_of(world: World) -> list[dict[str, Any]]:
    return run_worlds([world])[0]


def first(verdict: dict[str, Any]) -> tuple[str, str]:
    signature = verdict["signatures"][0] if verdict["signatures"] else verdict
    return signature["result"], signature["fault"]


def test_what_python_dkim_signs_passes_here(keys: list[Key]) -> None:
    maker, worlds = Maker(SEED), []
    for number in range(MESSAGES):
        key, forms = maker.key(keys), FORMS[number % len(FORMS)]
        world = World({NAME: key.record})
        world.check(other_signs(maker, maker.message(), key, forms), now=NOW)
        worlds.append(world)
    answers = Counter(first(answer[0]) for answer in run_worlds(worlds))
    assert answers == {("pass", ""): MESSAGES}
    print(f"{MESSAGES} messages by python3-dkim passed here")


def test_what_we_sign_passes_at_python_dkim(keys: list[Key]) -> None:
    maker, world, made = Maker(SEED + 1), World(), []
    for number in range(MESSAGES):
        key, forms = maker.key(keys), FORMS[number % len(FORMS)]
        made.append((key, maker.message()))
        world.sign(made[-1][1], now=0, algorithm=key.algorithm, key=key.pem, domain="a.test", selector="s", forms=forms)
    for (key, message), answer in zip(made, ours_of(world)):
        assert answer["result"] == 0, message
        signed = answer["field"].encode() + message
        assert other_verifies(signed, {NAME: key.record}), signed
    print(f"{len(made)} messages of ours passed at python3-dkim")


def difference(message: bytes, result: str, fault: str) -> str:
    """Why the other says something else of this message; nothing: no reason is known."""
    if result == "fail" and fault == "there is a second Subject that is not signed":
        return "a Subject was added, and the other counts only From (RFC 6376 8.15)"
    lines = message.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    if result == "pass" and any(line[:1] not in b" \t" and b":" not in line for line in lines):
        return "a line is no field: the other reads nothing of such a message, our readers pass over the line"
    return ""


def test_changed_messages_are_judged_alike(keys: list[Key]) -> None:
    maker, worlds, cases = Maker(SEED + 2), [], []
    for number in range(MESSAGES):
        key, forms = maker.key(keys), FORMS[number % len(FORMS)]
        signed = other_signs(maker, maker.message(), key, forms)
        for _ in range(CHANGES_A_MESSAGE):
            changed = maker.change(signed)
            texts = {NAME: maker.change_record(key.record) if maker.is_so(25) else key.record}
            world = World(texts)
            world.check(changed, now=NOW)
            worlds.append(world)
            cases.append((changed, texts, other_verifies(changed, texts)))
    seen: Counter[str] = Counter()
    for (changed, texts, other), answer in zip(cases, run_worlds(worlds)):
        result, fault = first(answer[0])
        if (result == "pass") == other:
            seen["pass" if other else "no pass"] += 1
            continue
        reason = difference(changed, result, fault)
        assert reason, (result, fault, other, texts, changed.decode(errors="replace"))
        seen[reason] += 1
    print(f"{len(cases)} changed messages and records were judged by both:", dict(seen))
    assert seen["pass"] > MESSAGES // 2 and seen["no pass"] > MESSAGES // 2


# ---- ARC ----

RESULTS = "mx.a.test; spf=pass smtp.mailfrom=x.test; dkim=pass header.d=a.test"


def other_seals(message: bytes, key: Key) -> bytes:
    """python3-dkim finds what it seals in the Authentication-Results of this host."""
    chain = "; arc=pass" if b"ARC-Seal:" in message else ""
    message = f"Authentication-Results: {RESULTS}{chain}\r\n".encode() + message
    fields = dkim.arc_sign(message, b"s", b"a.test", key.pem.encode(), b"mx.a.test",
                           include_headers=[b"from", b"subject", b"to"])
    return b"".join(fields) + message


def other_chain(message: bytes, texts: dict[str, str]) -> str:
    status, _, reason = dkim.arc_verify(message, dnsfunc=dns_of(texts))
    return status.decode() if status else str(reason)


def ours_seals(message: bytes, key: Key) -> bytes:
    world = World()
    chain = World({NAME: key.record})
    chain.check(message, "arc", NOW)
    status = ours_of(chain)[0]["result"]
    world.sign(message, now=0, algorithm=key.algorithm, key=key.pem, domain="a.test", selector="s", results=RESULTS,
               status=status)
    answer = ours_of(world)[0]
    assert answer["result"] == 0, answer
    return answer["field"].encode() + message


@pytest.mark.parametrize("hosts", ["we", "other", "we we", "other other", "we other", "other we", "other we we other"])
def test_chains_hold_whoever_seals(hosts: str, keys: list[Key]) -> None:
    for number in range(4):
        message, key = Maker(SEED + number).proper_message(), keys[number % 2]
        for host in hosts.split():
            message = (ours_seals if host == "we" else other_seals)(message, key)
        texts = {NAME: key.record}
        world = World(texts)
        world.check(message, "arc", NOW)
        world.check(message.replace(b"spf=pass", b"spf=none", 1), "arc", NOW)
        whole, changed = ours_of(world)
        assert whole == {"result": "pass", "fault": "", "instance": 0, "count": len(hosts.split())}
        assert changed["result"] == "fail"
        assert other_chain(message, texts) == "pass", message


# ---- OpenDKIM ----


def opendkim_says(folder: Path, messages: list[bytes], texts: dict[str, str]) -> list[str]:
    """What it has against each: it asks DNS in a room without a network (opendkim_room.py)."""
    room = [need("unshare"), "--map-root-user", "--net", "--mount"]
    need("ip"), need("opendkim-testmsg")
    if subprocess.run([*room, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine gives no room without a network")
    (folder / "texts.json").write_text(json.dumps(texts))
    for number, message in enumerate(messages):
        (folder / f"{number:06}.eml").write_bytes(message)
    script = Path(__file__).with_name("opendkim_room.py")
    done = subprocess.run([*room, sys.executable, script, folder], capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, str] = json.loads(done.stdout)
    return [said[f"{number:06}.eml"] for number in range(len(messages))]


def test_what_we_sign_passes_at_opendkim_and_changes_fail_alike(keys: list[Key], tmp_path: Path) -> None:
    maker, world, made = Maker(SEED + 3), World(), []
    texts = {"r._domainkey.a.test": keys[0].record, "e._domainkey.a.test": keys[2].record}
    for number in range(min(MESSAGES, 200) // 4):
        key, selector = (keys[0], "r") if number % 2 else (keys[2], "e")
        made.append(maker.proper_message())
        world.sign(made[-1], now=0, algorithm=key.algorithm, key=key.pem, domain="a.test", selector=selector,
                   forms=FORMS[number // 2 % len(FORMS)])
    signed = [answer["field"].encode() + message for message, answer in zip(made, ours_of(world))]
    changed = [maker.change(message) for message in signed]
    judged = World(texts)
    for message in signed + changed:
        judged.check(message, now=NOW)
    ours = [first(answer)[0] == "pass" for answer in ours_of(judged)]
    others = opendkim_says(tmp_path, signed + changed, texts)
    assert ours[:len(signed)] == [True] * len(signed)
    judgements = [(our, other == "", message) for message, our, other in zip(signed + changed, ours, others)
                  # Of a message with, say, two dates it says nothing at all.
                  if "Syntax error" not in other]
    assert len(judgements) > 1.8 * len(signed)
    assert not [one for one in judgements if one[0] != one[1]]
