#include "hook/payload.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/limits_hook.h"
#include "wire/date.h"

enum { TIME_BYTES = 32, DAY_MS = 24 * 3600 * 1000 };

static json_t *text_json(struct slice text) {
    json_t *json = json_stringn(text.len ? (const char *)text.ptr : "", text.len);
    if (json) return json;
    struct buffer plain = buffer_new(text.len + 1);
    for (size_t i = 0; i < text.len; i++) buffer_append_byte(&plain, text.ptr[i] < 0x80 ? text.ptr[i] : '?');
    json = json_stringn((const char *)plain.ptr, plain.len);
    buffer_free(&plain);
    return json;
}

/* RFC 3339 5.6 */
static json_t *moment_json(int64_t at_ms) {
    struct date_fields at = date_split(at_ms);
    struct buffer text = buffer_new(TIME_BYTES);
    buffer_printf(&text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", at.year, at.month, at.day, at.hour, at.minute,
                  at.second, (int)(at_ms % 1000));
    json_t *json = text_json(buffer_slice(&text));
    buffer_free(&text);
    return json;
}

static json_t *id_json(uint64_t id) {
    struct buffer text = buffer_new(TIME_BYTES);
    buffer_append_id(&text, id);
    json_t *json = text_json(buffer_slice(&text));
    buffer_free(&text);
    return json;
}

void hook_payload_write(struct buffer *out, const struct hook_event *event) {
    json_t *data = json_object();
    json_object_set_new(data, "event", id_json(event->id));
    for (size_t i = 0; i < event->member_count; i++)
        json_object_set_new(data, event->members[i].name, text_json(event->members[i].text));
    json_t *payload = json_pack("{s:s, s:o, s:o}", "type", event->type, "timestamp",
                                moment_json(event->at_ms), "data", data);
    char *text = json_dumps(payload, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (!text) FATAL("out of memory for an event");
    buffer_append_text(out, text);
    free(text);
    json_decref(payload);
}
