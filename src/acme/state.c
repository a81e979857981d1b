#include "acme/state.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/encode.h"

enum { SEALED_BYTES_MAX = 4096 };

/* ---- a row for each member ---- */

#define ROW(name, member) \
    { name, offsetof(struct acme_state, member) }
#define TEXT(member) ROW(#member, member)
static const struct member {
    const char *name;
    size_t at;
} texts[] = {TEXT(directory),     TEXT(account), TEXT(contact),     ROW("account_key", old_account_key),
             ROW("key", old_key), TEXT(chain),   TEXT(leaf.issuer), TEXT(leaf.identifier),
             TEXT(words),         TEXT(advice)};
static const struct member times[] = {
    TEXT(leaf.not_before_ms), TEXT(leaf.not_after_ms), TEXT(renew_ms), TEXT(window.start_ms),
    TEXT(window.end_ms),      TEXT(window_look_ms),    TEXT(tried_ms), TEXT(next_ms)};

static struct slice *text_of(const struct acme_state *state, size_t i) {
    return (struct slice *)((uintptr_t)state + texts[i].at);
}
static int64_t *time_of(const struct acme_state *state, size_t i) {
    return (int64_t *)((uintptr_t)state + times[i].at);
}

static struct slice copy_text(struct arena *arena, const json_t *value) {
    return arena_copy(arena, slice_from_text(json_string_value(value)));
}

static struct slice read_sealed(struct arena *arena, const json_t *value) {
    struct buffer sealed = buffer_new(SEALED_BYTES_MAX);
    bool good = base64_decode(&sealed, slice_from_text(json_string_value(value)));
    struct slice copy = good ? arena_copy(arena, buffer_slice(&sealed)) : SLICE_EMPTY;
    buffer_free(&sealed);
    return copy;
}

static json_t *sealed_json(struct slice sealed) {
    struct buffer text = buffer_new(2 * (size_t)SEALED_BYTES_MAX);
    base64_encode(&text, sealed);
    json_t *value = json_stringn((const char *)text.ptr, text.len);
    buffer_free(&text);
    return value ? value : json_string("");
}

static void read_lists(const json_t *root, struct arena *arena, struct acme_state *state) {
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(root, "names"), i, item) {
        if (i == ACME_NAMES_MAX) break;
        state->leaf.names[state->leaf.name_count++] = copy_text(arena, item);
    }
    json_array_foreach(json_object_get(root, "left_out"), i, item) {
        if (i == ACME_NAMES_MAX) break;
        state->left_out[state->left_out_count++] =
            (struct acme_left_out){copy_text(arena, json_object_get(item, "name")),
                                   json_integer_value(json_object_get(item, "until_ms"))};
    }
}

void acme_state_read(struct slice json, struct arena *arena, struct acme_state *state) {
    json_t *root = json_loadb((const char *)json.ptr, json.len, 0, NULL);
    *state = (struct acme_state){0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *text_of(state, i) = copy_text(arena, json_object_get(root, texts[i].name));
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        *time_of(state, i) = json_integer_value(json_object_get(root, times[i].name));
    json_int_t failures = json_integer_value(json_object_get(root, "failures"));
    state->failures = failures > 0 ? (uint64_t)failures : 0;
    state->account_key = read_sealed(arena, json_object_get(root, "account_key_sealed"));
    state->key = read_sealed(arena, json_object_get(root, "key_sealed"));
    read_lists(root, arena, state);
    json_decref(root);
}

/* What a CA said may be no UTF-8. */
static json_t *text_json(struct slice text) {
    json_t *value = text.len ? json_stringn((const char *)text.ptr, text.len) : json_string("");
    return value ? value : json_string("?");
}

void acme_state_write(struct buffer *out, const struct acme_state *state) {
    json_t *root = json_pack("{s:I}", "failures", (json_int_t)state->failures);
    json_t *names = json_array();
    json_t *left_out = json_array();
    (void)json_object_set_new(root, "account_key_sealed", sealed_json(state->account_key));
    (void)json_object_set_new(root, "key_sealed", sealed_json(state->key));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        (void)json_object_set_new(root, texts[i].name, text_json(*text_of(state, i)));
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        (void)json_object_set_new(root, times[i].name, json_integer(*time_of(state, i)));
    for (size_t i = 0; i < state->leaf.name_count; i++)
        (void)json_array_append_new(names, text_json(state->leaf.names[i]));
    for (size_t i = 0; i < state->left_out_count; i++)
        (void)json_array_append_new(left_out,
                                    json_pack("{s:o, s:I}", "name", text_json(state->left_out[i].name),
                                              "until_ms", (json_int_t)state->left_out[i].until_ms));
    (void)json_object_set_new(root, "names", names);
    (void)json_object_set_new(root, "left_out", left_out);
    char *text = json_dumps(root, JSON_COMPACT);
    if (!text) FATAL("out of memory for the state of ACME");
    buffer_append_text(out, text);
    free(text);
    json_decref(root);
}
