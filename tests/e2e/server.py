"""One Posthaste server under test: its data folder, its ports, its processes, its accounts.

Everything goes through the command line a person would use. Nothing here knows how the server is
built; what it knows of the processes it reads from /proc. Also used by bench/ and tests/sandbox.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import pwd
import re
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ports import Ports, wait_for_port
from template import copy, template

ROOT = Path(__file__).resolve().parent.parent.parent
ALL_SERVE = "serve.ready"
RELOADED = "serve.reloaded"
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
COMMAND_SECONDS_MAX = 120
# What roles tell of themselves is told again for a second (role/collect.h).
TOLD_AGAIN_SECONDS = 1.1
# Looking for leaks takes as long as most commands do: one call of so many does.
CALLS = itertools.count()
CALLS_A_LEAK_CHECK = 8
DOMAIN = "example.test"
ROLES = {"edge", "remote", "mail", "store"}
# What a sanitizer, a failed assertion or a crash says on stderr.
REPORT = re.compile(r"ERROR: \w+Sanitizer|SUMMARY: \w+Sanitizer|runtime error:|assertion failed|stack smashing")

# Said once by each process that switches stacks under AddressSanitizer; the fiber hooks deal with it.
CONTEXT_WARNING = re.compile(r"==\d+==WARNING: ASan doesn't fully support makecontext[^\n]*\n")


@dataclass(frozen=True)
class Account:
    address: str
    password: str


def program() -> Path:
    """The binary under test: POSTHASTE_BIN, else the build with sanitizers."""
    return Path(os.environ.get("POSTHASTE_BIN", ROOT / "build" / "debug" / "posthaste")).resolve()


def identity(user: str | None) -> dict[str, Any]:
    """What makes a subprocess run as `user`; nothing for None."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def run(*arguments: str | Path, text: str | None = None, user: str | None = None) -> subprocess.CompletedProcess[str]:
    """One call of the program, with `text` on its standard input."""
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    if next(CALLS) % CALLS_A_LEAK_CHECK:
        sanitizer = f"detect_leaks=0:{sanitizer}"
    done = subprocess.run([str(program()), *map(str, arguments)], input=text or "", capture_output=True, text=True,
                          timeout=COMMAND_SECONDS_MAX, env={**os.environ, "ASAN_OPTIONS": sanitizer},
                          **identity(user))
    done.stderr = CONTEXT_WARNING.sub("", done.stderr)
    return done


