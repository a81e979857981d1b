#include "app/settings/move_words.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"

enum { TELL_MS = 1000 };

bool move_is_time_to_tell(struct env *env, uint64_t *told_ms) {
    uint64_t now_ms = (uint64_t)env_now_ms(env);
    if (*told_ms == 0) *told_ms = now_ms;
    if (now_ms - *told_ms < TELL_MS) return false;
    *told_ms = now_ms;
    return true;
}

static json_t *text_of(struct slice text) {
    json_t *value = json_stringn((const char *)text.ptr, text.len);
    if (value) return value;
    struct buffer plain = buffer_new(STORE_PATH_BYTES_MAX * 4);
    for (size_t i = 0; i < text.len; i++) buffer_append_byte(&plain, text.ptr[i] < 0x80 ? text.ptr[i] : '?');
    value = json_stringn((const char *)plain.ptr, plain.len);
    buffer_free(&plain);
    return value;
}

void move_set_text(json_t *object, const char *key, struct slice text) {
    if (text.len == 0) text = slice_of("", 0);
    if (json_object_set_new(object, key, text_of(text))) FATAL("out of memory for a report");
}

void move_set_number(json_t *object, const char *key, uint64_t number) {
    if (json_object_set_new(object, key, json_integer((json_int_t)number)))
        FATAL("out of memory for a report");
}

void move_print_json(json_t *document) {
    char *text = json_dumps(document, JSON_INDENT(2));
    if (!text) FATAL("out of memory for a report");
    (void)puts(text);
    free(text);
    json_decref(document);
}
