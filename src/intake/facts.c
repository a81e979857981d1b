#include "intake/facts.h"

/* In-Reply-To behind References, unless that already ends with it (RFC 5322 3.6.4). */
static void collect_references(struct arena *arena, const struct analysis *a, struct message_facts *facts) {
    size_t count = a->references.count;
    bool is_extra =
        a->in_reply_to.len && !(count && slice_equal(a->references.items[count - 1], a->in_reply_to));
    struct slice *all = arena_try_alloc(arena, (count + 1) * sizeof *all);
    if (!all) return;
    for (size_t i = 0; i < count; i++) all[i] = a->references.items[i];
    if (is_extra) all[count++] = a->in_reply_to;
    facts->references = all;
    facts->reference_count = count;
}

struct message_facts facts_of_analysis(struct arena *arena, const struct analysis *a) {
    struct message_facts facts = {.raw_bytes = a->size,
                                  .envelope = a->envelope,
                                  .structure = a->structure,
                                  .preview = a->preview,
                                  .subject_base = a->subject_base,
                                  .sent_ms = a->sent_known ? a->sent_ms : 0,
                                  .message_id = a->message_id,
                                  .kind = (uint32_t)a->kind};
    collect_references(arena, a, &facts);
    return facts;
}
