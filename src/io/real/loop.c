#include "io/real/loop.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"

static int64_t real_now_ms(struct env *env) { return (int64_t)uv_now(&real_env_of(env)->loop); }

static int64_t real_wall_ms(struct env *env) {
    (void)env;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) FATAL("no clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void real_random(struct env *env, void *bytes, size_t len) {
    (void)env;
    uint8_t *at = bytes;
    while (len) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0) FATAL("no random bytes");
        at += got;
        len -= (size_t)got;
    }
}

static void real_handle_close(struct env *env, struct handle handle) {
    (void)env;
    if (handle.fd >= 0) (void)close(handle.fd);
}

static const struct env_ops real_ops = {
    .now_ms = real_now_ms,
    .wall_ms = real_wall_ms,
    .random = real_random,
    .stream_adopt = real_stream_adopt,
    .handle_is_stream = real_handle_is_stream,
    .listener_adopt = real_listener_adopt,
    .listen_open = real_listen_open,
    .pair_open = real_pair_open,
    .connect_start = real_connect_start,
    .handle_close = real_handle_close,
    .lane_open = real_lane_open,
    .lane_submit = real_lane_submit,
    .lane_close = real_lane_close,
    .tls_wrap = real_tls_wrap,
    .fetch_start = real_fetch_start,
    .fetch_stop = real_fetch_stop,
    .dns_open = real_dns_open,
    .files = &real_file_ops,
};

int real_accepted_fd_max(int descriptors) {
    int spared = descriptors / 4 < ACCEPT_DESCRIPTORS_SPARED ? descriptors / 4 : ACCEPT_DESCRIPTORS_SPARED;
    return descriptors - spared - 1;
}

/* Asked once: a role may not ask any more when its walls stand. */
static int accepted_fd_max(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > INT32_MAX) return INT32_MAX;
    return real_accepted_fd_max((int)limit.rlim_cur);
}

struct env *real_env_new(struct log *log) {
    struct real_env *real = calloc(1, sizeof *real);
    if (!real) FATAL("out of memory for a loop");
    env_init(&real->env, &real_ops, log, NULL);
    real->accepted_fd_max = accepted_fd_max();
    if (uv_loop_init(&real->loop)) FATAL("no event loop");
    real->keeps_memory_until_ms = (int64_t)uv_now(&real->loop) + MEMORY_KEPT_MS;
    if (uv_timer_init(&real->loop, &real->timer)) FATAL("no loop timer");
    for (size_t i = 0; i < 3; i++)
        if (uv_signal_init(&real->loop, &real->signals[i])) FATAL("no loop signal");
    return &real->env;
}

static void close_handle(uv_handle_t *handle, void *context) {
    (void)context;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

void real_env_free(struct env **env) {
    struct real_env *real = real_env_of(*env);
    uv_walk(&real->loop, close_handle, NULL);
    (void)uv_run(&real->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&real->loop)) FATAL("something is left open on the loop");
    env_fini(&real->env);
    free(real);
    *env = NULL;
}

/* libuv may fire it before it polls: then it must not go on to wait for events, without an end. */
static void timer_fired(uv_timer_t *timer) { uv_stop(timer->loop); }

static void arm_timer(struct real_env *real) {
    int64_t next_ms = timer_heap_next_ms(&real->env.timers);
    if (next_ms == DEADLINE_NONE) {
        (void)uv_timer_stop(&real->timer);
        return;
    }
    int64_t pause_ms = next_ms - (int64_t)uv_now(&real->loop);
    /* libuv fires what is due before it polls, and would then poll without end where time moved on since
       its last look at the clock. A timer that repeats bounds that poll; it is set anew each turn. */
    (void)uv_timer_start(&real->timer, timer_fired, pause_ms > 0 ? (uint64_t)pause_ms : 0, 1);
}

/* The C library keeps what was freed: a peak (many sessions, password hashes) would stay for good. It is kept
   for as long as another one may follow. */
static void give_memory_back(struct real_env *real) {
    int64_t now_ms = (int64_t)uv_now(&real->loop);
    if (now_ms < real->keeps_memory_until_ms) return;
    real->keeps_memory_until_ms = now_ms + MEMORY_KEPT_MS;
    (void)malloc_trim(0);
}

void real_env_run(struct env *env) {
    struct real_env *real = real_env_of(env);
    while (!real->is_stopping) {
        env_run_ready(env);
        if (real->is_stopping) break;
        bool is_busy = env_has_work(env);
        if (!is_busy) arm_timer(real);
        give_memory_back(real);
        (void)uv_run(&real->loop, is_busy ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    }
    real->is_stopping = false;
}

void real_env_stop(struct env *env) { real_env_of(env)->is_stopping = true; }

void real_env_on_signal(struct env *env, int signal, void (*handler)(uv_signal_t *handle, int signal),
                        void *context) {
    struct real_env *real = real_env_of(env);
    for (size_t i = 0; i < 3; i++) {
        if (real->signals[i].signum) continue;
        real->signals[i].data = context;
        if (uv_signal_start(&real->signals[i], handler, signal)) FATAL("signal %d cannot be watched", signal);
        return;
    }
    FATAL("too many signals");
}
