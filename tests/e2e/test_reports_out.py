"""Reports to others: what was seen of their mail (DMARC) and of the way to their hosts (TLS), once a day or now."""

from __future__ import annotations

import gzip
import json
import re
import smtplib
import sqlite3
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from authority import Authority
from conftest import give_back, make_server
from mail import TIMEOUT_SECONDS, send, smtp
from messages import plain
from names import Names
from peer import free_port, until
from policy_host import Page, PolicyHost
from scripted_host import ScriptedHost
from server import Account, Server

ADDRESSES = [f"127.0.0.{number}" for number in range(2, 20)]
SETTINGS = """
dns.servers = 127.0.0.1@{dns}
dns.trust_anchors = none
trust.exempt = 192.0.2.1
outbound.port = {port}
outbound.allow_private = yes
outbound.trusted_roots = {roots}
outbound.https_port = {https}
reports.send_dmarc = yes
reports.send_tls = yes
"""


@dataclass
class World:
    server: Server
    names: Names
    port: int
    web: PolicyHost
    addresses: Iterator[str]
    hosts: list[ScriptedHost] = field(default_factory=list)
    count: int = 0

    def domain(self, *dmarc: str) -> tuple[str, ScriptedHost]:
        """A domain with a host of its own."""
        self.count += 1
        name = f"r{self.count}.test"
        host = ScriptedHost(next(self.addresses), self.port)
        self.hosts.append(host)
        self.names.records[(name, "MX")] = [f"10 mx.{name}"]
        self.names.records[(f"mx.{name}", "A")] = [host.address]
        self.names.records[(name, "TXT")] = ["v=spf1 ip4:127.0.0.1 -all"]
        if dmarc:
            self.names.records[(f"_dmarc.{name}", "TXT")] = ["; ".join(("v=DMARC1", *dmarc))]
        return name, host

    def receive(self, account: Account, author: str, subject: str = "hello", source: str = "127.0.0.1",
                extra: bytes = b"") -> int:
        message = (f"From: a@{author}\r\nTo: {account.address}\r\nSubject: {subject}\r\n"
                   f"Message-ID: <{time.monotonic_ns()}@{author}>\r\n").encode() + (extra or b"\r\nHello\r\n")
        with smtplib.SMTP("127.0.0.1", self.server.ports.smtp, "client.test", timeout=TIMEOUT_SECONDS,
                          source_address=(source, 0)) as client:
            client.ehlo()
            client.mail(f"a@{author}")
            client.rcpt(account.address)
            return client.data(message)[0]

    def await_counted(self, domain: str, count: int) -> None:
        """Until so many messages of the domain were counted."""

        def is_counted() -> bool:
            with closing(sqlite3.connect(f"file:{self.server.data}/store.db?mode=ro", uri=True)) as store:
                (sum_of,) = store.execute("SELECT sum(count) FROM seen WHERE domain = ?", (domain,)).fetchone()
            return sum_of == count

        until(is_counted, 60, lambda: f"not {count} of {domain} were counted")

    def send_now(self) -> dict[str, Any]:
        # Nothing outside tells when the last message was counted: that is beside the answer to its sender.
        time.sleep(3)
        answer = dict(self.server.listing("reports", "send", "--now"))
        assert answer.pop("left_out") == 0
        return answer

    def reports(self, host: ScriptedHost, count: int = 1) -> list[EmailMessage]:
        until(lambda: len(host.transactions) >= count, 60, lambda: self.server.log_text()[-3000:])
        found = [message_from_bytes(each.content, policy=policy.default) for each in host.transactions]
        return [message for message in found if str(message["Subject"]).startswith("Report Domain:")]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    # A report is of a day: these tests are of one.
    left_s = 86400 - time.time() % 86400
    if left_s < 300:
        time.sleep(left_s)
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder:
        server = make_server(Path(folder), single=False)
        server.prepare()
        names = Names({})
        authority = Authority(Path(folder) / "authority")
        web = PolicyHost(ADDRESSES[0], free_port([ADDRESSES[0]]), authority.issue("reports.test"))
        names.records[("reports.test", "A")] = [ADDRESSES[0]]
        port = free_port(ADDRESSES)
        with (server.data / "posthaste.conf").open("a") as text:
            text.write(SETTINGS.format(dns=names.port, port=port, roots=authority.certificate,
                                       https=web.server.server_address[1]))
        server.start()
        made = World(server, names, port, web, iter(ADDRESSES[1:]))
        yield made
        for host in made.hosts:
            host.close()
        web.close()
        give_back(server)
        names.close()


