/* What the IMAP server announces (RFC 9051 7.2.2), before login and after. Only what works. */
#ifndef IMAP_IMAP_CAPABILITY_H
#define IMAP_IMAP_CAPABILITY_H

#include "base/buffer.h"

enum imap_capability_state {
    IMAP_STATE_LOGGED_IN = 1,
    /* STARTTLS is to be had. */
    IMAP_STATE_CAN_TLS = 2,
    /* Passwords may be sent. */
    IMAP_STATE_PRIVATE = 4,
    IMAP_STATE_COMPRESSED = 8,
};

/* "CAPABILITY IMAP4rev1 ..."; before login with AUTH= for each of the blank-separated mechanisms. */
void imap_capability_write(struct buffer *out, unsigned state, struct slice mechanisms);

#endif
