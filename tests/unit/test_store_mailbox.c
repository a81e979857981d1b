/* Mailboxes and their entries: append, flags, copy, move, expunge, names, and what devices are told. */
#include "store_bench.h"

static struct uid_ranges one_range(struct store_bench *bench, uint32_t first, uint32_t last) {
    struct uid_range *range = ARENA_NEW(bench->arena, struct uid_range);
    *range = (struct uid_range){first, last};
    return (struct uid_ranges){range, 1};
}

static struct append append_of(struct store_bench *bench, uint64_t mailbox, const char *text) {
    struct append append = {.id = store_id_new(&bench->ids, bench->env),
                            .mailbox = mailbox,
                            .flags = FLAG_SEEN,
                            .saved_ms = 1600000000000,
                            .body = bench_pack(bench, slice_from_text(text))};
    append.facts.raw_bytes = append.body.raw_bytes;
    return append;
}

static void deliver_many(struct task *t, struct store_bench *bench, int count) {
    for (int i = 0; i < count; i++) bench_deliver(t, bench, SLICE("text"));
}

static enum store_result flags(struct task *t, struct store_bench *bench, struct uid_ranges uids,
                               enum flag_operation operation, uint64_t bits, uint64_t unchanged_since,
                               struct flag_result *result) {
    struct flag_change change = {.mailbox = bench->inbox,
                                 .uids = uids,
                                 .operation = operation,
                                 .flags = bits,
                                 .unchanged_since = unchanged_since};
    return engine_flags(t, bench->engine, bench->arena, &change, result);
}

static void verify_clean(struct task *t, struct store_bench *bench) {
    struct verify_report report;
    assert_int_equal(engine_verify(t, bench->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
}

static void append_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    struct append appends[] = {append_of(bench, bench->inbox, "one"), append_of(bench, bench->inbox, "two")};
    struct slice keywords[] = {SLICE("$Label1"), SLICE("work")};
    appends[1].keywords = keywords;
    appends[1].keyword_count = 2;
    struct append_result first;
    struct append_result again;
    assert_int_equal(engine_append(t, bench->engine, appends, 2, &first), STORE_OK);
    assert_int_equal(engine_append(t, bench->engine, appends, 2, &again), STORE_OK);
    assert_int_equal(first.first_uid, 1);
    assert_int_equal(again.first_uid, 1);
    assert_int_equal(again.uidvalidity, first.uidvalidity);
    struct entry *entries = NULL;
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 2);
    assert_int_equal(entries[0].flags, FLAG_SEEN);
    assert_int_equal(entries[1].flags, FLAG_SEEN | 1 << 8 | 1 << 9);
    assert_int_equal(entries[1].modseq, entries[0].modseq);
    struct slice *names = NULL;
    size_t count = 0;
    assert_int_equal(reader_keywords(bench->reader, bench->arena, bench->inbox, &names, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_slice(names[1], "work");
    assert_int_equal(bench_mailbox(bench, bench->inbox).unseen_count, 0);
    verify_clean(t, bench);
}

static void an_append_asked_again_gives_the_same_uids(void **state) { bench_run(append_body, NULL); }

/* An import that goes on appends what came before with new ids, beside what is new. */
static void import_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    struct append_result result;
    struct mailbox inbox = bench_mailbox(bench, bench->inbox);
    for (int run = 0; run < 2; run++) {
        struct append appends[] = {append_of(bench, bench->inbox, "one"),
                                   append_of(bench, bench->inbox, "two")};
        appends[0].source = SLICE("0123456789abcdef");
        appends[1].source = run ? SLICE("another source..") : SLICE("a second source.");
        assert_int_equal(engine_append(t, bench->engine, appends, 2, &result), STORE_OK);
        if (run == 0)
            assert_int_equal(engine_expunge(t, bench->engine, bench->inbox, one_range(bench, 1, 1), false,
                                            &inbox.highest_modseq),
                             STORE_OK);
    }
    /* The first was removed by its owner meanwhile, and stays away. */
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 2);
    bool is_known = false;
    assert_int_equal(
        reader_import_is_known(bench->reader, inbox.account, SLICE("a second source."), &is_known), STORE_OK);
    assert_true(is_known);
    assert_int_equal(
        reader_import_is_known(bench->reader, inbox.account + 1, SLICE("a second source."), &is_known),
        STORE_OK);
    assert_false(is_known);
    verify_clean(t, bench);
}

