/* The address book and suppression: imports, undoing them, erasing people, and disks that fail meanwhile. */
#include "store_bench.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/contact.h"
#include "store/contact_address.h"
#include "store/contact_fields.h"
#include "store/engine_state.h"
#include "store/suppression.h"
#include "store_faults.h"

/* ---- addresses ---- */

static void assert_address(const char *text, const char *expected) {
    struct arena *arena = arena_new(MIB(1));
    struct slice address = SLICE_EMPTY;
    struct slice domain;
    struct slice written;
    enum contact_address_fault fault =
        contact_address_read(arena, slice_from_text(text), &address, &domain, &written);
    if (fault) fail_msg("'%s': %s", text, contact_address_fault_text(fault));
    assert_slice(address, expected);
    assert_true(contact_address_is_normal(address));
    arena_free(&arena);
}

static void assert_no_address(const char *text, enum contact_address_fault expected) {
    struct arena *arena = arena_new(MIB(1));
    struct slice address;
    struct slice domain;
    struct slice written;
    assert_int_equal(contact_address_read(arena, slice_from_text(text), &address, &domain, &written),
                     expected);
    arena_free(&arena);
}

static void addresses_have_one_form(void **state) {
    assert_address("Ann@Example.ORG", "ann@example.org");
    assert_address("  ann@example.org\xc2\xa0", "ann@example.org");
    assert_address("\"Lee, Ann\" <ann@example.org>", "ann@example.org");
    assert_address("mailto:ann@example.org?subject=hi", "ann@example.org");
    assert_address("ann@b\xc3\xbc"
                   "cher.example",
                   "ann@xn--bcher-kva.example");
    assert_address("J\xc3\x9cRGEN@example.org", "j\xc3\xbcrgen@example.org");
    /* Whose mailbox these are only their host knows. */
    assert_address("a.n.n+x@gmail.com", "a.n.n+x@gmail.com");
    assert_no_address("", CONTACT_ADDRESS_EMPTY);
    assert_no_address("ann", CONTACT_ADDRESS_NO_AT);
    assert_no_address("@example.org", CONTACT_ADDRESS_NO_AT);
    assert_no_address("ann@", CONTACT_ADDRESS_DOMAIN);
    assert_no_address("ann@localhost", CONTACT_ADDRESS_DOMAIN);
    assert_no_address("ann@[192.0.2.1]", CONTACT_ADDRESS_DOMAIN);
    assert_no_address("a b@example.org", CONTACT_ADDRESS_LOCAL_PART);
    assert_no_address("ann@example.org, bob@example.org", CONTACT_ADDRESS_SEVERAL);
    assert_no_address("ann@example.org\r\nBcc: x@y.z", CONTACT_ADDRESS_CONTROL);
    assert_false(contact_address_is_normal(SLICE("Ann@example.org")));
    assert_false(contact_address_is_normal(SLICE("ann@Example.org")));
    assert_false(contact_address_is_normal(SLICE("ann")));
}

/* ---- fields ---- */

static void fields_are_one_text_and_back(void **state) {
    static const struct contact_field fields[] = {{SLICE_INIT("a"), SLICE_INIT("say \"x\" \\ y")},
                                                  {SLICE_INIT("b"), SLICE_INIT("\xc3\xbc")}};
    struct arena *arena = arena_new(MIB(1));
    struct buffer json = buffer_new(1000);
    const struct contact_field *again = NULL;
    size_t count = 0;
    contact_fields_write(&json, fields, 2);
    assert_slice(buffer_slice(&json), "{\"a\":\"say \\\"x\\\" \\\\ y\",\"b\":\"\xc3\xbc\"}");
    assert_true(contact_fields_read(arena, buffer_slice(&json), &again, &count));
    assert_int_equal(count, 2);
    assert_slice(again[0].value, "say \"x\" \\ y");
    for (size_t cut = 0; cut < json.len; cut++)
        assert_false(contact_fields_read(arena, slice_sub(buffer_slice(&json), 0, cut), &again, &count));
    assert_true(contact_fields_read(arena, SLICE("{}"), &again, &count) && count == 0);
    buffer_free(&json);
    arena_free(&arena);
}

/* ---- patterns ---- */

static void patterns_fit_or_not(void **state) {
    assert_true(suppression_pattern_fits(SLICE("info@*"), SLICE("info@example.org")));
    assert_true(suppression_pattern_fits(SLICE("*@example.org"), SLICE("ann@example.org")));
    assert_true(suppression_pattern_fits(SLICE("*spam*@*.test"), SLICE("no-spam-please@a.test")));
    assert_true(suppression_pattern_fits(SLICE("a*b*c"), SLICE("abbcbc")));
    assert_false(suppression_pattern_fits(SLICE("info@*"), SLICE("xinfo@example.org")));
    assert_false(suppression_pattern_fits(SLICE("*@example.org"), SLICE("ann@sub.example.org")));
    assert_false(suppression_pattern_fits(SLICE("*@example.org"), SLICE("ann@example.org.test")));
}

