/* A report, as standard input (JSON) describes it, to standard output, so that other programs can judge it.
   The exit status is enum report_result. Byte strings are given with a character for each byte ("latin-1").
 */
#include <jansson.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/limits.h"
#include "transit/report.h"

static struct slice text_of(struct arena *arena, const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    if (!value) return SLICE_EMPTY;
    struct slice utf8 = slice_of(json_string_value(value), json_string_length(value));
    uint8_t *bytes = arena_alloc(arena, utf8.len + 1);
    size_t len = 0;
    while (utf8.len) {
        uint32_t c = slice_take(&utf8, 1).ptr[0];
        if (c >= 0xc2 && utf8.len) c = (c << 6 | (slice_take(&utf8, 1).ptr[0] & 0x3f)) & 0xff;
        bytes[len++] = (uint8_t)c;
    }
    return slice_of(bytes, len);
}

static int64_t number_of(const json_t *object, const char *name) {
    return json_integer_value(json_object_get(object, name));
}

static struct outgoing_recipient recipient_of(struct arena *arena, const json_t *object) {
    return (struct outgoing_recipient){
        .notify = (uint32_t)number_of(object, "notify"),
        .outcome = (enum queue_outcome)number_of(object, "outcome"),
        .address = text_of(arena, object, "address"),
        .original = text_of(arena, object, "original"),
        .status = text_of(arena, object, "status"),
        .reply = text_of(arena, object, "reply"),
        .host = text_of(arena, object, "host"),
    };
}

static void read_outgoing(struct arena *arena, const json_t *object, struct outgoing *outgoing) {
    const json_t *recipients = json_object_get(object, "recipients");
    outgoing->mail_from = text_of(arena, object, "mail_from");
    outgoing->envelope_id = text_of(arena, object, "envelope_id");
    outgoing->dsn_return = (uint32_t)number_of(object, "dsn_return");
    outgoing->properties = (unsigned)number_of(object, "properties");
    outgoing->received_ms = number_of(object, "received_ms");
    outgoing->recipient_count = json_array_size(recipients);
    outgoing->recipients = ARENA_NEW_ARRAY(arena, struct outgoing_recipient, outgoing->recipient_count);
    for (size_t i = 0; i < outgoing->recipient_count; i++)
        outgoing->recipients[i] = recipient_of(arena, json_array_get(recipients, i));
}

static enum report_result write_report(struct arena *arena, const json_t *object, struct buffer *out) {
    struct outgoing outgoing = {0};
    read_outgoing(arena, object, &outgoing);
    struct report_source source = {
        .outgoing = &outgoing,
        .kind = (enum report_kind)number_of(object, "kind"),
        .success = (enum report_success)number_of(object, "success"),
        .hostname = text_of(arena, object, "hostname"),
        .now_ms = number_of(object, "now_ms"),
        .last_attempt_ms = number_of(object, "last_attempt_ms"),
        .expires_ms = number_of(object, "expires_ms"),
        .random = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255},
        .original = text_of(arena, object, "original"),
        .is_original_whole = json_is_true(json_object_get(object, "is_original_whole")),
    };
    size_t covered;
    enum report_result result = report_write(&source, out, &covered);
    ASSERT(covered <= outgoing.recipient_count);
    return result;
}

int main(void) {
    json_t *object = json_loadf(stdin, JSON_ALLOW_NUL, NULL);
    ASSERT(object);
    struct arena *arena = arena_new(MIB(64));
    struct buffer out = buffer_new(REPORT_BYTES_MAX);
    enum report_result result = write_report(arena, object, &out);
    if (out.len) (void)fwrite(out.ptr, 1, out.len, stdout);
    buffer_free(&out);
    arena_free(&arena);
    json_decref(object);
    return (int)result;
}
