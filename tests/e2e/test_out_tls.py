"""How the way out is secured: DANE (RFC 7672) with a signed zone, MTA-STS (RFC 8461) with a web server, REQUIRETLS
(RFC 8689), each with right and wrong certificates. Wherever it is demanded, nothing of a message goes without it.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from authority import Authority
from mail import smtp
from messages import plain
from outgoing import Outgoing
from peer import free_port, make_certificate, running
from peer_postfix import Postfix
from policy_host import Page, PolicyHost, policy
from scripted_host import ScriptedHost
from server import Account, Server, run
from signed_zones import OPEN, SignedZones, tlsa
from zones import zones_served

PLAIN_EXTENSIONS = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
LARGE = 64 * 1024
DOMAINS = tuple(f"sts-{number}.test" for number in range(40))
SETTINGS = """
dns.trust_anchors = {anchors}
outbound.trusted_roots = {roots}
outbound.https_port = {port}
mta_sts.mode = testing
mta_sts.max_age = 86400
mta_sts.mx = mx.example.test, *.example.test
"""


@dataclass
class Way:
    """A server that trusts the tests' authority, a signed zone, a web server for policies."""

    out: Outgoing
    authority: Authority
    policies: PolicyHost
    https_port: int
    names: Iterator[str]
    hosts: list[ScriptedHost]

    @property
    def zones(self) -> SignedZones:
        assert isinstance(self.out.zones, SignedZones)
        return self.out.zones

    def host(self, certificate: Path | None, *more: str) -> ScriptedHost:
        """`more`: further extensions."""
        made = ScriptedHost(self.out.address(), self.out.port, extensions=(*PLAIN_EXTENSIONS, *more),
                            certificate=certificate)
        self.hosts.append(made)
        return made

    def dane(self, domain: str, host: ScriptedHost, *records: str) -> None:
        """A domain with one host, and what DNS says of its certificate."""
        self.zones.host(domain, host.address)
        self.zones.set(f"_{self.out.port}._tcp.mx.{domain}", *records)
        self.zones.reload()

    def sts(self, host: ScriptedHost, page: Page, mark: str = "1") -> str:
        """A domain with one host and a policy; its name."""
        domain = next(self.names)
        self.zones.host(domain, host.address)
        self.publish(domain, page, mark)
        return domain

    def publish(self, domain: str, page: Page, mark: str) -> None:
        self.zones.set(f"_mta-sts.{domain}", f'TXT "v=STSv1; id={mark};"')
        self.zones.set(f"mta-sts.{domain}", f"A {self.policies.server.server_address[0]}")
        self.zones.reload()
        self.policies.pages[f"mta-sts.{domain}"] = page

    def submit(self, sender: Account, domain: str) -> None:
        self.out.submit(sender, [f"bob@{domain}"])

    def trace(self, domain: str) -> str:
        return self.out.server.command("trace", self.out.id_of(f"bob@{domain}"))

    def delivered(self, sender: Account, domain: str, host: ScriptedHost) -> str:
        """Sends a message there and waits until the host has it; what was done for it."""
        before = len(host.transactions)
        message = plain(f"to {domain}", number=time.monotonic_ns())
        ident = re.search(rb"(?im)^Message-ID: *(<\S+>)", message)
        assert ident
        self.out.submit(sender, [f"bob@{domain}"], message)
        self.out.wait(lambda: len(host.transactions) > before, f"the host of {domain} got it")
        self.out.wait(lambda: "delivered" in self.out.server.command("trace", ident[1].decode()), "it is recorded")
        return self.out.server.command("trace", ident[1].decode())

    def put_off(self, sender: Account, domain: str, host: ScriptedHost) -> str:
        """Sends one that must wait; the host heard no MAIL."""
        self.submit(sender, domain)
        self.out.wait(lambda: f"bob@{domain}" in self.out.put_off(), f"mail for {domain} waits")
        assert not host.lines("MAIL"), host.lines()
        return self.trace(domain)

    def results(self, domain: str) -> list[tuple[str, str, int]]:
        """What is counted for reports: policy, result, how often."""
        policies, results = ("none", "sts", "tlsa"), (
            "success", "starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
            "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required",
            "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid")
        database = sqlite3.connect(f"file:{self.out.server.data}/store.db?mode=ro", uri=True)
        rows = database.execute("SELECT policy, result, sum(count) FROM tls_result WHERE domain = ? GROUP BY 1, 2",
                                (domain,)).fetchall()
        database.close()
        return [(policies[row[0]], results[row[1]], row[2]) for row in rows]


