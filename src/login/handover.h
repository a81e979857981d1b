/*
 * A logged-in session on its way from the edge role that let it in to the mail role that serves
 * it: who it is, and what was said of the connection before. As a struct, and as bytes for ipc.
 */
#ifndef LOGIN_HANDOVER_H
#define LOGIN_HANDOVER_H

#include "base/buffer.h"
#include "io/env.h"

enum login_protocol { LOGIN_IMAP, LOGIN_POP3, LOGIN_SUBMISSION };

enum { LOGIN_ADDRESS_BYTES = 321, LOGIN_NAME_BYTES = 256, LOGIN_TAG_BYTES = 64 };

/* Who logged in. */
struct login_identity {
    uint64_t account;
    uint64_t tenant;
    char address[LOGIN_ADDRESS_BYTES];
    /* Switched off for this account; known where it logs in, and not handed on. */
    bool is_imap_off;
    bool is_pop3_off;
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

void handover_pack(struct buffer *out, const struct handover *handover);

enum handover_result {
    HANDOVER_OK,
    /* Not what handover_pack wrote. */
    HANDOVER_DAMAGED,
};
/* `input` borrows from `bytes`. */
NODISCARD enum handover_result handover_unpack(struct slice bytes, struct handover *handover);

#endif
