#include "analyse/classify_report.h"

#include <jansson.h>

#include "base/limits_classify.h"
#include "wire/charset.h"
#include "wire/date.h"

static void day_write(struct buffer *out, int64_t day) {
    struct date_fields date = date_split(day * 24 * 3600 * 1000);
    buffer_printf(out, "%04d-%02d-%02d", date.year, date.month, date.day);
}

static const char *hardness(bool is_hard) { return is_hard ? "hard" : "soft"; }

/* ---- JSON ---- */

/* Header bytes may be anything; JSON is UTF-8. */
static json_t *json_text(struct slice text) {
    struct buffer utf8 = buffer_new(text.len * 3 + 1);
    charset_to_utf8(SLICE("utf-8"), text, &utf8);
    json_t *value = json_stringn(utf8.len ? (const char *)utf8.ptr : "", utf8.len);
    buffer_free(&utf8);
    ASSERT(value);
    return value;
}

static json_t *json_text_or_null(struct slice text) { return text.len ? json_text(text) : json_null(); }

static json_t *json_buffer(struct buffer *text) {
    json_t *value = json_text_or_null(buffer_slice(text));
    buffer_free(text);
    return value;
}

static json_t *json_code(struct delivery_code code) {
    struct buffer text = buffer_new(32);
    delivery_code_write(&text, code);
    return json_buffer(&text);
}

static json_t *json_day(const struct classification *c) {
    struct buffer text = buffer_new(32);
    if (c->has_return_day) day_write(&text, c->return_day);
    return json_buffer(&text);
}

static void set(json_t *object, const char *name, json_t *value) {
    int failed = json_object_set_new(object, name, value);
    ASSERT(!failed);
}

static void push(json_t *array, json_t *value) {
    int failed = json_array_append_new(array, value);
    ASSERT(!failed);
}

static json_t *new_object(void) {
    json_t *object = json_object();
    ASSERT(object);
    return object;
}

static json_t *new_array(void) {
    json_t *array = json_array();
    ASSERT(array);
    return array;
}

static json_t *json_recipient(const struct bounce_recipient *recipient) {
    json_t *object = new_object();
    bool has_failed = recipient->action == DELIVERY_FAILED;
    set(object, "address", json_text(recipient->address));
    set(object, "final", json_text_or_null(recipient->final));
    set(object, "action", json_string(delivery_action_name(recipient->action)));
    set(object, "hard_soft", has_failed ? json_string(hardness(recipient->is_hard)) : json_null());
    set(object, "status", json_code(recipient->status));
    set(object, "reply_code", recipient->reply_code ? json_integer(recipient->reply_code) : json_null());
    set(object, "reason", json_string(bounce_reason_name(recipient->reason)));
    set(object, "diagnostic", json_text(recipient->diagnostic));
    return object;
}

static json_t *json_recipients(const struct classification *c) {
    json_t *array = new_array();
    for (size_t i = 0; i < c->recipient_count; i++) push(array, json_recipient(&c->recipients[i]));
    return array;
}

static json_t *json_evidence(const struct classification *c) {
    json_t *array = new_array();
    for (size_t i = 0; i < c->evidence_count; i++) {
        json_t *object = new_object();
        set(object, "rule", json_text(c->evidence[i].rule));
        set(object, "saw", json_text(c->evidence[i].saw));
        push(array, object);
    }
    return array;
}

static json_t *json_ids(const struct classification *c) {
    json_t *array = new_array();
    for (size_t i = 0; i < c->id_count; i++) push(array, json_text(c->ids[i]));
    return array;
}

static int append_dumped(const char *bytes, size_t len, void *out) {
    buffer_append(out, slice_of(bytes, len));
    return 0;
}

