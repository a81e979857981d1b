"""Reports of others about our mail: read when they come to an address that DNS names, kept, and shown."""

from __future__ import annotations

import gzip
import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from mail import imap, imap_messages, send, smtp
from names import Names
from server import Account, Server, run

SHARED = Path(os.environ.get("POSTHASTE_SHARED", Path(__file__).parents[3] / "shared")) / "data"


def dmarc(identity: str, domain: str = "example.test", *records: str, end: int = 1700086399) -> str:
    return (f"<?xml version='1.0'?><feedback><report_metadata><org_name>Reporter</org_name><email>d@r.example</email>"
            f"<report_id>{identity}</report_id><date_range><begin>1700000000</begin><end>{end}</end></date_range>"
            f"</report_metadata><policy_published><domain>{domain}</domain><p>none</p></policy_published>"
            f"{''.join(records)}</feedback>")


def record(source: str, count: int, dkim: str, spf: str, results: str = "", reason: str = "") -> str:
    return (f"<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated>"
            f"<disposition>none</disposition><dkim>{dkim}</dkim><spf>{spf}</spf>{reason}</policy_evaluated></row>"
            f"<identifiers><header_from>example.test</header_from></identifiers><auth_results>{results}"
            f"</auth_results></record>")


def tls(identity: str) -> str:
    return json.dumps({
        "organization-name": "Sender", "contact-info": "t@s.example", "report-id": identity,
        "date-range": {"start-datetime": "2026-01-01T00:00:00Z", "end-datetime": "2026-01-01T23:59:59Z"},
        "policies": [{"policy": {"policy-type": "sts", "policy-domain": "example.test"},
                      "summary": {"total-successful-session-count": 7, "total-failure-session-count": 2},
                      "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 2,
                                           "receiving-mx-hostname": "mx.example.test"}]}]})


def zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.example!example.test.xml", text)
    return out.getvalue()


def mail(packed: bytes, subtype: str, name: str = "report") -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = "Reporter <noreply@r.example>"
    message["To"] = "postmaster@example.test"
    message["Subject"] = f"Report domain: example.test ({time.monotonic_ns()})"
    message.set_content("A report.\n")
    message.add_attachment(packed, maintype="application", subtype=subtype, filename=name)
    return bytes(message)


@pytest.fixture
def home(fresh: Server) -> Iterator[tuple[Server, Account]]:
    """A server, and who reads the mail of its postmaster."""
    fresh.start()
    account = fresh.new_account("alice")
    for name in ("postmaster", "dmarc-reports"):
        fresh.command("alias", "add", f"{name}@example.test", account.address)
    yield fresh, account


def deliver(server: Server, *messages: bytes, to: str = "postmaster@example.test") -> None:
    with smtp(server) as client:
        for message in messages:
            send(client, "bounce@r.example", [to], message)


def reports(server: Server, *arguments: str) -> list[dict[str, object]]:
    return list(server.listing("reports", "list", *arguments)["reports"])


def inbox(server: Server, account: Account) -> int:
    with imap(server, account) as client:
        return len(imap_messages(client))


def test_reports_are_read_kept_and_shown(home: tuple[Server, Account]) -> None:
    server, account = home
    other = "<spf><domain>mailer.example</domain><result>pass</result></spf>"
    text = dmarc("one", "example.test", record("192.0.2.1", 10, "pass", "pass"),
                 record("192.0.2.66", 4, "fail", "fail", other), record("198.51.100.9", 2, "fail", "fail"))
    deliver(server, mail(gzip.compress(text.encode()), "gzip"), mail(gzip.compress(tls("two").encode()), "tlsrpt+gzip"))
    deliver(server, mail(zipped(dmarc("three", "example.test", record("192.0.2.1", 1, "pass", "fail"))), "zip"),
            mail(dmarc("four").encode(), "octet-stream", "a.xml"), to="dmarc-reports@example.test")
    assert inbox(server, account) == 4
    listed = reports(server)
    assert [entry["report"] for entry in listed] == ["four", "three", "two", "one"]
    assert [entry["kind"] for entry in listed] == ["dmarc", "dmarc", "tls", "dmarc"]
    assert listed[3]["passed"] == 10 and listed[3]["failed"] == 6 and listed[3]["author"] == "r.example"
    (domain,) = server.listing("reports", "summary")["domains"]
    assert domain["domain"] == "example.test" and domain["messages"] == 17 and domain["failed"] == 6
    first, second, third = domain["sources"]
    assert (first["source"], first["failed"], first["trouble"]) == ("192.0.2.66", 4, "other-name")
    assert first["vouched_by"] == ["mailer.example"]
    assert (second["source"], second["trouble"]) == ("198.51.100.9", "unknown")
    assert (third["source"], third["passed"], third["failed"]) == ("192.0.2.1", 11, 0)
    assert domain["tls"]["succeeded"] == 7 and domain["tls"]["failures"][0]["host"] == "mx.example.test"
    words = server.command("reports")
    assert "17 messages in its name: 11 passed, 6 failed; policy p=none" in words
    assert "4 failed from 192.0.2.66: it is vouched for, but under another name by mailer.example" in words
    assert "2 failed at mx.example.test: the certificate has expired (certificate-expired)" in words
    shown = server.command("reports", "show", str(listed[3]["id"]))
    assert "4 from 192.0.2.66 as example.test: FAILED" in shown and "spf pass for mailer.example" in shown
    assert "by sts: 7 connections went well, 2 failed" in server.command("reports", "show", str(listed[2]["id"]))


