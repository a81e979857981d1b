"""The JSON API as another program sees it: keys and their scopes, what it does, and what it says when it cannot."""

from __future__ import annotations

import http.client
import json
import re
import ssl
from pathlib import Path
from typing import Any

import pytest
from mail import imap
from server import ROOT, Account, Server, run

SECONDS_MAX = 30


def key(server: Server, name: str, scope: str) -> str:
    return str(server.listing("api", "key", "add", name, scope)["key"])


def ask(server: Server, method: str, path: str, token: str | None = None, body: Any = None,
        fields: dict[str, str] | None = None) -> tuple[int, dict[str, str], Any]:
    """Status, fields and document of one request over HTTPS."""
    context = ssl.create_default_context(cafile=str(server.certificate))
    client = http.client.HTTPSConnection("localhost", server.ports.https, timeout=SECONDS_MAX, context=context)
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    text = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
    if text is not None:
        sent["Content-Type"] = "application/json"
    client.request(method, path, text, {**sent, **(fields or {})})
    answer = client.getresponse()
    document = json.loads(answer.read())
    client.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, document


@pytest.mark.modes("roles", "single")
def test_an_account_is_made_used_and_removed(server: Server) -> None:
    admin = key(server, "maker", "admin")
    address = f"made@{server.domain}"
    new = {"address": address, "password": "first pass word", "quota_bytes": 50_000_000}
    status, fields, document = ask(server, "POST", "/api/v1/accounts", admin, new)
    assert (status, document) == (200, {"added": address})
    assert fields["content-type"] == "application/json" and fields["cache-control"] == "no-store"
    listed = ask(server, "GET", "/api/v1/accounts", admin)[2]["accounts"]
    assert [a["quota_bytes"] for a in listed if a["address"] == address] == [50_000_000]
    assert ask(server, "POST", "/api/v1/accounts", admin, new)[0] == 409
    status, _, document = ask(server, "PUT", f"/api/v1/accounts/{address}/password", admin, {"password": "second one"})
    assert (status, document) == (200, {"changed": address})
    with imap(server, Account(address, "second one")) as client:
        assert client.noop()[0] == "OK"
    assert ask(server, "DELETE", f"/api/v1/accounts/{address}", admin)[0] == 200
    status, _, document = ask(server, "DELETE", f"/api/v1/accounts/{address}", admin)
    assert (status, document["code"]) == (404, "not_found") and address in document["error"]


def test_without_a_key_nothing_is_told(server: Server) -> None:
    for path in ("/api/v1/accounts", "/api/v1/none", "/api/"):
        status, fields, document = ask(server, "GET", path)
        assert status == 401 and fields["www-authenticate"].startswith("Bearer"), path
        assert document["code"] == "no_key" and "api key add" in document["error"]
    wrong = "ph_" + "A" * 43
    for token in (wrong, "x", "ph_", wrong + "A"):
        assert ask(server, "GET", "/api/v1/status", token)[0] == 401


