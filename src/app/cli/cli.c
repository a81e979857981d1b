#include "app/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/cli/cli_topics.h"
#include "base/limits.h"

enum { CLI_ARENA_BYTES = 1 << 30 };

#define DATA_OPTIONS (WITH(DATA) | WITH(JSON))
#define CONTACT_OPTIONS (DATA_OPTIONS | WITH(IMPORTING) | WITH(REASON) | WITH(FORCE) | WITH(DRY_RUN))
#define SUPPRESSION_OPTIONS (DATA_OPTIONS | WITH(REASON) | WITH(FORCE))
#define WEBHOOK_OPTIONS (DATA_OPTIONS | WITH(KINDS) | WITH(AGAIN) | WITH(BEFORE) | WITH(OVERLAP))
#define OUTREACH_OPTIONS                                                                                \
    (DATA_OPTIONS | WITH(PASSWORD_STDIN) | WITH(MAILBOX) | WITH(PROVIDER) | WITH(NAME) | WITH(SENDER) | \
     WITH(ADDING) | WITH(PLAN) | WITH(CONTACT) | WITH(CONTACTS) | WITH(CSV) | WITH(IMPORTING) |         \
     WITH(DRY_RUN) | WITH(ZONE) | WITH(REPLAY))

static const struct cli_command commands[] = {
    {"init", "--data DIR --domain D [--hostname H] [--base-port N] [--listen ADDR]", "make a data folder",
     "Writes DIR/posthaste.conf, a self-signed certificate and an empty store with the domain D.\n"
     "  --hostname H   the name in greetings (default mail.D)\n"
     "  --base-port N  listen N above the usual ports: SMTP N+25, IMAP N+143, ... (default 0)\n"
     "  --listen ADDR  the address to listen on (default 127.0.0.1)\n",
     WITH(DATA) | WITH(DOMAIN) | WITH(HOSTNAME) | WITH(BASE_PORT) | WITH(LISTEN), WITH(DATA) | WITH(DOMAIN),
     0, 0, command_init, NULL},
    {"serve", "--data DIR [--single]", "run the mail server",
     "Stays in the foreground. SIGTERM stops it, SIGHUP has it read configuration and certificates anew.\n"
     "  --single  all roles in one process, without walls: for debugging\n",
     WITH(DATA) | WITH(SINGLE), WITH(DATA), 0, 0, command_serve, NULL},
    {"account",
     "add ADDRESS [--password-stdin] [--quota BYTES] | password ADDRESS [--password-stdin]\n"
     "       | set ADDRESS imap=on|off pop3=on|off | list | remove ADDRESS   --data DIR [--json]",
     "people with a mailbox",
     "The password is the first line of standard input with --password-stdin; else it is asked for.\n"
     "set  switches IMAP or POP3 off for an account, or on again, from the next login on; who logs in there\n"
     "     with the right password is told so\n",
     DATA_OPTIONS | WITH(PASSWORD_STDIN) | WITH(QUOTA), WITH(DATA), 1, 4, command_account, NULL},
    {"alias", "add ADDRESS TARGET | remove ADDRESS [TARGET] | list --data DIR [--json]",
     "other addresses, and where they lead",
     "An address can have several targets, also elsewhere. @example.org is a catch-all for its domain.\n",
     DATA_OPTIONS, WITH(DATA), 1, 3, command_alias, NULL},
    {"domain",
     "add NAME [--relay [--verify]] | remove NAME | list\n"
     "       | dns NAME [--format F] [--merge] | check NAME   [--dns HOST[@PORT]]\n"
     "       | dkim list NAME | dkim rotate NAME [--now | --force]   --data DIR [--json]",
     "the domains this host has mail for",
     "  --relay  pass on to the domain's own hosts, whoever sends it, what is for addresses that are not\n"
     "           known here: for a second MX, or a gateway. docs/relaying.md tells more.\n"
     "  --verify with --relay: ask these hosts for each address first, and refuse what they do not know\n"
     "dns          the records to publish\n"
     "check        looks at what the world sees, DNS, ports and TLS, and says of each what is right, wrong "
     "(and\n"
     "             how), or missing. Exit status: 1 if there is something to mend. docs/dns.md tells more.\n"
     "  --format F   zone (a piece of a zone file: the default), strings, table, cloudflare, route53\n"
     "  --merge      look at DNS, and make one record of the SPF record that is there and ours\n"
     "  --dns HOST[@PORT]     ask this name server and no other; without DNSSEC, unless there are\n"
     "  --trust-anchors FILE  DS or DNSKEY records to check answers with\n"
     "dkim list    the keys that the domain's mail is signed with, and the records to publish for them\n"
     "dkim rotate  make the next keys: they sign as soon as their records are seen in DNS, and the old "
     "ones'\n"
     "             must stay a week longer. docs/dkim.md tells more.\n"
     "  --now      look for the records at once, not within 10 minutes\n"
     "  --force    also where the records of the keys before must stay still: after a break-in\n",
     DATA_OPTIONS | WITH(RELAY) | WITH(ROTATE) | WITH(DNS) | WITH(PUBLISH), WITH(DATA), 1, 3, command_domain,
     NULL},
    {"api", "", "keys for the JSON API", api_examples, DATA_OPTIONS, 0, 1, 4, command_api, api_topics},
    {"certificate", "status | order | renew --data DIR [--json]", "certificates by ACME (Let's Encrypt)",
     "status  the certificate that was got, its names and times, when it is renewed, and what went wrong\n"
     "order   look now: order one where there is none, a name is missing or it is old\n"
     "renew   order a new one whatever there is; CAs allow only a few in a week\n"
     "Without acme.enabled in posthaste.conf no CA is ever asked. docs/acme.md tells more.\n",
     DATA_OPTIONS, WITH(DATA), 1, 1, command_certificate, NULL},
    {"compact", "--data DIR [--json]", "give the space of removed messages back now",
     "A running server does this by itself, slowly, for segments that are half dead. This does it at once "
     "for\n"
     "every segment of which an eighth is dead. Works beside a running server.\n",
     DATA_OPTIONS, WITH(DATA), 0, 0, command_plain, NULL},
    {"status", "--data DIR [--json]", "what is there, what runs, which walls are missing", NULL, DATA_OPTIONS,
     WITH(DATA), 0, 0, command_plain, NULL},
    {"health", "--data DIR [--account ADDRESS --password-stdin] [--json | --nagios]",
     "look at the running server as its users do",
     "Connects to every port, logs in on each protocol over TLS, asks /health, and looks at certificate,\n"
     "disk and store. Without --account the store grants logins that work once, for seconds, and lead to\n"
     "no mail. Exit status: 0 all is well (there may be warnings), 1 something failed; its line says what\n"
     "to do.\n"
     "  --account ADDRESS  log in as this account; its password is read from standard input\n"
     "  --nagios           one line, and the exit status of a Nagios plug-in: 0, 1 warning, 2 critical\n",
     DATA_OPTIONS | WITH(ACCOUNT) | WITH(PASSWORD_STDIN) | WITH(NAGIOS), WITH(DATA), 0, 0, command_health,
     NULL},
    {"preflight",
     "FILE|MESSAGE-ID [--to ADDRESS] --data DIR [--json]\n"
     "       [--from ADDR] [--ip IP] [--helo NAME] [--bulk] [--volume N [--usual N]] [--dns HOST[@PORT]]",
     "what receivers will say to a message, before it is sent",
     "Judges a message in a file (- is standard input), or one that waits in the queue, as Gmail, Yahoo,\n"
     "Outlook.com and others do: SPF, DKIM, DMARC, reverse DNS, TLS, unsubscribing, size, and the header. "
     "Says\n"
     "for each what they would answer, with the code, and what to do. Exit status: 1 if one would refuse "
     "it.\n"
     "  --to ADDRESS  only as the host of this address does\n"
     "  --from ADDR   the envelope's sender; else Return-Path, else From\n"
     "  --ip, --helo  the address and name it is sent from, if not this host's\n"
     "  --bulk        it is a newsletter or advertising\n"
     "  --volume N    so many messages a day of this domain; from 5000 on the rules for bulk senders hold\n"
     "  --usual N     so many a day it was until now\n"
     "docs/dns.md tells more.\n",
     DATA_OPTIONS | WITH(TOOL) | WITH(PREFLIGHT), WITH(DATA), 1, 1, command_preflight, NULL},
    {"queue",
     "list [messages [domain=D] [sender=A] [state=S] [after=ID]] | show ID | retry|hold|release "
     "ID|DOMAIN|all\n"
     "       | remove|bounce ID [RECIPIENT] | remove|bounce DOMAIN|all | stream ID|DOMAIN|all KIND\n"
     "       --data DIR [--json]",
     "mail on its way to other hosts",
     "list            the domains that mail waits for, those with most first: how much, since when, when "
     "the\n"
     "                next try is, and what was said at the last\n"
     "list messages   the messages, in the order they came; domain=, sender= and "
     "state=waiting|held|reporting\n"
     "                leave out others, after=ID goes on behind one\n"
     "show ID         one message: its recipients, what became of each so far, and its history\n"
     "retry           try now and not when it is due; also a domain that could not be reached\n"
     "hold, release   keep it here until it is released; let it go again\n"
     "remove          take it out, and tell nobody\n"
     "bounce          take it out, and tell its sender that it was not delivered\n"
     "stream          personal, transactional or bulk: bulk goes after the others\n"
     "What is being sent at this moment is not called back: if it arrives, it has arrived.\n",
     DATA_OPTIONS, WITH(DATA), 1, 5, command_queue, NULL},
    {"reports",
     "[summary | list] [--domain D] [--days N] [--names [--dns HOST[@PORT]]] | show ID | send --now --data "
     "DIR [--json]",
     "what other hosts report about mail in our name",
     "Others send reports about DMARC and TLS to the addresses that DNS names (rua=). They are read when "
     "they\n"
     "come; docs/reports.md tells more.\n"
     "summary  for each domain: how much passed, who failed from where, and what to do about it\n"
     "list     the reports, the newest first, with their ids\n"
     "show     all that one of them says\n"
     "send     with --now: what is due to be reported to others (reports.send_dmarc, reports.send_tls) "
     "leaves\n"
     "         now, also of the day that is not over\n"
     "  --domain D  only this domain and those below it\n"
     "  --days N    those that came in the last N days (default 7)\n"
     "  --names     what the summary's hosts are called: asks DNS for the names of their addresses, and "
     "says\n"
     "              whether those lead back; --dns HOST[@PORT] asks that server\n",
     DATA_OPTIONS | WITH(DOMAIN) | WITH(DAYS) | WITH(NOW) | WITH(DNS), WITH(DATA), 0, 2, command_reports,
     NULL},
    {"outreach", "", "sequences of personal mail that stop when a person answers", outreach_examples,
     OUTREACH_OPTIONS, 0, 1, 5, command_outreach, outreach_topics},
    {"trace", "MESSAGE-ID|QUEUE-ID --data DIR [--json]", "what happened to a message that was sent",
     "Shows when it was accepted, each attempt with the host, TLS and the host's own words, and what was "
     "done\n"
     "with it by hand; also after it left. MESSAGE-ID is that of its header, QUEUE-ID the one of the log "
     "and\n"
     "of \"250 Ok: accepted as\".\n",
     DATA_OPTIONS, WITH(DATA), 1, 1, command_trace, NULL},
    {"verify", "--data DIR [--json]", "read and check everything that is stored",
     "Every body's checksum, reference counts, UIDs, counts. Works beside a running server.\n", DATA_OPTIONS,
     WITH(DATA), 0, 0, command_plain, NULL},
    {"import", "ADDRESS PATH --data DIR [--folder NAME] [--dry-run] [--quoting rd|o|none] [--json]",
     "mail of an mbox or a Maildir into an account",
     "PATH is an mbox file, a folder of mbox files, or a Maildir (Maildir++ or plain folders). Flags, dates "
     "and\n"
     "folders are kept. Run again after it was broken off, it goes on, and nothing comes twice. Works with\n"
     "the server running or stopped. docs/import.md tells the details.\n"
     "  --folder NAME  put all of it into, and below, this mailbox\n"
     "  --dry-run      only say what would come\n"
     "  --quoting      how the mbox hides \"From \" lines: rd (mboxrd, the default; right for most mboxo "
     "too),\n"
     "                 o (strict mboxo), none\n",
     DATA_OPTIONS | WITH(FOLDER) | WITH(DRY_RUN) | WITH(QUOTING), WITH(DATA), 2, 2, command_import, NULL},
    {"export", "ADDRESS PATH --data DIR [--mbox] [--json]",
     "an account's mail as a Maildir, or as mbox files",
     "Makes a Maildir++ tree in the folder PATH, with flags, keywords, dates, folders and subscriptions, as\n"
     "Dovecot has them. Run again, it adds what is new. It overwrites nothing that it did not write.\n"
     "  --mbox  one mbox file (mboxrd) for each mailbox instead\n",
     DATA_OPTIONS | WITH(MBOX), WITH(DATA), 2, 2, command_export, NULL},
    {"backup", "--data DIR --to BACKUPDIR [--keep N] | list | verify --to BACKUPDIR [--json]",
     "save a data folder, also while it is served",
     "Saves everything: mail, accounts, configuration, keys. The first run copies all, a later one into the\n"
     "same BACKUPDIR only what is new. What is saved is what was there when the run began. Broken off at\n"
     "any moment, earlier snapshots are whole and the next run goes on. BACKUPDIR holds your keys: guard "
     "it.\n"
     "  --to BACKUPDIR  a new or empty folder, or one that backup made\n"
     "  --keep N        so many snapshots stay, the new one among them (default 7)\n"
     "list shows the snapshots; verify reads all of them and checks every byte.\n",
     DATA_OPTIONS | WITH(TO) | WITH(KEEP), WITH(TO), 0, 1, command_backup, NULL},
    {"restore", "--from BACKUPDIR --data DIR [--snapshot N] [--json]", "make a data folder from a backup",
     "Restores into a new or empty folder, then checks all of it as verify does. Broken off, the same "
     "command\n"
     "goes on. Devices keep what they have: UIDVALIDITY, UIDs, flags and modseqs are those of the snapshot.\n"
     "  --snapshot N  one of those that backup list shows (default: the newest that is whole)\n",
     DATA_OPTIONS | WITH(FROM) | WITH(SNAPSHOT), WITH(FROM) | WITH(DATA), 0, 0, command_restore, NULL},
    {"route",
     "add NAME --host HOST[:PORT][,...] | --preset P   FOR WHAT   [--tls MODE] [--user U --password-stdin]\n"
     "       | list | show|remove|enable|disable NAME | password NAME --password-stdin\n"
     "       | test NAME [--to ADDRESS [--from ADDRESS]]   --data DIR [--json]",
     "send through other hosts (smarthosts, SendGrid, SES ...)",
     "A route takes mail and hands it to its host instead of to the recipients' own. For what:\n"
     "  --for-recipient D  mail to the domain D, or to all below it: *.example.org\n"
     "  --for-sender D     mail from the domain D\n"
     "  --for-stream S     personal, transactional or bulk mail\n"
     "  --for-all          all mail\n"
     "  --for-mx SUFFIX    what no route takes, to hosts whose name ends so: protection.outlook.com\n"
     "Of several that fit the first of this list takes the mail; among equals the least --ordering N.\n"
     "  --host HOST:PORT   one or more, tried in this order; the port is 587 (465 with --tls implicit)\n"
     "  --tls MODE         verified (STARTTLS, the certificate is for the host: the default), implicit (the\n"
     "                     same from the first byte), required (any certificate), offered, never\n"
     "  --user U           logs in; the password is the first line of standard input with\n"
     "                     --password-stdin or --key-stdin, else it is asked for. It is never shown.\n"
     "  --preset P         sendgrid, mailgun, mailgun-eu, ses-REGION, postmark, postmark-broadcast, "
     "mailjet,\n"
     "                     brevo, gmail, office365: knows host, port and TLS, and wants the key; all but\n"
     "                     sendgrid and postmark also --user\n"
     "Mail never goes around its route: while the host cannot be reached it waits, and is given back when "
     "it\n"
     "is too old. When routes change, mail that waits is moved to where it goes now.\n"
     "test connects, logs in and says each step, and what to do where one fails; with --to it sends one\n"
     "message, from --from or postmaster at the first of our domains, and by whom its mail is signed is "
     "told.\n"
     "docs/routes.md tells more.\n",
     DATA_OPTIONS | WITH(PASSWORD_STDIN) | WITH(ROUTE), WITH(DATA), 1, 2, command_route, NULL},
    {"contact", "", "the address book: people, and where their addresses come from", contact_examples,
     CONTACT_OPTIONS, WITH(DATA), 1, 6, command_contact, contact_topics},
    {"suppression", "", "who must not be written to", suppression_examples, SUPPRESSION_OPTIONS, WITH(DATA),
     1, 2, command_suppression, suppression_topics},
    {"webhook", "", "events for other programs, as signed requests", webhook_examples, WEBHOOK_OPTIONS,
     WITH(DATA), 1, 2, command_webhook, webhook_topics},
    {"tool",
     "mime FILE [--json] | classify FILE... [--json] | iprev --ip IP [--dns HOST[@PORT]] [--json]\n"
     "       | spf --ip IP --from ADDR --helo NAME [--dns HOST[@PORT]] [--json] | spf DOMAIN [...]\n"
     "       | dkim FILE [--dns HOST[@PORT]] [--json] | arc FILE [--dns HOST[@PORT]] [--json]\n"
     "       | dmarc FILE --ip IP --from ADDR --helo NAME [--dns HOST[@PORT]] [--json]\n"
     "       | dane DOMAIN [--dns HOST[@PORT]] [--trust-anchors FILE] [--json]\n"
     "       | mta-sts DOMAIN [--dns HOST[@PORT]] [--roots FILE] [--https-port PORT] [--json]\n"
     "       | walls [all|seccomp|landlock|none] --data DIR [--json]",
     "look at a message or a sender as the server does; try the walls",
     "mime prints structure, ENVELOPE, BODYSTRUCTURE and search text of a message. - is standard input.\n"
     "classify says what a mail that came in is to who wrote before: a person's reply, an automatic answer,\n"
     "an absence with its day of return, a bounce with each recipient and why, and what shows it. Of "
     "several\n"
     "files --json is one object a line. docs/classify.md tells more.\n"
     "iprev says whether the names of an address lead back to it.\n"
     "dkim says for each signature of a message whether it holds, and why not; arc the same of the chain of\n"
     "those who passed it on. Exit status: 0 pass, 1 any other result. docs/dkim-check.md tells more.\n"
     "spf says whether a client may send for an address (RFC 7208), which term of whose record says so, or\n"
     "what is wrong with the record and where. Without --from, or with <>, it asks for the name of --helo.\n"
     "Exit status: 0 pass, 1 any other result. With a DOMAIN it looks at that domain's record, and all it\n"
     "includes, for its owner: 1 where something is wrong. docs/spf.md tells more.\n"
     "dmarc checks a message as it would be on its way in: SPF, DKIM, ARC, DMARC, and what the default\n"
     "settings make of it (docs/trust.md). Exit status: 0 DMARC passes, 1 anything else.\n"
     "dane says of each host that takes a domain's mail whether DNS protects its certificate, and how;\n"
     "mta-sts fetches the domain's policy and says which of its hosts that means. docs/tls.md tells more.\n"
     "  --dns HOST[@PORT]     ask this name server and no other; without DNSSEC, unless there are\n"
     "  --trust-anchors FILE  DS or DNSKEY records to check answers with\n"
     "  --roots FILE          certificates (PEM) that web servers' certificates must lead to\n"
     "  --https-port PORT     where web servers listen, instead of 443\n"
     "walls tries, as each role, what that role must not do, and fails where anything is not refused as\n"
     "docs/security.md says. Only one of the walls stands with its name, to see each alone; none with "
     "none.\n",
     DATA_OPTIONS | WITH(TOOL), 0, 1, ADMIN_WORDS_MAX, command_tool, NULL},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

int cli_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("posthaste: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    return EXIT_FAILED;
}

int cli_misuse(const struct cli *cli, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("posthaste: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    cli_usage_print(cli->command, cli->topic);
    return EXIT_USAGE;
}

static void print_overview(FILE *to) {
    (void)fprintf(to, "posthaste %s: a whole mail system\n\nusage: posthaste COMMAND ...\n\n",
                  POSTHASTE_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        (void)fprintf(to, "  %-11s  %s\n", commands[i].name, commands[i].summary);
    (void)fputs("\nposthaste COMMAND --help tells more. Exit status: 0 done, 1 failed, 2 wrong usage.\n", to);
}

static int take_word(struct cli *cli, const char *word) {
    if (cli->word_count == cli->command->words_max) return cli_misuse(cli, "'%s' is one word too many", word);
    cli->words[cli->word_count++] = slice_from_text(word);
    cli->topic = cli_topic_find(cli->command, cli->words, cli->word_count);
    return 0;
}

static int take_arguments(struct cli *cli, char **arguments) {
    uint64_t seen = 0;
    for (int at = 0; arguments[at]; at++) {
        bool is_option = strncmp(arguments[at], "--", 2) == 0;
        int status = is_option ? cli_option_take(cli, arguments, &at, &seen) : take_word(cli, arguments[at]);
        if (status) return status;
    }
    int status = cli_word_check(cli);
    if (status == 0) status = cli_options_check(cli, seen);
    if (status == 0 && cli->word_count < cli->command->words_min)
        status = cli_misuse(cli, "something is missing");
    return status;
}

static bool asks_for_help(char **arguments) {
    for (int i = 0; arguments[i]; i++)
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) return true;
    return false;
}

/* The first words that are no options say about what. */
static void help(const struct cli_command *command, char **arguments) {
    struct slice words[ADMIN_WORDS_MAX];
    size_t count = 0;
    for (int i = 0; arguments[i] && count < ADMIN_WORDS_MAX; i++)
        if (arguments[i][0] != '-') words[count++] = slice_from_text(arguments[i]);
    cli_help_print(command, words, count);
}

static int run_command(const struct cli_command *command, char **arguments) {
    if (asks_for_help(arguments)) {
        help(command, arguments);
        return EXIT_DONE;
    }
    struct cli cli = {
        .arena = arena_new(CLI_ARENA_BYTES), .command = command, .listen = "127.0.0.1", .keep = 7};
    int status = take_arguments(&cli, arguments);
    if (status == 0) status = command->run(&cli);
    arena_free(&cli.arena);
    return status;
}

int cli_run(int count, char **arguments) {
    if (count < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    const char *name = arguments[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_overview(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        (void)printf("posthaste %s\n", POSTHASTE_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0) return run_command(&commands[i], arguments + 2);
    (void)fprintf(stderr, "posthaste: unknown command '%s'; posthaste --help lists them\n", name);
    return EXIT_USAGE;
}
