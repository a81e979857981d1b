/* The words of `posthaste outreach`: what --help says of each, and which options go with it. A new word is a
   row here and one where it is run (app/command/command_outreach*.c). */
#include "app/cli/cli_topics.h"

enum { NOTHING };

#define STORED (WITH(DATA) | WITH(JSON))

static const char plan_help[] =
    "  --contacts N      so many made-up prospects (default 40)\n"
    "  --csv FILE        the rows of a file, read as `contact import` reads them\n"
    "  --start TIME      2026-07-01T09:00, by the mailbox's clock (default: now)\n"
    "  --zone ZONE       where the mailbox is, such as Europe/Berlin (default: the sequence's time_zone)\n"
    "  --daily-cap N     what the mailbox may send a day (default 30, at most 100)\n"
    "\n"
    "Nothing is sent, and no server is needed. The last line says when all of it would be over.\n"
    "\n"
    "  posthaste outreach simulate autumn.yaml --contacts 40 --start 2026-07-01T09:00\n";

static const char ways_help[] =
    "  --password-stdin     the password (or app password) is the first line of standard input, else it is\n"
    "                       asked for; with --imap-password the second line is that of IMAP\n"
    "  --oauth NAME         OAuth instead (posthaste outreach oauth --help): prints a URL to open\n"
    "  --smtp HOST[:PORT], --imap HOST[:PORT]   if they are not found, or where replies go elsewhere\n"
    "  --smtp-tls M, --imap-tls M   implicit (the default), starttls, never (this machine only)\n"
    "  --user U, --smtp-user U, --imap-user U   if it is not the address\n"
    "  --name NAME          of the person, for From\n"
    "  --gap S-S            seconds between two letters (default 95-150)\n"
    "  --hourly N, --daily N, --ramp START+STEP   how many; over 100 a day, and gaps under 95 s, only\n"
    "                       with --override WHO, which is logged\n"
    "  --zone Z             where its day begins, for the daily cap; else the first campaign's\n"
    "  --accept-renaming    although the server gives messages other Message-IDs\n"
    "  --outside            not the account of ours with this address\n"
    "\n"
    "  posthaste outreach mailbox add ann@example.org --data DIR\n"
    "  posthaste outreach mailbox add ann@gmail.com --password-stdin --data DIR < app-password\n";

static const char oauth_help[] =
    "You register an application at the provider once; its client id and secret are yours. In its console:\n"
    "\n"
    "Google (--preset google, or NAME google), Google Cloud console:\n"
    "  1. APIs & Services, Library: switch the Gmail API on\n"
    "  2. OAuth consent screen: scope https://mail.google.com/; in a Workspace choose \"Internal\"; else\n"
    "     publish the app, because while it is in testing each permission ends after 7 days\n"
    "  3. Credentials, Create OAuth client ID, type \"Desktop app\": there is no redirect URI to give\n"
    "  An administrator must act where a Workspace restricts apps: Admin console, Security, API controls,\n"
    "  App access control: trust the client id.\n"
    "\n"
    "Microsoft (--preset microsoft, or NAME microsoft), Entra admin centre, App registrations:\n"
    "  1. New registration; Authentication, Add a platform \"Mobile and desktop applications\" with the\n"
    "     redirect URI http://localhost (any port of it then counts)\n"
    "  2. API permissions, delegated: IMAP.AccessAsUser.All, SMTP.Send, offline_access\n"
    "  3. Without a secret: Authentication, \"Allow public client flows\", and --no-secret here\n"
    "  An administrator must act where users may not consent (API permissions, \"Grant admin consent\"), "
    "and\n"
    "  to switch IMAP and \"Authenticated SMTP\" on for the mailbox (its email apps).\n"
    "\n"
    "  --client-id ID   as the console shows it\n"
    "  --key-stdin      the client secret is the first line of standard input, else it is asked for. It is\n"
    "                   sealed in the store and never shown again\n"
    "  --no-secret      there is none\n"
    "  --authorize-url, --token-url, --scope   of another provider, or of one tenant of Microsoft\n"
    "\n"
    "  posthaste outreach oauth add google --client-id ID --key-stdin --data DIR < secret\n"
    "  posthaste outreach mailbox add ann@gmail.com --oauth google --data DIR\n";

