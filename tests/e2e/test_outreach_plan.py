"""posthaste outreach check, preview and simulate: a sequence tried without being sent, and without a server."""

from __future__ import annotations

import json
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from server import Server, run

DONE, FAILED, MISUSED = 0, 1, 2

SPRING = """\
name: Spring 2026
sender: {name: Ann Example, company: Example GmbH, address: "Street 1, 10115 Berlin"}
opt_out: {sentence: "If you would rather not hear from me, just reply no thanks."}
time_zone: Europe/Berlin
steps:
  - subject: "A question, {{first_name|you}}"
    body: |
      Hello {{first_name|there}},

      does {{company}} still send invoices by hand?
  - delay: 3 working days
    body: |
      Did you see it?
"""

PROSPECTS = """\
E-Mail;Vorname;company;country
ben@one.test;Ben;One Ltd;GB
cara@two.test;;Two Inc;
dora@three.test;Dora;;DE
"""


@pytest.fixture
def spring(tmp_path: Path) -> Path:
    path = tmp_path / "spring.yaml"
    path.write_text(SPRING)
    return path


@pytest.fixture
def prospects(tmp_path: Path) -> Path:
    path = tmp_path / "prospects.csv"
    path.write_text(PROSPECTS)
    return path


def outreach(*words: str | Path) -> tuple[int, str, str]:
    done = run("outreach", *words)
    return done.returncode, done.stdout, done.stderr


def outreach_json(*words: str | Path) -> tuple[int, dict[str, Any]]:
    status, out, _ = outreach(*words, "--json")
    answer: dict[str, Any] = json.loads(out)
    return status, answer


def test_a_good_sequence_is_fine_and_its_normal_form_reads_back(spring: Path) -> None:
    status, out, err = outreach("check", spring, "--start", "2026-07-01T09:00")
    assert (status, err) == (DONE, "")
    assert "fine: 'Spring 2026', 2 steps" in out and "Mon 2026-07-06 09:00" in out
    status, checked = outreach_json("check", spring)
    assert status == DONE and checked["ok"] and checked["faults"] == [] and checked["refusals"] == []
    normal = spring.with_suffix(".json")
    normal.write_text(json.dumps(checked["sequence"]))
    assert outreach_json("check", normal)[1]["sequence"] == checked["sequence"]


def test_faults_are_told_with_line_and_column_several_at_once(spring: Path) -> None:
    spring.write_text(SPRING.replace("3 working days", "some days").replace("Europe/Berlin", "Europe/Berln"))
    status, _, err = outreach("check", spring)
    lines = err.splitlines()
    assert status == FAILED and len(lines) == 2
    assert lines[0].startswith(f"{spring}:4:12: time_zone: no such time zone")
    assert lines[1].startswith(f"{spring}:11:12: steps[2].delay: ") and "3 working days" in lines[1]
    status, checked = outreach_json("check", spring)
    assert status == FAILED and [fault["line"] for fault in checked["faults"]] == [4, 11]
    assert outreach("check", spring.with_name("gone.yaml"))[0] == FAILED
    assert outreach("check")[0] == MISUSED


def test_what_must_not_start_is_refused_with_each_reason(spring: Path) -> None:
    lines = [line for line in SPRING.splitlines(keepends=True) if not line.startswith(("sender", "opt_out"))]
    spring.write_text("".join(lines) + "headers: {List-Unsubscribe: \"<https://example.test>\"}\nlist: news\n")
    status, checked = outreach_json("check", spring)
    assert status == FAILED
    assert [refusal["kind"] for refusal in checked["refusals"]] == [
        "identity", "identity", "postal_address", "opt_out", "list_header", "list"]
    err = outreach("check", spring)[2]
    assert "add sender: address" in err and "newsletter" in err


