/* The commands that change little (RFC 5321 4.1.1.5 to 4.1.1.10, RFC 1985). */
#include "smtp/smtp_session.h"

struct smtp_reply smtp_rset(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    smtp_transaction_end(session);
    return smtp_reply_named(SMTP_REPLY_OK);
}

struct smtp_reply smtp_noop(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    return smtp_reply_named(SMTP_REPLY_OK);
}

struct smtp_reply smtp_quit(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    return smtp_reply_named(SMTP_REPLY_GOODBYE);
}

/* RFC 5321 7.3: who exists here is nobody's business; RCPT tells soon enough. */
struct smtp_reply smtp_vrfy(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    return smtp_reply_named(SMTP_REPLY_CANNOT_VERIFY);
}

struct smtp_reply smtp_help(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    return smtp_reply_named(SMTP_REPLY_HELP);
}

struct smtp_reply smtp_not_implemented(struct task *t, struct smtp_session *session,
                                       const struct smtp_command *command) {
    return smtp_reply_named(SMTP_REPLY_NOT_IMPLEMENTED);
}
