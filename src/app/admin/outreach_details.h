/* What the verbs of campaigns need beyond words (admin_request.details), packed. */
#ifndef APP_OUTREACH_DETAILS_H
#define APP_OUTREACH_DETAILS_H

#include "ipc/pack.h"

/* A campaign to be made. */
struct campaign_details {
    struct slice mailbox;
    /* The sequence in its normal form. */
    struct slice document;
};

void campaign_details_pack(struct buffer *out, const struct campaign_details *details);
/* Borrows. False: it is none. */
NODISCARD bool campaign_details_unpack(struct slice body, struct campaign_details *details);

#endif
