/* What the verbs of campaigns need beyond words (admin_request.details), packed. */
#ifndef APP_OUTREACH_DETAILS_H
#define APP_OUTREACH_DETAILS_H

#include "ipc/pack.h"
#include "store/contact_select.h"

/* A campaign to be made. */
struct campaign_details {
    struct slice mailbox;
    /* The sequence in its normal form. */
    struct slice document;
};

void campaign_details_pack(struct buffer *out, const struct campaign_details *details);
/* Borrows. False: it is none. */
NODISCARD bool campaign_details_unpack(struct slice body, struct campaign_details *details);

/* Contacts to be added to one. */
struct addition_details {
    struct contact_selection selection;
    /* NULL, or these instead: at most CONTACT_ADDRESSES_MAX, normalised. */
    struct slice *addresses;
    size_t address_count;
};

void addition_details_pack(struct buffer *out, const struct addition_details *details);
/* Borrows; the list of addresses is in `arena`. False: it is none. */
NODISCARD bool addition_details_unpack(struct slice body, struct arena *arena,
                                       struct addition_details *details);

#endif
