"""Certificates by ACME (RFC 8555), from Pebble: first issue, renewal, and what goes wrong on the way."""

from __future__ import annotations

import email.utils
import http.server
import json
import os
import signal
import socket
import sqlite3
import ssl
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from clients import need
from conftest import give_back, make_server
from names import Names
from pebble import Pebble, wait_for
from server import Server, run
from test_http import get

HOST = "mx.example.test"
LIFE_SECONDS = 45
ANSWER_SECONDS_MAX = 60


class World:
    """A server that is not started yet, its CA and its name server."""

    def __init__(self, folder: Path, single: bool) -> None:
        self.server: Server = make_server(folder, single)
        self.server.prepare()
        self.names = Names({(name, "A"): ["127.0.0.1"] for name in ("ca.test", HOST)})
        self.pebble = Pebble(folder / "pebble", self.server.ports.http, self.server.ports.https, self.names.port)
        self.configure("acme.enabled = yes", "acme.terms_agreed = yes", "acme.email = hostmaster@example.test",
                       f"acme.directory = {self.pebble.directory}", f"acme.trusted_roots = {self.pebble.roots}",
                       f"dns.servers = 127.0.0.1@{self.names.port}", "dns.trust_anchors = none",
                       "outbound.allow_private = yes")

    @property
    def file(self) -> Path:
        return self.server.data / "tls" / "acme.pem"

    def configure(self, *lines: str) -> None:
        """The last line of a key counts."""
        with (self.server.data / "posthaste.conf").open("a") as config:
            config.write("\n" + "\n".join(lines) + "\n")

    def point(self, *names: str) -> None:
        self.names.records.update({(name, "A"): ["127.0.0.1"] for name in names})

    def forget(self, key: str) -> None:
        """Of what the store keeps of ACME, while no server runs."""
        with closing(sqlite3.connect(self.server.data / "store.db")) as store, store:
            (kept,) = store.execute("SELECT bytes FROM setting WHERE name = 'acme'").fetchone()
            document = {name: value for name, value in json.loads(kept).items() if name != key}
            store.execute("UPDATE setting SET bytes = ? WHERE name = 'acme'", (json.dumps(document).encode(),))

    def state(self) -> dict[str, Any]:
        return dict(self.server.listing("certificate", "status")["certificate"])

    def installed(self, seconds: float = 60) -> dict[str, Any]:
        """What is known once there is a certificate."""
        try:
            wait_for(lambda: self.file.exists() and self.state()["names"], seconds)
        except AssertionError:
            raise AssertionError(f"{self.state()}\n{self.server.log_text()[-3000:]}\n{self.pebble.said()[-3000:]}") \
                from None
        return self.state()

    def shown(self, port: str = "https") -> dict[str, Any]:
        """The certificate that clients see, which must lead to the CA's root."""
        context = ssl.create_default_context(cadata=self.pebble.issuing_root())
        address = ("127.0.0.1", getattr(self.server.ports, port))
        with socket.create_connection(address, timeout=ANSWER_SECONDS_MAX) as client, \
                context.wrap_socket(client, server_hostname=HOST) as tls:
            return dict(tls.getpeercert() or {})

    def first_shown(self, port: str = "https") -> dict[str, Any]:
        """The same, once the edges have it: they get it when it is known already."""
        return wait_for(lambda: try_shown(self, port))

    def close(self) -> None:
        give_back(self.server)
        self.pebble.stop()
        self.names.close()


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    need("pebble")
    with tempfile.TemporaryDirectory(prefix="posthaste-acme-") as folder:
        made = World(Path(folder), getattr(request, "param", "roles") == "single")
        yield made
        made.close()


def names_of(certificate: dict[str, Any]) -> set[str]:
    return {name for _, name in certificate["subjectAltName"]}