def attachment(message: EmailMessage) -> bytes:
    (part,) = [part for part in message.walk() if part.get_content_type().startswith("application/")]
    return gzip.decompress(part.get_payload(decode=True))


def file_name(message: EmailMessage) -> str:
    (part,) = [part for part in message.walk() if part.get_content_disposition() == "attachment"]
    return str(part.get_filename())


def test_an_owner_hears_what_was_seen_in_its_name(world: World) -> None:
    alice = world.server.new_account("alice")
    domain, host = world.domain("p=reject", "rua=mailto:dmarc@r1.test!10m,mailto:far@elsewhere.test")
    assert world.receive(alice, domain) == 250
    assert world.receive(alice, domain) == 250
    assert world.receive(alice, domain, source="127.0.0.9") == 550
    assert world.send_now() == {"sent": 1, "unwanted": 0, "put_off": 0}
    (report,) = world.reports(host)
    assert report["From"] == "postmaster@example.test" and report["To"] == "dmarc@r1.test"
    assert report["Subject"].startswith(f"Report Domain: {domain} Submitter: mx.example.test Report-ID: <")
    assert report["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(rf"mx\.example\.test!{domain}!\d+!\d+\.xml\.gz", file_name(report))
    signatures = [str(field) for field in report.get_all("DKIM-Signature", [])]
    assert len(signatures) == 2 and all("d=example.test;" in field for field in signatures)
    tree = ElementTree.fromstring(attachment(report))
    assert tree.findtext("policy_published/domain") == domain and tree.findtext("policy_published/p") == "reject"
    rows = {row.findtext("row/source_ip"): row for row in tree.findall("record")}
    assert set(rows) == {"127.0.0.1", "127.0.0.9"}
    good, bad = rows["127.0.0.1"], rows["127.0.0.9"]
    assert good.findtext("row/count") == "2" and good.findtext("row/policy_evaluated/spf") == "pass"
    assert good.findtext("row/policy_evaluated/disposition") == "none"
    assert bad.findtext("row/policy_evaluated/disposition") == "reject" and bad.findtext("row/count") == "1"
    assert bad.findtext("row/policy_evaluated/spf") == "fail" and bad.findtext("identifiers/header_from") == domain
    assert bad.findtext("auth_results/spf/result") == "fail" and bad.findtext("auth_results/spf/scope") == "mfrom"
    assert int(tree.findtext("report_metadata/date_range/end") or 0) <= time.time()
    assert world.send_now() == {"sent": 0, "unwanted": 0, "put_off": 0}


def test_nobody_is_told_who_does_not_want_to_be(world: World) -> None:
    alice = world.server.new_account("alice")
    silent, _ = world.domain("p=none")
    bare, _ = world.domain()
    small, small_host = world.domain("p=none", f"rua=mailto:x@r{world.count + 1}.test!1")
    for name in (silent, bare, small):
        assert world.receive(alice, name) == 250
    assert world.send_now() == {"sent": 0, "unwanted": 1, "put_off": 0}
    assert small_host.transactions == []


def test_another_organisation_has_to_agree(world: World) -> None:
    alice = world.server.new_account("alice")
    collector, host = world.domain()
    refused, _ = world.domain("p=none", f"rua=mailto:in@{collector}")
    agreed, _ = world.domain("p=none", f"rua=mailto:in%2Bx@{collector}")
    unsure, _ = world.domain("p=none", f"rua=mailto:in@{collector}")
    world.names.records[(f"{agreed}._report._dmarc.{collector}", "TXT")] = ["v=DMARC1"]
    world.names.records[(f"{unsure}._report._dmarc.{collector}", "FAIL")] = [""]
    for name in (refused, agreed, unsure):
        assert world.receive(alice, name) == 250
    assert world.send_now() == {"sent": 1, "unwanted": 1, "put_off": 1}
    (report,) = world.reports(host)
    assert agreed in str(report["Subject"]) and report["To"] == f"in+x@{collector}"
    world.names.records.pop((f"{unsure}._report._dmarc.{collector}", "FAIL"))
    # A resolver remembers for some seconds that there was no answer.
    until(lambda: world.send_now() == {"sent": 0, "unwanted": 1, "put_off": 0}, 60,
          lambda: world.server.log_text()[-3000:])


def test_reports_breed_no_reports(world: World) -> None:
    alice = world.server.new_account("alice")
    world.server.command("alias", "add", "postmaster@example.test", alice.address)
    name, host = world.domain("p=none", f"rua=mailto:d@r{world.count + 1}.test")
    body = (b"MIME-Version: 1.0\r\nContent-Type: application/gzip; name=r.xml.gz\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\nH4sI\r\n")
    assert world.receive(alice, name, "Report Domain: example.test Submitter: x", extra=body) == 250
    assert world.send_now() == {"sent": 0, "unwanted": 0, "put_off": 0}
    assert host.transactions == []


def test_the_way_to_others_is_reported_by_mail_and_web(world: World) -> None:
    alice = world.server.new_account("alice")
    posted, posted_host = world.domain()
    mailed, mailed_host = world.domain()
    quiet, quiet_host = world.domain()
    world.names.records[(f"_smtp._tls.{mailed}", "TXT")] = [f"v=TLSRPTv1; rua=mailto:tls@{mailed}"]
    world.names.records[(f"_smtp._tls.{posted}", "TXT")] = ["v=TLSRPTv1;rua=https://reports.test/v1/in?a=b"]
    world.web.pages["reports.test"] = Page(status=500)
    with smtp(world.server, "submission", account=alice) as client:
        for name in (posted, mailed, quiet):
            send(client, alice.address, [f"bob@{name}"], plain(f"to {name}"))
    for host in (posted_host, mailed_host, quiet_host):
        until(lambda host=host: len(host.transactions) == 1, 60, lambda: world.server.log_text()[-3000:])
    answer = world.send_now()
    # Hosts that reports of other tests went to are not in it.
    assert answer == {"sent": 1, "unwanted": 1, "put_off": 1}
    (report,) = world.reports(mailed_host, 2)
    assert report["TLS-Report-Domain"] == mailed and report["TLS-Required"] == "No"
    assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "tlsrpt"
    assert re.fullmatch(rf"mx\.example\.test!{mailed}!\d+!\d+!001\.json\.gz", file_name(report))
    told = json.loads(attachment(report))
    assert told["policies"] == [{
        "policy": {"policy-type": "no-policy-found", "policy-domain": mailed},
        "summary": {"total-successful-session-count": 0, "total-failure-session-count": 1},
        "failure-details": [{"result-type": "starttls-not-supported", "receiving-mx-hostname": f"mx.{mailed}",
                             "sending-mta-ip": "127.0.0.1", "receiving-ip": mailed_host.address,
                             "failed-session-count": 1}]}]
    world.web.pages["reports.test"] = Page()
    # The report's own way is not reported.
    assert world.send_now() == {"sent": 1, "unwanted": 0, "put_off": 0}
    place, kind, body = world.web.posted[-1]
    assert place == "reports.test/v1/in?a=b" and kind == "application/tlsrpt+gzip"
    assert json.loads(gzip.decompress(body))["policies"][0]["policy"]["policy-domain"] == posted
    assert "posthaste" not in world.server.command("reports", "send", "--now")


def test_a_report_to_ourselves_is_kept_as_those_of_others(world: World) -> None:
    """Its mail does not come in by SMTP."""
    alice = world.server.new_account("alice")
    world.server.command("domain", "add", "ours.test")
    world.server.command("alias", "add", "postmaster@ours.test", alice.address)
    world.names.records[("ours.test", "TXT")] = ["v=spf1 ip4:127.0.0.1 -all"]
    world.names.records[("_dmarc.ours.test", "TXT")] = ["v=DMARC1; p=none; rua=mailto:postmaster@ours.test"]
    assert world.receive(alice, "ours.test") == 250
    assert world.receive(alice, "ours.test", source="127.0.0.9") == 250
    assert world.send_now() == {"sent": 1, "unwanted": 0, "put_off": 0}
    (entry,) = world.server.listing("reports", "list", "--domain", "ours.test")["reports"]
    assert entry["organization"] == "mx.example.test" and entry["trust"] == "vouched"
    assert (entry["passed"], entry["failed"]) == (1, 1)
    shown = world.server.listing("reports", "show", entry["id"])["report"]
    assert {record["source"] for record in shown["records"]} == {"127.0.0.1", "127.0.0.9"}
    assert "127.0.0.9" in world.server.command("reports", "--domain", "ours.test")


def many_rows(server: Server, domain: str, addresses: Iterable[str]) -> None:
    """As if so many hosts had sent what one did, while no server runs: its address stands in front."""
    with closing(sqlite3.connect(server.data / "store.db")) as store, store:
        day, item = store.execute("SELECT day, item FROM seen WHERE domain = ?", (domain,)).fetchone()
        assert item[:10] == b"\x09127.0.0.1"
        store.executemany("INSERT INTO seen VALUES (?, ?, ?, 1)", (
            (day, domain, bytes([len(address)]) + address.encode() + item[10:]) for address in addresses))


def test_a_report_is_as_long_as_it_has_to_be(world: World) -> None:
    """What it is unpacked is no reason to leave anything out."""
    alice = world.server.new_account("alice")
    domain, host = world.domain("p=none", f"rua=mailto:d@r{world.count + 1}.test")
    assert world.receive(alice, domain) == 250
    world.await_counted(domain, 1)
    world.server.stop()
    many_rows(world.server, domain, (f"10.{10 + i // 100}.{i // 10 % 10}.{i % 10}" for i in range(4000)))
    world.server.start()
    assert world.send_now() == {"sent": 1, "unwanted": 0, "put_off": 0}
    (report,) = world.reports(host)
    text = attachment(report)
    assert len(text) > 1 << 20 and text.count(b"<record>") == 4001 and b"<error>" not in text


def test_what_finds_no_room_is_said(world: World) -> None:
    """In the report, in its mail, and to who has it sent."""
    alice = world.server.new_account("alice")
    domain, host = world.domain("p=none", f"rua=mailto:d@r{world.count + 1}.test")
    for _ in range(2):
        assert world.receive(alice, domain) == 250
    world.await_counted(domain, 2)
    world.server.stop()
    many_rows(world.server, domain, (f"{'1' * 100}{i:07}" for i in range(5000)))
    world.server.start()
    words = world.server.command("reports", "send", "--now")
    found = re.search(r"^1 sent.*\n(\d+) messages or connections found no room in them", words)
    assert found, words
    (report,) = world.reports(host)
    text = attachment(report)
    assert text.count(b"<record>") == 5001 - int(found[1])
    assert f"<error>{found[1]} more messages are in no record".encode() in text
    # The rows with the most messages are told first.
    assert text.index(b"<source_ip>127.0.0.1</source_ip>") < text.index(b"<source_ip>1111")
    (plain_part,) = [part for part in report.walk() if part.get_content_type() == "text/plain"]
    assert f"too much for one report: {found[1]} messages are not told" in plain_part.get_content()
