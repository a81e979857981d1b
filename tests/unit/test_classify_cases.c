/* Mails of people and machines in five languages, told apart: the cases of tests/classify. */
#include "test.h"

#include "analyse/classify.h"
#include "base/limits_classify.h"
#include "wire/date.h"

enum { LANGUAGES = 5, CASES_OF_CLASS_MIN = 20, ARENA_BYTES = 8 << 20 };

/* ---- a case ---- */

struct test_case {
    const char *language;
    unsigned line;
    struct slice class;
    struct slice subject;
    struct slice from;
    struct slice sent;
    struct slice date;
    struct slice new_text;
    struct slice heads[4];
    size_t head_count;
    bool is_html;
    bool is_fresh;
    struct slice text;
};

static struct slice take_field(struct slice *rest) {
    size_t at = slice_find(*rest, SLICE(" | "));
    struct slice field = slice_sub(*rest, 0, at == SLICE_NOT_FOUND ? rest->len : at);
    *rest = at == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_skip(*rest, at + 3);
    return field;
}

static void read_key(struct test_case *c, struct slice field) {
    if (slice_equal(field, SLICE("html")))
        c->is_html = true;
    else if (slice_equal(field, SLICE("fresh")))
        c->is_fresh = true;
    else if (slice_take_prefix(&field, SLICE("subject=")))
        c->subject = field;
    else if (slice_take_prefix(&field, SLICE("from=")))
        c->from = field;
    else if (slice_take_prefix(&field, SLICE("sent=")))
        c->sent = field;
    else if (slice_take_prefix(&field, SLICE("date=")))
        c->date = field;
    else if (slice_take_prefix(&field, SLICE("new=")))
        c->new_text = field;
    else if (slice_take_prefix(&field, SLICE("head=")))
        c->heads[c->head_count++] = field;
    else
        fail_msg("%s:%u: no such key: %.*s", c->language, c->line, SLICE_PRINT(field));
}

static struct test_case read_case(const char *language, unsigned line, struct slice text) {
    struct test_case c = {.language = language,
                          .line = line,
                          .from = SLICE("Ann Person <ann@customer.example>"),
                          .sent = SLICE("Tue, 10 Mar 2026 10:00:00 +0100")};
    c.class = take_field(&text);
    c.text = text;
    for (struct slice field = take_field(&text); text.len; field = take_field(&text)) {
        read_key(&c, field);
        c.text = text;
    }
    return c;
}

/* ---- its mail ---- */

/* "\n" is a line break. */
static void append_text(struct buffer *out, struct slice text) {
    while (text.len) {
        if (slice_take_prefix(&text, SLICE("\\n")))
            buffer_append_text(out, "\r\n");
        else
            buffer_append(out, slice_take(&text, 1));
    }
}

static void append_mail(struct buffer *out, const struct test_case *c) {
    struct slice subject = c->subject;
    if (subject.len == 0) subject = c->is_fresh ? SLICE("A word") : SLICE("Re: Your time");
    for (size_t i = 0; i < c->head_count; i++) buffer_printf(out, "%.*s\r\n", SLICE_PRINT(c->heads[i]));
    buffer_printf(out, "From: %.*s\r\nTo: ben@ours.example\r\nSubject: %.*s\r\nDate: %.*s\r\n",
                  SLICE_PRINT(c->from), SLICE_PRINT(subject), SLICE_PRINT(c->sent));
    buffer_append_text(out, "Message-ID: <case@customer.example>\r\nMIME-Version: 1.0\r\n");
    if (!c->is_fresh)
        buffer_append_text(out, "In-Reply-To: <step1@ours.example>\r\nReferences: <step1@ours.example>\r\n");
    buffer_printf(out, "Content-Type: text/%s; charset=utf-8\r\n\r\n", c->is_html ? "html" : "plain");
    append_text(out, c->text);
    buffer_append_text(out, "\r\n");
}

/* ---- what is counted ---- */

/* How often each class was there, and what came out of it. */
enum { CLASSES = 10 };
static const char *const classes[CLASSES] = {"human",    "away",     "auto",  "other",   "unsubscribe",
                                             "positive", "negative", "later", "neutral", "referral"};

struct tally {
    unsigned cases[CLASSES];
    unsigned wrong;
    /* By kind: what it was, and what it was taken for. */
    unsigned were[CLASS_KINDS];
    unsigned taken[CLASS_KINDS];
    unsigned right[CLASS_KINDS];
};

static void count_case(struct tally *tally, const struct test_case *c) {
    for (size_t i = 0; i < CLASSES; i++)
        tally->cases[i] += slice_equal(c->class, slice_from_text(classes[i]));
}

static void tell(const char *language, const struct tally *tally) {
    for (int kind = 0; kind < CLASS_KINDS; kind++) {
        if (tally->were[kind] + tally->taken[kind] == 0) continue;
        print_message("%s: %s: %u of %u found (recall %.1f %%), precision %.1f %%\n", language,
                      classification_kind_name((enum classification_kind)kind), tally->right[kind],
                      tally->were[kind],
                      100.0 * tally->right[kind] / (tally->were[kind] ? tally->were[kind] : 1),
                      100.0 * tally->right[kind] / (tally->taken[kind] ? tally->taken[kind] : 1));
    }
}