def test_a_report_of_days_to_come_does_not_tell_the_policy(home: tuple[Server, Account]) -> None:
    server, _ = home
    one = record("192.0.2.1", 1, "pass", "pass")
    early = dmarc("early", "example.test", one, end=4000000000).replace("<p>none</p>", "<p>reject</p>")
    endless = dmarc("endless", "example.test", end=2 * 10**18).replace("<p>none</p>", "<p>reject</p>")
    deliver(server, mail(gzip.compress(early.encode()), "gzip"))
    (domain,) = server.listing("reports", "summary")["domains"]
    assert (domain["reports"], domain["policy"]) == (1, "")
    assert "policy p=?" in server.command("reports", "summary")
    deliver(server, *(mail(gzip.compress(text.encode()), "gzip") for text in (dmarc("now"), endless)))
    assert [entry["report"] for entry in reports(server)] == ["now", "early"]
    (domain,) = server.listing("reports", "summary")["domains"]
    assert domain["policy"] == "none"


def test_one_that_came_before_is_known(home: tuple[Server, Account]) -> None:
    server, _ = home
    packed = gzip.compress(dmarc("again").encode())
    deliver(server, mail(packed, "gzip"), mail(packed, "gzip"))
    assert len(reports(server)) == 1
    server.kill()
    server.start()
    deliver(server, mail(packed, "gzip"))
    assert len(reports(server)) == 1


def test_what_is_not_for_us_is_mail_like_any_other(home: tuple[Server, Account]) -> None:
    server, account = home
    deliver(server, mail(gzip.compress(dmarc("a", "other.example").encode()), "gzip"))
    deliver(server, mail(gzip.compress(dmarc("b").encode()), "gzip"), to=account.address)
    deliver(server, mail(gzip.compress(b"a" * (5 << 20)), "gzip"), mail(b"PK\x03\x04 nothing", "zip"),
            mail(b"<!DOCTYPE feedback [<!ENTITY a 'a'>]><feedback>&a;</feedback>", "xml"))
    assert reports(server) == []
    assert inbox(server, account) == 5
    log = server.log_text()
    for reason in ("it is about no domain of ours", "it is too long, unpacked", "it cannot be unpacked", "malformed"):
        assert reason in log
    deliver(server, mail(gzip.compress(dmarc("c", "mail.example.test").encode()), "gzip"))
    assert [entry["domain"] for entry in reports(server)] == ["mail.example.test"]
    assert len(reports(server, "--domain", "example.test")) == 1
    assert reports(server, "--domain", "other.test") == []


def test_its_mail_is_dropped_where_that_is_set(fresh: Server) -> None:
    with (fresh.data / "posthaste.conf").open("a") as text:
        text.write("\nreports.mail = drop\n")
    fresh.start()
    account = fresh.new_account("alice")
    fresh.command("alias", "add", "postmaster@example.test", account.address)
    deliver(fresh, mail(gzip.compress(dmarc("one").encode()), "gzip"), mail(b"no report", "gzip"))
    with smtp(fresh) as client:
        send(client, "b@r.example", ["postmaster@example.test", account.address],
             mail(gzip.compress(dmarc("two").encode()), "gzip"))
    assert len(reports(fresh)) == 2
    assert inbox(fresh, account) == 2


def test_reports_of_large_reporters_are_read(home: tuple[Server, Account]) -> None:
    server, _ = home
    if not SHARED.is_dir():
        pytest.skip(f"the public test data is not in {SHARED}")
    server.command("domain", "add", "ueber.net")
    server.command("domain", "add", "test.xmox.nl")
    found = [*sorted((SHARED / "dmarc" / "mox-reports").glob("*.eml")),
             *sorted((SHARED / "tlsrpt-mtasts" / "mox").glob("*.eml"))]
    deliver(server, *(b"\r\n".join(path.read_bytes().replace(b"\r\n", b"\n").split(b"\n")) for path in found))
    assert len(found) == 7 and len(reports(server, "--days", "400")) == 7


def test_the_names_of_hosts_are_asked_for_on_demand(home: tuple[Server, Account]) -> None:
    """Whether they lead back is said; without --names DNS is asked nothing, which is said too."""
    server, _ = home
    sources = {"192.0.2.66": "confirmed", "192.0.2.67": "unconfirmed", "192.0.2.68": "none", "192.0.2.69": "unknown"}
    deliver(server, mail(gzip.compress(dmarc("n", "example.test", *(
        record(source, 4, "fail", "fail") for source in sources)).encode()), "gzip"))
    names = Names({("66.2.0.192.in-addr.arpa", "PTR"): ["mail.mailer.example"],
                   ("mail.mailer.example", "A"): ["192.0.2.66"],
                   ("67.2.0.192.in-addr.arpa", "PTR"): ["mail.mailer.example"],
                   ("69.2.0.192.in-addr.arpa", "FAIL"): []})
    try:
        plain = server.command("reports")
        assert "4 failed from 192.0.2.66: " in plain and "--names asks DNS what these hosts are called" in plain
        asking = ("reports", "--names", "--dns", f"127.0.0.1@{names.port}")
        words = server.command(*asking)
        assert "4 failed from 192.0.2.66 (mail.mailer.example): " in words
        assert "192.0.2.67 (mail.mailer.example, which does not lead back to it): " in words
        assert "192.0.2.68 (it has no name): " in words and "192.0.2.69 (DNS did not say its name): " in words
        assert "--names" not in words
        told = server.listing(*asking)["domains"][0]["sources"]
        assert {source["source"]: source["name_state"] for source in told} == sources
        done = run("reports", "list", "--names", "--data", server.data)
        assert done.returncode == 2 and "--names is for the summary" in done.stderr
    finally:
        names.close()