def nobody_is_shown_a_challenge(world: World) -> None:
    """No order is under way."""
    assert get(world.server, "/.well-known/acme-challenge/x")[0] == 404
    assert get(world.server, "/.well-known/acme-challenge/")[0] == 404
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["acme-tls/1"])
    address = ("127.0.0.1", world.server.ports.https)
    with socket.create_connection(address, timeout=ANSWER_SECONDS_MAX) as client, \
            pytest.raises(ssl.SSLError), context.wrap_socket(client, server_hostname=HOST):
        pass


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_certificate_comes_by_itself_and_every_port_shows_it(world: World, challenge: str) -> None:
    world.configure(f"acme.challenge = {challenge}")
    world.point("mta-sts.example.test", "autoconfig.example.test")
    world.names.records["autodiscover.example.test", "A"] = ["192.0.2.7"]
    world.pebble.start()
    world.server.start()
    state = world.installed()
    wanted = {HOST, "mta-sts.example.test", "autoconfig.example.test"}
    assert set(state["names"]) == wanted and state["account"] and not state["failures"]
    for port in ("https", "imaps", "submissions", "pop3s"):
        assert names_of(world.first_shown(port)) == wanted
    assert world.file.stat().st_mode & 0o777 == 0o600
    text = world.server.command("certificate", "status")
    assert HOST in text and "renewal" in text
    assert "PRIVATE KEY" not in text + world.server.command("status") + world.server.log_text()
    assert "certificate" in world.server.command("status")
    nobody_is_shown_a_challenge(world)


def test_it_is_used_again_after_a_restart_and_not_ordered_again(world: World) -> None:
    world.pebble.start()
    world.server.start()
    world.installed()
    before = world.first_shown()["serialNumber"]
    world.server.stop()
    world.server.start()
    assert world.first_shown()["serialNumber"] == before
    assert "not due" in str(world.server.listing("certificate", "order"))
    assert world.shown()["serialNumber"] == before


@pytest.mark.parametrize("world", ["single"], indirect=True)
def test_what_cannot_be_written_is_kept_and_not_ordered_again(world: World) -> None:
    """In one process, started by root, the server is the folder's owner, to whom tls/ does not belong."""
    if os.geteuid() != 0:
        pytest.skip("needs root: an ordinary user owns all of the folder")
    world.pebble.start()
    world.server.start()
    assert "cannot be written" in failure(world)["problem"] and not world.file.exists()
    world.server.stop()
    world.server.single = False
    world.server.start()
    assert world.server.listing("certificate", "order")["result"] == "issued"
    assert HOST in names_of(world.first_shown())
    assert world.pebble.said().count("POST /order-plz") == 1


def test_it_is_renewed_in_time_and_sessions_go_on(world: World) -> None:
    world.pebble.start(days=LIFE_SECONDS / 86400)
    world.server.start()
    world.installed()
    first = world.first_shown()["serialNumber"]
    with socket.create_connection(("127.0.0.1", world.server.ports.imap), timeout=120) as session:
        session.recv(1000)
        wait_for(lambda: (shown := try_shown(world, "https")) and shown["serialNumber"] != first, 2 * LIFE_SECONDS)
        session.sendall(b"a NOOP\r\n")
        assert b"a OK" in session.recv(1000)
    # The edge shows it before the store writes that.
    wait_for(lambda: world.server.log_text().count("acme.installed") >= 2)


def test_renew_orders_one_whatever_there_is(world: World) -> None:
    world.pebble.start()
    world.server.start()
    world.installed()
    first = world.first_shown()["serialNumber"]
    assert "a new certificate is installed" in world.server.command("certificate", "renew")
    wait_for(lambda: world.shown()["serialNumber"] != first)


def test_nonces_that_are_refused_are_replaced(world: World) -> None:
    # Of 15 requests for three names one at least is refused, and none twenty times: all but once in 20,000.
    world.point("mta-sts.example.test", "autoconfig.example.test")
    world.pebble.start(PEBBLE_WFE_NONCEREJECT="50")
    world.server.start()
    world.installed(120)
    assert "acme.nonce_refused" in world.server.log_text()


def test_a_new_domain_gets_on_it_when_it_leads_here(world: World) -> None:
    world.pebble.start()
    world.server.start()
    world.installed()
    world.point("mta-sts.other.test")
    world.server.command("domain", "add", "other.test")
    answer = world.server.listing("certificate", "order")
    assert answer["result"] == "issued" and "mta-sts.other.test" in answer["certificate"]["names"]


def failure(world: World) -> dict[str, Any]:
    wait_for(lambda: world.state()["failures"])
    return world.state()