/* ---- what must come out ---- */

static enum classification_kind kind_of(const struct test_case *c) {
    static const struct {
        const char *class;
        enum classification_kind kind;
    } kinds[] = {{"away", CLASS_OUT_OF_OFFICE}, {"auto", CLASS_AUTO_REPLY}, {"other", CLASS_OTHER}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (slice_equal(c->class, slice_from_text(kinds[i].class))) return kinds[i].kind;
    return CLASS_REPLY;
}

/* Says what is wrong with it, and returns how much is. */
static unsigned complain(const struct test_case *c, const char *what, const char *got) {
    print_error("%s.txt:%u: %.*s: %s: %s\n", c->language, c->line, SLICE_PRINT(c->class), what, got);
    return 1;
}

static unsigned check_date(const struct test_case *c, const struct classification *got) {
    char text[16] = "-";
    if (c->date.len == 0) return 0;
    struct date_fields date = date_split(got->return_day * 24 * 3600 * 1000);
    if (got->has_return_day)
        (void)snprintf(text, sizeof text, "%04d-%02d-%02d", date.year, date.month, date.day);
    return slice_equal(c->date, slice_from_text(text)) ? 0 : complain(c, "the day of return", text);
}

static unsigned check_wish(const struct test_case *c, const struct classification *got) {
    bool wants_none = slice_equal(c->class, SLICE("unsubscribe"));
    if (got->is_unsubscribe != wants_none)
        return complain(c, "unsubscribe", got->is_unsubscribe ? "yes" : "no");
    for (unsigned i = 0; i < INTERESTS; i++) {
        const char *name = interest_name((enum interest)i);
        bool is_expected = slice_equal(c->class, slice_from_text(name));
        if (is_expected && got->interest != (enum interest)i)
            return complain(c, "interest", interest_name(got->interest));
    }
    return 0;
}

static unsigned check(const struct test_case *c, struct tally *tally) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer mail = buffer_new(1 << 20);
    append_mail(&mail, c);
    const struct classification *got = classify_message(arena, buffer_slice(&mail));
    unsigned wrong = 0;
    tally->were[kind_of(c)]++;
    tally->taken[got->kind]++;
    tally->right[got->kind] += got->kind == kind_of(c);
    if (got->kind != kind_of(c)) wrong += complain(c, "kind", classification_kind_name(got->kind));
    if (c->new_text.len && !slice_equal(got->new_text, c->new_text)) {
        struct slice shown = slice_sub(got->new_text, 0, 200);
        wrong += complain(c, "new text", (const char *)arena_printf(arena, "%.*s", SLICE_PRINT(shown)).ptr);
    }
    wrong += check_date(c, got) + check_wish(c, got);
    buffer_free(&mail);
    arena_free(&arena);
    return wrong;
}

/* ---- a language ---- */

static struct slice read_cases(struct arena *arena, const char *language) {
    const char *folder = getenv("POSTHASTE_CLASSIFY_CASES");
    struct slice path = arena_printf(arena, "%s/%s.txt", folder ? folder : "tests/classify", language);
    FILE *file = fopen((const char *)path.ptr, "rb");
    if (!file) fail_msg("%s is not there", (const char *)path.ptr);
    uint8_t *bytes = arena_alloc(arena, 1 << 20);
    size_t len = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return slice_of(bytes, len);
}

static void told_apart(const char *language) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct slice rest = read_cases(arena, language);
    struct tally tally = {0};
    for (unsigned line = 1; rest.len; line++) {
        struct slice text = slice_take_until(&rest, '\n');
        (void)slice_take_byte(&rest, '\n');
        if (text.len == 0 || text.ptr[0] == '#') continue;
        struct test_case c = read_case(language, line, text);
        count_case(&tally, &c);
        tally.wrong += check(&c, &tally);
    }
    tell(language, &tally);
    for (size_t i = 0; i < CLASSES; i++)
        if (tally.cases[i] < CASES_OF_CLASS_MIN)
            fail_msg("%s has %u cases of %s", language, tally.cases[i], classes[i]);
    assert_int_equal(tally.wrong, 0);
    arena_free(&arena);
}

static void english_mails_are_told_apart(void **state) { told_apart("en"); }
static void german_mails_are_told_apart(void **state) { told_apart("de"); }
static void french_mails_are_told_apart(void **state) { told_apart("fr"); }
static void spanish_mails_are_told_apart(void **state) { told_apart("es"); }
static void polish_mails_are_told_apart(void **state) { told_apart("pl"); }

int main(void) {
    const struct CMUnitTest tests[LANGUAGES] = {
        cmocka_unit_test(english_mails_are_told_apart), cmocka_unit_test(german_mails_are_told_apart),
        cmocka_unit_test(french_mails_are_told_apart),  cmocka_unit_test(spanish_mails_are_told_apart),
        cmocka_unit_test(polish_mails_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
