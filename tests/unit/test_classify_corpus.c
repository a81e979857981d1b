/* Bounces, complaints and answers of the public test data: how many are taken for what they are. */
#include "corpus.h"

#include <dirent.h>

#include "analyse/classify.h"
#include "base/limits_classify.h"

enum { ARENA_BYTES = 64 << 20, ROWS_MAX = 1000, COLUMNS = 8 };

/* ---- expected.tsv ---- */

struct row {
    struct slice file;
    uint64_t index;
    struct slice kind;
    bool is_hard;
};

struct table {
    struct row rows[ROWS_MAX];
    size_t count;
};

static void read_row(struct table *table, struct slice line) {
    struct slice columns[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++) {
        columns[i] = slice_trim(slice_take_until(&line, '\t'));
        (void)slice_take_byte(&line, '\t');
    }
    struct row row = {
        .file = columns[0], .kind = columns[2], .is_hard = slice_equal(columns[3], SLICE("hard"))};
    if (!slice_to_number(columns[1], 1000, &row.index) || table->count == ROWS_MAX) return;
    table->rows[table->count++] = row;
}

static bool read_table(struct arena *arena, struct table *table) {
    struct slice text;
    if (!corpus_read(arena, "bounces/expected.tsv", &text)) return false;
    while (text.len) {
        read_row(table, slice_take_until(&text, '\n'));
        (void)slice_take_byte(&text, '\n');
    }
    return true;
}

/* ---- the score ---- */

struct score {
    unsigned hard;
    unsigned hard_found;
    unsigned soft;
    unsigned soft_called_hard;
    /* Mails of machines, those of them that were taken for a person's; delays, which are no failures yet. */
    unsigned machines;
    unsigned people;
    unsigned delays;
    unsigned other_kind;
};

/* The n-th failed recipient is called hard; no such recipient: it is not. */
static bool called_hard(const struct classification *c, uint64_t index) {
    uint64_t seen = 0;
    for (size_t i = 0; i < c->recipient_count; i++)
        if (c->recipients[i].action == DELIVERY_FAILED && ++seen == index) return c->recipients[i].is_hard;
    return false;
}

static void score_row(struct score *score, const struct row *row, const struct classification *c) {
    bool is_called = called_hard(c, row->index);
    if (row->is_hard) {
        score->hard++;
        score->hard_found += is_called;
        if (!is_called) print_message("not found: %.*s %d\n", SLICE_PRINT(row->file), (int)row->index);
    } else {
        score->soft++;
        score->soft_called_hard += is_called;
        if (is_called) print_message("called hard: %.*s %d\n", SLICE_PRINT(row->file), (int)row->index);
    }
}

static bool is_expected_kind(struct slice kind, enum classification_kind got) {
    if (slice_equal(kind, SLICE("bounce"))) return got == CLASS_BOUNCE || got == CLASS_DELAY;
    if (slice_equal(kind, SLICE("complaint"))) return got == CLASS_COMPLAINT;
    if (slice_equal(kind, SLICE("delivered"))) return got == CLASS_RECEIPT;
    return got == CLASS_AUTO_REPLY || got == CLASS_OUT_OF_OFFICE;
}

static void score_mail(struct score *score, const struct row *row, const struct classification *c) {
    score->machines++;
    score->people += c->kind == CLASS_REPLY;
    score->delays += c->kind == CLASS_DELAY;
    if (is_expected_kind(row->kind, c->kind)) return;
    score->other_kind++;
    print_message("%.*s: %s\n", SLICE_PRINT(row->file), classification_kind_name(c->kind));
}

static void score_rows(struct score *score, const struct table *table) {
    for (size_t i = 0; i < table->count; i++) {
        const struct row *row = &table->rows[i];
        struct arena *arena = arena_new(ARENA_BYTES);
        struct slice message;
        struct slice path = arena_printf(arena, "bounces/%.*s", SLICE_PRINT(row->file));
        assert_true(corpus_read(arena, (const char *)path.ptr, &message));
        const struct classification *c = classify_message(arena, message);
        if (row->index == 1) score_mail(score, row, c);
        if (slice_equal(row->kind, SLICE("bounce")) && c->kind != CLASS_DELAY) score_row(score, row, c);
        arena_free(&arena);
    }
}