@contextmanager
def way_made(folder: Path) -> Iterator[Way]:
    folder.chmod(0o755)
    server = Server(folder)
    server.prepare()
    out = Outgoing(folder, server, SignedZones)
    authority = Authority(folder / "authority")
    address = out.address()
    port = free_port([address])
    policies = PolicyHost(address, port, authority.issue(*(f"mta-sts.{name}" for name in DOMAINS)))
    assert isinstance(out.zones, SignedZones)
    with (server.data / "posthaste.conf").open("a") as file:
        file.write(SETTINGS.format(anchors=out.zones.anchors, roots=authority.certificate, port=port))
    made = Way(out, authority, policies, port, iter(DOMAINS), [])
    with zones_served(out.zones):
        server.start()
        try:
            yield made
        finally:
            for host in made.hosts:
                host.close()
            policies.close()
            server.stop()
    reports = server.reports()
    assert not reports, "\n".join(reports[:20]) + server.log_text()[-4000:]


@pytest.fixture(scope="module")
def way() -> Iterator[Way]:
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder, way_made(Path(folder)) as made:
        yield made


@pytest.fixture(scope="module")
def sender(way: Way) -> Account:
    return way.out.server.new_account("sender")


@pytest.fixture
def selfsigned(tmp_path: Path) -> Path:
    """For a name that is nobody's."""
    make_certificate(tmp_path / "self", "somebody.test")
    return tmp_path / "self"


# ---- DANE ----


def test_a_certificate_that_dns_names_is_taken_whatever_it_says(way: Way, sender: Account, selfsigned: Path) -> None:
    """RFC 7672 3.1.1: neither its names nor its dates count."""
    host = way.host(selfsigned)
    way.dane("dane-ee.test", host, tlsa(selfsigned / "cert.pem"))
    trace = way.delivered(sender, "dane-ee.test", host)
    assert "by dane" in trace, trace
    expired = way.authority.issue("x.test", is_expired=True)
    host = way.host(expired)
    way.dane("dane-expired.test", host, tlsa(expired / "leaf.pem", 3, 0, 2))
    assert "by dane" in way.delivered(sender, "dane-expired.test", host)
    assert way.results("dane-ee.test") == [("tlsa", "success", 1)]


@pytest.mark.parametrize("selector,matching", [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)])
def test_selectors_and_matching_types(way: Way, sender: Account, selfsigned: Path, selector: int,
                                      matching: int) -> None:
    host = way.host(selfsigned)
    domain = f"dane-{selector}{matching}.test"
    way.dane(domain, host, tlsa(selfsigned / "cert.pem", 3, selector, matching))
    assert "by dane" in way.delivered(sender, domain, host)


def test_another_certificate_is_not_taken(way: Way, sender: Account, selfsigned: Path, tmp_path: Path) -> None:
    make_certificate(tmp_path / "other", "mx.dane-mismatch.test")
    host = way.host(selfsigned)
    way.dane("dane-mismatch.test", host, tlsa(tmp_path / "other" / "cert.pem"))
    trace = way.put_off(sender, "dane-mismatch.test", host)
    assert "4.7.5" in trace and "TLS failed by dane" in trace, trace
    assert way.results("dane-mismatch.test")[0][:2] == ("tlsa", "validation-failure")


