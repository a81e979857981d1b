"""Pace through the running office: what holds some back holds nobody else back."""

from __future__ import annotations

import time
from pathlib import Path

from outgoing import Domains, Outgoing
from server import Account
from test_outreach import SEQUENCE, Campaign, letters, noon_zone, until

QUIET_SECONDS = 3


class Paced(Campaign):
    """A campaign whose sequence says more of its pace than the others do."""

    def __init__(self, out: Outgoing, folder: Path, sender: Account, name: str, prospects: list[str],
                 pace: tuple[str, str]) -> None:
        self.out, self.name, self.sender = out, name, sender
        text = SEQUENCE.format(name=name, gap=1, daily=1000, more="").replace("{{{{", "{{").replace("}}}}", "}}")
        text += f"time_zone: {noon_zone()}\n"
        assert pace[0] in text
        path = folder / f"{name}.yaml"
        path.write_text(text.replace(*pace))
        out.server.command("outreach", "create", str(path), "--mailbox", sender.address)
        for address in prospects:
            out.server.command("contact", "set", address, "first_name=X")
            out.server.command("outreach", "add", name, "--contact", address)


def test_a_slow_sequence_does_not_keep_its_mailbox_from_others(out: Outgoing, sender: Account, domain: Domains,
                                                               tmp_path: Path) -> None:
    host = domain("slow.test", {})
    pace = ("\n  daily: 1000", "\n  daily: 1")
    slow = Paced(out, tmp_path, sender, "one a day", ["a1@slow.test", "a2@slow.test"], pace)
    slow.start()
    until(lambda: letters(host, "a1@slow.test") or letters(host, "a2@slow.test"), "the slow campaign's first letter")
    others = Campaign(out, tmp_path, sender, "as fast as it may", ["b1@slow.test", "b2@slow.test"])
    others.start()
    until(lambda: others.status()["state"] == "finished", "the other campaign finished")
    assert len(host.transactions) == 3
    assert slow.status()["prospects"] == {"waiting": 1, "finished": 1}


def test_nor_does_one_with_long_gaps(out: Outgoing, sender: Account, domain: Domains, tmp_path: Path) -> None:
    host = domain("rare.test", {})
    out.server.command("outreach", "mailbox", "add", sender.address, "--gap", "30-30", "--override", "a test")
    slow = Paced(out, tmp_path, sender, "one an hour", ["a1@rare.test", "a2@rare.test"],
                 ("gap: 1-1 seconds", "gap: 3600-3600 seconds"))
    slow.start()
    until(lambda: slow.status()["prospects"] == {"waiting": 1, "finished": 1}, "the slow campaign's first letter")
    others = Campaign(out, tmp_path, sender, "as fast as may be", ["b1@rare.test", "b2@rare.test"])
    others.start()
    until(lambda: others.status()["state"] == "finished", "the other campaign finished")
    assert len(host.transactions) == 3
    assert slow.status()["prospects"] == {"waiting": 1, "finished": 1}


def test_and_it_has_its_turn_beside_a_quick_one(out: Outgoing, sender: Account, domain: Domains,
                                               tmp_path: Path) -> None:
    domain("turns.test", {})
    out.server.command("outreach", "mailbox", "add", sender.address, "--gap", "1-1", "--override", "a test")
    slow = Paced(out, tmp_path, sender, "every ten", [f"a{number}@turns.test" for number in range(3)],
                 ("gap: 1-1 seconds", "gap: 10-10 seconds"))
    quick = Campaign(out, tmp_path, sender, "every one", [f"b{number}@turns.test" for number in range(45)])
    slow.start()
    quick.start()
    until(lambda: slow.status()["state"] == "finished", "the slow campaign finished")
    assert quick.status()["prospects"].get("waiting", 0) > 0


def shut_gates(campaign: Campaign, address: str) -> list[str]:
    return [gate["detail"] for gate in campaign.why(address)["gates"] if not gate["open"]]


def test_a_domain_that_had_enough_holds_only_its_own(out: Outgoing, sender: Account, domain: Domains,
                                                     tmp_path: Path) -> None:
    enough, other = domain("enough.test", {}), domain("other.test", {})
    people = [f"p{number}@enough.test" for number in range(4)] + ["last@other.test"]
    campaign = Paced(out, tmp_path, sender, "one a domain", people,
                     ("recipient_domain_daily: 1000", "recipient_domain_daily: 1"))
    campaign.start()
    until(lambda: letters(other, "last@other.test"), "the letter to the other domain")
    until(lambda: enough.transactions, "the one letter to the domain")
    time.sleep(QUIET_SECONDS)
    assert len(enough.transactions) == 1
    waiting = next(address for address in people[:4] if campaign.state(address) == "waiting")
    until(lambda: shut_gates(campaign, waiting) == ["recipient domain's cap"], "only the cap holds the others back")
    until(lambda: campaign.status()["next_ms"] > time.time() * 1000, "the next letter is for another day")
