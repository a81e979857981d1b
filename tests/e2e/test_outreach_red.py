"""Mailboxes that go wrong while their campaigns run: each cause is told as its owner would look it up, the campaign
pauses with it, nothing leaves meanwhile, and all of it goes on by itself once the mailbox is well again.

Each trouble has a user of its own at one provider; they come one after the other, and end when all of them are there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer
from peer import free_port, need_root
from provider import PASSWORD, Provider
from scripted_host import ScriptedHost
from server import Server, run
from test_mailboxes import SEEN_SECONDS_MAX, add, grant, mailbox, outreach_server, running_provider, wait_for, ways
from test_outreach import import_people, until

SINK = "127.0.0.2"
PEOPLE = 8
GAP_SECONDS = 4
FINISH_SECONDS_MAX = 200
SEQUENCE = f"""
name: NAME
sender: {{name: Ann Example, company: Example GmbH, address: "Example street 1, 10115 Berlin, Germany"}}
opt_out: {{sentence: 'If you would rather not hear from me, just reply "no thanks".'}}
windows: [{{days: Mon-Sun, from: "0:00", to: "24:00"}}]
pace: {{gap: {GAP_SECONDS}-{GAP_SECONDS} seconds, hourly: 900, daily: 900, recipient_domain_daily: 900,
       sending_domain_daily: 900}}
steps:
  - subject: A question
    body: Hello, do you still send invoices by hand?
"""


@dataclass
class World:
    server: Server
    provider: Provider
    host: ScriptedHost
    oauth: OAuthServer
    folder: Path

    def command(self, *words: str) -> None:
        self.server.command("outreach", *words)

    def test_again(self, address: str) -> None:
        """What it finds is told by its status, too."""
        run("outreach", "mailbox", "test", address, "--data", self.server.data)

    def set_restrictions(self, restrictions: str) -> None:
        self.provider.restrictions = restrictions
        self.provider.reload()

    def rename(self, address: str, renames: bool) -> None:
        self.provider.renames = renames
        self.provider.reload()
        # What had begun before may still take the test's message as it did.
        until(lambda: self.is_found(address, renames), "the test finds it")

    def is_found(self, address: str, is_renamed: bool) -> bool:
        self.test_again(address)
        return bool((mailbox(self.server, address)["cause"] == "message-id-renamed") == is_renamed)


@dataclass
class Trouble:
    """What happens to `name`'s mailbox, and how it is mended; what was seen of it."""

    name: str
    cause: str
    words: str
    begin: Callable[[World, str], Any]
    end: Callable[[World, str], Any]
    shown: dict[str, Any] = field(default_factory=dict)
    paused: dict[str, Any] = field(default_factory=dict)
    sent_at_red: int = 0
    sent_while_red: int = 0
    ended: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{self.name}@provider.test"

    def sent(self, world: World) -> list[str]:
        """Who was written to, in order."""
        return [recipient for transaction in list(world.host.transactions) for recipient in transaction.recipients
                if f"@{self.name}-people.test" in recipient]

    def status(self, world: World, campaign: str = "") -> dict[str, Any]:
        (found,) = world.server.listing("outreach", "status", campaign or self.name)["campaigns"]
        return dict(found)

    def has_all(self, world: World) -> bool:
        """Nobody's letter is on its way: a provider hands on what it took in its own time."""
        people = self.status(world)["prospects"]
        return not people.get("claimed") and len(self.sent(world)) >= people.get("finished", 0)

    def add_mailbox(self, world: World) -> None:
        if self.cause == "token-expired":
            status, answer, said = grant(world.server, self.address, "add", self.address, *ways(world.provider))
            assert status == 0, (answer, said)
            return
        status, answer = add(world.server, world.provider, self.address)
        assert status == 0, answer

    def prepare(self, world: World) -> None:
        self.add_mailbox(world)
        for campaign in (self.name, f"{self.name}-held"):
            path = world.folder / f"{campaign}.yaml"
            path.write_text(SEQUENCE.replace("NAME", campaign))
            world.command("create", str(path), "--mailbox", self.address)
            import_people(world.server, world.folder, campaign, ["email"],
                          [[f"p{number}@{campaign}-people.test"] for number in range(PEOPLE)])
        world.command("start", f"{self.name}-held")
        world.command("pause", f"{self.name}-held")


def wrong_password(world: World, _: str) -> None:
    world.provider.add_user("wrong", "another one")


TROUBLES = [
    # First: what a test finds it finds of all of them, and another is tested at its end.
    Trouble("renamed", "message-id-renamed", "the server gives messages another Message-ID",
            lambda world, address: world.rename(address, True), lambda world, address: world.rename(address, False)),
    Trouble("fay", "imap-disabled", "IMAP is disabled for this account; reply detection cannot work",
            lambda world, _: world.provider.switch_imap_off("fay"), lambda world, _: world.provider.add_user("fay")),
    Trouble("wrong", "password", "user name or password are wrong", wrong_password,
            lambda world, _: world.provider.add_user("wrong")),
    Trouble("oana", "token-expired", "the permission was withdrawn or has expired (invalid_grant)",
            lambda world, _: world.oauth.revoke(), lambda world, address: grant_again(world, address)),
    Trouble("refused", "smtp-refused", "the SMTP server refuses to send",
            lambda world, address: world.provider.refuse(address), lambda world, _: world.provider.refuse("")),
]


