"""Who may relay: domains that mail is passed on for, aliases that lead elsewhere, networks that may send."""

from __future__ import annotations

import json
import signal
import socketserver
import threading
import time

from mail import SENDER, imap, imap_messages, send, smtp, wait_for_messages
from messages import plain
from names import Names
from peer import free_port
from server import Server

SECONDS_MAX = 60


def answer(server: Server, recipient: str) -> tuple[int, bytes]:
    with smtp(server) as client:
        client.mail(SENDER)
        return client.rcpt(recipient)


def reload(server: Server, line: str) -> None:
    with (server.data / "posthaste.conf").open("a") as text:
        text.write(f"\n{line}\n")
    assert server.process
    server.process.send_signal(signal.SIGHUP)


def wait_for_answer(server: Server, recipient: str, code: int) -> bytes:
    deadline = time.monotonic() + SECONDS_MAX
    while (got := answer(server, recipient))[0] != code:
        assert time.monotonic() < deadline, got
        time.sleep(0.1)
    return got[1]


def test_a_relay_domain_takes_mail_for_anybody_there(fresh: Server) -> None:
    fresh.start()
    assert answer(fresh, "anybody@relayed.test")[0] == 550
    fresh.command("domain", "add", "relayed.test", "--relay")
    assert answer(fresh, "anybody@relayed.test")[0] == 250
    assert answer(fresh, "anybody@sub.relayed.test")[0] == 550
    domains = json.loads(fresh.command("domain", "list", "--json"))["domains"]
    assert {domain["name"]: domain["relay"] for domain in domains} == {fresh.domain: False, "relayed.test": True}
    assert "relayed.test  0 accounts, the rest is passed on" in fresh.command("domain", "list")
    fresh.command("domain", "remove", "relayed.test")
    assert answer(fresh, "anybody@relayed.test")[0] == 550


def test_aliases_and_catch_alls_lead_elsewhere(fresh: Server) -> None:
    fresh.start()
    fresh.command("alias", "add", f"out@{fresh.domain}", "somebody@far.test")
    assert answer(fresh, f"out@{fresh.domain}")[0] == 250
    assert answer(fresh, f"other@{fresh.domain}")[0] == 550
    fresh.command("alias", "add", f"@{fresh.domain}", "all@far.test")
    assert answer(fresh, f"other@{fresh.domain}")[0] == 250
    assert answer(fresh, f"SRS0=aaaaaaaa=ab=far.test=x@{fresh.domain}")[0] == 550


def test_relay_networks_send_to_anybody_after_a_reload(fresh: Server) -> None:
    fresh.start()
    assert answer(fresh, "user@elsewhere.test")[0] == 550
    reload(fresh, "relay.networks = 127.0.0.0/8")
    wait_for_answer(fresh, "user@elsewhere.test", 250)
    reload(fresh, "relay.networks = 192.0.2.0/24")
    assert b"Relaying denied" in wait_for_answer(fresh, "user@elsewhere.test", 550)


def test_strangers_are_put_off_where_that_is_asked_for(fresh: Server) -> None:
    alice = fresh.new_account("alice")
    fresh.start()
    assert answer(fresh, alice.address)[0] == 250
    reload(fresh, "greylist.enabled = yes")
    assert b"4.7.1" in wait_for_answer(fresh, alice.address, 451)
    reload(fresh, "relay.networks = 127.0.0.0/8")
    wait_for_answer(fresh, alice.address, 250)


class Primary(socketserver.StreamRequestHandler):
    """The domain's own host: knows ann, and sees no message."""

    def handle(self) -> None:
        answers = {"EHLO": "250 primary.test", "MAIL": "250 ok", "QUIT": "221 bye"}
        self.say("220 primary.test")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(line)  # type: ignore[attr-defined]
            known = "250 ok" if line == "RCPT TO:<ann@relayed.test>" else "550 5.1.1 who is that?"
            self.say(answers.get(line.split()[0], known))

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def start_primary() -> socketserver.ThreadingTCPServer:
    """At a port that nobody else comes to when it is down."""
    primary = socketserver.ThreadingTCPServer(("127.0.0.1", free_port(["127.0.0.1"])), Primary)
    primary.daemon_threads = True
    primary.heard = []  # type: ignore[attr-defined]
    threading.Thread(target=primary.serve_forever, daemon=True).start()
    return primary


def test_a_verified_relay_domain_asks_its_own_host(fresh: Server) -> None:
    primary = start_primary()
    names = Names({("relayed.test", "MX"): ["10 primary.test"], ("primary.test", "A"): ["127.0.0.1"]})
    with (fresh.data / "posthaste.conf").open("a") as conf:
        conf.write(f"\ndns.servers = 127.0.0.1@{names.port}\ndns.trust_anchors = none\n"
                   f"outbound.port = {primary.server_address[1]}\n"
                   "outbound.allow_private = yes\n")
    fresh.start()
    fresh.command("domain", "add", "relayed.test", "--relay", "--verify")
    assert "relayed.test  0 accounts, the rest is verified and passed on" in fresh.command("domain", "list")
    wait_for_answer(fresh, "ann@relayed.test", 250)
    code, words = answer(fresh, "nobody@relayed.test")
    assert (code, words[:6]) == (550, b"5.1.1 "), fresh.log_text()
    assert b"who is that?" in words
    heard = primary.heard  # type: ignore[attr-defined]
    assert "MAIL FROM:<>" in heard and not any(line.startswith("DATA") for line in heard)
    assert answer(fresh, "nobody@relayed.test")[0] == 550
    # Its QUIT may come later than our answer.
    assert [line for line in heard if "nobody" in line] == ["RCPT TO:<nobody@relayed.test>"]
    # It is down: a second MX takes mail for it.
    primary.shutdown()
    primary.server_close()
    assert answer(fresh, "somebody@relayed.test")[0] == 250
    assert answer(fresh, "nobody@relayed.test")[0] == 550
    names.close()


def test_an_account_over_its_limit_is_told_so(fresh: Server) -> None:
    alice = fresh.new_account("alice")
    with (fresh.data / "posthaste.conf").open("a") as conf:
        conf.write("\noutbound.account_recipients_per_hour = 1\n")
    fresh.start()
    for number in (1, 2):
        with smtp(fresh, "submissions", "tls", alice) as client:
            send(client, alice.address, ["a@far.test", "b@far.test"], plain("many", number=number))
    wait_for_messages(fresh, alice, 1)
    with imap(fresh, alice) as client:
        told = list(imap_messages(client).values())
    assert len(told) == 1
    assert b"Subject: Held, and not sent yet: a@far.test and 1 other" in told[0]
    assert len(json.loads(fresh.command("queue", "list", "messages", "state=held", "--json"))["queued"]) == 2


def test_mail_for_our_own_address_is_not_sent_to_ourselves(fresh: Server) -> None:
    alice = fresh.new_account("alice")
    with (fresh.data / "posthaste.conf").open("a") as conf:
        conf.write(f"\noutbound.port = {fresh.ports.smtp}\noutbound.allow_private = yes\n")
    fresh.start()
    with smtp(fresh, "submissions", "tls", alice) as client:
        send(client, alice.address, ["somebody@[127.0.0.1]"], plain("round"))
    wait_for_messages(fresh, alice, 1)
    with imap(fresh, alice) as client:
        told = next(iter(imap_messages(client).values()))
    assert b"Status: 5.4.6" in told
    assert fresh.log_text().count("smtp.accepted") == 1
