"""Mailboxes that outreach sends from, against a provider that is a real Postfix and Dovecot: adding one tests it
for real, what is wrong is named with what to do, and while it is there it is watched."""

from __future__ import annotations

import json
import re
import smtplib
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from names import Names
from oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer
from peer import need_root, until
from provider import IMAP_OFF_WORDS, PASSWORD, Provider
from server import Server, program, run

# What the issue promises, for every change of a mailbox's health.
SEEN_SECONDS_MAX = 60


@contextmanager
def outreach_server(roots: list[Path], records: dict[tuple[str, str], list[str]] | None = None,
                    check_seconds: int = 2, more: str = "") -> Iterator[Server]:
    """A server that trusts these authorities, knows these names, and looks at mailboxes often."""
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder:
        Path(folder).chmod(0o755)
        server = Server(Path(folder))
        server.prepare()
        names = Names(dict(records or {}))
        (server.data / "tls" / "roots.pem").write_text("".join(root.read_text() for root in roots))
        with (server.data / "posthaste.conf").open("a") as conf:
            conf.write("outbound.trusted_roots = tls/roots.pem\noutbound.allow_private = yes\n"
                       f"outreach.poll_seconds = 1\noutreach.check_seconds = {check_seconds}\n"
                       "outreach.copy_seconds = 1\n"
                       f"dns.servers = 127.0.0.1@{names.port}\ndns.trust_anchors = none\n{more}")
        server.start()
        try:
            yield server
        finally:
            server.stop()
            names.close()
        assert PASSWORD not in server.log_text()
        assert not server.reports(), server.log_text()[-6000:]


@contextmanager
def running_provider(change: Callable[[Provider], None] = lambda _: None) -> Iterator[Provider]:
    with tempfile.TemporaryDirectory(prefix="posthaste-provider-") as folder:
        provider = Provider(Path(folder))
        provider.prepare()
        change(provider)
        try:
            provider.start()
            yield provider
        finally:
            provider.stop()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    need_root("a provider")
    with running_provider() as started:
        yield started


@pytest.fixture(scope="module")
def outreach(provider: Provider) -> Iterator[Server]:
    names = {("mx.provider.test", "A"): ["127.0.0.1"],
             ("_imaps._tcp.provider.test", "SRV"): ["0 1 993 elsewhere.test",
                                                     f"5 1 {provider.imaps} mx.provider.test"],
             ("_submissions._tcp.provider.test", "SRV"): [f"0 1 {provider.submissions} mx.provider.test"]}
    with outreach_server([provider.certificate], names) as server:
        yield server


def ways(provider: Provider) -> list[str]:
    return ["--smtp", f"localhost:{provider.submissions}", "--imap", f"localhost:{provider.imaps}"]


def add(server: Server, provider: Provider, address: str, *options: str,
        password: str = PASSWORD) -> tuple[int, dict[str, Any]]:
    done = run("outreach", "mailbox", "add", address, *(options or ways(provider)), "--password-stdin", "--json",
               "--data", server.data, text=password + "\n")
    assert done.stdout, done.stderr
    assert password not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def mailbox(server: Server, address: str) -> dict[str, Any]:
    return dict(server.listing("outreach", "mailbox", "show", address)["mailbox"])


def wait_for(server: Server, address: str, state: str, cause: str = "none") -> dict[str, Any]:
    """Until the mailbox is in that state, as its owner would see it."""
    deadline = time.monotonic() + SEEN_SECONDS_MAX
    while True:
        shown = mailbox(server, address)
        if (shown["state"], shown["cause"]) == (state, cause):
            return shown
        assert time.monotonic() < deadline, (shown, server.log_text()[-3000:])
        time.sleep(0.2)


def words_of(answer: dict[str, Any]) -> str:
    return "\n".join(step["text"] for step in answer["steps"])