def test_a_challenge_that_fails_is_told_with_what_to_do(world: World) -> None:
    """The name leads to an address where nobody answers."""
    world.configure("acme.names = mx.example.test, elsewhere.example.test")
    world.names.records["elsewhere.example.test", "A"] = ["127.0.0.9"]
    world.pebble.start()
    world.server.start()
    state = failure(world)
    assert "elsewhere.example.test" in state["problem"] and "port 80" in state["advice"]
    assert state["next_ms"] > state["tried_ms"] + 4 * 60 * 1000
    words = world.server.command("certificate", "status")
    assert state["advice"] in words and "failed" in words
    assert "see posthaste certificate status" in world.server.command("status")
    done = run("certificate", "order", "--data", world.server.data)
    assert done.returncode == 1 and "no new certificate" in done.stdout


def test_an_optional_name_that_fails_is_left_out_at_once(world: World) -> None:
    """It leads here by DNS as we see it, and nowhere by DNS as the CA does."""
    world.point("mta-sts.example.test")
    elsewhere = Names({(HOST, "A"): ["127.0.0.1"], ("mta-sts.example.test", "A"): ["127.0.0.9"]})
    world.pebble.names_port = elsewhere.port
    world.pebble.start()
    world.server.start()
    state = world.installed()
    assert state["names"] == [HOST] and not state["failures"]
    assert state["left_out"][0]["name"] == "mta-sts.example.test"
    assert "left out" in world.server.command("certificate", "status")
    elsewhere.close()


def test_a_name_stays_while_dns_does_not_answer(world: World) -> None:
    """What is on the certificate leaves it only when DNS says so; what is not there yet waits."""
    world.configure("dns.servers = 127.0.0.1@" + str(world.names.port))
    ours = world.names
    world.point("mta-sts.example.test")
    world.pebble.names_port = (cas := Names(dict(ours.records))).port
    world.pebble.start()
    world.server.start()
    assert set(world.installed()["names"]) == {HOST, "mta-sts.example.test"}
    ours.records.update({("mta-sts.example.test", "FAIL"): [], ("autoconfig.example.test", "FAIL"): []})
    world.server.stop()
    world.server.start()
    answer = world.server.listing("certificate", "renew")
    assert answer["result"] == "issued" and set(answer["certificate"]["names"]) == {HOST, "mta-sts.example.test"}
    assert "acme.name_not_known" in world.server.log_text()
    for name in ("mta-sts.example.test", "autoconfig.example.test"):
        del ours.records[(name, "FAIL")]
    ours.records[("mta-sts.example.test", "A")] = ["192.0.2.7"]
    world.server.stop()
    world.server.start()
    assert world.server.listing("certificate", "renew")["certificate"]["names"] == [HOST]
    cas.close()


def test_another_contact_is_told_the_ca(world: World) -> None:
    world.pebble.start()
    world.server.start()
    world.installed()
    assert "POST /my-account/" not in world.pebble.said()
    world.configure("acme.email = other@example.test")
    world.server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "POST /my-account/" in world.pebble.said())
    assert "not due" in str(world.server.listing("certificate", "order"))
    assert world.pebble.said().count("POST /my-account/") == 1 and not world.state()["failures"]