static void assert_whom(const char *text, enum suppression_kind kind, const char *value) {
    struct arena *arena = arena_new(MIB(1));
    struct suppression suppression = {0};
    assert_true(suppression_read(arena, slice_from_text(text), &suppression));
    assert_int_equal(suppression.kind, kind);
    assert_slice(suppression.value, value);
    arena_free(&arena);
}

static void what_is_meant_is_found_out(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct suppression suppression;
    assert_whom("Ann@Example.org", SUPPRESSION_ADDRESS, "ann@example.org");
    assert_whom("Example.ORG", SUPPRESSION_DOMAIN, "example.org");
    assert_whom("@example.org", SUPPRESSION_DOMAIN, "example.org");
    assert_whom("Info@*", SUPPRESSION_PATTERN, "info@*");
    /* In the form in which addresses are compared. */
    assert_whom("*@B\xc3\xbc"
                "cher.example",
                SUPPRESSION_PATTERN, "*@xn--bcher-kva.example");
    assert_whom("*@*.b\xc3\xbc"
                "cher.example",
                SUPPRESSION_PATTERN, "*@*.xn--bcher-kva.example");
    assert_whom("*M\xc3\x9cLLER*@example.org", SUPPRESSION_PATTERN, "*m\xc3\xbcller*@example.org");
    assert_false(suppression_read(arena, SLICE("*@b\xc3\xbc*.example"), &suppression));
    assert_false(suppression_read(arena, SLICE("*\xff@example.org"), &suppression));
    assert_false(suppression_read(arena, SLICE("*"), &suppression));
    assert_false(suppression_read(arena, SLICE("*@*.*"), &suppression));
    assert_false(suppression_read(arena, SLICE("a*b*c*d*e*f"), &suppression));
    assert_false(suppression_read(arena, SLICE("org"), &suppression));
    assert_false(suppression_read(arena, SLICE(""), &suppression));
    arena_free(&arena);
}

/* ---- helpers: a batch of rows, each "address field=value ..." ---- */

enum { ROWS_MAX = 20, FIELDS_MAX = 4 };

struct rows {
    struct contact_row rows[ROWS_MAX];
    struct contact_field fields[ROWS_MAX][FIELDS_MAX];
    size_t count;
};

static void put_row(struct rows *rows, const char *text) {
    struct slice rest = slice_from_text(text);
    struct contact_row *row = &rows->rows[rows->count];
    struct contact_field *fields = rows->fields[rows->count++];
    *row = (struct contact_row){.fields = fields};
    row->address = row->written = slice_take_until(&rest, ' ');
    while (slice_take_byte(&rest, ' ')) {
        struct slice value = slice_take_until(&rest, ' ');
        struct slice name = slice_take_until(&value, '=');
        value = slice_skip(value, 1);
        if (slice_equal(name, SLICE("time_zone")))
            row->time_zone = value;
        else if (slice_equal(name, SLICE("guess")))
            row->time_zone = value, row->is_zone_guessed = true;
        else
            fields[row->field_count++] = (struct contact_field){name, value};
    }
}

static uint64_t open_import(struct task *t, struct store_bench *bench, const char *fingerprint) {
    struct contact_import_start start = {1, SLICE("list.csv"), SLICE("a fair"), SLICE("consent"),
                                         slice_from_text(fingerprint)};
    struct contact_import import;
    assert_int_equal(engine_contact_import_open(t, bench->engine, bench->arena, &start, &import), STORE_OK);
    return import.id;
}

/* `lines` ends with NULL. */
static struct contact_batch_result import_rows(struct task *t, struct store_bench *bench, uint64_t import,
                                               const char *const *lines) {
    struct rows *rows = ARENA_NEW(bench->arena, struct rows);
    struct contact_batch_result result = {0};
    for (size_t i = 0; lines[i]; i++) put_row(rows, lines[i]);
    struct contact_batch batch = {.tenant = 1,
                                  .import = import,
                                  .rows_after = rows->count,
                                  .chain = 7,
                                  .rows = rows->rows,
                                  .row_count = rows->count,
                                  .differences_max = 100};
    assert_int_equal(engine_contact_batch(t, bench->engine, bench->arena, &batch, &result), STORE_OK);
    return result;
}
#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static uint64_t import_all(struct task *t, struct store_bench *bench, const char *fingerprint,
                           const char *const *lines) {
    uint64_t import = open_import(t, bench, fingerprint);
    (void)import_rows(t, bench, import, lines);
    assert_int_equal(engine_contact_import_close(t, bench->engine, import), STORE_OK);
    return import;
}

