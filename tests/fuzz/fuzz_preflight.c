/* Any bytes as a message: it is read to its end, and whatever it is, each receiver has something sensible to
 * say. */
#include "base/limits.h"
#include "trust/preflight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(MIB(1));
    struct preflight_message message = preflight_message_read(slice_of(data, size));
    struct preflight_facts facts = {.message = &message, .is_tls = true, .is_marketing = size % 2 == 1};
    ASSERT(message.bytes == size && message.header_bytes <= size);
    ASSERT(message.counts[PREFLIGHT_FROM] || message.author_count == 0);
    for (size_t i = 0; i < PREFLIGHT_RECEIVERS; i++) {
        struct preflight_findings findings = preflight_judge(arena, &facts, (enum preflight_receiver)i);
        ASSERT(findings.count > 0);
    }
    arena_free(&arena);
    return 0;
}
