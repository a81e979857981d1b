"""Passwords that are not ASCII: the same one however it is typed (SASLprep, RFC 4013)."""

from __future__ import annotations

import subprocess

import pytest

from mail import HOST
from server import DOMAIN, Server, run

# What was set, and another way to type it. RFC 4013 3 has the first three.
ALIKE = [("I\u00adX", "IX"), ("\u00aa", "a"), ("\u2168", "IX"), ("\u00fcber", "u\u0308ber")]


def log_in(server: Server, mechanism: str, user: str, password: str) -> bool:
    """By gsasl, which prepares the password itself where the mechanism asks for it."""
    call = ["gsasl", "--imap", "--no-starttls", "--no-cb", "--quiet", "--mechanism", mechanism,
            "--authentication-id", user, "--password", password, "--connect", f"{HOST}:{server.ports.imap}"]
    done = subprocess.run(call, input="", capture_output=True, text=True, timeout=30, check=False,
                          env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin"})
    return done.returncode == 0


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN"])
def test_a_password_logs_in_however_it_is_typed(server: Server, mechanism: str) -> None:
    user = f"typist@{DOMAIN}"
    run("account", "add", user, "--data", server.data, "--password-stdin", text="first\n")
    for chosen, typed in ALIKE:
        done = run("account", "password", user, "--data", server.data, "--password-stdin", text=f"{chosen}\n")
        assert done.returncode == 0, done
        assert log_in(server, mechanism, user, chosen), (mechanism, chosen)
        assert log_in(server, mechanism, user, typed), (mechanism, chosen, typed)
        assert not log_in(server, mechanism, user, f"{chosen}x"), (mechanism, chosen)


def test_a_password_with_prohibited_characters_is_refused(server: Server) -> None:
    user = f"controlled@{DOMAIN}"
    done = run("account", "add", user, "--data", server.data, "--password-stdin", text="a\x07b\n")
    assert done.returncode == 1 and "RFC 4013" in done.stderr, done