/* "field=value field=value", or "-". */
static void assert_contact(struct store_bench *bench, const char *address, const char *expected) {
    struct contact contact;
    struct buffer text = buffer_new(1000);
    enum store_result result =
        engine_contact_find(bench->engine, bench->arena, 1, slice_from_text(address), &contact);
    if (result == STORE_NOT_FOUND) buffer_append_byte(&text, '-');
    for (size_t i = 0; result == STORE_OK && i < contact.field_count; i++)
        buffer_printf(&text, "%s%.*s=%.*s", i ? " " : "", SLICE_PRINT(contact.fields[i].name),
                      SLICE_PRINT(contact.fields[i].value));
    if (result == STORE_OK && contact.time_zone.len)
        buffer_printf(&text, " (%.*s%s)", SLICE_PRINT(contact.time_zone), contact.is_zone_guessed ? "?" : "");
    assert_slice(buffer_slice(&text), expected);
    buffer_free(&text);
}

static void suppress(struct task *t, struct store_bench *bench, const char *whom,
                     enum suppression_reason reason) {
    struct suppression suppression = {.reason = reason};
    uint64_t added = 0;
    assert_true(suppression_read(bench->arena, slice_from_text(whom), &suppression));
    struct suppression_batch batch = {1, &suppression, 1};
    assert_int_equal(engine_suppression_add(t, bench->engine, &batch, &added), STORE_OK);
}

static bool is_suppressed(struct store_bench *bench, const char *address, struct suppression_found *found) {
    return engine_suppression_find(bench->engine, 1, slice_from_text(address), found) == STORE_OK;
}

/* ---- imports ---- */

static void import_body(struct task *t, struct store_bench *bench) {
    uint64_t first = open_import(t, bench, "1");
    struct contact_batch_result result =
        import_rows(t, bench, first,
                    LINES("ann@a.test company=A first_name=Ann", "bob@b.test", "cy@c.test x=1 guess=UTC"));
    assert_int_equal(result.judgements[0].outcome, CONTACT_ADDED);
    assert_int_equal(result.judgements[2].outcome, CONTACT_ADDED);
    assert_int_equal(engine_contact_import_close(t, bench->engine, first), STORE_OK);
    uint64_t second = open_import(t, bench, "2");
    assert_true(second != first);
    result = import_rows(
        t, bench, second,
        LINES("ann@a.test company=B phone=1", "bob@b.test", "cy@c.test x=1 time_zone=Asia/Tokyo"));
    assert_int_equal(result.judgements[0].outcome, CONTACT_CHANGED);
    assert_int_equal(result.judgements[1].outcome, CONTACT_SAME);
    assert_int_equal(result.judgements[2].outcome, CONTACT_CHANGED);
    assert_int_equal(result.difference_count, 3);
    assert_slice(result.differences[0].field, "company");
    assert_slice(result.differences[0].before, "A");
    assert_slice(result.differences[0].after, "B");
    assert_slice(result.differences[1].before, "");
    assert_int_equal(result.differences[2].row, 2);
    /* Nothing is taken away, and what was given is not replaced by a guess. */
    bench_reopen(t, bench);
    assert_contact(bench, "ann@a.test", "company=B first_name=Ann phone=1");
    assert_contact(bench, "cy@c.test", "x=1 (Asia/Tokyo)");
    result = import_rows(t, bench, 0, LINES("cy@c.test guess=UTC"));
    assert_int_equal(result.judgements[0].outcome, CONTACT_SAME);
}

static void an_import_adds_and_changes_and_takes_nothing_away(void **state) { bench_run(import_body, NULL); }

static void dry_body(struct task *t, struct store_bench *bench) {
    struct contact_import *imports;
    size_t count;
    struct contact_batch_result result = import_rows(t, bench, 0, LINES("ann@a.test x=1"));
    assert_int_equal(result.judgements[0].outcome, CONTACT_ADDED);
    assert_contact(bench, "ann@a.test", "-");
    assert_int_equal(engine_contact_imports(bench->engine, bench->arena, 1, &imports, &count), STORE_OK);
    assert_int_equal(count, 0);
}

static void a_dry_run_writes_nothing(void **state) { bench_run(dry_body, NULL); }

static enum store_result batch_at(struct task *t, struct store_bench *bench, uint64_t import, uint64_t number,
                                  uint64_t after) {
    struct rows *rows = ARENA_NEW(bench->arena, struct rows);
    struct contact_batch_result result = {0};
    put_row(rows, "ann@a.test x=1");
    struct contact_batch batch = {.tenant = 1,
                                  .import = import,
                                  .number = number,
                                  .rows_after = after,
                                  .refused = 2,
                                  .rows = rows->rows,
                                  .row_count = 1};
    return engine_contact_batch(t, bench->engine, bench->arena, &batch, &result);
}

