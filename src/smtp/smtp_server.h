/*
 * The SMTP server (RFC 5321, RFC 6409): in an edge role it takes in mail from other hosts (port
 * 25) and lets users log in for submission (465, 587); in a mail role it goes on with a session
 * that logged in. The same commands run in all of these; what differs is a port's kind.
 *
 * A message is acknowledged only after the store said that it is durable, and it is given to
 * the store whole or not at all. A session holds no stack and no transaction between commands.
 */
#ifndef SMTP_SMTP_SERVER_H
#define SMTP_SMTP_SERVER_H

#include "base/limits.h"
#include "base/map.h"
#include "filter/filter.h"
#include "intake/intake.h"
#include "login/login.h"
#include "smtp/blocklist.h"
#include "smtp/callouts.h"
#include "smtp/greylist.h"
#include "trust/inbound_policy.h"

enum smtp_port_kind {
    /* Port 25: from other hosts, for our own users and domains. No AUTH. */
    SMTP_PORT_MX,
    /* Port 587: STARTTLS, then AUTH. */
    SMTP_PORT_SUBMISSION,
    /* Port 465: TLS from the first byte (RFC 8314 3.3), then AUTH. */
    SMTP_PORT_SUBMISSIONS,
};

/* Content filters (filter/filter.h). */
struct smtp_filter_settings {
    bool is_used;
    /* Also for who may send to anybody. */
    bool is_for_submission;
    enum filter_when_down when_down;
};

/* Strangers on port 25 are looked at (trust/inbound.h). */
struct smtp_trust_settings {
    bool is_used;
    /* But for these (wire/network_list.h). */
    struct slice exempt;
    struct inbound_policy policy;
};

/* Reports of others about our mail (wire/feedback.h) are read and kept. */
struct smtp_feedback_settings {
    bool is_read;
    /* Local parts that they are sent to, separated by commas. */
    struct slice addresses;
    /* The mail itself is not delivered, once its report is kept. */
    bool drops_mail;
    /* What is found out about strangers' mail is counted, for reports to others. */
    bool counts;
};

struct smtp_settings {
    uint64_t message_bytes_max;
    size_t recipients_max;
    unsigned errors_max;
    /* Connections of the role, and from one address (IPv6: one /64). 0: any number. */
    size_t connections_max;
    size_t connections_per_address_max;
    /* How long a client may take for one whole command (RFC 5321 4.5.3.2.7: 5 minutes). */
    int64_t command_ms;
    /* How long from the greeting until it logs in, or begins a first mail. */
    int64_t before_mail_ms;
    /* How long it may pause inside of a message, a TLS handshake or a login. */
    int64_t data_ms;
    int64_t handshake_ms;
    /* Over a whole message: after so long, content must have come at this rate. */
    int64_t data_grace_ms;
    uint64_t data_bytes_per_s_min;
    /* Who may send to anybody through port 25 without a login (wire/network_list.h); empty: nobody. */
    struct slice relay_networks;
    /* Strangers are put off once (smtp/greylist.h). */
    bool is_greylisting;
    /* What is delivered here gets a keyword of its category (analyse/category.h). */
    bool is_categorising;
    struct smtp_filter_settings filter;
    struct smtp_trust_settings trust;
    struct smtp_feedback_settings feedback;
};

/* RFC 5321 4.5.3 and our limits. */
struct smtp_settings smtp_settings_default(void);

struct smtp_arenas {
    struct arena *kept[SMTP_ARENAS_KEPT];
    size_t count;
};

/* One for a role. The caller sets what stands first and calls smtp_server_init. `settings` may be
   changed at any time: sessions read them when they need them. */
struct smtp_server {
    struct login_context *login;
    struct intake_pool *intake;
    struct store_client *store;
    struct smtp_settings settings;
    /* Whom strangers are looked up in; or NULL. */
    struct blocklist *blocklist;
    /* Who asks the hosts of relay domains; or NULL: nobody. */
    struct callouts *callouts;
    /* Whom messages are shown before they are stored; or NULL. */
    struct filter_client *filter;
    /* Of whom DNS is asked about strangers; or NULL: nothing is asked. */
    struct resolver *resolver;

    /* Private: connections by address, who was put off, warm arenas. */
    struct map *addresses;
    struct greylist *greylist;
    struct smtp_arenas arenas;
    /* Of all connections: messages that are checked, and what is held for that. */
    size_t check_count;
    size_t check_bytes;
    /* One report is read at a time. */
    bool is_reading_feedback;
    struct gate feedback_read;
};

void smtp_server_init(struct smtp_server *server);
/* After its last connection has ended. */
void smtp_server_fini(struct smtp_server *server);

/* Serves a new connection, which it owns, in server->login->group. Does not wait. */
void smtp_accept(struct smtp_server *server, enum smtp_port_kind kind, struct stream *stream);
/* Goes on with a session that an edge handed over after AUTH: answers 235 (RFC 4954 4) and takes mail
   from the user. Owns the stream; copies what it needs of `handover`. Does not wait. */
void smtp_submission_start(struct smtp_server *server, struct stream *stream,
                           const struct handover *handover);

#endif
