/*
 * Measures deliveries: so many tasks deliver messages of 4 KB to so many accounts, one after
 * the other. Prints messages a second, CPU time, bytes that the kernel was given to write, bytes
 * it has to write to the disk, and syncs for each message; for all of them, and for each EVERY on
 * the way, which shows what a mailbox costs that grows. Packing is done before the clock starts,
 * as another role does it.
 *
 *   store_bench [TASKS [MESSAGES [ACCOUNTS [FOLDER [EVERY]]]]]
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../tests/unit/signing_key.h"
#include "base/limits.h"
#include "io/real/loop.h"
#include "store/body_pack.h"
#include "store/engine.h"

enum { MESSAGE_BYTES = 4096, VARIANTS = 64 };

/* What was used up to a moment. */
struct usage {
    double wall_s;
    double cpu_s;
    uint64_t given_bytes;
    uint64_t disk_bytes;
    uint64_t syncs;
    uint64_t commits;
    long messages;
};

struct bench {
    struct env *env;
    struct engine *engine;
    struct scope workers;
    struct arena *arena;
    char folder[512];
    long tasks;
    long messages;
    long account_count;
    uint64_t *accounts;
    struct body_source bodies[VARIANTS];
    struct id_source ids;
    long started;
    long failed;
    /* Reports on the way; 0: none. */
    long every;
    struct usage last;
};

static double now_s(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* proc(5): "wchar" and "write_bytes". */
static void read_written(struct usage *usage) {
    char line[128];
    FILE *file = fopen("/proc/self/io", "r");
    while (file && fgets(line, sizeof line, file)) {
        struct slice rest = slice_trim(slice_from_text(line));
        bool is_given = slice_starts(rest, SLICE("wchar: "));
        if (!is_given && !slice_starts(rest, SLICE("write_bytes: "))) continue;
        (void)slice_take_until(&rest, ' ');
        (void)slice_to_number(slice_skip(rest, 1), UINT64_MAX,
                              is_given ? &usage->given_bytes : &usage->disk_bytes);
    }
    if (file) (void)fclose(file);
}

static struct usage usage_now(const struct bench *bench, long messages) {
    struct usage usage = {.wall_s = now_s(CLOCK_MONOTONIC), .cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID)};
    struct store_status status;
    if (engine_status(bench->engine, &status) != STORE_OK) abort();
    read_written(&usage);
    usage.commits = status.commits;
    usage.syncs = bench->env->metrics.cells[METRIC_STORE_SYNCS];
    usage.messages = messages;
    return usage;
}

static void report(const struct usage *from, const struct usage *to) {
    double count = (double)(to->messages - from->messages);
    (void)printf(
        "%8ld messages: %6.0f/s, %6.1f us CPU, %6.0f bytes given, %6.0f to the disk, %.2f syncs, %.1f"
        " messages a commit\n",
        to->messages, count / (to->wall_s - from->wall_s), (to->cpu_s - from->cpu_s) / count * 1e6,
        (double)(to->given_bytes - from->given_bytes) / count,
        (double)(to->disk_bytes - from->disk_bytes) / count, (double)(to->syncs - from->syncs) / count,
        count / (double)(to->commits - from->commits));
    (void)fflush(stdout);
}

/* Text with the entropy of text: words of a small vocabulary. */
static void make_bodies(struct bench *bench) {
    static const char *const words[] = {
        "the ",     "message ", "of ",       "a ",       "mailbox ",  "hello\r\n", "delivery ", "please ",
        "find ",    "attached", "regards ",  "invoice ", "meeting ",  "tomorrow",  "and ",      "number ",
        "2024-11 ", "yes ",     "question ", "answer ",  "together ", "would "};
    struct body_packer *packer = body_packer_new(NULL);
    for (int i = 0; i < VARIANTS; i++) {
        struct buffer raw = buffer_new(2 * MESSAGE_BYTES);
        struct buffer packed = buffer_new(MIB(1));
        while (raw.len < MESSAGE_BYTES) {
            uint64_t random = env_random_u64(bench->env);
            buffer_append_text(&raw, words[random % (sizeof words / sizeof words[0])]);
            if (random >> 40 & 1) buffer_printf(&raw, "%x ", (unsigned)(random >> 44));
        }
        body_packer_feed(packer, buffer_slice(&raw), &packed);
        bench->bodies[i].raw_bytes = body_packer_finish(packer, &packed);
        bench->bodies[i].packed = arena_copy(bench->arena, buffer_slice(&packed));
        buffer_free(&raw);
        buffer_free(&packed);
    }
    body_packer_free(&packer);
}