static void what_an_import_brought_does_not_come_again(void **state) { bench_run(import_body, NULL); }

static void flags_body(struct task *t, struct store_bench *bench) {
    struct flag_result result;
    struct change *changes = NULL;
    size_t count = 0;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 5);
    uint64_t before = bench_mailbox(bench, bench->inbox).highest_modseq;
    assert_int_equal(flags(t, bench, one_range(bench, 2, 3), FLAGS_ADD, FLAG_SEEN, UINT64_MAX, &result), 0);
    assert_int_equal(result.modseq, before + 1);
    assert_int_equal(bench_mailbox(bench, bench->inbox).unseen_count, 3);
    /* What has the flag already keeps its modseq. */
    assert_int_equal(flags(t, bench, one_range(bench, 1, 3), FLAGS_ADD, FLAG_SEEN, UINT64_MAX, &result), 0);
    assert_int_equal(reader_changes(bench->reader, bench->arena, bench->inbox, before, 10, &changes, &count),
                     STORE_OK);
    assert_int_equal(count, 3);
    assert_int_equal(changes[2].uid, 1);
    assert_int_equal(changes[2].kind, CHANGE_FLAGS);
    /* RFC 7162 3.1.3: entries changed since are named and left alone. */
    assert_int_equal(flags(t, bench, one_range(bench, 1, 5), FLAGS_SET, FLAG_FLAGGED, before + 1, &result),
                     0);
    assert_int_equal(result.unchanged.count, 1);
    assert_int_equal(result.unchanged.ranges[0].first, 1);
    assert_int_equal(result.unchanged.ranges[0].last, 1);
    struct entry *entries = NULL;
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 5);
    assert_int_equal(entries[0].flags, FLAG_SEEN);
    assert_int_equal(entries[1].flags, FLAG_FLAGGED);
    verify_clean(t, bench);
}

static void flags_change_what_they_change_and_nothing_else(void **state) { bench_run(flags_body, NULL); }

static void keywords_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 1);
    struct slice names[KEYWORDS_MAX + 1];
    for (int i = 0; i <= KEYWORDS_MAX; i++) names[i] = arena_printf(bench->arena, "k%d", i);
    struct flag_change change = {.mailbox = bench->inbox,
                                 .uids = one_range(bench, 1, 1),
                                 .operation = FLAGS_ADD,
                                 .keywords = names,
                                 .keyword_count = KEYWORDS_MAX + 1,
                                 .unchanged_since = UINT64_MAX};
    struct flag_result result;
    assert_int_equal(engine_flags(t, bench->engine, bench->arena, &change, &result), STORE_OK);
    assert_true(result.keywords_full);
    struct entry *entries = NULL;
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    assert_int_equal(__builtin_popcountll(entries[0].flags), KEYWORDS_MAX);
}

static void a_mailbox_holds_so_many_keywords_and_says_when_it_is_full(void **state) {
    bench_run(keywords_body, NULL);
}

