/* The words of `posthaste webhook`: what --help says of each, and which options go with it. */
#include "app/cli/cli_topics.h"

#define STORED (WITH(DATA) | WITH(JSON))

const struct cli_topic webhook_topics[] = {
    {"add", "URL [--kinds K,K...]", "from now on events go to URL, which is https://; shows the secret, once",
     "  --kinds K   which: types with commas between, outreach.* for all below; else all\n"
     "\n"
     "No private addresses and no http://, but with webhooks.allow_private = yes (http:// to 127.0.0.1).\n"
     "\n"
     "  posthaste webhook add https://crm.example.org/hooks --kinds outreach.replied,outreach.bounced\n",
     STORED | WITH(KINDS)},
    {"list", "", "all of them, what waits, and why one is disabled", NULL, STORED},
    {"types", "", "the types of events there are", NULL, STORED},
    {"test", "ID", "sends webhook.test now, and says what was answered", NULL, STORED},
    {"deliveries", "ID [--before EVENT]", "each event's attempts and the last answer, the newest first",
     "  --before EVENT   older ones than this\n", STORED | WITH(BEFORE)},
    {"replay", "ID --since TIME | ID --event EVENT", "sends events again, in order and with the ids they had",
     "  --since TIME     all since then: 90m, 12h, 7d (ago), or 2026-05-01T10:00:00Z\n"
     "  --event EVENT    this one\n",
     STORED | WITH(AGAIN)},
    {"rotate", "ID [--overlap TIME]", "makes a new secret; the old one signs beside it for a day",
     "  --overlap TIME   how long the old one goes on: 0 to 30d\n", STORED | WITH(OVERLAP)},
    {"enable", "ID", "after it was disabled; what waited is sent", NULL, STORED},
    {"disable", "ID", "keeps events back until it is enabled", NULL, STORED},
    {"remove", "ID", "for good; what waited is dropped", NULL, STORED},
    {NULL, NULL, NULL, NULL, 0},
};

const char webhook_examples[] =
    "Other programs are told what happens: each event is posted to their URLs, signed as Standard Webhooks\n"
    "says, and again, with the same id, until it is taken. docs/webhooks.md tells more.\n"
    "\n"
    "  posthaste webhook add https://crm.example.org/hooks --data DIR\n"
    "  posthaste webhook test 1 --data DIR\n";
