#include "io/conn.h"

#include <stdlib.h>

#include "base/limits.h"
#include "io/deflate.h"

enum { DISCARD_FACTOR = 16, OUTPUT_BYTES_MAX = 1 << 30 };

static void conn_run(struct task *t, void *argument);

static void end_now(struct work *work) {
    struct conn *conn = CONTAINER_OF(work, struct conn, end);
    struct conn_group *group = conn->group;
    list_remove(&conn->in_group);
    group->count--;
    if (conn->gauge != METRIC_CELLS) metrics_leave(&conn->env->metrics, conn->gauge);
    timer_disarm(&conn->env->timers, &conn->idle);
    if (conn->stream) {
        stream_unwatch(conn->stream);
        stream_close(&conn->stream);
    }
    buffer_free(&conn->in);
    buffer_free(&conn->out);
    conn->ops->closed(conn->session);
    if (group->count == 0 && group->scope.joiner) task_wake(group->scope.joiner);
}

static void start_task(struct conn *conn) {
    if (conn->is_running) return;
    timer_disarm(&conn->env->timers, &conn->idle);
    if (conn->stream) stream_unwatch(conn->stream);
    conn->is_running = scope_spawn(&conn->group->scope, conn_run, conn);
    if (!conn->is_running) work_post(conn->env, &conn->end);
}

static void became_readable(void *context) { start_task(context); }

static void idle_expired(struct timer *timer) {
    struct conn *conn = CONTAINER_OF(timer, struct conn, idle);
    conn->is_expired = true;
    start_task(conn);
}

void conn_init(struct conn *conn, struct stream *stream, const struct session_ops *ops, void *session,
               struct conn_group *group, size_t input_bytes_max) {
    *conn = (struct conn){.env = stream->env,
                          .stream = stream,
                          .ops = ops,
                          .session = session,
                          .group = group,
                          .gauge = METRIC_CELLS,
                          .idle_ms = 5 * 60 * 1000,
                          .step_ms = 60 * 1000,
                          .until_ms = DEADLINE_NONE,
                          .since_ms = env_now_ms(stream->env)};
    conn->in = buffer_new(input_bytes_max + ENV_READ_BYTES);
    conn->out = buffer_new(OUTPUT_BYTES_MAX);
    timer_init(&conn->idle, idle_expired);
    work_init(&conn->end, end_now);
    list_append(&group->conns, &conn->in_group);
    group->count++;
}

void conn_group_init(struct conn_group *group, struct env *env) {
    *group = (struct conn_group){.count = 0};
    scope_init(&group->scope, env);
    list_init(&group->conns);
}

void conn_group_close(struct task *t, struct conn_group *group) {
    scope_cancel(&group->scope);
    LIST_EACH(&group->conns, conn, struct conn, in_group) conn_close(conn);
    group->scope.joiner = t;
    while (group->count || !scope_is_empty(&group->scope)) task_wait_firmly(t);
    group->scope.joiner = NULL;
}

/* Between two commands it can be told, if it reads; a stranger's command is broken off. */
static bool shed(struct conn *conn) {
    if (conn->is_shed || conn->is_closing) return false;
    if (conn->is_running && (!conn->task || conn->until_ms == DEADLINE_NONE)) return false;
    conn->is_shed = true;
    conn->is_closing = true;
    if (conn->is_running) {
        task_cancel(conn->task);
        return true;
    }
    stream_unwatch(conn->stream);
    conn->is_running = true;
    if (conn->ops->shed.len) (void)!conn->stream->ops->write(conn->stream, conn->ops->shed);
    conn->stream->ops->shutdown(conn->stream);
    work_post(conn->env, &conn->end);
    return true;
}

bool conn_group_shed(struct conn_group *group) {
    int looked = 0;
    int64_t before_ms = env_now_ms(group->scope.env) - CONN_SHED_GRACE_MS;
    LIST_EACH(&group->conns, conn, struct conn, in_group) {
        if (conn->since_ms > before_ms || looked++ == CONN_SHED_LOOKED_AT_MAX) return false;
        if (shed(conn)) return true;
    }
    return false;
}

static void run_first(struct task *t, void *argument);

struct first_run {
    struct conn *conn;
    void (*first)(struct task *t, void *session);
};

void conn_start(struct conn *conn, void (*first)(struct task *t, void *session)) {
    if (!first) {
        start_task(conn);
        return;
    }
    struct first_run *run = malloc(sizeof *run);
    if (!run) FATAL("out of memory for a connection");
    *run = (struct first_run){conn, first};
    conn->is_running = scope_spawn(&conn->group->scope, run_first, run);
    if (conn->is_running) return;
    free(run);
    work_post(conn->env, &conn->end);
}

