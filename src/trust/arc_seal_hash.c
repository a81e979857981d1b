#include "trust/arc_seal_hash.h"

void arc_hash_field(struct dkim_hash *hash, struct slice field) {
    struct byte_sink sink = dkim_hash_sink(hash);
    dkim_form_field(DKIM_RELAXED, field, sink);
    byte_sink_write(sink, SLICE("\r\n"));
}

static void hash_signed(struct dkim_hash *hash, const struct arc_set *set) {
    arc_hash_field(hash, set->results->whole);
    arc_hash_field(hash, set->message->whole);
}

void arc_hash_set(struct dkim_hash *hash, const struct arc_set *set) {
    hash_signed(hash, set);
    arc_hash_field(hash, set->seal->whole);
}

void arc_seal_digests(const struct arc_chain *chain, uint8_t digests[][DKIM_DIGEST_BYTES]) {
    struct dkim_hash before = dkim_hash_new();
    for (unsigned i = 0; i < chain->count; i++) {
        const struct arc_set *set = &chain->sets[i];
        struct dkim_hash here = dkim_hash_copy(&before);
        hash_signed(&here, set);
        dkim_field_form(DKIM_RELAXED, set->seal->whole, set->tags.signature_text, dkim_hash_sink(&here));
        dkim_hash_end(&here, digests[i]);
        arc_hash_set(&before, set);
    }
    dkim_hash_free(&before);
}