def test_a_preview_shows_messages_and_who_is_blocked(spring: Path, prospects: Path) -> None:
    status, preview = outreach_json("preview", spring, "--csv", prospects, "--mailbox", "ann@example.test")
    messages = {(message["address"], message["step"]): message for message in preview["messages"]}
    assert status == FAILED and preview["blocked"] == 1
    assert messages["dora@three.test", 1]["result"] == "blocked"
    assert messages["dora@three.test", 1]["missing"] == ["company"]
    assert messages["cara@two.test", 1]["subject"] == "A question, you"
    first = message_from_string(messages["ben@one.test", 1]["message"], policy=default)
    second = message_from_string(messages["ben@one.test", 2]["message"], policy=default)
    assert first["From"] == "Ann Example <ann@example.test>" and first["To"] == "Ben <ben@one.test>"
    assert "does One Ltd still send" in first.get_content() and "just reply no thanks." in first.get_content()
    assert second["Subject"] == "Re: A question, Ben"
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert not [name for name in first.keys() + second.keys() if name.startswith("List-")]
    status, out, _ = outreach("preview", spring, "--csv", prospects)
    assert status == FAILED and "dora@three.test, step 1: blocked: no usable value and no fallback: {{company}}" in out


def test_a_contact_of_the_book_is_previewed_with_its_fields(spring: Path, fresh: Server) -> None:
    data = fresh.data
    fresh.command("contact", "set", "ben@one.test", "first_name=Ben", "company=One Ltd")
    status, preview = outreach_json("preview", spring, "--contact", "ben@one.test", "--data", data)
    assert status == DONE and "does One Ltd still send" in preview["messages"][0]["body"]
    status, _, err = outreach("preview", spring, "--contact", "eve@one.test", "--data", data)
    assert status == FAILED and "is not in the book" in err


def test_forty_prospects_take_an_hour_and_more(spring: Path) -> None:
    words = ("simulate", spring, "--contacts", "40", "--start", "2026-07-01T09:00", "--daily-cap", "100")
    status, plan = outreach_json(*words)
    openers = [leave["at_ms"] for leave in plan["leaves"] if leave["step"] == 1]
    assert status == DONE and len(openers) == 40 and plan["messages"] == 80
    assert openers[-1] - openers[0] >= 3_600_000
    assert all(95_000 <= later - earlier for earlier, later in zip(openers, openers[1:], strict=False))
    status, out, err = outreach(*words)
    assert (status, err) == (DONE, "")
    assert "Wed 2026-07-01\n  09:00:00  step 1  prospect-1@company-1.test\n" in out
    assert f"40 prospects: the last at {plan['leaves'][39]['at'][15:20]}\n" in out
    assert "80 messages if nobody answers: the last on " in out
    status, out, _ = outreach("simulate", spring, "--start", "2026-07-01T09:00")
    assert "40 prospects: the last on Thu 2026-07-02 at 09:" in out


def test_prospects_of_a_file_are_written_to_by_their_clocks(spring: Path, tmp_path: Path) -> None:
    prospects = tmp_path / "zones.csv"
    prospects.write_text("email,time zone\nnew@york.test,America/New_York\nkath@mandu.test,Asia/Kathmandu\n"
                         "nobody,UTC\n")
    status, out, err = outreach("simulate", spring, "--csv", prospects, "--start", "2026-07-01T09:00")
    assert status == DONE
    assert "09:00:00  step 1  kath@mandu.test  (12:45 there)" in out
    assert "15:00:00  step 1  new@york.test  (09:00 there)" in out
    assert f"{prospects}:4: " in err and "1 row left out" in err


def test_what_cannot_end_in_sixty_days_is_refused_with_its_date(spring: Path) -> None:
    words = ("simulate", spring, "--contacts", "5000", "--start", "2026-07-01T09:00")
    status, plan = outreach_json(*words)
    assert status == FAILED and not plan["ends_in_time"]
    assert [refusal["kind"] for refusal in plan["refusals"]] == ["too_long"]
    words_told = plan["refusals"][0]["words"]
    assert words_told.startswith("it would end on 2027-") and "newsletter is the right tool" in words_told
