"""The owner's side: what `domain dns` prints makes `domain check` all green in a real name server, and each thing
that is broken turns its own line red, no other, and says what is different."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from authority import Authority
from middlebox import Middlebox
from owner import ADDRESS, AUTHORITY, DOMAIN, HOST, REVERSE_NAME, Owner, restored, served_owner
from server import run

Change = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    with served_owner() as made:
        yield made


@pytest.fixture
def published(owner: Owner) -> Iterator[Owner]:
    yield from restored(owner)


def red_lines(owner: Owner) -> tuple[list[dict[str, Any]], int]:
    """What is not right, and the exit status."""
    report, status = owner.check()
    assert report["right"] == (status == 0)
    return [line for line in report["lines"] if line["state"] != "right"], status


def only_red(owner: Owner, kind: str, name: str, state: str, words: str) -> dict[str, Any]:
    """Exactly that line is red, in that state; it says why and what to do, and the check fails."""
    lines, status = red_lines(owner)
    assert [(line["kind"], line["name"], line["state"]) for line in lines] == [(kind, name, state)], lines
    line = lines[0]
    assert re.search(words, line["words"]), line
    assert line["advice"], line
    assert status == (0 if state == "missing" and line["necessity"] == "may" else 1)
    return line


def test_what_is_printed_is_all_right(published: Owner) -> None:
    wrong, status = red_lines(published)
    assert not wrong, wrong
    assert status == 0
    report, _ = published.check()
    kinds = {line["kind"] for line in report["lines"]}
    assert kinds >= {"host", "ptr", "mx", "spf", "spf-helo", "dkim", "dmarc", "mta-sts", "mta-sts-host", "tls-rpt",
                     "tlsa", "srv", "autoconfig", "caa", "dnssec", "port", "starttls", "certificate", "mta-sts-policy"}
    assert sum(line["kind"] == "dkim" for line in report["lines"]) == 2
    done = run("domain", "check", DOMAIN, *published.asking())
    assert done.returncode == 0 and done.stdout.endswith("All is right.\n"), done.stdout


# ---- each record broken in turn ----

NAMES = {"host": HOST, "mx": DOMAIN, "spf": DOMAIN, "spf-helo": HOST, "dkim-rsa": f"ph1-rsa._domainkey.{DOMAIN}",
         "dkim-ed25519": f"ph1-ed25519._domainkey.{DOMAIN}", "dmarc": f"_dmarc.{DOMAIN}",
         "mta-sts": f"_mta-sts.{DOMAIN}",
         "mta-sts-host": f"mta-sts.{DOMAIN}", "tls-rpt": f"_smtp._tls.{DOMAIN}", "tlsa": f"_25._tcp.{HOST}",
         "autoconfig": f"autoconfig.{DOMAIN}", "autodiscover": f"autodiscover.{DOMAIN}", "caa": HOST,
         **{f"srv-{service}": f"_{service}._tcp.{DOMAIN}"
            for service in ("submissions", "submission", "imaps", "imap", "pop3s", "pop3")}}
TYPES = {"host": "A", "mx": "MX", "tlsa": "TLSA", "caa": "CAA", "mta-sts-host": "CNAME", "autoconfig": "CNAME",
         "autodiscover": "CNAME"}
KINDS = {"dkim-rsa": "dkim", "dkim-ed25519": "dkim", "autodiscover": "autoconfig"}


def type_of(row: str) -> str:
    return "SRV" if row.startswith("srv-") else TYPES.get(row, "TXT")


def kind_of(row: str) -> str:
    return "srv" if row.startswith("srv-") else KINDS.get(row, row)


def is_row(line: str, row: str) -> bool:
    return line.startswith(f"{NAMES[row]}. ") and f" IN {type_of(row)} " in line


def change(owner: Owner, row: str, changed: Change) -> None:
    """Publishes all that was printed, with other lines in the place of that row."""
    lines = [other for line in owner.printed for other in (changed(line) if is_row(line, row) else [line])]
    assert lines != owner.printed, f"nothing printed is {row}"
    owner.publish(lines)


def expect_red(owner: Owner, row: str, state: str, words: str) -> None:
    only_red(owner, kind_of(row), NAMES[row], state, words)


@pytest.mark.parametrize("row", sorted(NAMES))
def test_a_record_that_is_not_there_is_missing(published: Owner, row: str) -> None:
    change(published, row, lambda line: [])
    expect_red(published, row, "missing", "there is no such record")


def replaced(pattern: str, by: str) -> Change:
    def changed(line: str) -> list[str]:
        other = re.sub(pattern, by, line, count=1)
        assert other != line, line
        return [other]

    return changed


def text(value: str) -> Change:
    return lambda line: [line.split(" IN TXT ")[0] + f' IN TXT {value}']


def other_key(line: str) -> list[str]:
    """Its first character is another; a digit, which is no letter's large or small one."""
    head, key = line.split("p=", 1)
    return [f"{head}p={'2' if key[0] == '1' else '1'}{key[1:]}"]


