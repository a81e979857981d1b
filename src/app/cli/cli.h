/*
 * The command line: a table of commands, each with its usage and help; options are the same
 * words everywhere. Exit status: 0 done, 1 failed with one clear line, 2 wrong usage.
 */
#ifndef APP_CLI_H
#define APP_CLI_H

#include <assert.h>

#include "app/admin/admin.h"
#include "base/arena.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, CLI_MAPS_MAX = 200, CLI_WHERES_MAX = 8 };

/*
 * An option, or a family of them that go together (all of struct route_options). A command, or a word of it,
 * names the set of those that it takes: WITH(DATA) | WITH(JSON). A new one is a line here, and a row for each
 * of its names in cli_option.c.
 */
enum cli_option {
    OPTION_DATA,
    OPTION_DOMAIN,
    OPTION_HOSTNAME,
    OPTION_BASE_PORT,
    OPTION_LISTEN,
    OPTION_SINGLE,
    OPTION_JSON,
    OPTION_PASSWORD_STDIN,
    OPTION_QUOTA,
    OPTION_ACCOUNT,
    OPTION_NAGIOS,
    OPTION_FOLDER,
    OPTION_DRY_RUN,
    OPTION_QUOTING,
    OPTION_MBOX,
    OPTION_TO,
    OPTION_FROM,
    OPTION_KEEP,
    OPTION_SNAPSHOT,
    OPTION_ROUTE,
    OPTION_RELAY,
    OPTION_TOOL,
    OPTION_ROTATE,
    /* --dns and --trust-anchors of struct tool_options alone. */
    OPTION_DNS,
    OPTION_PUBLISH,
    OPTION_PREFLIGHT,
    OPTION_DAYS,
    OPTION_NOW,
    /* Rows of contacts: what `contact import` is told. */
    OPTION_IMPORTING,
    OPTION_REASON,
    OPTION_FORCE,
    /* Outreach: how a sequence is tried; for one contact; for the rows of a file. */
    OPTION_PLAN,
    OPTION_CONTACT,
    OPTION_CONTACTS,
    OPTION_CSV,
    /* Whom `add` takes; who sends; what something is called. */
    OPTION_ADDING,
    /* --since, --campaign and --apply of `outreach replay`. */
    OPTION_REPLAY,
    OPTION_SENDER,
    OPTION_ZONE,
    OPTION_NAME,
    OPTION_MAILBOX,
    OPTION_PROVIDER,
    /* Webhooks: what they are told of; which events again; whose deliveries; how long a secret goes on. */
    OPTION_KINDS,
    OPTION_AGAIN,
    OPTION_BEFORE,
    OPTION_OVERLAP,
    OPTIONS,
};
static_assert(OPTIONS <= 64, "a set of options is 64 bits");
#define WITH(option) (UINT64_C(1) << OPTION_##option)

/* What `route` is told. */
struct route_options {
    const char *hosts;
    const char *for_recipient;
    const char *for_sender;
    const char *for_mx;
    const char *for_stream;
    const char *tls;
    const char *user;
    const char *preset;
    const char *from;
    const char *to;
    uint64_t ordering;
    bool is_for_all;
};

/* What the tools that look at a sender are told; NULL where nothing. */
struct tool_options {
    /* HOST[@PORT], and a file of trust anchors: whom to ask DNS instead of the system's servers. */
    const char *dns;
    const char *trust_anchors;
    /* The client's address, its EHLO, and the envelope's sender. */
    const char *ip;
    const char *helo;
    const char *from;
    /* Whom web servers' certificates must lead to (a PEM file), and where those listen; 0: 443. */
    const char *roots;
    uint64_t https_port;
};

/* What `domain dns` is told. */
struct publish_options {
    const char *format;
    bool is_merging;
};

/* What `preflight` is told. */
struct preflight_options {
    const char *to;
    uint64_t volume;
    uint64_t usual;
    bool is_bulk;
};

/* What `outreach add` and `outreach replay` are told beside that. */
struct campaign_options {
    const char *import;
    bool is_all;
    /* --where, as often as it stood there; `where` is where one goes first. */
    const char *where;
    const char *wheres[CLI_WHERES_MAX];
    size_t where_count;
    const char *name;
    const char *since;
    bool is_applying;
};

/* What `contact` and `suppression` are told; NULL where nothing. */
struct contact_options {
    const char *source;
    const char *basis;
    const char *errors;
    const char *separator;
    const char *encoding;
    const char *reason;
    const char *note;
    /* --map, as often as it stood there; `map` is where one goes first. */
    const char *map;
    const char *maps[CLI_MAPS_MAX];
    size_t map_count;
};

/* What `outreach mailbox` and `outreach oauth` are told. */
struct mailbox_options {
    const char *name;
    const char *smtp;
    const char *smtp_tls;
    const char *smtp_user;
    const char *imap;
    const char *imap_tls;
    const char *imap_user;
    const char *user;
    const char *oauth;
    const char *gap;
    const char *ramp;
    const char *override;
    uint64_t hourly;
    uint64_t daily;
    bool is_outside;
    bool accepts_renaming;
    bool refuses_renaming;
    bool has_imap_password;
    /* Of providers. */
    const char *preset;
    const char *client_id;
    const char *authorize_url;
    const char *token_url;
    const char *scope;
    bool has_no_secret;
};