void conn_count(struct conn *conn, enum metric_protocol protocol) {
    ASSERT(conn->gauge == METRIC_CELLS);
    conn->gauge = METRIC_SESSIONS + protocol;
    metrics_enter(&conn->env->metrics, conn->gauge);
}

void conn_push_input(struct conn *conn, struct slice bytes) { buffer_append(&conn->in, bytes); }
void conn_set_idle_ms(struct conn *conn, int64_t idle_ms) { conn->idle_ms = idle_ms; }
void conn_set_step_ms(struct conn *conn, int64_t step_ms) { conn->step_ms = step_ms; }
void conn_set_until_ms(struct conn *conn, int64_t until_ms) {
    conn->until_ms = until_ms;
    if (until_ms != DEADLINE_NONE) return;
    conn->since_ms = env_now_ms(conn->env);
    list_remove(&conn->in_group);
    list_append(&conn->group->conns, &conn->in_group);
}

void conn_set_silent(struct conn *conn, bool is_silent) { conn->is_silent = is_silent; }

void conn_post(struct conn *conn) {
    conn->is_posted = true;
    start_task(conn);
}

void conn_close(struct conn *conn) {
    conn->is_closing = true;
    start_task(conn);
}

void conn_abort(struct conn *conn) {
    buffer_clear(&conn->out);
    conn_close(conn);
}

void conn_write(struct conn *conn, struct slice bytes) { buffer_append(&conn->out, bytes); }

/* The moment in `ms`, or when the connection's time is up. */
static int64_t deadline_in(const struct conn *conn, int64_t ms) {
    int64_t at_ms = ms == DEADLINE_NONE ? DEADLINE_NONE : env_now_ms(conn->env) + ms;
    return at_ms < conn->until_ms ? at_ms : conn->until_ms;
}

static int64_t step_deadline(const struct conn *conn) { return deadline_in(conn, conn->step_ms); }

int conn_flush(struct task *t, struct conn *conn) {
    if (conn->out.len == 0) return 0;
    int result = stream_write(t, conn->stream, buffer_slice(&conn->out), step_deadline(conn));
    buffer_clear(&conn->out);
    if (result) conn->is_closing = true;
    return result;
}

int conn_relieve(struct task *t, struct conn *conn) {
    return conn->out.len > conn->env->budgets->conn_output_bytes ? conn_flush(t, conn) : 0;
}

/* Reads what is there, without waiting. The input grows by what came, not by what could have. */
static ssize_t read_some(struct conn *conn) {
    size_t room = conn->in.max_bytes - conn->in.len;
    if (room == 0) return -EMSGSIZE;
    uint8_t *space = conn->env->read_space;
    ssize_t got = conn->stream->ops->read(conn->stream, space, room < ENV_READ_BYTES ? room : ENV_READ_BYTES);
    if (got > 0) buffer_append(&conn->in, slice_of(space, (size_t)got));
    return got;
}

ssize_t conn_fill(struct task *t, struct conn *conn) {
    int flushed = conn_flush(t, conn);
    if (flushed) return flushed;
    int64_t deadline_ms = step_deadline(conn);
    for (;;) {
        ssize_t got = read_some(conn);
        if (got > 0) return got;
        enum wait_result waited = WAIT_OK;
        if (got == -EAGAIN) {
            stream_watch_readable(conn->stream, (struct waker){task_wake_callback, t});
            waited = task_wait(t, deadline_ms);
            conn->stream->on_readable = (struct waker){0};
            if (waited == WAIT_OK) continue;
            got = waited == WAIT_TIMEOUT ? -ETIMEDOUT : -ECANCELED;
        }
        conn->is_closing = true;
        return got;
    }
}

void conn_consume(struct conn *conn, size_t len) { buffer_consume(&conn->in, len); }

/* Moves input up to and with LF into `line`; says whether the LF was met. */
static bool take_line_part(struct conn *conn, struct buffer *line, size_t *seen) {
    struct slice input = conn_input(conn);
    size_t end = slice_find_byte(input, '\n');
    size_t len = end == SLICE_NOT_FOUND ? input.len : end + 1;
    struct slice part = slice_sub(input, 0, len);
    bool is_end = end != SLICE_NOT_FOUND;
    if (is_end) part.len--;
    buffer_append(line, part);
    *seen += len;
    conn_consume(conn, len);
    return is_end;
}

int conn_read_line(struct task *t, struct conn *conn, struct buffer *line) {
    size_t seen = 0;
    while (!take_line_part(conn, line, &seen)) {
        if (seen > line->max_bytes * DISCARD_FACTOR) return -EMSGSIZE;
        ssize_t got = conn_fill(t, conn);
        if (got <= 0) return got == 0 ? -ECONNRESET : (int)got;
    }
    if (buffer_overflowed(line)) return -EMSGSIZE;
    if (line->len && line->ptr[line->len - 1] == '\r') buffer_truncate(line, line->len - 1);
    return 0;
}

