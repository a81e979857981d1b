"""posthaste health: all is well, and what is not is named."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mail import pop3
from server import ROOT, Account, Server, run
from test_http import pid_of

PORTS = {"smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http", "https"}
EXPOSURE_MAX = 2.8


def health(server: Server, *arguments: str, text: str | None = None) -> tuple[int, dict[str, Any]]:
    """The exit status, and the checks by name."""
    done = run("health", "--data", server.data, "--json", *arguments, text=text)
    assert done.stdout, done.stderr
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def once_it_answers(server: Server, *arguments: str, text: str | None = None) -> tuple[int, dict[str, Any]]:
    """The same, where all is to be well: a machine that stands still for as long as health waits is no trouble of the
    server's."""
    for _ in range(3):
        status, checks = health(server, *arguments, text=text)
        if all(check["detail"] != "no answer in time" for check in checks.values()):
            break
    return status, checks


def failed(checks: dict[str, Any]) -> set[str]:
    return {name for name, check in checks.items() if check["state"] == "failed"}


@pytest.mark.modes("roles", "single")
def test_a_running_server_is_well(server: Server) -> None:
    status, checks = once_it_answers(server)
    assert failed(checks) == set() and status == 0, checks
    assert set(checks) == PORTS | {"store", "disk", "certificate"}
    assert "days left" in checks["certificate"]["detail"]


def test_it_logs_in_as_an_account_where_asked(server: Server, alice: Account) -> None:
    right = ("--account", alice.address, "--password-stdin")
    status, checks = once_it_answers(server, *right, text=alice.password + "\n")
    assert (status, failed(checks)) == (0, set()), checks
    # The second time no answer may come within health's patience.
    for _ in range(2):
        status, checks = health(server, *right, text="wrong\n")
        assert status == 1
        assert failed(checks) == {"submission", "submissions", "imap", "imaps", "pop3", "pop3s"}
        assert all("password" in checks[name]["advice"] for name in failed(checks)), checks


def test_a_mailbox_in_use_is_no_failure(server: Server, alice: Account) -> None:
    with pop3(server, alice):
        status, checks = once_it_answers(server, "--account", alice.address, "--password-stdin",
                                         text=alice.password + "\n")
    assert (status, failed(checks)) == (0, set()), checks


def test_one_line_for_nagios(server: Server) -> None:
    done = run("health", "--data", server.data, "--nagios")
    assert done.returncode in (0, 1), done.stdout
    assert re.fullmatch(r"POSTHASTE (OK|WARNING)[^|\n]* \|( \w+=\d+ms)+\n", done.stdout)


def test_without_a_server_everything_is_named(fresh: Server) -> None:
    status, checks = health(fresh)
    assert status == 1
    assert failed(checks) == PORTS | {"store", "certificate"}
    assert "serve" in checks["imap"]["advice"]


@pytest.mark.parametrize("role", ["store", "mail"])
def test_a_role_that_hangs_is_named(fresh: Server, role: str) -> None:
    fresh.start()
    pid = pid_of(fresh, role)
    os.kill(pid, signal.SIGSTOP)
    try:
        status, checks = health(fresh)
    finally:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass  # the supervisor was quicker
    assert status == 1
    assert f"{role} 0" in checks["http"]["detail"], checks
    assert ("store" in failed(checks)) == (role == "store")


def expired_certificate(server: Server) -> None:
    """Puts a certificate for yesterday where the server's is."""
    key = server.data / "tls" / "key.pem"
    today = datetime.datetime.now(datetime.timezone.utc)
    days = [(today - datetime.timedelta(days=ago)).strftime("%Y%m%d%H%M%SZ") for ago in (30, 1)]
    request = subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=expired"], check=True,
                             capture_output=True).stdout
    folder = server.data.parent / "ca"
    folder.mkdir()
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n")
    (folder / "request.pem").write_bytes(request)
    (folder / "ca.conf").write_text(
        "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
        "policy=p\n[p]\ncommonName=supplied\n")
    subprocess.run(["openssl", "ca", "-batch", "-config", "ca.conf", "-selfsign", "-keyfile", key, "-in", "request.pem",
                    "-startdate", days[0], "-enddate", days[1], "-out", "cert.pem", "-notext"],
                   cwd=folder, check=True, capture_output=True)
    shutil.copyfile(folder / "cert.pem", server.certificate)


def test_an_expired_certificate_is_named(fresh: Server) -> None:
    fresh.start()
    expired_certificate(fresh)
    fresh.reload()
    status, checks = health(fresh)
    assert (status, failed(checks)) == (1, {"certificate"}), checks
    assert "expired" in checks["certificate"]["detail"]


def test_the_options_belong_together(server: Server) -> None:
    assert run("health", "--data", server.data, "--account", "a@example.test").returncode == 2
    assert run("health", "--data", server.data, "--password-stdin", text="x\n").returncode == 2


# ---- the systemd unit ----

def test_the_unit_is_walled_in() -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed (Debian: systemd)")
    unit = ROOT / "packaging" / "posthaste.service"
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True,
                          timeout=60)
    found = re.search(r"Overall exposure level for posthaste.service: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE_MAX, done.stdout


def test_the_service_manager_is_told_when_all_roles_serve(fresh: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fresh.data.parent / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        Path(path).chmod(0o777)
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        fresh.start()
        assert manager.recv(100) == b"READY=1"
        fresh.stop()
        assert manager.recv(100) == b"STOPPING=1"
