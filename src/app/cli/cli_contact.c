/* The words of `posthaste contact`, `suppression` and `api`: what --help says of each, and which options go
   with it. */
#include "app/cli/cli_topics.h"

enum { NOTHING };

#define STORED (WITH(DATA) | WITH(JSON))

const struct cli_topic contact_topics[] = {
    {"import",
     "FILE --source TEXT --basis B [--map COLUMN=FIELD ...] [--separator S]\n"
     "       [--encoding E] [--errors FILE] [--dry-run]",
     "rows of a file of separated values (CSV) become contacts",
     "Separator and encoding are found out. An address that is there already gets new values; nothing is\n"
     "taken away, and who is suppressed stays out. Broken off, the same command goes on. Without --map "
     "known\n"
     "names of columns in five languages are taken for what they mean, others become fields of their own.\n"
     "  --source TEXT       where the addresses come from; each person may ask\n"
     "  --basis B           by which right they may be written to: consent, contract, legitimate_interest, "
     "...\n"
     "  --map COLUMN=FIELD  \"E-Mail=address\", \"Vorname=first_name\", \"Notes=-\" to leave one out\n"
     "  --separator S       comma, semicolon, tab or bar\n"
     "  --encoding E        utf-8, utf-16, windows-1252, iso-8859-2, ...\n"
     "  --errors FILE       all rows that did not come, as CSV, with line, column and reason\n"
     "  --dry-run           only say what would be added, changed (and how), refused\n"
     "\n"
     "  posthaste contact import leads.csv --source \"trade fair\" --basis legitimate_interest --dry-run \\\n"
     "    --data DIR\n"
     "\n"
     "docs/contacts.md tells more.\n",
     STORED | WITH(IMPORTING) | WITH(DRY_RUN)},
    {"imports", "", "what was imported, with the id that undo and outreach add take", NULL, STORED},
    {"undo", "IMPORT", "takes an import back: who it added goes, what it changed is as before", NULL, STORED},
    {"list", "[domain=D] [import=N] [FIELD=VALUE ...] [after=ADDRESS]",
     "so many as fit; after=ADDRESS goes on behind one", NULL, STORED},
    {"show", "ADDRESS", "one of them, with its suppression", NULL, STORED},
    {"set", "ADDRESS FIELD=VALUE ...", "adds a contact, or changes its fields",
     "FIELD= takes a field away; time_zone= and country= are fields, too.\n"
     "\n"
     "  posthaste contact set ben@example.com first_name=Ben country=DE --data DIR\n",
     STORED},
    {"remove", "ADDRESS", "takes a contact out of the book; an import may bring it back", NULL, STORED},
    {"export", "[ADDRESS]", "the whole book as CSV; of one person all that is known, as JSON", NULL, STORED},
    {"erase", "ADDRESS", "everything of a person goes; a hash stays, so that no import brings them back",
     NULL, STORED},
    {NULL, NULL, NULL, NULL, NOTHING},
};

const char contact_examples[] =
    "  posthaste contact import leads.csv --source \"trade fair\" --basis legitimate_interest --data DIR\n"
    "  posthaste contact list domain=example.com --data DIR\n"
    "\n"
    "docs/contacts.md tells more.\n";

static const char whom_help[] =
    "WHOM is an address, a domain (with all below it), or a pattern: info@*, *@*.example.org.\n";

const struct cli_topic suppression_topics[] = {
    {"add", "WHOM [--reason R] [--note TEXT]", "who must not be written to from now on",
     "WHOM is an address, a domain (with all below it), or a pattern: info@*, *@*.example.org.\n"
     "  --reason R   manual (the default), unsubscribed, complaint, hard_bounce or imported\n"
     "  --note TEXT  for people\n"
     "\n"
     "  posthaste suppression add example.com --note \"a competitor\" --data DIR\n",
     STORED | WITH(REASON)},
    {"remove", "WHOM [--force]", "may be written to again",
     "What a person wished for (unsubscribed, complaint, erased) is taken back only with --force.\n",
     STORED | WITH(FORCE)},
    {"check", "ADDRESS", "whether an address may be written to, and if not, why", NULL, STORED},
    {"list", "", "all of it", whom_help, STORED},
    {"import", "FILE [--reason R]", "one WHOM a line, or the first column of a CSV file",
     "A second column may say the reason of each.\n", STORED | WITH(REASON)},
    {"export", "", "all of it, as CSV", NULL, STORED},
    {NULL, NULL, NULL, NULL, NOTHING},
};

const char suppression_examples[] =
    "Every part of the system asks this list before it writes to somebody of its own accord, and imports\n"
    "leave out who is on it.\n"
    "\n"
    "  posthaste suppression add info@* --data DIR\n"
    "  posthaste suppression check ben@example.com --data DIR\n";

const struct cli_topic api_topics[] = {
    {"key add", "NAME [read|write|admin]", "makes a key and shows it, once",
     "read (the default) looks only; write changes contacts, campaigns and the queue; admin may all that "
     "the\n"
     "command line may. Give it as \"Authorization: Bearer KEY\" to https://HOST:PORT/api/v1/..., port base "
     "+\n"
     "443.\n"
     "\n"
     "  posthaste api key add crm write --data DIR\n",
     STORED},
    {"key list", "", "names, scopes, how each begins, and when it was last used", NULL, STORED},
    {"key remove", "NAME", "from now on it opens nothing", NULL, STORED},
    {"openapi", "", "the whole of the API for other programs (OpenAPI 3.1)", NULL, WITH(JSON)},
    {NULL, NULL, NULL, NULL, NOTHING},
};

const char api_examples[] =
    "The API does over HTTPS (port base + 443, below /api/v1/) what the command line does.\n"
    "\n"
    "  posthaste api key add crm write --data DIR\n"
    "  posthaste api openapi > posthaste.json\n"
    "\n"
    "docs/api.md tells more.\n";