const struct cli_topic outreach_topics[] = {
    {"", "", "Trying a sequence, without a server:", NULL, NOTHING},
    {"check", "FILE", "whether a sequence can be read and would be let start",
     "FILE is YAML or JSON (docs/sequence.md). Every fault is told with its line, and what to do.\n"
     "Exit status: 1 where something is wrong.\n"
     "\n"
     "  posthaste outreach check autumn.yaml\n",
     STORED | WITH(PLAN) | WITH(ZONE) | WITH(SENDER)},
    {"preview", "FILE --contact ADDRESS|--csv CSV [--contacts N]",
     "its letters as people would read them, and who would be blocked",
     "Who lacks a value for a {{snippet}} without a fallback is blocked, and named.\n"
     "  --contact ADDRESS  one contact; with --data DIR its fields are those of the address book\n"
     "  --csv CSV          the rows of a file, read as `contact import` reads them\n"
     "  --contacts N       show N of them (default 3)\n"
     "  --mailbox ADDRESS  who sends it\n"
     "\n"
     "  posthaste outreach preview autumn.yaml --csv leads.csv --contacts 5\n",
     STORED | WITH(PLAN) | WITH(ZONE) | WITH(CONTACT) | WITH(CONTACTS) | WITH(CSV) | WITH(SENDER)},
    {"simulate",
     "FILE [--contacts N | --csv CSV] [--start TIME]\n"
     "       [--zone ZONE] [--daily-cap N]",
     "when each letter would leave, by the pacer that will decide it", plan_help,
     STORED | WITH(PLAN) | WITH(ZONE) | WITH(CONTACTS) | WITH(CSV)},

    {"", "", "Mailboxes that letters leave from, and that answers come to:", NULL, NOTHING},
    {"mailbox add", "ADDRESS [OPTIONS]", "an account here, or one at a provider; tested for real", ways_help,
     STORED | WITH(MAILBOX) | WITH(NAME) | WITH(PASSWORD_STDIN) | WITH(ZONE)},
    {"mailbox list", "", "all of them: green, or red with the cause and what to do",
     "A red mailbox sends nothing, and its campaigns are paused, until it is green again.\n", STORED},
    {"mailbox show", "ADDRESS", "one of them, with its servers and limits", NULL, STORED},
    {"mailbox test", "ADDRESS", "sends a message to itself and finds it again; each step is shown",
     "What fails is named, with what to do. docs/mailboxes.md lists the causes.\n", STORED},
    {"mailbox set", "ADDRESS [OPTIONS]", "changes what is given; tests again where the way there changed",
     ways_help, STORED | WITH(MAILBOX) | WITH(NAME) | WITH(PASSWORD_STDIN) | WITH(ZONE)},
    {"mailbox remove", "ADDRESS", "from now on nothing leaves from it, and it is not looked at", NULL,
     STORED},
    {"oauth add",
     "NAME --client-id ID [--preset google|microsoft] [--key-stdin | --no-secret]\n"
     "       [--authorize-url URL --token-url URL --scope S]",
     "who we are at a provider that takes no passwords (Google, Microsoft)", oauth_help,
     STORED | WITH(PROVIDER) | WITH(PASSWORD_STDIN)},
    {"oauth list", "", "the providers, without their secrets", NULL, STORED},
    {"oauth show", "NAME", "one of them", NULL, STORED},
    {"oauth remove", "NAME", "forgets it; not while a mailbox uses it", NULL, STORED},

    {"", "", "A campaign:", NULL, NOTHING},
    {"create", "FILE --mailbox ADDRESS [--name NAME]", "a draft of the sequence in FILE",
     "ADDRESS is an account here, or a mailbox of outreach. Nothing leaves before `start`.\n"
     "\n"
     "  posthaste outreach create autumn.yaml --mailbox ann@example.org --data DIR\n",
     STORED | WITH(SENDER) | WITH(NAME)},
    {"add",
     "CAMPAIGN --contact ADDRESS | --import ID | --all | --where FIELD=VALUE ...\n"
     "       | --csv CSV --source TEXT --basis B [options of contact import]",
     "people of the address book become its prospects",
     "Who must not be written to is left out and counted. ID is one of `posthaste contact imports`.\n"
     "  --where F=V   who fits; all of them must hold: country=DE, role=*manager*, city!=Berlin. A * stands\n"
     "                for any characters; domain, import and time_zone are fields, too\n"
     "  --csv CSV     imports the rows of a file as `contact import` does, and adds them all\n"
     "\n"
     "  posthaste outreach add autumn --where country=DE --where role=*manager* --data DIR\n"
     "  posthaste outreach add autumn --csv leads.csv --source \"trade fair\" --basis consent --data DIR\n",
     STORED | WITH(CONTACT) | WITH(ADDING) | WITH(CSV) | WITH(IMPORTING) | WITH(DRY_RUN)},
    {"start", "CAMPAIGN", "it begins, if nothing stands in the way; what does is said",
     "A missing sender, postal address or way to say no, a plan of more than 60 days, no prospects, a\n"
     "mailbox that is not green: docs/outreach.md lists what keeps a campaign from starting.\n",
     STORED},
    {"pause", "CAMPAIGN|ADDRESS", "no letter leaves; of a campaign, or to one person", NULL, STORED},
    {"resume", "CAMPAIGN|ADDRESS", "it goes on; nothing is caught up in a burst", NULL, STORED},
    {"stop", "CAMPAIGN|ADDRESS", "for good; of a campaign, or to one person", NULL, STORED},

    {"", "", "What is going on:", NULL, NOTHING},
    {"status", "[CAMPAIGN]", "campaigns, what needs a person, and the mailboxes", NULL, STORED},
    {"why", "ADDRESS", "one person: each gate, open or shut, and when the next letter may leave", NULL,
     STORED},
    {"events", "[CAMPAIGN [AFTER-ID]]", "what happened, in order", NULL, STORED},
    {"stats", "CAMPAIGN", "figures; docs/outreach.md says what each counts", NULL, STORED},
    {"export", "CAMPAIGN", "its prospects as CSV", NULL, STORED},

    {"", "", "What came back, and what a person decides:", NULL, NOTHING},
    {"answers", "[ADDRESS]", "what came, what it was taken for, how it was found and why", NULL, STORED},
    {"correct", "ANSWER-ID KIND", "says what an answer really is, and undoes what was done",
     "KIND is reply, auto_reply, out_of_office, bounce, delay, complaint, receipt or other; or what a reply\n"
     "wants: positive, negative, referral, later, neutral. What another answer says, or you decided, stays.\n"
     "A wish not to be written to is taken back by `posthaste suppression remove --force` alone.\n",
     STORED},
    {"replay", "[--since DAY] [--campaign NAME] [--apply]",
     "all answers judged again, by the classifier as it is now: what differs, and why",
     "Nothing is changed without --apply, which does what `correct` would. What a person corrected stays, "
     "and\n"
     "so does a wish not to be written to; a campaign that was over stays over. Answers whose message is\n"
     "gone are counted. Works beside a running server, or without one.\n"
     "  --since DAY      only of those that came on that day (2026-11-01) or later\n"
     "  --campaign NAME  only of those to this campaign\n"
     "\n"
     "  posthaste outreach replay --since 2026-11-01 --data DIR\n",
     STORED | WITH(REPLAY)},
    {"settle", "MESSAGE sent|not-sent", "says whether a letter left of which nobody knows it",
     "The answer to the end of a letter was lost, and its provider keeps no copies of what it sends, so "
     "that\n"
     "looking cannot tell. Nothing else leaves from that mailbox until a person has decided: `status` lists\n"
     "such letters with their ID. After `not-sent` it is written anew, so be sure.\n"
     "\n"
     "  posthaste outreach settle 0559c7e6c5c00000 sent --data DIR\n",
     STORED},
    {NULL, NULL, NULL, NULL, NOTHING},
};

const char outreach_examples[] =
    "A campaign from its beginning:\n"
    "  posthaste contact import leads.csv --source \"trade fair\" --basis legitimate_interest --data DIR\n"
    "  posthaste outreach create autumn.yaml --mailbox ann@example.org --data DIR\n"
    "  posthaste outreach add autumn --all --data DIR\n"
    "  posthaste outreach start autumn --data DIR\n"
    "  posthaste outreach why ben@example.com --data DIR\n"
    "\n"
    "docs/outreach.md, sequence.md, outreach-law.md and mailboxes.md tell more.\n";