def test_a_trust_anchor_in_dns(way: Way, sender: Account) -> None:
    """RFC 7672 3.1.2, 3.2.2: below it the name counts, the host's or the domain's."""
    for number, name in enumerate(["mx.dane-ta-0.test", "dane-ta-1.test"]):
        host = way.host(way.authority.issue(name))
        way.dane(f"dane-ta-{number}.test", host, tlsa(way.authority.certificate, 2, 0, 1))
        assert "by dane" in way.delivered(sender, f"dane-ta-{number}.test", host)
    host = way.host(way.authority.issue("mx.other.test"))
    way.dane("dane-ta-2.test", host, tlsa(way.authority.certificate, 2, 1, 1))
    trace = way.put_off(sender, "dane-ta-2.test", host)
    assert "ostname mismatch" in trace, trace
    host = way.host(way.authority.issue("mx.dane-ta-3.test", is_expired=True))
    way.dane("dane-ta-3.test", host, tlsa(way.authority.certificate, 2, 0, 1))
    assert "expired" in way.put_off(sender, "dane-ta-3.test", host)
    assert {row[:2] for row in way.results("dane-ta-2.test")} == {("tlsa", "certificate-host-mismatch")}
    assert {row[:2] for row in way.results("dane-ta-3.test")} == {("tlsa", "certificate-expired")}


def test_one_good_record_is_enough(way: Way, sender: Account, selfsigned: Path) -> None:
    """While certificates are changed there are two (RFC 7671 8.1)."""
    host = way.host(selfsigned)
    way.dane("dane-two.test", host, "TLSA 3 1 1 " + 64 * "0", tlsa(selfsigned / "cert.pem"), "TLSA 1 1 1 " + 64 * "0")
    assert "by dane" in way.delivered(sender, "dane-two.test", host)


def test_without_starttls_nothing_goes(way: Way, sender: Account, selfsigned: Path) -> None:
    host = way.host(None)
    way.dane("dane-stripped.test", host, tlsa(selfsigned / "cert.pem"))
    trace = way.put_off(sender, "dane-stripped.test", host)
    assert "4.7.10" in trace and "TLS is demanded by dane" in trace, trace


def test_records_of_no_use_demand_tls_alone(way: Way, sender: Account, selfsigned: Path) -> None:
    unusable = ("TLSA 1 1 1 " + 64 * "0", "TLSA 3 1 9 " + 64 * "0", "TLSA 3 1 1 abcd", "TLSA 3 0 0 00ff",
                "TLSA 3 1 0 6e6f206b6579")
    host = way.host(selfsigned)
    way.dane("dane-unusable.test", host, *unusable)
    assert "by dane (unusable records)" in way.delivered(sender, "dane-unusable.test", host)
    host = way.host(None)
    way.dane("dane-unusable-clear.test", host, *unusable)
    assert "4.7.10" in way.put_off(sender, "dane-unusable-clear.test", host)


def test_forged_records_keep_mail_from_that_host(way: Way, sender: Account, selfsigned: Path) -> None:
    host = way.host(selfsigned)
    way.zones.forge(f"_{way.out.port}._tcp.mx.dane-forged.test")
    way.dane("dane-forged.test", host, tlsa(selfsigned / "cert.pem"))
    trace = way.put_off(sender, "dane-forged.test", host)
    assert "DANE protects it could not be found out" in trace, trace
    assert host.session_count == 0
    assert way.results("dane-forged.test")[0][:2] == ("tlsa", "dnssec-invalid")


def test_records_that_are_not_signed_say_nothing(way: Way, sender: Account, selfsigned: Path) -> None:
    host = way.host(None)
    way.dane(f"dane.{OPEN}", host, tlsa(selfsigned / "cert.pem"))
    assert "by dane" not in way.delivered(sender, f"dane.{OPEN}", host)


def test_the_next_host_is_asked_where_one_does_not_match(way: Way, sender: Account, selfsigned: Path) -> None:
    first, second = way.host(way.authority.issue("a.test")), way.host(selfsigned)
    way.zones.set("dane-next.test", "MX 10 a.dane-next.test.", "MX 20 b.dane-next.test.")
    for name, host in (("a", first), ("b", second)):
        way.zones.set(f"{name}.dane-next.test", f"A {host.address}")
        way.zones.set(f"_{way.out.port}._tcp.{name}.dane-next.test", tlsa(selfsigned / "cert.pem"))
    way.zones.reload()
    assert "by dane" in way.delivered(sender, "dane-next.test", second)
    assert not first.lines("MAIL")