def test_a_mailbox_that_is_added_is_tested_for_real(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("ann")
    status, answer = add(outreach, provider, address)
    words = words_of(answer)
    assert status == 0 and answer["works"] and answer["saved"], words
    for expected in ("SMTP: logged in at localhost", "IMAP: logged in at localhost", "IDLE", "QRESYNC",
                     'sent mail is "Sent"', 'junk is "Junk"', "a message to itself was taken", 'arrived in "INBOX"',
                     "one is put there by us", "address+tag: arrives"):
        assert expected in words, words
    shown = mailbox(outreach, address)
    assert (shown["state"], shown["kind"], shown["sent_copies"], shown["plus_addressing"]) == \
        ("green", "outside", "ours", True)
    assert shown["imap"]["port"] == provider.imaps and shown["smtp"]["user"] == address
    # The test took its messages away again.
    until(lambda: provider.messages("ann") == provider.messages("ann", "Sent") == [], SEEN_SECONDS_MAX,
          provider.log_text)
    listed = outreach.command("outreach", "mailbox", "list")
    assert f"{address}" in listed and "green" in listed and PASSWORD not in listed


def failing_step(answer: dict[str, Any]) -> dict[str, Any]:
    step = next(step for step in answer["steps"] if not step["good"])
    assert len(step["advice"]) > 20, answer
    return dict(step)


def test_its_servers_are_found_from_the_address(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("finder")
    status, answer = add(outreach, provider, address, "--name", "Fin Der")
    assert status == 0, words_of(answer)
    assert f"mx.provider.test, port {provider.imaps} (SRV record): answers" in words_of(answer)
    # Whoever forges DNS must not get the password.
    assert "an SRV record names elsewhere.test" in words_of(answer) and "not used" in words_of(answer)
    shown = mailbox(outreach, address)
    assert (shown["imap"]["host"], shown["smtp"]["port"]) == ("mx.provider.test", provider.submissions)
    assert shown["name"] == "Fin Der"


def test_a_wrong_password_is_named_and_the_right_one_mends_it(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("wrong")
    status, answer = add(outreach, provider, address, *ways(provider), password="not the one")
    assert status == 1 and not answer["works"] and answer["mailbox"]["cause"] == "password"
    assert "password" in failing_step(answer)["text"] and "set ADDRESS" in failing_step(answer)["advice"]
    done = run("outreach", "mailbox", "set", address, "--password-stdin", "--json", "--data", outreach.data,
               text=PASSWORD + "\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert mailbox(outreach, address)["state"] == "green"


def test_imap_that_is_switched_off_is_named(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("fay")
    provider.switch_imap_off("fay")
    status, answer = add(outreach, provider, address)
    shown = mailbox(outreach, address)
    assert status == 1 and (shown["state"], shown["cause"]) == ("red", "imap-disabled"), answer
    assert shown["words"] == "IMAP is disabled for this account; reply detection cannot work"
    assert IMAP_OFF_WORDS in shown["detail"]
    # Sending works, and is tried all the same, so that all that is wrong is told at once.
    assert "SMTP: logged in" in words_of(answer)
    # Once it is switched on the test that it never passed is run by itself.
    provider.add_user("fay")
    assert wait_for(outreach, address, "green")["tested_ms"] > shown["tested_ms"]


def test_a_mailbox_that_only_sends_is_refused_until_replies_can_be_read(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("sender")
    elsewhere = address.replace("provider.test", "elsewhere.test")
    smtp = ["--smtp", f"localhost:{provider.submissions}", "--smtp-user", address]
    status, answer = add(outreach, provider, elsewhere, *smtp)
    assert status == 1 and not answer["saved"] and answer["cause"] == "no-imap", answer
    done = run("outreach", "mailbox", "show", elsewhere, "--data", outreach.data)
    assert done.returncode == 1 and "is not a mailbox" in done.stderr


@pytest.mark.parametrize(("options", "cause"), [
    (["--smtp", "localhost:1", "--imap", "localhost:{imaps}"], "connection-refused"),
    (["--smtp", "smtp.nowhere.test", "--imap", "localhost:{imaps}"], "host-not-found"),
    (["--smtp", "localhost:{submissions}", "--imap", "127.0.0.1:{imaps}"], "certificate"),
    (["--smtp", "localhost:{submission}", "--smtp-tls", "implicit", "--imap", "localhost:{imaps}"], "tls-failed"),
    (["--smtp", "localhost:{imap}", "--smtp-tls", "starttls", "--imap", "localhost:{imaps}"], "wrong-protocol"),
])
def test_what_stands_in_the_way_is_named(outreach: Server, provider: Provider, options: list[str],
                                         cause: str) -> None:
    address = provider.add_user("way")
    try:
        status, answer = add(outreach, provider, address, *(option.format(**vars(provider)) for option in options))
        assert status == 1 and answer["mailbox"]["cause"] == cause, answer
        failing_step(answer)
    finally:
        outreach.command("outreach", "mailbox", "remove", address)


def test_starttls_works_as_well(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("starttls")
    status, answer = add(outreach, provider, address, "--smtp", f"localhost:{provider.submission}", "--smtp-tls",
                         "starttls", "--imap", f"localhost:{provider.imap}", "--imap-tls", "starttls")
    assert status == 0, words_of(answer)


def test_a_local_account_is_a_mailbox_without_more(outreach: Server) -> None:
    account = outreach.new_account("local")
    assert "works" in outreach.command("outreach", "mailbox", "add", account.address)
    shown = mailbox(outreach, account.address)
    assert (shown["kind"], shown["state"]) == ("local", "green")
    done = run("outreach", "mailbox", "add", account.address, "--data", outreach.data)
    assert done.returncode == 1 and "is there already" in done.stderr
    outreach.command("outreach", "mailbox", "remove", account.address)


def test_more_than_100_a_day_and_shorter_gaps_need_a_name_to_it(outreach: Server) -> None:
    account = outreach.new_account("many")
    fast = ("outreach", "mailbox", "add", account.address, "--gap", "60-90", "--daily", "40")
    done = run(*fast, "--data", outreach.data)
    assert done.returncode == 1 and "--override" in done.stderr
    outreach.command(*fast, "--override", "a clerk")
    done = run("outreach", "mailbox", "set", account.address, "--daily", "400", "--data", outreach.data)
    assert done.returncode == 1 and "--override" in done.stderr
    outreach.command("outreach", "mailbox", "set", account.address, "--daily", "400", "--override", "the boss")
    limits = mailbox(outreach, account.address)["limits"]
    assert (limits["daily"], limits["override_by"], limits["gap_min_s"], limits["gap_max_s"]) == \
        (400, "the boss", 60, 90)


# ---- watching ----

def deliver(provider: Provider, recipient: str, subject: str) -> None:
    """From somebody else at the provider."""
    sender = provider.add_user("somebody")
    context = ssl.create_default_context(cafile=str(provider.certificate))
    with smtplib.SMTP_SSL("localhost", provider.submissions, context=context, timeout=30) as client:
        client.login(sender, PASSWORD)
        client.sendmail(sender, [recipient], f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n"
                                             f"Message-ID: <{subject}@elsewhere.test>\r\n\r\nhello\r\n")


def await_log(server: Server, pattern: str, behind: int = 0) -> re.Match[str]:
    """Until it stands in the log, `behind` so many characters."""
    deadline = time.monotonic() + SEEN_SECONDS_MAX
    while not (found := re.search(pattern, server.log_text()[behind:])):
        assert time.monotonic() < deadline, server.log_text()[-4000:]
        time.sleep(0.1)
    return found


def test_new_mail_in_any_folder_is_seen_and_stays_unread(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("watched")
    before = len(outreach.log_text())
    assert add(outreach, provider, address)[0] == 0
    # What its first round finds is old.
    await_log(outreach, rf"outreach\.mailbox address={re.escape(address)} state=green", before)
    deliver(provider, address, "first")
    sender = await_log(outreach, r"outreach\.news sender=(\w+) folder=INBOX uid=\d+", before).group(1)
    # Filed by a rule into Junk.
    deliver(provider, address.replace("@", "+Junk@"), "second")
    await_log(outreach, f"outreach.news sender={sender} folder=Junk")
    assert outreach.log_text().count(f"outreach.news sender={sender}") == 2
    names = [path.name for path in (provider.folder / "mail" / "watched").rglob("*") if ":2," in path.name]
    assert not [name for name in names if "S" in name.split(":2,")[1]], names
    # Told once, also by the next server.
    outreach.stop()
    outreach.start()
    wait_for(outreach, address, "green")
    time.sleep(3)
    assert outreach.log_text().count(f"outreach.news sender={sender}") == 2


def test_a_password_that_is_changed_turns_it_red_and_back(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("changing")
    assert add(outreach, provider, address)[0] == 0
    provider.add_user("changing", "another one")
    wait_for(outreach, address, "red", "password")
    provider.add_user("changing")
    wait_for(outreach, address, "green")
    provider.switch_imap_off("changing")
    shown = wait_for(outreach, address, "red", "imap-disabled")
    assert "reply detection cannot work" in shown["words"]
    provider.add_user("changing")
    wait_for(outreach, address, "green")


def test_a_provider_that_goes_away_is_told_and_comes_back(outreach: Server, provider: Provider) -> None:
    address = provider.add_user("away")
    assert add(outreach, provider, address)[0] == 0
    provider.stop()
    wait_for(outreach, address, "red", "connection-refused")
    provider.start()
    wait_for(outreach, address, "green")


# ---- what a provider does ----

@pytest.fixture(scope="module")
def peculiar() -> Iterator[tuple[Server, Provider]]:
    """Another provider, which is changed from test to test."""
    need_root("a provider")
    with running_provider() as provider, outreach_server([provider.certificate]) as server:
        yield server, provider


def test_a_provider_that_keeps_the_copy_itself_gets_no_second(peculiar: tuple[Server, Provider]) -> None:
    server, provider = peculiar
    provider.keeps_copies = True
    provider.restart()
    try:
        address = provider.add_user("keeper")
        status, answer = add(server, provider, address)
        assert status == 0 and "Sent: the provider keeps the copy, once" in words_of(answer), words_of(answer)
        assert mailbox(server, address)["sent_copies"] == "provider"
    finally:
        provider.keeps_copies = False


def test_other_message_ids_are_refused_unless_accepted(peculiar: tuple[Server, Provider]) -> None:
    server, provider = peculiar
    provider.renames = True
    provider.restart()
    try:
        address = provider.add_user("renamed")
        status, answer = add(server, provider, address)
        assert status == 1 and answer["mailbox"]["cause"] == "message-id-renamed", words_of(answer)
        # That it can be reached is not enough: it stays red until a test finds otherwise.
        time.sleep(5)
        assert mailbox(server, address)["cause"] == "message-id-renamed"
        done = run("outreach", "mailbox", "set", address, "--accept-renaming", "--json", "--data", server.data)
        assert done.returncode == 0, done.stdout
        assert mailbox(server, address)["state"] == "green"
    finally:
        provider.renames = False


def test_smtp_that_refuses_is_named_with_its_words(peculiar: tuple[Server, Provider]) -> None:
    server, provider = peculiar
    provider.restrictions = "reject"
    provider.restart()
    try:
        address = provider.add_user("refused")
        status, answer = add(server, provider, address)
        assert status == 1 and answer["mailbox"]["cause"] == "smtp-refused", words_of(answer)
        assert "Access denied" in answer["mailbox"]["detail"]
    finally:
        provider.restrictions = "permit_sasl_authenticated,reject"


# ---- OAuth ----

def grant(server: Server, address: str, *options: str) -> tuple[int, dict[str, Any], str]:
    """mailbox add or set --oauth, with a browser that opens what is printed."""
    with subprocess.Popen([str(program()), "outreach", "mailbox", *options, "--oauth", "fake", "--json", "--data",
                           str(server.data)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr and process.stdout
        said = ""
        while not re.search(r"http://\S+state=\S+", said):
            line = process.stderr.readline()
            assert line, said
            said += line
        found = re.search(r"http://\S+", said)
        assert found and address.split("@")[0] in found.group()
        with urllib.request.urlopen(found.group(), timeout=30) as page:
            assert "Access was granted" in page.read().decode()
        out, rest = process.communicate(timeout=120)
        return process.returncode, json.loads(out) if out else {}, said + rest


def test_oauth_by_the_owners_browser_and_a_token_that_is_withdrawn() -> None:
    need_root("a provider")
    oauth = OAuthServer("oana@provider.test")

    def with_tokens(provider: Provider) -> None:
        provider.oauth_port = oauth.port

    with running_provider(with_tokens) as provider, outreach_server([provider.certificate]) as server:
        address = provider.add_user("oana")
        server.command("outreach", "oauth", "add", "fake", "--client-id", CLIENT_ID, "--authorize-url",
                       oauth.url("/authorize"), "--token-url", oauth.url("/token"), "--scope", "mail", "--key-stdin",
                       text=CLIENT_SECRET + "\n")
        listed = server.command("outreach", "oauth", "list") + server.command("outreach", "oauth", "list", "--json")
        assert CLIENT_ID in listed and CLIENT_SECRET not in listed
        status, answer, said = grant(server, address, "add", address, *ways(provider))
        assert status == 0 and answer["works"], said + json.dumps(answer)
        assert answer["mailbox"]["imap"]["auth"] == "oauth" and not re.search(r"r\.\w{20}", json.dumps(answer) + said)
        # Each use gives another refresh token; the server after this one has the last.
        await_log(server, "outreach.mailbox .*state=green")
        server.stop()
        server.start()
        wait_for(server, address, "green")
        oauth.revoke()
        shown = wait_for(server, address, "red", "token-expired")
        assert "revoked" in shown["detail"] and "--oauth" in shown["advice"]
        # The watcher looks at the same moment: of two that use one token the later one takes the next.
        oauth.is_outrun.set()
        oauth.is_revoked = False
        status, answer, said = grant(server, address, "set", address)
        assert status == 0 and answer["works"], said
        assert oauth.outrun == 1
        wait_for(server, address, "green")
        done = run("outreach", "oauth", "remove", "fake", "--data", server.data)
        assert done.returncode == 1 and "is used by a mailbox" in done.stderr
        assert CLIENT_SECRET not in server.log_text()
    oauth.close()
