#include "filter/rspamd.h"

#include <jansson.h>

#include "base/limits.h"
#include "filter/added_fields.h"
#include "wire/wire_text.h"

/* ---- the request ---- */

/* Nothing a stranger chose can end its line. */
static void write_field(struct buffer *out, const char *name, struct slice value) {
    if (value.len == 0) return;
    buffer_append_text(out, name);
    buffer_append_text(out, ": ");
    wire_text_clean(out, value, false);
    buffer_append_text(out, "\r\n");
}

void rspamd_request_write(struct buffer *out, const struct filter_question *question, struct slice host,
                          uint64_t body_bytes) {
    buffer_append_text(out, "POST /checkv2 HTTP/1.1\r\n");
    write_field(out, "Host", host);
    buffer_append_text(out, "Connection: close\r\n");
    buffer_printf(out, "Content-Length: %llu\r\n", (unsigned long long)body_bytes);
    buffer_printf(out, "Queue-Id: %016llx\r\n", (unsigned long long)question->id);
    buffer_append_text(out, "From: <");
    wire_text_clean(out, question->mail_from, false);
    buffer_append_text(out, ">\r\n");
    for (size_t i = 0; i < question->recipient_count; i++) write_field(out, "Rcpt", question->recipients[i]);
    write_field(out, "IP", question->address);
    write_field(out, "Helo", question->helo);
    write_field(out, "User", question->user);
    if (question->recipient_count == 1) write_field(out, "Deliver-To", question->recipients[0]);
    buffer_append_text(out, "\r\n");
}

/* ---- what the answer may be ---- */

/* jansson reads nested values by recursion, on a small stack: brackets are counted first. */
static bool is_shallow(struct slice json) {
    unsigned depth = 0;
    bool is_text = false;
    for (size_t i = 0; i < json.len; i++) {
        uint8_t c = json.ptr[i];
        if (is_text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                is_text = false;
            continue;
        }
        if (c == '"') is_text = true;
        if ((c == '{' || c == '[') && ++depth > FILTER_JSON_DEPTH_MAX) return false;
        if ((c == '}' || c == ']') && depth > 0) depth--;
    }
    return true;
}

static struct slice text_of(const json_t *value) {
    if (!json_is_string(value)) return SLICE_EMPTY;
    return slice_of(json_string_value(value), json_string_length(value));
}

static struct slice text_at(const json_t *object, const char *key) {
    return text_of(json_object_get(object, key));
}

/* rspamd's actions; one of a name that an operator invented says nothing about where a message goes. */
static enum filter_action action_of(struct slice name) {
    static const struct {
        struct slice name;
        enum filter_action action;
    } actions[] = {
        {SLICE_INIT("reject"), FILTER_REJECT},    {SLICE_INIT("soft reject"), FILTER_DEFER},
        {SLICE_INIT("add header"), FILTER_JUNK},  {SLICE_INIT("rewrite subject"), FILTER_JUNK},
        {SLICE_INIT("quarantine"), FILTER_JUNK},  {SLICE_INIT("discard"), FILTER_JUNK},
        {SLICE_INIT("no action"), FILTER_ACCEPT}, {SLICE_INIT("greylist"), FILTER_ACCEPT},
    };
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (slice_equal(name, actions[i].name)) return actions[i].action;
    return FILTER_ACCEPT;
}

/* ---- the summary ---- */

static void write_score(struct buffer *out, const json_t *answer) {
    const json_t *score = json_object_get(answer, "score");
    const json_t *required = json_object_get(answer, "required_score");
    if (!json_is_number(score)) return;
    buffer_printf(out, "; score=%.2f", json_number_value(score));
    if (json_is_number(required)) buffer_printf(out, "/%.2f", json_number_value(required));
}

/* Symbols are names of rules: only what can be one is told. */
static bool is_symbol(struct slice name) {
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '_') return false;
    return name.len > 0 && name.len <= FILTER_FIELD_NAME_BYTES_MAX;
}

/* A blank behind a comma lets the field be folded there. */
static void write_symbols(struct buffer *out, json_t *symbols) {
    const char *name;
    json_t *symbol;
    size_t count = 0;
    json_object_foreach(symbols, name, symbol) {
        struct slice text = slice_from_text(name);
        if (!is_symbol(text) || out->len + text.len + 16 > FILTER_FIELD_LINE_BYTES_MAX) continue;
        if (count == FILTER_SYMBOLS_MAX) return;
        buffer_append_text(out, count ? ", " : "; symbols=");
        buffer_append(out, text);
        count++;
    }
}

static void write_summary(struct buffer *out, const json_t *answer) {
    buffer_append_text(out, "rspamd; action=\"");
    wire_text_clean(out, slice_sub(text_at(answer, "action"), 0, FILTER_FIELD_NAME_BYTES_MAX), true);
    buffer_append_text(out, "\"");
    write_score(out, answer);
    write_symbols(out, json_object_get(answer, "symbols"));
}

/* ---- fields ---- */

/* A value is a text, {"value": text, "order": number}, or a list of these. */
static void add_value(struct added_fields *fields, struct slice name, const json_t *value) {
    struct slice text = json_is_object(value) ? text_at(value, "value") : text_of(value);
    if (text.len) (void)added_fields_add(fields, name, text);
}

static void add_values(struct added_fields *fields, struct slice name, const json_t *value) {
    if (!json_is_array(value)) {
        add_value(fields, name, value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) add_value(fields, name, json_array_get(value, i));
}

static void add_fields(struct added_fields *fields, json_t *wanted) {
    const char *name;
    json_t *value;
    json_object_foreach(wanted, name, value) add_values(fields, slice_from_text(name), value);
}

static struct slice fields_of(const json_t *answer, struct slice summary, struct arena *arena) {
    struct added_fields fields = added_fields_new();
    (void)added_fields_add(&fields, SLICE("X-Posthaste-Filter"), summary);
    add_fields(&fields, json_object_get(json_object_get(answer, "milter"), "add_headers"));
    struct slice copy = arena_copy(arena, buffer_slice(&fields.bytes));
    added_fields_free(&fields);
    return copy;
}

/* ---- the verdict ---- */

static struct slice clean_text(struct slice text, struct arena *arena) {
    struct buffer clean = buffer_new(KIB(4));
    wire_text_clean(&clean, slice_sub(text, 0, FILTER_TEXT_BYTES_MAX), true);
    struct slice copy = arena_copy(arena, buffer_slice(&clean));
    buffer_free(&clean);
    return copy;
}

static void read_answer(const json_t *answer, struct arena *arena, struct filter_verdict *verdict) {
    struct buffer summary = buffer_new(KIB(4));
    write_summary(&summary, answer);
    verdict->action = action_of(text_at(answer, "action"));
    verdict->text = clean_text(text_at(json_object_get(answer, "messages"), "smtp_message"), arena);
    verdict->summary = arena_copy(arena, buffer_slice(&summary));
    verdict->fields = fields_of(answer, verdict->summary, arena);
    buffer_free(&summary);
}

void rspamd_verdict_read(struct slice json, struct arena *arena, struct filter_verdict *verdict) {
    *verdict =
        (struct filter_verdict){.action = FILTER_DOWN, .text = SLICE("rspamd's answer makes no sense")};
    if (!is_shallow(json)) return;
    json_t *answer = json_loadb((const char *)json.ptr, json.len, 0, NULL);
    if (json_is_object(answer) && text_at(answer, "action").len) read_answer(answer, arena, verdict);
    json_decref(answer);
}
