/*
 * What the supervisor tells a role, over the role's control stream (descriptor 3 of an exec'd
 * role): settings first, then peers and listening sockets as they come, at last the order to
 * stop. A role answers that it is ready. Order is kept.
 */
#ifndef APP_ORDERS_H
#define APP_ORDERS_H

#include "app/settings/config.h"
#include "ipc/channel.h"

enum order {
    /* struct role_settings; again after a reload. */
    ORDER_SETTINGS = 1,
    /* kind, index, number of the connection; a stream to that role. */
    ORDER_PEER,
    /* enum port_kind; a listening socket. */
    ORDER_LISTENER,
    ORDER_STOP,
    /* To the store, for `status`: struct role_report. */
    ORDER_REPORT,
    /* From the role: it serves; struct walls. */
    REPORT_READY,
    /* A number, which the role gives back: its loop turns. */
    ORDER_HEARTBEAT,
    REPORT_HEARTBEAT,
    /* From the role: kind, index, number of a connection that is lost. It is made anew. */
    REPORT_PEER_LOST,
    /* Requests: to a role, what it counts (struct metrics); from a role, how all is (struct web_report). */
    ASK_MEASURE,
    ASK_REPORT,
    /* Of the store: a certificate chain and its key, to be installed; answer: why not, or nothing. */
    ASK_INSTALL,
};

/* The ports, in the order of the README. */
enum port_kind {
    PORT_SMTP,
    PORT_SUBMISSION,
    PORT_SUBMISSIONS,
    PORT_IMAP,
    PORT_IMAPS,
    PORT_POP3,
    PORT_POP3S,
    PORT_HTTP,
    PORT_HTTPS,
    PORT_KINDS,
    /* DIR/run/control, for the store. */
    PORT_CONTROL = PORT_KINDS,
};
struct port {
    uint16_t number;
    const char *name;
};
/* The well-known number and name of a kind. */
extern const struct port ports[PORT_KINDS];

/* What a role must know of the configuration. */
struct role_settings {
    const char *folder;
    const char *hostname;
    uint64_t message_bytes_max;
    uint64_t connections_per_account;
    enum plaintext_policy plaintext;
    uint64_t mail_processes;
    enum log_level log_level;
    struct slice certificates_pem;
    struct slice key_pem;
    /* Separated by commas; the text of the trust anchors, or empty. */
    struct slice dns_servers;
    struct slice dns_trust_anchors;
    /* The servers are resolv.conf's, not dns.servers. */
    bool dns_is_system;
    /* What a password's hash costs; 0: the default (store/engine.h). */
    uint64_t hash_memory_kib;
    /* Of the store, see store/engine.h; 0: the defaults. */
    uint64_t segment_bytes;
    uint64_t threads_recent;
    uint64_t log_room_bytes;
    uint64_t upkeep_pause_ms;
    uint64_t signing_threads;
    uint64_t base_port;
    /* Who may read /metrics (wire/network_list.h). */
    struct slice metrics_allow;
    /* Who may send to anybody without a login, or empty. */
    struct slice relay_networks;
    struct slice dnsbl_zones;
    bool is_greylisting;
    bool is_categorising;
    struct outbound_settings outbound;
    struct filter_settings filter;
    struct trust_settings trust;
    struct mta_sts_settings mta_sts;
    struct reports_settings reports;
    struct acme_settings acme;
    /* certificates_pem is what ACME brought. */
    bool is_acme_installed;
    struct outreach_settings outreach;
    struct webhooks_settings webhooks;
    /* For the remote role: those of acme.trusted_roots; empty: as trusted_roots_pem. */
    struct slice acme_roots_pem;
    /* Where other hosts would reach us ourselves (app/settings/own_addresses.h). */
    struct slice own_addresses;
    /* For the remote role: the certificates of outbound.trusted_roots, or empty. */
    struct slice trusted_roots_pem;
};

/* Which walls stand around a role; false ones are told by `status`. */
struct walls {
    bool own_user;
    bool no_new_privileges;
    bool seccomp;
    bool landlock;
};

struct role_report {
    enum role_kind kind;
    uint64_t index;
    uint64_t pid;
    uint64_t restarts;
    struct walls walls;
};

void settings_pack(struct buffer *out, const struct role_settings *settings);
/* Borrows slices from `body`; texts are copied into `arena`. */
NODISCARD bool settings_unpack(struct slice body, struct arena *arena, struct role_settings *settings);
void walls_pack(struct buffer *out, const struct walls *walls);
NODISCARD bool walls_unpack(struct slice body, struct walls *walls);
void report_pack(struct buffer *out, const struct role_report *report);
NODISCARD bool report_unpack(struct slice body, struct role_report *report);

#endif