static void copy_body(struct task *t, struct store_bench *bench) {
    uint64_t target = 0;
    struct copy_result result;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 4);
    struct slice keyword = SLICE("$Important");
    struct flag_change change = {.mailbox = bench->inbox,
                                 .uids = one_range(bench, 3, 3),
                                 .operation = FLAGS_ADD,
                                 .keywords = &keyword,
                                 .keyword_count = 1,
                                 .unchanged_since = UINT64_MAX};
    struct flag_result flagged;
    assert_int_equal(engine_flags(t, bench->engine, bench->arena, &change, &flagged), STORE_OK);
    assert_int_equal(
        engine_mailbox_create(t, bench->engine, bench->account, SLICE("a/b"), SPECIAL_NONE, &target),
        STORE_OK);
    struct copy_request copy = {bench->inbox, target, one_range(bench, 2, 9), false};
    assert_int_equal(engine_copy(t, bench->engine, bench->arena, &copy, &result), STORE_OK);
    assert_int_equal(result.first_uid, 1);
    assert_int_equal(result.copied.count, 1);
    assert_int_equal(result.copied.ranges[0].last, 4);
    struct copy_request move = {bench->inbox, target, one_range(bench, 3, 3), true};
    assert_int_equal(engine_copy(t, bench->engine, bench->arena, &move, &result), STORE_OK);
    struct entry *entries = NULL;
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 3);
    assert_int_equal(bench_entries(bench, target, &entries), 4);
    assert_int_equal(entries[3].flags, 1 << 8);
    struct slice *names = NULL;
    size_t count = 0;
    assert_int_equal(reader_keywords(bench->reader, bench->arena, target, &names, &count), STORE_OK);
    assert_slice(names[0], "$Important");
    /* Into itself: only what was there before. */
    struct copy_request self = {target, target, one_range(bench, 1, UINT32_MAX), false};
    assert_int_equal(engine_copy(t, bench->engine, bench->arena, &self, &result), STORE_OK);
    assert_int_equal(bench_entries(bench, target, &entries), 8);
    verify_clean(t, bench);
}

static void copies_and_moves_keep_flags_keywords_and_order(void **state) { bench_run(copy_body, NULL); }

static void expunge_body(struct task *t, struct store_bench *bench) {
    struct flag_result result;
    uint64_t modseq = 0;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 6);
    assert_int_equal(flags(t, bench, one_range(bench, 2, 4), FLAGS_ADD, FLAG_DELETED, UINT64_MAX, &result),
                     0);
    assert_int_equal(engine_expunge(t, bench->engine, bench->inbox, one_range(bench, 1, 3), true, &modseq),
                     STORE_OK);
    struct change *changes = NULL;
    size_t count = 0;
    assert_int_equal(
        reader_changes(bench->reader, bench->arena, bench->inbox, modseq - 1, 10, &changes, &count),
        STORE_OK);
    assert_int_equal(count, 2);
    assert_int_equal(changes[0].uid, 2);
    assert_int_equal(changes[1].kind, CHANGE_EXPUNGED);
    assert_int_equal(
        engine_expunge(t, bench->engine, bench->inbox, one_range(bench, 1, UINT32_MAX), false, &modseq),
        STORE_OK);
    struct mailbox inbox = bench_mailbox(bench, bench->inbox);
    assert_int_equal(inbox.message_count, 0);
    assert_int_equal(inbox.unseen_count, 0);
    assert_int_equal(inbox.bytes, 0);
    deliver_many(t, bench, 1);
    struct entry *entries = NULL;
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    assert_int_equal(entries[0].uid, 7);
    struct store_status status = {0};
    for (int i = 0; i < TEST_PATIENCE_MS / 5 && status.messages != 1; i++) {
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
        assert_int_equal(engine_status(bench->engine, &status), STORE_OK);
    }
    assert_int_equal(status.messages, 1);
    verify_clean(t, bench);
}

static void expunged_messages_go_and_their_uids_never_come_back(void **state) {
    bench_run(expunge_body, NULL);
}

static void many_body(struct task *t, struct store_bench *bench) {
    enum { ROUNDS = 13 };
    struct copy_result copied;
    uint64_t modseq = 0;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 4);
    for (int i = 0; i < ROUNDS; i++) {
        struct copy_request self = {bench->inbox, bench->inbox, one_range(bench, 1, UINT32_MAX), false};
        assert_int_equal(engine_copy(t, bench->engine, bench->arena, &self, &copied), STORE_OK);
    }
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 4 << ROUNDS);
    assert_int_equal(
        engine_expunge(t, bench->engine, bench->inbox, one_range(bench, 1, UINT32_MAX), false, &modseq),
        STORE_OK);
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 0);
    /* More than the log notes: whoever comes from before must read all. */
    struct change *changes = NULL;
    size_t count = 0;
    assert_int_equal(
        reader_changes(bench->reader, bench->arena, bench->inbox, modseq - 1, 10, &changes, &count),
        STORE_REFUSED);
    assert_int_equal(reader_changes(bench->reader, bench->arena, bench->inbox, modseq, 10, &changes, &count),
                     STORE_OK);
    assert_int_equal(count, 0);
    verify_clean(t, bench);
}