@contextmanager
def renewal_info(world: World, start: float, end: float) -> Iterator[list[str]]:
    """A directory that offers RFC 9773 beside what Pebble's has, and a window from now, in seconds."""
    asked: list[str] = []
    context = ssl.create_default_context(cafile=str(world.pebble.roots))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                         urllib.request.HTTPSHandler(context=context))

    def moment(seconds: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            if self.path == "/dir":
                wanted = urllib.request.Request(f"https://localhost:{world.pebble.port}/dir",
                                                headers={"Host": f"ca.test:{world.pebble.port}"})
                with opener.open(wanted, timeout=ANSWER_SECONDS_MAX) as answer:
                    body = {**json.load(answer), "renewalInfo": f"https://ca.test:{server.server_address[1]}/renewal"}
            else:
                asked.append(self.path)
                body = {"suggestedWindow": {"start": moment(start), "end": moment(end)}}
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Retry-After", "21600")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_words: object) -> None:
            pass

    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(world.pebble.certificate / "cert.pem", world.pebble.certificate / "key.pem")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = own.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        world.configure(f"acme.directory = https://ca.test:{server.server_address[1]}/dir")
        yield asked
        server.shutdown()


def test_the_ca_says_when_it_wants_it_renewed(world: World) -> None:
    """By a directory that offers renewalInfo; the first look comes an hour after the certificate."""
    world.pebble.start()
    with renewal_info(world, -7200, -3600) as asked:
        world.server.start()
        before = world.installed()
        first = world.first_shown()["serialNumber"]
        assert not asked
        world.server.stop()
        world.forget("window_look_ms")
        world.server.start()
        assert world.server.listing("certificate", "order")["result"] == "issued"
        assert len(asked) == 1 and "." in asked[0]
        wait_for(lambda: world.shown()["serialNumber"] != first)
        assert world.state()["renew_ms"] > before["renew_ms"] - 86_400_000 * 40


def test_while_the_ca_is_down_the_old_certificate_stays(world: World) -> None:
    world.pebble.start()
    world.server.start()
    world.installed()
    root = world.pebble.issuing_root()
    world.pebble.stop()
    done = run("certificate", "renew", "--data", world.server.data)
    assert done.returncode == 1 and "no connection" in done.stdout, done
    assert "the one that was there stays" in done.stdout
    context = ssl.create_default_context(cadata=root)
    address = ("127.0.0.1", world.server.ports.imaps)
    with socket.create_connection(address, timeout=ANSWER_SECONDS_MAX) as client, \
            context.wrap_socket(client, server_hostname=HOST):
        pass
    assert world.state()["failures"] == 1 and world.state()["names"] == [HOST]
    # Another CA at the same place, which does not know our account.
    world.pebble.start()
    assert "a new certificate is installed" in world.server.command("certificate", "renew")
    assert world.state()["failures"] == 0


@contextmanager
def busy_ca(world: World, retry_after: str) -> Iterator[None]:
    """Whoever asks it is told to come again later."""
    body = b'{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many orders of example.test"}'

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            self.send_response(429)
            self.send_header("Retry-After", retry_after)
            self.send_header("Content-Type", "application/problem+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(world.pebble.certificate / "cert.pem", world.pebble.certificate / "key.pem")
    with http.server.ThreadingHTTPServer(("127.0.0.1", world.pebble.port), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@pytest.mark.parametrize("how", ["seconds", "date"])
def test_a_ca_that_has_enough_is_not_asked_before_it_allows(world: World, how: str) -> None:
    hours = 30
    until = email.utils.formatdate(time.time() + hours * 3600, usegmt=True)
    with busy_ca(world, str(hours * 3600) if how == "seconds" else until):
        world.server.start()
        state = failure(world)
    assert "too many orders" in state["problem"] and "tried again when the CA allows it" in state["advice"]
    assert abs((state["next_ms"] - state["tried_ms"]) / 3_600_000 - hours) < 0.1


def test_without_the_terms_nothing_is_asked_for(world: World) -> None:
    world.configure("acme.terms_agreed = no")
    world.pebble.start()
    world.server.start()
    state = failure(world)
    assert "terms" in state["problem"] and "acme.terms_agreed = yes" in state["advice"]
    assert not state["account"] and not world.file.exists()


def test_what_is_not_enabled_asks_nobody(fresh: Server) -> None:
    fresh.start()
    assert fresh.listing("certificate", "status")["certificate"]["enabled"] is False
    done = run("certificate", "order", "--data", fresh.data)
    assert done.returncode == 1 and "acme.enabled" in done.stderr
    assert "acme" not in fresh.log_text()


def test_a_file_that_is_damaged_is_replaced_and_the_owners_own_serves_meanwhile(world: World) -> None:
    world.pebble.start()
    world.server.start()
    world.installed()
    world.server.stop()
    world.file.write_text("nothing of use\n")
    world.server.start()
    wait_for(lambda: "BEGIN CERTIFICATE" in world.file.read_text())
    assert HOST in names_of(world.first_shown())
    assert "acme.not_used" in world.server.log_text()


def try_shown(world: World, port: str) -> dict[str, Any] | None:
    try:
        return world.shown(port)
    except ssl.SSLError:
        return None


def test_a_store_that_is_killed_in_the_middle_loses_no_key(world: World) -> None:
    world.pebble.start(PEBBLE_VA_NOSLEEP="", PEBBLE_VA_SLEEPTIME="3")
    world.server.start()
    wait_for(lambda: "attempting to validate" in world.pebble.said().lower()
             or "Pulled a task" in world.pebble.said())
    os.kill(world.server.role_pid("store"), signal.SIGKILL)
    wait_for(lambda: len(world.server.role_pids()) >= 4)
    wait_for(lambda: run("certificate", "order", "--data", world.server.data).returncode == 0, 90, 1)
    assert HOST in names_of(world.first_shown())
