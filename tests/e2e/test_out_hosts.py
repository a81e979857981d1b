"""Which hosts mail is sent to: what a real name server says of a domain, and what it does not say
(RFC 5321 5.1, RFC 7505).
"""

from __future__ import annotations

import copy
import smtplib
import socket
import time

from messages import plain
from outgoing import Domains, Hosts, Outgoing
from scripted_host import ScriptedHost, hang_up
from server import Account, Server
from zones import BROKEN

# At once, on a busy machine. A second attempt comes 48 seconds behind the first at least.
FIRST_ATTEMPT_SECONDS_MAX = 20


def recipients_of(host: ScriptedHost) -> list[list[str]]:
    return [transaction.recipients for transaction in host.transactions]


def test_the_lowest_preference_is_asked_first_and_at_once(out: Outgoing, sender: Account, host: Hosts) -> None:
    best, other = host(), host()
    out.zones.set("preference.test", "MX 20 other.preference.test.", "MX 10 best.preference.test.")
    out.zones.set("best.preference.test", f"A {best.address}")
    out.zones.set("other.preference.test", f"A {other.address}")
    out.zones.reload()
    taken_at = out.submit(sender, ["bob@preference.test"])
    out.wait(lambda: best.transactions, "the best host got it")
    assert best.said[0].at - taken_at < FIRST_ATTEMPT_SECONDS_MAX
    assert recipients_of(best) == [["RCPT TO:<bob@preference.test>"]] and other.session_count == 0


def test_the_next_host_gets_it_when_the_first_is_down(out: Outgoing, sender: Account, host: Hosts) -> None:
    """Nothing listens at the first address, the second hangs up, the third is a host of two addresses."""
    rude, good = host({"CONNECT": hang_up()}), host()
    out.zones.set("failover.test", "MX 1 down.failover.test.", "MX 2 rude.failover.test.", "MX 3 good.failover.test.")
    out.zones.set("down.failover.test", f"A {out.address()}")
    out.zones.set("rude.failover.test", f"A {rude.address}")
    out.zones.set("good.failover.test", f"A {out.address()}", f"A {good.address}")
    out.zones.reload()
    out.submit(sender, ["bob@failover.test"])
    out.wait(lambda: good.transactions, "the host that works got it")
    assert rude.session_count >= 1


def test_without_mx_the_address_itself_is_the_host(out: Outgoing, sender: Account, host: Hosts) -> None:
    good = host()
    out.zones.set("no-mx.test", f"A {good.address}")
    out.zones.reload()
    out.submit(sender, ["bob@no-mx.test"])
    out.wait(lambda: good.transactions, "the address got it")


def test_an_alias_is_followed(out: Outgoing, sender: Account, host: Hosts) -> None:
    """The domain is a CNAME, whose target has the MX (RFC 5321 5.1)."""
    good = host()
    out.zones.set("alias.test", "CNAME real.test.")
    out.zones.host("real.test", good.address)
    out.zones.reload()
    out.submit(sender, ["bob@alias.test"])
    out.wait(lambda: good.transactions, "the alias's host got it")
    assert recipients_of(good) == [["RCPT TO:<bob@alias.test>"]]


def test_a_name_server_that_fails_defers_and_never_bounces(out: Outgoing, sender: Account, host: Hosts) -> None:
    good = host()
    out.submit(sender, [f"bob@{BROKEN}"])
    out.wait(lambda: f"bob@{BROKEN}" in out.put_off(), "it was tried")
    assert not out.bounces(sender)
    out.zones.mend(f"A {good.address}")
    out.zones.reload()
    # The resolver remembers a failure for five seconds (RFC 2308 7.1).
    out.wait(lambda: out.retry_all() or good.transactions, "the mended domain's host got it")
    assert not out.bounces(sender)


def beside(out: Outgoing, fresh: Server, name_server: str) -> tuple[Outgoing, Account]:
    """Another server in the same world, with as little configuration as can be; somebody who writes from there."""
    other = copy.copy(out)
    other.server = fresh
    with (fresh.data / "posthaste.conf").open("a") as file:
        file.write(f"dns.servers = {name_server}\ndns.trust_anchors = none\noutbound.port = {out.port}\n")
    fresh.start()
    return other, fresh.new_account("sender")


