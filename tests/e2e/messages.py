"""Messages to send: a plain one, and a seeded stream of mixed and odd ones.

Every message is canonical (CRLF, lines of at most 998 bytes, no NUL), so that every server must
keep it byte for byte. Each carries X-Test-Number, by which it is found again.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable

LARGE_BYTES = 20 * 1024 * 1024
NUMBER = re.compile(rb"^X-Test-Number: (\d+)\r?$", re.MULTILINE)
WORDS = ("mail letter answer report meeting please thanks project invoice friday numbers server the a of and to in"
         " is for with our your before after between question price travel garden").split()
FOREIGN = ("Grüße aus Köln", "Καλημέρα κόσμε", "こんにちは世界", "Привет, мир", "مرحبا", "naïve café ☕")


def plain(subject: str = "A plain message", body: str = "Hello.\r\n", number: int = 0) -> bytes:
    """A small message of plain text."""
    return (f"From: Sender <sender@outside.test>\r\nTo: you <you@example.test>\r\nSubject: {subject}\r\n"
            f"Date: Mon, 06 Jan 2025 10:00:00 +0000\r\nMessage-ID: <{number}.plain@outside.test>\r\n"
            f"X-Test-Number: {number}\r\n\r\n{body}").encode()


def number_of(message: bytes) -> int:
    """The number of one of our messages, read from its headers."""
    match = NUMBER.search(message)
    assert match, f"no X-Test-Number in {message[:200]!r}"
    return int(match.group(1))


def mixed(count: int, seed: int = 1) -> list[bytes]:
    """`count` messages of all kinds in turn; the last is a large one."""
    source = random.Random(seed)
    kinds = [text_plain, text_8bit, alternative, with_attachment, nested, dots, odd_headers, long_lines, many_headers,
             broken_mime, no_body_text]
    found = [kinds[number % len(kinds)](number, source) for number in range(count - 1)]
    return [*found, large(count - 1, source)]


def head(number: int, *lines: str) -> bytes:
    """The usual headers, our number, then `lines`; no blank line yet."""
    usual = (f"From: Sender {number} <sender@outside.test>", "To: someone@example.test",
             "Date: Mon, 06 Jan 2025 10:00:00 +0000", f"Message-ID: <{number}.mixed@outside.test>",
             f"X-Test-Number: {number}", *lines)
    return "".join(line + "\r\n" for line in usual).encode()


def sentence(source: random.Random) -> str:
    return " ".join(source.choices(WORDS, k=source.randint(3, 14))).capitalize() + "."


def prose(source: random.Random, lines_max: int = 40) -> bytes:
    return "".join(sentence(source) + "\r\n" for _ in range(source.randint(1, lines_max))).encode()


def part(kind: str, body: bytes, *headers: str) -> bytes:
    return "".join(line + "\r\n" for line in (f"Content-Type: {kind}", *headers, "")).encode() + body


def multipart(boundary: str, parts: list[bytes]) -> bytes:
    mark = b"--" + boundary.encode()
    return b"".join(mark + b"\r\n" + piece + b"\r\n" for piece in parts) + mark + b"--\r\n"


def encoded(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def text_plain(number: int, source: random.Random) -> bytes:
    return head(number, f"Subject: {sentence(source)}") + b"\r\n" + prose(source)


def text_8bit(number: int, source: random.Random) -> bytes:
    body = "".join(source.choice(FOREIGN) + " " + sentence(source) + "\r\n" for _ in range(8))
    charset = source.choice(("utf-8", "iso-8859-1"))
    return (head(number, "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "MIME-Version: 1.0",
                 f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: 8bit")
            + b"\r\n" + body.encode() + bytes(range(128, 256)) + b"\r\n")


def alternative(number: int, source: random.Random) -> bytes:
    html = b"<p>" + prose(source) + b"</p>\r\n"
    return (head(number, f"Subject: {sentence(source)}", "MIME-Version: 1.0",
                 'Content-Type: multipart/alternative; boundary="b1"') + b"\r\n"
            + multipart("b1", [part("text/plain", prose(source)), part("text/html; charset=utf-8", html)]))


def with_attachment(number: int, source: random.Random) -> bytes:
    data = source.randbytes(source.randint(1, 9000))
    attachment = part("application/octet-stream", encoded(data), "Content-Transfer-Encoding: base64",
                      "Content-Disposition: attachment;\r\n filename*0*=utf-8''Gr%C3%BC;\r\n filename*1=\"sse.bin\"")
    return (head(number, "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=\"=_ b 2\"") + b"\r\n"
            + b"This is a preamble.\r\n" + multipart("=_ b 2", [part("text/plain", prose(source)), attachment])
            + b"And an epilogue.\r\n")


def nested(number: int, source: random.Random) -> bytes:
    """Multiparts in multiparts, and a whole message inside."""
    inner = part("message/rfc822", plain(sentence(source)).replace(b"X-Test-Number", b"X-Inner-Number"))
    body = multipart("level0", [inner])
    for level in range(1, source.randint(2, 12)):
        body = multipart(f"level{level}", [part(f"multipart/mixed; boundary=level{level - 1}", body),
                                           part("text/plain", prose(source, 3))])
    top = body[2:body.index(b"\r\n")].decode()
    return head(number, "MIME-Version: 1.0", f"Content-Type: multipart/mixed; boundary={top}") + b"\r\n" + body


def dots(number: int, _source: random.Random) -> bytes:
    """Lines that start with dots, a line of one dot, lines that look like mbox separators."""
    return head(number, "Subject: ...") + b"\r\n.\r\n..\r\n.hidden\r\n...\r\nFrom here on\r\n>From there\r\n\r\n.\r\n"


def odd_headers(number: int, _source: random.Random) -> bytes:
    return (head(number, "Subject:", "Subject: a second one", "subject:\ttab and no space\t ", "X-Empty:   ",
                 "X-Folded: one\r\n\ttwo\r\n   three", "X-Quoted: \"a \\\" b\" (comment (nested)) <x@y>",
                 "Bcc: hidden@example.test", "Return-Receipt-To: x@y.test", "X-" + "n" * 200 + ": long name")
            + b"X-Raw: \xff\xfe 8-bit in a header\r\nX-Utf8: " + FOREIGN[0].encode() + b"\r\n\r\nbody\r\n")


def long_lines(number: int, source: random.Random) -> bytes:
    line = bytes(source.choices(b"abcdefghij klmnop", k=998))
    return head(number, "Subject: " + "s" * 980) + b"\r\n" + (line + b"\r\n") * 3


def many_headers(number: int, source: random.Random) -> bytes:
    lines = [f"X-Header-{at}: {sentence(source)}" for at in range(150)]
    recipients = "Cc: " + ",\r\n ".join(f"user{at}@example.test" for at in range(200))
    return head(number, *lines, recipients) + b"\r\nbody\r\n"


def broken_mime(number: int, source: random.Random) -> bytes:
    """The boundary never ends, the encoding is not what it says, the type is no type."""
    return (head(number, "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="never') + b"\r\n"
            + b"--never\r\nContent-Type: ;;;\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!! not base64 =\r\n"
            + prose(source))


def no_body_text(number: int, _source: random.Random) -> bytes:
    return head(number, "Subject: empty body") + b"\r\n"


def large(number: int, source: random.Random) -> bytes:
    """20 MB, most of it one attachment."""
    data = source.randbytes(LARGE_BYTES * 3 // 4)
    return (head(number, "Subject: large", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=big")
            + b"\r\n" + multipart("big", [part("text/plain", prose(source)),
                                          part("application/zip", encoded(data),
                                               "Content-Transfer-Encoding: base64")]))
