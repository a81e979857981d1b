/*
 * The command line: a table of commands, each with its usage and help; options are the same
 * words everywhere. Exit status: 0 done, 1 failed with one clear line, 2 wrong usage.
 */
#ifndef APP_CLI_H
#define APP_CLI_H

#include "app/admin/admin.h"
#include "base/arena.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, CLI_MAPS_MAX = 200 };

enum option_bit {
    OPTION_DATA = 1 << 0,
    OPTION_DOMAIN = 1 << 1,
    OPTION_HOSTNAME = 1 << 2,
    OPTION_BASE_PORT = 1 << 3,
    OPTION_LISTEN = 1 << 4,
    OPTION_SINGLE = 1 << 5,
    OPTION_JSON = 1 << 6,
    OPTION_PASSWORD_STDIN = 1 << 7,
    OPTION_QUOTA = 1 << 8,
    OPTION_FOLDER = 1 << 11,
    OPTION_DRY_RUN = 1 << 12,
    OPTION_QUOTING = 1 << 13,
    OPTION_MBOX = 1 << 14,
    OPTION_TO = 1 << 15,
    OPTION_FROM = 1 << 16,
    OPTION_KEEP = 1 << 17,
    OPTION_SNAPSHOT = 1 << 18,
    OPTION_ACCOUNT = 1 << 9,
    OPTION_NAGIOS = 1 << 10,
    /* All of struct route_options. */
    OPTION_ROUTE = 1 << 19,
    OPTION_RELAY = 1 << 20,
    /* All of struct tool_options. */
    OPTION_TOOL = 1 << 21,
    /* --dns and --trust-anchors of it alone. */
    OPTION_DNS = 1 << 23,
    /* All of struct publish_options. */
    OPTION_PUBLISH = 1 << 24,
    /* All of struct preflight_options. */
    OPTION_PREFLIGHT = 1 << 25,
    OPTION_ROTATE = 1 << 22,
    OPTION_DAYS = 1 << 26,
    OPTION_NOW = 1 << 27,
    /* All of struct plan_options. */
    OPTION_PLAN = 1 << 30,
    /* All of struct contact_options. */
    OPTION_CONTACT = 1 << 28,
    /* All of struct mailbox_options. */
    OPTION_MAILBOX = 1 << 29,
};

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

/* A command line, taken apart. */
struct cli {
    struct arena *arena;
    const struct cli_command *command;
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

struct cli_command {
    const char *name;
    /* Everything behind "posthaste NAME". */
    const char *usage;
    const char *summary;
    /* Further lines for --help, or NULL. */
    const char *help;
    unsigned options;
    /* Those that must be there. */
    unsigned required;
    size_t words_min;
    size_t words_max;
    int (*run)(struct cli *cli);
};

int cli_run(int count, char **arguments);
/* One line on stderr, and EXIT_FAILED. */
int cli_fail(const char *format, ...) PRINTF_LIKE(1, 2);
/* One line on stderr with the command's usage, and EXIT_USAGE. */
int cli_misuse(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

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

#endif
