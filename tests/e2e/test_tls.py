"""What TLS the ports speak: the versions, and the protocol's name (ALPN)."""

from __future__ import annotations

import socket
import ssl
import subprocess
import warnings

import pytest

from clients import need
from mail import HOST
from server import Server

pytestmark = pytest.mark.modes("roles")
PORTS = (("imaps", "imap"), ("pop3s", "pop3"), ("submissions", "smtp"))


def client_context(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(server.certificate))
    context.check_hostname = False
    return context


def shake(server: Server, service: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    connection = socket.create_connection((HOST, getattr(server.ports, service)), timeout=20)
    return context.wrap_socket(connection)


@pytest.mark.parametrize("service,protocol", PORTS)
def test_the_protocols_own_name_is_chosen(server: Server, service: str, protocol: str) -> None:
    context = client_context(server)
    context.set_alpn_protocols(["http/1.1", protocol])
    with shake(server, service, context) as connection:
        assert connection.selected_alpn_protocol() == protocol
        assert connection.recv(200)


@pytest.mark.parametrize("service,protocol", PORTS)
def test_a_client_of_another_protocol_is_refused(server: Server, service: str, protocol: str) -> None:
    context = client_context(server)
    context.set_alpn_protocols(["http/1.1"])
    with pytest.raises(ssl.SSLError):
        shake(server, service, context)


@pytest.mark.parametrize("version,is_served", [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
                                               (ssl.TLSVersion.TLSv1_3, True)])
def test_tls_is_1_2_at_least(server: Server, version: ssl.TLSVersion, is_served: bool) -> None:
    context = client_context(server)
    # What this client would not speak either, if it were not told to.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    if is_served:
        with shake(server, "imaps", context) as connection:
            assert connection.recv(200).startswith(b"* OK ")
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake(server, "imaps", context)


@pytest.mark.parametrize("service,greeting", [("imaps", "* OK"), ("pop3s", "+OK"), ("submissions", "220 ")])
def test_nobody_renegotiates(server: Server, service: str, greeting: str) -> None:
    """In TLS 1.2, which has it: openssl s_client asks for it where it reads "R"."""
    process = subprocess.Popen([need("openssl"), "s_client", "-connect", f"{HOST}:{getattr(server.ports, service)}",
                                "-tls1_2", "-quiet", "-no_ign_eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    while not (line := process.stdout.readline()).startswith(greeting):
        assert line, "it ended before the greeting"
    said, _ = process.communicate("R\n", timeout=30)
    assert "RENEGOTIATING" in said and "no renegotiation" in said, said