def children(pid: int) -> list[int]:
    """All descendants of a process, the process itself not among them."""
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *children(child)]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def role_of(pid: int) -> str:
    """The role that a process is, or its whole command line; nothing of one that ended."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return next((role for role in re.findall(r"\w+", words) if role in ROLES), words)


class Server:
    """A data folder made by `init`, served by `serve`."""

    name = "Posthaste"

    def __init__(self, folder: Path, single: bool = False, domain: str = DOMAIN, user: str | None = None) -> None:
        self.user = user
        self.data = folder / "data"
        self.log = folder / "serve.log"
        self.single = single
        self.domain = domain
        self.ports = Ports.free()
        self.certificate = self.data / "tls" / "cert.pem"
        self.process: subprocess.Popen[bytes] | None = None
        self.accounts_made = 0

    def init(self, data: Path) -> None:
        self.call(data, "init", "--domain", self.domain, "--hostname", "mx." + self.domain,
                  "--base-port", str(self.ports.base))

    def prepare(self) -> None:
        """As init() leaves it, with keys that others of this domain have too (template.py)."""
        if self.user:
            self.init(self.data)
            return
        made = template(f"{program()} {program().stat().st_mtime_ns} {self.domain}", self.init)
        copy(made, self.data, self.ports.base)

    def command(self, *arguments: str, text: str | None = None) -> str:
        """A CLI call on this data folder that must succeed; returns what it printed."""
        return self.call(self.data, *arguments, text=text)

    def call(self, data: Path, *arguments: str, text: str | None = None) -> str:
        done = run(*arguments, "--data", data, text=text, user=self.user)
        assert done.returncode == 0, f"posthaste {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert not REPORT.search(done.stderr), done.stderr
        return done.stdout

    def listing(self, *arguments: str) -> Any:
        """The same with --json, parsed."""
        return json.loads(self.command(*arguments, "--json"))

    def add_account(self, address: str, password: str) -> None:
        self.command("account", "add", address, "--password-stdin", text=password + "\n")

    def new_account(self, name: str) -> Account:
        """An account that no other test has: NAME-N@domain."""
        self.accounts_made += 1
        account = Account(f"{name}-{self.accounts_made}@{self.domain}", f"pass word {self.accounts_made}!")
        self.add_account(account.address, account.password)
        return account

    def spawn(self) -> subprocess.Popen[bytes]:
        """Starts `serve` without waiting for it; its output is appended to the log."""
        with self.log.open("ab") as log:
            return subprocess.Popen([str(program()), "serve", "--data", str(self.data)]
                                    + (["--single"] if self.single else []), stdout=log, stderr=log,
                                    **identity(self.user))

    def start(self) -> None:
        starts = self.log_text().count(ALL_SERVE)
        self.process = self.spawn()
        self.wait_until_up()
        self.wait_until_all_serve(starts)

    def wait_until_all_serve(self, starts: int) -> None:
        """The ports are served before the last role is there."""
        self.wait_for_log(ALL_SERVE, starts)

    def wait_for_log(self, words: str, before: int) -> None:
        """Until they stand in the log more often than before."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.log_text().count(words) <= before:
            assert time.monotonic() < deadline, f"no {words}; the server said:\n{self.log_text()[-4000:]}"
            time.sleep(0.02)

    def reload(self) -> None:
        """SIGHUP. What the configuration says now holds in every role when this returns: each has answered /health's
        question, which came behind it, and the store a command."""
        assert self.process
        before = self.log_text().count(RELOADED)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_log(RELOADED, before)
        deadline = time.monotonic() + START_SECONDS_MAX
        time.sleep(TOLD_AGAIN_SECONDS)
        while not self.all_answer():
            assert time.monotonic() < deadline, f"not all roles answer:\n{self.log_text()[-4000:]}"
            time.sleep(TOLD_AGAIN_SECONDS)
        self.command("status")

    def all_answer(self) -> bool:
        """Every role, within two seconds."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports.http}/health", timeout=30) as answer:
                return bool(answer.status == 200)
        except (OSError, http.client.HTTPException):
            return False

    def wait_until_up(self) -> None:
        for service in ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"):
            try:
                wait_for_port(getattr(self.ports, service), START_SECONDS_MAX)
            except TimeoutError as error:
                raise AssertionError(f"{service}: {error}; the server said:\n{self.log_text()[-4000:]}") from error

    def root_pids(self) -> list[int]:
        return [self.process.pid] if self.process else []

    def role_pids(self) -> list[int]:
        """The processes of the roles, without the supervisor; empty in --single."""
        return children(self.process.pid) if self.process else []

    def role_pid(self, role: str) -> int:
        """The process of a role: edge, mail, remote or store."""
        return next(pid for pid in self.role_pids() if role_of(pid) == role)

    def stop(self) -> None:
        """Stops it by SIGTERM; it must end by itself, cleanly, and leave no process behind."""
        if not self.process:
            return
        roles = self.role_pids()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            words = self.log_text()[-4000:]
            raise AssertionError(f"SIGTERM did not stop it in {STOP_SECONDS_MAX} s:\n{words}") from None
        self.process = None
        assert status == 0, f"serve ended with {status}:\n{self.log_text()[-4000:]}"
        assert not [pid for pid in roles if is_alive(pid)], "a role outlived its supervisor"

    def kill(self) -> None:
        """SIGKILL to all of its processes at once, as a power cut would."""
        if not self.process:
            return
        pids = [self.process.pid, *self.role_pids()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None
        wait_until_gone(pids)

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def reports(self) -> list[str]:
        """Lines in the log that no healthy run has."""
        return [line for line in self.log_text().splitlines() if REPORT.search(line)]


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