def other_hash(line: str) -> list[str]:
    head, digits = line.rsplit(" ", 1)
    return [f"{head} {'0' if digits[0] != '0' else '1'}{digits[1:]}"]


BROKEN: list[tuple[str, str, Change, str]] = [
    ("host", "another", replaced("127.0.0.1", "192.0.2.7"), r"it is 192\.0\.2\.7, and should be 127\.0\.0\.1"),
    ("host", "one-more", lambda line: [line, line.replace(ADDRESS, "192.0.2.7")], "the address 192.0.2.7 as well"),
    ("mx", "another", replaced("mx.owner", "mail.elsewhere"), "leads to 10 mail.elsewhere.test, and should lead to"),
    ("mx", "doubled", replaced(r"mx.owner.test\.", "mx.owner.test.owner.test."), "with the zone's name twice"),
    ("mx", "number", replaced(r"mx.owner.test\.", "192.0.2.1."), "a name, not an address"),
    ("mx", "null", lambda line: [f"{DOMAIN}. 0 IN MX 0 ."], "takes no mail"),
    ("mx", "a-better-one", lambda line: [line, f"{DOMAIN}. 0 IN MX 5 old.elsewhere.test."],
     "goes to old.elsewhere.test as well"),
    ("spf", "without-us", text('"v=spf1 ip4:192.0.2.1 -all"'), r'127\.0\.0\.1 gets "fail"'),
    ("spf", "broken", text('"v=spf1 ip4:127.0.0.1 ip5:1 -all"'), "ip5"),
    ("spf", "twice", lambda line: [line, f'{DOMAIN}. 0 IN TXT "v=spf1 mx -all"'],
     "2 such records, and only one may be"),
    ("spf", "everybody", text('"v=spf1 +all"'), "every|all"),
    ("spf", "quoted", text(r'"\"v=spf1 ip4:127.0.0.1 ~all\""'), "quotation marks"),
    ("spf", "eleven", text('"v=spf1 ip4:127.0.0.1 ' + " ".join(f"a:mx{i}.owner.test" for i in range(11)) + ' ~all"'),
     "1[01]|ten|lookups"),
    ("spf-helo", "without-us", text('"v=spf1 -all"'), r'127\.0\.0\.1 gets "fail"'),
    ("dkim-rsa", "a-letter", replaced("MIIB", "MIIC"), r"the key \(p=\) is another: from character 4 on"),
    ("dkim-rsa", "a-lost-string", replaced(r'" ".*', '"'), "stops after 2|whole string"),
    ("dkim-rsa", "revoked", text('"v=DKIM1; k=rsa; p="'), "revoked"),
    ("dkim-rsa", "testing", replaced("k=rsa;", "t=y;"), "t=y"),
    ("dkim-rsa", "twice", lambda line: [line, line.replace("MIIB", "MIIC")], "2 such records"),
    ("dkim-ed25519", "quoted", text(r'"\"v=DKIM1; k=ed25519; p=abc\""'), "."),
    ("dkim-ed25519", "another", other_key, "from character 1 on it says"),
    ("dmarc", "twice", lambda line: [line, f'_dmarc.{DOMAIN}. 0 IN TXT "v=DMARC1; p=reject"'], "2 such records"),
    ("dmarc", "a-typo", replaced("p=none", "p=nome"), "p=nome"),
    ("dmarc", "quoted", text(r'"\"v=DMARC1; p=none\""'), "quotation|from character 1"),
    ("mta-sts", "an-old-id", replaced("id=[0-9a-f]+", "id=20240101"), "its id is 20240101"),
    ("mta-sts", "no-id", text('"v=STSv1;"'), "missing"),
    ("mta-sts-host", "another", replaced("CNAME mx", "CNAME www"),
     "it says www.owner.test, and should say mx.owner.test"),
    ("tls-rpt", "no-rua", text('"v=TLSRPTv1;"'), "no rua"),
    ("tls-rpt", "no-scheme", replaced("mailto:", ""), "neither mailto: nor https:"),
    ("tlsa", "another", other_hash, "not of this host's certificate: from character 7 on"),
    ("tlsa", "another-kind", replaced("3 1 1", "3 0 1"), "from character 3 on it says \"0\""),
    ("srv-imaps", "another-port", replaced(r"0 1 \d+", "0 1 1"), "it says 0 1 1 mx.owner.test, and should say 0 1"),
    ("srv-submissions", "another-host", replaced("mx.owner", "mx.elsewhere"), "mx.elsewhere.test"),
    ("srv-pop3", "not-offered", replaced(r"0 1 \d+ mx.owner.test", "0 0 0 "), "it says 0 0 0"),
    ("autoconfig", "another", replaced("CNAME mx", "CNAME www"), "www.owner.test"),
    ("caa", "another", replaced("letsencrypt.org", "other.example"), "certificate in use is from letsencrypt.org"),
]