static void bounces_are_found_and_judged(void **state) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct table *table = arena_alloc(arena, sizeof *table);
    struct score score = {0};
    if (!read_table(arena, table)) {
        arena_free(&arena);
        corpus_missing();
    }
    score_rows(&score, table);
    unsigned called = score.hard_found + score.soft_called_hard;
    print_message("hard: %u of %u found (recall %.1f %%), precision %.1f %%\n", score.hard_found, score.hard,
                  100.0 * score.hard_found / score.hard, 100.0 * score.hard_found / called);
    print_message("soft: %u of %u called hard (%.1f %%); %u delays left out\n", score.soft_called_hard,
                  score.soft, 100.0 * score.soft_called_hard / score.soft, score.delays);
    print_message("machines: %u of %u taken for a person; %u of another kind than labelled\n", score.people,
                  score.machines, score.other_kind);
    assert_true(score.hard_found * 100 >= score.hard * 97);
    assert_true(score.soft_called_hard * 100 <= score.soft * 2);
    assert_true(score.people * 100 <= score.machines);
    assert_true(score.other_kind * 100 <= score.machines * 2);
    arena_free(&arena);
}

/* ---- people ---- */

static const char wrap[] =
    "From: Ann Person <ann@customer.example>\r\nTo: ben@ours.example\r\nSubject: Re: Your time\r\n"
    "Date: Tue, 10 Mar 2026 10:00:00 +0100\r\nMessage-ID: <1@customer.example>\r\n"
    "MIME-Version: 1.0\r\n";

static unsigned is_mistaken(const char *name, struct slice mail) {
    struct arena *arena = arena_new(ARENA_BYTES);
    const struct classification *c = classify_message(arena, mail);
    bool is_wrong = c->kind != CLASS_REPLY;
    if (is_wrong) print_error("%s: %s\n", name, classification_kind_name(c->kind));
    arena_free(&arena);
    return is_wrong;
}

/* One file as a mail: a whole one, or a text that is wrapped as one. */
static unsigned judge_file(const char *folder, const char *name) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct slice text;
    struct slice path = arena_printf(arena, "reply-parsing/%s/%s", folder, name);
    assert_true(corpus_read(arena, (const char *)path.ptr, &text));
    struct slice file = slice_from_text(name);
    struct buffer mail = buffer_new(4 << 20);
    bool is_html = slice_ends_nocase(file, SLICE(".html"));
    if (!slice_ends_nocase(file, SLICE(".eml")))
        buffer_printf(&mail, "%sContent-Type: text/%s; charset=utf-8\r\n\r\n", wrap,
                      is_html ? "html" : "plain");
    buffer_append(&mail, text);
    unsigned wrong = is_mistaken(name, buffer_slice(&mail));
    buffer_free(&mail);
    arena_free(&arena);
    return wrong;
}

static bool is_mail_or_text(const char *name) {
    struct slice file = slice_from_text(name);
    return slice_ends_nocase(file, SLICE(".txt")) || slice_ends_nocase(file, SLICE(".eml")) ||
           slice_ends_nocase(file, SLICE(".html")) || slice_ends_nocase(file, SLICE("_body"));
}

static unsigned judge_folder(struct arena *arena, const char *folder, unsigned *count) {
    struct slice path = arena_printf(arena, "%s/data/reply-parsing/%s", corpus_root(), folder);
    unsigned wrong = 0;
    DIR *directory = opendir((const char *)path.ptr);
    if (!directory) return 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (!is_mail_or_text(entry->d_name) || strncmp(entry->d_name, "LICENSE", 7) == 0) continue;
        wrong += judge_file(folder, entry->d_name);
        ++*count;
    }
    closedir(directory);
    return wrong;
}

static void people_are_people(void **state) {
    static const char *const folders[] = {"crisp",
                                          "github",
                                          "talon",
                                          "talon/standard_replies",
                                          "talon/html_replies",
                                          "talon/signature/emails/P",
                                          "talon/signature/emails/stripped"};
    struct arena *arena = arena_new(ARENA_BYTES);
    unsigned count = 0;
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        wrong += judge_folder(arena, folders[i], &count);
    arena_free(&arena);
    if (count == 0) corpus_missing();
    print_message("people: %u mails, %u taken for something else\n", count, wrong);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounces_are_found_and_judged),
        cmocka_unit_test(people_are_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
