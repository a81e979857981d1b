#include "outreach/law.h"

#include "wire/date.h"

const char *law_kind_word(enum law_kind kind) {
    static const char *const words[] = {"identity", "postal_address", "opt_out", "list_header",
                                        "layout",   "list",           "too_long"};
    return words[kind];
}

static void refuse(struct law_refusals *refusals, enum law_kind kind, size_t step, struct slice version,
                   struct slice words) {
    if (refusals->count < LAW_REFUSALS_MAX)
        refusals->items[refusals->count++] = (struct law_refusal){kind, step, version, words};
}

static void refuse_all(struct law_refusals *refusals, enum law_kind kind, const char *words) {
    refuse(refusals, kind, 0, SLICE_EMPTY, slice_from_text(words));
}

/* ---- who writes, and how to say no ---- */

static bool has_opt_out(const struct sequence *sequence) {
    return sequence->opt_out.sentence.len || sequence->opt_out.link.len;
}

static void check_identity(const struct sequence *sequence, struct law_refusals *refusals) {
    if (sequence->identity.name.len == 0)
        refuse_all(refusals, LAW_IDENTITY, "who writes is not said: add sender: name");
    if (sequence->identity.company.len == 0)
        refuse_all(refusals, LAW_IDENTITY,
                   "for whom is not said: add sender: company (your own name will do)");
    if (sequence->identity.address.len == 0)
        refuse_all(refusals, LAW_POSTAL_ADDRESS, "no postal address: add sender: address");
    if (!has_opt_out(sequence))
        refuse_all(refusals, LAW_OPT_OUT,
                   "no way to say no: add opt_out: sentence (such as: If you would rather not hear from me, "
                   "just reply \"no thanks\".) or opt_out: link");
}

/* By its snippet or as it is. */
static bool says(struct slice text, struct slice snippet, struct slice words) {
    return snippet_is_used(text, snippet) || (words.len && sequence_text_says(text, words));
}

static bool says_opt_out(struct slice text, const struct sequence_opt_out *opt_out) {
    return says(text, SLICE("opt_out"), opt_out->sentence) || says(text, SLICE("opt_out"), opt_out->link);
}

/* A text without the footer has to say all of it itself. */
static void check_text(const struct sequence *sequence, size_t step, struct slice version, struct slice text,
                       struct law_refusals *refusals) {
    if (!says(text, SLICE("sender_name"), sequence->identity.name))
        refuse(refusals, LAW_IDENTITY, step, version,
               SLICE("without the footer this text must name who writes: add {{sender_name}}"));
    if (!says(text, SLICE("sender_address"), sequence->identity.address))
        refuse(refusals, LAW_POSTAL_ADDRESS, step, version,
               SLICE("without the footer this text must have the postal address: add {{sender_address}}"));
    if (!says_opt_out(text, &sequence->opt_out))
        refuse(refusals, LAW_OPT_OUT, step, version,
               SLICE("without the footer this text must say how to say no: add {{opt_out}}"));
}

/* ---- what belongs into a newsletter ---- */

static void check_headers(struct arena *arena, const struct sequence *sequence,
                          struct law_refusals *refusals) {
    for (size_t i = 0; i < sequence->header_count; i++) {
        struct slice name = sequence->headers[i].name;
        if (slice_starts_nocase(name, SLICE("X-"))) continue;
        refuse(
            refusals, LAW_LIST_HEADER, 0, SLICE_EMPTY,
            arena_printf(arena,
                         "%.*s marks mail to a list; a sequence is letters to single persons. Take it out, "
                         "or send a newsletter",
                         SLICE_PRINT(name)));
    }
}

static bool is_tag(struct slice rest, struct slice name) {
    if (!slice_starts_nocase(rest, name)) return false;
    return rest.len == name.len || !ascii_is_alnum(rest.ptr[name.len]);
}

/* The name of the first element that a letter has no need of; empty: there is none. */
static struct slice layout_of(struct slice html) {
    static const struct slice names[] = {SLICE_INIT("table"),  SLICE_INIT("style"), SLICE_INIT("link"),
                                         SLICE_INIT("script"), SLICE_INIT("form"),  SLICE_INIT("iframe"),
                                         SLICE_INIT("video"),  SLICE_INIT("svg"),   SLICE_INIT("object")};
    size_t images = 0;
    for (size_t at = slice_find_byte(html, '<'); at != SLICE_NOT_FOUND; at = slice_find_byte(html, '<')) {
        html = slice_skip(html, at + 1);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (is_tag(html, names[i])) return names[i];
        if (is_tag(html, SLICE("img")) && ++images > LAW_IMAGES_MAX) return SLICE("more than one img");
    }
    return SLICE_EMPTY;
}

static void check_layout(struct arena *arena, size_t step, const struct sequence_version *version,
                         struct law_refusals *refusals) {
    struct slice element = layout_of(version->html);
    if (element.len)
        refuse(refusals, LAW_LAYOUT, step, version->name,
               arena_printf(arena,
                            "its HTML has a layout (%.*s). A letter has paragraphs, links and emphasis; for "
                            "a template a newsletter is the right tool",
                            SLICE_PRINT(element)));
}

static void check_step(struct arena *arena, const struct sequence *sequence, size_t i,
                       struct law_refusals *refusals) {
    const struct sequence_step *step = &sequence->steps[i];
    for (size_t v = 0; v < step->version_count; v++) {
        const struct sequence_version *version = &step->versions[v];
        check_layout(arena, i + 1, version, refusals);
        if (sequence->has_footer) continue;
        check_text(sequence, i + 1, version->name, version->body, refusals);
        if (version->html.len) check_text(sequence, i + 1, version->name, version->html, refusals);
    }
}

void law_check(struct arena *arena, const struct sequence *sequence, struct law_refusals *refusals) {
    check_identity(sequence, refusals);
    check_headers(arena, sequence, refusals);
    if (sequence->list.len)
        refuse(
            refusals, LAW_LIST, 0, SLICE_EMPTY,
            arena_printf(arena,
                         "it goes to the newsletter list %.*s. Subscribers are written to by a newsletter, "
                         "with its unsubscribing; take list out, and give the sequence prospects",
                         SLICE_PRINT(sequence->list)));
    for (size_t i = 0; i < sequence->step_count; i++) check_step(arena, sequence, i, refusals);
}

void law_check_plan(struct arena *arena, const struct planner_summary *summary, int zone_minutes,
                    struct law_refusals *refusals) {
    if (summary->ends_in_time || summary->contacts == 0) return;
    struct slice words;
    if (summary->end_ms == DELIVERY_NEVER) {
        words = SLICE("with these windows and caps it would never end");
    } else {
        struct date_fields end = date_split(summary->end_ms + (int64_t)zone_minutes * 60000);
        words = arena_printf(arena,
                             "it would end on %04d-%02d-%02d, later than %d days from its start. Take fewer "
                             "prospects or steps; for as many as these a newsletter is the right tool",
                             end.year, end.month, end.day, PLANNER_DAYS_MAX);
    }
    refuse(refusals, LAW_TOO_LONG, 0, SLICE_EMPTY, words);
}