@pytest.mark.parametrize(("row", "changed", "words"), [(row, changed, words) for row, _, changed, words in BROKEN],
                         ids=[f"{row}-{name}" for row, name, _, _ in BROKEN])
def test_a_record_that_is_wrong_says_how(published: Owner, row: str, changed: Change, words: str) -> None:
    change(published, row, changed)
    expect_red(published, row, "wrong", words)


def test_blanks_in_a_key_mean_nothing(published: Owner) -> None:
    change(published, "dkim-rsa", replaced("k=rsa; p=MIIB", "p=MI IB"))
    assert red_lines(published)[0] == []


@pytest.mark.parametrize("row", ["dmarc", "dkim-rsa", "mta-sts", "tls-rpt", "srv-imaps", "tlsa"])
def test_a_name_with_the_zone_in_it_twice_is_found(published: Owner, row: str) -> None:
    change(published, row, lambda line: [line.replace(f".{DOMAIN}. ", f".{DOMAIN}.{DOMAIN}. ", 1)])
    expect_red(published, row, "missing", f"there is one at .*{DOMAIN}.{DOMAIN}, with the zone's name twice")


# ---- the owner's own choices are no mistakes ----

@pytest.mark.parametrize(("row", "changed"), [
    ("spf", text('"v=spf1 mx ?all"')), ("spf", text('"v=spf1 a:mx.owner.test include:spf.owner.test -all"')),
    ("dmarc", text('"v=DMARC1;p=reject;rua=mailto:d@owner.test"')),
    ("mx", replaced("MX 10", "MX 77")), ("mx", lambda line: [line, f"{DOMAIN}. 0 IN MX 90 backup.elsewhere.test."]),
    ("tls-rpt", text('"v=TLSRPTv1; rua=https://owner.test/reports"')),
    ("srv-imaps", replaced("SRV 0 1 ", "SRV 5 9 ")),
    ("autoconfig", lambda line: [f"autoconfig.{DOMAIN}. 0 IN A {ADDRESS}"]),
    ("mta-sts-host", lambda line: [f"mta-sts.{DOMAIN}. 0 IN A {ADDRESS}"]),
    ("caa", lambda line: [line, f'{HOST}. 0 IN CAA 0 issue "other.example"'])],
    ids=lambda value: value if isinstance(value, str) else "")
def test_what_the_owner_may_choose_is_right(published: Owner, row: str, changed: Change) -> None:
    include = f'spf.{DOMAIN}. 0 IN TXT "v=spf1 ip4:192.0.2.9 ~all"'
    published.publish([include, *(other for line in published.printed
                                  for other in (changed(line) if is_row(line, row) else [line]))])
    assert red_lines(published)[0] == []


def test_reports_to_another_domain_need_its_word(published: Owner) -> None:
    elsewhere = text('"v=DMARC1; p=none; rua=mailto:reports@elsewhere.test"')
    change(published, "dmarc", elsewhere)
    expect_red(published, "dmarc", "wrong", "to go to elsewhere.test, which does not say that it wants them")
    published.publish([f'{DOMAIN}._report._dmarc.elsewhere.test. 0 IN TXT "v=DMARC1"', *published.zones.lines])
    assert red_lines(published)[0] == []


# ---- beyond the zone ----

def test_the_name_of_the_address(published: Owner) -> None:
    published.publish(published.printed, [])
    only_red(published, "ptr", REVERSE_NAME, "missing", "there is no such record")
    published.publish(published.printed, [f"{REVERSE_NAME}. 0 IN PTR static-1.provider.test."])
    line = only_red(published, "ptr", REVERSE_NAME, "wrong",
                    f"it says static-1.provider.test, and should say {HOST}")
    assert "provider" in line["advice"]


def test_an_answer_that_is_forged_or_fails(published: Owner) -> None:
    published.zones.forge(f"_dmarc.{DOMAIN}")
    published.zones.reload()
    try:
        only_red(published, "dmarc", f"_dmarc.{DOMAIN}", "wrong", "forged or broken")
    finally:
        published.zones.forged.clear()


