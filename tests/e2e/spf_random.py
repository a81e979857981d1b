"""Worlds of SPF records made at random from one seed: good ones, odd ones, wrong ones, and DNS that fails at times."""

from __future__ import annotations

import ipaddress
import random

from spf_worlds import Check, World

DOMAINS = [f"d{i}.test" for i in range(6)]
HOSTS = [f"h{i}.test" for i in range(5)] + ["sub.d0.test", "mail.d1.test"]
GONE = ["gone.test", "nobody.d0.test"]
LOCAL_PARTS = ["ann", "Bob-x", "a.b+c", "strong-bad", "x=y/z", "o'neil"]
QUALIFIERS = ["", "", "", "+", "-", "~", "?"]
WRONG_TERMS = ["moo", "a:", "a/33", "mx//129", "ip4:192.0.2", "ip4:192.0.2.1/33", "ip6:192.0.2.1", "include", "exists",
               "all:x", "all/8", "ptr/24", "a:192.0.2.1", "a:%{x}.test", "a:a%.test", "a:%{d0}", "include:%{c}.test",
               "redirect=", "exp=", "redirect:d0.test", "=all", "a:test", "a:d0.123", "a:d0.test.-x", "ip4:01.2.3.4",
               "--all", "exists:d0.test/24", "a:%{d", "x=%", "a:d0.te_st", "ip4", "ip6:2001:db8::1/129", "a/024"]
EXPLANATIONS = ["not from %{i}", "%{c} may not send for %{o}", "why %{s}? see http://x.test/?l=%{L}&h=%{H}", "100%%",
                "broken %", "%{p} of %{d2r}", "gr\xc3\xbc\xc3\x9f", "%{lr-}.%{v}", ""]
# What terms are put together of, with no regard for the grammar.
BEGINNINGS = ["a:", "mx:", "include:", "exists:", "ptr:", "redirect=", "exp=", "x=", "a", "mx/", "a:d0.test",
              "ip4:192.0.2.1", "ip6:2001:db8::", "-", ""]
PIECES = ["a", "mx", "ip4", "ip6", "include", "exists", "ptr", "all", "redirect", "exp", "d", "l", "1", "r", "x", "A",
          "MX", ":", "=", "/", "//", "-", ".", "_", "+", "~", "?", ",", "::", "%{d}", "%{", "}", "%%", "%_", "%",
          "%{D2R-}", "%{c}", "%{i}.", "0", "24", "33", "128", "129", "d0.test", "test", "com", "123", ".a-b", "a-.b",
          "192.0.2.1", "2001:db8::1"]


