"""gsasl logs in by SCRAM bound to its TLS connection (RFC 5802 6, RFC 9266) by IMAP. (Its SMTP sends STARTTLS before
EHLO, which no server has to take; test_msmtp.py is the one that submits.)
"""

from __future__ import annotations

from pathlib import Path

import pytest

from clients import run_client
from mail import HOST
from server import Account, Server

pytestmark = pytest.mark.modes("roles", "single")


def log_in(server: Server, folder: Path, account: Account, mechanism: str, password: str,
           accept: tuple[int, ...] = (0,)) -> str:
    """One login by STARTTLS; 0 is gsasl's word for a login that both sides proved."""
    return run_client(folder, "gsasl", "--imap", f"--connect={HOST}:{server.ports.imap}",
                      f"--mechanism={mechanism}", "--starttls", f"--authentication-id={account.address}",
                      f"--password={password}", f"--x509-ca-file={server.certificate}", accept=accept)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"])
def test_gsasl_logs_in(server: Server, alice: Account, tmp_path: Path, mechanism: str) -> None:
    output = log_in(server, tmp_path, alice, mechanism, alice.password)
    assert mechanism in output


def test_gsasl_is_told_that_the_password_is_wrong(server: Server, alice: Account, tmp_path: Path) -> None:
    output = log_in(server, tmp_path, alice, "SCRAM-SHA-256-PLUS", "wrong", accept=(1,))
    assert "AUTHENTICATIONFAILED" in output