def test_a_port_that_nobody_listens_on(published: Owner) -> None:
    """The server is stopped: every port is red, and no record is."""
    published.server.stop()
    try:
        lines, status = red_lines(published)
        assert status == 1
        assert {line["kind"] for line in lines} == {"port", "certificate", "mta-sts-policy"}, lines
        ports = {line["name"]: line for line in lines if line["kind"] == "port"}
        assert len(ports) == 7
        assert "nobody listens" in ports[str(published.server.ports.smtp)]["words"]
    finally:
        published.server.start()


@contextmanager
def behind(owner: Owner, box: Middlebox) -> Iterator[None]:
    """Others reach the server through it, and DNS says so."""
    config = owner.server.data / "posthaste.conf"
    kept = config.read_text()
    try:
        owner.configure(f"base_port = {box.ports.base}")
        owner.publish(owner.zone_lines())
        yield
    finally:
        config.write_text(kept)
        box.close()


def test_a_middlebox_that_hides_starttls(published: Owner) -> None:
    with behind(published, Middlebox(published.server.ports)):
        assert red_lines(published)[0] == []
    with behind(published, Middlebox(published.server.ports, hides_starttls=True)):
        line = only_red(published, "starttls", HOST, "wrong", "not offered: all mail comes in the clear")
    assert "firewall" in line["advice"]


@pytest.mark.parametrize("service", ["smtp", "submission", "submissions", "imap", "imaps", "pop3s"])
def test_a_port_that_is_dropped_is_red_alone(published: Owner, service: str) -> None:
    box = Middlebox(published.server.ports, dropped=[service])
    with behind(published, box):
        only_red(published, "port", str(getattr(box.ports, service)), "wrong", "nobody listens there")


def test_a_policy_that_cannot_be_fetched(published: Owner) -> None:
    """The web server's port: the policy is behind it, too, and nothing else."""
    with behind(published, box := Middlebox(published.server.ports, dropped=["https"])):
        lines = red_lines(published)[0]
        assert {(line["kind"], line["name"]) for line in lines} == {
            ("port", str(box.ports.https)), ("mta-sts-policy", f"mta-sts.{DOMAIN}")}, lines


def test_a_zone_that_is_not_signed_or_wrongly(published: Owner) -> None:
    """Without anchors nothing can be seen to be signed, which is no fault; what is forged is one."""
    asking = published.asking()
    at = asking.index("--trust-anchors")
    done = run("domain", "check", DOMAIN, *asking[:at], *asking[at + 2:], "--json")
    lines = [line for line in json.loads(done.stdout)["lines"] if line["state"] != "right"]
    assert [(line["kind"], line["state"]) for line in lines] == [("dnssec", "missing")], lines
    assert done.returncode == 0 and "sign it" in lines[0]["advice"]
    published.zones.forge(DOMAIN, "NSEC")
    published.zones.reload()
    try:
        only_red(published, "dnssec", DOMAIN, "wrong", "signatures do not hold")
    finally:
        published.zones.forged.clear()


@pytest.mark.parametrize(("names", "is_ours", "words"), [
    ((HOST,), False, "self.signed|unable to get|certificate"),
    (("other.test", f"mta-sts.{DOMAIN}"), True, "hostname|name"),
    ((HOST,), True, "")], ids=["not-trusted", "another-name", "not-for-mta-sts"])
def test_a_certificate_that_others_do_not_take(published: Owner, tmp_path: Path, names: tuple[str, ...], is_ours: bool,
                                               words: str) -> None:
    authority = published.authority if is_ours else Authority(tmp_path / "other", AUTHORITY)
    kept = published.use_certificate(authority.issue(*names))
    try:
        published.reload_server()
        lines, status = red_lines(published)
        red = {line["kind"]: line for line in lines}
        assert status == 1
        # The record of the key in use is for the one that was there before.
        assert set(red) - {"tlsa"} <= {"certificate", "mta-sts-policy"}, lines
        if words:
            assert re.search(words, red["certificate"]["words"]), red
        else:
            assert "certificate" not in red and "mta-sts" in red["mta-sts-policy"]["name"]
        assert "is not of this host's certificate" in red["tlsa"]["words"]
    finally:
        published.restore_certificate(kept)
        published.reload_server()