static void tens_of_thousands_are_expunged_at_once(void **state) { bench_run(many_body, NULL); }

static void prune_body(struct task *t, struct store_bench *bench) {
    struct flag_result result;
    struct copy_result copied;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 2);
    for (int i = 0; i < 11; i++) {
        struct copy_request self = {bench->inbox, bench->inbox, one_range(bench, 1, UINT32_MAX), false};
        assert_int_equal(engine_copy(t, bench->engine, bench->arena, &self, &copied), STORE_OK);
    }
    uint64_t before = bench_mailbox(bench, bench->inbox).highest_modseq;
    for (int i = 0; i < 10; i++)
        for (uint32_t uid = 1; uid <= 4096; uid += 1000)
            assert_int_equal(flags(t, bench, one_range(bench, uid, uid + 999),
                                   i % 2 ? FLAGS_REMOVE : FLAGS_ADD, FLAG_SEEN, UINT64_MAX, &result),
                             STORE_OK);
    struct change *changes = NULL;
    size_t count = 0;
    assert_int_equal(reader_changes(bench->reader, bench->arena, bench->inbox, before, 10, &changes, &count),
                     STORE_REFUSED);
    assert_int_equal(
        reader_changes(bench->reader, bench->arena, bench->inbox, result.modseq - 1, 10, &changes, &count),
        STORE_OK);
    assert_int_equal(count, 10);
    verify_clean(t, bench);
}

static void a_long_log_is_cut_and_says_so(void **state) { bench_run(prune_body, NULL); }

/* Two that are flagged are noted, four thousand are not: then all is read, and what comes later is noted
 * again. */
static void much_body(struct task *t, struct store_bench *bench) {
    struct flag_result result;
    struct copy_result copied;
    struct change *changes = NULL;
    size_t count = 0;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 2);
    for (int i = 0; i < 11; i++) {
        struct copy_request self = {bench->inbox, bench->inbox, one_range(bench, 1, UINT32_MAX), false};
        assert_int_equal(engine_copy(t, bench->engine, bench->arena, &self, &copied), STORE_OK);
    }
    assert_int_equal(
        flags(t, bench, one_range(bench, 1, UINT32_MAX), FLAGS_ADD, FLAG_SEEN, UINT64_MAX, &result),
        STORE_OK);
    assert_true(result.is_changed);
    uint64_t much = result.modseq;
    assert_int_equal(flags(t, bench, one_range(bench, 7, 8), FLAGS_ADD, FLAG_FLAGGED, UINT64_MAX, &result),
                     STORE_OK);
    assert_int_equal(
        reader_changes(bench->reader, bench->arena, bench->inbox, much - 1, 10, &changes, &count),
        STORE_REFUSED);
    assert_int_equal(reader_changes(bench->reader, bench->arena, bench->inbox, much, 10, &changes, &count),
                     STORE_OK);
    assert_int_equal(count, 2);
    assert_int_equal(flags(t, bench, one_range(bench, 7, 8), FLAGS_ADD, FLAG_FLAGGED, UINT64_MAX, &result),
                     STORE_OK);
    assert_false(result.is_changed);
    verify_clean(t, bench);
}

static void much_that_changes_at_once_is_not_noted_one_by_one(void **state) { bench_run(much_body, NULL); }

static void assert_runs(struct store_bench *bench, uint32_t behind, const struct uid_range *ranges,
                        size_t count) {
    struct uid_set set = UID_SET_EMPTY;
    struct uid_set_cursor cursor = {0};
    struct number_range range;
    size_t seen = 0;
    if (behind) uid_set_append(&set, (struct number_range){behind, behind});
    assert_int_equal(reader_uids(bench->reader, bench->inbox, &set), STORE_OK);
    if (behind) assert_int_equal(uid_set_remove(&set, (struct number_range){behind, behind}), 1);
    for (; uid_set_next(&set, &cursor, &range); seen++) {
        assert_true(seen < count);
        assert_int_equal(range.first, ranges[seen].first);
        assert_int_equal(range.last, ranges[seen].last);
    }
    assert_int_equal(seen, count);
    uid_set_free(&set);
}