static void resume_body(struct task *t, struct store_bench *bench) {
    uint64_t import = open_import(t, bench, "same");
    assert_int_equal(batch_at(t, bench, import, 0, 10), STORE_OK);
    /* Asked again, because the answer was lost; and out of order. */
    assert_int_equal(batch_at(t, bench, import, 0, 10), STORE_EXISTS);
    assert_int_equal(batch_at(t, bench, import, 2, 30), STORE_REFUSED);
    bench_reopen(t, bench);
    struct contact_import_start start = {1, SLICE("list.csv"), SLICE("a fair"), SLICE("consent"),
                                         SLICE("same")};
    struct contact_import again;
    assert_int_equal(engine_contact_import_open(t, bench->engine, bench->arena, &start, &again), STORE_OK);
    assert_int_equal(again.id, import);
    assert_int_equal(again.rows, 10);
    assert_int_equal(again.added, 1);
    assert_int_equal(again.refused, 2);
    /* Of what was done before it was broken off nothing is counted anew. */
    assert_int_equal(batch_at(t, bench, import, 1, 20), STORE_OK);
    assert_int_equal(engine_contact_import_open(t, bench->engine, bench->arena, &start, &again), STORE_OK);
    assert_int_equal(again.batches, 2);
    assert_int_equal(again.rows, 20);
    assert_int_equal(again.added + again.same, 1);
    assert_int_equal(engine_contact_import_close(t, bench->engine, import), STORE_OK);
    assert_int_equal(engine_contact_import_close(t, bench->engine, import), STORE_NOT_FOUND);
    assert_int_equal(batch_at(t, bench, import, 2, 20), STORE_NOT_FOUND);
    assert_true(open_import(t, bench, "same") != import);
    start.basis = SLICE("because");
    assert_int_equal(engine_contact_import_open(t, bench->engine, bench->arena, &start, &again),
                     STORE_REFUSED);
    start.basis = SLICE("consent");
    start.source = SLICE("");
    assert_int_equal(engine_contact_import_open(t, bench->engine, bench->arena, &start, &again),
                     STORE_REFUSED);
}

static void an_import_that_was_broken_off_is_found_again(void **state) { bench_run(resume_body, NULL); }

static void unsound_body(struct task *t, struct store_bench *bench) {
    static const char *const lines[] = {
        "Ann@a.test x=1",     "ann x=1",           "ann@a.test X=1",
        "ann@a.test b=1 a=1", "ann@a.test a=x\ny", "ann@a.test a=\xff",
        "ann@a.test a=",      "ann\n@a.test a=1",  "ann@a.test time_zone=a\nb"};
    uint64_t import = open_import(t, bench, "1");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct rows *rows = ARENA_NEW(bench->arena, struct rows);
        struct contact_batch_result result = {0};
        put_row(rows, lines[i]);
        struct contact_batch batch = {
            .tenant = 1, .import = import, .rows_after = 1, .rows = rows->rows, .row_count = 1};
        if (engine_contact_batch(t, bench->engine, bench->arena, &batch, &result) != STORE_REFUSED)
            fail_msg("taken: %s", lines[i]);
    }
}

/* Whoever talks to the store is not trusted to have checked. */
static void rows_that_could_forge_a_header_are_refused_by_the_store_too(void **state) {
    bench_run(unsound_body, NULL);
}

/* ---- suppression ---- */

static void suppression_body(struct task *t, struct store_bench *bench) {
    struct suppression_found found;
    suppress(t, bench, "ann@a.test", SUPPRESSION_UNSUBSCRIBED);
    suppress(t, bench, "b.test", SUPPRESSION_MANUAL);
    suppress(t, bench, "info@*", SUPPRESSION_MANUAL);
    uint64_t import = open_import(t, bench, "1");
    struct contact_batch_result result = import_rows(
        t, bench, import, LINES("ann@a.test", "x@b.test", "x@sub.b.test", "info@c.test", "x@notb.test"));
    for (size_t i = 0; i < 4; i++) assert_int_equal(result.judgements[i].outcome, CONTACT_SUPPRESSED);
    assert_int_equal(result.judgements[0].found.reason, SUPPRESSION_UNSUBSCRIBED);
    assert_int_equal(result.judgements[2].found.kind, SUPPRESSION_DOMAIN);
    assert_int_equal(result.judgements[3].found.kind, SUPPRESSION_PATTERN);
    assert_int_equal(result.judgements[4].outcome, CONTACT_ADDED);
    assert_contact(bench, "ann@a.test", "-");
    /* Who is in the book already is not touched either. */
    suppress(t, bench, "x@notb.test", SUPPRESSION_HARD_BOUNCE);
    result = import_rows(t, bench, 0, LINES("x@notb.test a=1"));
    assert_int_equal(result.judgements[0].outcome, CONTACT_SUPPRESSED);
    assert_true(is_suppressed(bench, "x@notb.test", &found));
    assert_false(is_suppressed(bench, "ann@sub.a.test", &found));
}

