"""Outside mailboxes: how often their providers are asked while all is well."""

from __future__ import annotations

import time

from peer import need_root
from test_mailboxes import add, outreach_server, running_provider, wait_for
from test_outreach import until
from test_outreach_word import gate_to

SECONDS = 10


def test_while_all_is_well_the_way_out_is_asked_seldom_and_the_way_in_often() -> None:
    need_root("a provider")
    with running_provider() as provider, gate_to(provider.submissions) as out, gate_to(provider.imaps) as into, \
            outreach_server([provider.certificate], check_seconds=1) as server:
        ann = provider.add_user("ann")
        status, told = add(server, provider, ann, "--smtp", f"localhost:{out.port}", "--imap", f"localhost:{into.port}")
        assert status == 0, told
        wait_for(server, ann, "green")
        time.sleep(3)
        before, begun = (out.comers, into.comers), time.monotonic()
        time.sleep(SECONDS)
        # One of sixteen checks.
        asked = out.comers - before[0]
        assert asked <= 1 + (time.monotonic() - begun) // 16
        until(lambda: into.comers - before[1] >= 3, "the way in was asked")
        # What is wrong with either is told, and that it is mended.
        provider.add_user("ann", "another one")
        wait_for(server, ann, "red", "password")
        provider.add_user("ann")
        wait_for(server, ann, "green")
