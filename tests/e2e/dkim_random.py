"""Messages made at random from one seed, their keys, and what may happen to them on the way."""

from __future__ import annotations

import base64
import random
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nacl.signing

# What is in front of the seed in a private key (RFC 8410 7).
PKCS8_ED25519 = bytes.fromhex("302e020100300506032b657004220420")
WORDS = ["one", "Two", "three=3", "grün", "日本語", "x" * 60, "--", "=20", "From", ";", ":", "a@b.test", "\"q\"", "(c)"]
BLANKS = [" ", " ", "  ", "\t", " \t "]
FOLDS = ["\r\n ", "\r\n\t", " \r\n  ", "\r\n \t "]
NAMES = ["From", "To", "Subject", "Date", "Message-ID", "Received", "X-One", "x-one", "X-Two", "Cc", "List-Id",
         "MIME-Version"]
# python3-dkim signs no Received.
SIGNED = [name for name in NAMES if name != "Received"]
FORMS = [f"{header}/{body}" for header in ("simple", "relaxed") for body in ("simple", "relaxed")]


@dataclass
class Key:
    """A private key in PEM, and the record that publishes it."""

    algorithm: str
    pem: str
    record: str
    # What python3-dkim signs with.
    other: bytes


def openssl(*words: str, given: str) -> bytes:
    return subprocess.run(["openssl", *words], input=given.encode(), check=True, capture_output=True).stdout


def pem_of(name: str) -> str:
    """A key that is made for tests and public; the same in every run."""
    return (Path(__file__).with_name("dkim_keys") / f"{name}.pem").read_text()


def rsa_key(bits: int) -> Key:
    """Of 1024 or 2048 bits."""
    pem = pem_of(f"rsa{bits}")
    public = base64.b64encode(openssl("rsa", "-pubout", "-outform", "DER", given=pem)).decode()
    return Key("rsa-sha256", pem, f"v=DKIM1; k=rsa; p={public}", pem.encode())


def ed25519_key(seed: bytes | None = None) -> Key:
    """Of that seed of 32 bytes, or the one that is in a file."""
    seed = seed or openssl("pkey", "-outform", "DER", given=pem_of("ed25519"))[-32:]
    public = nacl.signing.SigningKey(seed).verify_key.encode()
    pem = f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(PKCS8_ED25519 + seed).decode()}\n-----END PRIVATE KEY-----\n"
    return Key("ed25519-sha256", pem, f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}",
               base64.b64encode(seed))


