"""DMARC against RFC 9989 read once more: random trees of records, and a model that goes every walk to its end.

POSTHASTE_DMARC_WORLDS is how many; POSTHASTE_DMARC_SEED the first.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from names import Names
from server import run

WORLDS = int(os.environ.get("POSTHASTE_DMARC_WORLDS", "60"))
SEED = int(os.environ.get("POSTHASTE_DMARC_SEED", "1"))
STEPS = {"reject": "quarantine", "quarantine": "none", "none": "none"}


class Unsure(Exception):
    """A question of the walk had no answer."""


@dataclass
class Found:
    """Where a record was, and its tags."""

    domain: str
    tags: dict[str, str]


@dataclass
class Tree:
    """Records by domain, domains that exist, and those about which DNS fails."""

    records: dict[str, list[str]] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)

    def serve(self, names: Names) -> None:
        served: dict[tuple[str, str], list[str]] = {(f"_dmarc.{domain}", "TXT"): texts
                                                    for domain, texts in self.records.items()}
        served |= {(host, "TXT"): ["v=spf1 ip4:127.0.0.1 -all"] for host in self.hosts}
        served |= {(f"_dmarc.{domain}", "FAIL"): [""] for domain in self.failing}
        names.records = served

    def exists(self, domain: str) -> bool:
        names = [*self.hosts, *(f"_dmarc.{name}" for name in [*self.records, *self.failing])]
        return any(name == domain or name.endswith("." + domain) for name in names)

    # RFC 9989 4.10
    def walk(self, domain: str) -> list[Found]:
        labels = domain.split(".")
        rest = labels[-7:] if len(labels) >= 8 else labels[1:]
        found = []
        for target in [domain, *(".".join(rest[at:]) for at in range(len(rest)))]:
            if target in self.failing:
                raise Unsure
            texts = [tags for tags in map(tags_of, self.records.get(target, [])) if tags]
            if len(texts) == 1:
                found.append(Found(target, texts[0]))
                if texts[0].get("psd") in ("y", "n"):
                    break
        return found

    # RFC 9989 4.10.2
    def organization(self, domain: str) -> str:
        found = self.walk(domain)
        for place in found:
            if place.tags.get("psd") == "n":
                return place.domain
            if place.tags.get("psd") == "y" and place.domain != domain:
                below = domain[:-len(place.domain) - 1].split(".")[-1]
                return f"{below}.{place.domain}"
        return min(found, key=lambda place: place.domain.count(".")).domain if found else domain

    # RFC 9989 4.10.1
    def policy(self, author: str) -> Found | None:
        found = {place.domain: place for place in self.walk(author)}
        for domain in (author, self.organization(author)):
            if domain in found:
                return found[domain]
        return next((place for place in found.values() if place.tags.get("psd") == "y"), None)


def tags_of(text: str) -> dict[str, str]:
    """The tags of a record; none of another text."""
    pairs = [part.strip().partition("=") for part in text.split(";") if part.strip()]
    if not pairs or (pairs[0][0], pairs[0][2]) != ("v", "DMARC1"):
        return {}
    return {name: value for name, _, value in pairs}


def policy_tags(tags: dict[str, str]) -> dict[str, str] | None:
    """What counts of p, sp and np; None: nothing is asked for at all."""
    good = tags.get("p") in STEPS and all(tags.get(name, "none") in STEPS for name in ("sp", "np"))
    if not good:
        return {"p": "none"} if "rua" in tags else None
    return {name: tags[name] for name in ("p", "sp", "np") if name in tags}


def expected(tree: Tree, author: str, sender: str) -> dict[str, str]:
    """What a receiver says, of a sender for which SPF passes if it exists."""
    place = tree.policy(author)
    if not place:
        return {"result": "none"}
    policies = policy_tags(place.tags)
    if policies is None:
        return {"result": "permerror", "policy_domain": place.domain}
    # RFC 7208 4.3: of one label SPF says nothing.
    passes = sender in tree.hosts and "." in sender and (
        sender == author or (place.tags.get("aspf") != "s" and tree.organization(sender) == tree.organization(author)))
    if passes:
        return {"result": "pass", "policy_domain": place.domain, "disposition": "none"}
    tag = "p"
    if place.domain != author:
        tag = "sp" if "sp" in policies else "p"
        if "np" in policies and not tree.exists(author) and policies["np"] != policies[tag]:
            tag = "np"
    asked = policies[tag]
    return {"result": "fail", "policy_domain": place.domain, "policy": asked, "policy_tag": tag,
            "disposition": STEPS[asked] if place.tags.get("t") == "y" else asked}


def random_record(chance: random.Random) -> str:
    if chance.random() < 0.1:
        return chance.choice(["v=spf1 -all", "v=DMARC2; p=reject", "hello", "v=DMARC1"])
    parts = ["v=DMARC1"]
    for name, values, likely in (("p", ["none", "quarantine", "reject", "rejekt"], 0.9),
                                 ("sp", ["none", "quarantine", "reject", "x"], 0.3),
                                 ("np", ["none", "quarantine", "reject"], 0.3), ("psd", ["y", "n", "u", "z"], 0.4),
                                 ("aspf", ["r", "s"], 0.2), ("t", ["y", "n"], 0.2),
                                 ("rua", ["mailto:a@reports.test"], 0.5)):
        if chance.random() < likely:
            parts.append(f"{name}={chance.choice(values)}")
    return "; ".join(parts)


def random_world(chance: random.Random) -> tuple[Tree, str, str]:
    """A tree, an author's domain, and a sender's."""
    trunk = ["test"]
    while len(trunk) < chance.choice([2, 3, 4, 5, 8, 9, 11]):
        trunk.insert(0, chance.choice("abc"))
    author = ".".join(trunk)
    keep = chance.randrange(1, len(trunk) + 1)
    branch = [chance.choice("abcd") for _ in range(chance.randrange(4))]
    sender = chance.choice([author, ".".join(branch + trunk[-keep:])])
    tree = Tree()
    for name in (author, sender):
        labels = name.split(".")
        for at in range(len(labels)):
            if chance.random() < 0.35:
                count = chance.choice([1, 1, 1, 2])
                tree.records[".".join(labels[at:])] = [random_record(chance) for _ in range(count)]
    tree.hosts = {name for name in (author, sender) if chance.random() < 0.7}
    if chance.random() < 0.1:
        tree.failing = {".".join(trunk[chance.randrange(len(trunk)):])} - set(tree.records)
    return tree, author, sender


@pytest.fixture(scope="module")
def names() -> Iterator[Names]:
    served = Names({})
    yield served
    served.close()


def test_random_trees_are_judged_as_the_rfc_says(names: Names, tmp_path: Path) -> None:
    message = tmp_path / "message"
    for seed in range(SEED, SEED + WORLDS):
        tree, author, sender = random_world(random.Random(seed))
        tree.serve(names)
        message.write_text(f"From: a@{author}\r\nSubject: x\r\n\r\nx\r\n")
        done = run("tool", "dmarc", message, "--ip", "127.0.0.1", "--from", f"a@{sender}", "--helo", "x.invalid",
                   "--dns", f"127.0.0.1@{names.port}", "--json")
        told = json.loads(done.stdout)["dmarc"]
        try:
            wanted = expected(tree, author, sender)
        except Unsure:
            # A walk that did not need that answer may say more.
            continue
        got = {name: told[name] for name in wanted}
        assert got == wanted, f"seed {seed}: {author} from {sender}: {told}\n{tree}"