static void measure_packing(struct bench *bench) {
    enum { ROUNDS = 2000 };
    struct body_packer *packer = body_packer_new(NULL);
    struct body_unpacker *unpacker = body_unpacker_new();
    struct buffer packed = buffer_new(MIB(1));
    struct buffer raw = buffer_new(MIB(1));
    struct slice first = bench->bodies[0].packed;
    if (body_unpack_frame(unpacker, slice_sub(first, 0, first.len - 8), &raw) != BODY_UNPACK_OK) abort();
    double start = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < ROUNDS; i++) {
        buffer_clear(&packed);
        body_packer_feed(packer, buffer_slice(&raw), &packed);
        (void)body_packer_finish(packer, &packed);
    }
    (void)printf("packing %zu bytes: %.1f us, to %zu bytes\n", raw.len,
                 (now_s(CLOCK_PROCESS_CPUTIME_ID) - start) / ROUNDS * 1e6, packed.len);
    buffer_free(&packed);
    buffer_free(&raw);
    body_packer_free(&packer);
    body_unpacker_free(&unpacker);
}

static void deliver_one(struct task *t, struct bench *bench, long number) {
    char envelope[500];
    char message_id[40];
    memset(envelope, 'e', sizeof envelope);
    int len = snprintf(message_id, sizeof message_id, "<%ld.%d@bench.example>", number, (int)getpid());
    struct delivery delivery = {.id = store_id_new(&bench->ids, bench->env),
                                .tenant = 1,
                                .mail_from = SLICE("bob@example.net"),
                                .received_ms = 1700000000000 + number,
                                .body = bench->bodies[number % VARIANTS],
                                .accounts = &bench->accounts[number % bench->account_count],
                                .account_count = 1};
    delivery.facts = (struct message_facts){.raw_bytes = delivery.body.raw_bytes,
                                            .envelope = slice_of(envelope, 350),
                                            .structure = slice_of(envelope, 60),
                                            .preview = slice_of(envelope, 200),
                                            .subject_base = slice_of(envelope, 30),
                                            .message_id = slice_of(message_id, (size_t)len)};
    if (engine_deliver(t, bench->engine, &delivery) != STORE_OK) bench->failed++;
}

/* Those that are under way at the end report nothing more. */
static void report_on_the_way(struct bench *bench) {
    if (bench->started == bench->last.messages) return;
    struct usage now = usage_now(bench, bench->started);
    report(&bench->last, &now);
    bench->last = now;
}

static void worker(struct task *t, void *argument) {
    struct bench *bench = argument;
    while (bench->started < bench->messages) {
        deliver_one(t, bench, bench->started++);
        if (bench->every && bench->started % bench->every == 0) report_on_the_way(bench);
    }
}

static void add_accounts(struct task *t, struct bench *bench) {
    if (engine_domain_add(t, bench->engine, SLICE("example.org"), false) != STORE_OK) abort();
    for (long i = 0; i < bench->account_count; i++) {
        char name[40];
        int len = snprintf(name, sizeof name, "user%ld@example.org", i);
        if (engine_account_add(t, bench->engine, slice_of(name, (size_t)len), SLICE("pw"), 0,
                               &bench->accounts[i]) != STORE_OK)
            abort();
    }
}

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    struct engine_options options = {
        .folder = bench->folder, .node = 1, .hash_memory_kib = 64, .signing_rsa_key = TEST_SIGNING_KEY};
    if (engine_open(bench->env, &options, &bench->engine)) abort();
    add_accounts(t, bench);
    struct usage first = bench->last = usage_now(bench, 0);
    scope_init(&bench->workers, bench->env);
    for (long i = 0; i < bench->tasks; i++)
        if (!scope_spawn(&bench->workers, worker, bench)) abort();
    scope_close(t, &bench->workers);
    struct usage end = usage_now(bench, bench->messages);
    (void)printf("%ld tasks, %ld accounts, %ld failed, in all\n", bench->tasks, bench->account_count,
                 bench->failed);
    report(&first, &end);
    engine_close(t, &bench->engine);
    real_env_stop(bench->env);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static long argument_of(int argc, char **argv, int place, long otherwise) {
    uint64_t number = 0;
    if (argc <= place || !slice_to_number(slice_from_text(argv[place]), 100000000, &number)) return otherwise;
    return (long)number;
}

int main(int argc, char **argv) {
    struct bench bench = {.env = real_env_new(NULL), .arena = arena_new(MIB(64))};
    bench.tasks = argument_of(argc, argv, 1, 20);
    bench.messages = argument_of(argc, argv, 2, 20000);
    bench.account_count = argument_of(argc, argv, 3, 20);
    bench.every = argument_of(argc, argv, 5, 0);
    bench.ids.node = 2;
    bench.accounts = ARENA_NEW_ARRAY(bench.arena, uint64_t, bench.account_count);
    (void)snprintf(bench.folder, sizeof bench.folder, "%s/store-bench-%d", argc > 4 ? argv[4] : "/tmp",
                   (int)getpid());
    make_bodies(&bench);
    measure_packing(&bench);
    if (engine_create(bench.env, bench.folder)) abort();
    struct scope scope;
    scope_init(&scope, bench.env);
    if (!scope_spawn(&scope, bench_main, &bench)) abort();
    real_env_run(bench.env);
    (void)nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    real_env_free(&bench.env);
    arena_free(&bench.arena);
    return 0;
}
