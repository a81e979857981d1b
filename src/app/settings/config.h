/*
 * The configuration file DIR/posthaste.conf: "key = value" lines, # comments. It holds what
 * belongs to the host; whatever has a command of its own (accounts, domains, ...) lives in the
 * store. Every error names file and line and says what would be right.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include "base/arena.h"
#include "filter/filter.h"
#include "login/login.h"

enum {
    CONFIG_LISTEN_MAX = 8,
    CONFIG_DNS_SERVERS_MAX = 8,
    CONFIG_PROCESSES_MAX = 32,
    CONFIG_SIGNING_THREADS_MAX = 64,
    CONFIG_FILE_BYTES_MAX = 1 << 20,
    CONFIG_LIFETIME_HOURS_MAX = 720,
    CONFIG_TRACE_DAYS_MAX = 3650,
    CONFIG_RECIPIENTS_MAX = 10000000,
};

enum role_kind { ROLE_STORE, ROLE_REMOTE, ROLE_MAIL, ROLE_EDGE, ROLE_KINDS };

/* The way out. */
struct outbound_settings {
    /* Where other hosts take mail: 25 but in tests. */
    uint64_t port;
    /* Mail may go to loopback and private addresses that DNS names. */
    bool allow_private;
    /* Where web servers serve policies (RFC 8461): 443 but in tests. */
    uint64_t https_port;
    /* From where connections go out, numeric; empty: the system chooses. */
    const char *source_ipv4;
    const char *source_ipv6;
    /* A file of certificates (PEM): whom routes trust that check the certificate of their host. Relative to
       the data folder. */
    const char *trusted_roots;
    /* After so long what still waits is returned (RFC 5321 4.5.4.1); the sender is told of a delay after
       delay_warning_hours, 0: never. */
    uint64_t lifetime_hours;
    uint64_t delay_warning_hours;
    /* Recipients elsewhere that one account may have; 0: no limit. */
    uint64_t account_recipients_per_hour;
    uint64_t account_recipients_per_day;
    /* For so long posthaste trace knows what happened. */
    uint64_t trace_days;
};

/* The policy that we serve for the way to us (RFC 8461, docs/tls.md). */
struct mta_sts_settings {
    bool is_served;
    /* enum mta_sts_mode */
    uint64_t mode;
    uint64_t max_age_s;
    /* Names of the hosts that take our mail, separated by commas; empty: our hostname. */
    const char *mx;
};

/* Content filters (docs/filters.md). */
struct filter_settings {
    /* Where rspamd's normal worker listens, "127.0.0.1:11333"; empty: nowhere. */
    const char *rspamd;
    /* A milter, "127.0.0.1:11332"; empty: none. */
    const char *milter;
    /* enum filter_when_down */
    uint64_t when_down;
    /* Mail of users who logged in, and of relay.networks, too. */
    bool is_for_submission;
};

/* Reports about DMARC and TLS, of others and to others (docs/reports.md). */
struct reports_settings {
    bool is_reading;
    /* Where others send theirs: local parts at each of our domains, separated by commas. */
    const char *addresses;
    /* What was read and kept is not delivered. */
    bool drops_mail;
    bool sends_dmarc;
    bool sends_tls;
    /* Whom ours come from; empty: the postmaster of our first domain. */
    const char *sender;
};

/* What is asked about who sends to us (docs/trust.md). Actions are enum inbound_action. */
struct trust_settings {
    bool is_used;
    /* Who is not asked about (wire/network_list.h). */
    const char *exempt;
    uint64_t dmarc_reject;
    uint64_t dmarc_quarantine;
    uint64_t spf_fail;
    uint64_t from_invalid;
    uint64_t temperror;
    /* Domains between commas; empty: none. */
    const char *arc_sealers;
    /* What is passed on for our addresses is sealed (ARC). */
    bool seals_forwarded;
};

/* Certificates by ACME (docs/acme.md). Texts may be empty. */
struct acme_settings {
    bool is_enabled;
    const char *directory;
    const char *email;
    bool terms_agreed;
    /* Separated by commas; empty: the hostname, and names of our domains that lead here. */
    const char *names;
    /* enum acme_challenge_kind */
    uint64_t challenge;
    /* A file of certificates (PEM) that the CA's own has to lead to; empty: outbound.trusted_roots. */
    const char *trusted_roots;
};

/* Mailboxes that outreach sends from (docs/mailboxes.md). */
struct outreach_settings {
    /* How often their folders are looked at, and a login is tried anew. */
    uint64_t poll_seconds;
    uint64_t check_seconds;
    /* How long a test waits for the provider's own copy of what was sent. */
    uint64_t copy_seconds;
};

/* Events for other programs (docs/webhooks.md). */
struct webhooks_settings {
    /* Receivers may have private and loopback addresses; the latter without TLS, too. */
    bool allow_private;
};

struct config {
    const char *hostname;
    const char *listen[CONFIG_LISTEN_MAX];
    size_t listen_count;
    uint64_t base_port;
    const char *tls_certificate;
    const char *tls_key;
    uint64_t message_bytes_max;
    uint64_t connections_per_account;
    enum plaintext_policy plaintext;
    uint64_t processes[ROLE_KINDS];
    /* Used when started as root: each role's own user, and the group that may read mail. */
    uint64_t uid[ROLE_KINDS];
    uint64_t gid;
    const char *dns_servers[CONFIG_DNS_SERVERS_MAX];
    size_t dns_server_count;
    const char *dns_trust_anchors;
    /* This host's addresses as others see them, between commas; empty: those it has itself. */
    const char *public_addresses;
    enum log_level log_level;
    /* Who may read /metrics (wire/network_list.h). */
    const char *metrics_allow;
    /* Who may send to anybody on port 25 without a login (wire/network_list.h); empty: nobody. */
    const char *relay_networks;
    /* DNS block lists (wire/dnsbl.h); empty: none. */
    const char *dnsbl_zones;
    bool is_greylisting;
    bool is_categorising;
    struct outbound_settings outbound;
    struct filter_settings filter;
    struct trust_settings trust;
    struct mta_sts_settings mta_sts;
    struct reports_settings reports;
    struct acme_settings acme;
    struct outreach_settings outreach;
    struct webhooks_settings webhooks;
};

/* The defaults of every key. */
void config_defaults(struct config *config);
/* Reads a file's text. False: *error is one line, "FILE:LINE: what is wrong". Texts live in `arena`. */
NODISCARD bool config_parse(struct arena *arena, const char *file, struct slice text, struct config *config,
                            struct slice *error);
/* Reads DIR/posthaste.conf. */
NODISCARD bool config_load(struct arena *arena, const char *folder, struct config *config,
                           struct slice *error);
/* The text of a new file, commented. */
void config_render(const struct config *config, struct buffer *out);
/* The group of a role that is started as root: the one that may read mail, or one with the number of the
   role's user for those that may not. */
uint64_t config_gid_of(const struct config *config, enum role_kind kind);
/* "store", "remote", "mail", "edge". */
const char *role_kind_name(enum role_kind kind);

#endif
