"""Webhooks: events as other programs get them, by a receiver that checks each signature by itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from authority import Authority
from hook_receiver import Receiver, Taken, Way
from names import Names
from peer import free_port
from server import ROOT, Account, Server, run
from test_api import ask, key

SECONDS_MAX = 60
ADDRESS = "127.0.0.77"
NAME = "hooks.example.net"
SETTINGS = """
dns.servers = {server}
dns.trust_anchors = none
outbound.trusted_roots = tls/hook-roots.pem
webhooks.allow_private = {private}
"""
SEQUENCE = """
name: hooks
sender: {name: Ann, company: Example, address: "Street 1, 12345 Town"}
opt_out: {sentence: "If you would rather not hear from me, just say so."}
steps:
  - {subject: Hello, body: "Hello, {{opt_out}}"}
"""


def until(what: Callable[[], Any], words: str, seconds: float = SECONDS_MAX) -> Any:
    """Its first result that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {words}")


class World:
    """A server, its name server, and a receiver that it finds by DNS and whose authority it trusts."""

    def __init__(self, server: Server, folder: Path, private: str = "yes") -> None:
        self.server, self.folder, self.made, self.receiver_port = server, folder, 0, free_port([ADDRESS])
        self.names = Names({(NAME, "A"): [ADDRESS]})
        authority = Authority(folder / "ca")
        self.certificate = authority.issue(NAME)
        self.receiver = Receiver(ADDRESS, self.receiver_port, self.certificate)
        shutil.copy(authority.certificate, server.data / "tls" / "hook-roots.pem")
        with (server.data / "posthaste.conf").open("a") as conf:
            conf.write(SETTINGS.format(server=f"127.0.0.1@{self.names.port}", private=private))
        (folder / "sequence.yaml").write_text(SEQUENCE)
        server.start()
        self.account: Account = server.new_account("sales")

    def close(self) -> None:
        self.receiver.close()
        self.names.close()

    def url(self, path: str) -> str:
        return f"https://{NAME}:{self.receiver_port}{path}"

    def add(self, path: str, way: Way | None = None, *more: str) -> tuple[str, str, Way]:
        """A webhook to that path: its id, its secret, and what the path has taken."""
        self.receiver.ways[path] = way or Way()
        made = self.server.listing("webhook", "add", self.url(path), *more)
        return made["added"], made["secret"], self.receiver.ways[path]

    def happen(self, count: int = 1) -> list[str]:
        """So many events "outreach.campaign.created"; the campaigns' names."""
        names = []
        for _ in range(count):
            self.made += 1
            names.append(f"campaign {self.made}")
            self.server.command("outreach", "create", str(self.folder / "sequence.yaml"), "--mailbox",
                                self.account.address, "--name", names[-1])
        return names

    def webhook(self, name: str) -> dict[str, Any]:
        return next(each for each in self.server.listing("webhook", "list")["webhooks"] if each["id"] == name)

    def deliveries(self, name: str) -> list[dict[str, Any]]:
        return list(self.server.listing("webhook", "deliveries", name)["deliveries"])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="posthaste-e2e-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder)
        server.prepare()
        made = World(server, folder)
        yield made
        server.stop()
        made.close()
        assert not server.reports()


@pytest.fixture
def lone(fresh: Server, tmp_path: Path) -> Iterator[World]:
    """A world whose server the test may kill."""
    made = World(fresh, tmp_path)
    yield made
    made.close()


def campaigns(way: Way) -> list[str]:
    return [each.payload["data"]["campaign"] for each in way.taken]


def test_an_event_comes_signed_in_the_form_of_the_standard(world: World) -> None:
    _, secret, way = world.add("/first")
    (name,) = world.happen()
    until(lambda: way.taken, "the event")
    (taken,) = way.taken
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert re.fullmatch(r"evt_[0-9a-f]{16}", taken.id)
    assert taken.fields["content-type"] == "application/json"
    assert taken.is_signed_by(secret) and len(taken.signatures) == 1
    payload = taken.payload
    assert list(payload) == ["type", "timestamp", "data"]
    assert payload["type"] == "outreach.campaign.created"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", payload["timestamp"])
    assert payload["data"] == {"event": taken.id.removeprefix("evt_"), "campaign": name,
                               "mailbox": world.account.address}
    assert not Taken(taken.path, taken.fields, taken.body + b" ").is_signed_by(secret)