def test_postfix_with_its_own_certificate(way: Way, sender: Account) -> None:
    address = way.out.address()
    with running(lambda folder: Postfix(folder, address, way.out.port, "dane-postfix.test")) as postfix:
        way.zones.host("dane-postfix.test", address)
        name = f"_{way.out.port}._tcp.mx.dane-postfix.test"
        way.zones.set(name, "TLSA 3 1 1 " + 64 * "0")
        way.zones.reload()
        way.submit(sender, "dane-postfix.test")
        way.out.wait(lambda: "bob@dane-postfix.test" in way.out.put_off(), "it waits")
        assert not postfix.messages("bob")
        way.zones.set(name, tlsa(postfix.folder / "tls" / "cert.pem"))
        way.zones.reload()
        # What has no time to live is remembered for the rest of its second.
        way.out.wait(lambda: way.out.retry_all() or bool(postfix.messages("bob")), "it came")


# ---- MTA-STS ----


def enforced(domain_of_mx: str = "*") -> Callable[[str], Page]:
    return lambda domain: Page(policy("enforce", f"{domain_of_mx}.{domain}"))


def of(way: Way, host: ScriptedHost, page: Callable[[str], Page]) -> str:
    """A domain whose policy depends on its name."""
    domain = way.sts(host, Page())
    way.policies.pages[f"mta-sts.{domain}"] = page(domain)
    return domain


def host_for_next(way: Way, **options: Any) -> tuple[ScriptedHost, Callable[[str], None]]:
    """A host whose certificate is made when its domain is known."""
    host = way.host(way.authority.folder)

    def certify(domain: str) -> None:
        host.certificate = way.authority.issue(f"mx.{domain}", **options)

    return host, certify


def test_a_policy_in_force_and_a_good_certificate(way: Way, sender: Account) -> None:
    host, certify = host_for_next(way)
    domain = of(way, host, enforced())
    certify(domain)
    trace = way.delivered(sender, domain, host)
    assert "mta-sts policy 1: enforce" in trace and "by mta-sts" in trace, trace
    assert way.policies.times(f"mta-sts.{domain}") == 1
    assert way.results(domain) == [("sts", "success", 1)]


def test_a_policy_in_force_and_bad_certificates(way: Way, sender: Account, selfsigned: Path) -> None:
    results = []
    for kind in ("self-signed", "expired", "mismatch", "none"):
        host, certify = host_for_next(way, is_expired=kind == "expired")
        if kind == "none":
            host = way.host(None)
        domain = of(way, host, enforced())
        if kind == "expired":
            certify(domain)
        elif kind == "mismatch":
            host.certificate = way.authority.issue("mx.somebody.test")
        else:
            host.certificate = selfsigned
        trace = way.put_off(sender, domain, host)
        assert "mta-sts" in trace and ("4.7.5" in trace or "4.7.10" in trace), trace
        results += [result for kind, result, _ in way.results(domain) if kind == "sts"]
    assert results == ["certificate-not-trusted", "certificate-expired", "certificate-host-mismatch",
                       "starttls-not-supported"]


def test_a_host_that_the_policy_does_not_name(way: Way, sender: Account) -> None:
    host, certify = host_for_next(way)
    domain = of(way, host, lambda domain: Page(policy("enforce", "mx.other.test", domain)))
    certify(domain)
    trace = way.put_off(sender, domain, host)
    assert "MTA-STS policy does not name this host" in trace and host.session_count == 0, trace


def test_a_policy_in_testing_tells_and_lets_go(way: Way, sender: Account, selfsigned: Path) -> None:
    host = way.host(selfsigned)
    domain = of(way, host, lambda domain: Page(policy("testing", f"mx.{domain}")))
    trace = way.delivered(sender, domain, host)
    assert "by mta-sts (testing)" in trace and "self-signed certificate" in trace, trace
    assert way.results(domain) == [("sts", "certificate-not-trusted", 1)]