static void remove_uids(struct task *t, struct store_bench *bench, uint32_t first, uint32_t last) {
    uint64_t modseq = 0;
    assert_int_equal(
        engine_expunge(t, bench->engine, bench->inbox, one_range(bench, first, last), false, &modseq),
        STORE_OK);
}

static void holes_body(struct task *t, struct store_bench *bench) {
    struct copy_result copied;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 2);
    for (int i = 0; i < 14; i++) {
        struct copy_request self = {bench->inbox, bench->inbox, one_range(bench, 1, UINT32_MAX), false};
        assert_int_equal(engine_copy(t, bench->engine, bench->arena, &self, &copied), STORE_OK);
    }
    enum { LAST = 2 << 14 };
    assert_runs(bench, 0, &(struct uid_range){1, LAST}, 1);
    remove_uids(t, bench, 1, 3);
    assert_runs(bench, 0, &(struct uid_range){4, LAST}, 1);
    remove_uids(t, bench, 9000, 9000);
    remove_uids(t, bench, 20000, 29999);
    struct uid_range left[] = {{4, 8999}, {9001, 19999}, {30000, LAST}};
    assert_runs(bench, 0, left, 3);
    assert_runs(bench, 30000, &(struct uid_range){30001, LAST}, 1);
    remove_uids(t, bench, 1, UINT32_MAX);
    assert_runs(bench, 0, NULL, 0);
}

static void uids_are_read_with_every_hole(void **state) { bench_run(holes_body, NULL); }

static uint64_t expunge_deleted(struct task *t, struct store_bench *bench, uint32_t first, uint32_t last) {
    uint64_t modseq = 0;
    assert_int_equal(
        engine_expunge(t, bench->engine, bench->inbox, one_range(bench, first, last), true, &modseq),
        STORE_OK);
    return modseq;
}

static void mark_deleted(struct task *t, struct store_bench *bench, uint32_t first, uint32_t last) {
    struct flag_result result;
    assert_int_equal(
        flags(t, bench, one_range(bench, first, last), FLAGS_ADD, FLAG_DELETED, UINT64_MAX, &result), 0);
}

static void deleted_body(struct task *t, struct store_bench *bench) {
    struct copy_result copied;
    struct flag_result result;
    struct change *changes = NULL;
    size_t count = 0;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 2);
    for (int i = 0; i < 10; i++) {
        struct copy_request self = {bench->inbox, bench->inbox, one_range(bench, 1, UINT32_MAX), false};
        assert_int_equal(engine_copy(t, bench->engine, bench->arena, &self, &copied), STORE_OK);
    }
    enum { LAST = 2 << 10, FEW = STORE_EXPUNGE_FEW };
    assert_int_equal(expunge_deleted(t, bench, 1, UINT32_MAX), 0);
    mark_deleted(t, bench, 1, 1);
    mark_deleted(t, bench, 5, 7);
    mark_deleted(t, bench, LAST, LAST);
    /* Marked and unmarked again, or outside of what is asked for: these stay. */
    mark_deleted(t, bench, 9, 9);
    assert_int_equal(flags(t, bench, one_range(bench, 9, 9), FLAGS_REMOVE, FLAG_DELETED, UINT64_MAX, &result),
                     0);
    uint64_t modseq = expunge_deleted(t, bench, 2, UINT32_MAX);
    assert_runs(bench, 0, (struct uid_range[]){{1, 4}, {8, LAST - 1}}, 2);
    assert_int_equal(
        reader_changes(bench->reader, bench->arena, bench->inbox, modseq - 1, 10, &changes, &count),
        STORE_OK);
    assert_int_equal(count, 4);
    assert_int_equal(changes[3].uid, LAST);
    /* As many as are taken one by one, and one more. */
    mark_deleted(t, bench, 100, 99 + FEW);
    (void)expunge_deleted(t, bench, 50, UINT32_MAX);
    assert_runs(bench, 0, (struct uid_range[]){{1, 4}, {8, 99}, {100 + FEW, LAST - 1}}, 3);
    mark_deleted(t, bench, 1000, 1000 + FEW);
    (void)expunge_deleted(t, bench, 50, UINT32_MAX);
    assert_runs(bench, 0, (struct uid_range[]){{1, 4}, {8, 99}, {100 + FEW, 999}, {1001 + FEW, LAST - 1}}, 4);
    (void)expunge_deleted(t, bench, 1, UINT32_MAX);
    assert_runs(bench, 0, (struct uid_range[]){{2, 4}, {8, 99}, {100 + FEW, 999}, {1001 + FEW, LAST - 1}}, 4);
    verify_clean(t, bench);
}