def test_events_come_in_their_order_and_only_those_that_are_wanted(world: World) -> None:
    _, _, every = world.add("/every")
    _, _, added = world.add("/added", None, "--kinds", "outreach.added, outreach.replied")
    names = world.happen(3)
    world.server.command("contact", "set", "ben@prospect.test", "first_name=Ben")
    world.server.command("outreach", "add", names[1], "--contact", "ben@prospect.test")
    until(lambda: len(every.taken) == 4, "four events")
    until(lambda: added.taken, "one event")
    assert every.types == ["outreach.campaign.created"] * 3 + ["outreach.added"]
    assert campaigns(every) == [*names, names[1]]
    assert added.types == ["outreach.added"]


def test_a_failure_is_tried_again_with_the_same_id_and_holds_those_behind_it(world: World) -> None:
    name, secret, way = world.add("/shaky", Way([500, 200]))
    first, second = world.happen(2)
    until(lambda: len(way.taken) == 3, "an event twice, then the next")
    assert campaigns(way) == [first, first, second]
    assert way.ids[0] == way.ids[1] != way.ids[2]
    assert way.taken[0].body == way.taken[1].body
    assert all(taken.is_signed_by(secret) for taken in way.taken)
    assert way.taken[1].at - way.taken[0].at > 4
    until(lambda: world.webhook(name)["delivered"] == 2, "it is counted")
    newest, oldest = world.deliveries(name)
    assert (oldest["state"], oldest["attempts"], oldest["status"]) == ("delivered", 2, 200)
    assert (newest["state"], newest["attempts"]) == ("delivered", 1)


def test_retry_after_is_minded_and_what_failed_is_to_be_seen(world: World) -> None:
    name, _, way = world.add("/busy", Way([503], {"Retry-After": "3600"}))
    world.happen()
    until(lambda: world.webhook(name)["waiting"] == 1, "it waits")
    (waiting,) = world.deliveries(name)
    assert waiting["state"] == "waiting" and waiting["detail"] == "the answer was 503"
    assert waiting["next_ms"] - waiting["last_ms"] >= 3_590_000
    way.statuses = [200]
    world.server.command("webhook", "enable", name)
    until(lambda: world.webhook(name)["delivered"] == 1, "enable tries at once")


def test_gone_disables_and_enable_goes_on_where_it_was(world: World) -> None:
    name, _, way = world.add("/gone", Way([410]))
    (first,) = world.happen()
    until(lambda: world.webhook(name)["state"] == "disabled", "disabled")
    assert "410" in world.webhook(name)["reason"]
    assert "disabled: the answer was 410" in world.server.command("webhook", "list")
    (second,) = world.happen()
    time.sleep(1)
    assert len(way.taken) == 1
    way.statuses = [200]
    world.server.command("webhook", "enable", name)
    until(lambda: len(way.taken) == 3, "what waited")
    assert campaigns(way) == [first, first, second]
    assert world.webhook(name)["reason"] == ""


def test_a_redirect_is_not_followed(world: World) -> None:
    elsewhere = world.receiver.ways["/elsewhere"] = Way()
    name, _, way = world.add("/moved", Way([302], {"Location": world.url("/elsewhere")}))
    world.happen()
    until(lambda: world.deliveries(name), "an attempt")
    assert "redirect" in world.deliveries(name)[0]["detail"]
    assert way.taken and not elsewhere.taken


def test_rotated_both_secrets_sign_until_the_old_one_ends(world: World) -> None:
    name, old, way = world.add("/rotated")
    new = world.server.listing("webhook", "rotate", name)["secret"]
    world.happen()
    until(lambda: way.taken, "the event")
    assert way.taken[0].is_signed_by(new) and way.taken[0].is_signed_by(old)
    assert len(way.taken[0].signatures) == 2
    last = world.server.listing("webhook", "rotate", name, "--overlap", "0")["secret"]
    world.happen()
    until(lambda: len(way.taken) == 2, "the next event")
    assert way.taken[1].is_signed_by(last) and not way.taken[1].is_signed_by(new)
    assert len(way.taken[1].signatures) == 1
    listed = json.dumps(world.server.listing("webhook", "list"))
    assert all(secret not in listed for secret in (old, new, last))


def test_replayed_events_come_again_in_order_with_the_ids_they_had(world: World) -> None:
    name, _, way = world.add("/replayed")
    world.happen(3)
    until(lambda: len(way.taken) == 3, "the events")
    until(lambda: world.webhook(name)["delivered"] == 3, "they are settled")
    first = way.taken[0].payload["timestamp"]
    world.server.command("webhook", "replay", name, "--since", first)
    # What happened in that second before them comes, too.
    until(lambda: way.ids[3:][-3:] == way.ids[:3], "all of them again")
    again = len(way.taken)
    until(lambda: world.webhook(name)["delivered"] >= again, "they are settled")
    world.server.command("webhook", "replay", name, "--event", way.ids[1])
    until(lambda: len(way.taken) == again + 1, "one again")
    assert way.ids[-1] == way.ids[1] and way.taken[-1].body == way.taken[1].body


