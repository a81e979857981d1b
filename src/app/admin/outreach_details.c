#include "app/admin/outreach_details.h"

void campaign_details_pack(struct buffer *out, const struct campaign_details *details) {
    pack_slice(out, details->mailbox);
    pack_slice(out, details->document);
}

bool campaign_details_unpack(struct slice body, struct campaign_details *details) {
    struct unpacker in = unpacker_of(body);
    details->mailbox = unpack_slice(&in);
    details->document = unpack_slice(&in);
    return unpack_is_done(&in);
}
