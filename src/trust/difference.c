#include "trust/difference.h"

#include "base/buffer.h"
#include "base/limits.h"

enum { STRING_BYTES_MAX = 255, WORDS_BYTES_MAX = 1024 };

struct slice difference_shown(struct arena *arena, struct slice text, size_t max) {
    struct buffer out = buffer_new(max + 3);
    for (size_t i = 0; i < text.len && i < max; i++)
        buffer_append_byte(&out, text.ptr[i] >= ' ' && text.ptr[i] < 127 ? text.ptr[i] : '?');
    if (text.len > max) buffer_append_text(&out, "...");
    struct slice shown = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return shown;
}

/* ---- comparing ---- */

static size_t same_at_start(struct slice a, struct slice b) {
    size_t i = 0;
    while (i < a.len && i < b.len && a.ptr[i] == b.ptr[i]) i++;
    return i;
}

/* Of what is left behind the first `start` bytes of each. */
static size_t same_at_end(struct slice a, struct slice b, size_t start) {
    size_t i = 0;
    while (i < a.len - start && i < b.len - start && a.ptr[a.len - 1 - i] == b.ptr[b.len - 1 - i]) i++;
    return i;
}

/* The same, but for bytes of `ignored` in `found`. */
static bool is_same_without(struct slice wanted, struct slice found, const char *ignored) {
    size_t at = 0;
    for (size_t i = 0; i < found.len; i++) {
        if (at < wanted.len && found.ptr[i] == wanted.ptr[at])
            at++;
        else if (!strchr(ignored, found.ptr[i]) || found.ptr[i] == 0)
            return false;
    }
    return at == wanted.len;
}

/* ---- known mistakes; each NULL: it is another ---- */

static const char *mistake(struct slice wanted, struct slice found) {
    if (slice_equal_nocase(wanted, found))
        return "the letters are the same, but not whether they are large or small, which counts here";
    if (is_same_without(wanted, found, "\""))
        return "quotation marks are part of the value: enter it without them";
    if (is_same_without(wanted, found, "\\"))
        return "backslashes are part of the value: enter it without them";
    if (is_same_without(wanted, found, " \t\r\n"))
        return "there are blanks in it that do not belong there: enter it in one piece";
    if (is_same_without(wanted, found, "\"\\ \t\r\n"))
        return "quotation marks, backslashes or blanks are part of the value: enter it without them";
    return NULL;
}

static void append_piece(struct buffer *out, struct arena *arena, struct slice piece) {
    struct slice shown = difference_shown(arena, piece, DIFFERENCE_SHOWN_BYTES);
    buffer_printf(out, "\"%.*s\"", SLICE_PRINT(shown));
}

static void append_count(struct buffer *out, size_t count) {
    buffer_printf(out, "%zu character%s", count, count == 1 ? "" : "s");
}

static void say_missing(struct buffer *out, struct arena *arena, struct slice wanted, size_t start,
                        size_t len) {
    bool is_rest = start + len == wanted.len;
    append_count(out, len);
    if (is_rest)
        buffer_printf(out, " at its end %s missing: it stops after %zu of %zu", len == 1 ? "is" : "are",
                      start, wanted.len);
    else {
        buffer_printf(out, " %s missing behind the first %zu: ", len == 1 ? "is" : "are", start);
        append_piece(out, arena, slice_sub(wanted, start, len));
    }
    bool is_chunk = start % STRING_BYTES_MAX == 0 && start > 0;
    if (is_chunk || len == STRING_BYTES_MAX)
        buffer_append_text(
            out, "; a whole string of the record got lost: it has several, and all must be entered");
}

static void say_extra(struct buffer *out, struct arena *arena, struct slice found, size_t start, size_t len) {
    append_count(out, len);
    buffer_printf(out, " too much %s the first %zu: ", start + len == found.len ? "behind" : "in it, behind",
                  start);
    append_piece(out, arena, slice_sub(found, start, len));
}

static void say_other(struct buffer *out, struct arena *arena, struct slice wanted, struct slice found,
                      size_t start, size_t end) {
    struct slice should = slice_sub(wanted, start, wanted.len - end - start);
    struct slice is = slice_sub(found, start, found.len - end - start);
    buffer_printf(out, "from character %zu on it says ", start + 1);
    append_piece(out, arena, is);
    buffer_append_text(out, " where it should say ");
    append_piece(out, arena, should);
    if (start == 0 && end == 0) return;
    buffer_append_text(out, "; the rest is the same");
}

struct slice difference_words(struct arena *arena, struct slice wanted, struct slice found) {
    if (slice_equal(wanted, found)) return SLICE("");
    const char *known = mistake(wanted, found);
    if (known) return slice_from_text(known);
    struct buffer out = buffer_new(WORDS_BYTES_MAX);
    size_t start = same_at_start(wanted, found);
    size_t end = same_at_end(wanted, found, start);
    if (found.len == 0)
        buffer_append_text(&out, "it is empty");
    else if (start + end == found.len)
        say_missing(&out, arena, wanted, start, wanted.len - found.len);
    else if (start + end == wanted.len)
        say_extra(&out, arena, found, start, found.len - wanted.len);
    else
        say_other(&out, arena, wanted, found, start, end);
    struct slice words = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return words;
}