@pytest.mark.parametrize("page,words,result", [
    (Page("", 301, {"Location": "https://mta-sts.sts-0.test/.well-known/mta-sts.txt"}), "may not be elsewhere",
     "sts-policy-fetch-error"),
    (Page("no such page", 404), "answers 404", "sts-policy-fetch-error"),
    (Page(policy("enforce", "*.test") + LARGE * "x"), "too large", "sts-policy-invalid"),
    (Page(policy("enforce", "*.test"), kind="text/html"), "text/plain", "sts-policy-invalid"),
    (Page(policy("enforce")), "it has no mx", "sts-policy-invalid"),
    (Page("<html>"), "is no", "sts-policy-invalid"),
])
def test_what_is_no_policy_stops_no_mail(way: Way, sender: Account, page: Page, words: str, result: str) -> None:
    """RFC 8461 3.3 and 5.1: no redirect is followed, no more than 64 KiB are read."""
    host = way.host(None)
    domain = way.sts(host, page)
    trace = way.delivered(sender, domain, host)
    assert "mta-sts policy cannot be had" in trace and words in trace, trace
    assert ("sts", result, 1) in way.results(domain)
    assert way.policies.times(f"mta-sts.{domain}") == 1


def test_a_web_server_that_nobody_vouches_for_serves_no_policy(way: Way, sender: Account) -> None:
    host = way.host(None)
    way.zones.host("sts-other.test", host.address)
    way.publish("sts-other.test", Page(policy("enforce", "*.sts-other.test")), "1")
    trace = way.delivered(sender, "sts-other.test", host)
    assert "hostname mismatch" in trace and not way.policies.times("mta-sts.sts-other.test"), trace


def test_a_policy_holds_over_a_restart_and_without_dns(way: Way, sender: Account) -> None:
    host, certify = host_for_next(way)
    domain = of(way, host, enforced())
    certify(domain)
    way.delivered(sender, domain, host)
    # Whoever is between us and them takes all away: the record, the page, STARTTLS.
    way.zones.set(f"_mta-sts.{domain}")
    way.zones.set(f"mta-sts.{domain}")
    way.zones.reload()
    bare = way.host(None)
    way.zones.host(domain, bare.address)
    way.zones.reload()
    way.out.server.stop()
    way.out.server.start()
    trace = way.put_off(sender, domain, bare)
    assert "mta-sts policy 1: enforce" in trace, trace


def test_a_new_id_brings_a_new_policy(way: Way, sender: Account) -> None:
    host = way.host(None)
    domain = of(way, host, enforced())
    way.put_off(sender, domain, host)
    way.publish(domain, Page(policy("none")), "2")
    # DNS is not asked of it more often than every ten seconds.
    way.out.wait(lambda: way.out.retry_all() or bool(host.transactions), "the policy was withdrawn")
    assert way.policies.times(f"mta-sts.{domain}") == 2


def test_an_expired_policy_is_none(way: Way, sender: Account) -> None:
    host, certify = host_for_next(way)
    domain = of(way, host, lambda domain: Page(policy("enforce", f"mx.{domain}", max_age=10)))
    certify(domain)
    assert "by mta-sts" in way.delivered(sender, domain, host)
    delivered_at = time.monotonic()
    way.zones.set(f"_mta-sts.{domain}")
    bare = way.host(None)
    way.zones.host(domain, bare.address)
    way.zones.reload()
    way.out.wait(lambda: bool(host.lines("QUIT")), "the connection is not kept any longer")
    time.sleep(max(0.0, delivered_at + 12 - time.monotonic()))
    assert "by mta-sts" not in way.delivered(sender, domain, bare)


def test_dane_goes_before_a_policy(way: Way, sender: Account, selfsigned: Path) -> None:
    host = way.host(selfsigned)
    domain = of(way, host, lambda domain: Page(policy("enforce", "mx.other.test")))
    way.zones.set(f"_{way.out.port}._tcp.mx.{domain}", tlsa(selfsigned / "cert.pem"))
    way.zones.reload()
    assert "by dane" in way.delivered(sender, domain, host)
    host = way.host(way.authority.issue(f"mx.{domain}"))
    domain = of(way, host, enforced())
    host.certificate = way.authority.issue(f"mx.{domain}")
    way.zones.set(f"_{way.out.port}._tcp.mx.{domain}", tlsa(selfsigned / "cert.pem"))
    way.zones.reload()
    assert "TLS failed by dane" in way.put_off(sender, domain, host)


