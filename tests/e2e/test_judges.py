"""What others conclude about our mail: SpamAssassin and rspamd see messages that a host of the test received from a
server whose domain is published exactly as `posthaste domain dns` prints it, and nothing else.

Both find SPF, DKIM and DMARC in order, and hold nothing against how a message is made.
"""

from __future__ import annotations

import email
import random
import re
import smtplib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path

import pytest

from clients import run_client, swaks
from conftest import give_back
from judges import Judgement, Received, RspamdJudge, SpamAssassin
from mail import HOST as LOOPBACK, TIMEOUT_SECONDS
from peer import free_port, make_certificate, until
from scripted_host import ScriptedHost, Transaction, say
from server import Account, Server
from zones import HEAD, Zones, zones_served

DOMAIN = "owner.test"
HOST = f"mx.{DOMAIN}"
# Where the world sees mail of the domain come from; hosts of the test are on loopback all the same. It is for
# benchmarks (RFC 2544): addresses for documents count as forged.
IP = "198.18.113.25"
REVERSE = "113.18.198.in-addr.arpa"
# OLD is a host that takes 7 bits only.
FAR, OLD, REFUSING = "receiver.test", "old.test", "refuses.test"
ARRIVAL_SECONDS_MAX = 180
ALICE = Account(f"alice@{DOMAIN}", "some words of hers")
SETTINGS = f"""
dns.servers = {{server}}
dns.trust_anchors = none
dns.public_addresses = {IP}
trust.exempt = 192.0.2.1
outbound.port = {{port}}
outbound.allow_private = yes
reports.send_dmarc = yes
reports.send_tls = yes
"""
PROSE = ("Dear Bob,\n\nthank you for the visit last week. The drawings are with the workshop now, and the first piece"
         " will\nbe ready on Thursday. We would like to show it to you before the others are made; would Friday"
         " morning suit\nyou?\n\nThe invoice for the first half comes by post, as we agreed.\n\nKind regards,\nAlice\n")
UMLAUTS = ("Lieber Bob,\n\ndie Entwürfe für die Türen sind fertig, und die Maße stimmen. Können wir uns am Freitag in"
           " Köln treffen?\nDie Überweisung ist angekommen, danke schön.\n\nViele Grüße\nAlice\n")
HTML = ("<!DOCTYPE html>\n<html><head><title>The workshop</title></head><body>\n"
        + "".join(f"<p>{line}</p>\n" for line in PROSE.split("\n\n")) + "</body></html>\n")


# ---- what is sent ----

def letter(subject: str, text: str = PROSE, encoding: str | None = None) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Alice Archer <{ALICE.address}>"
    message["To"] = f"Bob Brown <bob@{FAR}>"
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.now(timezone.utc))
    message["Message-ID"] = make_msgid(domain=DOMAIN)
    message.set_content(text, cte=encoding)
    return message


def with_attachments() -> EmailMessage:
    message = letter("The drawings of the doors")
    noise = random.Random(1)
    for number in range(2):
        message.add_attachment(noise.randbytes(20_000), maintype="application", subtype="octet-stream",
                               filename=f"drawing-{number}.dwg")
    return message


def with_html() -> EmailMessage:
    message = letter("News of the workshop")
    message.add_alternative(HTML, subtype="html")
    return message


def follow_up() -> EmailMessage:
    """As a sequence sends them: short, in the thread of the message before."""
    message = letter("Re: The doors", "Hi Bob,\n\ndid you have time to look at the drawings?\n\nBest,\nAlice\n")
    before = make_msgid(domain=DOMAIN)
    message["In-Reply-To"] = before
    message["References"] = before
    return message


def without_date_and_id() -> EmailMessage:
    message = letter("The dates of next month")
    del message["Date"], message["Message-ID"]
    return message


def to_many() -> EmailMessage:
    message = letter("A meeting about the doors")
    message["Cc"] = ", ".join(f"{name.title()} <{name}@{FAR}>" for name in (
        "wilhelmine", "bob", "maria", "quentin", "dorothea", "xaver", "anneliese"))
    message["Reply-To"] = f"The workshop <alice@{DOMAIN}>"
    return message


LETTERS: dict[str, Callable[[], EmailMessage]] = {
    "ascii": lambda: letter("The doors"),
    "umlauts": lambda: letter("Die Türen für Köln", UMLAUTS, "quoted-printable"),
    "eight-bit": lambda: letter("Die Türen für Köln", UMLAUTS, "8bit"),
    "seven-bit": lambda: letter("Die Türen für Köln", UMLAUTS, "8bit"),
    "attachments": with_attachments,
    "html": with_html,
    "long-lines": lambda: letter("The whole list", " ".join([*PROSE.split()] * 2) + "\n", "7bit"),
    "follow-up": follow_up,
    "no-date-no-id": without_date_and_id,
    "many-recipients": to_many,
}
# Composed by this server: bounces, and reports about what it saw of others.
OURS = ("bounce", "dmarc-report", "tls-report")
NAMES = (*LETTERS, "swaks", *OURS)