int conn_start_tls(struct task *t, struct conn *conn, struct tls_context *context) {
    int result = conn_flush(t, conn);
    buffer_free(&conn->in);
    if (!result) result = tls_accept(t, &conn->stream, context, step_deadline(conn));
    if (result) conn->is_closing = true;
    return result;
}

int conn_start_deflate(struct task *t, struct conn *conn) {
    ASSERT(conn->in.len == 0);
    int result = conn_flush(t, conn);
    if (!result) stream_deflate(&conn->stream);
    return result;
}

int conn_detach(struct task *t, struct conn *conn, struct stream **stream, struct buffer *rest) {
    int result = conn_flush(t, conn);
    if (result) return result;
    buffer_append(rest, conn_input(conn));
    buffer_free(&conn->in);
    stream_unwatch(conn->stream);
    *stream = conn->stream;
    conn->stream = NULL;
    conn->is_closing = true;
    return 0;
}

static bool run_one_command(struct task *t, struct conn *conn) {
    size_t len = 0;
    if (conn->in.len == 0 || conn->ops->frame(conn->session, conn_input(conn), &len) == FRAME_MORE)
        return false;
    ASSERT(len <= conn->in.len);
    /* The command leaves the input first: its handler may read on behind it. */
    struct buffer command = buffer_new(len);
    buffer_append(&command, slice_sub(conn_input(conn), 0, len));
    conn_consume(conn, len);
    conn->ops->command(t, conn->session, buffer_slice(&command));
    buffer_free(&command);
    return true;
}

static void run_posted(struct task *t, struct conn *conn) {
    conn->is_posted = false;
    if (conn->ops->posted) conn->ops->posted(t, conn->session);
}

static void run_expired(struct task *t, struct conn *conn) {
    if (conn->ops->expired) conn->ops->expired(t, conn->session);
    conn->is_closing = true;
}

static bool is_over(struct conn *conn) {
    if (conn->until_ms != DEADLINE_NONE && env_now_ms(conn->env) >= conn->until_ms) conn->is_expired = true;
    return conn->is_expired;
}

/* Reads and runs commands until there is nothing left to do now. */
static void run_commands(struct task *t, struct conn *conn) {
    size_t taken = 0;
    while (!conn->is_closing && !is_over(conn) && !task_is_cancelled(t)) {
        if (conn->is_posted) run_posted(t, conn);
        if (conn->is_closing || run_one_command(t, conn)) continue;
        if (conn_flush(t, conn)) break;
        ssize_t got = read_some(conn);
        if (got == -EAGAIN) break;
        if (got <= 0) conn->is_closing = true;
        if (got > 0) taken += (size_t)got;
        if (taken < conn->env->budgets->conn_turn_bytes) continue;
        taken = 0;
        (void)!task_yield(t);
    }
}

static void rest(struct conn *conn) {
    if (conn->in.len == 0) buffer_free(&conn->in);
    buffer_free(&conn->out);
    if (conn->is_silent && conn->stream->ops->rest) conn->stream->ops->rest(conn->stream);
    timer_arm(&conn->env->timers, &conn->idle, deadline_in(conn, conn->idle_ms));
    stream_watch_readable(conn->stream, (struct waker){became_readable, conn});
}

static void finish(struct task *t, struct conn *conn) {
    if (conn->stream && !task_is_cancelled(t)) {
        (void)!conn_flush(t, conn);
        conn->stream->ops->shutdown(conn->stream);
    }
    work_post(conn->env, &conn->end);
}

static void settle(struct task *t, struct conn *conn) {
    if (task_is_cancelled(t)) conn->is_closing = true;
    if (conn->is_closing) {
        finish(t, conn);
        return;
    }
    conn->is_running = false;
    conn->task = NULL;
    if (conn->is_posted || conn->is_expired)
        start_task(conn);
    else
        rest(conn);
}

static void conn_run(struct task *t, void *argument) {
    struct conn *conn = argument;
    conn->task = t;
    if (conn->is_expired && !conn->is_closing) run_expired(t, conn);
    run_commands(t, conn);
    settle(t, conn);
}

static void run_first(struct task *t, void *argument) {
    struct first_run *run = argument;
    struct conn *conn = run->conn;
    void (*first)(struct task *, void *) = run->first;
    free(run);
    conn->task = t;
    first(t, conn->session);
    run_commands(t, conn);
    settle(t, conn);
}
