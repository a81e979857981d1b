"""The web server as curl and raw sockets see it: pages, health, metrics, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest
from mail import imap, smtp
from server import ROOT, Account, Server

SECONDS_MAX = 60
HOST = b"Host: localhost\r\n"
SECURITY_FIELDS = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff",
                   "x-frame-options": "DENY", "referrer-policy": "no-referrer", "cache-control": "no-store"}


def curl(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", str(server.certificate), "-i", *arguments],
                          capture_output=True, text=True, timeout=SECONDS_MAX)


def url(server: Server, path: str, scheme: str = "http") -> str:
    return f"{scheme}://localhost:{getattr(server.ports, scheme)}{path}"


def parts(answer: str) -> tuple[int, dict[str, str], str]:
    """Status, fields and body of what `curl -i` prints."""
    head, _, body = answer.replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), fields, body


def get(server: Server, path: str, *arguments: str, scheme: str = "http") -> tuple[int, dict[str, str], str]:
    done = curl(server, *arguments, url(server, path, scheme))
    assert done.returncode == 0, done.stderr
    return parts(done.stdout)


def raw(server: Server, sent: bytes) -> bytes:
    """All that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.ports.http), timeout=SECONDS_MAX) as client:
        client.sendall(sent)
        got = b""
        while piece := client.recv(65536):
            got += piece
    return got


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d+)", answer, re.MULTILINE)]


@pytest.mark.modes("roles", "single")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_page_says_what_this_is_and_lets_nothing_run(server: Server, scheme: str) -> None:
    status, fields, body = get(server, "/", scheme=scheme)
    assert status == 200
    assert fields["content-type"].startswith("text/html")
    assert "Posthaste" in body and str(server.ports.imaps) in body
    for name, value in SECURITY_FIELDS.items():
        assert fields[name].startswith(value), fields
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", fields["date"])


@pytest.mark.modes("roles", "single")
def test_all_is_well_where_every_role_answers(server: Server) -> None:
    status, fields, body = get(server, "/health", scheme="https")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert fields["content-type"] == "application/json"


def test_a_head_request_gets_the_head_alone(server: Server) -> None:
    full = get(server, "/")
    status, fields, body = get(server, "/", "--head")
    assert (status, body.strip()) == (200, "")
    assert fields["content-length"] == full[1]["content-length"]


def test_a_connection_serves_many_requests(server: Server) -> None:
    done = curl(server, "-v", *[url(server, path) for path in ("/", "/health", "/none", "/")])
    assert done.stderr.count("Re-using existing connection") == 3, done.stderr
    assert len(re.findall(r"^HTTP/1\.1 \d+", done.stdout, re.MULTILINE)) == 4


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    body = b"POST /health HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nGET /"
    chunked = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    last = b"GET /none HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    assert statuses(raw(server, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n" + body + chunked + last)) == [
        200, 405, 405, 404]


def test_http_1_0_is_answered_and_closed(server: Server) -> None:
    answer = raw(server, b"GET /health HTTP/1.0\r\n\r\n")
    assert statuses(answer) == [200] and b"Connection: close" in answer


