"""Who becomes a prospect: contacts that fit, files that are imported and added in one go; and who is not taken in."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from server import Account, Server, run
from test_api import SEQUENCE, ask, key

LAWFUL = ("--source", "a fair", "--basis", "consent")
PAGE = 200
pytestmark = pytest.mark.modes("roles")


def call(server: Server, *words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = run(*words, "--data", server.data)
    assert done.returncode == expect, done.stdout + done.stderr
    return done


@pytest.fixture
def sender(server: Server) -> Account:
    return server.new_account("sales")


def not_yet() -> list[dict[str, str]]:
    """Windows that open neither today nor tomorrow, wherever that is: nothing leaves while the test runs."""
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    today = time.gmtime().tm_wday
    return [{"days": names[(today + number) % 7], "from": "0:00", "to": "24:00"} for number in range(2, 7)]


def campaign(server: Server, sender: Account, folder: Path, name: str, **more: Any) -> str:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({**SEQUENCE, "name": name, **more}))
    call(server, "outreach", "create", str(path), "--mailbox", sender.address)
    return name


def add(server: Server, name: str, *how: str, expect: int = 0) -> dict[str, Any]:
    done = call(server, "outreach", "add", name, *how, "--json", expect=expect)
    return json.loads(done.stdout.splitlines()[-1] if "--csv" in how else done.stdout)


def prospects(server: Server, name: str) -> set[str]:
    """By the export, which goes page by page."""
    return {line.split(",")[0] for line in call(server, "outreach", "export", name).stdout.splitlines()[1:]}


def people(folder: Path, count: int, domain: str) -> str:
    path = folder / f"{domain}.csv"
    rows = [f"p{number:04}@{domain},{'DE' if number % 2 else 'FR'},{'Sales manager' if number % 10 == 0 else 'CEO'}"
            for number in range(count)]
    path.write_text("email,country,role\n" + "\n".join(rows) + "\n")
    return str(path)


def test_a_file_is_imported_and_its_people_added_in_one_go(server: Server, sender: Account, tmp_path: Path) -> None:
    name = campaign(server, sender, tmp_path, "one go")
    call(server, "contact", "set", "known@file.test", "first_name=Known")
    call(server, "suppression", "add", "never@file.test")
    path = tmp_path / "list.csv"
    path.write_text("Correo;Vorname\nnew@file.test;New\nknown@file.test;Known\nnever@file.test;No\nnobody;x\n")
    done = call(server, "outreach", "add", name, "--csv", str(path), *LAWFUL, "--map", "Correo=address", expect=1)
    assert "2 added" in done.stdout and "refused" in done.stderr
    assert prospects(server, name) == {"new@file.test", "known@file.test"}
    shown = json.loads(call(server, "contact", "show", "new@file.test", "--json").stdout)["contact"]
    assert shown["fields"]["first_name"] == "New"
    again = add(server, name, "--csv", str(path), *LAWFUL, "--map", "Correo=address", expect=1)
    assert (again["added"], again["known"]) == (0, 2)
    # Before anything is imported it is known whether there is such a campaign, and why whoever keeps data must say.
    other = tmp_path / "other.csv"
    other.write_text("email\nother@file.test\n")
    assert "is not a campaign" in call(server, "outreach", "add", "none", "--csv", str(other), *LAWFUL, expect=1).stderr
    assert "--source" in call(server, "outreach", "add", name, "--csv", str(other), expect=2).stderr
    call(server, "contact", "show", "other@file.test", expect=1)


def test_contacts_are_chosen_by_what_they_are(server: Server, sender: Account, tmp_path: Path) -> None:
    call(server, "contact", "import", people(tmp_path, 450, "many.test"), *LAWFUL)
    name = campaign(server, sender, tmp_path, "chosen")
    assert add(server, name, "--where", "domain=many.test", "--where", "role=*MANAGER")["added"] == 45
    assert add(server, name, "--where", "address=p00*@many.test", "--where", "country!=FR")["added"] == 50
    imported = json.loads(call(server, "contact", "imports", "--json").stdout)["imports"][0]["id"]
    everybody = add(server, name, "--import", str(imported))
    assert (everybody["added"], everybody["known"]) == (355, 95)
    assert len(prospects(server, name)) == 450
    assert "FIELD=VALUE" in call(server, "outreach", "add", name, "--where", "country", expect=2).stderr
    assert "is no import" in call(server, "outreach", "add", name, "--import", "x", expect=1).stderr
    listed = json.loads(call(server, "contact", "list", "domain=many.test", "role=Sales*", "--json").stdout)
    assert len(listed["contacts"]) == 45 and not listed["more"]


def test_the_api_lists_and_adds(server: Server, sender: Account, tmp_path: Path) -> None:
    call(server, "contact", "import", people(tmp_path, 450, "api.test"), *LAWFUL)
    name = campaign(server, sender, tmp_path, "api")
    write = key(server, "crm", "write")
    seen: list[str] = []
    after = ""
    while True:
        query = f"domain=api.test&where=country%3DFR&after={after}"
        status, _, page = ask(server, "GET", f"/api/v1/contacts?{query}", write)
        assert status == 200 and len(page["contacts"]) <= PAGE, page
        seen += [contact["address"] for contact in page["contacts"]]
        if not page["more"]:
            break
        after = page["after"]
    assert len(seen) == len(set(seen)) == 225
    assert ask(server, "GET", "/api/v1/contacts?where=country", write)[0] == 400
    path = f"/api/v1/outreach/campaigns/{name}/prospects"
    chosen = ask(server, "POST", path, write, {"by": "where", "where": {"domain": "api.test", "role": "Sales*"}})
    assert chosen[0] == 200 and chosen[2]["added"] == 45, chosen
    named = ask(server, "POST", path, write, {"by": "addresses", "addresses": ["P0001@api.test", "none@api.test"]})
    assert named[0] == 200 and (named[2]["added"], named[2]["not_in_book"]) == (1, 1), named
    assert ask(server, "POST", path, write, {"by": "addresses", "addresses": ["nobody"]})[0] == 400
    assert ask(server, "POST", path, write, {"by": "addresses"})[0] == 400
    assert ask(server, "POST", path, write, {"by": "where", "where": {"domain": "api.test"}})[2]["added"] == 404
    found: list[str] = []
    place = ""
    while place is not None:
        page = ask(server, "GET", path + (f"?after={place}" if place else ""), write)[2]
        found += [prospect["address"] for prospect in page["prospects"]]
        place = page["after"]
    assert len(found) == len(set(found)) == 450


def test_who_would_make_it_too_long_is_not_taken_in_later(server: Server, sender: Account, tmp_path: Path) -> None:
    call(server, "contact", "set", "first@spread.test", "first_name=First")
    name = campaign(server, sender, tmp_path, "long", windows=not_yet())
    add(server, name, "--contact", "first@spread.test")
    call(server, "outreach", "start", name)
    path = tmp_path / "spread.csv"
    path.write_text("email\n" + "".join(f"p@d{number}.test\n" for number in range(2400)))
    call(server, "contact", "import", str(path), *LAWFUL)
    refused = call(server, "outreach", "add", name, "--all", expect=1).stderr
    assert re.search(r"takes nobody more in: it would end on \d{4}-\d\d-\d\d, later than 60 days", refused), refused
    assert prospects(server, name) == {"first@spread.test"}
    assert add(server, name, "--where", "address=p@d1*.test")["added"] == 1111


def test_gaps_of_seconds_are_not_for_real_people_who_come_later(server: Server, sender: Account,
                                                                 tmp_path: Path) -> None:
    for address in ("a@quick.test", "real@example.com"):
        call(server, "contact", "set", address, "first_name=X")
    name = campaign(server, sender, tmp_path, "quick", pace={"gap": "1-1 seconds"}, windows=not_yet())
    add(server, name, "--contact", "a@quick.test")
    call(server, "outreach", "start", name)
    refused = call(server, "outreach", "add", name, "--contact", "real@example.com", expect=1).stderr
    assert "takes nobody more in" in refused and "95 seconds" in refused
    assert prospects(server, name) == {"a@quick.test"}


def test_a_mailbox_is_faster_only_with_a_name_to_it(server: Server, sender: Account) -> None:
    mailbox = ("outreach", "mailbox")
    call(server, *mailbox, "add", sender.address)
    for fast in (("--daily", "101"), ("--gap", "20-30")):
        assert "--override NAME" in call(server, *mailbox, "set", sender.address, *fast, expect=1).stderr
    beyond = ("--daily", "1001", "--override", "Ann")
    assert "1000 messages a day" in call(server, *mailbox, "set", sender.address, *beyond, expect=1).stderr
    call(server, *mailbox, "set", sender.address, "--daily", "150", "--override", "Ann", "--zone", "Europe/Berlin")
    limits = json.loads(call(server, *mailbox, "show", sender.address, "--json").stdout)
    assert '"override_by": "Ann"' in json.dumps(limits) and '"time_zone": "Europe/Berlin"' in json.dumps(limits)
    assert "IANA" in call(server, *mailbox, "set", sender.address, "--zone", "Mars", expect=2).stderr
