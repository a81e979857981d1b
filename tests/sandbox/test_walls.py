"""`posthaste tool walls`: every role tries what it must not do, in the release binary.

The program has its own table of what is to be refused, and compares. What matters most is told here once
more, so that a mistake in that table is found too.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from server import Server, program, run

ROLES = ("store", "remote", "mail", "edge")
MODES = ("all", "seccomp", "landlock", "none")
FILES = ("read the database", "write the database", "read posthaste.conf", "read the certificate",
         "list the data folder", "create a file in the data folder", "open a spool file")
NOBODY_MAY = ("start a program", "start a process", "map code", "turn data into code", "listen",
              "signal the parent", "be traced", "io_uring", "bpf", "userfaultfd", "unshare",
              "make a user namespace", "mount", "set the user", "read /etc/passwd",
              "write in /tmp", "make a symbolic link", "become dumpable", "open a netlink socket")
# (action, roles that may)
MAY = (("read the database", {"store", "mail"}), ("write the database", {"store"}), ("open a spool file", {"store"}),
       ("create a segment of bodies", {"store"}), ("create a file in the data folder", set()),
       ("list the data folder", set()), ("read posthaste.conf", set()), ("read the certificate", set()),
       ("write the certificate", set()), ("open a TCP socket", {"remote"}), ("connect", {"remote"}),
       ("accept at a given socket", {"store", "edge"}), ("start a thread", {"store", "mail"}),
       ("write a given file", set(ROLES)), ("signal itself", set(ROLES)))


def is_sanitized() -> bool:
    """Builds with sanitizers run without walls."""
    return b"__asan_" in program().read_bytes()


def outcomes(server: Server, mode: str) -> dict[tuple[str, str], str]:
    done = run("tool", "walls", mode, "--data", server.data, "--json", user=server.user)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert not [row for row in rows if not row["right"]]
    assert done.returncode == 0, done.stderr
    return {(row["role"], row["action"]): row["outcome"] for row in rows}


def check(found: dict[tuple[str, str], str]) -> None:
    for role in ROLES:
        for action in NOBODY_MAY:
            assert found[role, action] == "refused", (role, action)
        for action, who in MAY:
            assert found[role, action] == ("allowed" if role in who else "refused"), (role, action)


@pytest.fixture
def prepared(fresh: Server) -> Server:
    if is_sanitized():
        pytest.skip("a build with sanitizers has no walls; set POSTHASTE_BIN to the release binary")
    return fresh


@pytest.fixture
def prepared_ordinary(prepared: Server, ordinary: Server) -> Server:
    return ordinary


def test_every_role_is_refused_what_it_must_not_do(prepared: Server) -> None:
    check(outcomes(prepared, "all"))


def test_every_role_of_an_ordinary_user_is_refused_the_same(prepared_ordinary: Server) -> None:
    check(outcomes(prepared_ordinary, "all"))


def test_landlock_alone_keeps_the_files_of_an_ordinary_user(prepared_ordinary: Server) -> None:
    found = outcomes(prepared_ordinary, "landlock")
    for role in ("remote", "edge"):
        assert {found[role, action] for action in FILES} == {"refused"}, role
    allowed = [action for action in FILES if found["mail", action] == "allowed"]
    assert allowed == ["read the database"]
    allowed = [action for action in FILES if found["store", action] == "allowed"]
    assert allowed == ["read the database", "write the database", "open a spool file"]
    assert {found[role, "read /etc/passwd"] for role in ROLES} == {"refused"}


def test_seccomp_alone_keeps_files_and_network_of_an_ordinary_user(prepared_ordinary: Server) -> None:
    found = outcomes(prepared_ordinary, "seccomp")
    for role in ("remote", "edge"):
        assert {found[role, action] for action in FILES} == {"refused"}, role
    assert found["mail", "write the database"] == "refused"
    assert {role for role in ROLES if found[role, "connect"] == "allowed"} == {"remote"}


def test_without_walls_the_same_actions_succeed(prepared_ordinary: Server) -> None:
    """They are refused by the walls, not by a mistake in how they are tried."""
    found = outcomes(prepared_ordinary, "none")
    for action in (*FILES, "start a program", "start a process", "map code", "connect", "listen", "read /etc/passwd"):
        assert {found[role, action] for role in ROLES} == {"allowed"}, action


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give the roles users of their own")
def test_their_users_alone_keep_edge_and_remote_from_stored_mail(prepared: Server) -> None:
    found = outcomes(prepared, "none")
    for role in ("remote", "edge"):
        for action in FILES:
            assert found[role, action] == "refused", (role, action)


@pytest.mark.parametrize("mode", MODES)
def test_the_table_holds_for_each_wall_alone_as_root(prepared: Server, mode: str) -> None:
    assert outcomes(prepared, mode)
