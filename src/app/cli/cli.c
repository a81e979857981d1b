#include "app/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

enum { CLI_ARENA_BYTES = 1 << 30, DATA_OPTIONS = OPTION_DATA | OPTION_JSON };

static const struct cli_command commands[] = {
    {"init", "--data DIR --domain D [--hostname H] [--base-port N] [--listen ADDR]", "make a data folder",
     "Writes DIR/posthaste.conf, a self-signed certificate and an empty store with the domain D.\n"
     "  --hostname H   the name in greetings (default mail.D)\n"
     "  --base-port N  listen N above the usual ports: SMTP N+25, IMAP N+143, ... (default 0)\n"
     "  --listen ADDR  the address to listen on (default 127.0.0.1)\n",
     OPTION_DATA | OPTION_DOMAIN | OPTION_HOSTNAME | OPTION_BASE_PORT | OPTION_LISTEN,
     OPTION_DATA | OPTION_DOMAIN, 0, 0, command_init},
    {"serve", "--data DIR [--single]", "run the mail server",
     "Stays in the foreground. SIGTERM stops it, SIGHUP has it read configuration and certificates anew.\n"
     "  --single  all roles in one process, without walls: for debugging\n",
     OPTION_DATA | OPTION_SINGLE, OPTION_DATA, 0, 0, command_serve},
    {"account", "add|list|password|remove [ADDRESS] --data DIR [--password-stdin] [--quota BYTES] [--json]",
     "people with a mailbox",
     "The password is the first line of standard input with --password-stdin; else it is asked for.\n",
     DATA_OPTIONS | OPTION_PASSWORD_STDIN | OPTION_QUOTA, OPTION_DATA, 1, 2, command_account},
    {"alias", "add ADDRESS TARGET | remove ADDRESS [TARGET] | list --data DIR [--json]",
     "other addresses, and where they lead",
     "An address can have several targets, also elsewhere. @example.org is a catch-all for its domain.\n",
     DATA_OPTIONS, OPTION_DATA, 1, 3, command_alias},
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
     DATA_OPTIONS | OPTION_RELAY | OPTION_ROTATE | OPTION_DNS | OPTION_PUBLISH, OPTION_DATA, 1, 3,
     command_domain},
    {"api", "key add NAME [read|write|admin] | key list | key remove NAME --data DIR [--json] | openapi",
     "keys for the JSON API",
     "The API does over HTTPS (port base + 443, below /api/v1/) what the command line does: docs/api.md.\n"
     "key add     makes a key and shows it, once. read (the default) looks only; write changes contacts,\n"
     "            campaigns and the queue; admin may all that the command line may\n"
     "key list    their names, scopes, how they begin, and when they were last used\n"
     "key remove  from now on it opens nothing\n"
     "openapi     the document for other programs (OpenAPI 3.1)\n",
     DATA_OPTIONS, 0, 1, 4, command_api},
    {"certificate", "status | order | renew --data DIR [--json]", "certificates by ACME (Let's Encrypt)",
     "status  the certificate that was got, its names and times, when it is renewed, and what went wrong\n"
     "order   look now: order one where there is none, a name is missing or it is old\n"
     "renew   order a new one whatever there is; CAs allow only a few in a week\n"
     "Without acme.enabled in posthaste.conf no CA is ever asked. docs/acme.md tells more.\n",
     DATA_OPTIONS, OPTION_DATA, 1, 1, command_certificate},
    {"compact", "--data DIR [--json]", "give the space of removed messages back now",
     "A running server does this by itself, slowly, for segments that are half dead. This does it at once "
     "for\n"
     "every segment of which an eighth is dead. Works beside a running server.\n",
     DATA_OPTIONS, OPTION_DATA, 0, 0, command_plain},
    {"status", "--data DIR [--json]", "what is there, what runs, which walls are missing", NULL, DATA_OPTIONS,
     OPTION_DATA, 0, 0, command_plain},
    {"health", "--data DIR [--account ADDRESS --password-stdin] [--json | --nagios]",
     "look at the running server as its users do",
     "Connects to every port, logs in on each protocol over TLS, asks /health, and looks at certificate,\n"
     "disk and store. Without --account the store grants logins that work once, for seconds, and lead to\n"
     "no mail. Exit status: 0 all is well (there may be warnings), 1 something failed; its line says what\n"
     "to do.\n"
     "  --account ADDRESS  log in as this account; its password is read from standard input\n"
     "  --nagios           one line, and the exit status of a Nagios plug-in: 0, 1 warning, 2 critical\n",
     DATA_OPTIONS | OPTION_ACCOUNT | OPTION_PASSWORD_STDIN | OPTION_NAGIOS, OPTION_DATA, 0, 0,
     command_health},
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
     DATA_OPTIONS | OPTION_TOOL | OPTION_PREFLIGHT, OPTION_DATA, 1, 1, command_preflight},
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
     DATA_OPTIONS, OPTION_DATA, 1, 5, command_queue},
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
     DATA_OPTIONS | OPTION_DOMAIN | OPTION_DAYS | OPTION_NOW | OPTION_DNS, OPTION_DATA, 0, 2,
     command_reports},
    {"outreach",
     "check FILE | preview FILE --contact ADDRESS|--csv CSV [--contacts N]\n"
     "       | simulate FILE [--contacts N | --csv CSV] [--start TIME]\n"
     "       | create FILE --mailbox ADDRESS [--name NAME] | add CAMPAIGN --contact ADDRESS|--import "
     "ID|--all\n"
     "       | start|pause|resume|stop CAMPAIGN | pause|resume|stop ADDRESS | status [CAMPAIGN]\n"
     "       | why ADDRESS | events [CAMPAIGN [AFTER-ID]] | answers [ADDRESS] | correct ANSWER-ID KIND\n"
     "       | stats CAMPAIGN | export CAMPAIGN\n"
     "       | mailbox add|set ADDRESS [OPTIONS] | mailbox list | mailbox show|test|remove ADDRESS\n"
     "       | oauth add NAME --client-id ID [--preset P] [--key-stdin] | oauth list | oauth show|remove "
     "NAME\n"
     "       --data DIR [--json]",
     "sequences of personal mail that stop when a person answers",
     "check     whether a sequence (YAML or JSON) can be read and would be let start. Every fault is told "
     "with\n"
     "          its line, and what to do. Exit status: 1 where something is wrong\n"
     "preview   its messages, as their recipients would read them, and who would be blocked, because a "
     "{{snippet}}\n"
     "          has no value and no fallback\n"
     "simulate  when each message would leave if nobody answered, by the pacer that will decide it, and "
     "when\n"
     "          all of it would be over\n"
     "  --contact ADDRESS  one contact; its fields are those of the address book with --data DIR\n"
     "  --csv CSV          the rows of a file, read as `contact import` reads them\n"
     "  --contacts N       simulate: N made-up prospects (default 40); preview: the first N rows (default "
     "3)\n"
     "  --start TIME       2026-07-01T09:00, by the mailbox's clock (default: now)\n"
     "  --zone ZONE        where the mailbox is, such as Europe/Berlin (default: the sequence's time_zone)\n"
     "  --daily-cap N      what the mailbox may send a day (default 30, at most 100)\n"
     "  --mailbox ADDRESS  preview: who sends it\n"
     "create   a campaign of the sequence in FILE (docs/sequence.md), a draft; sent from ADDRESS, an "
     "account\n"
     "         here or a mailbox of outreach\n"
     "add      contacts of the address book (posthaste contact) become its prospects\n"
     "start    it begins, if nothing stands in the way; what does is said. pause and resume; stop is for "
     "good\n"
     "         With an ADDRESS: only this person, in all campaigns\n"
     "status   the campaigns, their prospects by state, when the next message is due\n"
     "why      everything about one person: each gate, open or shut, and when the next message may leave\n"
     "answers  what came back, what it was taken for and why. correct says what it really is: reply,\n"
     "         auto_reply, out_of_office, bounce, delay, complaint, receipt or other\n"
     "events   what happened, in order; stats: figures, docs/outreach.md defines them\n"
     "export   the prospects as CSV\n"
     "mailbox add     an account of ours, or an outside mailbox: its servers are found from the address, "
     "then it\n"
     "                is tested for real: it sends a message to itself and finds it again. Each step is "
     "shown\n"
     "mailbox test    the same for one that is there; what fails is named, with what to do\n"
     "mailbox set     changes what is given, and tests again where the way to it changed\n"
     "  --password-stdin   the password (or app password): the first line of standard input, else asked "
     "for.\n"
     "                     With --imap-password the second line is that of IMAP\n"
     "  --oauth NAME       OAuth instead: prints a URL to open; the browser brings the answer back\n"
     "  --smtp HOST[:PORT], --imap HOST[:PORT]   if they are not found, or where replies go elsewhere\n"
     "  --smtp-tls M, --imap-tls M   implicit (the default), starttls, never (this machine only)\n"
     "  --user U, --smtp-user U, --imap-user U   if it is not the address\n"
     "  --name NAME        of the person, for From\n"
     "  --gap S-S          seconds between two messages (default 95-150)\n"
     "  --hourly N, --daily N, --ramp START+STEP   how many; over 100 a day only with --override WHO\n"
     "  --accept-renaming  although the server gives messages other Message-IDs\n"
     "  --outside          not the account of ours with this address\n"
     "oauth add       registers us with a provider, by the client id and secret that you made there: "
     "--preset\n"
     "                google or microsoft, or --authorize-url, --token-url and --scope. The secret is the "
     "first\n"
     "                line of standard input with --key-stdin, else asked for; --no-secret if there is none\n"
     "docs/outreach.md, sequence.md, outreach-law.md and mailboxes.md tell more.\n",
     DATA_OPTIONS | OPTION_PASSWORD_STDIN | OPTION_MAILBOX | OPTION_PLAN, 0, 1, 5, command_outreach},
    {"trace", "MESSAGE-ID|QUEUE-ID --data DIR [--json]", "what happened to a message that was sent",
     "Shows when it was accepted, each attempt with the host, TLS and the host's own words, and what was "
     "done\n"
     "with it by hand; also after it left. MESSAGE-ID is that of its header, QUEUE-ID the one of the log "
     "and\n"
     "of \"250 Ok: accepted as\".\n",
     DATA_OPTIONS, OPTION_DATA, 1, 1, command_trace},
    {"verify", "--data DIR [--json]", "read and check everything that is stored",
     "Every body's checksum, reference counts, UIDs, counts. Works beside a running server.\n", DATA_OPTIONS,
     OPTION_DATA, 0, 0, command_plain},
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
     DATA_OPTIONS | OPTION_FOLDER | OPTION_DRY_RUN | OPTION_QUOTING, OPTION_DATA, 2, 2, command_import},
    {"export", "ADDRESS PATH --data DIR [--mbox] [--json]",
     "an account's mail as a Maildir, or as mbox files",
     "Makes a Maildir++ tree in the folder PATH, with flags, keywords, dates, folders and subscriptions, as\n"
     "Dovecot has them. Run again, it adds what is new. It overwrites nothing that it did not write.\n"
     "  --mbox  one mbox file (mboxrd) for each mailbox instead\n",
     DATA_OPTIONS | OPTION_MBOX, OPTION_DATA, 2, 2, command_export},
    {"backup", "--data DIR --to BACKUPDIR [--keep N] | list | verify --to BACKUPDIR [--json]",
     "save a data folder, also while it is served",
     "Saves everything: mail, accounts, configuration, keys. The first run copies all, a later one into the\n"
     "same BACKUPDIR only what is new. What is saved is what was there when the run began. Broken off at\n"
     "any moment, earlier snapshots are whole and the next run goes on. BACKUPDIR holds your keys: guard "
     "it.\n"
     "  --to BACKUPDIR  a new or empty folder, or one that backup made\n"
     "  --keep N        so many snapshots stay, the new one among them (default 7)\n"
     "list shows the snapshots; verify reads all of them and checks every byte.\n",
     DATA_OPTIONS | OPTION_TO | OPTION_KEEP, OPTION_TO, 0, 1, command_backup},
    {"restore", "--from BACKUPDIR --data DIR [--snapshot N] [--json]", "make a data folder from a backup",
     "Restores into a new or empty folder, then checks all of it as verify does. Broken off, the same "
     "command\n"
     "goes on. Devices keep what they have: UIDVALIDITY, UIDs, flags and modseqs are those of the snapshot.\n"
     "  --snapshot N  one of those that backup list shows (default: the newest that is whole)\n",
     DATA_OPTIONS | OPTION_FROM | OPTION_SNAPSHOT, OPTION_FROM | OPTION_DATA, 0, 0, command_restore},
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
     DATA_OPTIONS | OPTION_PASSWORD_STDIN | OPTION_ROUTE, OPTION_DATA, 1, 2, command_route},
    {"contact",
     "import FILE --source TEXT --basis B [--map COLUMN=FIELD ...] [--separator S] [--encoding E]\n"
     "       [--errors FILE] [--dry-run] | imports | undo IMPORT\n"
     "       | list [domain=D] [import=N] [after=ADDRESS] | show ADDRESS | set ADDRESS FIELD=VALUE ...\n"
     "       | remove ADDRESS | export [ADDRESS] | erase ADDRESS   --data DIR [--json]",
     "the address book: people, and where their addresses come from",
     "import    rows of a file of separated values (CSV). Separator and encoding are found out. An address "
     "that is\n"
     "          there already gets new values; nothing is taken away, and who is suppressed stays out. "
     "Broken\n"
     "          off, the same command goes on. Without --map known names of columns in five languages are "
     "taken\n"
     "          for what they mean, others become fields of their own. docs/contacts.md tells more.\n"
     "  --source TEXT      where the addresses come from; each person may ask\n"
     "  --basis B          by which right they may be written to: consent, contract, legitimate_interest, "
     "...\n"
     "  --map COLUMN=FIELD \"E-Mail=address\", \"Vorname=first_name\", \"Notes=-\" to leave one out\n"
     "  --separator S      comma, semicolon, tab or bar\n"
     "  --encoding E       utf-8, utf-16, windows-1252, iso-8859-2, ...\n"
     "  --errors FILE      all rows that did not come, as CSV, with line, column and reason\n"
     "  --dry-run          only say what would be added, changed (and how), refused\n"
     "imports   what was imported; undo takes an import back: who it added goes, what it changed is as "
     "before\n"
     "list      so many as fit; after=ADDRESS goes on behind one. show: one of them, with suppression\n"
     "set       adds a contact or changes fields; FIELD= takes one away; time_zone= and country= are fields, "
     "too\n"
     "remove    takes a contact out of the book and leaves nothing; an import may bring it back\n"
     "export    the whole book as CSV; with ADDRESS everything that is known of this person, as JSON\n"
     "erase     everything of a person goes; only a hash stays, so that no import brings them back\n",
     DATA_OPTIONS | OPTION_CONTACT | OPTION_DRY_RUN, OPTION_DATA, 1, 6, command_contact},
    {"suppression",
     "add WHOM [--reason R] [--note TEXT] | remove WHOM [--force] | check ADDRESS\n"
     "       | list | import FILE [--reason R] | export   --data DIR [--json]",
     "who must not be written to",
     "WHOM is an address, a domain (with all below it), or a pattern: info@*, *@*.example.org. Every part of "
     "the\n"
     "system asks this list before it writes to somebody of its own accord, and imports leave out who is on "
     "it.\n"
     "add       --reason is manual (the default), unsubscribed, complaint, hard_bounce or imported\n"
     "remove    what a person wished for (unsubscribed, complaint, erased) only with --force\n"
     "check     whether an address may be written to, and if not, why\n"
     "import    one WHOM a line, or the first column of a CSV file; a second one may say the reason\n"
     "export    all of it, as CSV\n",
     DATA_OPTIONS | OPTION_CONTACT, OPTION_DATA, 1, 2, command_suppression},
    {"webhook",
     "add URL [--kinds K,K...] | list | types | test ID | deliveries ID [--before EVENT]\n"
     "       | replay ID --since TIME | replay ID --event EVENT | rotate ID [--overlap TIME]\n"
     "       | enable|disable|remove ID   --data DIR [--json]",
     "events for other programs, as signed requests",
     "Other programs are told what happens: each event is posted to their URLs, signed as Standard Webhooks\n"
     "says, and again, with the same id, until it is taken. docs/webhooks.md tells more.\n"
     "add         from now on events go to URL, which is https://. Shows the secret, once\n"
     "  --kinds K   which: types with commas between, outreach.* for all below; else all\n"
     "list        all of them, what waits, and why one is disabled. types: the events there are\n"
     "test        sends webhook.test now, and says what was answered\n"
     "deliveries  each event's attempts and the last answer, the newest first\n"
     "replay      sends events again, in order and with the ids they had: all since TIME, which is 90m, "
     "12h,\n"
     "            7d (ago), or 2026-05-01T10:00:00Z; or one\n"
     "rotate      makes a new secret; the old one signs beside it for a day, or for --overlap 0 to 30d\n"
     "enable      after it was disabled; what waited is sent. disable keeps events back; remove is for good\n"
     "No private addresses and no http://, but with webhooks.allow_private = yes (http:// to 127.0.0.1).\n",
     DATA_OPTIONS | OPTION_WEBHOOK, OPTION_DATA, 1, 2, command_webhook},
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
     DATA_OPTIONS | OPTION_TOOL, 0, 1, ADMIN_WORDS_MAX, command_tool},
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
    (void)fprintf(stderr, "\nusage: posthaste %s %s\n", cli->command->name, cli->command->usage);
    return EXIT_USAGE;
}

