/*
 * A whole SMTP session on the real loop: the first byte is the port, the rest what a client
 * sends, with a pause (for the reply it has to wait for) at each byte 1. Whatever that is, the
 * session ends, and no message is delivered that the store was not given whole.
 */
#include "../unit/smtp_bench.h"

struct fuzz_input {
    struct slice bytes;
};

static void drain(struct task *t, struct stream *stream) {
    char bytes[4096];
    for (int i = 0; i < 3; i++) {
        if (task_yield(t) != WAIT_OK) return;
        while (stream->ops->read(stream, bytes, sizeof bytes) > 0) continue;
    }
}

static void talk(struct task *t, struct smtp_bench *bench, struct slice bytes) {
    bool is_mx = bytes.len && bytes.ptr[0] == 'M';
    struct stream *client = bench_connect(bench, is_mx ? SMTP_PORT_MX : SMTP_PORT_SUBMISSION);
    bytes = slice_skip(bytes, 1);
    drain(t, client);
    while (bytes.len) {
        struct slice piece = slice_take_until(&bytes, 1);
        (void)slice_take_byte(&bytes, 1);
        if (stream_write(t, client, piece, env_now_ms(bench->env) + 1000)) break;
        drain(t, client);
    }
    stream_close(&client);
}

static void fuzz_main(struct task *t, void *argument) {
    struct fuzz_input *input = argument;
    struct smtp_bench bench;
    bench_open(&bench, task_env(t));
    bench.server.settings.message_bytes_max = 100000;
    talk(t, &bench, input->bytes);
    for (int i = 0; i < 4; i++) (void)!task_yield(t);
    bench_close(t, &bench);
    real_env_stop(task_env(t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {slice_of(data, size)};
    struct env *env = real_env_new(NULL);
    struct scope scope;
    scope_init(&scope, env);
    if (!scope_spawn(&scope, fuzz_main, &input)) abort();
    real_env_run(env);
    real_env_free(&env);
    return 0;
}