class Maker:
    """One world after another."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def is_so(self, percent: int) -> bool:
        return self.chance.randrange(100) < percent

    def address(self) -> str:
        if self.is_so(70):
            return f"192.0.2.{self.chance.choice([1, 2, 3, 65, 129, 130])}"
        return f"2001:db8::{self.chance.choice(['1', '2', '3', 'cb01'])}"

    def name(self) -> str:
        return self.chance.choice(HOSTS + DOMAINS if self.is_so(85) else GONE)

    def macro(self) -> str:
        letter = self.chance.choice("slodihvplod")
        letter = letter.upper() if self.is_so(10) else letter
        parts = self.chance.choice(["", "", "1", "2", "3", "9"])
        turn = self.chance.choice(["", "", "r"])
        return "%{" + letter + parts + turn + self.chance.choice(["", "", "-", "+-", "./=", "."]) + "}"

    def domain_spec(self) -> str:
        kind = self.chance.randrange(10)
        if kind < 6:
            return self.name() + ("." if self.is_so(5) else "")
        if kind < 8:
            return self.macro() + "." + self.name()
        return self.chance.choice(["%{d}", "%{h}", "%{o}", "%{l}.%{d}", "%{l1r-}.%{d2}", "x%%%-%_." + self.name(),
                                   "%{ir}.%{v}." + self.name(), "mail.%{d}", "%{p}"])

    def hosts(self, name: str) -> str:
        lengths = self.chance.choice(["", "", "", "/32", "/30", "/24", "/0", "//128", "//64", "//0", "/25//120"])
        return name + (":" + self.domain_spec() if self.is_so(70) else "") + lengths

    def network(self) -> str:
        address = ipaddress.ip_address(self.address())
        if address.version == 4:
            return f"ip4:{address}" + self.chance.choice(["", "/32", "/31", "/24", "/8", "/0"])
        return f"ip6:{address}" + self.chance.choice(["", "/128", "/127", "/64", "/0"])

    def mechanism(self) -> str:
        kind = self.chance.randrange(20)
        if kind < 6:
            term = self.network()
        elif kind < 10:
            term = self.hosts("a")
        elif kind < 13:
            term = self.hosts("mx")
        elif kind < 15:
            term = "ptr" + (":" + self.domain_spec() if self.is_so(50) else "")
        elif kind < 17:
            term = "exists:" + self.domain_spec()
        else:
            term = "include:" + (self.chance.choice(DOMAINS) if self.is_so(85) else self.domain_spec())
        term = self.chance.choice(QUALIFIERS) + term
        return term.upper() if self.is_so(2) and "%" not in term else term

    def modifier(self) -> str:
        kind = self.chance.randrange(10)
        if kind < 4:
            return "redirect=" + (self.chance.choice(DOMAINS) if self.is_so(80) else self.domain_spec())
        if kind < 8:
            return "exp=" + self.chance.choice(["e0.test", "e1.test", "e2.test", "%{o}", "gone.test"])
        return self.chance.choice(["x=y", "unknown=%{d}", "m.o-d_1=a:b/c", "empty="])

    def record(self) -> str:
        terms = [self.mechanism() for _ in range(self.chance.randrange(6))]
        if self.is_so(4):
            terms.insert(self.chance.randrange(len(terms) + 1), self.chance.choice(WRONG_TERMS))
        if self.is_so(30):
            terms.insert(self.chance.randrange(len(terms) + 1), self.modifier())
        if self.is_so(70):
            terms.append(self.chance.choice(["-all", "-all", "-all", "~all", "?all", "all"]))
        if self.is_so(15):
            terms.append(self.modifier())
        return self.chance.choice(["v=spf1", "v=spf1", "V=spf1"]) + "".join(
            self.chance.choice([" ", " ", "  "]) + term for term in terms)

    def texts(self, name: str) -> list[tuple[str, str, str]]:
        kind = self.chance.randrange(40)
        if kind == 0:
            return [(name, "SERVFAIL", "")]
        if kind == 1:
            return [(name, "A", "192.0.2.1")]
        if kind == 2:
            return []
        if kind == 3:
            return [(name, "TXT", "v=spf1 -all"), (name, "TXT", "v=spf1 ~all")]
        others = [(name, "TXT", "other text \x80")] if self.is_so(20) else []
        return others + [(name, "TXT", self.record())]

    def host_records(self, name: str) -> list[tuple[str, str, str]]:
        if self.is_so(4):
            return [(name, "SERVFAIL", "")]
        if self.is_so(5):
            return [(name, "CNAME", self.chance.choice(HOSTS))]
        rows = [(name, "A" if "." in address else "AAAA", address)
                for address in {self.address() for _ in range(self.chance.randrange(4))}]
        exchanges = self.chance.choice([0, 0, 1, 1, 2, 3, 11 if self.is_so(20) else 2])
        return rows + [(name, "MX", f"{i} {self.name()}") for i in range(exchanges)]

    def reverse_records(self) -> list[tuple[str, str, str]]:
        rows = []
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.65", "2001:db8::1", "2001:db8::cb01"]:
            pointer = ipaddress.ip_address(address).reverse_pointer
            count = self.chance.choice([0, 1, 1, 2, 3])
            rows += [(pointer, "PTR", name) for name in self.chance.sample(HOSTS + DOMAINS + GONE, count)]
        return rows

    def zone(self) -> list[tuple[str, str, str]]:
        rows = [row for name in DOMAINS for row in self.texts(name)]
        failing = {name for name, kind, _ in rows if kind == "SERVFAIL"}
        for name in HOSTS + DOMAINS:
            records = self.host_records(name)
            if name in DOMAINS and (name in failing or any(kind in ("CNAME", "SERVFAIL") for _, kind, _ in records)):
                continue
            rows += records
        rows += [(f"{local}.{name}".lower(), "A", "127.0.0.2") for local in LOCAL_PARTS[:3] for name in DOMAINS
                 if self.is_so(40)]
        rows += [(f"e{i}.test", "TXT", self.chance.choice(EXPLANATIONS)) for i in range(3)]
        return rows + self.reverse_records()

    def check(self) -> Check:
        domain = self.chance.choice(DOMAINS) if self.is_so(96) else self.chance.choice(["gone.test", "test", "a..test"])
        local_part = self.chance.choice(LOCAL_PARTS) if self.is_so(95) else ""
        sender = f"{local_part}@{domain}" if self.is_so(95) else ""
        return Check(self.address(), sender, self.chance.choice(HOSTS + DOMAINS + ["[192.0.2.1]", "localhost"]))

    def world(self, checks: int) -> World:
        return World(self.zone(), [self.check() for _ in range(checks)])

    def pieces(self) -> str:
        return self.chance.choice(BEGINNINGS) + "".join(
            self.chance.choice(PIECES) for _ in range(self.chance.randrange(5)))

    def grammar_world(self, checks: int) -> World:
        """Records that let one client pass before a term of pieces, unless that is wrong."""
        world = World()
        for i in range(checks):
            world.zone.append((f"n{i}.test", "TXT", f"v=spf1 ip4:192.0.2.9 {self.pieces()}"))
            world.checks.append(Check("192.0.2.9", f"ann@n{i}.test", "mail.test"))
        return world
