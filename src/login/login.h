/*
 * Logging in, the same for SMTP AUTH, IMAP and POP3: passwords and SASL exchanges against the
 * store, the growing delay after failures (correlated over protocols, by address), and the
 * hand-over of a logged-in session from its edge role to the mail role of its account.
 *
 * Nothing is said that tells an unknown user from a wrong password.
 */
#ifndef LOGIN_LOGIN_H
#define LOGIN_LOGIN_H

#include "io/conn.h"
#include "store/client.h"

enum login_protocol { LOGIN_IMAP, LOGIN_POP3, LOGIN_SUBMISSION };

enum { LOGIN_ADDRESS_BYTES = 321, LOGIN_NAME_BYTES = 256, LOGIN_TAG_BYTES = 64 };

/* Who logged in. */
struct login_identity {
    uint64_t account;
    uint64_t tenant;
    char address[LOGIN_ADDRESS_BYTES];
};

/* A logged-in session on its way to a mail role. Texts are NUL-terminated. */
struct handover {
    enum login_protocol protocol;
    struct login_identity identity;
    struct peer peer;
    bool is_tls;
    /* "TLSv1.3 TLS_AES_256_GCM_SHA384", or empty. */
    char security[64];
    /* Follows the session through the log. */
    uint64_t session;
    /* IMAP: the tag that waits for its OK. */
    char tag[LOGIN_TAG_BYTES];
    /* SMTP: the name given in EHLO. "AUTH PLAIN" or the like, for Received and logs. */
    char helo[LOGIN_NAME_BYTES];
    char mechanism[32];
    /* Input read but not yet used: pipelined commands. */
    struct slice input;
};

enum plaintext_policy { PLAINTEXT_LOOPBACK, PLAINTEXT_NEVER };

/* What the listening role gives its protocol servers; one for the role. Settings may be replaced by a
   reload: read them anew for each session. */
struct login_context {
    struct env *env;
    struct store_client *store;
    struct conn_group *group;
    /* Our name in greetings. */
    const char *hostname;
    enum plaintext_policy plaintext;
    /* NULL: no STARTTLS. */
    struct tls_context *tls;
    /* Gives a session away. Returns false when no mail role took it; then *stream is closed. */
    bool (*hand_over)(struct task *t, void *context, struct stream **stream, const struct handover *handover);
    void *hand_over_context;
    struct login_delays *delays;
};

struct login_delays;
struct login_delays *login_delays_new(struct env *env);
void login_delays_free(struct login_delays **delays);

enum login_result {
    LOGIN_OK,
    /* Wrong: the delay was already waited. */
    LOGIN_DENIED,
    /* Too much at once: try again later. */
    LOGIN_BUSY,
    /* Not base64, not what the mechanism asks for, too long. */
    LOGIN_MALFORMED,
    /* The client took it back ("*"). */
    LOGIN_ABORTED,
    LOGIN_UNKNOWN_MECHANISM,
    /* A password in the clear: needs TLS first. */
    LOGIN_NEEDS_TLS,
    /* The connection ended. */
    LOGIN_GONE,
};

/* May passwords be sent on this connection: TLS, or loopback where that is allowed. */
bool login_is_private(const struct login_context *context, const struct conn *conn);
/* The SASL mechanisms to offer on it, separated by blanks: "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN" or "". */
struct slice login_mechanisms(const struct login_context *context, const struct conn *conn);

/* Checks user and password (IMAP LOGIN, POP3 PASS). Waits. */
enum login_result login_password(struct task *t, struct login_context *context, struct conn *conn,
                                 struct slice user, struct slice password, struct login_identity *identity);
/* Runs a SASL exchange (RFC 4422) on the connection: challenges are `prefix` ("334 ", "+ ") and base64.
   `initial` is the base64 initial response as the client wrote it ("=" is empty), or ptr NULL.
   A SCRAM server-final goes as a last challenge, answered by an empty line. */
enum login_result login_sasl(struct task *t, struct login_context *context, struct conn *conn,
                             struct slice prefix, struct slice mechanism, struct slice initial,
                             struct login_identity *identity);

/* Takes stream and unread input off the connection (whose session then ends without another word) and
   hands them over. `handover` is filled but for peer, security and input. */
void login_hand_over(struct task *t, struct login_context *context, struct conn *conn,
                     struct handover *handover);

#endif
