/* A header section with ARC sets: how they are put in order, and what their seals sign. */
#include "trust/arc_seal_hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_good(const struct arc_chain *chain) {
    uint8_t digests[ARC_INSTANCES_MAX][DKIM_DIGEST_BYTES];
    for (unsigned i = 0; i < chain->count; i++) {
        const struct arc_set *set = &chain->sets[i];
        ASSERT(set->results && set->message && set->seal && set->tags.instance == i + 1);
        ASSERT(set->tags.status == (i ? ARC_STATUS_PASS : ARC_STATUS_NONE));
        ASSERT(arc_results_payload(set).len <= set->results->value.len);
    }
    arc_seal_digests(chain, digests);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dkim_header header;
    struct arc_chain chain;
    enum dkim_fault fault = dkim_header_read(slice_of(data, size), &header);
    ASSERT(!fault || header.count == 0);
    for (size_t i = 0; i < header.count; i++) {
        size_t first;
        size_t count = dkim_header_find(&header, header.fields[i].name, &first);
        ASSERT(count > 0 && first + count <= header.count);
    }
    arc_chain_read(&header, &chain);
    ASSERT(chain.count <= ARC_INSTANCES_MAX && chain.fault_instance <= ARC_INSTANCES_MAX);
    if (!chain.fault) check_good(&chain);
    dkim_header_free(&header);
    return 0;
}
