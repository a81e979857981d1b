"""What mail programs ask to set themselves up: autoconfig, Autodiscover, profiles of Apple's systems."""

from __future__ import annotations

import plistlib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from xml.sax.saxutils import escape

import pytest
from mail import imap
from server import Account, Server
from test_http import get, raw, statuses

OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
REQUEST = ('<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/'
           'autodiscover/outlook/requestschema/2006"><Request><EMailAddress>{address}</EMailAddress>'
           "<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>")
HOST = "mx.example.test"


def host_field(name: str) -> tuple[str, str]:
    return "-H", f"Host: {name}"


def servers_of(body: str) -> Iterator[dict[str, str]]:
    for element in ElementTree.fromstring(body).iter():
        if element.tag in ("incomingServer", "outgoingServer"):
            yield {"way": element.tag, "type": element.attrib["type"],
                   **{child.tag: child.text or "" for child in element}}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("asked", [
    ("/mail/config-v1.1.xml?emailaddress=alice%40example.test", "localhost"),
    ("/mail/config-v1.1.xml", "autoconfig.example.test"),
    ("/.well-known/autoconfig/mail/config-v1.1.xml", "example.test"),
    ("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=x@EXAMPLE.test", "autoconfig.other.test"),
])
def test_autoconfig_names_every_port(server: Server, asked: tuple[str, str], scheme: str) -> None:
    path, host = asked
    status, fields, body = get(server, path, *host_field(host), scheme=scheme)
    assert status == 200 and fields["content-type"].startswith("text/xml")
    rows = list(servers_of(body))
    assert [(row["type"], row["socketType"], int(row["port"])) for row in rows] == [
        ("imap", "SSL", server.ports.imaps), ("imap", "STARTTLS", server.ports.imap),
        ("pop3", "SSL", server.ports.pop3s), ("pop3", "STARTTLS", server.ports.pop3),
        ("smtp", "SSL", server.ports.submissions), ("smtp", "STARTTLS", server.ports.submission)]
    assert {(row["hostname"], row["username"], row["authentication"]) for row in rows} == {
        (HOST, "%EMAILADDRESS%", "password-cleartext")}
    provider = ElementTree.fromstring(body).find("emailProvider")
    assert provider is not None and provider.findtext("domain", "").lower() == "example.test"


@pytest.mark.parametrize("asked", [
    ("/mail/config-v1.1.xml", "autoconfig.elsewhere.test"), ("/mail/config-v1.1.xml?emailaddress=a@elsewhere.test",
                                                            "autoconfig.elsewhere.test"),
    ("/mail/config-v1.1.xml?emailaddress=%00@example.test", "localhost"), ("/mail/config-v1.1.xml", "127.0.0.1"),
])
def test_of_other_domains_nothing_is_said(server: Server, asked: tuple[str, str]) -> None:
    assert get(server, asked[0], *host_field(asked[1]))[0] == 404


def discover(server: Server, body: str, *more: str, path: str = "/autodiscover/autodiscover.xml") -> tuple[int, str]:
    status, _, answer = get(server, path, "-H", "Content-Type: text/xml", "--data-binary", body, *more,
                            scheme="https")
    return status, answer


def protocols_of(body: str) -> dict[str, dict[str, str]]:
    found = {}
    for element in ElementTree.fromstring(body).iter(f"{{{OUTLOOK}}}Protocol"):
        row = {child.tag.split("}")[1]: child.text or "" for child in element}
        found[row["Type"]] = row
    return found


@pytest.mark.parametrize("path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml",
                                  "/AUTODISCOVER/AUTODISCOVER.XML"])
def test_autodiscover_names_the_ports_with_tls(server: Server, path: str) -> None:
    status, body = discover(server, REQUEST.format(address="alice@example.test", schema=OUTLOOK), path=path)
    rows = protocols_of(body)
    assert status == 200 and {kind: int(row["Port"]) for kind, row in rows.items()} == {
        "IMAP": server.ports.imaps, "POP3": server.ports.pop3s, "SMTP": server.ports.submissions}
    for row in rows.values():
        assert (row["Server"], row["LoginName"], row["SSL"], row["SPA"]) == (HOST, "alice@example.test", "on", "off")


