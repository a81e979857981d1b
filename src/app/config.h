/*
 * The configuration file DIR/posthaste.conf: "key = value" lines, # comments. It holds what
 * belongs to the host; whatever has a command of its own (accounts, domains, ...) lives in the
 * store. Every error names file and line and says what would be right.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include "base/arena.h"
#include "login/login.h"

enum {
    CONFIG_LISTEN_MAX = 8,
    CONFIG_DNS_SERVERS_MAX = 8,
    CONFIG_PROCESSES_MAX = 32,
    CONFIG_FILE_BYTES_MAX = 1 << 20,
};

enum role_kind { ROLE_STORE, ROLE_REMOTE, ROLE_MAIL, ROLE_EDGE, ROLE_KINDS };

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
    enum log_level log_level;
    /* Who may read /metrics (web/web_allow.h). */
    const char *metrics_allow;
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
