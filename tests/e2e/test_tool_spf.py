"""posthaste tool spf: a sender and a domain's record, asked of a name server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from server import run
from zones import BROKEN, Zones, zones_served

PASSED, FAILED, MISUSED = 0, 1, 2


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zones]:
    zones = Zones(tmp_path_factory.mktemp("zones"))
    zones.set("a.test", 'TXT "v=spf1 ip4:192.0.2.0/24 include:_spf.b.test exp=why.%{d} -all"')
    zones.set("why.a.test", 'TXT "%{i} may not send for %{o}, \\"%{l}\\""')
    zones.set("_spf.b.test", 'TXT "v=spf1 mx:b.test" " a:six.b.test -all"')
    zones.set("b.test", "MX 10 mx.b.test.", "MX 20 gone.b.test.")
    zones.set("mx.b.test", "A 203.0.113.5")
    zones.set("six.b.test", "AAAA 2001:db8::5")
    zones.set("soft.test", 'TXT "v=spf1 ~all"')
    zones.set("wrong.test", 'TXT "v=spf1 ip4:192.0.2.1 ip4:192.0.2 -all"')
    zones.set("two.test", 'TXT "v=spf1 -all"', 'TXT "v=spf1 ~all"')
    zones.set("loop.test", 'TXT "v=spf1 include:loop.test -all"')
    zones.set("fails.test", f'TXT "v=spf1 a:mail.{BROKEN} -all"')
    zones.set("plain.test", "A 192.0.2.1")
    zones.set("open.test", 'TXT "v=spf1 ptr +all"')
    zones.set("mail.helo.test", 'TXT "v=spf1 ip4:192.0.2.7 -all"')
    with zones_served(zones):
        yield zones


def tool(zones: Zones, *words: str) -> tuple[int, str, str]:
    done = run("tool", "spf", *words, "--dns", zones.server)
    return done.returncode, done.stdout, done.stderr


def ask(zones: Zones, ip: str, sender: str, helo: str = "mail.helo.test") -> tuple[int, dict[str, Any]]:
    status, out, err = tool(zones, "--ip", ip, "--from", sender, "--helo", helo, "--json")
    assert not err, err
    verdict: dict[str, Any] = json.loads(out)
    return status, verdict


def test_a_pass_names_its_term_and_all_lookups(zones: Zones) -> None:
    status, verdict = ask(zones, "203.0.113.5", "ann@a.test")
    assert (status, verdict["result"], verdict["identity"], verdict["domain"]) == (PASSED, "pass", "mailfrom", "a.test")
    assert (verdict["term"], verdict["term_domain"]) == ("mx:b.test", "_spf.b.test")
    assert verdict["reason"] == ('203.0.113.5 may send for a.test: "mx:b.test" of the record of _spf.b.test, which is '
                                 'included by "include:_spf.b.test" of a.test fits')
    assert verdict["explanation"] == "" and verdict["asking_terms"] == 2 and verdict["void_lookups"] == 0
    assert [(lookup["name"], lookup["type"], lookup["result"]) for lookup in verdict["lookups"]] == [
        ("a.test", "TXT", "ok"), ("_spf.b.test", "TXT", "ok"), ("b.test", "MX", "ok"), ("mx.b.test", "A", "ok")]
    assert verdict["lookups"][1]["records"] == ["v=spf1 mx:b.test a:six.b.test -all"]
    assert ask(zones, "2001:db8::5", "ann@a.test")[1]["term"] == "a:six.b.test"


def test_a_fail_brings_the_owners_explanation(zones: Zones) -> None:
    status, verdict = ask(zones, "198.51.100.1", "<ann@a.test>")
    assert (status, verdict["result"], verdict["term"]) == (FAILED, "fail", "-all")
    assert verdict["explanation"] == '198.51.100.1 may not send for a.test, "ann"'
    status, out, err = tool(zones, "--ip", "198.51.100.1", "--from", "ann@a.test", "--helo", "x.test")
    assert status == FAILED and not err
    assert out.startswith('spf: fail (mailfrom)\n  198.51.100.1 may not send for a.test: "-all" of its record fits\n'
                          '  its owner says: 198.51.100.1 may not send for a.test, "ann"\n  asked a.test TXT: ok\n')


@pytest.mark.parametrize(("sender", "result", "reason"), [
    ("ann@soft.test", "softfail", '198.51.100.1 should not send for soft.test: "~all" of its record fits'),
    ("ann@wrong.test", "permerror",
     'the record of wrong.test is wrong at byte 22, "ip4:192.0.2": no address of this family'),
    ("ann@two.test", "permerror", "two.test has 2 SPF records; there may be only one"),
    ("ann@loop.test", "permerror",
     '"include:loop.test" of the record of loop.test is one of more than 10 terms that ask DNS (RFC 7208 4.6.4)'),
    ("ann@plain.test", "none", '"plain.test" has no SPF record'),
    ("ann@gone.test", "none", '"gone.test" does not exist'),
    ("ann@[192.0.2.1]", "none", '"[192.0.2.1]" is no domain that could have a record'),
    ("ann@fails.test", "temperror", f"DNS gives no answer about mail.{BROKEN} (A: failed)"),
])
def test_all_else_is_told_with_its_reason(zones: Zones, sender: str, result: str, reason: str) -> None:
    status, verdict = ask(zones, "198.51.100.1", sender)
    assert (status, verdict["result"], verdict["reason"]) == (FAILED, result, reason)


def test_the_null_sender_is_the_greeting(zones: Zones) -> None:
    for words in (["--from", "<>"], []):
        status, out, _ = tool(zones, "--ip", "192.0.2.7", "--helo", "mail.helo.test", "--json", *words)
        verdict = json.loads(out)
        assert (status, verdict["result"], verdict["identity"]) == (PASSED, "pass", "helo")
        assert verdict["sender"] == "postmaster@mail.helo.test"


def test_wrong_usage_is_told_apart(zones: Zones) -> None:
    for words in (["--from", "a@b.test"], ["--ip", "192.0.2.300", "--from", "a@b.test"], ["--ip", "192.0.2.1"]):
        status, out, err = tool(zones, *words)
        assert status == MISUSED and not out and "usage: posthaste tool" in err


def test_a_domains_record_is_looked_at_for_its_owner(zones: Zones) -> None:
    status, out, err = tool(zones, "a.test", "--json")
    audit = json.loads(out)
    assert status == PASSED and not err and audit["notes"] == []
    assert audit["record"].startswith("v=spf1 ip4:") and audit["records"] == 1 and audit["asking_terms"] == 3
    status, out, err = tool(zones, "open.test")
    assert status == FAILED and not err
    assert 'wrong: open.test: "+all" lets everybody send in the domain\'s name\n' in out
    assert 'better not: open.test: "ptr" is slow' in out
    status, out, _ = tool(zones, "two.test", "--json")
    assert status == FAILED and json.loads(out)["notes"][0]["kind"] == "several-records"
