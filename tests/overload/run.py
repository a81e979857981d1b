#!/usr/bin/python3
"""Overloads a real server in one way after the other, and measures what honest users notice (`make overload`).

Against `posthaste serve` with all roles and its default configuration, each attack of attacks.py runs while users
who are logged in say NOOP (meter.c) and an honest host sends mail with a ledger. Printed is a line an attack; what
must hold is checked, and what does not is printed and makes the exit status 1. docs/overload.md says what each
figure is.

--quick: small numbers and no timing, for tests/e2e/test_overload.py. --only NAME[,NAME]; --json FILE keeps all.
Needs root for a network namespace (addresses to attack from), for mounting small disks, and for lowering the
roles' limits. Nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from server import ROOT, Server, program  # noqa: E402

from attacks import ATTACKS, Attack, Pressure  # noqa: E402
from tools import Meter, Sampler, tool  # noqa: E402
from world import FULL, QUICK, Honest, World  # noqa: E402

INSIDE = "POSTHASTE_OVERLOAD_INSIDE"
NOOP_PAUSE_MS = 50
METER_SECONDS_MAX = 200
LATE_PART_MAX = 0.01
PSS_MIB_MAX = 512
RECOVERY_SECONDS_MAX = 20
ROLES = 4
# What strangers may be told who are not served.
POLITE = ("220", "250", "235", "421 4", "452 4", "451 4", "454 4", "535 5", "* OK", "* BYE [UNAVAILABLE]", "a NO [",
          "a OK", "+OK", "-ERR [", "334", "(bytes)", "+ ", "500 5", "501 5", "503 5")
# The honest host may be put off, with these words.
HONEST_REFUSALS = ("421 4.", "450 4.", "451 4.", "452 4.")


def isolate() -> bool:
    """Becomes this program in a network and mount namespace of its own; False where that cannot be."""
    if os.environ.get(INSIDE):
        return os.environ[INSIDE] == "yes"
    prepare = "ip link set lo up && ip route add local 198.18.0.0/15 dev lo"
    can = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", prepare], capture_output=True)
    if can.returncode:
        return False
    script = f'{prepare} && exec "$@"'
    os.environ[INSIDE] = "yes"
    os.execvp("unshare", ["unshare", "--net", "--mount", "sh", "-c", script, "sh", sys.executable, *sys.argv])


def probe(what: str, call: Any, failures: list[str]) -> float | None:
    """Milliseconds, or None and a failure."""
    try:
        return round(call(), 1)
    except Exception as error:  # whatever a client makes of a server in distress
        failures.append(f"{what}: {type(error).__name__}: {str(error)[:120]}")
        return None


def under_attack(world: World, attack: Attack, found: dict[str, Any], failures: list[str]) -> Pressure:
    """The attack itself: honest users are measured from before it until its end."""
    meter = Meter(world.server, world.user, world.scale.sessions, NOOP_PAUSE_MS, METER_SECONDS_MAX)
    honest, sampler = Honest(world.server, world.box), Sampler(world.server)
    began = time.monotonic()
    try:
        with attack.begin(world) as pressure:
            found["until_full_s"] = round(time.monotonic() - began, 1)
            if not attack.needs_small_disk:
                found["new_host_ms"] = probe("mail from a new host", world.mail_ms, failures)
            found["login_ms"] = probe("login", world.login_ms, failures)
            found["newcomer_ms"] = probe("login of a newcomer", world.new_user_ms, failures)
            time.sleep(max(0.0, world.scale.seconds - (time.monotonic() - began)))
            found |= sampler.stop()
    finally:
        found["noop"] = meter.stop()
        found["under_attack_s"] = round(time.monotonic() - began, 1)
    began = time.monotonic()
    found["recovery_ms"] = probe("mail after the attack", world.mail_ms, failures)
    found["login_after_ms"] = probe("login after the attack", world.login_ms, failures)
    if time.monotonic() - began > RECOVERY_SECONDS_MAX:
        failures.append(f"it took {time.monotonic() - began:.0f} s until it served anew")
    found["honest"] = honest.stop()
    found["attackers"] = {"rounds": 0, **pressure.counts, "told": pressure.told}
    world.settle(honest)
    return pressure


def check(found: dict[str, Any], failures: list[str], attack: Attack) -> None:
    """What holds whatever the attack, without any timing."""
    for kind, figures in found["noop"].items():
        if figures["lost"]:
            failures.append(f"{figures['lost']} logged-in sessions ({kind}) were lost")
        if figures["noops"] == 0:
            failures.append(f"no NOOP was answered ({kind})")
    honest = found["honest"]
    if honest["acknowledged"] == 0:
        failures.append("the honest host could send nothing")
    if honest["lost"] and not attack.needs_small_disk:
        failures.append(f"the honest host lost connections: {honest['lost']}")
    failures += [f"the honest host was told {text!r}" for text in honest["refused"]
                 if not text.startswith(HONEST_REFUSALS)]
    told = found["attackers"]["told"]
    if attack.all_are_told:
        count = sum(times for text, times in told.items() if text.startswith(attack.all_are_told))
        if count != found["attackers"]["rounds"]:
            failures.append(f"only {count} of {found['attackers']['rounds']} were told {attack.all_are_told!r}")
    failures += [f"strangers were told {text!r}" for text in told if not text.startswith(POLITE)]


def check_timing(found: dict[str, Any], failures: list[str]) -> None:
    for kind, figures in found["noop"].items():
        if figures["over_250_ms"] > LATE_PART_MAX * figures["noops"]:
            failures.append(f"{figures['over_250_ms']} of {figures['noops']} NOOPs ({kind}) took over 250 ms")
    if found["pss_mib"] > PSS_MIB_MAX:
        failures.append(f"{found['pss_mib']} MiB")


def roles_of(server: Server) -> list[int]:
    """All of them; the last may still be starting when the first serve."""
    while len(roles := sorted(server.role_pids())) < ROLES:
        time.sleep(0.05)
    return roles


def one(name: str, folder: Path, options: argparse.Namespace, is_isolated: bool) -> dict[str, Any]:
    """One attack on a server of its own."""
    attack, scale = ATTACKS[name], QUICK if options.quick else FULL
    server = Server(folder)
    found: dict[str, Any] = {"attack": name}
    failures: list[str] = []
    if attack.needs_small_disk:
        World.mount_small_disk(server)
    try:
        server.prepare()
        server.start()
        world = World(server, folder, scale, is_isolated)
        roles = roles_of(server)
        under_attack(world, attack, found, failures)
        check(found, failures, attack)
        if not options.quick:
            check_timing(found, failures)
        if sorted(server.role_pids()) != roles:
            failures.append("a role was started again")
    finally:
        try:
            server.stop()
        finally:
            if attack.needs_small_disk:
                subprocess.run(["umount", "--lazy", str(server.data)])
            (folder.parent / f"{name}.log").write_text(server.log_text())
    failures += server.reports()
    found["failures"] = failures
    return found


def times(figures: dict[str, Any]) -> str:
    part = 100 * (1 - figures["over_250_ms"] / max(1, figures["noops"]))
    return f"{figures['p50_ms']:8.1f}{figures['p99_ms']:7.1f}{figures['max_ms']:8.0f}{part:8.2f}"


def milliseconds(figure: float | None) -> str:
    return f"{'-' if figure is None else round(figure):>7}"


def line(found: dict[str, Any]) -> str:
    noop, honest = found["noop"], found["honest"]
    return (f"{found['attack']:<16}{times(noop['plain'])} |{times(noop['tls'])} |{found['pss_mib']:>5} |"
            f"{honest['acknowledged']:>6}{sum(honest['refused'].values()):>5}{honest['slowest_ms']:>7} |"
            + "".join(milliseconds(found.get(name)) for name in ("login_ms", "newcomer_ms", "recovery_ms")))


HEAD = (f"{'':<16}{'NOOP p50':>8}{'p99':>7}{'max':>8}{'<250 %':>8} |{'TLS p50':>8}{'p99':>7}{'max':>8}{'<250 %':>8} |"
        f"{'MiB':>5} |{'sent':>6}{'4xx':>5}{'max':>7} |{'login':>7}{'first':>7}{'after':>7}   (ms)")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(ATTACKS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for the servers' logs")
    return parser.parse_args()


def run_all(options: argparse.Namespace, folder: Path, is_isolated: bool) -> list[dict[str, Any]]:
    all_found = []
    print(HEAD)
    for name in options.only.split(","):
        (folder / name).mkdir(mode=0o755)
        found = one(name, folder / name, options, is_isolated)
        all_found.append(found)
        print(line(found), flush=True)
        for failure in found["failures"]:
            print(f"    {failure}")
        if options.keep:
            options.keep.mkdir(exist_ok=True)
            (options.keep / f"{name}.log").write_text((folder / f"{name}.log").read_text())
    return all_found


def main() -> int:
    options = arguments()
    if os.geteuid() != 0:
        print("overload: needs root, for a network of its own and small disks", file=sys.stderr)
        return 1
    is_isolated = isolate()
    os.environ.setdefault("POSTHASTE_BIN", str(ROOT / "build" / "posthaste"))
    for path in (program(), tool("flood"), tool("meter")):
        if not path.exists():
            print(f"overload: {path} is not there; make overload builds it", file=sys.stderr)
            return 1
    with tempfile.TemporaryDirectory(prefix="posthaste-overload-") as name:
        # The roles run as users of their own, who must get this far.
        Path(name).chmod(0o755)
        all_found = run_all(options, Path(name), is_isolated)
    if options.json:
        options.json.write_text(json.dumps(all_found, indent=2) + "\n")
    return 1 if any(found["failures"] for found in all_found) else 0


if __name__ == "__main__":
    sys.exit(main())
