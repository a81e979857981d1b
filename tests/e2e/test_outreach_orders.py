"""Orders of the owner's that meet what is otherwise rare: an account that was removed, an address written another
way, a person erased while a letter is on its way."""

from __future__ import annotations

from pathlib import Path

import pytest
from outgoing import Domains, Outgoing
from scripted_host import say
from server import Account
from test_outreach import Campaign, letters, until


def test_a_mailbox_whose_account_was_removed_holds_its_campaign_visibly(out: Outgoing, domain: Domains,
                                                                         tmp_path: Path) -> None:
    host = domain("left.test", {})
    gone = Account("gone@example.test", "secret words")
    out.server.add_account(gone.address, gone.password)
    campaign = Campaign(out, tmp_path, gone, "left", ["kim@left.test", "lou@left.test"], gap=20)
    campaign.start()
    until(lambda: letters(host, "kim@left.test") or letters(host, "lou@left.test"), "the first letter")
    out.server.command("account", "remove", gone.address)
    paused = until(lambda: (found := campaign.status())["state"] == "paused" and found, "the campaign is paused")
    assert "not there any more" in paused["reason"], paused
    gates = {gate["gate"]: gate for gate in campaign.why("lou@left.test")["gates"]}
    assert not gates["mailbox"]["open"] and "removed" in gates["mailbox"]["detail"]
    with pytest.raises(AssertionError, match="was removed"):
        campaign.start()
    assert len(host.transactions) == 1


def test_an_address_is_found_however_it_is_written(out: Outgoing, sender: Account, domain: Domains,
                                                   tmp_path: Path) -> None:
    domain("case.test", {})
    campaign = Campaign(out, tmp_path, sender, "case", ["ida@case.test"])
    out.server.command("outreach", "pause", "Ida <IDA@Case.TEST>")
    assert campaign.state("ida@case.test") == "paused"


def test_who_is_erased_while_a_letter_is_on_its_way_holds_up_nobody(out: Outgoing, sender: Account, domain: Domains,
                                                                    tmp_path: Path) -> None:
    host = domain("erase.test", {"RCPT TO:<ben@": say("451 4.7.1 greylisted")})
    campaign = Campaign(out, tmp_path, sender, "erase", ["ben@erase.test", "cara@erase.test"])
    campaign.start()
    until(lambda: any("RCPT TO:<ben@" in said.line for said in list(host.said)), "ben's letter was tried")
    out.server.command("contact", "erase", "ben@erase.test")
    until(lambda: letters(host, "cara@erase.test"), "cara's letter")
    events = out.server.command("outreach", "events", "erase", "--json")
    assert "ben@erase.test" not in events
