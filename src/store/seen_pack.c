/* What is counted for others, as bytes, and back. */
#include "store/protocol.h"
#include "store/seen_model.h"

enum { ITEM_PACKED_BYTES_MIN = 2 };

void seen_pack(struct buffer *out, const struct seen *seen) {
    pack_slice(out, seen->domain);
    pack_slice(out, seen->record);
    pack_slice(out, seen->item);
}

void seen_unpack(struct unpacker *in, struct seen *seen) {
    seen->domain = unpack_slice(in);
    seen->record = unpack_slice(in);
    seen->item = unpack_slice(in);
}

void seen_place_pack(struct buffer *out, const struct seen_place *place) {
    pack_time(out, place->day);
    pack_slice(out, place->domain);
}

void seen_place_unpack(struct unpacker *in, struct seen_place *place) {
    place->day = unpack_time(in);
    place->domain = unpack_slice(in);
}

void seen_batch_pack(struct buffer *out, const struct seen_batch *batch) {
    seen_place_pack(out, &batch->place);
    pack_slice(out, batch->text);
    pack_number(out, batch->left_out);
    pack_number(out, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        pack_number(out, batch->items[i].count);
        pack_slice(out, batch->items[i].bytes);
    }
}

void seen_batch_unpack(struct unpacker *in, struct arena *arena, struct seen_batch *batch) {
    uint64_t count = 0;
    seen_place_unpack(in, &batch->place);
    batch->text = unpack_slice(in);
    batch->left_out = unpack_number(in);
    batch->items = unpack_array(in, arena, &count, ITEM_PACKED_BYTES_MIN, sizeof *batch->items);
    for (uint64_t i = 0; i < count; i++) {
        batch->items[i].count = unpack_number(in);
        batch->items[i].bytes = unpack_slice(in);
    }
    batch->count = count;
}

void seen_tls_pack(struct buffer *out, const struct tls_result *result) {
    pack_number(out, result->policy);
    pack_number(out, result->result);
    pack_slice(out, result->policy_id);
    pack_slice(out, result->host);
    pack_slice(out, result->sender_address);
    pack_slice(out, result->host_address);
}

bool seen_tls_unpack(struct slice item, struct tls_result *result) {
    struct unpacker in = unpacker_of(item);
    result->policy = (enum tls_policy_type)unpack_number_max(&in, TLS_POLICY_TYPES - 1);
    result->result = (enum tls_result_type)unpack_number_max(&in, TLS_RESULT_TYPES - 1);
    result->policy_id = unpack_slice(&in);
    result->host = unpack_slice(&in);
    result->sender_address = unpack_slice(&in);
    result->host_address = unpack_slice(&in);
    return unpack_is_done(&in);
}
