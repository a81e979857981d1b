/*
 * Steps and conditions (outreach/office.h): which step a prospect's turn is at. Who has not answered is in
 * line: steps that are not for him are passed over and take no time. Who answered gets nothing, but for the
 * steps that the document has for such an answer, each once.
 */
#include <jansson.h>

#include "analyse/classify.h"
#include "outreach/office_state.h"
#include "store/answer.h"

static struct snippet_fields fields_of(struct arena *arena, struct slice json) {
    json_t *object = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
    struct snippet_field *items = ARENA_NEW_ARRAY(arena, struct snippet_field, SNIPPET_FIELDS_MAX);
    struct snippet_fields fields = {items, 0};
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        if (!json_is_string(value) || fields.count == SNIPPET_FIELDS_MAX) continue;
        items[fields.count].name = arena_copy(arena, slice_from_text(name));
        items[fields.count++].value =
            arena_copy(arena, slice_of(json_string_value(value), json_string_length(value)));
    }
    json_decref(object);
    return fields;
}

/* The words of docs/sequence.md. */
static struct slice class_of(const struct answer_history *history) {
    switch (history->kind) {
    case ANSWER_REPLY:
        return slice_from_text(interest_name(history->interest < INTERESTS ? (enum interest)history->interest
                                                                           : INTEREST_NEUTRAL));
    case ANSWER_AUTO_REPLY:
    case ANSWER_OUT_OF_OFFICE:
        return slice_from_text(answer_kind_word(history->kind));
    default:
        return SLICE_EMPTY;
    }
}

struct sequence_facts office_facts(struct engine *engine, struct arena *arena,
                                   const struct sequence *sequence, const struct prospect *prospect,
                                   bool is_forecast) {
    struct answer_history history = {.kind = ANSWER_KINDS};
    struct sequence_facts facts = {.has_replied = prospect->has_replied,
                                   .fields = fields_of(arena, prospect->fields),
                                   .is_forecast = is_forecast};
    if (!sequence_asks_answers(sequence)) return facts;
    (void)engine_answer_history(engine, arena, prospect->id, &history);
    facts.reply_class = class_of(&history);
    facts.has_bounced = history.has_bounced;
    return facts;
}

/* Those that are out, or may be. */
static uint32_t steps_sent(struct engine *engine, struct arena *arena, uint64_t prospect) {
    struct outreach_message *messages;
    size_t count = 0;
    uint32_t sent = 0;
    if (engine_outreach_messages(engine, arena, prospect, &messages, &count) != STORE_OK) return UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        bool is_out = messages[i].state == SENT_SENDING || messages[i].state == SENT_SENT ||
                      messages[i].state == SENT_UNKNOWN;
        if (is_out && messages[i].step < SEQUENCE_STEPS_MAX) sent |= UINT32_C(1) << messages[i].step;
    }
    return sent;
}

size_t office_step(struct engine *engine, struct arena *arena, const struct sequence *sequence,
                   const struct prospect *prospect, size_t from, bool is_forecast) {
    struct sequence_facts facts = office_facts(engine, arena, sequence, prospect, is_forecast);
    if (!prospect->has_replied) return sequence_step_next(sequence, from, &facts);
    uint32_t sent = steps_sent(engine, arena, prospect->id);
    /* The one that is about to leave. */
    if (from > prospect->step) sent |= UINT32_C(1) << prospect->step;
    return sequence_step_answering(sequence, prospect->line_step, sent, &facts);
}

/* As a header field may have it (outreach/compose.h): it is a stranger's. */
static bool is_plain_id(struct slice id) {
    for (size_t i = 0; i < id.len; i++)
        if (id.ptr[i] <= ' ' || id.ptr[i] >= 0x7f || id.ptr[i] == '<' || id.ptr[i] == '>') return false;
    return id.len > 0 && id.len <= COMPOSE_ID_BYTES_MAX && slice_find_byte(id, '@') != SLICE_NOT_FOUND;
}

struct slice office_references(struct engine *engine, struct arena *arena, const struct prospect *prospect) {
    struct answer_history history = {.kind = ANSWER_KINDS};
    if (!prospect->has_replied) return prospect->message_ids;
    (void)engine_answer_history(engine, arena, prospect->id, &history);
    if (!is_plain_id(history.reply_id)) return prospect->message_ids;
    return arena_printf(arena, "%.*s %.*s", SLICE_PRINT(prospect->message_ids),
                        SLICE_PRINT(history.reply_id));
}

int64_t office_since_ms(struct engine *engine, struct arena *arena, const struct prospect *prospect) {
    struct answer_history history = {.kind = ANSWER_KINDS};
    if (!prospect->has_replied) return prospect->last_sent_ms;
    (void)engine_answer_history(engine, arena, prospect->id, &history);
    return history.replied_ms > prospect->last_sent_ms ? history.replied_ms : prospect->last_sent_ms;
}
