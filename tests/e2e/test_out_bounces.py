"""What a sender is told of mail that cannot be delivered: in words, and for programs (RFC 3464)."""

from __future__ import annotations

import pytest

from messages import plain
from outgoing import Domains, Outgoing
from scripted_host import say
from server import Account


def test_a_bounce_is_readable_and_threads_with_what_was_sent(out: Outgoing, sender: Account, domain: Domains) -> None:
    domain("refuses.test", {"RCPT": say("550 5.1.1 no bob here")})
    out.submit(sender, ["bob@refuses.test"], plain("To bob", number=77))
    (bounce,) = out.wait_for_bounces(sender)
    assert bounce.message.get_content_type() == "multipart/report"
    assert bounce.message["To"] == sender.address and "bob@refuses.test" in bounce.message["Subject"]
    assert bounce.message["In-Reply-To"] == "<77.plain@outside.test>"
    assert "bob@refuses.test" in bounce.words and "no bob here" in bounce.words
    (fields,) = bounce.recipients
    assert (fields["action"], fields["status"]) == ("failed", "5.1.1")
    assert fields["diagnostic-code"].startswith("smtp;") and "550 5.1.1 no bob here" in fields["diagnostic-code"]


def test_one_refused_and_one_taken_in_a_transaction(out: Outgoing, sender: Account, domain: Domains) -> None:
    mixed_host = domain("half.test", {"RCPT TO:<bob@": say("550 5.1.1 no bob here")})
    out.submit(sender, ["alice@half.test", "bob@half.test"])
    (bounce,) = out.wait_for_bounces(sender)
    assert [fields["final-recipient"] for fields in bounce.recipients] == ["rfc822;bob@half.test"]
    out.wait(lambda: mixed_host.transactions, "the other got it")
    (transaction,) = mixed_host.transactions
    assert transaction.recipients == ["RCPT TO:<alice@half.test>"]


@pytest.mark.parametrize("name,records,status", [
    ("null-mx.test", ["MX 0 ."], "5.1.10"),
    ("nowhere.test", [], "5.1.2"),
    ("texts-only.test", ['TXT "no mail here"'], "5.1.2")])
def test_a_domain_without_mail_is_reported_at_once(out: Outgoing, sender: Account, name: str, records: list[str],
                                                   status: str) -> None:
    out.zones.set(name, *records)
    out.zones.reload()
    out.submit(sender, [f"bob@{name}"])
    (bounce,) = out.wait_for_bounces(sender)
    (fields,) = bounce.recipients
    assert fields["final-recipient"] == f"rfc822;bob@{name}" and fields["action"] == "failed"
    assert fields["status"] == status
