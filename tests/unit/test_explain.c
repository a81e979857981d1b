/* Refusals in plain words: replies as they are seen, and what is made of them (refusals.txt);
   docs/refusals.md says the same as the program. */
#include "test.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "transit/explain.h"

static struct slice read_file(struct arena *arena, const char *variable) {
    const char *path = getenv(variable);
    assert_non_null(path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *bytes = arena_alloc(arena, 256 * 1024);
    size_t len = fread(bytes, 1, 256 * 1024, file);
    assert_true(feof(file));
    fclose(file);
    return slice_of(bytes, len);
}

/* "id | host | status | reply"; in the reply "\n" is a line's end. */
static struct slice take_column(struct slice *line) {
    size_t end = slice_find(*line, SLICE(" | "));
    if (end == SLICE_NOT_FOUND) end = line->len;
    struct slice column = slice_trim(slice_take(line, end));
    *line = slice_skip(*line, 3);
    return slice_equal(column, SLICE("-")) ? SLICE_EMPTY : column;
}

static struct slice lines_of(struct arena *arena, struct slice text) {
    struct buffer lines = buffer_new(4096);
    while (text.len) {
        if (slice_take_prefix(&text, SLICE("\\n"))) buffer_append_byte(&lines, '\n');
        buffer_append(&lines, slice_take(&text, 1));
    }
    struct slice kept = arena_copy(arena, buffer_slice(&lines));
    buffer_free(&lines);
    return kept;
}

static void check_row(struct arena *arena, struct slice line) {
    struct slice id = take_column(&line);
    struct explain_question question = {0};
    question.host = take_column(&line);
    question.status = take_column(&line);
    question.reply = lines_of(arena, take_column(&line));
    const char *got = explain(&question)->id;
    if (!slice_equal(id, slice_from_text(got)))
        fail_msg("got '%s', want '%.*s' for '%.*s'", got, SLICE_PRINT(id), SLICE_PRINT(question.reply));
}

static void replies_are_known(void **state) {
    struct arena *arena = arena_new(1024 * 1024);
    struct slice text = read_file(arena, "POSTHASTE_REFUSALS");
    size_t count = 0;
    while (text.len) {
        struct slice line = slice_take_until(&text, '\n');
        (void)slice_take_byte(&text, '\n');
        if (!line.len || line.ptr[0] == '#') continue;
        check_row(arena, line);
        count++;
    }
    assert_true(count >= 40);
    arena_free(&arena);
}

static bool has_word(struct slice text, const char *word) {
    return slice_find(text, slice_from_text(word)) != SLICE_NOT_FOUND;
}

/* Each is told by at least one reply, so that no row stands in another's way. */
static void every_refusal_has_a_reply(void **state) {
    struct arena *arena = arena_new(1024 * 1024);
    struct slice text = read_file(arena, "POSTHASTE_REFUSALS");
    const struct explanation *each;
    for (size_t i = 0; (each = explain_at(i)); i++) {
        if (!strcmp(each->id, "expired")) continue; /* told by the outcome, below */
        struct slice row = arena_printf(arena, "\n%s | ", each->id);
        if (slice_find(text, row) == SLICE_NOT_FOUND) fail_msg("no reply for '%s'", each->id);
    }
    arena_free(&arena);
}

static void sentences_are_whole(void **state) {
    const struct explanation *each;
    for (size_t i = 0; (each = explain_at(i)); i++) {
        const char *sentences[] = {each->what, each->postmaster, each->sender};
        for (size_t j = 0; j < 3; j++) {
            struct slice text = slice_from_text(sentences[j]);
            assert_true(text.len > 10 && text.ptr[text.len - 1] == '.');
            for (size_t k = 0; k < text.len; k++) assert_in_range(text.ptr[k], ' ', '~');
        }
        /* A sender need not know what SMTP is. */
        assert_false(has_word(slice_from_text(each->what), "SMTP"));
        assert_false(has_word(slice_from_text(each->sender), "SMTP"));
    }
    assert_true(each == NULL);
}

static void age_explains_where_nothing_else_does(void **state) {
    struct explain_question question = {.status = SLICE("4.0.0"), .is_expired = true};
    assert_string_equal(explain(&question)->id, "expired");
    question.reply = SLICE("452 4.2.2 mailbox full");
    assert_string_equal(explain(&question)->id, "mailbox-full");
}

/* What a stranger says at length, or in controls, matters no more than its beginning. */
static void endless_replies_are_cut(void **state) {
    struct buffer reply = buffer_new(1024 * 1024);
    buffer_append_text(&reply, "550 5.0.0 User\r\n\t unknown\1 ");
    while (reply.len < 500000) buffer_append_text(&reply, "greylisted \xff\n");
    struct explain_question question = {.reply = buffer_slice(&reply), .host = SLICE("mx.example.net")};
    assert_string_equal(explain(&question)->id, "user-unknown");
    buffer_free(&reply);
}

/* A host's name counts by whole labels. */
static void a_lookalike_is_not_the_provider(void **state) {
    struct explain_question question = {.status = SLICE("5.7.25"), .reply = SLICE("x")};
    question.host = SLICE("gmail-smtp-in.l.GOOGLE.com.");
    assert_string_equal(explain(&question)->id, "gmail-ptr");
    question.host = SLICE("gmail-smtp-in.l.google.com[192.0.2.1]");
    assert_string_equal(explain(&question)->id, "gmail-ptr");
    question.host = SLICE("notgoogle.com");
    assert_string_equal(explain(&question)->id, "ptr");
}

static void the_document_says_the_same(void **state) {
    struct arena *arena = arena_new(1024 * 1024);
    struct slice document = read_file(arena, "POSTHASTE_REFUSALS_DOC");
    const struct explanation *each;
    for (size_t i = 0; (each = explain_at(i)); i++) {
        struct slice row =
            arena_printf(arena, "| `%s` | %s | %s | %s | %s |\n", each->id, explain_whose_name(each->whose),
                         each->what, each->postmaster, each->sender);
        size_t at = slice_find(document, row);
        if (at == SLICE_NOT_FOUND) fail_msg("missing: %.*s", SLICE_PRINT(row));
        document = slice_skip(document, at + row.len);
    }
    assert_int_equal(slice_find(document, SLICE("\n| `")), SLICE_NOT_FOUND);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_known),          cmocka_unit_test(every_refusal_has_a_reply),
        cmocka_unit_test(sentences_are_whole),        cmocka_unit_test(age_explains_where_nothing_else_does),
        cmocka_unit_test(endless_replies_are_cut),    cmocka_unit_test(a_lookalike_is_not_the_provider),
        cmocka_unit_test(the_document_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
