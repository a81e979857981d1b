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

void addition_details_pack(struct buffer *out, const struct addition_details *details) {
    contact_selection_pack(out, &details->selection);
    pack_number(out, details->address_count);
    for (size_t i = 0; i < details->address_count; i++) pack_slice(out, details->addresses[i]);
}

bool addition_details_unpack(struct slice body, struct arena *arena, struct addition_details *details) {
    struct unpacker in = unpacker_of(body);
    *details = (struct addition_details){.address_count = 0};
    contact_selection_unpack(&in, &details->selection);
    size_t count = unpack_number_max(&in, CONTACT_ADDRESSES_MAX);
    if (count && !in.is_bad) details->addresses = ARENA_NEW_ARRAY(arena, struct slice, count);
    for (size_t i = 0; i < count && !in.is_bad; i++) details->addresses[i] = unpack_slice(&in);
    details->address_count = count;
    return unpack_is_done(&in);
}
