"""Mail through other hosts: routes on the command line, and what a test of one says."""

from __future__ import annotations

import json
import smtplib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peer import until
from server import Server, run
from smarthost import Smarthost, make_certificate

SECRET = "open sesame"
SECONDS_MAX = 60
# Of closed_port().
HELD: list[socket.socket] = []


@pytest.fixture(scope="module")
def certificates() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="posthaste-route-") as folder:
        make_certificate(Path(folder), "localhost")
        make_certificate(Path(folder), "other.test")
        yield Path(folder)


def pair(certificates: Path, name: str) -> tuple[Path, Path]:
    return certificates / f"{name}.pem", certificates / f"{name}.key"


@pytest.fixture(scope="module")
def routed(certificates: Path) -> Iterator[Server]:
    """A server that trusts our authorities, and asks nobody for names."""
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder:
        Path(folder).chmod(0o755)
        server = Server(Path(folder))
        server.prepare()
        roots = server.data / "tls" / "roots.pem"
        roots.write_text("".join((certificates / f"{name}.pem").read_text() for name in ("localhost", "other.test")))
        with (server.data / "posthaste.conf").open("a") as conf:
            conf.write("outbound.trusted_roots = tls/roots.pem\n"
                       f"outbound.allow_private = yes\ndns.servers = 127.0.0.1@{closed_port(socket.SOCK_DGRAM)}\n")
        server.start()
        yield server
        server.stop()
        assert SECRET not in server.log_text()
        assert not server.reports(), server.log_text()[-6000:]


