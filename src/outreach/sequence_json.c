/*
 * A document in JSON. jansson judges whether it is JSON at all; it reads nested values by recursion and says
 * nothing of places, so the depth is counted before, and the values are gone through again, with their
 * places, in text that is known to be right.
 */
#include <jansson.h>

#include "outreach/sequence_tree.h"

struct json_reader {
    struct tree *tree;
    struct slice rest;
    struct tree_place place;
};

/* One byte further. */
static void step(struct json_reader *reader) {
    bool is_line_end = reader->rest.ptr[0] == '\n';
    bool is_inside = (reader->rest.ptr[0] & 0xc0) == 0x80;
    reader->rest = slice_skip(reader->rest, 1);
    if (is_line_end)
        reader->place = (struct tree_place){reader->place.line + 1, 1};
    else
        reader->place.column += !is_inside;
}

static bool is_between(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':';
}

static bool is_bracket(uint8_t c) { return c == '{' || c == '[' || c == '}' || c == ']'; }

/* A text with its quotes, or a literal. */
static struct slice take_token(struct json_reader *reader) {
    struct slice start = reader->rest;
    bool is_text = start.ptr[0] == '"';
    do {
        if (is_text && reader->rest.ptr[0] == '\\') step(reader);
        if (reader->rest.len) step(reader);
    } while (reader->rest.len &&
             (is_text ? reader->rest.ptr[0] != '"'
                      : !is_between(reader->rest.ptr[0]) && !is_bracket(reader->rest.ptr[0]) &&
                            reader->rest.ptr[0] != '"'));
    if (is_text && reader->rest.len) step(reader);
    return slice_sub(start, 0, start.len - reader->rest.len);
}

/* Before jansson: how deep, and how many. */
static bool is_modest(struct json_reader reader) {
    size_t depth = 0;
    size_t values = 0;
    while (reader.rest.len) {
        uint8_t c = reader.rest.ptr[0];
        struct tree_place place = reader.place;
        bool is_token = !is_between(c) && !is_bracket(c);
        bool is_over = false;
        if (c == '{' || c == '[') is_over = ++depth > SEQUENCE_DEPTH_MAX;
        if ((c == '}' || c == ']') && depth > 0) depth--;
        if (is_token)
            (void)take_token(&reader);
        else
            step(&reader);
        /* Keys are counted too. */
        if (!is_between(c) && ++values > 3 * (size_t)SEQUENCE_VALUES_MAX) is_over = true;
        if (is_over) {
            tree_fault_at(reader.tree, place, SLICE_EMPTY,
                          "a sequence has at most %d values, %d deep within each other", SEQUENCE_VALUES_MAX,
                          SEQUENCE_DEPTH_MAX);
            return false;
        }
    }
    return true;
}

static bool is_json(struct tree *tree, struct slice document) {
    json_error_t error;
    json_t *json = json_loadb((const char *)document.ptr, document.len, JSON_REJECT_DUPLICATES, &error);
    if (json) {
        json_decref(json);
        return true;
    }
    tree_fault_at(tree, (struct tree_place){(unsigned)error.line, (unsigned)error.column}, SLICE_EMPTY, "%s",
                  error.text);
    return false;
}

static bool add_token(struct json_reader *reader) {
    struct tree_place place = reader->place;
    struct slice token = take_token(reader);
    if (token.ptr[0] != '"') return tree_add_text(reader->tree, token, true, place);
    json_t *text = json_loadb((const char *)token.ptr, token.len, JSON_DECODE_ANY, NULL);
    ASSERT(json_is_string(text));
    bool is_added = tree_add_text(reader->tree, slice_of(json_string_value(text), json_string_length(text)),
                                  false, place);
    json_decref(text);
    return is_added;
}

static bool add_next(struct json_reader *reader) {
    uint8_t c = reader->rest.ptr[0];
    if (!is_between(c) && !is_bracket(c)) return add_token(reader);
    if (c == '{' || c == '[') {
        if (!tree_open(reader->tree, c == '{' ? TREE_MAP : TREE_LIST, reader->place)) return false;
    } else if (c == '}' || c == ']') {
        tree_close(reader->tree);
    }
    step(reader);
    return true;
}

bool tree_read_json(struct tree *tree, struct slice document) {
    struct json_reader reader = {tree, document, {1, 1}};
    if (!is_modest(reader) || !is_json(tree, document)) return false;
    while (reader.rest.len)
        if (!add_next(&reader)) return false;
    return true;
}