def test_autodiscover_takes_chunks_and_sends_100(server: Server) -> None:
    body = REQUEST.format(address="alice@example.test", schema=OUTLOOK)
    assert "IMAP" in protocols_of(discover(server, body, "-H", "Transfer-Encoding: chunked")[1])
    done = get(server, "/autodiscover/autodiscover.xml", "-H", "Expect: 100-continue", "--data-binary", body,
               "--expect100-timeout", "20", scheme="https")
    assert done[0] == 100 and "LoginName" in done[2]


def test_what_is_no_request_for_settings_gets_an_error(server: Server) -> None:
    for body in ("", "<", "not XML", REQUEST.format(address="", schema=OUTLOOK),
                 REQUEST.format(address="alice@example.test", schema="http://schemas.microsoft.com/mobilesync"),
                 '<!DOCTYPE x [<!ENTITY a "b">]>' + REQUEST.format(address="alice@example.test", schema=OUTLOOK)):
        status, answer = discover(server, body)
        assert status == 200 and "<ErrorCode>600</ErrorCode>" in answer, body
        ElementTree.fromstring(answer)
    status, answer = discover(server, REQUEST.format(address="a@elsewhere.test", schema=OUTLOOK))
    assert "<ErrorCode>500</ErrorCode>" in answer and "elsewhere" not in answer


def test_autodiscover_in_clear_text_leads_to_https_and_too_much_is_refused(server: Server) -> None:
    status, fields, _ = get(server, "/autodiscover/autodiscover.xml", *host_field("autodiscover.example.test"))
    assert status == 302
    assert fields["location"] == f"https://autodiscover.example.test:{server.ports.https}/autodiscover/autodiscover.xml"
    assert discover(server, "x" * 20000)[0] == 413
    assert discover(server, "x" * 20000, "-H", "Transfer-Encoding: chunked")[0] == 400
    post = b"POST /mail/config-v1.1.xml HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert statuses(raw(server, post)) == [405]


def test_a_profile_is_one_account_that_logs_in(server: Server, alice: Account) -> None:
    address = alice.address
    status, fields, body = get(server, f"/mail.mobileconfig?address={address.replace('@', '%40')}", scheme="https")
    assert status == 200 and fields["content-type"].startswith("application/x-apple-aspen-config")
    assert "attachment" in fields["content-disposition"]
    profile = plistlib.loads(body.encode())
    (mail,) = profile["PayloadContent"]
    assert (profile["PayloadType"], mail["PayloadType"]) == ("Configuration", "com.apple.mail.managed")
    assert mail["EmailAddress"] == mail["IncomingMailServerUsername"] == mail["OutgoingMailServerUsername"] == address
    assert mail["IncomingMailServerHostName"] == mail["OutgoingMailServerHostName"] == HOST
    assert mail["IncomingMailServerPortNumber"] == server.ports.imaps and mail["IncomingMailServerUseSSL"]
    assert mail["OutgoingMailServerPortNumber"] == server.ports.submissions and mail["OutgoingMailServerUseSSL"]
    assert profile["PayloadUUID"] != mail["PayloadUUID"] and mail["EmailAccountType"] == "EmailTypeIMAP"
    again = get(server, f"/mail.mobileconfig?x=y&address={address}", scheme="https")[2]
    assert again == body
    with imap(server, alice):
        pass


def test_a_profile_in_clear_text_or_of_nobody_is_not_given(server: Server) -> None:
    assert get(server, "/mail.mobileconfig?address=a@example.test")[0] == 308
    assert get(server, "/mail.mobileconfig", scheme="https")[0] == 400
    assert get(server, "/mail.mobileconfig?address=a%22%3Cb@example.test", scheme="https")[0] == 400
    assert get(server, "/mail.mobileconfig?address=a@elsewhere.test", scheme="https")[0] == 404
    odd = "o'brien&co@example.test"
    assert escape(odd) not in get(server, "/mail.mobileconfig?address=o%27brien%26co@example.test", scheme="https")[2]
