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
#include "login/delays.h"
#include "login/handover.h"
#include "login/pump.h"
#include "store/client.h"

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
    /* TLS stays with this role: its handed-over connections are pumped here. Needed where there is TLS. */
    struct pump_group *pumps;
};

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
/* The SASL mechanisms to offer on it, separated by blanks: "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN", with the
   -PLUS ones in front where TLS gives a channel binding, or "". */
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