static void an_expunge_takes_what_is_deleted_be_it_little_or_much(void **state) {
    bench_run(deleted_body, NULL);
}

static void names_body(struct task *t, struct store_bench *bench) {
    static const char *const bad[] = {"", "/", "a//b", "/a", "a/", "a\x01", "\xff", "\xed\xa0\x80", "a\x7f"};
    uint64_t id = 0;
    bench_add_account(t, bench, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(engine_mailbox_create(t, bench->engine, bench->account, slice_from_text(bad[i]),
                                               SPECIAL_NONE, &id),
                         STORE_REFUSED);
    struct slice path = SLICE("../x");
    assert_int_equal(engine_mailbox_create(t, bench->engine, bench->account, path, SPECIAL_NONE, &id), 0);
    assert_int_equal(
        engine_mailbox_create(t, bench->engine, bench->account, SLICE("inbox"), SPECIAL_NONE, &id),
        STORE_EXISTS);
    assert_int_equal(engine_mailbox_delete(t, bench->engine, bench->account, SLICE("Inbox")), STORE_REFUSED);
    assert_int_equal(engine_mailbox_delete(t, bench->engine, bench->account, SLICE("..")), STORE_REFUSED);
    assert_int_equal(engine_mailbox_delete(t, bench->engine, bench->account, SLICE("no")), STORE_NOT_FOUND);
}

static void names_are_text_and_never_paths(void **state) { bench_run(names_body, NULL); }

static void rename_body(struct task *t, struct store_bench *bench) {
    uint64_t id = 0;
    struct mailbox mailbox;
    struct slice a = SLICE("a");
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 3);
    assert_int_equal(
        engine_mailbox_create(t, bench->engine, bench->account, SLICE("a/b%/c"), SPECIAL_NONE, &id),
        STORE_OK);
    assert_int_equal(engine_mailbox_rename(t, bench->engine, bench->account, a, SLICE("a/x")), STORE_REFUSED);
    assert_int_equal(engine_mailbox_rename(t, bench->engine, bench->account, a, SLICE("Sent")), STORE_EXISTS);
    assert_int_equal(engine_mailbox_rename(t, bench->engine, bench->account, a, SLICE("x/y")), STORE_OK);
    assert_int_equal(
        reader_mailbox_find(bench->reader, bench->arena, bench->account, SLICE("x/y/b%/c"), &mailbox),
        STORE_OK);
    assert_int_equal(mailbox.id, id);
    assert_int_equal(reader_mailbox_find(bench->reader, bench->arena, bench->account, a, &mailbox),
                     STORE_NOT_FOUND);
    assert_int_equal(
        engine_mailbox_rename(t, bench->engine, bench->account, SLICE("INBOX"), SLICE("old/2024")), STORE_OK);
    assert_int_equal(
        reader_mailbox_find(bench->reader, bench->arena, bench->account, SLICE("old/2024"), &mailbox),
        STORE_OK);
    assert_int_equal(mailbox.message_count, 3);
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 0);
    /* A mailbox that is made again is another one. */
    uint32_t uidvalidity = mailbox.uidvalidity;
    assert_int_equal(engine_mailbox_delete(t, bench->engine, bench->account, SLICE("old/2024")), STORE_OK);
    assert_true(bench->last_news.is_deleted);
    assert_int_equal(
        engine_mailbox_create(t, bench->engine, bench->account, SLICE("old/2024"), SPECIAL_NONE, &id),
        STORE_OK);
    assert_true(bench_mailbox(bench, id).uidvalidity > uidvalidity);
    verify_clean(t, bench);
}

