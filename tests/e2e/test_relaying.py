"""Who may relay: domains that mail is passed on for, aliases that lead elsewhere, networks that may send."""

from __future__ import annotations

import json
import signal
import time

from mail import SENDER, smtp
from server import Server


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
    deadline = time.monotonic() + 10
    while answer(server, recipient)[0] != code and time.monotonic() < deadline:
        time.sleep(0.1)
    got, words = answer(server, recipient)
    assert got == code, (got, words)
    return words


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