static void write_json(const struct classification *c, struct slice file, size_t flags, struct buffer *out) {
    json_t *object = new_object();
    if (file.len) set(object, "file", json_text(file));
    set(object, "kind", json_string(classification_kind_name(c->kind)));
    set(object, "hard_soft", c->kind == CLASS_BOUNCE ? json_string(hardness(c->is_hard)) : json_null());
    set(object, "type", json_text_or_null(c->type));
    set(object, "recipients", json_recipients(c));
    set(object, "return_date", json_day(c));
    set(object, "unsubscribe", json_boolean(c->is_unsubscribe));
    set(object, "interest", json_string(interest_name(c->interest)));
    set(object, "category", json_string(category_name(c->category)));
    set(object, "new_text", json_text(c->new_text));
    set(object, "from", json_text_or_null(c->from));
    set(object, "original_recipient", json_text_or_null(c->original_recipient));
    set(object, "message_ids", json_ids(c));
    set(object, "evidence", json_evidence(c));
    int failed = json_dump_callback(object, append_dumped, out, flags);
    ASSERT(!failed);
    buffer_append_byte(out, '\n');
    json_decref(object);
}

/* ---- words ---- */

/* No control byte reaches a terminal. */
static void append_visible(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_control = (c < ' ' && c != '\n') || c == 0x7f;
        if (is_control)
            buffer_printf(out, "\\x%02x", c);
        else
            buffer_append_byte(out, c);
    }
}

static void write_line(struct buffer *out, const char *name, struct slice text) {
    if (text.len == 0) return;
    buffer_printf(out, "%s: ", name);
    append_visible(out, text);
    buffer_append_byte(out, '\n');
}

static void write_recipient(struct buffer *out, const struct bounce_recipient *recipient) {
    buffer_append_text(out, "  ");
    append_visible(out, recipient->address.len ? recipient->address : SLICE("(no address)"));
    buffer_printf(out, ": %s", delivery_action_name(recipient->action));
    if (recipient->action == DELIVERY_FAILED)
        buffer_printf(out, ", %s: %s", hardness(recipient->is_hard), bounce_reason_name(recipient->reason));
    if (recipient->status.class) buffer_append_byte(out, ' ');
    delivery_code_write(out, recipient->status);
    if (recipient->reply_code) buffer_printf(out, " (%u)", recipient->reply_code);
    buffer_append_byte(out, '\n');
    if (recipient->diagnostic.len) buffer_append_text(out, "    ");
    append_visible(out, recipient->diagnostic);
    if (recipient->diagnostic.len) buffer_append_byte(out, '\n');
}

static void write_evidence(struct buffer *out, const struct classification *c) {
    buffer_append_text(out, "because:\n");
    for (size_t i = 0; i < c->evidence_count; i++) {
        buffer_append_text(out, "  ");
        append_visible(out, c->evidence[i].rule);
        if (c->evidence[i].saw.len) buffer_append_text(out, ": ");
        append_visible(out, c->evidence[i].saw);
        buffer_append_byte(out, '\n');
    }
}

static void write_words(const struct classification *c, struct buffer *out) {
    buffer_printf(out, "kind: %s", classification_kind_name(c->kind));
    if (c->kind == CLASS_BOUNCE) buffer_printf(out, " (%s)", hardness(c->is_hard));
    buffer_append_byte(out, '\n');
    write_line(out, "type", c->type);
    for (size_t i = 0; i < c->recipient_count; i++) write_recipient(out, &c->recipients[i]);
    if (c->has_return_day) {
        buffer_append_text(out, "back on: ");
        day_write(out, c->return_day);
        buffer_append_byte(out, '\n');
    }
    buffer_printf(out, "unsubscribe: %s\ninterest: %s\ncategory: %s\n", c->is_unsubscribe ? "yes" : "no",
                  interest_name(c->interest), category_name(c->category));
    for (size_t i = 0; i < c->id_count; i++) write_line(out, "message id", c->ids[i]);
    write_line(out, "original recipient", c->original_recipient);
    write_evidence(out, c);
    if (c->new_text.len) buffer_append_text(out, "new text:\n");
    append_visible(out, c->new_text);
    if (c->new_text.len) buffer_append_byte(out, '\n');
}

enum classify_report_result classify_report(const struct classification *c, struct slice file,
                                            enum classify_report_form form, struct buffer *out) {
    switch (form) {
    case CLASSIFY_WORDS:
        write_words(c, out);
        break;
    case CLASSIFY_JSON:
        write_json(c, SLICE_EMPTY, JSON_INDENT(2), out);
        break;
    case CLASSIFY_JSON_LINE:
        write_json(c, file, JSON_COMPACT, out);
        break;
    }
    return buffer_overflowed(out) ? CLASSIFY_REPORT_TOO_LONG : CLASSIFY_REPORT_OK;
}
