"""COMPRESS=DEFLATE (RFC 4978): by imaplib with zlib over its socket, and by mutt."""

from __future__ import annotations

import imaplib
import random
import socket
import ssl
import zlib
from pathlib import Path

import pytest

from clients import neomutt
from mail import added_headers, good, imap, imap_messages, receive, wait_for_messages
from messages import plain
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")
SECURITIES = pytest.mark.parametrize("security", ["plain", "starttls", "tls"])


class Deflated:
    """The file and the socket of an imaplib client, with raw DEFLATE in between."""

    def __init__(self, inner: socket.socket | ssl.SSLSocket) -> None:
        self.inner = inner
        self.inflater = zlib.decompressobj(-15)
        self.deflater = zlib.compressobj(wbits=-15)
        self.told = b""
        self.received_bytes = 0

    def sendall(self, data: bytes) -> None:
        self.inner.sendall(self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH))

    def _more(self) -> None:
        data = self.inner.recv(65536)
        assert data, "the server ended the connection"
        self.received_bytes += len(data)
        self.told += self.inflater.decompress(data)

    def read(self, size: int) -> bytes:
        while len(self.told) < size:
            self._more()
        data, self.told = self.told[:size], self.told[size:]
        return data

    def readline(self, limit: int = -1) -> bytes:
        while b"\n" not in self.told:
            self._more()
        return self.read(self.told.index(b"\n") + 1)

    def shutdown(self, how: int) -> None:
        self.inner.shutdown(how)

    def close(self) -> None:
        self.inner.close()


def compress(client: imaplib.IMAP4) -> Deflated:
    assert "COMPRESS=DEFLATE" in str(client.capability())
    imaplib.Commands.setdefault("COMPRESS", ("AUTH", "SELECTED"))
    good(client._simple_command("COMPRESS", "DEFLATE"))
    deflated = Deflated(client.sock)
    client.file = deflated
    client.sock = deflated
    # IMAP4_SSL and IMAP4 alike send by sock.sendall and read by file.
    return deflated


@SECURITIES
def test_mail_goes_both_ways_compressed(server: Server, alice: Account, security: str) -> None:
    words = [f"word{i}" for i in range(500)]
    lines = (" ".join(random.Random(i).choices(words, k=10)) for i in range(4000))
    message = plain("compressed", "\r\n".join(lines) + "\r\n")
    with imap(server, alice, security) as client:
        deflated = compress(client)
        good(client.append("INBOX", "", "", message))
        good(client.select("INBOX"))
        (received,) = imap_messages(client).values()
        assert received == message
        assert deflated.received_bytes < len(message) / 2
        good(client.noop())


def test_idle_tells_at_once_through_compression(server: Server, alice: Account) -> None:
    with imap(server, alice, "tls") as client:
        deflated = compress(client)
        good(client.select("INBOX"))
        deflated.sendall(b"x IDLE\r\n")
        assert deflated.readline().startswith(b"+ ")
        receive(server, alice, plain("one"))
        assert deflated.readline() == b"* 1 EXISTS\r\n"
        deflated.sendall(b"DONE\r\n")
        assert deflated.readline().startswith(b"x OK")


def test_compression_goes_on_after_silence(server: Server, alice: Account) -> None:
    """While a session idles the server forgets what it sent, but not what the client may refer to."""
    message = plain("much", "All work and no play makes Jack a dull boy.\r\n" * 2000)
    with imap(server, alice, "tls") as client:
        deflated = compress(client)
        good(client.create("Copies"))
        good(client.select("INBOX"))
        for number in range(1, 4):
            deflated.sendall(b"x IDLE\r\n")
            assert deflated.readline().startswith(b"+ ")
            receive(server, alice, message)
            assert deflated.readline() == b"* %d EXISTS\r\n" % number
            deflated.sendall(b"DONE\r\n")
            assert deflated.readline().startswith(b"x OK")
            assert len(imap_messages(client)) == number
            good(client.append("Copies", "", "", message))


def test_mutt_reads_compressed(server: Server, alice: Account, tmp_path: Path) -> None:
    message = plain("read by mutt", "One.\r\n.two\r\n")
    receive(server, alice, message)
    wait_for_messages(server, alice, 1)
    target = tmp_path / "piped.eml"
    neomutt(server, alice, tmp_path, "tls", keys=f"<pipe-message>cat > {target}<enter><exit>", program="mutt",
            settings="set imap_deflate=yes")
    added_headers(target.read_bytes().replace(b"\n", b"\r\n"), message)
    assert "imap.compressed" in server.log_text()