def grant_again(world: World, address: str) -> None:
    world.oauth.is_revoked = False
    status, answer, said = grant(world.server, address, "set", address)
    assert status == 0 and answer["works"], said


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    need_root("a provider")
    oauth = OAuthServer("oana@provider.test")
    port = free_port([SINK])

    def change(provider: Provider) -> None:
        provider.oauth_port = oauth.port
        provider.relay = (r"/-people[.]test$/", f"smtp:[{SINK}]:{port}")

    with ExitStack() as stack:
        stack.callback(oauth.close)
        provider = stack.enter_context(running_provider(change))
        server = stack.enter_context(outreach_server([provider.certificate]))
        host = stack.enter_context(ScriptedHost(SINK, port))
        yield World(server, provider, host, oauth, tmp_path_factory.mktemp("red"))


@pytest.fixture(scope="module")
def troubles(world: World) -> list[Trouble]:
    """All of them, over."""
    world.server.command("outreach", "oauth", "add", "fake", "--client-id", CLIENT_ID, "--authorize-url",
                         world.oauth.url("/authorize"), "--token-url", world.oauth.url("/token"), "--scope", "mail",
                         "--key-stdin", text=CLIENT_SECRET + "\n")
    for trouble in TROUBLES:
        world.provider.users[trouble.name] = PASSWORD
    world.provider.add_user("somebody")
    with ThreadPoolExecutor(len(TROUBLES)) as pool:
        for _ in pool.map(lambda trouble: trouble.prepare(world), TROUBLES):
            pass
    for trouble in TROUBLES:
        watch_red(world, trouble)
    time.sleep(2 * GAP_SECONDS)
    for trouble in TROUBLES:
        trouble.sent_while_red = len(trouble.sent(world)) - trouble.sent_at_red
    for trouble in TROUBLES:
        trouble.end(world, trouble.address)
    for trouble in TROUBLES:
        trouble.ended = until(lambda trouble=trouble: (found := trouble.status(world))["state"] == "finished" and found,
                              f"{trouble.name} is over", FINISH_SECONDS_MAX)
        until(lambda trouble=trouble: trouble.has_all(world), f"the letters of {trouble.name} have come")
    return TROUBLES


def watch_red(world: World, trouble: Trouble) -> None:
    """From its first letter on until the trouble is seen."""
    world.command("start", trouble.name)
    until(lambda: trouble.sent(world), f"the first letter of {trouble.name}")
    trouble.begin(world, trouble.address)
    trouble.shown = wait_for(world.server, trouble.address, "red", trouble.cause)
    trouble.paused = until(lambda: (found := trouble.status(world))["state"] == "paused" and found,
                           f"{trouble.name} is paused", SEEN_SECONDS_MAX)
    until(lambda: trouble.has_all(world), f"the letters of {trouble.name} that left before have come")
    trouble.sent_at_red = len(trouble.sent(world))


NAMES = [trouble.name for trouble in TROUBLES]


@pytest.fixture(params=NAMES)
def trouble(request: pytest.FixtureRequest, troubles: list[Trouble]) -> Trouble:
    return next(each for each in troubles if each.name == request.param)


def test_its_cause_is_told_with_what_to_do(world: World, trouble: Trouble) -> None:
    assert trouble.words in trouble.shown["words"] and len(trouble.shown["advice"]) > 20, trouble.shown
    assert trouble.paused["reason"].startswith(f"the sender mailbox is red ({trouble.cause})"), trouble.paused


def test_nothing_leaves_while_it_is_red(world: World, trouble: Trouble) -> None:
    assert trouble.sent_at_red < PEOPLE, "it was over before the trouble was seen"
    assert trouble.sent_while_red == 0


def test_the_campaign_goes_on_by_itself_and_leaves_nobody_out(world: World, trouble: Trouble) -> None:
    assert trouble.ended["prospects"] == {"finished": PEOPLE} and trouble.ended["reason"] == ""
    assert sorted(trouble.sent(world)) == sorted(f"RCPT TO:<p{number}@{trouble.name}-people.test>"
                                                 for number in range(PEOPLE))
    kinds = [event["kind"] for event in world.server.listing("outreach", "events", trouble.name)["events"]]
    assert "campaign.paused" in kinds and "campaign.resumed" in kinds, kinds


def test_what_its_owner_paused_stays_paused(world: World, trouble: Trouble) -> None:
    held = trouble.status(world, f"{trouble.name}-held")
    assert held["state"] == "paused" and "red" not in held["reason"], held