def test_an_exchange_inside_is_not_gone_to(out: Outgoing, fresh: Server, domain: Domains) -> None:
    """On loopback or in a private network, unless outbound.allow_private says so: it waits, for DNS may be mended."""
    inside = domain("inside.test")
    out.zones.set("private.test", "MX 10 mx.private.test.")
    out.zones.set("mx.private.test", "A 10.0.0.7", "AAAA fd00::7")
    out.zones.reload()
    other, account = beside(out, fresh, out.zones.server)
    for name in ("inside.test", "private.test"):
        other.submit(account, [f"bob@{name}"])
    other.wait(lambda: other.put_off() == ["bob@inside.test", "bob@private.test"], "both were tried")
    trace = fresh.command("trace", other.id_of("bob@inside.test"))
    assert "mx.inside.test has the address" in trace and "not used without outbound.allow_private" in trace, trace
    assert inside.said == [] and not other.bounces(account)


def test_a_name_server_that_is_silent_defers_and_never_bounces(out: Outgoing, fresh: Server) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        other, account = beside(out, fresh, f"127.0.0.1@{silent.getsockname()[1]}")
        other.submit(account, ["bob@anywhere.test"])
        other.wait(lambda: "bob@anywhere.test" in other.put_off(), "it was tried")
        assert "4.4.3" in fresh.command("trace", other.id_of("bob@anywhere.test"))
        assert not other.bounces(account)


def test_recipients_of_one_domain_share_a_transaction(out: Outgoing, sender: Account, host: Hosts) -> None:
    one, other = host(), host()
    out.zones.host("one.test", one.address)
    out.zones.host("two.test", other.address)
    out.zones.reload()
    local = out.server.new_account("local")
    out.submit(sender, ["a@one.test", "x@two.test", local.address, "b@one.test", "c@one.test"])
    out.wait(lambda: one.transactions and other.transactions, "both domains got it")
    assert [sorted(each) for each in recipients_of(one)] == [[f"RCPT TO:<{name}@one.test>" for name in "abc"]]
    assert recipients_of(other) == [["RCPT TO:<x@two.test>"]]
    assert one.transactions[0].content.endswith(plain("A message"))


def test_two_hundred_mx_do_no_harm(out: Outgoing, sender: Account, host: Hosts) -> None:
    """Only so many are looked up and tried; those that are preferred are among them."""
    good = host()
    names = [f"a-rather-long-name-{number}.many-mx.test" for number in range(200)]
    out.zones.set("many-mx.test", *(f"MX {10 + number} {name}." for number, name in enumerate(names)))
    for name in names[1:]:
        out.zones.set(name, "A 127.0.0.254")
    out.zones.set(names[0], f"A {good.address}")
    out.zones.reload()
    taken_at = out.submit(sender, ["bob@many-mx.test"])
    out.wait(lambda: good.transactions, "the best of 200 got it")
    assert time.monotonic() - taken_at < FIRST_ATTEMPT_SECONDS_MAX


def test_many_messages_for_one_domain_share_connections(out: Outgoing, sender: Account, host: Hosts) -> None:
    good = host()
    out.zones.host("busy.test", good.address)
    out.zones.reload()
    for number in range(30):
        out.submit(sender, ["bob@busy.test"], plain(f"message {number}", number=number))
    out.wait(lambda: len(good.transactions) == 30, "all thirty are there")
    assert good.session_count < 30


def test_a_dead_domain_keeps_nobody_waiting(out: Outgoing, sender: Account, host: Hosts) -> None:
    good = host()
    out.zones.host("dead.test", out.address())
    out.zones.host("alive.test", good.address)
    out.zones.reload()
    for _ in range(20):
        out.submit(sender, [f"{number}@dead.test" for number in range(10)])
    taken_at = out.submit(sender, ["bob@alive.test"])
    out.wait(lambda: good.transactions, "the good domain got its mail")
    assert good.said[0].at - taken_at < FIRST_ATTEMPT_SECONDS_MAX


def test_who_may_send_elsewhere(out: Outgoing, host: Hosts) -> None:
    """Nobody but an account, over submission: port 25 is no relay."""
    good = host()
    out.zones.host("relay-me.test", good.address)
    out.zones.reload()
    with smtplib.SMTP("127.0.0.1", out.server.ports.smtp, "client.test", timeout=30) as client:
        client.ehlo()
        assert client.mail("stranger@outside.test")[0] == 250
        assert client.rcpt("bob@relay-me.test")[0] == 550
    assert good.session_count == 0
