"""What the server must refuse: strangers' mail to elsewhere, unknown users, wrong passwords, false senders."""

from __future__ import annotations

import imaplib
import poplib
import re
import smtplib

import pytest

from mail import HOST, SENDER, imap, pop3, send, smtp
from messages import plain
from server import Account, Server

ELSEWHERE = ["user@elsewhere.test", "user%elsewhere.test@{domain}", "elsewhere.test!user",
             "@{domain}:user@elsewhere.test", '"user@elsewhere.test"@{domain}', "user@elsewhere.test@{domain}",
             "user@[127.0.0.1]"]


@pytest.mark.parametrize("sender", [SENDER, ""])
@pytest.mark.parametrize("recipient", ELSEWHERE)
def test_port_25_relays_for_nobody(server: Server, recipient: str, sender: str) -> None:
    with smtp(server) as client:
        client.mail(sender)
        code, words = client.docmd("RCPT", f"TO:<{recipient.format(domain=server.domain)}>")
    assert 500 <= code < 560, (code, words)


def test_an_unknown_user_is_refused_at_rcpt(server: Server, alice: Account) -> None:
    with smtp(server) as client:
        client.mail(SENDER)
        code, words = client.rcpt("nobody-" + alice.address)
        assert (code, words[:5]) == (550, b"5.1.1")
        assert client.rcpt(alice.address)[0] == 250


def test_mail_to_elsewhere_is_queued(server: Server, alice: Account) -> None:
    with smtp(server, "submissions", "tls", alice) as client:
        send(client, alice.address, ["user@elsewhere.test"], plain("for another host"))
    assert re.search(r"queue\.accepted .*recipients=1", server.log_text())
    assert re.search(r"queue +\d+ recipients? at other hosts waiting, \d+ held", server.command("status"))


def test_submission_wants_a_login(server: Server, alice: Account) -> None:
    for service, security in (("submission", "starttls"), ("submissions", "tls")):
        with smtp(server, service, security) as client:
            assert client.mail(alice.address)[0] == 530


def test_a_user_cannot_send_as_another(server: Server, alice: Account, bob: Account) -> None:
    with smtp(server, "submissions", "tls", alice) as client:
        with pytest.raises(smtplib.SMTPException) as refusal:
            send(client, bob.address, [alice.address], plain())
    assert "553" in str(refusal.value)


def test_port_25_offers_no_login(server: Server) -> None:
    with smtp(server, "smtp", "starttls") as client:
        assert not client.has_extn("auth")


def test_unknown_user_and_wrong_password_look_the_same(server: Server, alice: Account) -> None:
    answers = []
    for address in (alice.address, "nobody@" + server.domain):
        client = imaplib.IMAP4(HOST, server.ports.imap)
        with pytest.raises(imaplib.IMAP4.error) as refusal:
            client.login(address, "wrong")
        answers.append(str(refusal.value))
        client.shutdown()
    assert answers[0] == answers[1] and "AUTHENTICATIONFAILED" in answers[0]


def test_pop3_refuses_a_wrong_password(server: Server, alice: Account) -> None:
    with pytest.raises(poplib.error_proto, match="-ERR"):
        with pop3(server, Account(alice.address, "wrong")):
            pass


def test_users_see_only_their_own_mail(server: Server, alice: Account, bob: Account) -> None:
    with smtp(server) as client:
        send(client, SENDER, [alice.address], plain("for alice only"))
    with imap(server, bob) as client:
        assert client.uid("SEARCH", "ALL") == ("OK", [b""])


def test_a_login_name_is_data(server: Server) -> None:
    for name in ("%{x}", "'", "*)(", "' OR 1=1 --", "../../etc/passwd"):
        client = imaplib.IMAP4(HOST, server.ports.imap)
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login(f'"{name}"', "x")
        client.shutdown()
