/* A store in a folder of its own, on the real loop, for the store's unit tests. */
#ifndef STORE_BENCH_H
#define STORE_BENCH_H

#include "test.h"

#include <ftw.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/real/loop.h"
#include "signing_key.h"
#include "store/body_pack.h"
#include "store/engine.h"
#include "store/reader.h"

struct store_bench {
    struct env *env;
    struct arena *arena;
    char folder[64];
    struct engine *engine;
    struct reader *reader;
    struct id_source ids;
    /* Small segments, so that there are many. */
    uint64_t segment_bytes;
    uint64_t account;
    uint64_t inbox;
    size_t news_count;
    struct mailbox_news last_news;
    /* Who else hears of news; may be NULL. */
    void (*pass_news)(void *context, const struct mailbox_news *news);
    void *pass_context;
    /* Who closes segments that are gone; may be NULL. Its context is the bench. */
    void (*on_segment_gone)(void *context, uint64_t segment);
    void (*body)(struct task *t, struct store_bench *bench);
    void *extra;
    /* A child process whose files may fail: it ends where the store cannot be opened. */
    bool files_may_fail;
};
enum { BENCH_CANNOT_OPEN = 3 };

static inline int bench_remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void bench_on_news(void *context, const struct mailbox_news *news) {
    struct store_bench *bench = context;
    bench->news_count++;
    bench->last_news = *news;
    if (bench->pass_news) bench->pass_news(bench->pass_context, news);
}

static inline void bench_open(struct store_bench *bench) {
    struct engine_options options = {.folder = bench->folder,
                                     .node = 1,
                                     .on_news = bench_on_news,
                                     .on_segment_gone = bench->on_segment_gone,
                                     .context = bench,
                                     .hash_memory_kib = 64,
                                     .signing_rsa_key = TEST_SIGNING_KEY,
                                     .segment_bytes = bench->segment_bytes,
                                     .threads_recent = 8,
                                     .log_room_bytes = 8192};
    int opened = engine_open(bench->env, &options, &bench->engine);
    if (opened == 0) opened = reader_open(bench->env, bench->folder, &bench->reader);
    if (opened && bench->files_may_fail) _exit(BENCH_CANNOT_OPEN);
    assert_int_equal(opened, 0);
}

static inline void bench_close(struct task *t, struct store_bench *bench) {
    reader_close(&bench->reader);
    engine_close(t, &bench->engine);
}

static inline void bench_reopen(struct task *t, struct store_bench *bench) {
    bench_close(t, bench);
    bench_open(bench);
}

/* ann@example.org, with the password "secret". */
static inline void bench_add_account(struct task *t, struct store_bench *bench, uint64_t quota_bytes) {
    struct mailbox inbox;
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("example.org"), DOMAIN_LOCAL), STORE_OK);
    assert_int_equal(engine_account_add(t, bench->engine, SLICE("Ann@Example.org"), SLICE("secret"),
                                        quota_bytes, &bench->account),
                     STORE_OK);
    assert_int_equal(reader_mailbox_find(bench->reader, bench->arena, bench->account, SLICE("inbox"), &inbox),
                     STORE_OK);
    bench->inbox = inbox.id;
}

static inline void bench_main(struct task *t, void *argument) {
    struct store_bench *bench = argument;
    bench_open(bench);
    bench->body(t, bench);
    bench_close(t, bench);
    real_env_stop(bench->env);
}

static inline void bench_log_write(void *context, struct slice line) {
    if (context) (void)fprintf(stderr, "%.*s\n", SLICE_PRINT(line));
}
static inline int64_t bench_log_wall_ms(void *context) { return (void)context, 0; }

/* For engine_verify. */
static inline void bench_print_fault(void *context, struct slice line) {
    (void)context;
    (void)fprintf(stderr, "fault: %.*s\n", SLICE_PRINT(line));
}

/* Runs `body` as a task over the store in `folder`, which is made if `is_new`; `env_ops` replaces how
   the world is reached where it is not NULL. */
static inline void bench_run_in(const char *folder, bool is_new, const struct env_ops *env_ops,
                                void (*body)(struct task *t, struct store_bench *bench), void *extra) {
    struct log log = {bench_log_write, bench_log_wall_ms, getenv("TEST_LOG"), "test", LOG_LEVEL_INFO};
    struct store_bench bench = {.env = real_env_new(&log), .body = body, .extra = extra};
    if (env_ops) bench.env->ops = env_ops;
    bench.files_may_fail = env_ops != NULL;
    (void)snprintf(bench.folder, sizeof bench.folder, "%s", folder);
    bench.segment_bytes = KIB(16);
    bench.ids.node = 2;
    bench.arena = arena_new(MIB(256));
    if (is_new) assert_int_equal(engine_create(bench.env, bench.folder), 0);
    struct scope scope;
    scope_init(&scope, bench.env);
    assert_true(scope_spawn(&scope, bench_main, &bench));
    real_env_run(bench.env);
    real_env_free(&bench.env);
    arena_free(&bench.arena);
}

static inline void bench_folder_remove(const char *folder) {
    (void)nftw(folder, bench_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The same over a new store that goes afterwards. */
static inline void bench_run(void (*body)(struct task *t, struct store_bench *bench), void *extra) {
    char folder[64];
    test_folder_make(folder);
    bench_run_in(folder, true, NULL, body, extra);
    bench_folder_remove(folder);
}

/* A packed body in the bench's arena. */
static inline struct body_source bench_pack(struct store_bench *bench, struct slice raw) {
    struct body_packer *packer = body_packer_new(NULL);
    struct buffer packed = buffer_new(MIB(256));
    body_packer_feed(packer, raw, &packed);
    struct body_source source = {.raw_bytes = body_packer_finish(packer, &packed)};
    source.packed = arena_copy(bench->arena, buffer_slice(&packed));
    buffer_free(&packed);
    body_packer_free(&packer);
    return source;
}

static inline struct delivery bench_delivery(struct store_bench *bench, struct slice raw) {
    struct delivery delivery = {.id = store_id_new(&bench->ids, bench->env),
                                .tenant = 1,
                                .mail_from = SLICE("bob@example.net"),
                                .received_ms = 1700000000000,
                                .body = bench_pack(bench, raw),
                                .accounts = &bench->account,
                                .account_count = 1};
    delivery.facts.raw_bytes = raw.len;
    delivery.facts.envelope = SLICE("envelope");
    delivery.facts.structure = SLICE("structure");
    delivery.facts.preview = SLICE("preview");
    return delivery;
}

static inline void bench_deliver(struct task *t, struct store_bench *bench, struct slice raw) {
    struct delivery delivery = bench_delivery(bench, raw);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
}

static inline struct mailbox bench_mailbox(struct store_bench *bench, uint64_t id) {
    struct mailbox mailbox = {0};
    assert_int_equal(reader_mailbox_get(bench->reader, bench->arena, id, &mailbox), STORE_OK);
    return mailbox;
}

/* All entries of a mailbox. */
static inline size_t bench_entries(struct store_bench *bench, uint64_t mailbox, struct entry **entries) {
    struct uid_range all = {1, UINT32_MAX};
    size_t count = 0;
    assert_int_equal(reader_entries(bench->reader, bench->arena, mailbox, (struct uid_ranges){&all, 1}, 1,
                                    ENTRY_FLAGS | ENTRY_MESSAGE, 1000, entries, &count),
                     STORE_OK);
    return count;
}

#endif
