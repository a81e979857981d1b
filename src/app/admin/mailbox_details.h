/* What the command line tells of a sender mailbox, on its way to the store (struct admin_request: details).
 */
#ifndef APP_MAILBOX_DETAILS_H
#define APP_MAILBOX_DETAILS_H

#include "base/buffer.h"
#include "base/fatal.h"
#include "store/sender_model.h"

/* What was given: bits. */
enum mailbox_given {
    MAILBOX_GIVEN_NAME = 1 << 0,
    MAILBOX_GIVEN_SMTP = 1 << 1,
    MAILBOX_GIVEN_IMAP = 1 << 2,
    MAILBOX_GIVEN_SMTP_USER = 1 << 3,
    MAILBOX_GIVEN_IMAP_USER = 1 << 4,
    MAILBOX_GIVEN_PASSWORD = 1 << 5,
    MAILBOX_GIVEN_IMAP_PASSWORD = 1 << 6,
    MAILBOX_GIVEN_OAUTH = 1 << 7,
    MAILBOX_GIVEN_GAP = 1 << 8,
    MAILBOX_GIVEN_HOURLY = 1 << 9,
    MAILBOX_GIVEN_DAILY = 1 << 10,
    MAILBOX_GIVEN_RAMP = 1 << 11,
    MAILBOX_GIVEN_OUTSIDE = 1 << 12,
    MAILBOX_GIVEN_RENAMING = 1 << 13,
    MAILBOX_GIVEN_OVERRIDE = 1 << 14,
    MAILBOX_GIVEN_ZONE = 1 << 15,
    MAILBOX_GIVEN_ALL = (1 << 16) - 1,
    /* Those by which the ways change. */
    MAILBOX_GIVEN_WAYS = MAILBOX_GIVEN_SMTP | MAILBOX_GIVEN_IMAP | MAILBOX_GIVEN_SMTP_USER |
                         MAILBOX_GIVEN_IMAP_USER | MAILBOX_GIVEN_PASSWORD | MAILBOX_GIVEN_IMAP_PASSWORD |
                         MAILBOX_GIVEN_OAUTH,
};

struct mailbox_details {
    unsigned given;
    /* Of it what was given. */
    struct sender sender;
    /* With OAUTH: its provider, and what its owner's browser brought (RFC 6749 4.1.2, RFC 7636). */
    struct slice provider;
    struct slice code;
    struct slice verifier;
    struct slice redirect_uri;
};

void mailbox_details_pack(struct buffer *out, const struct mailbox_details *details);
/* Borrows. */
NODISCARD bool mailbox_details_unpack(struct slice bytes, struct mailbox_details *details);

/* "smtp.example.org:465", "[2001:db8::1]:587", "localhost": without a port `port`. False: it is none. */
NODISCARD bool mailbox_host_read(struct slice text, uint16_t port, struct sender_login *login);
/* "implicit", "starttls", "never". */
NODISCARD bool mailbox_tls_read(struct slice text, enum sender_tls *tls);
/* "95-150" seconds, or one number. */
NODISCARD bool mailbox_gap_read(struct slice text, struct sender_limits *limits);
/* "START+STEP": messages on the first day, and so many more each day. */
NODISCARD bool mailbox_ramp_read(struct slice text, struct sender_limits *limits);

#endif