static void mailboxes_are_renamed_with_what_is_below_them(void **state) { bench_run(rename_body, NULL); }

static void subscribe_body(struct task *t, struct store_bench *bench) {
    struct mailbox *mailboxes = NULL;
    size_t count = 0;
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_mailbox_subscribe(t, bench->engine, bench->account, SLICE("Junk"), false),
                     STORE_OK);
    assert_int_equal(reader_mailbox_list(bench->reader, bench->arena, bench->account, &mailboxes, &count),
                     STORE_OK);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(mailboxes[i].is_subscribed, mailboxes[i].special_use != SPECIAL_JUNK);
}

static void an_account_has_six_mailboxes_and_their_subscriptions(void **state) {
    bench_run(subscribe_body, NULL);
}

static void count_range(void *context, struct uid_range range) {
    uint32_t *total = context;
    *total += range.last - range.first + 1;
}

static void reading_body(struct task *t, struct store_bench *bench) {
    struct flag_result result;
    uint64_t modseq = 0;
    uint32_t total = 0;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 10);
    assert_int_equal(engine_expunge(t, bench->engine, bench->inbox, one_range(bench, 4, 5), false, &modseq),
                     STORE_OK);
    assert_int_equal(flags(t, bench, one_range(bench, 8, 10), FLAGS_ADD, FLAG_SEEN, UINT64_MAX, &result), 0);
    assert_runs(bench, 1, (struct uid_range[]){{2, 3}, {6, 10}}, 2);
    assert_int_equal(reader_uids_with_flags(bench->reader, bench->inbox, 0, FLAG_SEEN, count_range, &total),
                     STORE_OK);
    assert_int_equal(total, 5);
    struct uid_range ranges[] = {{1, 2}, {4, 7}, {9, UINT32_MAX}};
    struct entry *entries = NULL;
    size_t count = 0;
    assert_int_equal(reader_entries(bench->reader, bench->arena, bench->inbox, (struct uid_ranges){ranges, 3},
                                    2, ENTRY_FLAGS, 4, &entries, &count),
                     STORE_OK);
    assert_int_equal(count, 4);
    assert_int_equal(entries[0].uid, 2);
    assert_int_equal(entries[1].uid, 6);
    assert_int_equal(entries[3].uid, 9);
}

static void reading_follows_ranges_flags_and_bounds(void **state) { bench_run(reading_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_append_asked_again_gives_the_same_uids),
        cmocka_unit_test(what_an_import_brought_does_not_come_again),
        cmocka_unit_test(flags_change_what_they_change_and_nothing_else),
        cmocka_unit_test(a_mailbox_holds_so_many_keywords_and_says_when_it_is_full),
        cmocka_unit_test(copies_and_moves_keep_flags_keywords_and_order),
        cmocka_unit_test(expunged_messages_go_and_their_uids_never_come_back),
        cmocka_unit_test(tens_of_thousands_are_expunged_at_once),
        cmocka_unit_test(a_long_log_is_cut_and_says_so),
        cmocka_unit_test(uids_are_read_with_every_hole),
        cmocka_unit_test(an_expunge_takes_what_is_deleted_be_it_little_or_much),
        cmocka_unit_test(much_that_changes_at_once_is_not_noted_one_by_one),
        cmocka_unit_test(names_are_text_and_never_paths),
        cmocka_unit_test(mailboxes_are_renamed_with_what_is_below_them),
        cmocka_unit_test(an_account_has_six_mailboxes_and_their_subscriptions),
        cmocka_unit_test(reading_follows_ranges_flags_and_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
