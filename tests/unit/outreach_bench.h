/* Sequences in tests: read from text, with an arena that lives as long. */
#ifndef OUTREACH_BENCH_H
#define OUTREACH_BENCH_H

#include "test.h"

#include "outreach/law.h"

struct outreach_bench {
    struct arena *arena;
    struct sequence *sequence;
    struct sequence_faults faults;
};

static inline struct outreach_bench outreach_bench_new(const char *document) {
    struct outreach_bench bench = {.arena = arena_new((size_t)1 << 30)};
    bench.sequence = sequence_read(bench.arena, slice_from_text(document), &bench.faults);
    return bench;
}

/* It must have been read. */
static inline struct outreach_bench outreach_bench_good(const char *document) {
    struct outreach_bench bench = outreach_bench_new(document);
    if (!bench.sequence)
        fail_msg("line %u: %.*s", bench.faults.items[0].line, SLICE_PRINT(bench.faults.items[0].words));
    return bench;
}

static inline void outreach_bench_free(struct outreach_bench *bench) { arena_free(&bench->arena); }

#define SENDER_LINES                                                                            \
    "sender: {name: Ann Example, company: Example GmbH, address: \"Street 1, 10115 Berlin\"}\n" \
    "opt_out: {sentence: \"If you would rather not hear from me, just reply no thanks.\"}\n"

#endif
