#include "intake/judge.h"

#include <jansson.h>
#include <stdlib.h>

#include "analyse/analysis.h"
#include "analyse/classify.h"
#include "base/limits_campaign.h"
#include "intake/facts.h"
#include "trust/organisation.h"
#include "wire/address_split.h"

/* Days begin at night; who is back on a day is at the desk in the morning, wherever that is. */
enum { DAY_MS = 24 * 3600 * 1000, MORNING_MS = 8 * 3600 * 1000 };

static struct slice cut(struct slice text) { return slice_sub(text, 0, ANSWER_TEXT_BYTES_MAX); }

static struct slice lower(struct arena *arena, struct slice text) {
    text = cut(text);
    uint8_t *copy = arena_alloc(arena, text.len);
    for (size_t i = 0; i < text.len; i++) copy[i] = ascii_lower(text.ptr[i]);
    return slice_of(copy, text.len);
}

static void add_recipient(struct arena *arena, struct slice address, bool is_hard,
                          struct answer_facts *facts) {
    if (address.len == 0 || facts->recipient_count == ANSWER_RECIPIENTS_MAX) return;
    facts->recipients[facts->recipient_count++] = (struct answer_recipient){lower(arena, address), is_hard};
}

/* As their sender wrote them; then where they came to, which may be the address that was written to. */
static void take_recipients(struct arena *arena, const struct classification *c, struct answer_facts *facts) {
    facts->recipients = ARENA_NEW_ARRAY(arena, struct answer_recipient, ANSWER_RECIPIENTS_MAX);
    for (size_t i = 0; i < c->recipient_count; i++)
        add_recipient(arena, c->recipients[i].address, c->recipients[i].is_hard, facts);
    for (size_t i = 0; i < c->recipient_count; i++)
        if (!slice_equal_nocase(c->recipients[i].final, c->recipients[i].address))
            add_recipient(arena, c->recipients[i].final, c->recipients[i].is_hard, facts);
    add_recipient(arena, c->original_recipient, c->is_hard, facts);
}

/* Where one of the ids is the message's own, it is a copy of it and no answer to it. */
static void take_ids(struct arena *arena, const struct classification *c, const struct message_facts *message,
                     struct answer_facts *facts) {
    facts->ids = ARENA_NEW_ARRAY(arena, struct slice, ANSWER_IDS_MAX);
    for (size_t i = message->reference_count; i-- > 0 && facts->id_count < ANSWER_IDS_MAX;)
        facts->ids[facts->id_count++] = cut(message->references[i]);
    facts->header_id_count = facts->id_count;
    for (size_t i = 0; i < c->id_count && facts->id_count < ANSWER_IDS_MAX; i++)
        facts->ids[facts->id_count++] = cut(c->ids[i]);
}

static void take_named(struct arena *arena, const struct classification *c, const struct analysis *analysis,
                       struct answer_facts *facts) {
    const struct analysis_list *to = &analysis->addressees;
    facts->named = ARENA_NEW_ARRAY(arena, struct slice, ANSWER_NAMED_MAX);
    for (size_t i = 0; i < to->count && facts->named_count < ANSWER_NAMED_MAX; i++)
        facts->named[facts->named_count++] = lower(arena, to->items[i]);
    for (size_t i = 0; i < c->named_count && facts->named_count < ANSWER_NAMED_MAX; i++)
        facts->named[facts->named_count++] = lower(arena, c->named[i]);
}

static struct slice write_evidence(struct arena *arena, const struct classification *c) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->evidence_count; i++) {
        json_t *rule = json_stringn((const char *)c->evidence[i].rule.ptr, c->evidence[i].rule.len);
        json_t *saw = json_stringn((const char *)c->evidence[i].saw.ptr, c->evidence[i].saw.len);
        json_t *item = json_object();
        if (rule) json_object_set_new(item, "rule", rule);
        if (saw) json_object_set_new(item, "saw", saw);
        json_array_append_new(list, item);
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    bool fits = text && strlen(text) <= ANSWER_EVIDENCE_BYTES_MAX;
    struct slice copy = arena_copy(arena, fits ? slice_from_text(text) : SLICE("[]"));
    free(text);
    return copy;
}

void judge_message(struct arena *arena, struct slice message, struct slice token,
                   struct answer_facts *facts) {
    struct analyser *analyser = analysis_new(arena);
    analysis_addressees(analyser);
    analysis_feed(analyser, message);
    const struct analysis *analysis = analysis_finish(analyser);
    struct message_facts known = facts_of_analysis(arena, analysis);
    const struct classification *c = classify_message(arena, message);
    *facts = (struct answer_facts){.kind = (enum answer_kind)c->kind,
                                   .is_hard = c->is_hard,
                                   .is_unsubscribe = c->is_unsubscribe,
                                   .interest = (uint32_t)c->interest,
                                   .classifier = CLASSIFIER_VERSION,
                                   .from = lower(arena, c->from),
                                   .organisation = organisation_of(arena, address_split_domain(cut(c->from))),
                                   .subject_base = cut(known.subject_base),
                                   .token = cut(token),
                                   .message_id = cut(known.message_id)};
    if (c->has_return_day) facts->return_ms = c->return_day * DAY_MS + MORNING_MS;
    if (facts->return_ms < 0) facts->return_ms = 0;
    take_recipients(arena, c, facts);
    take_ids(arena, c, &known, facts);
    take_named(arena, c, analysis, facts);
    facts->evidence = write_evidence(arena, c);
    analysis_free(&analyser);
}

void judge_written(struct arena *arena, const struct analysis *analysis, struct answer_facts *facts) {
    *facts = (struct answer_facts){.is_by_hand = true,
                                   .date_ms = analysis->sent_known ? analysis->sent_ms : 0,
                                   .subject_base = cut(analysis->subject_base),
                                   .message_id = cut(analysis->message_id)};
    facts->recipients = ARENA_NEW_ARRAY(arena, struct answer_recipient, ANSWER_RECIPIENTS_MAX);
    for (size_t i = 0; i < analysis->addressees.count && i < ANSWER_RECIPIENTS_MAX; i++)
        facts->recipients[facts->recipient_count++] =
            (struct answer_recipient){lower(arena, analysis->addressees.items[i]), false};
}

void judge_by_hand(struct arena *arena, struct slice message, struct answer_facts *facts) {
    struct analyser *analyser = analysis_new(arena);
    analysis_addressees(analyser);
    analysis_feed(analyser, message);
    judge_written(arena, analysis_finish(analyser), facts);
    analysis_free(&analyser);
}

struct slice judge_token_of(struct slice address) {
    struct slice local;
    struct slice domain;
    (void)address_split(address, &local, &domain);
    size_t plus = slice_find_byte(local, '+');
    return plus == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_skip(local, plus + 1);
}
