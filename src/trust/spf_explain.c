/* What the owner of a domain says to those who may not send for it (RFC 7208 6.2). Whatever is wrong with it,
   it is as if nothing was said. */
#include "trust/spf_run.h"

/* Exactly one text. */
static bool look_up_text(struct spf_run *run, struct slice name, struct slice *text) {
    if (!spf_is_askable(name)) return false;
    struct trust_texts texts = trust_look_up_texts(run->t, run->lookups, name);
    if (texts.result != DNS_OK || texts.count != 1) return false;
    *text = texts.items[0];
    return true;
}

/* A sender's address can bring any byte into it. */
static bool is_printable(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~') return false;
    return true;
}

static void expand(struct spf_run *run, struct slice text) {
    struct buffer expanded = buffer_new(SPF_EXPLANATION_BYTES_MAX);
    if (spf_macro_has_p(text)) spf_find_client_name(run);
    spf_expand_text(text, &run->values, &expanded);
    if (!buffer_overflowed(&expanded) && is_printable(buffer_slice(&expanded)))
        run->verdict.explanation = arena_copy(run->lookups->arena, buffer_slice(&expanded));
    buffer_free(&expanded);
}

void spf_explain(struct spf_run *run) {
    /* RFC 7208 6.2: never that of an include; after a redirect that of its target. */
    run->depth = 1;
    const struct spf_record *record = &spf_top(run)->record;
    struct slice text;
    if (!record->has_explanation) return;
    if (look_up_text(run, spf_expand(run, record->explanation.domain), &text) &&
        spf_explanation_check(text) == SPF_OK)
        expand(run, text);
}
