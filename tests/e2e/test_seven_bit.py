"""Messages made 7-bit, with Python's email package as the judge: what it decodes is what was there before.

tests/support/tool_seven_bit.c does it; its exit status is enum seven_bit_result.
"""

from __future__ import annotations

import email
import email.policy
import os
import random
import subprocess
from email.message import Message

import pytest

from world_tool import DEBUG

TOOL = DEBUG / "tests" / "tool_seven_bit"
ALREADY, POSSIBLE, SIGNED = 0, 1, 2


def convert(raw: bytes) -> tuple[int, bytes]:
    done = subprocess.run([TOOL], input=raw, capture_output=True, timeout=30)
    assert not done.stderr, done
    return done.returncode, done.stdout


def random_body(chance: random.Random) -> bytes:
    words = ["plain", "grün", "日本語", " ", "=", "--", ".", "\t", "x" * 100, "From ", "--inner", "--b", "é\r\n", "\r\n",
             " \r\n"]
    body = "".join(chance.choice(words) for _ in range(chance.randrange(1, 40)))
    return "\r\n".join(line.replace("--b", "-b") for line in body.split("\r\n")).encode()


def random_part(chance: random.Random, depth: int) -> bytes:
    kinds = ["text", "text", "html", "binary", "message", "multipart"]
    kind = chance.choice(kinds if depth < 3 else ["text", "binary"])
    label = chance.choice([b"Content-Transfer-Encoding: 8bit\r\n", b"content-transfer-encoding: BINARY\r\n", b""])
    if kind == "multipart":
        boundary = b"b%d=C3" % depth
        inner = [random_part(chance, depth + 1) for _ in range(chance.randrange(1, 4))]
        body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in inner) + b"--" + boundary + b"--\r\n"
        return b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n' + label + b"\r\n" + body
    if kind == "message":
        return (b"Content-Type: message/rfc822\r\n" + label + b"\r\nSubject: inner\r\nMIME-Version: 1.0\r\n" +
                random_part(chance, depth + 1))
    types = {"text": b"text/plain; charset=utf-8", "html": b"text/html; charset=utf-8",
             "binary": b"application/x-thing"}
    return b"Content-Type: " + types[kind] + b"\r\n" + label + b"\r\n" + random_body(chance)


def leaves(raw: bytes) -> list[tuple[str, bytes]]:
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    return [(part.get_content_type(), content(part)) for part in message.walk() if not part.is_multipart()]


def content(part: Message) -> bytes:
    decoded = part.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    return decoded


@pytest.mark.parametrize("seed", range(int(os.environ.get("SEEDS", "150"))))
def test_what_is_decoded_is_what_was_there(seed: int) -> None:
    raw = b"Subject: x\r\nMIME-Version: 1.0\r\n" + random_part(random.Random(seed), 0) + b"\r\n"
    result, output = convert(raw)
    assert result == (POSSIBLE if max(raw) > 127 else ALREADY)
    assert max(output) < 128
    assert leaves(output) == leaves(raw)
    message = email.message_from_bytes(output, policy=email.policy.compat32)
    for part in message.walk():
        encoding = part.get("Content-Transfer-Encoding", "7bit").lower()
        assert result == ALREADY or encoding in ("7bit", "quoted-printable", "base64")
        assert not part.is_multipart() or encoding == "7bit" or result == ALREADY
        if encoding == "quoted-printable":
            assert all(len(line) <= 76 for line in str(part.get_payload()).splitlines())


def test_a_signed_message_is_left_alone() -> None:
    assert convert(b"DKIM-Signature: v=1\r\n\r\n\xc3\xbc\r\n") == (SIGNED, b"")