def closed_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Where nobody listens, nor anybody else comes to: it stays bound."""
    holder = socket.socket(type=kind)
    holder.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_DGRAM:
        # It hears nobody but itself: all others are told that nobody is there.
        holder.connect(holder.getsockname())
    HELD.append(holder)
    return int(holder.getsockname()[1])


@pytest.fixture
def smarthost(certificates: Path) -> Iterator[Smarthost]:
    host = Smarthost(pair(certificates, "localhost"), password=SECRET)
    yield host
    host.close()


def add(server: Server, name: str, *options: str, password: str = SECRET) -> None:
    server.command("route", "add", name, *options, "--password-stdin", text=password + "\n")


def test_of(server: Server, name: str, *options: str) -> tuple[int, dict[str, Any]]:
    done = run("route", "test", name, *options, "--data", server.data, "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


test_of.__test__ = False  # type: ignore[attr-defined]


def words_of(tested: dict[str, Any]) -> str:
    return "\n".join(step["text"] for step in tested["steps"])


def failing_step(server: Server, name: str) -> dict[str, Any]:
    """The step at which a test fails, as its exit status says, too; it says what to do."""
    status, tested = test_of(server, name)
    assert status == 1 and not tested["works"], tested
    step = next(step for step in tested["steps"] if not step["good"])
    assert len(step["advice"]) > 20, tested
    return step


# ---- the list ----

def test_a_route_is_listed_as_it_was_made_but_for_its_password(routed: Server) -> None:
    add(routed, "listed", "--host", "a.example.test:2525,[2001:db8::1],b.example.test", "--for-recipient",
        "*.B\u00fccher.test", "--user", "apikey", "--ordering", "7")
    try:
        shown = routed.listing("route", "show", "listed")["route"]
        listed = [route for route in routed.listing("route", "list")["routes"] if route["name"] == "listed"]
        assert listed == [shown]
        assert shown == {"name": "listed", "enabled": True, "for": "recipient", "value": "*.xn--bcher-kva.test",
                         "ordering": 7, "tls": "verified", "user": "apikey",
                         "hosts": [{"host": "a.example.test", "port": 2525, "preference": 10, "weight": 0},
                                   {"host": "2001:db8::1", "port": 587, "preference": 20, "weight": 0},
                                   {"host": "b.example.test", "port": 587, "preference": 30, "weight": 0}]}
        routed.command("route", "disable", "listed")
        words = routed.command("route", "list")
        assert "listed" in words and "disabled" in words and "[2001:db8::1]:587" in words
        assert SECRET not in words + json.dumps(shown)
        routed.command("route", "enable", "listed")
        assert routed.listing("route", "show", "listed")["route"]["enabled"]
    finally:
        routed.command("route", "remove", "listed")
    done = run("route", "show", "listed", "--data", routed.data)
    assert done.returncode == 1 and "is not a route" in done.stderr


@pytest.mark.parametrize(("preset", "user", "host", "expected_user"), [
    ("sendgrid", None, "smtp.sendgrid.net", "apikey"),
    ("mailgun", "postmaster@mg.example.test", "smtp.mailgun.org", "postmaster@mg.example.test"),
    ("ses-eu-west-1", "AKIAEXAMPLE", "email-smtp.eu-west-1.amazonaws.com", "AKIAEXAMPLE"),
    ("postmark", None, "smtp.postmarkapp.com", SECRET),
])
def test_a_preset_needs_only_the_key(routed: Server, preset: str, user: str | None, host: str,
                                     expected_user: str) -> None:
    options = ["--user", user] if user else []
    routed.command("route", "add", "p", "--preset", preset, *options, "--key-stdin", "--for-stream", "bulk",
                   text=SECRET + "\n")
    route = routed.listing("route", "show", "p")["route"]
    routed.command("route", "remove", "p")
    assert (route["hosts"][0]["host"], route["hosts"][0]["port"], route["user"]) == (host, 587, expected_user)
    assert (route["tls"], route["for"], route["value"]) == ("verified", "stream", "bulk")


@pytest.mark.parametrize(("options", "said"), [
    (["--host", "h.test"], "say what it is for"),
    (["--host", "h.test", "--for-all", "--for-mx", "x.test"], "say what it is for"),
    (["--host", "h.test:0", "--for-all"], "is not HOST[:PORT]"),
    (["--host", "h.test,", "--for-all"], "is not HOST[:PORT]"),
    (["--for-all"], "--host or --preset is missing"),
    (["--host", "h.test", "--for-all", "--tls", "maybe"], "--tls is verified"),
    (["--host", "h.test", "--for-stream", "junk"], "a stream is"),
    (["--host", "h.test", "--for-recipient", "a b"], "is no domain"),
    (["--preset", "nobody", "--for-all"], "no preset 'nobody'"),
    (["--preset", "ses-../evil", "--for-all"], "no preset"),
    (["--preset", "gmail", "--for-all"], "app password"),
    (["--host", "h.test", "--for-all", "--tls", "never", "--user", "u", "--password-stdin"], "in the clear"),
])
def test_what_cannot_be_is_said(routed: Server, options: list[str], said: str) -> None:
    done = run("route", "add", "wrong", *options, "--data", routed.data, text=SECRET + "\n")
    assert done.returncode in (1, 2) and said in done.stderr, done.stderr
    assert SECRET not in done.stdout + done.stderr


# ---- a test of a route ----

def test_a_route_that_works_says_each_step_and_sends_a_message(routed: Server, smarthost: Smarthost) -> None:
    add(routed, "good", "--host", f"localhost:{smarthost.port}", "--for-mx", "a.test", "--user", "apikey")
    try:
        status, tested = test_of(routed, "good", "--to", "dora@elsewhere.test")
        assert status == 0 and tested["works"], tested
        assert tested["signing"] == {"sender": "postmaster@example.test", "known": True, "domain": "example.test",
                                     "selectors": ["ph1-rsa", "ph1-ed25519"]}
        words = words_of(tested)
        for expected in ("connected to 127.0.0.1", "greeting: 220", "TLS: TLSv1.3", "certificate is for localhost",
                         "AUTH: 235", "RCPT TO: 250", "end of data: 250", "QUIT: 221"):
            assert expected in words, words
        assert SECRET not in json.dumps(tested)
        assert [(message.user, message.mail_from, message.recipients) for message in smarthost.messages] == \
            [("apikey", "postmaster@example.test", ["dora@elsewhere.test"])]
        assert "Test of the route good" in smarthost.messages[0].content
        said = routed.command("route", "test", "good")
        assert "The route works." in said and "signed" not in said and len(smarthost.messages) == 1
        said = routed.command("route", "test", "good", "--to", "dora@elsewhere.test", "--from", "ann@example.test")
        assert "Mail from ann@example.test leaves signed (DKIM) by example.test, selectors ph1-rsa and" in said
        said = routed.command("route", "test", "good", "--to", "dora@elsewhere.test", "--from", "x@other.test")
        assert "Mail from x@other.test leaves without a DKIM signature" in said
    finally:
        routed.command("route", "remove", "good")


def test_a_wrong_password_is_told_as_that_and_a_new_one_helps(routed: Server, smarthost: Smarthost) -> None:
    add(routed, "keyed", "--host", f"localhost:{smarthost.port}", "--for-mx", "a.test", "--user", "apikey",
        password="wrong")
    try:
        step = failing_step(routed, "keyed")
        assert "535" in step["text"] and "password are wrong" in step["advice"]
        routed.command("route", "password", "keyed", "--password-stdin", text=SECRET + "\n")
        assert test_of(routed, "keyed")[1]["works"]
        assert smarthost.logins == [("apikey", "wrong"), ("apikey", SECRET)]
    finally:
        routed.command("route", "remove", "keyed")


def test_what_stands_in_the_way_is_told(routed: Server, certificates: Path) -> None:
    plain = Smarthost()
    other = Smarthost(pair(certificates, "other.test"))
    starttls = Smarthost(pair(certificates, "localhost"))
    cases = {
        "refused": (f"127.0.0.1:{closed_port()}", [], "refuses connections", "Nothing listens there"),
        "unnamed": ("no-such-host.test:25", [], "DNS gives no answer", "dns.servers"),
        "untls": (f"localhost:{plain.port}", [], "offers no TLS", "587"),
        "mismatch": (f"localhost:{other.port}", [], "not acceptable for localhost: ", "--tls required"),
        "loginless": (f"localhost:{starttls.port}", ["--tls", "implicit"], "TLS handshake failed", "STARTTLS"),
    }
    for name, (host, options, text, advice) in cases.items():
        routed.command("route", "add", name, "--host", host, "--for-mx", "a.test", *options)
        try:
            step = failing_step(routed, name)
            assert text in step["text"] and advice in step["advice"], (name, step)
        finally:
            routed.command("route", "remove", name)
    for host in (plain, other, starttls):
        host.close()


def test_tls_from_the_first_byte(routed: Server, certificates: Path) -> None:
    host = Smarthost(pair(certificates, "localhost"), is_implicit=True, password=SECRET)
    add(routed, "implicit", "--host", f"localhost:{host.port}", "--for-mx", "a.test", "--tls", "implicit", "--user",
        "apikey")
    try:
        _, tested = test_of(routed, "implicit")
        assert tested["works"] and "AUTH: 235" in words_of(tested), tested
    finally:
        routed.command("route", "remove", "implicit")
        host.close()


def test_only_a_running_server_tests_routes(fresh: Server) -> None:
    fresh.command("route", "add", "r", "--host", "127.0.0.1:9", "--for-all", "--tls", "never")
    done = run("route", "test", "r", "--data", fresh.data)
    assert done.returncode == 1 and "no server runs" in done.stderr


# ---- mail ----

def submit(server: Server, sender: Any, recipient: str, subject: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports.submission, timeout=30) as client:
        client.starttls()
        client.login(sender.address, sender.password)
        client.sendmail(sender.address, [recipient], f"Subject: {subject}\r\n\r\nhello\r\n")


def test_mail_takes_its_route_and_waits_for_it(routed: Server, smarthost: Smarthost) -> None:
    """First the route leads to where nobody listens: the mail waits. Then a route with the right host is
    made, and what waits goes there."""
    sender = routed.new_account("sender")
    routed.command("route", "add", "away", "--host", f"127.0.0.1:{closed_port()}", "--for-all", "--tls", "never")
    try:
        submit(routed, sender, "dora@elsewhere.test", "first")
        until(lambda: "unreachable" in routed.log_text(), SECONDS_MAX, lambda: routed.log_text()[-3000:])
        assert "\nroute away " in "\n" + routed.command("queue", "list")
        add(routed, "right", "--host", f"127.0.0.1:{smarthost.port}", "--for-recipient", "elsewhere.test", "--tls",
            "required", "--user", "apikey")
        until(lambda: bool(smarthost.messages), SECONDS_MAX, lambda: routed.log_text()[-3000:])
        assert [message.recipients for message in smarthost.messages] == [["dora@elsewhere.test"]]
        assert "Subject: first" in smarthost.messages[0].content and smarthost.messages[0].user == "apikey"
    finally:
        routed.command("route", "remove", "away")
        routed.command("route", "remove", "right")
