/*
 * What the SMTP server knows of one connection and of the mail transaction on it. The session
 * lives as long as its connection; the transaction, with an arena of its own, from MAIL to the
 * end of the message (RFC 5321 4.1.4). `scratch` lives for one command.
 *
 * Handlers return their reply; a reply without a code says nothing (it was said, or nobody
 * is there to hear it). What a command needs to be allowed stands in its row of the table in
 * smtp_commands.c, and no handler looks at that again.
 */
#ifndef SMTP_SMTP_SESSION_H
#define SMTP_SMTP_SESSION_H

#include "base/limits.h"
#include "smtp/smtp_server.h"
#include "wire/smtp_command.h"
#include "wire/smtp_frame.h"

struct smtp_reception;

struct smtp_account_list {
    uint64_t *items;
    size_t count;
    size_t capacity;
};
/* Recipients as a content filter is told of them: the first ones. */
struct smtp_address_list {
    struct slice *items;
    size_t count;
    size_t capacity;
};
struct smtp_queue_list {
    struct queue_recipient *items;
    size_t count;
    size_t capacity;
};

struct smtp_transaction {
    struct arena *arena;
    uint64_t tenant;
    /* With A-labels; empty: the null sender. */
    struct slice mail_from;
    struct slice envelope_id;
    uint32_t dsn_return;
    bool is_utf8;
    /* RFC 8689 4.1: it leaves by TLS only, to hosts that know what that means. */
    bool requires_tls;
    /* RFC 3030 3: BODY=BINARYMIME. */
    bool is_binary;
    /* The store wants to know what it is (address_route.is_judged). */
    bool is_judged;
    /* Its reply is the last thing to come of it. */
    bool is_over;
    /* RCPT was tried, whatever became of it. */
    bool is_addressed;
    size_t recipient_count;
    struct slice first_recipient;
    struct smtp_address_list addresses;
    struct smtp_account_list accounts;
    struct smtp_queue_list queue;
    struct smtp_reception *reception;
    /* Of a stranger's message; or NULL: nothing is asked about it. */
    struct inbound_check *check;
    /* What of it counts in server->check_bytes. */
    size_t check_bytes;
};

struct smtp_session {
    struct conn conn;
    struct smtp_server *server;
    enum smtp_port_kind kind;
    uint64_t id;
    struct peer peer;
    struct smtp_frame frame;
    enum smtp_frame_status frame_status;
    unsigned frame_faults;
    /* By when the next whole command must be here. */
    int64_t command_until_ms;
    unsigned error_count;
    bool is_counted;
    bool is_extended; /* EHLO, not HELO */
    bool is_tls;
    bool is_logged_in;
    size_t helo_bytes;
    char helo[LOGIN_NAME_BYTES];
    bool is_helo_name; /* a host name or an address literal, so that it may stand in Received */
    char security[64];
    struct login_identity *identity;
    /* Block lists were asked; which has it, or NULL. */
    bool is_looked_up;
    char *listed;
    struct arena *scratch;
    struct smtp_transaction *transaction;
};

static const struct smtp_reply SMTP_SILENCE = {0};

/* Arenas of one transaction each, kept warm. */
struct arena *smtp_arena_take(struct smtp_server *server);
void smtp_arena_give(struct smtp_server *server, struct arena **arena);

/* "local@domain" with A-labels, as the store and the trace know an address; in the arena. */
struct slice smtp_address_text(struct arena *arena, const struct smtp_address *address);

/* Admission, by address: false is one too many. Every true needs its smtp_admission_leave. */
bool smtp_admission_enter(struct smtp_server *server, const struct peer *peer);
void smtp_admission_leave(struct smtp_server *server, const struct peer *peer);

/* The bytes of the host's network, IPv4: its /24, IPv6: its /64; in `arena`. Empty: a local socket. */
struct slice smtp_network_of(struct arena *arena, const struct peer *peer);

/* Keeps the client's name; `is_name`: a host name or an address literal. */
void smtp_session_set_helo(struct smtp_session *session, struct slice name, bool is_name);
/* TLS has begun: learns from the stream how, and logs it. */
void smtp_session_note_tls(struct smtp_session *session);
struct slice smtp_session_helo(const struct smtp_session *session);
/* "192.0.2.1" or, on a local socket, "local". */
struct slice smtp_session_peer(const struct smtp_session *session);
/* Whether it may send to anybody: logged in, or one of the relay networks. */
bool smtp_session_may_relay(const struct smtp_session *session);
/* What MAIL and RCPT may say, a set of enum smtp_extension: what EHLO offers, and what it would under TLS,
   so that who says it in the clear is told so (mail.c). */
unsigned smtp_session_extensions(const struct smtp_session *session);
/* Buffers the reply, counts it if it is an error, closes behind it if it says so. */
void smtp_session_reply(struct smtp_session *session, struct smtp_reply reply);
/* Logs that something was refused, and why. */
void smtp_session_log_refused(const struct smtp_session *session, const struct smtp_reply *reply);
/* smtp_trust.c: begins to look at who sends, once a message, if it is a stranger. Silence, or why not now. */
struct smtp_reply smtp_trust_begin(struct smtp_session *session);
/* Nothing is to come of it any more. */
void smtp_trust_end(struct smtp_session *session);
/* Forgets the transaction with all that came of its message. */
void smtp_transaction_end(struct smtp_session *session);

/* Whether the row's conditions hold, then the command (smtp_commands.c). */
struct smtp_reply smtp_commands_run(struct task *t, struct smtp_session *session, struct slice line);

typedef struct smtp_reply smtp_handler(struct task *t, struct smtp_session *session,
                                       const struct smtp_command *command);
/* hello.c */
smtp_handler smtp_ehlo, smtp_helo;
/* mail.c, rcpt.c */
smtp_handler smtp_mail, smtp_rcpt;
/* data.c, bdat.c */
smtp_handler smtp_data, smtp_bdat;
/* auth.c, tls.c */
smtp_handler smtp_auth, smtp_starttls;
/* misc.c */
smtp_handler smtp_rset, smtp_noop, smtp_quit, smtp_vrfy, smtp_help, smtp_not_implemented;

/* A BDAT that may not run: its chunk is read all the same (RFC 3030 2). Returns `refusal`, or how
   the connection ended meanwhile. */
struct smtp_reply smtp_bdat_refuse(struct task *t, struct smtp_session *session,
                                   const struct smtp_command *command, struct smtp_reply refusal);

#endif