def test_a_certificate_that_has_ended(published: Owner) -> None:
    names = (HOST, f"mta-sts.{DOMAIN}")
    kept = published.use_certificate(published.authority.issue(*names, is_expired=True))
    try:
        published.reload_server()
        red = {line["kind"]: line["words"] for line in red_lines(published)[0]}
        assert set(red) == {"certificate", "mta-sts-policy", "tlsa"}
        assert "expired" in red["certificate"] and "expired" in red["mta-sts-policy"]
    finally:
        published.restore_certificate(kept)
        published.reload_server()


# ---- what is there is made part of it ----

def test_what_is_there_is_merged(published: Owner) -> None:
    there = [f'{DOMAIN}. 0 IN TXT "v=spf1 include:spf.{DOMAIN} -all"', f'{DOMAIN}. 0 IN TXT "site-verification=1"',
             f'{HOST}. 0 IN CAA 0 issue "other.example"']
    published.publish(there)
    merged = published.server.command("domain", "dns", DOMAIN, "--merge", *published.asking()[:4])
    assert f'"v=spf1 ip4:{ADDRESS} include:spf.{DOMAIN} -all"' in merged
    assert "site-verification" not in merged
    batch = json.loads(published.server.command("domain", "dns", DOMAIN, "--merge", "--format", "route53",
                                                *published.asking()[:4]))
    sets = {(item["ResourceRecordSet"]["Name"], item["ResourceRecordSet"]["Type"]):
            {record["Value"] for record in item["ResourceRecordSet"]["ResourceRecords"]} for item in batch["Changes"]}
    assert sets[f"{DOMAIN}.", "TXT"] == {f'"v=spf1 ip4:{ADDRESS} include:spf.{DOMAIN} -all"', '"site-verification=1"'}
    assert sets[f"{HOST}.", "CAA"] == {'0 issue "letsencrypt.org"', '0 issue "other.example"'}
    report, _ = published.check()
    line = line_of(report, "spf", DOMAIN)
    assert line["state"] == "wrong" and f"ip4:{ADDRESS} include:spf.{DOMAIN} -all" in line["advice"]


def line_of(report: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    found = [line for line in report["lines"] if (line["kind"], line["name"]) == (kind, name)]
    assert len(found) == 1, report["lines"]
    return found[0]


def test_json_has_each_record_whole_and_in_strings(published: Owner) -> None:
    records = json.loads(published.server.command("domain", "dns", DOMAIN, "--json"))["records"]
    key = next(record for record in records if record["name"] == NAMES["dkim-rsa"])
    assert "".join(key["strings"]) == key["value"] and len(key["strings"]) == 2
    assert all(len(piece) <= 255 for piece in key["strings"])
    assert {record["necessity"] for record in records} == {"must", "should", "may"}
    assert [record["name"] for record in records if record["outside"]] == [REVERSE_NAME]


def test_a_second_domain_of_the_host(published: Owner) -> None:
    """All records of the host are there; the policy is served, but the certificate is not for its name."""
    published.server.command("domain", "add", "second.test")
    try:
        lines = published.zone_lines("second.test")
        assert not [line for line in lines if line.startswith(HOST)], "the host's records stand in another zone"
        published.publish([*published.printed, *lines])
        done = run("domain", "check", "second.test", *published.asking(), "--json")
        wrong = [line for line in json.loads(done.stdout)["lines"] if line["state"] != "right"]
        assert [line["kind"] for line in wrong] == ["mta-sts-policy"], wrong
        assert "mta-sts.second.test" in wrong[0]["advice"]
    finally:
        published.server.command("domain", "remove", "second.test")


def test_a_relay_domain_needs_little(published: Owner) -> None:
    published.server.command("domain", "add", "relayed.test", "--relay")
    try:
        lines = published.zone_lines("relayed.test")
        assert lines == [f"relayed.test. 0 IN MX 20 {HOST}."]
        published.publish([*published.printed, *lines, "relayed.test. 0 IN MX 10 mx.relayed.test."])
        done = run("domain", "check", "relayed.test", *published.asking())
        assert done.returncode == 0, done.stdout
    finally:
        published.server.command("domain", "remove", "relayed.test")


def test_a_domain_that_is_not_ours(published: Owner) -> None:
    for verb in ("dns", "check"):
        done = run("domain", verb, "elsewhere.test", "--data", published.server.data)
        assert done.returncode == 1 and "is not one of our domains" in done.stderr


@pytest.mark.parametrize("arguments", [("dns", DOMAIN, "--format", "paper"), ("list", "--merge"), ("check",),
                                       ("check", DOMAIN, "--format", "zone"), ("list", "--dns", "127.0.0.1")])
def test_wrong_usage(published: Owner, arguments: tuple[str, ...]) -> None:
    assert run("domain", *arguments, "--data", published.server.data).returncode == 2