def test_records_that_cannot_be_used_leave_the_policy_in_force(way: Way, sender: Account, selfsigned: Path) -> None:
    """RFC 7672 2.2, RFC 8461 2: neither a stranger's certificate nor none goes through where enforce is said."""
    garbage = ("TLSA 3 1 0 6e6f206b6579", "TLSA 2 0 0 00ff", "TLSA 3 1 1 abcd")
    for certificate in (selfsigned, None):
        host = way.host(certificate)
        domain = of(way, host, enforced())
        way.zones.set(f"_{way.out.port}._tcp.mx.{domain}", *garbage)
        way.zones.reload()
        trace = way.put_off(sender, domain, host)
        assert "by mta-sts" in trace and "by dane" not in trace, trace
    host, certify = host_for_next(way)
    domain = of(way, host, enforced())
    certify(domain)
    way.zones.set(f"_{way.out.port}._tcp.mx.{domain}", *garbage)
    way.zones.reload()
    assert "by mta-sts" in way.delivered(sender, domain, host)


# ---- REQUIRETLS ----


def submit_strictly(way: Way, sender: Account, domain: str) -> None:
    with smtp(way.out.server, "submissions", "tls", account=sender) as client:
        client.sendmail(sender.address, [f"bob@{domain}"], plain("strictly"), mail_options=["REQUIRETLS"])


def test_a_demand_of_the_sender_is_passed_on(way: Way, sender: Account, selfsigned: Path) -> None:
    host = way.host(selfsigned, "REQUIRETLS")
    way.dane("strict-dane.test", host, tlsa(selfsigned / "cert.pem"))
    submit_strictly(way, sender, "strict-dane.test")
    way.out.wait(lambda: bool(host.transactions), "it came")
    assert "REQUIRETLS" in host.lines("MAIL")[0]
    host = way.host(way.authority.issue("mx.strict-signed.test"), "REQUIRETLS")
    way.zones.host("strict-signed.test", host.address)
    way.zones.reload()
    submit_strictly(way, sender, "strict-signed.test")
    way.out.wait(lambda: bool(host.transactions), "it came")
    assert "REQUIRETLS" in host.lines("MAIL")[0]


def test_what_the_sender_demands_and_cannot_be_had_bounces(way: Way, selfsigned: Path) -> None:
    """RFC 8689 4.2.1: with these codes, and at once."""
    sender = way.out.server.new_account("strict")
    good = way.authority.issue("mx.strict-plain.test")
    cases = {"strict-plain.test": (way.host(good), "5.7.30"),
             "strict-selfsigned.test": (way.host(selfsigned, "REQUIRETLS"), "5.7.10"),
             "strict-clear.test": (way.host(None, "REQUIRETLS"), "5.7.10"),
             f"strict.{OPEN}": (way.host(good, "REQUIRETLS"), "5.7.10")}
    for domain, (host, _) in cases.items():
        way.zones.host(domain, host.address)
    way.zones.reload()
    for domain in cases:
        submit_strictly(way, sender, domain)
    bounces = way.out.wait_for_bounces(sender, len(cases))
    found = {fields["final-recipient"].split("@")[1]: fields["status"].split()[0]
             for bounce in bounces for fields in bounce.recipients}
    assert found == {domain: status for domain, (_, status) in cases.items()}
    assert not any(host.lines("MAIL") for host, _ in cases.values())


def test_a_sender_can_waive_what_the_domain_demands(way: Way, sender: Account, selfsigned: Path) -> None:
    """RFC 8689 3, 4.2.2: to tell somebody that his certificate has ended."""
    host = way.host(way.authority.issue("a.test"))
    way.dane("waived.test", host, tlsa(selfsigned / "cert.pem"))
    message = b"TLS-Required: No\r\n" + plain("your certificate", number=time.monotonic_ns())
    way.out.submit(sender, ["bob@waived.test"], message)
    way.out.wait(lambda: bool(host.transactions), "it came")
    assert way.put_off(sender, "waived.test", way.host(None))


# ---- tools, and our own policy ----


