"""SpamAssassin and rspamd as Debian ships them, on loopback, as judges of mail that a host received.

Each gets a folder of its own for all that it writes, its rules from its package, and its DNS from the test's name
server alone: nothing it asks for leaves loopback. What needs other people's services (block lists, fuzzy hashes,
reputation, maps from the web) or a memory (Bayes, Redis) is off. What they check of SPF, DKIM, DMARC and of a message's
form is on.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clients import need
from peer import free_port, stop_process
from ports import wait_for_port

START_SECONDS_MAX = 60
JUDGE_SECONDS_MAX = 300
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Received:
    """A message as a host has it: the client's address, its name in DNS and its greeting; the envelope."""

    name: str
    ip: str
    hostname: str
    helo: str
    sender: str
    recipient: str
    content: bytes

    def with_trace(self, number: int) -> bytes:
        """As it lies in a mailbox."""
        return (f"Return-Path: <{self.sender}>\r\n"
                f"Received: from {self.helo} ({self.hostname} [{self.ip}])\r\n"
                f"\tby mx.receiver.test (Postfix) with ESMTPS id {number:08X}\r\n"
                f"\tfor <{self.recipient}>; {date_of(self.content)}\r\n").encode() + self.content


def date_of(content: bytes) -> str:
    """When the host before handed it on: its Received is the first, or else when it was written."""
    found = re.search(rb"(?m)^Received:(?:[^\n]|\n[ \t])*;\s*([^\n\r]+)|^Date: *([^\r\n]+)", content)
    return (found.group(1) or found.group(2)).decode()


@dataclass(frozen=True)
class Judgement:
    """The rules that a message matched, with their scores; what they found of it, where they say so."""

    scores: dict[str, float]
    options: dict[str, list[str]]

    def bad(self) -> dict[str, float]:
        """Those that count against it."""
        return {rule: score for rule, score in self.scores.items() if score > 0}


# ---- SpamAssassin ----

PLUGINS = ("SPF", "DKIM", "DMARC", "Check", "MIMEHeader", "ReplaceTags", "HTTPSMismatch", "URIDetail", "BodyEval",
           "HTMLEval", "HeaderEval", "MIMEEval", "RelayEval", "URIEval", "WLBLEval", "VBounce", "ImageInfo", "FreeMail")
# The rules about DMARC are as the plugin's manual has them: those of this release wait for it under another name.
ASSASSIN = """
dns_available yes
dns_server [{address}]:{dns}
skip_rbl_checks 1
use_bayes 0
fold_headers 0
clear_headers
add_header all Rules _TESTSSCORES(,)_
report_safe 0
clear_internal_networks
clear_trusted_networks
header DMARC_PASS eval:check_dmarc_pass()
tflags DMARC_PASS net nice
header DMARC_REJECT eval:check_dmarc_reject()
tflags DMARC_REJECT net
header DMARC_QUAR eval:check_dmarc_quarantine()
tflags DMARC_QUAR net
header DMARC_NONE eval:check_dmarc_none()
tflags DMARC_NONE net
header DMARC_MISSING eval:check_dmarc_missing()
tflags DMARC_MISSING net
"""
# Mail::DMARC asks by a resolver of its own, which believes nothing that it is told from outside its program.
RESOLVER = """package NameServer;
use Net::DNS::Resolver;
use parent 'Mail::SpamAssassin::Plugin';
Net::DNS::Resolver->new;
Net::DNS::Resolver->nameservers('{address}');
Net::DNS::Resolver->port({dns});
sub new {{ my ($class, $main) = @_; return bless $class->SUPER::new($main), $class; }}
1;
"""
RULES = re.compile(r"^X-Spam-Rules: (\S*)\n(?:.*\n)*?.*with ESMTPS id ([0-9A-F]{8})$", re.MULTILINE)