def test_a_slow_or_silent_receiver_keeps_no_other_waiting(world: World) -> None:
    _, _, slow = world.add("/slow", Way(released=threading.Event()))
    _, _, quick = world.add("/quick")
    down = world.server.listing("webhook", "add", f"https://{NAME}:1/down")["added"]
    names = world.happen(3)
    until(lambda: len(quick.taken) == 3, "the quick one has all, while the slow one has not answered")
    until(lambda: slow.taken, "the slow one was asked")
    assert campaigns(quick) == names and set(campaigns(slow)) == {names[0]}
    until(lambda: world.webhook(down)["failures"], "the one that is down is seen")
    assert "no connection" in world.deliveries(down)[0]["detail"]
    slow.released.set()
    until(lambda: set(campaigns(slow)) == set(names), "the slow one has all in time")
    world.server.command("webhook", "remove", down)


def test_a_long_answer_counts_by_its_status(world: World) -> None:
    name, _, way = world.add("/talkative", Way(body=b"x" * 3_000_000))
    world.happen(2)
    until(lambda: world.webhook(name)["delivered"] == 2, "both are taken")
    assert len(way.taken) == 2


def test_a_certificate_of_somebody_else_is_no_receiver(world: World) -> None:
    world.names.records[("other.example.net", "A")] = [ADDRESS]
    url = f"https://other.example.net:{world.receiver_port}/other"
    name = world.server.listing("webhook", "add", url)["added"]
    done = run("webhook", "test", name, "--json", "--data", world.server.data)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["good"] is False and "certificate" in answer["detail"], answer
    assert "/other" not in world.receiver.ways
    world.server.command("webhook", "remove", name)


def test_a_test_is_sent_at_once_and_says_what_was_answered(world: World) -> None:
    name, secret, way = world.add("/tested", Way([200, 404]))
    assert "good" in world.server.command("webhook", "test", name)
    assert way.types == ["webhook.test"] and way.taken[0].is_signed_by(secret)
    done = run("webhook", "test", name, "--data", world.server.data)
    assert done.returncode == 1 and "NOT TAKEN, the answer was 404" in done.stdout
    assert world.webhook(name)["failures"] == 0


REFUSED = {
    "ftp://hooks.example.net/": "begins with https://",
    "http://hooks.example.net/": "no TLS",
    "https://user@hooks.example.net/": "@",
    "https://2130706433/": "no host",
    "https://0x7f.1/": "no host",
    "https://[::1/": "no host",
    "https://hooks.example.net:0/": "port",
    "https://hooks.example.net/#here": "#",
    "https://hooks.example.net/a b": "characters",
}


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_url_of_a_receiver_is_refused_with_the_reason(world: World, url: str) -> None:
    done = run("webhook", "add", url, "--data", world.server.data)
    assert done.returncode == 1 and REFUSED[url] in done.stderr, done.stderr


def test_wrong_words_are_refused_with_what_to_do(world: World) -> None:
    name, _, _ = world.add("/words")
    for words, said in ((("add", world.url("/words")), "is there already"),
                        (("add", world.url("/w2"), "--kinds", "outreach.repleid"), "webhook types lists them"),
                        (("enable", "123"), "webhook list shows them"), (("replay", name), "--since"),
                        (("replay", name, "--since", "soon"), "is no time"),
                        (("replay", name, "--since", "0m"), "still to come"),
                        (("replay", name, "--event", "evt_12"), "no event"),
                        (("rotate", name, "--overlap", "99d"), "30d")):
        done = run("webhook", *words, "--data", world.server.data)
        assert done.returncode in (1, 2) and said in done.stderr, (words, done.stderr)


def test_the_api_does_the_same(world: World) -> None:
    admin, write = key(world.server, "hooks-admin", "admin"), key(world.server, "hooks-write", "write")
    way = world.receiver.ways["/api"] = Way()
    new = {"url": world.url("/api"), "kinds": "outreach.campaign.*"}
    assert ask(world.server, "POST", "/api/v1/webhooks", write, new)[0] == 403
    status, _, made = ask(world.server, "POST", "/api/v1/webhooks", admin, new)
    assert status == 200 and made["secret"].startswith("whsec_")
    place = f"/api/v1/webhooks/{made['added']}"
    assert ask(world.server, "POST", f"{place}/test", admin)[2]["good"] is True
    world.happen()
    until(lambda: len(way.taken) == 2, "the event")
    until(lambda: ask(world.server, "GET", f"{place}/deliveries", admin)[2]["deliveries"], "it is settled")
    status, _, again = ask(world.server, "POST", f"{place}/replay", admin, {"by": "event", "which": way.ids[1]})
    assert status == 200, again
    until(lambda: len(way.taken) == 3, "the event again")
    rotated = ask(world.server, "POST", f"{place}/rotate", admin, {})[2]
    assert rotated["secret"] != made["secret"]
    for verb in ("disable", "enable"):
        assert ask(world.server, "POST", f"{place}/{verb}", admin)[0] == 200
    assert "outreach.replied" in ask(world.server, "GET", "/api/v1/webhooks/types", write)[2]["types"]
    assert ask(world.server, "DELETE", place, admin)[0] == 200
    assert ask(world.server, "DELETE", place, admin)[0] == 404


