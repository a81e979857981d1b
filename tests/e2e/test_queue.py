"""The owner's view of mail on its way to other hosts: queue and trace on the command line."""

from __future__ import annotations

import json
import re

from mail import send, smtp
from messages import plain
from server import Account, Server

FAR = "far@elsewhere.test"


def submit(server: Server, alice: Account, text: bytes) -> str:
    """Sends it to another host's user, and returns its queue id."""
    with smtp(server, "submissions", "tls", alice) as client:
        send(client, alice.address, [FAR], text)
    accepted = re.findall(r"queue\.accepted .*?id=([0-9a-f]{16})", server.log_text())
    return str(accepted[-1])


def held(server: Server) -> list[str]:
    listing = json.loads(server.command("queue", "list", "messages", "state=held", "--json"))
    return [str(line["id"]) for line in listing["queued"]]


def test_waiting_mail_is_held_shown_released_and_removed(server: Server, alice: Account) -> None:
    message = submit(server, alice, plain("for far away"))
    assert server.command("queue", "hold", message).strip() == "1 recipient held"
    assert held(server) == [message]
    domains = json.loads(server.command("queue", "list", "--json"))["destinations"]
    assert [line["held"] for line in domains if line["domain"] == "elsewhere.test"] == [1]
    assert re.search(r"elsewhere\.test +\d+ waiting +1 held", server.command("queue", "list"))
    shown = json.loads(server.command("queue", "show", message, "--json"))
    assert (shown["from"], shown["recipients"][0]["address"]) == (alice.address, FAR)
    assert shown["recipients"][0]["state"] == "held"
    assert "1 recipient released" in server.command("queue", "release", "elsewhere.test")
    assert held(server) == []
    assert "1 recipient removed" in server.command("queue", "remove", message, FAR)
    assert message not in server.command("queue", "list", "messages")


def test_a_message_is_traced_by_either_of_its_ids(server: Server, alice: Account) -> None:
    message = submit(server, alice, plain("traced", number=771))
    server.command("queue", "remove", message)
    steps = json.loads(server.command("trace", message, "--json"))["history"]
    assert (steps[0]["what"], steps[-1]["what"]) == ("accepted", "removed")
    assert steps[0]["recipients"][0]["address"] == FAR
    by_name = server.command("trace", "<771.plain@outside.test>")
    assert by_name == server.command("trace", message)
    assert re.search(rf"accepted from {re.escape(alice.address)}, .*<771\.plain@outside\.test>", by_name)