class SpamAssassin:
    """Started for each bundle of messages anew."""

    def __init__(self, folder: Path, dns: int) -> None:
        self.folder = folder
        self.dns = dns
        (folder / "site").mkdir(parents=True)
        (folder / "messages").mkdir()
        (folder / "site" / "plugins.pre").write_text(
            f"enable_compat welcomelist_blocklist\nloadplugin NameServer {folder / 'NameServer.pm'}\n"
            + "".join(f"loadplugin Mail::SpamAssassin::Plugin::{name}\n" for name in PLUGINS))
        (folder / "site" / "local.cf").write_text(ASSASSIN.format(address=LOOPBACK, dns=dns))
        (folder / "NameServer.pm").write_text(RESOLVER.format(address=LOOPBACK, dns=dns))
        (folder / "prefs").touch()
        (folder / "dmarc.ini").write_text(f"[dns]\ntimeout = 5\npublic_suffix_list = {folder / 'suffixes'}\n")
        (folder / "suffixes").write_text("test\n")

    def environment(self) -> dict[str, str]:
        """Mail::DMARC takes names for names only below suffixes that it knows."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                "MAIL_DMARC_CONFIG_FILE": str(self.folder / "dmarc.ini")}

    def judge(self, messages: Sequence[Received]) -> list[Judgement]:
        paths = []
        for number, message in enumerate(messages):
            paths.append(self.folder / "messages" / f"{number:06}")
            paths[-1].write_bytes(message.with_trace(number).replace(b"\r\n", b"\n"))
        done = subprocess.run([need("spamassassin"), f"--siteconfigpath={self.folder / 'site'}",
                               "--configpath=/usr/share/spamassassin", f"--prefspath={self.folder / 'prefs'}",
                               "--nocreate-prefs", *map(str, paths)], env=self.environment(), cwd=self.folder,
                              capture_output=True, timeout=JUDGE_SECONDS_MAX)
        said = done.stdout.decode(errors="replace")
        assert done.returncode == 0 and not done.stderr, done.stderr.decode(errors="replace")[-4000:]
        found = {int(number, 16): rules for rules, number in RULES.findall(said)}
        assert sorted(found) == list(range(len(messages))), said[:2000]
        return [Judgement(scores_of(found[number]), {}) for number in range(len(messages))]


def scores_of(rules: str) -> dict[str, float]:
    """RULE=0.1,OTHER=-0.1"""
    return {rule: float(score) for rule, _, score in (one.partition("=") for one in rules.split(",") if "=" in one)}


# ---- rspamd ----

# What asks others, or remembers; and what looks for the sender in lists of the well-known.
OFF = ("antivirus", "arc_sign", "asn", "aws_s3", "bayes_expiry", "bimi", "clickhouse", "dcc", "dkim_signing", "elastic",
       "external_services", "fuzzy_check", "greylist", "history_redis", "http_headers", "metadata_exporter",
       "metric_exporter", "multimap", "mx_check", "neural", "p0f", "phishing", "ratelimit", "rbl", "replies",
       "reputation", "rspamd_update", "spamtrap", "surbl", "url_redirector", "whitelist")
OPTIONS = """
pidfile = "{folder}/rspamd.pid";
tempdir = "{folder}";
url_tld = "{folder}/domains";
local_addrs = [];
task_timeout = 60s;
dns {{ nameserver = ["{address}:{dns}"]; timeout = 2s; retransmits = 2; }}
"""


class RspamdJudge:
    """Its configuration is Debian's, with what is above put over it."""

    def __init__(self, folder: Path, dns: int) -> None:
        self.folder = folder
        self.port = free_port([LOOPBACK])
        self.process: subprocess.Popen[bytes] | None = None
        over = folder / "override.d"
        over.mkdir(parents=True)
        (folder / "local.d").mkdir()
        # The whole list takes ten seconds to read.
        (folder / "domains").write_text("test\ncom\nnet\norg\n")
        (over / "options.inc").write_text(OPTIONS.format(folder=folder, address=LOOPBACK, dns=dns))
        (over / "logging.inc").write_text('type = "file"; level = "info";\n')
        (over / "worker-normal.inc").write_text(f'bind_socket = "{LOOPBACK}:{self.port}"; count = 1;\n')
        for name in ("controller", "proxy", "fuzzy"):
            (over / f"worker-{name}.inc").write_text("enabled = false; count = -1;\n")
        for name in OFF:
            (over / f"{name}.conf").write_text("enabled = false;\n")

    def start(self) -> None:
        places = {"LOCAL_CONFDIR": self.folder, "DBDIR": self.folder, "RUNDIR": self.folder, "LOGDIR": self.folder}
        with (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen(
                [need("rspamd"), "--insecure", "--no-fork", "--config", "/etc/rspamd/rspamd.conf",
                 *(f"--var={name}={place}" for name, place in places.items())], stdout=out, stderr=out)
        try:
            wait_for_port(self.port, START_SECONDS_MAX)
        except TimeoutError as error:
            raise AssertionError(f"rspamd does not answer:\n{self.log_text()[-4000:]}") from error

    def stop(self) -> None:
        if self.process:
            stop_process(self.process)
        self.process = None

    def log_text(self) -> str:
        return "".join((self.folder / name).read_text(errors="replace") for name in ("out", "rspamd.log")
                       if (self.folder / name).exists())

    def judge(self, message: Received) -> Judgement:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=JUDGE_SECONDS_MAX)
        connection.request("POST", "/checkv2", message.content, {
            "IP": message.ip, "Hostname": message.hostname, "Helo": message.helo, "From": f"<{message.sender}>",
            "Rcpt": f"<{message.recipient}>", "Deliver-To": message.recipient, "TLS-Version": "TLSv1.3",
            "TLS-Cipher": "TLS_AES_256_GCM_SHA384", "MTA-Name": "mx.receiver.test"})
        said = json.loads(connection.getresponse().read())
        connection.close()
        assert "symbols" in said, said
        return Judgement({name: symbol["score"] for name, symbol in said["symbols"].items()},
                         {name: symbol.get("options", []) for name, symbol in said["symbols"].items()})
