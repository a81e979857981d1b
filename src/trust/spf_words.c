/* Verdicts, with what they rest on in words. */
#include "trust/spf_run.h"
#include "wire/wire_text.h"

struct slice spf_quoted(struct arena *arena, struct slice text) {
    struct buffer clean = buffer_new(SPF_QUOTED_BYTES_MAX * 4);
    wire_text_clean(&clean, slice_sub(text, 0, SPF_QUOTED_BYTES_MAX), true);
    if (text.len > SPF_QUOTED_BYTES_MAX) buffer_append_text(&clean, "...");
    struct slice copy = arena_copy(arena, buffer_slice(&clean));
    buffer_free(&clean);
    return copy;
}

static struct slice quoted(struct spf_run *run, struct slice text) {
    return spf_quoted(run->lookups->arena, text);
}

static enum spf_outcome say(struct spf_run *run, enum trust_result result, struct slice reason) {
    run->verdict.result = result;
    run->verdict.reason = reason;
    return SPF_OVER;
}

static void note_term(struct spf_run *run, const struct spf_term *term) {
    run->verdict.term = term->text;
    run->verdict.term_domain = spf_top(run)->domain;
}

/* ---- results of a record ---- */

static const char *result_words(enum trust_result result) {
    switch (result) {
    case TRUST_PASS:
        return "may send for";
    case TRUST_FAIL:
        return "may not send for";
    case TRUST_SOFTFAIL:
        return "should not send for";
    default:
        return "is neither allowed nor forbidden to send for";
    }
}

/* ", in the record that "include:x" of y names": where the record is not the domain's own. */
static struct slice way_to_record(struct spf_run *run) {
    struct arena *arena = run->lookups->arena;
    const struct spf_frame *first = &run->frames[0];
    if (run->depth > 1)
        return arena_printf(arena, " of the record of %.*s, which is included by \"%.*s\" of %.*s",
                            SLICE_PRINT(quoted(run, spf_top(run)->domain)),
                            SLICE_PRINT(quoted(run, first->term.text)),
                            SLICE_PRINT(quoted(run, first->domain)));
    if (!slice_equal(first->domain, run->verdict.domain))
        return arena_printf(arena, " of the record of %.*s, to which that of the domain leads",
                            SLICE_PRINT(quoted(run, first->domain)));
    return SLICE(" of its record");
}

enum spf_outcome spf_say_result(struct spf_run *run, enum trust_result result, const struct spf_term *term) {
    struct arena *arena = run->lookups->arena;
    struct buffer address = buffer_new(64);
    dns_address_text(&run->values.address, &address);
    struct slice what = SLICE("no term");
    struct slice way = way_to_record(run);
    if (term) {
        note_term(run, term);
        what = arena_printf(arena, "\"%.*s\"", SLICE_PRINT(quoted(run, term->text)));
    }
    struct slice reason = arena_printf(
        arena, "%.*s %s %.*s: %.*s%.*s fits", SLICE_PRINT(buffer_slice(&address)), result_words(result),
        SLICE_PRINT(quoted(run, run->verdict.domain)), SLICE_PRINT(what), SLICE_PRINT(way));
    buffer_free(&address);
    return say(run, result, reason);
}

enum spf_outcome spf_say_none(struct spf_run *run, struct slice domain, const char *words) {
    struct arena *arena = run->lookups->arena;
    return say(run, TRUST_NONE, arena_printf(arena, "\"%.*s\" %s", SLICE_PRINT(quoted(run, domain)), words));
}

/* ---- errors ---- */

/* The term of the top frame at fault, and a reason behind it. */
static enum spf_outcome say_of_term(struct spf_run *run, struct slice words) {
    struct spf_frame *frame = spf_top(run);
    note_term(run, &frame->term);
    return say(run, TRUST_PERMERROR,
               arena_printf(run->lookups->arena, "\"%.*s\" of the record of %.*s %.*s",
                            SLICE_PRINT(quoted(run, frame->term.text)),
                            SLICE_PRINT(quoted(run, frame->domain)), SLICE_PRINT(words)));
}

enum spf_outcome spf_say_target_has_none(struct spf_run *run, struct slice domain, const char *words) {
    return say_of_term(run, arena_printf(run->lookups->arena, "leads nowhere: \"%.*s\" %s",
                                         SLICE_PRINT(quoted(run, domain)), words));
}

enum spf_outcome spf_say_limit(struct spf_run *run, const char *words) {
    return say_of_term(run, slice_from_text(words));
}

enum spf_outcome spf_say_unanswered(struct spf_run *run, struct slice name, uint16_t type,
                                    enum dns_result result) {
    struct arena *arena = run->lookups->arena;
    if (run->depth) note_term(run, &spf_top(run)->term);
    return say(run, TRUST_TEMPERROR,
               arena_printf(arena, "DNS gives no answer about %.*s (%.*s: %s)",
                            SLICE_PRINT(quoted(run, name)), SLICE_PRINT(trust_type_name(type, arena)),
                            dns_result_name(result)));
}

enum spf_outcome spf_say_several(struct spf_run *run, struct slice domain, size_t count) {
    return say(run, TRUST_PERMERROR,
               arena_printf(run->lookups->arena, "%.*s has %zu SPF records; there may be only one",
                            SLICE_PRINT(quoted(run, domain)), count));
}

enum spf_outcome spf_say_broken(struct spf_run *run, struct slice domain, struct slice record,
                                struct slice fault, enum spf_error error) {
    run->verdict.term = spf_quoted(run->lookups->arena, fault);
    run->verdict.term_domain = domain;
    return say(run, TRUST_PERMERROR,
               arena_printf(run->lookups->arena, "the record of %.*s is wrong at byte %zu, \"%.*s\": %s",
                            SLICE_PRINT(quoted(run, domain)), (size_t)(fault.ptr - record.ptr) + 1,
                            SLICE_PRINT(run->verdict.term), spf_error_words(error)));
}
