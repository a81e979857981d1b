"""The command line: exit codes, words, and that it works alike with the server running and stopped."""

from __future__ import annotations

import imaplib
import json
import os
import poplib
import pwd
import re
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mail import HOST, imap, imap_uids, pop3, receive, send, smtp
from messages import plain
from peer import until
from ports import WELL_KNOWN
from server import Account, Server, run

DONE, FAILED, WRONG_USAGE = 0, 1, 2
REFUSAL_SECONDS_MAX = 60


def texts(value: Any) -> list[str]:
    """Every text anywhere in a JSON value."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def fails(status: int, *arguments: str | Path, text: str | None = None) -> str:
    """The call must end with `status` and say why on stderr; returns what it said."""
    done = run(*arguments, text=text)
    assert done.returncode == status, (arguments, done)
    assert done.stderr.strip(), f"{arguments} failed without a word"
    if status == FAILED:
        assert len(done.stderr.strip().splitlines()) == 1, f"more than one line: {done.stderr}"
    return done.stderr


@pytest.mark.parametrize("arguments", [
    (), ("nonsense",), ("serve",), ("serve", "--data"), ("init", "--domain", "example.test"),
    ("account", "add", "--data", "/tmp/x"), ("account", "fly", "--data", "/tmp/x"),
    ("status", "--data", "/tmp", "--no")])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], server: Server) -> None:
    fails(WRONG_USAGE, *arguments)


def words_of(command: str) -> list[str]:
    """What `posthaste COMMAND --help` lists."""
    listed = run(command, "--help").stdout
    return re.findall(r"^  (\w+(?: \w+)?)  +\S", listed, re.MULTILINE)


@pytest.mark.parametrize("command", ["outreach", "contact", "suppression", "api"])
def test_each_word_has_help_of_its_own(command: str) -> None:
    words = words_of(command)
    assert len(words) > 3
    for word in words:
        done = run(command, *word.split(), "--help")
        assert done.returncode == DONE and f"usage: posthaste {command} {word}" in done.stdout, (word, done)
        assert all(len(line) <= 115 for line in done.stdout.splitlines()), done.stdout


def test_an_option_goes_only_with_words_that_know_it() -> None:
    said = fails(WRONG_USAGE, "outreach", "status", "--gap", "95-150", "--data", "/tmp/x")
    assert "--gap does not go with outreach status" in said and "usage: posthaste outreach status" in said
    assert "unknown option --gap" in fails(WRONG_USAGE, "contact", "list", "--gap", "1-2", "--data", "/tmp/x")
    assert "--data is missing" in fails(WRONG_USAGE, "contact", "list")
    assert "mailbox add; mailbox list;" in fails(WRONG_USAGE, "outreach", "mailbox", "--data", "/tmp/x")


def test_an_account_without_imap_or_pop3_is_told_so(server: Server) -> None:
    account = server.new_account("without")
    server.command("account", "set", account.address, "imap=off")
    with pytest.raises(imaplib.IMAP4.error, match="IMAP is disabled for this account"):
        with imap(server, account):
            pass
    assert next(one for one in server.listing("account", "list")["accounts"]
                if one["address"] == account.address)["imap"] is False
    with smtp(server, "submissions", "tls", account):
        pass
    server.command("account", "set", account.address, "imap=on", "pop3=off")
    with imap(server, account) as again:
        assert imap_uids(again) == []
    with pytest.raises(poplib.error_proto, match="POP3 is disabled for this account"), pop3(server, account):
        pass
    assert "imap=sometimes" in fails(FAILED, "account", "set", account.address, "imap=sometimes", "--data", server.data)


def test_init_refuses_a_folder_that_is_in_use_and_nonsense_names(fresh: Server, tmp_path: Path) -> None:
    assert str(fresh.data) in fails(FAILED, "init", "--data", fresh.data, "--domain", "example.test")
    for domain in ("", "not a domain", "-x.test", "a..test", "x" * 300 + ".test"):
        status = run("init", "--data", tmp_path / "new", "--domain", domain).returncode
        assert status in (FAILED, WRONG_USAGE), domain
    assert not (tmp_path / "new" / "tls").exists()


def test_a_folder_that_was_not_made_by_init_is_refused(tmp_path: Path) -> None:
    for verb in (["serve"], ["status"], ["verify"], ["account", "list"]):
        assert str(tmp_path) in fails(FAILED, *verb, "--data", tmp_path)


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_accounts_come_and_go(fresh: Server, running: bool) -> None:
    if running:
        fresh.start()
    carol = f"carol@{fresh.domain}"
    fresh.add_account(carol, "secret one")
    assert carol in texts(fresh.listing("account", "list"))
    assert carol in fresh.command("account", "list")
    fails(FAILED, "account", "add", carol, "--data", fresh.data, "--password-stdin", text="again\n")
    fresh.command("account", "remove", carol)
    assert carol not in texts(fresh.listing("account", "list"))
    fails(FAILED, "account", "remove", carol, "--data", fresh.data)


@pytest.mark.parametrize("address", ["no-at-sign", "@example.test", "x@", "a b@example.test", "x@elsewhere.test"])
def test_an_account_needs_an_address_of_ours(fresh: Server, address: str) -> None:
    status = run("account", "add", address, "--data", fresh.data, "--password-stdin", text="secret\n").returncode
    assert status in (FAILED, WRONG_USAGE)


def test_a_new_password_counts_at_once(server: Server, alice: Account) -> None:
    server.command("account", "password", alice.address, "--password-stdin", text="the new one\n")
    with pytest.raises(Exception, match="AUTHENTICATIONFAILED"), imap(server, alice):
        pass
    with imap(server, Account(alice.address, "the new one")):
        pass


def test_a_removed_account_gets_and_reads_no_mail(server: Server, alice: Account) -> None:
    server.command("account", "remove", alice.address)
    with smtp(server) as client:
        client.mail("sender@outside.test")
        assert client.rcpt(alice.address)[0] == 550
    with pytest.raises(Exception, match="AUTHENTICATIONFAILED"), imap(server, alice):
        pass


def test_init_leaves_a_folder_alone_that_is_somebody_elses(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o755)
    (theirs / "letter.txt").write_text("dear")
    before = theirs.stat()
    said = fails(FAILED, "init", "--data", theirs, "--domain", "example.test")
    assert str(theirs) in said and "not empty" in said
    assert [path.name for path in theirs.iterdir()] == ["letter.txt"]
    after = theirs.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


def test_an_alias_delivers_to_its_account(server: Server, alice: Account) -> None:
    alias = f"sales@{server.domain}"
    server.command("alias", "add", alias, alice.address)
    assert alias in texts(server.listing("alias", "list"))
    with smtp(server) as client:
        send(client, "sender@outside.test", [alias], plain("to an alias"))
    with imap(server, alice) as client:
        assert len(imap_uids(client)) == 1
    server.command("alias", "remove", alias)
    with smtp(server) as client:
        client.mail("sender@outside.test")
        assert client.rcpt(alias)[0] == 550


def test_another_domain_can_be_added(server: Server) -> None:
    server.command("domain", "add", "second.test")
    assert "second.test" in texts(server.listing("domain", "list"))
    account = Account("dora@second.test", "secret")
    server.add_account(account.address, account.password)
    receive(server, account, plain("to the second domain"))
    with imap(server, account) as client:
        assert len(imap_uids(client)) == 1
    fails(FAILED, "domain", "remove", "second.test", "--data", server.data)
    server.command("account", "remove", account.address)
    server.command("domain", "remove", "second.test")


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_status_and_verify_answer(fresh: Server, running: bool) -> None:
    if running:
        fresh.start()
    assert fresh.command("status").strip()
    assert isinstance(fresh.listing("status"), dict)
    fresh.command("verify")


def test_the_folder_belongs_to_one_owner_and_nobody_else_reads_it(fresh: Server) -> None:
    fresh.start()
    account = fresh.new_account("alice")
    receive(fresh, account, plain("a secret"))
    fresh.stop()
    fresh.add_account(f"late@{fresh.domain}", "added while stopped")
    owner = fresh.data.stat().st_uid
    for path in (path for path in [fresh.data, *fresh.data.rglob("*")] if not path.is_socket()):
        found = path.lstat()
        # What the supervisor reads stays root's where root set it up: no captured role can change it.
        if "tls" not in path.parts and path.name != "posthaste.conf":
            assert found.st_uid == owner, f"{path} belongs to {found.st_uid}, the folder to {owner}"
        if path.is_file() and path != fresh.certificate:
            assert not found.st_mode & (stat.S_IROTH | stat.S_IWOTH), f"{path} is open to everybody"


def test_a_taken_port_is_named(fresh: Server) -> None:
    taken = fresh.ports.base + WELL_KNOWN["imap"]
    with socket.create_server((HOST, taken)):
        process = fresh.spawn()
        assert process.wait(REFUSAL_SECONDS_MAX) == FAILED
    assert str(taken) in fresh.log_text()


def test_a_second_server_on_the_same_folder_is_refused_or_waits(fresh: Server) -> None:
    fresh.start()
    second = fresh.spawn()
    until(lambda: second.poll() is not None or "waiting for the server of" in fresh.log_text(), REFUSAL_SECONDS_MAX,
          fresh.log_text)
    second.terminate()
    assert second.wait(REFUSAL_SECONDS_MAX) in (DONE, FAILED)
    account = fresh.new_account("alice")
    receive(fresh, account, plain("the first still serves"))
    with imap(fresh, account) as client:
        assert len(imap_uids(client)) == 1


def test_sighup_reloads_and_sessions_go_on(fresh: Server) -> None:
    fresh.start()
    account = fresh.new_account("alice")
    with imap(fresh, account) as client:
        fresh.reload()
        assert client.noop()[0] == "OK"
        receive(fresh, account, plain("after the reload"))
        client.noop()
        assert len(imap_uids(client)) == 1


def test_a_restart_keeps_mail_and_uids(fresh: Server) -> None:
    fresh.start()
    account = fresh.new_account("alice")
    receive(fresh, account, plain("one"), plain("two"))
    with imap(fresh, account) as client:
        before = imap_uids(client)
    fresh.stop()
    fresh.start()
    receive(fresh, account, plain("three"))
    with imap(fresh, account) as client:
        after = imap_uids(client)
    assert after[:2] == before and after[2] > before[1]


def test_the_mime_tool_shows_a_structure(tmp_path: Path) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes(b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n"
                     b"--b\r\nContent-Type: text/html\r\n\r\n<p>two\r\n--b--\r\n")
    done = run("tool", "mime", path, "--json")
    assert done.returncode == DONE
    assert "html" in json.dumps(json.loads(done.stdout)).lower()
    fails(FAILED, "tool", "mime", tmp_path / "missing.eml")


def owners(folder: Path) -> set[int]:
    """Whose everything in it is. A server may take files away meanwhile."""
    found = set()
    for path in [folder, *folder.rglob("*")]:
        with suppress(FileNotFoundError):
            found.add(path.lstat().st_uid)
    return found


def test_it_works_as_an_ordinary_user_too(ordinary: Server) -> None:
    ordinary.start()
    account = ordinary.new_account("alice")
    receive(ordinary, account, plain("for an ordinary user's server"))
    with imap(ordinary, account) as client:
        assert len(imap_uids(client)) == 1
    assert owners(ordinary.data) == {pwd.getpwnam("nobody").pw_uid}


def test_root_can_help_with_an_ordinary_users_folder(ordinary: Server) -> None:
    """What root's call writes still belongs to the folder's owner."""
    late = f"late@{ordinary.domain}"
    done = run("account", "add", late, "--data", ordinary.data, "--password-stdin", text="secret\n")
    assert done.returncode == DONE, done.stderr
    assert owners(ordinary.data) == {pwd.getpwnam("nobody").pw_uid}
    ordinary.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server gives itself another user")
def test_init_refuses_a_folder_its_users_cannot_get_to(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    said = fails(FAILED, "init", "--data", closed / "mail", "--domain", "example.test")
    assert "closed to others" in said
    assert not list((closed / "mail").iterdir())
