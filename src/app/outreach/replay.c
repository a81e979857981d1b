#include "app/outreach/replay.h"

#include "analyse/classify.h"
#include "wire/date.h"

enum { EVIDENCE_WORDS_BYTES = 400, EVIDENCE_SAW_BYTES = 60 };

/* ---- what differs ---- */

static bool was_hard(const struct outreach_answer *was) {
    return was->classifier ? was->is_hard : was->decision == DECISION_BOUNCED;
}

static bool is_kind_alike(const struct replay_difference *difference) {
    const struct outreach_answer *was = difference->was;
    const struct answer_facts *now = difference->now;
    switch (now->kind) {
    case ANSWER_REPLY:
        return was->is_unsubscribe == now->is_unsubscribe &&
               (was->classifier == 0 || was->interest == now->interest);
    case ANSWER_OUT_OF_OFFICE:
        return was->classifier == 0 || was->return_ms == now->return_ms;
    case ANSWER_BOUNCE:
        return was_hard(was) == difference->is_hard;
    default:
        return true;
    }
}

bool replay_differs(const struct outreach_answer *was, const struct answer_facts *now,
                    struct replay_difference *difference) {
    /* It is asked as of the day it came. */
    struct answer_question question = {.match = was->match, .address = was->address, .now_ms = was->at_ms};
    *difference = (struct replay_difference){.was = was,
                                             .now = now,
                                             .is_hard = answer_is_hard(now, was->address),
                                             .decision = answer_decide(now, &question),
                                             .keeps_wish = was->is_unsubscribe};
    return answer_kind_now(was) != now->kind || !is_kind_alike(difference);
}

/* ---- in words ---- */

static struct slice details(struct arena *arena, enum answer_kind kind, bool is_unsubscribe,
                            uint32_t interest, bool is_hard, int64_t return_ms) {
    struct slice word = slice_from_text(answer_kind_word(kind));
    if (kind == ANSWER_REPLY && is_unsubscribe)
        return arena_printf(arena, "%.*s that asks not to be written to", SLICE_PRINT(word));
    if (kind == ANSWER_REPLY)
        return arena_printf(arena, "%.*s, %s", SLICE_PRINT(word),
                            interest < INTERESTS ? interest_name((enum interest)interest) : "");
    if (kind == ANSWER_BOUNCE)
        return arena_printf(arena, "%s %.*s", is_hard ? "hard" : "soft", SLICE_PRINT(word));
    if (kind != ANSWER_OUT_OF_OFFICE || return_ms <= 0) return word;
    struct date_fields day = date_split(return_ms);
    return arena_printf(arena, "%.*s, back on %04d-%02d-%02d", SLICE_PRINT(word), day.year, day.month,
                        day.day);
}

struct slice replay_words_before(struct arena *arena, const struct replay_difference *difference) {
    const struct outreach_answer *was = difference->was;
    return details(arena, answer_kind_now(was), was->is_unsubscribe, was->interest, was_hard(was),
                   was->return_ms);
}

struct slice replay_words_after(struct arena *arena, const struct replay_difference *difference) {
    const struct answer_facts *now = difference->now;
    return details(arena, now->kind, now->is_unsubscribe, now->interest, difference->is_hard, now->return_ms);
}

const char *replay_words_effect(const struct replay_difference *difference) {
    static const char *const words[DECISIONS] = {
        [DECISION_NOTHING] = "nothing: the sequence goes on",
        [DECISION_STOPPED] = "the person gets no follow-up",
        [DECISION_PAUSED] = "paused, until a person decides",
        [DECISION_PUT_OFF] = "the next step waits until then",
        [DECISION_BOUNCED] = "bounced, and suppressed",
        [DECISION_SUPPRESSED] = "suppressed",
    };
    if (difference->keeps_wish) return "nothing: a wish not to be written to stays";
    if (difference->now->kind == ANSWER_REPLY && difference->now->is_unsubscribe)
        return "the person gets no follow-up, and is suppressed";
    return words[difference->decision];
}

struct slice replay_words_evidence(struct arena *arena, struct slice evidence) {
    json_t *list = json_loadb((const char *)evidence.ptr, evidence.len, 0, NULL);
    struct buffer words = buffer_new(EVIDENCE_WORDS_BYTES);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        const char *rule = json_string_value(json_object_get(item, "rule"));
        const char *saw = json_string_value(json_object_get(item, "saw"));
        if (!rule) continue;
        buffer_printf(&words, "%s%s", words.len ? "; " : "", rule);
        if (saw && saw[0]) buffer_printf(&words, " (%.*s)", EVIDENCE_SAW_BYTES, saw);
    }
    json_decref(list);
    struct slice copy = arena_copy(arena, buffer_slice(&words));
    buffer_free(&words);
    return copy.len ? copy : SLICE("nothing is recorded");
}

/* ---- as JSON ---- */

static json_t *text(struct slice bytes) {
    json_t *json = json_stringn((const char *)bytes.ptr, bytes.len);
    return json ? json : json_string("");
}

static json_t *evidence_json(struct slice evidence) {
    json_t *list = json_loadb((const char *)evidence.ptr, evidence.len, 0, NULL);
    return list ? list : json_array();
}

static json_t *side_json(struct slice words, enum answer_kind kind, enum answer_decision decision,
                         uint32_t classifier, struct slice evidence) {
    return json_pack("{s:s, s:o, s:s, s:I, s:o}", "kind", answer_kind_word(kind), "words", text(words),
                     "decision", answer_decision_word(decision), "classifier", (json_int_t)classifier,
                     "evidence", evidence_json(evidence));
}

json_t *replay_json(struct arena *arena, const struct replay_difference *difference) {
    const struct outreach_answer *was = difference->was;
    const struct answer_facts *now = difference->now;
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:s, s:s, s:o, s:o}", "answer",
                     text(arena_printf(arena, "%016llx", (unsigned long long)was->id)), "at_ms",
                     (json_int_t)was->at_ms, "campaign", text(was->campaign_name), "prospect",
                     text(was->address), "from", text(was->from), "found_by", answer_match_word(was->match),
                     "effect", replay_words_effect(difference), "before",
                     side_json(replay_words_before(arena, difference), answer_kind_now(was), was->decision,
                               was->classifier, was->evidence),
                     "after",
                     side_json(replay_words_after(arena, difference), now->kind, difference->decision,
                               now->classifier, now->evidence));
}
