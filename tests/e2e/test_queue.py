"""The owner's view of mail on its way to other hosts: queue and trace on the command line."""

from __future__ import annotations

import json
import re

from mail import send, smtp
from messages import plain
from server import Account, Server, run

FAR = "far@elsewhere.test"


def submit(server: Server, alice: Account, text: bytes) -> str:
    """Sends it to another host's user, and returns its queue id."""
    with smtp(server, "submissions", "tls", alice) as client:
        send(client, alice.address, [FAR], text)
    accepted = re.findall(r"queue\.accepted .*?id=([0-9a-f]{16})", server.log_text())
    return str(accepted[-1])


def test_the_queue_is_listed_and_orders_say_how_many_they_reached(server: Server) -> None:
    listing = json.loads(server.command("queue", "list", "--json"))
    assert len(listing["destinations"]) == listing["destination_count"]
    assert re.search(r"^\d+ waiting, \d+ held, \d+ of which the sender", server.command("queue", "list"), re.M)
    assert json.loads(server.command("queue", "list", "messages", "state=held", "--json"))["queued"] == []
    for order, done in (("hold", "held"), ("release", "released"), ("retry", "tried now"), ("remove", "removed")):
        assert re.fullmatch(rf"\d+ recipients? {done}\n", server.command("queue", order, "all"))


def test_a_message_is_traced_by_either_of_its_ids(server: Server, alice: Account) -> None:
    message = submit(server, alice, plain("traced", number=771))
    steps = json.loads(server.command("trace", message, "--json"))["history"]
    assert steps[0]["what"] == "accepted"
    assert steps[0]["recipients"][0]["address"] == FAR
    by_name = server.command("trace", "<771.plain@outside.test>")
    for text in (by_name, server.command("trace", message)):
        assert re.search(rf"accepted from {re.escape(alice.address)}, .*<771\.plain@outside\.test>", text)


def test_a_message_that_stayed_here_is_traced_to_its_mailboxes(server: Server, alice: Account) -> None:
    with smtp(server, "smtp", "plain") as client:
        send(client, "bob@outside.test", [alice.address], plain("to be found", number=772))
    answer = json.loads(server.command("trace", "<772.plain@outside.test>", "--json"))
    assert [(place["address"], place["mailbox"]) for place in answer["mailboxes"]] == [(alice.address, "INBOX")]
    assert answer["history"] == []
    words = server.command("trace", answer["id"])
    assert f"{alice.address}: INBOX, UID {answer['mailboxes'][0]['uid']}" in words
    refused = run("trace", "<nobody@outside.test>", "--data", server.data, user=server.user)
    assert refused.returncode == 1 and "is no message that is here" in refused.stderr