def test_who_has_no_key_does_not_hear_what_is_wrong_with_the_request(server: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for token, code in ((None, "no_key"), ("ph_" + "A" * 43, "bad_key")):
        for method, path, body, fields in (("GET", "/api/v1/none", None, None), ("GET", "/api/", None, None),
                                           ("DELETE", "/api/v1/accounts", None, None),
                                           ("POST", "/api/v1/accounts", "{", None),
                                           ("POST", "/api/v1/accounts", {"colour": 1}, None),
                                           ("POST", "/api/v1/accounts", "address=a", form),
                                           ("GET", "/api/v1/reports?days=soon", None, None)):
            status, told, document = ask(server, method, path, token, body, fields)
            assert (status, document["code"]) == (401, code), (method, path, document)
            assert told["www-authenticate"].startswith("Bearer") and "allow" not in told, told


def test_a_scope_allows_no_more_than_it_says(server: Server) -> None:
    read, write = key(server, "looker", "read"), key(server, "writer", "write")
    assert ask(server, "GET", "/api/v1/status", read)[2]["running"] is True
    for token in (read, write):
        status, _, document = ask(server, "GET", "/api/v1/accounts", token)
        assert (status, document["code"]) == (403, "scope")
    assert ask(server, "POST", "/api/v1/queue/1/retry", read)[0] == 403
    assert ask(server, "POST", "/api/v1/queue/1/retry", write)[0] in (404, 422)


def test_a_key_that_is_removed_opens_nothing(server: Server) -> None:
    token = key(server, "leaver", "read")
    assert ask(server, "GET", "/api/v1/status", token)[0] == 200
    listed = {k["name"]: k for k in server.listing("api", "key", "list")["keys"]}
    assert listed["leaver"]["used_ms"] > 0 and token.startswith(listed["leaver"]["begins"])
    assert token not in json.dumps(listed)
    server.command("api", "key", "remove", "leaver")
    assert ask(server, "GET", "/api/v1/status", token)[0] == 401


BAD_BODIES = {
    "no JSON": ("{", "not JSON"),
    "a list": ("[]", "not an object"),
    "a stranger": ('{"address": "a@b.test", "colour": 1}', '"colour"'),
    "twice": ('{"address": "a", "address": "b"}', "not JSON"),
    "a number for a text": ('{"address": 5, "password": "x"}', '"address"'),
    "a text for a number": ('{"address": "a@b.test", "password": "x", "quota_bytes": "many"}', '"quota_bytes"'),
    "one missing": ('{"address": "a@b.test"}', '"password"'),
    "nested deep": ("[" * 100_000, "more members"),
    "NUL in a text": ('{"address": "a\\u0000b", "password": "x"}', "not JSON"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_bad_body_changes_nothing_and_says_why(server: Server, case: str) -> None:
    admin = key(server, "bad-" + case.replace(" ", "-"), "admin")
    before = server.listing("account", "list")
    body, words = BAD_BODIES[case]
    status, _, document = ask(server, "POST", "/api/v1/accounts", admin, body)
    assert (status, document["code"]) == (400, "bad_request") and words in document["error"], document
    assert server.listing("account", "list") == before


def test_what_is_no_json_or_too_much_is_refused(server: Server) -> None:
    admin = key(server, "form", "admin")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask(server, "POST", "/api/v1/domains", admin, "name=x.test", form)[0] == 415
    big = json.dumps({"name": "x" * 2_000_000})
    context = ssl.create_default_context(cafile=str(server.certificate))
    client = http.client.HTTPSConnection("localhost", server.ports.https, timeout=SECONDS_MAX, context=context)
    client.putrequest("POST", "/api/v1/domains")
    client.putheader("Authorization", f"Bearer {admin}")
    client.putheader("Content-Length", str(len(big)))
    client.endheaders()
    assert client.getresponse().status == 413


def test_other_methods_are_named_and_other_paths_are_not_there(server: Server) -> None:
    admin = key(server, "prober", "admin")
    status, fields, _ = ask(server, "DELETE", "/api/v1/accounts", admin)
    assert (status, set(fields["allow"].split(", "))) == (405, {"GET", "POST"})
    for path in ("/api/v1/accountz", "/api/v1/accounts/", "/api/v2/accounts", "/api/v1"):
        assert ask(server, "GET", path, admin)[0] == 404, path


def test_clear_text_is_sent_away(server: Server) -> None:
    client = http.client.HTTPConnection("localhost", server.ports.http, timeout=SECONDS_MAX)
    client.request("GET", "/api/v1/status")
    assert client.getresponse().status == 308


def test_the_document_and_the_docs_name_every_route() -> None:
    done = run("api", "openapi")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["openapi"].startswith("3.1")
    told = {(method, path) for path, methods in document["paths"].items() for method in methods}
    text = Path(ROOT / "docs" / "api.md").read_text()
    named = {(method.lower(), path) for method, path in re.findall(r"^\| `(\w+) (/api/v1/\S+)`", text, re.MULTILINE)}
    assert told == named
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["summary"] and operation["description"].startswith("Needs a key of scope")


SEQUENCE = {
    "name": "first words", "sender": {"name": "Ann", "company": "Example", "address": "Street 1, 12345 Town"},
    "opt_out": {"sentence": "If you would rather not hear from me, just say so."},
    "steps": [{"subject": "Hello {{first_name|there}}", "body": "Hello {{first_name|there}},\n\n{{opt_out}}\n"}],
}


@pytest.mark.modes("roles")
def test_a_campaign_is_made_from_elsewhere(server: Server) -> None:
    write = key(server, "crm", "write")
    account = server.new_account("sales")
    person = {"fields": {"first_name": "Ben"}, "time_zone": "Europe/Berlin"}
    assert ask(server, "PUT", "/api/v1/contacts/ben@prospect.test", write, person)[0] == 200
    contact = ask(server, "GET", "/api/v1/contacts/ben@prospect.test", write)[2]["contact"]
    assert contact["fields"]["first_name"] == "Ben" and contact["time_zone"] == "Europe/Berlin"
    status, _, document = ask(server, "PUT", "/api/v1/contacts/ben@prospect.test", write, {"time_zone": "Mars/North"})
    assert (status, document["code"]) == (400, "bad_request") and "time_zone" in document["error"]
    made = {"name": "spring", "mailbox": account.address, "sequence": SEQUENCE}
    status, _, document = ask(server, "POST", "/api/v1/outreach/campaigns", write, made)
    assert status == 200, document
    broken = {**made, "name": "other", "sequence": {**SEQUENCE, "steps": []}}
    status, _, document = ask(server, "POST", "/api/v1/outreach/campaigns", write, broken)
    assert status == 400 and "steps" in document["error"], document
    added = ask(server, "POST", "/api/v1/outreach/campaigns/spring/prospects", write, {"by": "contact",
                "which": "ben@prospect.test"})
    assert added[0] == 200 and added[2]["added"] == 1, added
    assert ask(server, "GET", "/api/v1/outreach/prospects/ben@prospect.test", write)[0] == 200
    # What needs the running server's desks finds them.
    tested = ask(server, "POST", f"/api/v1/outreach/mailboxes/{account.address}/test", write)
    assert "no server" not in json.dumps(tested[2]), tested
    assert ask(server, "PUT", "/api/v1/suppressions/ben@prospect.test", write, {"reason": "unsubscribed"})[0] == 200
    found = ask(server, "GET", "/api/v1/suppressions/ben@prospect.test", write)
    assert found[0] == 200 and "unsubscribed" in json.dumps(found[2])