def address_of(name: str) -> str:
    """To whom the message of that name goes."""
    return f"{name}@{OLD if name == 'seven-bit' else FAR}"


# ---- the world ----

class OwnersZones(Zones):
    """The zone test. and that of the reverse name of IP."""

    def more_zones(self) -> list[str]:
        return [REVERSE]

    def write(self) -> None:
        (self.folder / REVERSE).write_text(HEAD.format(zone=REVERSE, serial=self.serial + 1)
                                           + f"{IP.rpartition('.')[2]} IN PTR {HOST}.\n")
        super().write()

    def publish(self, printed: str) -> None:
        """Lines of a master file, as they are printed."""
        found: dict[str, list[str]] = {}
        for line in printed.splitlines():
            if line and not line.startswith(";"):
                name, _, record = line.partition(" ")
                found.setdefault(name.rstrip("."), []).append(record.partition(" IN ")[2])
        for name, records in found.items():
            self.set(name, *records)


class World:
    """A server and its domain, and hosts elsewhere: two take mail, one does not."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        (folder / "zones").mkdir()
        self.folder = folder
        self.zones = OwnersZones(folder / "zones")
        port = free_port(["127.0.0.2", "127.0.0.3", "127.0.0.4"])
        make_certificate(folder / "receiver", f"mx.{FAR}")
        self.hosts = [stack.enter_context(host) for host in (
            ScriptedHost("127.0.0.2", port, certificate=folder / "receiver"),
            ScriptedHost("127.0.0.4", port, extensions=("PIPELINING",), certificate=folder / "receiver"),
            ScriptedHost("127.0.0.3", port, {"RCPT": say("550 5.1.1 no such user")}))]
        self.server = Server(folder, domain=DOMAIN)
        self.server.prepare()
        with (self.server.data / "posthaste.conf").open("a") as file:
            file.write(SETTINGS.format(server=self.zones.server, port=port))
        self.server.add_account(ALICE.address, ALICE.password)
        self.server.command("alias", "add", f"gone@{DOMAIN}", f"nobody@{REFUSING}")
        self.zones.publish(self.server.command("domain", "dns", DOMAIN))
        self.zones.host(FAR, "127.0.0.2")
        self.zones.host(OLD, "127.0.0.4")
        self.zones.host(REFUSING, "127.0.0.3")
        self.zones.set(f"_dmarc.{FAR}", f'TXT "v=DMARC1; p=none; rua=mailto:dmarc-report@{FAR}"')
        self.zones.set(f"_smtp._tls.{FAR}", f'TXT "v=TLSRPTv1; rua=mailto:tls-report@{FAR}"')

    def submit(self, name: str, message: EmailMessage) -> None:
        message.replace_header("To", f"Bob Brown <{address_of(name)}>")
        swaks(self.server, self.folder, "submissions", ALICE.address, address_of(name), message.as_bytes(),
              "--tls-on-connect", "--auth", "PLAIN", "--auth-user", ALICE.address, "--auth-password", ALICE.password)

    def submit_by_swaks(self) -> None:
        """Its own test message."""
        run_client(self.folder, "swaks", "--server", LOOPBACK, "--port", str(self.server.ports.submissions),
                   "--tls-on-connect", "--auth", "PLAIN", "--auth-user", ALICE.address, "--auth-password",
                   ALICE.password, "--from", ALICE.address, "--to", f"swaks@{FAR}")

    def receive(self, sender: str, recipient: str) -> None:
        """From outside."""
        message = letter("For the one who is gone")
        message.replace_header("From", sender)
        with smtplib.SMTP(LOOPBACK, self.server.ports.smtp, f"mx.{FAR}", timeout=TIMEOUT_SECONDS) as client:
            client.sendmail(sender, [recipient], message.as_bytes())

    def find(self, name: str) -> tuple[ScriptedHost, Transaction] | None:
        return next(((host, one) for host in self.hosts for one in list(host.transactions)
                     if f"<{address_of(name)}>" in one.recipients[0]), None)

    def wait_for(self, *names: str) -> None:
        until(lambda: all(self.find(name) for name in names), ARRIVAL_SECONDS_MAX,
              lambda: f"{[name for name in names if not self.find(name)]} did not come:\n"
                      f"{self.server.log_text()[-4000:]}")

    def send_all(self) -> None:
        for name, make in LETTERS.items():
            self.submit(name, make())
        self.submit_by_swaks()
        self.receive(f"bounce@{FAR}", f"gone@{DOMAIN}")
        self.receive(f"somebody@{FAR}", ALICE.address)
        self.wait_for(*LETTERS, "swaks", "bounce")
        until(self.are_reports_there, ARRIVAL_SECONDS_MAX, lambda: self.server.log_text()[-4000:])

    def are_reports_there(self) -> bool:
        """What was seen is counted beside the answer to its sender, so it may not be in the first that are sent."""
        self.server.command("reports", "send", "--now")
        return all(self.find(name) for name in ("dmarc-report", "tls-report"))

    def received(self, name: str) -> Received:
        found = self.find(name)
        assert found
        host, taken = found
        helo = next(said.line for said in host.said
                    if said.session == taken.session and said.line.upper().startswith("EHLO "))
        sender = taken.mail.partition("<")[2].partition(">")[0]
        return Received(name, IP, HOST, helo[5:], sender, address_of(name), taken.content)


def forged(message: Received) -> Received:
    """The same, changed, and from somewhere else."""
    return replace(message, name="forged", ip="198.18.7.7", hostname="elsewhere.test", helo="elsewhere.test",
                   content=message.content.replace(b"Thursday", b"Saturday"))


@dataclass(frozen=True)
class Judged:
    message: Received
    assassin: Judgement
    rspamd: Judgement


@pytest.fixture(scope="module")
def judged() -> Iterator[dict[str, Judged]]:
    """What both say of each message."""
    with tempfile.TemporaryDirectory(prefix="posthaste-judges-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        world = World(folder, stack)
        with zones_served(world.zones):
            world.server.start()
            world.send_all()
            messages = [world.received(each) for each in NAMES]
            messages.append(forged(messages[0]))
            give_back(world.server)
            rspamd = RspamdJudge(folder / "rspamd", world.zones.port)
            stack.callback(rspamd.stop)
            rspamd.start()
            verdicts = SpamAssassin(folder / "spamassassin", world.zones.port).judge(messages)
            yield {message.name: Judged(message, verdict, rspamd.judge(message))
                   for message, verdict in zip(messages, verdicts)}



# ---- what they say ----

# The rules that are no complaint about the form of a message.
HARMLESS = {
    "DKIM_SIGNED": "0.1, which DKIM_VALID takes away again",
    "HTML_MESSAGE": "0.001: there is HTML in it",
}
NO_COMPLAINT_OF_OURS = {
    ("swaks", "MID_RHS_NOT_FQDN"): "its Message-ID is swaks's own, of a machine without a full name",
}


def complaints(name: str, judgement: Judgement) -> dict[str, float]:
    return {rule: score for rule, score in judgement.bad().items()
            if rule not in HARMLESS and (name, rule) not in NO_COMPLAINT_OF_OURS}


@pytest.mark.parametrize("name", NAMES)
def test_spamassassin_finds_it_authentic_and_well_formed(judged: dict[str, Judged], name: str) -> None:
    rules = judged[name].assassin.scores
    wanted = {"SPF_HELO_PASS", "DKIM_VALID", "DMARC_PASS"}
    if judged[name].message.sender:
        # A bounce has no sender, and its author is the host, for which its domain vouches.
        wanted |= {"SPF_PASS", "DKIM_VALID_AU", "DKIM_VALID_EF"}
    assert wanted <= rules.keys(), rules
    assert not complaints(name, judged[name].assassin), judged[name].message.content.decode(errors="replace")[:6000]
    assert sum(rules.values()) < 0.1, rules


@pytest.mark.parametrize("name", NAMES)
def test_rspamd_finds_it_authentic_and_well_formed(judged: dict[str, Judged], name: str) -> None:
    judgement = judged[name].rspamd
    assert {"R_SPF_ALLOW", "R_DKIM_ALLOW", "DMARC_POLICY_ALLOW"} <= judgement.scores.keys(), judgement.scores
    assert sorted(judgement.options["R_DKIM_ALLOW"]) == [f"{DOMAIN}:s=ph1-ed25519", f"{DOMAIN}:s=ph1-rsa"]
    assert judgement.options["DMARC_POLICY_ALLOW"][0] == DOMAIN
    assert not complaints(name, judgement), judged[name].message.content.decode(errors="replace")[:6000]
    assert sum(judgement.scores.values()) < 0, judgement.scores


def test_both_would_have_said_otherwise(judged: dict[str, Judged]) -> None:
    """Of a changed message from somewhere else, they do."""
    assassin, rspamd = judged["forged"].assassin.scores, judged["forged"].rspamd.scores
    assert not {"SPF_PASS", "DKIM_VALID", "DMARC_PASS"} & assassin.keys() and "DMARC_NONE" in assassin, assassin
    assert not {"R_SPF_ALLOW", "R_DKIM_ALLOW", "DMARC_POLICY_ALLOW"} & rspamd.keys(), rspamd
    assert "R_DKIM_REJECT" in rspamd, rspamd


def test_what_is_composed_here_is_as_its_kind_demands(judged: dict[str, Judged]) -> None:
    """Names of files as RFC 7489 7.2.1.1 and RFC 8460 5.1 have them; reports that carry no name twice."""
    for name, pattern in (("dmarc-report", rf"{HOST}!{FAR}!\d+!\d+\.xml\.gz"),
                          ("tls-report", rf"{HOST}!{FAR}!\d+!\d+!001\.json\.gz")):
        message = email.message_from_bytes(judged[name].message.content, policy=SMTP)
        (attachment,) = [part for part in message.walk() if part.get_content_disposition() == "attachment"]
        assert re.fullmatch(pattern, attachment.get_filename()), attachment.get_filename()