static void print_overview(FILE *to) {
    (void)fprintf(to, "posthaste %s: a whole mail system\n\nusage: posthaste COMMAND ...\n\n",
                  POSTHASTE_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        (void)fprintf(to, "  %-11s  %s\n", commands[i].name, commands[i].summary);
    (void)fputs("\nposthaste COMMAND --help tells more. Exit status: 0 done, 1 failed, 2 wrong usage.\n", to);
}

static void print_help(const struct cli_command *command) {
    (void)printf("posthaste %s: %s\n\nusage: posthaste %s %s\n", command->name, command->summary,
                 command->name, command->usage);
    if (command->help) (void)printf("\n%s", command->help);
}

/* An option: where its value goes, as a text or a number, or a switch. */
struct option_row {
    const char *name;
    unsigned bit;
    size_t text_at;
    size_t number_at;
    size_t switch_at;
    uint64_t number_max;
};

#define AT(member) offsetof(struct cli, member)

static const struct option_row option_rows[] = {
    {"--data", OPTION_DATA, AT(data), 0, 0, 0},
    {"--domain", OPTION_DOMAIN, AT(domain), 0, 0, 0},
    {"--hostname", OPTION_HOSTNAME, AT(hostname), 0, 0, 0},
    {"--listen", OPTION_LISTEN, AT(listen), 0, 0, 0},
    {"--base-port", OPTION_BASE_PORT, 0, AT(base_port), 0, 64000},
    {"--quota", OPTION_QUOTA, 0, AT(quota_bytes), 0, INT64_MAX},
    {"--folder", OPTION_FOLDER, AT(folder), 0, 0, 0},
    {"--quoting", OPTION_QUOTING, AT(quoting), 0, 0, 0},
    {"--dry-run", OPTION_DRY_RUN, 0, 0, AT(is_dry_run), 0},
    {"--mbox", OPTION_MBOX, 0, 0, AT(is_mbox), 0},
    {"--to", OPTION_TO, AT(backup), 0, 0, 0},
    {"--from", OPTION_FROM, AT(backup), 0, 0, 0},
    {"--keep", OPTION_KEEP, 0, AT(keep), 0, 100000},
    {"--snapshot", OPTION_SNAPSHOT, 0, AT(snapshot), 0, INT64_MAX},
    {"--host", OPTION_ROUTE, AT(route.hosts), 0, 0, 0},
    {"--for-recipient", OPTION_ROUTE, AT(route.for_recipient), 0, 0, 0},
    {"--for-sender", OPTION_ROUTE, AT(route.for_sender), 0, 0, 0},
    {"--for-mx", OPTION_ROUTE, AT(route.for_mx), 0, 0, 0},
    {"--for-stream", OPTION_ROUTE, AT(route.for_stream), 0, 0, 0},
    {"--for-all", OPTION_ROUTE, 0, 0, AT(route.is_for_all), 0},
    {"--tls", OPTION_ROUTE, AT(route.tls), 0, 0, 0},
    {"--user", OPTION_ROUTE, AT(route.user), 0, 0, 0},
    {"--preset", OPTION_ROUTE, AT(route.preset), 0, 0, 0},
    {"--key-stdin", OPTION_ROUTE, 0, 0, AT(is_password_stdin), 0},
    {"--ordering", OPTION_ROUTE, 0, AT(route.ordering), 0, UINT32_MAX},
    {"--from", OPTION_ROUTE, AT(route.from), 0, 0, 0},
    {"--to", OPTION_ROUTE, AT(route.to), 0, 0, 0},
    {"--dns", OPTION_TOOL | OPTION_DNS, AT(tool.dns), 0, 0, 0},
    {"--trust-anchors", OPTION_TOOL | OPTION_DNS, AT(tool.trust_anchors), 0, 0, 0},
    {"--ip", OPTION_TOOL, AT(tool.ip), 0, 0, 0},
    {"--roots", OPTION_TOOL, AT(tool.roots), 0, 0, 0},
    {"--https-port", OPTION_TOOL, 0, AT(tool.https_port), 0, UINT16_MAX},
    {"--helo", OPTION_TOOL, AT(tool.helo), 0, 0, 0},
    {"--from", OPTION_TOOL, AT(tool.from), 0, 0, 0},
    {"--format", OPTION_PUBLISH, AT(publish.format), 0, 0, 0},
    {"--merge", OPTION_PUBLISH, 0, 0, AT(publish.is_merging), 0},
    {"--to", OPTION_PREFLIGHT, AT(preflight.to), 0, 0, 0},
    {"--volume", OPTION_PREFLIGHT, 0, AT(preflight.volume), 0, UINT32_MAX},
    {"--usual", OPTION_PREFLIGHT, 0, AT(preflight.usual), 0, UINT32_MAX},
    {"--bulk", OPTION_PREFLIGHT, 0, 0, AT(preflight.is_bulk), 0},
    {"--contact", OPTION_PLAN, AT(plan.contact), 0, 0, 0},
    {"--contacts", OPTION_PLAN, 0, AT(plan.contacts), 0, UINT32_MAX},
    {"--csv", OPTION_PLAN, AT(plan.csv), 0, 0, 0},
    {"--start", OPTION_PLAN, AT(plan.start), 0, 0, 0},
    {"--zone", OPTION_PLAN, AT(plan.zone), 0, 0, 0},
    {"--mailbox", OPTION_PLAN, AT(plan.mailbox), 0, 0, 0},
    {"--daily-cap", OPTION_PLAN, 0, AT(plan.daily_cap), 0, UINT32_MAX},
    {"--account", OPTION_ACCOUNT, AT(account), 0, 0, 0},
    {"--nagios", OPTION_NAGIOS, 0, 0, AT(is_nagios), 0},
    {"--relay", OPTION_RELAY, 0, 0, AT(is_relay), 0},
    {"--now", OPTION_ROTATE, 0, 0, AT(is_now), 0},
    {"--force", OPTION_ROTATE, 0, 0, AT(is_forced), 0},
    {"--verify", OPTION_RELAY, 0, 0, AT(is_verified), 0},
    {"--days", OPTION_DAYS, 0, AT(days), 0, 400},
    {"--names", OPTION_DAYS, 0, 0, AT(has_names), 0},
    {"--now", OPTION_NOW, 0, 0, AT(is_now), 0},
    {"--import", OPTION_PLAN, AT(campaign.import), 0, 0, 0},
    {"--all", OPTION_PLAN, 0, 0, AT(campaign.is_all), 0},
    {"--source", OPTION_CONTACT, AT(contact.source), 0, 0, 0},
    {"--basis", OPTION_CONTACT, AT(contact.basis), 0, 0, 0},
    {"--map", OPTION_CONTACT, AT(contact.map), 0, 0, 0},
    {"--errors", OPTION_CONTACT, AT(contact.errors), 0, 0, 0},
    {"--separator", OPTION_CONTACT, AT(contact.separator), 0, 0, 0},
    {"--encoding", OPTION_CONTACT, AT(contact.encoding), 0, 0, 0},
    {"--reason", OPTION_CONTACT, AT(contact.reason), 0, 0, 0},
    {"--note", OPTION_CONTACT, AT(contact.note), 0, 0, 0},
    {"--force", OPTION_CONTACT, 0, 0, AT(is_forced), 0},
    {"--name", OPTION_MAILBOX, AT(mailbox.name), 0, 0, 0},
    {"--smtp", OPTION_MAILBOX, AT(mailbox.smtp), 0, 0, 0},
    {"--smtp-tls", OPTION_MAILBOX, AT(mailbox.smtp_tls), 0, 0, 0},
    {"--smtp-user", OPTION_MAILBOX, AT(mailbox.smtp_user), 0, 0, 0},
    {"--imap", OPTION_MAILBOX, AT(mailbox.imap), 0, 0, 0},
    {"--imap-tls", OPTION_MAILBOX, AT(mailbox.imap_tls), 0, 0, 0},
    {"--imap-user", OPTION_MAILBOX, AT(mailbox.imap_user), 0, 0, 0},
    {"--user", OPTION_MAILBOX, AT(mailbox.user), 0, 0, 0},
    {"--oauth", OPTION_MAILBOX, AT(mailbox.oauth), 0, 0, 0},
    {"--gap", OPTION_MAILBOX, AT(mailbox.gap), 0, 0, 0},
    {"--ramp", OPTION_MAILBOX, AT(mailbox.ramp), 0, 0, 0},
    {"--override", OPTION_MAILBOX, AT(mailbox.override), 0, 0, 0},
    {"--hourly", OPTION_MAILBOX, 0, AT(mailbox.hourly), 0, 100000},
    {"--daily", OPTION_MAILBOX, 0, AT(mailbox.daily), 0, 100000},
    {"--outside", OPTION_MAILBOX, 0, 0, AT(mailbox.is_outside), 0},
    {"--accept-renaming", OPTION_MAILBOX, 0, 0, AT(mailbox.accepts_renaming), 0},
    {"--refuse-renaming", OPTION_MAILBOX, 0, 0, AT(mailbox.refuses_renaming), 0},
    {"--imap-password", OPTION_MAILBOX, 0, 0, AT(mailbox.has_imap_password), 0},
    {"--preset", OPTION_MAILBOX, AT(mailbox.preset), 0, 0, 0},
    {"--client-id", OPTION_MAILBOX, AT(mailbox.client_id), 0, 0, 0},
    {"--authorize-url", OPTION_MAILBOX, AT(mailbox.authorize_url), 0, 0, 0},
    {"--token-url", OPTION_MAILBOX, AT(mailbox.token_url), 0, 0, 0},
    {"--scope", OPTION_MAILBOX, AT(mailbox.scope), 0, 0, 0},
    {"--no-secret", OPTION_MAILBOX, 0, 0, AT(mailbox.has_no_secret), 0},
    {"--key-stdin", OPTION_MAILBOX, 0, 0, AT(is_password_stdin), 0},
    {"--kinds", OPTION_WEBHOOK, AT(webhook.kinds), 0, 0, 0},
    {"--since", OPTION_WEBHOOK, AT(webhook.since), 0, 0, 0},
    {"--event", OPTION_WEBHOOK, AT(webhook.event), 0, 0, 0},
    {"--before", OPTION_WEBHOOK, AT(webhook.before), 0, 0, 0},
    {"--overlap", OPTION_WEBHOOK, AT(webhook.overlap), 0, 0, 0},
    {"--single", OPTION_SINGLE, 0, 0, AT(is_single), 0},
    {"--json", OPTION_JSON, 0, 0, AT(is_json), 0},
    {"--password-stdin", OPTION_PASSWORD_STDIN, 0, 0, AT(is_password_stdin), 0},
};

static const struct option_row *option_find(const struct cli *cli, const char *name) {
    for (size_t i = 0; i < sizeof option_rows / sizeof option_rows[0]; i++)
        if (strcmp(option_rows[i].name, name) == 0 && cli->command->options & option_rows[i].bit)
            return &option_rows[i];
    return NULL;
}

/* The one option that may stand there several times. */
static int take_map(struct cli *cli, const char *value) {
    struct contact_options *contact = &cli->contact;
    if (contact->map_count == CLI_MAPS_MAX) return cli_misuse(cli, "--map: at most %d of them", CLI_MAPS_MAX);
    contact->maps[contact->map_count++] = value;
    return 0;
}

/* 0, or EXIT_USAGE. Uses up the value too, where there is one. */
static int take_option(struct cli *cli, char **arguments, int *at, unsigned *seen) {
    const char *name = arguments[*at];
    const struct option_row *row = option_find(cli, name);
    if (!row) return cli_misuse(cli, "unknown option %s", name);
    *seen |= row->bit;
    if (row->switch_at) {
        *(bool *)((char *)cli + row->switch_at) = true;
        return 0;
    }
    const char *value = arguments[++*at];
    if (!value || value[0] == '\0') return cli_misuse(cli, "%s needs a value", name);
    if (row->text_at) {
        *(const char **)((char *)cli + row->text_at) = value;
        return row->text_at == AT(contact.map) ? take_map(cli, value) : 0;
    }
    uint64_t *number = (uint64_t *)((char *)cli + row->number_at);
    if (slice_to_number(slice_from_text(value), row->number_max, number)) return 0;
    return cli_misuse(cli, "%s needs a number up to %llu, not '%s'", name,
                      (unsigned long long)row->number_max, value);
}

static int take_arguments(struct cli *cli, char **arguments) {
    unsigned seen = 0;
    for (int at = 0; arguments[at]; at++) {
        int status = 0;
        if (strncmp(arguments[at], "--", 2) == 0)
            status = take_option(cli, arguments, &at, &seen);
        else if (cli->word_count == cli->command->words_max)
            status = cli_misuse(cli, "'%s' is one word too many", arguments[at]);
        else
            cli->words[cli->word_count++] = slice_from_text(arguments[at]);
        if (status) return status;
    }
    for (size_t i = 0; i < sizeof option_rows / sizeof option_rows[0]; i++)
        if (cli->command->required & option_rows[i].bit & ~seen)
            return cli_misuse(cli, "%s is missing", option_rows[i].name);
    if (cli->word_count < cli->command->words_min) return cli_misuse(cli, "something is missing");
    return 0;
}

static bool asks_for_help(char **arguments) {
    for (int i = 0; arguments[i]; i++)
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) return true;
    return false;
}

static int run_command(const struct cli_command *command, char **arguments) {
    if (asks_for_help(arguments)) {
        print_help(command);
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