static void an_import_never_brings_back_who_is_suppressed(void **state) { bench_run(suppression_body, NULL); }

static enum store_result remove_whom(struct task *t, struct store_bench *bench, const char *whom,
                                     bool is_forced) {
    struct suppression suppression = {0};
    assert_true(suppression_read(bench->arena, slice_from_text(whom), &suppression));
    return engine_suppression_remove(t, bench->engine, 1, &suppression, is_forced);
}

static void wish_body(struct task *t, struct store_bench *bench) {
    struct suppression_found found;
    struct suppression *rows;
    size_t count;
    suppress(t, bench, "ann@a.test", SUPPRESSION_HARD_BOUNCE);
    suppress(t, bench, "ann@a.test", SUPPRESSION_UNSUBSCRIBED);
    /* A wish outdoes a bounce, and is not outdone. */
    suppress(t, bench, "ann@a.test", SUPPRESSION_IMPORTED);
    assert_true(is_suppressed(bench, "ann@a.test", &found));
    assert_int_equal(found.reason, SUPPRESSION_UNSUBSCRIBED);
    assert_int_equal(remove_whom(t, bench, "ann@a.test", false), STORE_DENIED);
    assert_true(is_suppressed(bench, "ann@a.test", &found));
    assert_int_equal(remove_whom(t, bench, "ann@a.test", true), STORE_OK);
    assert_false(is_suppressed(bench, "ann@a.test", &found));
    assert_int_equal(remove_whom(t, bench, "ann@a.test", true), STORE_NOT_FOUND);
    suppress(t, bench, "b.test", SUPPRESSION_MANUAL);
    suppress(t, bench, "bob@a.test", SUPPRESSION_MANUAL);
    assert_int_equal(remove_whom(t, bench, "b.test", false), STORE_OK);
    struct suppression_query query = {.tenant = 1, .max = 10};
    assert_int_equal(engine_suppression_page(bench->engine, bench->arena, &query, &rows, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_slice(rows[0].value, "bob@a.test");
}

static void a_persons_wish_is_not_taken_back_by_mistake(void **state) { bench_run(wish_body, NULL); }

/* ---- undoing ---- */

static struct contact_undone undo(struct task *t, struct store_bench *bench, uint64_t import) {
    struct contact_undone undone;
    assert_int_equal(engine_contact_undo(t, bench->engine, import, &undone), STORE_OK);
    return undone;
}

static void undo_body(struct task *t, struct store_bench *bench) {
    struct contact_undone undone;
    (void)import_all(t, bench, "1", LINES("ann@a.test x=1", "bob@b.test x=1"));
    uint64_t second =
        import_all(t, bench, "2", LINES("ann@a.test x=2 y=2", "bob@b.test x=1", "cy@c.test x=2"));
    undone = undo(t, bench, second);
    assert_int_equal(undone.removed, 1);
    assert_int_equal(undone.restored, 1);
    assert_int_equal(undone.kept, 0);
    assert_contact(bench, "ann@a.test", "x=1");
    assert_contact(bench, "bob@b.test", "x=1");
    assert_contact(bench, "cy@c.test", "-");
    assert_int_equal(engine_contact_undo(t, bench->engine, second, &undone), STORE_EXISTS);
    assert_int_equal(engine_contact_undo(t, bench->engine, 12345, &undone), STORE_NOT_FOUND);
}

static void undoing_an_import_restores_what_was_before(void **state) { bench_run(undo_body, NULL); }

/* The older one first: what the newer one changed stays, and goes all the way back with it. */
static void undo_order_body(struct task *t, struct store_bench *bench) {
    uint64_t first = import_all(t, bench, "1", LINES("ann@a.test x=1", "bob@b.test x=1"));
    uint64_t second = import_all(t, bench, "2", LINES("ann@a.test x=2"));
    struct contact_undone undone = undo(t, bench, first);
    assert_int_equal(undone.removed, 1);
    assert_int_equal(undone.kept, 1);
    assert_contact(bench, "ann@a.test", "x=2");
    undone = undo(t, bench, second);
    assert_int_equal(undone.removed, 1);
    assert_contact(bench, "ann@a.test", "-");
}

static void imports_are_undone_in_any_order(void **state) { bench_run(undo_order_body, NULL); }

static void undo_hand_body(struct task *t, struct store_bench *bench) {
    uint64_t first = import_all(t, bench, "1", LINES("ann@a.test x=1", "bob@b.test x=1"));
    struct contact_field field = {SLICE("x"), SLICE("by hand")};
    struct contact_change change = {
        1,
        {.address = SLICE("ann@a.test"), .written = SLICE("ann@a.test"), .fields = &field, .field_count = 1}};
    enum contact_outcome outcome;
    assert_int_equal(engine_contact_set(t, bench->engine, &change, &outcome), STORE_OK);
    assert_int_equal(outcome, CONTACT_CHANGED);
    struct contact_undone undone = undo(t, bench, first);
    assert_int_equal(undone.removed, 1);
    assert_int_equal(undone.kept, 1);
    assert_contact(bench, "ann@a.test", "x=by hand");
    field.value = SLICE_EMPTY;
    assert_int_equal(engine_contact_set(t, bench->engine, &change, &outcome), STORE_OK);
    assert_contact(bench, "ann@a.test", "");
}

static void what_was_set_by_hand_since_stays(void **state) { bench_run(undo_hand_body, NULL); }

/* ---- a person's rights ---- */

static bool holds(struct store_bench *bench, const char *address, const char *text) {
    struct buffer json = buffer_new(MIB(1));
    enum store_result result =
        engine_contact_export(bench->engine, bench->arena, 1, slice_from_text(address), &json);
    bool is_there =
        result == STORE_OK && slice_find(buffer_slice(&json), slice_from_text(text)) != SLICE_NOT_FOUND;
    buffer_free(&json);
    return is_there;
}

static const char contact_rows[] = "SELECT count(*) FROM contact_change";
static const char clear_rows[] = "SELECT count(*) FROM suppression WHERE value LIKE '%ann%'";

static void erase_body(struct task *t, struct store_bench *bench) {
    struct suppression_found found;
    (void)import_all(t, bench, "1", LINES("ann@a.test x=secret"));
    (void)import_all(t, bench, "2", LINES("ann@a.test x=2"));
    suppress(t, bench, "ann@a.test", SUPPRESSION_UNSUBSCRIBED);
    assert_true(holds(bench, "ann@a.test", "a fair"));
    /* Also where another import, or a hand, touched it last: where an address came from is what people ask.
     */
    struct contact_change by_hand = {
        1, {.address = SLICE("ann@a.test"), .written = SLICE("ann@a.test"), .country = SLICE("DE")}};
    enum contact_outcome set;
    assert_int_equal(engine_contact_set(t, bench->engine, &by_hand, &set), STORE_OK);
    assert_true(holds(bench, "ann@a.test", "\"name\":\"list.csv\""));
    assert_true(holds(bench, "ann@a.test", "\"x\":\"secret\""));
    assert_true(holds(bench, "ann@a.test", "unsubscribed"));
    assert_int_equal(engine_contact_erase(t, bench->engine, 1, SLICE("ann@a.test")), STORE_OK);
    bench_reopen(t, bench);
    assert_contact(bench, "ann@a.test", "-");
    assert_int_equal(DB_READ_NUMBER(bench->engine->db, contact_rows, -1), 0);
    assert_int_equal(DB_READ_NUMBER(bench->engine->db, clear_rows, -1), 0);
    assert_true(is_suppressed(bench, "ann@a.test", &found));
    assert_int_equal(found.kind, SUPPRESSION_HASH);
    assert_int_equal(found.reason, SUPPRESSION_ERASED);
    assert_false(holds(bench, "ann@a.test", "secret"));
    assert_true(holds(bench, "ann@a.test", "erased"));
    struct contact_batch_result result = import_rows(t, bench, 0, LINES("ann@a.test x=3", "anna@a.test"));
    assert_int_equal(result.judgements[0].outcome, CONTACT_SUPPRESSED);
    assert_int_equal(result.judgements[1].outcome, CONTACT_ADDED);
    /* By hand neither; and who never was there can be kept out the same way. */
    struct contact_change change = {1, {.address = SLICE("ann@a.test"), .written = SLICE("ann@a.test")}};
    enum contact_outcome outcome;
    assert_int_equal(engine_contact_set(t, bench->engine, &change, &outcome), STORE_OK);
    assert_int_equal(outcome, CONTACT_SUPPRESSED);
    assert_int_equal(engine_contact_erase(t, bench->engine, 1, SLICE("zoe@a.test")), STORE_NOT_FOUND);
    assert_true(is_suppressed(bench, "zoe@a.test", &found));
    assert_int_equal(remove_whom(t, bench, "zoe@a.test", false), STORE_DENIED);
    assert_int_equal(remove_whom(t, bench, "zoe@a.test", true), STORE_OK);
    assert_false(holds(bench, "zoe@a.test", ""));
}

static void who_was_erased_is_known_by_a_hash_alone_and_kept_out(void **state) {
    bench_run(erase_body, NULL);
}

static void page_body(struct task *t, struct store_bench *bench) {
    struct contact *contacts;
    size_t count;
    uint64_t import = import_all(t, bench, "1", LINES("b@x.test", "a@x.test", "c@y.test"));
    (void)import_all(t, bench, "2", LINES("d@y.test"));
    struct contact_query query = {.tenant = 1, .max = 2};
    assert_int_equal(engine_contact_page(bench->engine, bench->arena, &query, &contacts, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_slice(contacts[0].address, "a@x.test");
    query.after = contacts[1].address;
    assert_int_equal(engine_contact_page(bench->engine, bench->arena, &query, &contacts, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_slice(contacts[1].address, "d@y.test");
    query = (struct contact_query){.tenant = 1, .domain = SLICE("y.test"), .max = 10};
    assert_int_equal(engine_contact_page(bench->engine, bench->arena, &query, &contacts, &count), STORE_OK);
    assert_int_equal(count, 2);
    query = (struct contact_query){.tenant = 1, .import = import, .max = 10};
    assert_int_equal(engine_contact_page(bench->engine, bench->arena, &query, &contacts, &count), STORE_OK);
    assert_int_equal(count, 3);
    assert_int_equal(engine_contact_remove(t, bench->engine, 1, SLICE("a@x.test")), STORE_OK);
    assert_int_equal(engine_contact_remove(t, bench->engine, 1, SLICE("a@x.test")), STORE_NOT_FOUND);
    /* Nothing keeps who was only removed away. */
    (void)import_all(t, bench, "3", LINES("a@x.test"));
    assert_contact(bench, "a@x.test", "");
}

static void the_book_is_read_page_by_page(void **state) { bench_run(page_body, NULL); }

/* ---- disks that fail ---- */

enum { SAID_FIRST = 1, SAID_SECOND, SAID_UNDONE, SAID_ERASED, SAID_DONE, SAID_STEPS = 1000 };

struct child {
    int said;
    struct env_ops ops;
};

static void say(struct store_bench *bench, int what) {
    struct child *child = bench->extra;
    assert_int_equal(write(child->said, &what, sizeof what), sizeof what);
}

static const char *const first_lines[] = {"ann@a.test x=1", "bob@b.test x=1", NULL};
static const char *const second_lines[] = {"ann@a.test x=2", "cy@c.test x=2", NULL};

static uint64_t try_import(struct task *t, struct store_bench *bench, const char *fingerprint,
                           const char *const *lines) {
    struct rows *rows = ARENA_NEW(bench->arena, struct rows);
    struct contact_batch_result result = {0};
    struct contact_import import;
    struct contact_import_start start = {1, SLICE("f"), SLICE("s"), SLICE("consent"),
                                         slice_from_text(fingerprint)};
    for (size_t i = 0; lines[i]; i++) put_row(rows, lines[i]);
    if (engine_contact_import_open(t, bench->engine, bench->arena, &start, &import) != STORE_OK) return 0;
    struct contact_batch batch = {.tenant = 1,
                                  .import = import.id,
                                  .rows_after = rows->count,
                                  .rows = rows->rows,
                                  .row_count = rows->count};
    return engine_contact_batch(t, bench->engine, bench->arena, &batch, &result) == STORE_OK ? import.id : 0;
}

static void work_body(struct task *t, struct store_bench *bench) {
    struct contact_undone undone;
    if (!try_import(t, bench, "1", first_lines)) return;
    say(bench, SAID_FIRST);
    uint64_t second = try_import(t, bench, "2", second_lines);
    if (!second) return;
    say(bench, SAID_SECOND);
    if (engine_contact_undo(t, bench->engine, second, &undone) != STORE_OK) return;
    say(bench, SAID_UNDONE);
    if (engine_contact_erase(t, bench->engine, 1, SLICE("bob@b.test")) != STORE_OK) return;
    say(bench, SAID_ERASED);
    say(bench, SAID_DONE);
}

static void child_work(const char *folder, int said) {
    struct child child = {.said = said};
    if (!freopen("/dev/null", "w", stderr)) _exit(1);
    const struct env_ops *ops = faults_install(&child.ops);
    bench_run_in(folder, false, ops, work_body, &child);
    int steps = SAID_STEPS + faults.steps;
    assert_int_equal(write(said, &steps, sizeof steps), sizeof steps);
}

struct told {
    bool has[SAID_DONE + 1];
    int steps;
};

/* What imports say they touched, and contacts they touched: both come with the same commit. */
static const char import_rows_counted[] = "SELECT coalesce(sum(added + changed), 0) FROM contact_import";
static const char import_rows_there[] =
    "SELECT count(*) + (SELECT count(*) FROM contact_change) FROM contact";

static const char undone_or_erased[] =
    "SELECT 1 FROM contact_import WHERE undone_ms <> 0 UNION SELECT 1 FROM suppression";

/* A batch is there with its counts, or not at all; what was acknowledged is. */
static void check_body(struct task *t, struct store_bench *bench) {
    const struct told *told = bench->extra;
    struct suppression_found found;
    struct contact contact;
    enum store_result ann =
        engine_contact_find(bench->engine, bench->arena, 1, SLICE("ann@a.test"), &contact);
    if (told->has[SAID_FIRST]) assert_int_equal(ann, STORE_OK);
    struct slice x = ann == STORE_OK ? contact_value(&contact, SLICE("x")) : SLICE_EMPTY;
    enum store_result cy = engine_contact_find(bench->engine, bench->arena, 1, SLICE("cy@c.test"), &contact);
    assert_int_equal(slice_equal(x, SLICE("2")), cy == STORE_OK);
    if (told->has[SAID_SECOND] && !told->has[SAID_UNDONE]) assert_true(x.len == 1);
    if (told->has[SAID_UNDONE]) assert_slice(x, "1");
    enum store_result bob =
        engine_contact_find(bench->engine, bench->arena, 1, SLICE("bob@b.test"), &contact);
    assert_int_equal(is_suppressed(bench, "bob@b.test", &found), ann == STORE_OK && bob == STORE_NOT_FOUND);
    if (told->has[SAID_ERASED]) assert_int_equal(bob, STORE_NOT_FOUND);
    if (DB_READ_NUMBER(bench->engine->db, undone_or_erased, 0)) return;
    assert_int_equal(DB_READ_NUMBER(bench->engine->db, import_rows_there, -1),
                     DB_READ_NUMBER(bench->engine->db, import_rows_counted, -1));
}

static void listen_to(int said, struct told *told) {
    int what = 0;
    *told = (struct told){.steps = 0};
    while (read(said, &what, sizeof what) == (ssize_t)sizeof what) {
        if (what >= SAID_STEPS)
            told->steps = what - SAID_STEPS;
        else
            told->has[what] = true;
    }
}

static void run_child(const char *folder, struct told *told) {
    int ends[2];
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        child_work(folder, ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    listen_to(ends[0], told);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    bool is_aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    bool is_ended =
        WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == BENCH_CANNOT_OPEN);
    assert_true(is_aborted || is_ended);
}

static void nothing_body(struct task *t, struct store_bench *bench) {
    (void)t;
    (void)bench;
}

static void fail_every_step(enum fault_kind kind) {
    struct told told;
    int steps = 1;
    for (int step = 0; step <= steps; step = fault_next_step(step, kind)) {
        char folder[64];
        test_folder_make(folder);
        bench_run_in(folder, true, NULL, nothing_body, NULL);
        faults = (struct faults){.failing_step = step, .kind = kind};
        run_child(folder, &told);
        if (step == 0) steps = told.steps;
        if (step == 0) assert_true(told.has[SAID_DONE] && steps > 10);
        bench_run_in(folder, false, NULL, check_body, &told);
        bench_folder_remove(folder);
    }
}

static void a_full_disk_at_any_step_leaves_whole_batches(void **state) { fail_every_step(FAULT_FULL); }
static void a_broken_disk_at_any_step_leaves_whole_batches(void **state) { fail_every_step(FAULT_BROKEN); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_one_form),
        cmocka_unit_test(fields_are_one_text_and_back),
        cmocka_unit_test(patterns_fit_or_not),
        cmocka_unit_test(what_is_meant_is_found_out),
        cmocka_unit_test(an_import_adds_and_changes_and_takes_nothing_away),
        cmocka_unit_test(a_dry_run_writes_nothing),
        cmocka_unit_test(an_import_that_was_broken_off_is_found_again),
        cmocka_unit_test(rows_that_could_forge_a_header_are_refused_by_the_store_too),
        cmocka_unit_test(an_import_never_brings_back_who_is_suppressed),
        cmocka_unit_test(a_persons_wish_is_not_taken_back_by_mistake),
        cmocka_unit_test(undoing_an_import_restores_what_was_before),
        cmocka_unit_test(imports_are_undone_in_any_order),
        cmocka_unit_test(what_was_set_by_hand_since_stays),
        cmocka_unit_test(who_was_erased_is_known_by_a_hash_alone_and_kept_out),
        cmocka_unit_test(the_book_is_read_page_by_page),
        cmocka_unit_test(a_full_disk_at_any_step_leaves_whole_batches),
        cmocka_unit_test(a_broken_disk_at_any_step_leaves_whole_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
