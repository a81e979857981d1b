/*
 * Fills the queue of a data folder that nobody serves: so many bulk messages of 1 KB with one recipient each,
 * every second of them to dead.test, the others to LIVE domains in turn: w0.watched.test to w9.watched.test,
 * then d10.live.test and so on (bench/relay_zone.py). Prints how long that took.
 *
 *   queue_fill FOLDER MESSAGES LIVE
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "io/real/loop.h"
#include "store/body_pack.h"
#include "store/engine.h"
#include "store/queue_model.h"

enum { MESSAGE_BYTES = 1024, TASKS = 400, WATCHED = 10 };

struct fill {
    struct env *env;
    struct engine *engine;
    struct scope workers;
    const char *folder;
    uint64_t messages;
    uint64_t live;
    struct buffer packed;
    uint64_t raw_bytes;
    struct id_source ids;
    uint64_t started;
};

static double now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_body(struct fill *fill) {
    struct body_packer *packer = body_packer_new(NULL);
    struct buffer raw = buffer_new(2 * MESSAGE_BYTES);
    buffer_append_text(&raw, "From: list@bench.test\r\nSubject: the newsletter\r\n\r\n");
    while (raw.len < MESSAGE_BYTES)
        buffer_printf(&raw, "One line of the newsletter is this, %llx.\r\n",
                      (unsigned long long)env_random_u64(fill->env));
    fill->packed = buffer_new(MIB(1));
    body_packer_feed(packer, buffer_slice(&raw), &fill->packed);
    fill->raw_bytes = body_packer_finish(packer, &fill->packed);
    body_packer_free(&packer);
    buffer_free(&raw);
}

static struct slice address_of(const struct fill *fill, uint64_t number, char *text, size_t size) {
    uint64_t live = number / 2 % fill->live;
    int len = 0;
    if (number % 2 == 0)
        len = snprintf(text, size, "reader%llu@dead.test", (unsigned long long)number);
    else if (live < WATCHED)
        len = snprintf(text, size, "reader%llu@w%llu.watched.test", (unsigned long long)number,
                       (unsigned long long)live);
    else
        len = snprintf(text, size, "reader%llu@d%llu.live.test", (unsigned long long)number,
                       (unsigned long long)live);
    return slice_of(text, (size_t)len);
}

static void queue_one(struct task *t, struct fill *fill, uint64_t number) {
    char address[80];
    struct queue_recipient recipient = {.address = address_of(fill, number, address, sizeof address)};
    struct delivery delivery = {.id = store_id_new(&fill->ids, fill->env),
                                .tenant = 1,
                                .mail_from = SLICE("list@bench.test"),
                                .received_ms = env_wall_ms(fill->env),
                                .stream = QUEUE_BULK,
                                .queue = &recipient,
                                .queue_count = 1};
    delivery.body = (struct body_source){.packed = buffer_slice(&fill->packed), .raw_bytes = fill->raw_bytes};
    delivery.facts = (struct message_facts){.raw_bytes = fill->raw_bytes};
    if (engine_deliver(t, fill->engine, &delivery) != STORE_OK) abort();
}

static void worker(struct task *t, void *argument) {
    struct fill *fill = argument;
    while (fill->started < fill->messages) queue_one(t, fill, fill->started++);
}

static void fill_main(struct task *t, void *argument) {
    struct fill *fill = argument;
    struct engine_options options = {.folder = fill->folder, .node = 2, .hash_memory_kib = 64};
    if (engine_open(fill->env, &options, &fill->engine)) abort();
    double started = now_s();
    scope_init(&fill->workers, fill->env);
    for (int i = 0; i < TASKS; i++)
        if (!scope_spawn(&fill->workers, worker, fill)) abort();
    scope_close(t, &fill->workers);
    (void)printf("%llu messages in %.1f s\n", (unsigned long long)fill->messages, now_s() - started);
    engine_close(t, &fill->engine);
    real_env_stop(fill->env);
}

int main(int argc, char **argv) {
    struct fill fill = {.env = real_env_new(NULL), .ids = {.node = 3}};
    if (argc != 4 || !slice_to_number(slice_from_text(argv[2]), 100000000, &fill.messages) ||
        !slice_to_number(slice_from_text(argv[3]), 1000000, &fill.live) || fill.live == 0) {
        (void)fprintf(stderr, "usage: %s FOLDER MESSAGES LIVE\n", argv[0]);
        return 2;
    }
    fill.folder = argv[1];
    make_body(&fill);
    struct scope scope;
    scope_init(&scope, fill.env);
    if (!scope_spawn(&scope, fill_main, &fill)) abort();
    real_env_run(fill.env);
    buffer_free(&fill.packed);
    real_env_free(&fill.env);
    return 0;
}