class Maker:
    """One message after another."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def is_so(self, percent: int) -> bool:
        return self.chance.randrange(100) < percent

    def key(self, keys: list[Key]) -> Key:
        """One of these, or one that nobody had before."""
        return ed25519_key(self.chance.randbytes(32)) if self.is_so(33) else self.chance.choice(keys)

    def text(self, joints: list[str]) -> str:
        words = [self.chance.choice(WORDS) for _ in range(self.chance.randrange(1, 8))]
        return "".join(word + self.chance.choice(joints) for word in words)

    def value(self) -> str:
        lead = self.chance.choice(["", " ", " ", "  ", "\t"])
        return lead + self.text(BLANKS + FOLDS).rstrip() + self.chance.choice(["", "", " ", "\t "])

    def field(self, name: str) -> str:
        spelled = self.chance.choice([name, name, name, name.lower(), name.upper()])
        return f"{spelled}:{self.value()}\r\n"

    def header(self) -> str:
        names = ["From"] + [self.chance.choice(NAMES[1:]) for _ in range(self.chance.randrange(12))]
        once = [name for at, name in enumerate(names) if name != "Subject" or name not in names[:at]]
        self.chance.shuffle(once)
        return "".join(self.field(name) for name in once)

    def line(self) -> str:
        kind = self.chance.randrange(6)
        if kind == 0:
            return ""
        return self.chance.choice(BLANKS) if kind == 1 else self.text(BLANKS) if kind < 5 else " " + self.text(BLANKS)

    def body(self) -> str:
        if self.is_so(8):
            return ""
        lines = "\r\n".join(self.line() for _ in range(self.chance.randrange(1, 12)))
        end = self.chance.choice(["", "\r\n", "\r\n", "\r\n\r\n\r\n", " \r\n\t\r\n"])
        # Blanks at the end of a last line without CRLF, which no wire carries, stay with python3-dkim.
        return lines + end if end else lines.rstrip(" \t")

    def message(self) -> bytes:
        return (self.header() + "\r\n" + self.body()).encode()

    def proper_message(self) -> bytes:
        """With a From and a Date as RFC 5322 wants them, and a whole last line, as OpenDKIM wants it."""
        names = [self.chance.choice(["Received", "X-One", "x-one", "X-Two", "List-Id"]) for _ in range(6)]
        fields = [self.field(name) for name in names] + [
            f"From:{self.chance.choice(BLANKS)}Ann <ann@a.test>\r\n", "Subject: x  y\r\n z\r\n",
            "Date: Sun, 13 Sep 2020 12:26:40 +0000\r\n", "Message-ID: <1@a.test>\r\n", "To: Bob <bob@b.test>\r\n"]
        self.chance.shuffle(fields)
        body = self.body()
        return ("".join(fields) + "\r\n" + body + ("\r\n" if body and not body.endswith("\n") else "")).encode()

    def signed_names(self, message: bytes) -> list[bytes]:
        """From and some of the others, more often than they are there at times."""
        there = re.findall(rb"(?m)^([\x21-\x39\x3b-\x7e]+):", message.split(b"\r\n\r\n", 1)[0])
        others = [name for name in there if name.lower() not in (b"from", b"received") and self.is_so(70)]
        extra = [self.chance.choice(SIGNED).encode() for _ in range(self.chance.randrange(3))]
        names = [b"From", *others, *extra]
        self.chance.shuffle(names)
        return [name.lower() for name in names]

    # ---- on the way ----

    def change(self, message: bytes) -> bytes:
        """One thing of a signed message is changed; often something that does not matter."""
        return self.chance.choice([self.change_byte, self.add_blank, self.fold, self.unfold, self.add_field,
                                   self.drop_field, self.swap_fields, self.end, self.change_tags,
                                   self.change_case])(message)

    def change_byte(self, message: bytes) -> bytes:
        at = self.chance.randrange(len(message))
        return message if message[at] in b"\r\n" else message[:at] + b"~" + message[at + 1:]

    def at_match(self, pattern: bytes, message: bytes) -> re.Match[bytes] | None:
        found = list(re.finditer(pattern, message))
        return self.chance.choice(found) if found else None

    def add_blank(self, message: bytes) -> bytes:
        match = self.at_match(rb"[ \t]|(?=\r\n)", message)
        if not match or match.start() == 0:
            return message
        return message[:match.start()] + self.chance.choice([b" ", b"\t"]) + message[match.start():]

    def fold(self, message: bytes) -> bytes:
        match = self.at_match(rb"(?<=[\x21-\x7e])[ \t](?=[\x21-\x7e])", message.split(b"\r\n\r\n", 1)[0])
        return message[:match.start()] + b"\r\n" + message[match.start():] if match else message

    def unfold(self, message: bytes) -> bytes:
        match = self.at_match(rb"\r\n(?=[ \t]+[\x21-\x7e])", message.split(b"\r\n\r\n", 1)[0])
        return message[:match.start()] + message[match.end():] if match else message

    def lines(self, message: bytes) -> tuple[list[bytes], bytes]:
        head, *body = message.split(b"\r\n\r\n", 1)
        return re.split(rb"(?<=\r\n)(?![ \t])", head + b"\r\n"), b"\r\n" + body[0] if body else b""

    def add_field(self, message: bytes) -> bytes:
        return self.field(self.chance.choice(NAMES)).encode() + message

    def drop_field(self, message: bytes) -> bytes:
        fields, body = self.lines(message)
        del fields[self.chance.randrange(len(fields))]
        return b"".join(fields) + body

    def swap_fields(self, message: bytes) -> bytes:
        fields, body = self.lines(message)
        at = self.chance.randrange(len(fields))
        fields[0], fields[at] = fields[at], fields[0]
        return b"".join(fields) + body

    def end(self, message: bytes) -> bytes:
        return message + self.chance.choice([b"\r\n", b"\r\n\r\n", b" \r\n", b"\t\r\n", b"x\r\n", b"\r\nx\r\n"])

    def change_tags(self, message: bytes) -> bytes:
        old, new = self.chance.choice([
            (b"v=1", b"v=2"), (b"a=rsa-sha256", b"a=rsa-sha512"), (b"a=rsa", b"a=ed25519"), (b"c=relaxed", b"c=simple"),
            (b"/relaxed", b"/simple"), (b"; s=", b";; s="), (b"d=", b"z=1; d="), (b"d=a.test", b"d=A.test"),
            (b"s=s", b"s=t"), (b"bh=", b"bh =  "), (b"h=", b"h= Sender:"), (b"; b=", b"; x=1; b="),
            (b"b=", b"b= \r\n "),
            (b"s=s;", b"s=s; s=s;"), (b"d=a.test", b"d=a.test; i=@b.test"), (b"d=a.test", b"d=a.test; q=dns/txt")])
        return message.replace(old, new, 1)

    def change_case(self, message: bytes) -> bytes:
        match = self.at_match(rb"(?m)^[A-Za-z-]+(?=:)", message.split(b"\r\n\r\n", 1)[0])
        return message[:match.start()] + match.group().swapcase() + message[match.end():] if match else message

    def change_record(self, record: str) -> str:
        old, new = self.chance.choice([
            ("v=DKIM1; ", ""), ("v=DKIM1", "v=DKIM2"), ("k=rsa; ", ""), ("k=rsa", "k=ed25519"), ("k=ed25519", "k=rsa"),
            ("p=", "t=y; p="), ("p=", "t=s; p="), ("p=", "s=email; p="), ("p=", "s=other; p="), ("p=", "n=a b c; p="),
            ("p=", "p= "), (record[record.index("p="):], "p="), (record[-12:-8], "AAAA"), ("; ", " ;\t"), ("p=", "q="),
            ("p=", "g=*; p="), ("; p=", ";; p="), ("k=", "p=AAAA; k="), (record[-1], record[-1] + ";")])
        return record.replace(old, new, 1)