REFUSED = {
    "both lengths": (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "two lengths": (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "bare LF": (b"GET / HTTP/1.1\n" + HOST + b"\r\n", 400),
    "bare CR": (b"GET / HTTP/1.1\r\nX: a\rb\r\n" + HOST + b"\r\n", 400),
    "folded": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", 400),
    "blank before colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "above the root": (b"GET /../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "encoded slash": (b"GET /a%2fb HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "not HTTP": (b"EHLO me\r\n\r\n", 400),
    "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "many fields": (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 200 + b"\r\n", 431),
    "large field": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 40000 + b"\r\n\r\n", 431),
    "large body": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999\r\n\r\n", 413),
    "unknown method": (b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "unknown coding": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "expectation": (b"POST / HTTP/1.1\r\n" + HOST + b"Expect: tea\r\nContent-Length: 1\r\n\r\n", 417),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_trusted_is_answered_once_and_closed(server: Server, what: str) -> None:
    sent, status = REFUSED[what]
    answer = raw(server, sent + b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
    assert statuses(answer) == [status], answer[:300]
    assert b"Connection: close" in answer


def test_who_waits_for_leave_to_send_a_body_gets_the_answer_instead(server: Server) -> None:
    answer = raw(server, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert statuses(answer) == [405]


def test_a_method_that_is_not_allowed_names_those_that_are(server: Server) -> None:
    status, fields, _ = get(server, "/", "-X", "DELETE")
    assert (status, fields["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert get(server, "/none", "-X", "DELETE")[0] == 404


def test_paths_that_will_carry_passwords_go_to_https(server: Server) -> None:
    status, fields, _ = get(server, "/console/a%20b?x=1")
    assert status == 308
    assert fields["location"] == url(server, "/console/a%20b?x=1", "https")
    assert get(server, "/console", scheme="https")[0] == 404
    assert get(server, "/consoles")[0] == 404


# ---- metrics ----

SERIES = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)+)\})? (-?\d+(?:\.\d+)?)')


def check_exposition(text: str) -> dict[str, float]:
    """Every rule of the text format that its readers hold us to; returns all series."""
    series: dict[str, float] = {}
    types: dict[str, str] = {}
    helped: set[str] = set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            assert name not in helped and words.strip(), line
            helped.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name not in types and name in helped and kind in ("counter", "gauge", "histogram"), line
            types[name] = kind
        else:
            match = SERIES.fullmatch(line)
            assert match, line
            family = re.sub(r"_(bucket|sum|count)$", "", match[1])
            name = family if types.get(family) == "histogram" else match[1]
            assert list(types)[-1] == name, f"{line} is not under its family"
            key = line.rsplit(" ", 1)[0]
            assert key not in series, line
            series[key] = float(match[3])
    for name, kind in types.items():
        assert name.endswith("_total") == (kind == "counter"), name
        if kind == "histogram":
            check_histogram(name, series)
    return series


def check_histogram(name: str, series: dict[str, float]) -> None:
    buckets = [(key, value) for key, value in series.items() if key.startswith(name + "_bucket{")]
    bounds = [float(key.split('"')[1].replace("+Inf", "inf")) for key, _ in buckets]
    counts = [value for _, value in buckets]
    assert bounds == sorted(set(bounds)) and bounds[-1] == float("inf"), name
    assert counts == sorted(counts) and counts[-1] == series[name + "_count"], name
    assert series[name + "_sum"] >= 0


@pytest.mark.modes("roles", "single")
def test_metrics_are_well_formed_and_documented(server: Server) -> None:
    status, fields, body = get(server, "/metrics")
    assert (status, fields["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    check_exposition(body)
    manual = (ROOT / "docs" / "metrics.md").read_text()
    names = re.findall(r"^# TYPE (\w+)", body, re.MULTILINE)
    assert [name for name in names if f"`{name}`" not in manual] == []
    assert [name for name in re.findall(r"`(posthaste_\w+)`", manual) if name not in names] == []


def metrics_since(server: Server, before: dict[str, float], grown: dict[str, int]) -> dict[str, float]:
    """Once so much was added to these, or after a minute. A result is fresh for a second, and of a role that has no
    time its last one."""
    for _ in range(60):
        time.sleep(1.1)
        now = check_exposition(get(server, "/metrics")[2])
        if all(now[key] - before[key] >= count for key, count in grown.items()):
            break
    return now


@pytest.mark.modes("roles", "single")
def test_what_happens_is_counted(server: Server, alice: Account) -> None:
    before = check_exposition(get(server, "/metrics")[2])
    with smtp(server) as client:
        client.sendmail("sender@outside.test", [alice.address], b"Subject: one\r\n\r\nhello\r\n")
        client.mail("sender@outside.test")
        assert client.rcpt(f"nobody@{server.domain}")[0] == 550
    with imap(server, alice):
        during = metrics_since(server, before, {"posthaste_smtp_messages_accepted_total": 1,
                                                'posthaste_smtp_refusals_total{reason="unknown_user"}': 1,
                                                'posthaste_logins_total{result="accepted"}': 1,
                                                "posthaste_store_messages": 1,
                                                'posthaste_sessions{protocol="imap"}': 1})
    grown = {key: value - before[key] for key, value in during.items()}
    assert grown["posthaste_smtp_messages_accepted_total"] == 1
    assert grown["posthaste_smtp_messages_accepted_bytes_total"] > 20
    assert grown["posthaste_smtp_delivery_seconds_count"] == 1
    assert grown['posthaste_smtp_refusals_total{reason="unknown_user"}'] == 1
    assert grown['posthaste_logins_total{result="accepted"}'] == 1
    assert grown["posthaste_store_commits_total"] >= 1
    assert grown["posthaste_store_messages"] == 1
    assert during['posthaste_sessions{protocol="imap"}'] == 1
    assert during["posthaste_store_disk_free_bytes"] > 0


def test_metrics_are_for_those_who_may_read_them(fresh: Server) -> None:
    fresh.start()
    assert get(fresh, "/metrics")[0] == 200
    config = fresh.data / "posthaste.conf"
    with config.open("a") as text:
        text.write("\nmetrics.allow = 192.0.2.0/24\n")
    fresh.reload()
    status, _, body = get(fresh, "/metrics")
    assert status == 403 and "metrics.allow" in body
    assert get(fresh, "/health")[0] == 200


def pid_of(server: Server, role: str) -> int:
    """The role's process."""
    return next(row["pid"] for row in server.listing("status")["roles"] if row["kind"] == role)


def test_counters_do_not_fall_when_a_role_dies(fresh: Server) -> None:
    fresh.start()
    before = check_exposition(get(fresh, "/metrics")[2])
    os.kill(pid_of(fresh, "store"), signal.SIGKILL)
    deadline = time.monotonic() + SECONDS_MAX
    name = 'posthaste_role_restarts_total{role="store",index="0"}'
    while time.monotonic() < deadline:
        time.sleep(1.1)
        after = check_exposition(get(fresh, "/metrics")[2])
        if after[name] == 1 and after['posthaste_role_up{role="store",index="0"}'] == 1:
            break
    assert after[name] == 1
    for key, value in before.items():
        if "_total" in key:
            assert after[key] >= value, key