def tool(way: Way, *arguments: str) -> dict[str, Any]:
    done = run("tool", *arguments, "--dns", way.zones.server, "--trust-anchors", way.zones.anchors, "--json")
    assert not done.stderr, done.stderr
    return dict(json.loads(done.stdout))


def test_tool_dane(way: Way, selfsigned: Path) -> None:
    host = way.host(selfsigned)
    way.zones.set("tool-dane.test", "MX 10 a.tool-dane.test.", "MX 20 b.tool-dane.test.", "MX 30 c.tool-dane.test.")
    for name in "abc":
        way.zones.set(f"{name}.tool-dane.test", f"A {host.address}")
    way.zones.set("_25._tcp.a.tool-dane.test", tlsa(selfsigned / "cert.pem"))
    way.zones.set("_25._tcp.b.tool-dane.test", "TLSA 1 1 1 " + 64 * "0")
    way.zones.reload()
    found = tool(way, "dane", "tool-dane.test")
    assert found["result"] == "fail"
    assert [(each["name"][0], each["verdict"]) for each in found["hosts"]] == [("a", "protected"), ("b", "unusable"),
                                                                              ("c", "none")]
    assert found["hosts"][0]["records"][0]["usable"] and found["lookups"][0]["secure"]
    way.zones.set("tool-dane.test", "MX 10 a.tool-dane.test.")
    way.zones.forge("_25._tcp.c.tool-dane.test")
    way.zones.reload()
    assert tool(way, "dane", "tool-dane.test")["result"] == "pass"
    assert tool(way, "dane", OPEN)["hosts"][0]["verdict"] == "none"
    assert tool(way, "dane", "nowhere.test")["result"] == "none"
    words = run("tool", "dane", "tool-dane.test", "--dns", way.zones.server, "--trust-anchors", way.zones.anchors)
    assert "protected: its certificate has to match one of 1 TLSA records" in words.stdout and words.returncode == 0


def test_tool_mta_sts(way: Way) -> None:
    host = way.host(None)
    domain = of(way, host, enforced("mx"))
    options = ("--roots", str(way.authority.certificate), "--https-port", str(way.https_port))
    found = tool(way, "mta-sts", domain, *options)
    assert (found["result"], found["mode"], found["id"]) == ("pass", "enforce", "1")
    assert found["hosts"] == [{"name": f"mx.{domain}", "preference": 10, "named": True}]
    way.policies.pages[f"mta-sts.{domain}"] = Page(policy("enforce", "mx.other.test"))
    found = tool(way, "mta-sts", domain, *options)
    assert found["result"] == "fail" and not found["hosts"][0]["named"]
    way.policies.pages[f"mta-sts.{domain}"] = Page("", 302, {"Location": "https://x.test/"})
    assert "may not be elsewhere" in tool(way, "mta-sts", domain, *options)["reason"]
    assert tool(way, "mta-sts", "dane-ee.test", *options)["result"] == "none"
    other = tool(way, "mta-sts", domain, "--https-port", str(way.https_port))
    assert other["result"] == "fail" and "certificate" in other["reason"]


def test_our_own_policy_is_served(way: Way) -> None:
    """At mta-sts.DOMAIN and over TLS only."""
    import http.client
    import ssl

    context = ssl.create_default_context(cafile=str(way.out.server.certificate))
    context.check_hostname = False
    def get(host: str) -> tuple[int, str, str]:
        connection = http.client.HTTPSConnection("127.0.0.1", way.out.server.ports.https, context=context)
        connection.request("GET", "/.well-known/mta-sts.txt", headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()

    status, kind, text = get("mta-sts.example.test")
    assert status == 200 and kind.startswith("text/plain")
    assert text.split("\r\n") == ["version: STSv1", "mode: testing", "mx: mx.example.test", "mx: *.example.test",
                                  "max_age: 86400", ""]
    assert get("mx.example.test")[0] == 404
    clear = http.client.HTTPConnection("127.0.0.1", way.out.server.ports.http)
    clear.request("GET", "/.well-known/mta-sts.txt", headers={"Host": "mta-sts.example.test"})
    answer = clear.getresponse()
    assert answer.status == 308 and answer.headers["Location"].startswith("https://mta-sts.example.test")