/* What `outreach check`, `preview` and `simulate` are told; NULL or 0 where nothing. */
struct plan_options {
    const char *contact;
    const char *csv;
    const char *start;
    const char *zone;
    const char *mailbox;
    uint64_t contacts;
    uint64_t daily_cap;
};

/* What `webhook` is told; NULL where nothing. */
struct webhook_options {
    const char *kinds;
    const char *since;
    const char *event;
    const char *before;
    const char *overlap;
};

/* A command line, taken apart. */
struct cli {
    struct arena *arena;
    const struct cli_command *command;
    /* The word of it that was meant; NULL: it has none, or it is not known. */
    const struct cli_topic *topic;
    /* Of each option that was given: the name it was given by. */
    const char *given[OPTIONS];
    const char *data;
    const char *domain;
    const char *hostname;
    const char *listen;
    const char *folder;
    const char *quoting;
    const char *account;
    uint64_t base_port;
    uint64_t quota_bytes;
    /* Backups: into or out of this folder, how many stay, which one. */
    const char *backup;
    uint64_t keep;
    uint64_t snapshot;
    uint64_t days;
    /* Of reports: the names of hosts. */
    bool has_names;
    struct route_options route;
    struct tool_options tool;
    struct publish_options publish;
    struct preflight_options preflight;
    struct campaign_options campaign;
    struct plan_options plan;
    struct contact_options contact;
    struct mailbox_options mailbox;
    struct webhook_options webhook;
    bool is_single;
    bool is_json;
    bool is_password_stdin;
    bool is_dry_run;
    bool is_mbox;
    bool is_nagios;
    bool is_relay;
    bool is_verified;
    /* Rotating keys: only looks whether the next are published; takes places that are in use still. */
    bool is_now;
    bool is_forced;
    /* What is left: the command's words. */
    struct slice words[ADMIN_WORDS_MAX];
    size_t word_count;
};

/* A word of a command with help of its own: `posthaste outreach add --help`. */
struct cli_topic {
    /* "add", or both of "mailbox add". Empty: the summary is a heading. NULL: the table ends. */
    const char *word;
    /* What stands behind it, but for --data and --json. */
    const char *usage;
    const char *summary;
    /* Further lines for --help, or NULL. */
    const char *help;
    /* A set of those that go with it. */
    uint64_t options;
};

struct cli_command {
    const char *name;
    /* Everything behind "posthaste NAME"; where there are topics, nothing. */
    const char *usage;
    const char *summary;
    /* Further lines for --help, or NULL. */
    const char *help;
    /* Sets of options; those that must be there. */
    uint64_t options;
    uint64_t required;
    size_t words_min;
    size_t words_max;
    int (*run)(struct cli *cli);
    /* Or NULL. */
    const struct cli_topic *topics;
};

int cli_run(int count, char **arguments);
/* One line on stderr, and EXIT_FAILED. */
int cli_fail(const char *format, ...) PRINTF_LIKE(1, 2);
/* One line on stderr with the command's usage, and EXIT_USAGE. */
int cli_misuse(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* cli_option.c: an option where it stands, *at is moved on to its value. 0, or EXIT_USAGE. Its bit is set in
 *seen. */
int cli_option_take(struct cli *cli, char **arguments, int *at, uint64_t *seen);
/* 0, or EXIT_USAGE: something that must be there was not seen, or something does not go with the topic. */
int cli_options_check(const struct cli *cli, uint64_t seen);

/* cli_help.c: the topic that these words mean, or NULL. */
const struct cli_topic *cli_topic_find(const struct cli_command *command, const struct slice *words,
                                       size_t count);
/* Of the command, or of what these words mean, to standard output; one line of it, to stderr. */
void cli_help_print(const struct cli_command *command, const struct slice *words, size_t count);
void cli_usage_print(const struct cli_command *command, const struct cli_topic *topic);
/* EXIT_USAGE, with which words there are: where none was given, or one that wants another behind it; else 0.
 */
int cli_word_check(const struct cli *cli);

/* The password, one line of standard input or asked for. 0, or the exit status. */
int cli_password(struct cli *cli, struct slice *password);

/* The commands. */
int command_init(struct cli *cli);
int command_serve(struct cli *cli);
int command_account(struct cli *cli);
int command_alias(struct cli *cli);
int command_domain(struct cli *cli);
int command_api(struct cli *cli);
int command_certificate(struct cli *cli);
int command_plain(struct cli *cli);
int command_preflight(struct cli *cli);
int command_health(struct cli *cli);
int command_queue(struct cli *cli);
int command_trace(struct cli *cli);
int command_import(struct cli *cli);
int command_route(struct cli *cli);
int command_outreach(struct cli *cli);
int command_export(struct cli *cli);
int command_tool(struct cli *cli);
int command_backup(struct cli *cli);
int command_restore(struct cli *cli);
int command_reports(struct cli *cli);
int command_outreach(struct cli *cli);
int command_contact(struct cli *cli);
int command_suppression(struct cli *cli);
int command_webhook(struct cli *cli);

#endif
