"""Fixtures of tests/e2e and tests/sandbox: servers under test and accounts on them.

`server` is shared by the tests of one file, in both ways to run (all roles, and --single); each
test takes fresh accounts from it. `fresh` belongs to one test that stops or kills it. When a server
is given back, it must stop cleanly and its log must hold no sanitizer report.

POSTHASTE_BIN names the binary. POSTHASTE_PEER=1 runs the client tests against Debian's Postfix and
Dovecot instead, to tell a fault of a test from a fault of the server.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "e2e"))
from outgoing import Domains, Hosts, Outgoing  # noqa: E402
from scripted_host import ScriptedHost  # noqa: E402
from server import ROOT, Account, Server, program  # noqa: E402
from zones import zones_served  # noqa: E402

AGAINST_PEER = os.environ.get("POSTHASTE_PEER") == "1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "modes(*names): the ways to run `server` for this test, of roles and single")
    if not AGAINST_PEER and not program().exists():
        pytest.exit(f"{program()} is not there; build it, or name it in POSTHASTE_BIN", returncode=4)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests run on all roles; those marked modes("roles", "single") run both ways."""
    if "server" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("modes")
        metafunc.parametrize("server", mark.args if mark else ("roles",), indirect=True, scope="module")


def make_server(folder: Path, single: bool) -> Any:
    # Started as root, the roles run as users of their own, who must get this far.
    folder.chmod(0o755)
    if not AGAINST_PEER:
        return Server(folder, single)
    sys.path.insert(0, str(ROOT / "bench"))
    from peers import Peers

    return Peers(folder, "example.test")


def give_back(server: Any) -> None:
    """Stops a server and looks at what it said."""
    server.stop()
    reports = server.reports()
    assert not reports, "the server's log has:\n" + "\n".join(reports[:20]) + f"\n{server.log_text()[-6000:]}"


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder:
        started = make_server(Path(folder), request.param == "single")
        started.prepare()
        started.start()
        yield started
        give_back(started)


@pytest.fixture
def fresh() -> Iterator[Server]:
    """A server that was prepared but not started; the test does what it wants with it."""
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder:
        made = make_server(Path(folder), single=False)
        made.prepare()
        yield made
        give_back(made)


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that was prepared as an ordinary user, who is not the one that runs the tests."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user; all other tests run as an ordinary one already")
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        shutil.chown(folder / "home", "nobody", "nogroup")
        (folder / "home" / "serve.log").touch()
        folder.chmod(0o755)
        # The source tree may be where nobody else can look.
        monkeypatch.setenv("POSTHASTE_BIN", str(shutil.copy(program(), folder / "posthaste")))
        made = Server(folder / "home", user="nobody")
        made.prepare()
        yield made
        give_back(made)


@pytest.fixture(scope="module")
def out() -> Iterator[Outgoing]:
    """A server whose mail leaves for hosts of the tests, which a name server of its own names."""
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as folder:
        made = make_server(Path(folder), single=False)
        made.prepare()
        world = Outgoing(Path(folder), made)
        with zones_served(world.zones):
            made.start()
            yield world
            give_back(made)


@pytest.fixture
def sender(out: Outgoing) -> Account:
    return out.server.new_account("sender")


@pytest.fixture
def host(out: Outgoing) -> Iterator[Hosts]:
    """Makes hosts that last as long as the test: host(script, ...)."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(
            ScriptedHost(out.address(), out.port, *arguments, **options))


@pytest.fixture
def domain(out: Outgoing, host: Hosts) -> Domains:
    """Makes domains whose mail goes to a host of their own: domain("a.test", script, ...)."""

    def make(name: str, *arguments: Any, **options: Any) -> ScriptedHost:
        made = host(*arguments, **options)
        out.zones.host(name, made.address)
        out.zones.reload()
        return made

    return make


@pytest.fixture
def alice(server: Server) -> Account:
    return server.new_account("alice")


@pytest.fixture
def bob(server: Server) -> Account:
    return server.new_account("bob")
