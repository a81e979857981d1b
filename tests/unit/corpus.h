/* Reads the public test data that POSTHASTE_SHARED names; tests that need it say when it is missing. */
#ifndef CORPUS_H
#define CORPUS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "test.h"

static inline const char *corpus_root(void) {
    const char *root = getenv("POSTHASTE_SHARED");
    return root ? root : "../../../shared";
}

/* The file's bytes, or false: there is none. */
static inline bool corpus_read(struct arena *arena, const char *path, struct slice *bytes) {
    struct slice full = arena_printf(arena, "%s/data/%s", corpus_root(), path);
    FILE *file = fopen((const char *)full.ptr, "rb");
    if (!file) return false;
    struct buffer content = buffer_new(64u << 20);
    size_t got;
    do {
        uint8_t *room = buffer_reserve(&content, 65536);
        assert_non_null(room);
        got = fread(room, 1, 65536, file);
        buffer_grew(&content, got);
    } while (got);
    fclose(file);
    *bytes = arena_copy(arena, buffer_slice(&content));
    buffer_free(&content);
    return true;
}

/* The same with every line break as CRLF. */
static inline struct slice corpus_crlf(struct arena *arena, struct slice text) {
    uint8_t *out = arena_alloc(arena, text.len * 2 + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n' && (i == 0 || text.ptr[i - 1] != '\r')) out[len++] = '\r';
        out[len++] = text.ptr[i];
    }
    return slice_of(out, len);
}

/* The messages whose path ends in `key` ("folder/file"), in CRLF. */
static inline bool corpus_message(struct arena *arena, const char *key, struct slice *message) {
    static const char *const places[] = {"ruby-mail", "mail-parser", "mime4j"};
    for (size_t i = 0; i < 3; i++) {
        struct slice path = arena_printf(arena, "mime-corpus/%s/%s", places[i], key);
        if (!corpus_read(arena, (const char *)path.ptr, message)) continue;
        *message = corpus_crlf(arena, *message);
        return true;
    }
    return false;
}

static inline void corpus_missing(void) {
    print_message("the test data of POSTHASTE_SHARED is not there\n");
    skip();
}

#endif