def test_killed_in_the_middle_nothing_is_lost_and_ids_stay(lone: World) -> None:
    _, secret, way = lone.add("/killed", Way(pause_seconds=0.4))
    names = lone.happen(8)
    for count in (2, 4):
        until(lambda count=count: len(way.taken) >= count, f"{count} events")
        lone.server.kill()
        lone.server.start()
    until(lambda: set(campaigns(way)) == set(names), "all events")
    assert list(dict.fromkeys(campaigns(way))) == names
    ids = {name: {each.id for each in way.taken if each.payload["data"]["campaign"] == name} for name in names}
    assert all(len(found) == 1 for found in ids.values()), ids
    assert len(way.taken) <= len(names) + 2, "more came again than what was under way"
    assert all(taken.is_signed_by(secret) for taken in way.taken)
    assert "posthaste_webhook_attempts_total" in metrics(lone.server)


def metrics(server: Server) -> str:
    done = subprocess.run(["curl", "-s", f"http://127.0.0.1:{server.ports.http}/metrics"], check=True,
                          capture_output=True, text=True)
    return done.stdout


def test_private_addresses_are_refused_unless_they_are_allowed(fresh: Server, tmp_path: Path) -> None:
    world = World(fresh, tmp_path, private="no")
    try:
        for url in ("https://127.0.0.1/", "https://10.1.2.3/x", "https://[::1]/", "https://169.254.169.254/meta"):
            done = run("webhook", "add", url, "--data", fresh.data)
            assert done.returncode == 1 and "private address" in done.stderr, done.stderr
        name, _, way = world.add("/private")
        world.happen()
        until(lambda: world.deliveries(name), "an attempt")
        assert "is not used" in world.deliveries(name)[0]["detail"]
        assert not way.taken
    finally:
        world.close()


def test_without_tls_only_this_machine_is_told_and_only_where_that_is_allowed(world: World) -> None:
    port = free_port(["127.0.0.1"])
    plain = Receiver("127.0.0.1", port, None)
    made = world.server.listing("webhook", "add", f"http://127.0.0.1:{port}/plain")
    world.happen()
    until(lambda: plain.ways.get("/plain") and plain.ways["/plain"].taken, "the event")
    assert plain.ways["/plain"].taken[0].is_signed_by(made["secret"])
    world.server.command("webhook", "remove", made["added"])
    plain.close()


# ---- the examples of docs/webhooks.md ----

def example(language: str) -> str:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/webhooks.md has no example in {language}"
    return found.group(1)


@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_examples_of_the_docs_take_what_is_signed_and_nothing_else(world: World, tmp_path: Path,
                                                                       language: str) -> None:
    _, secret, way = world.add(f"/example-{language}")
    world.happen()
    until(lambda: way.taken, "the event")
    taken = way.taken[0]
    script = tmp_path / "verify"
    script.write_text(example(language))
    program = {"sh": ["sh", str(script)], "python": ["/usr/bin/python3", str(script)]}[language]

    def verdict(body: bytes, stamp: str | None = None, with_secret: str = secret) -> bool:
        (tmp_path / "body").write_bytes(body)
        words = [with_secret, taken.id, stamp or taken.fields["webhook-timestamp"],
                 taken.fields["webhook-signature"], str(tmp_path / "body")]
        return subprocess.run([*program, *words], capture_output=True).returncode == 0

    assert verdict(taken.body)
    assert not verdict(taken.body + b" ")
    assert not verdict(taken.body, stamp=str(int(taken.fields["webhook-timestamp"]) + 1))
    assert not verdict(taken.body, with_secret="whsec_" + "A" * 43 + "=")


def test_the_docs_name_every_type(world: World) -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    rows = re.findall(r"^\| (`(?:outreach|webhook)\.[^|]*) \|", text, re.MULTILINE)
    named = set()
    for row in rows:
        first, *others = re.findall(r"`([^`]+)`", row)
        named |= {first, *(first.rsplit(".", 1)[0] + other for other in others)}
    assert named == {*world.server.listing("webhook", "types")["types"], "webhook.test"}
