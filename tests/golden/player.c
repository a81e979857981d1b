#include "player.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "io/deflate.h"
#include "io/tls.h"

enum { WAIT_MS = 120000, BYTES_MAX = 128 << 20, LINE_BYTES_MAX = 1 << 20, READ_BYTES = 65536 };

static const struct slice any_token = SLICE_INIT("<any");

static bool fail(struct player *player, const struct script_step *step, const char *format, ...)
    PRINTF_LIKE(3, 4);
static bool fail(struct player *player, const struct script_step *step, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_printf(&player->failure, "%s:%u: connection %u: %s", step->file, step->line, step->connection,
                  text);
    player->is_over = true;
    return false;
}

static int64_t deadline(struct task *t) { return env_now_ms(task_env(t)) + WAIT_MS; }

static struct player_connection *connection_of(struct player *player, const struct script_step *step) {
    return &player->connections[step->connection];
}

/* ---- captures ---- */

struct capture {
    struct slice value;
};

static void capture(struct player *player, struct slice name, struct slice value) {
    struct capture *kept = ARENA_NEW(player->arena, struct capture);
    kept->value = arena_copy(player->arena, value);
    (void)map_put(player->captures, name, kept);
}

/* Puts the captured values in the place of "${name}". */
static void substitute(const struct player *player, struct slice text, struct buffer *out) {
    while (text.len) {
        size_t at = slice_find(text, SLICE("${"));
        if (at == SLICE_NOT_FOUND) at = text.len;
        buffer_append(out, slice_take(&text, at));
        if (!slice_take_prefix(&text, SLICE("${"))) continue;
        const struct capture *kept = map_get(player->captures, slice_take_until(&text, '}'));
        (void)slice_take_byte(&text, '}');
        if (kept) buffer_append(out, kept->value);
    }
}

/* Takes "<any>" or "<any:name>" off the front. */
static struct slice take_any(struct slice *pattern) {
    (void)slice_take_prefix(pattern, any_token);
    (void)slice_take_byte(pattern, ':');
    struct slice name = slice_take_until(pattern, '>');
    (void)slice_take_byte(pattern, '>');
    return name;
}

static size_t any_at(struct slice pattern) {
    size_t at = 0;
    for (;;) {
        size_t next = slice_find(slice_skip(pattern, at), any_token);
        if (next == SLICE_NOT_FOUND) return pattern.len;
        at += next;
        uint8_t behind = at + 4 < pattern.len ? pattern.ptr[at + 4] : 0;
        if (behind == '>' || behind == ':') return at;
        at += 4;
    }
}

/* "<any>" matches any run of bytes, as few as the rest of the pattern allows. */
static bool matches(struct player *player, struct slice pattern, struct slice line) {
    struct slice head = slice_take(&pattern, any_at(pattern));
    if (!slice_take_prefix(&line, head)) return false;
    if (pattern.len == 0) return line.len == 0;
    while (pattern.len) {
        struct slice name = take_any(&pattern);
        struct slice part = slice_take(&pattern, any_at(pattern));
        size_t found = slice_find(line, part);
        if (pattern.len == 0) {
            bool is_end = line.len >= part.len && slice_equal(slice_skip(line, line.len - part.len), part);
            found = is_end ? line.len - part.len : SLICE_NOT_FOUND;
        }
        if (found == SLICE_NOT_FOUND) return false;
        if (name.len) capture(player, name, slice_sub(line, 0, found));
        line = slice_skip(line, found + part.len);
    }
    return true;
}

/* ---- sending ---- */

static void drop(struct player_connection *connection) {
    stream_close(&connection->stream);
    buffer_clear(&connection->received);
    buffer_clear(&connection->to_send);
}

/* The server may have ended the connection; what it said before is still read. */
static void write_some(struct task *t, const struct player_connection *connection, struct slice bytes) {
    if (connection->stream && bytes.len) (void)!stream_write(t, connection->stream, bytes, deadline(t));
}

static void write_bytes(struct task *t, const struct player_connection *connection, struct slice bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        write_some(t, connection, slice_sub(bytes, i, 1));
        if (task_sleep(t, 1)) return;
    }
}

/* False: here was the cut. */
static bool send_counted(struct task *t, struct player *player, struct player_connection *connection,
                         struct slice bytes) {
    size_t left = player->cut - player->sent;
    if (player->cut != SIZE_MAX && bytes.len > left) {
        write_some(t, connection, slice_sub(bytes, 0, left));
        if (player->is_slow_cut) (void)!task_sleep(t, 5);
        player->sent += left;
        player->is_over = true;
        drop(connection);
        return false;
    }
    player->sent += bytes.len;
    if (player->mode == PLAYER_BYTES)
        write_bytes(t, connection, bytes);
    else
        write_some(t, connection, bytes);
    return true;
}

/* Sends what waits to be sent on the connection. */
static bool flush(struct task *t, struct player *player, unsigned number, bool is_part) {
    struct player_connection *connection = &player->connections[number];
    bool goes_on = true;
    if (is_part)
        write_some(t, connection, buffer_slice(&connection->to_send));
    else
        goes_on = send_counted(t, player, connection, buffer_slice(&connection->to_send));
    buffer_clear(&connection->to_send);
    return goes_on;
}

static void queue(struct player *player, const struct script_step *step) {
    struct player_connection *connection = connection_of(player, step);
    /* Long generated content holds no captures, and need not be looked through. */
    if (step->text.len < KIB(64))
        substitute(player, step->text, &connection->to_send);
    else
        buffer_append(&connection->to_send, step->text);
}

/* ---- receiving ---- */

/* False: the connection ended, or (failed) nothing came. */
static bool receive(struct task *t, struct player *player, const struct script_step *step, int64_t until_ms) {
    struct player_connection *connection = connection_of(player, step);
    uint8_t *room = buffer_reserve(&connection->received, READ_BYTES);
    if (!room || !connection->stream) return false;
    ssize_t got = stream_read(t, connection->stream, room, READ_BYTES, until_ms);
    if (got == -ETIMEDOUT) return fail(player, step, "the server says nothing");
    if (got > 0) buffer_grew(&connection->received, (size_t)got);
    return got > 0;
}

/* One line, without its end; valid until it is consumed. */
static bool next_line(struct task *t, struct player *player, const struct script_step *step,
                      struct slice *line) {
    struct player_connection *connection = connection_of(player, step);
    for (;;) {
        size_t end = slice_find_crlf(buffer_slice(&connection->received));
        if (end != SLICE_NOT_FOUND) {
            *line = slice_sub(buffer_slice(&connection->received), 0, end);
            return true;
        }
        if (receive(t, player, step, deadline(t))) continue;
        return player->is_over ? false : fail(player, step, "it ended; want '%.*s'", SLICE_PRINT(step->text));
    }
}

static bool expect_line(struct task *t, struct player *player, const struct script_step *step,
                        struct slice pattern) {
    struct slice line;
    bool is_found = false;
    do {
        if (!next_line(t, player, step, &line)) return false;
        if (player->is_shown)
            (void)printf("%s:%u:S%u: %.*s\n", step->file, step->line, step->connection, SLICE_PRINT(line));
        is_found = matches(player, pattern, line);
        if (!is_found && step->kind == SCRIPT_EXPECT)
            return fail(player, step, "got '%.*s', want '%.*s'", SLICE_PRINT(line), SLICE_PRINT(pattern));
        buffer_consume(&connection_of(player, step)->received, line.len + 2);
    } while (!is_found);
    return true;
}

static bool expect(struct task *t, struct player *player, const struct script_step *step) {
    struct buffer pattern = buffer_new(LINE_BYTES_MAX);
    substitute(player, step->text, &pattern);
    bool is_good = true;
    for (uint64_t i = 0; is_good && i < step->number; i++)
        is_good = expect_line(t, player, step, buffer_slice(&pattern));
    buffer_free(&pattern);
    return is_good;
}

static bool expect_end(struct task *t, struct player *player, const struct script_step *step) {
    struct player_connection *connection = connection_of(player, step);
    while (connection->received.len == 0 && receive(t, player, step, deadline(t))) continue;
    if (player->is_over) return false;
    if (connection->received.len)
        return fail(player, step, "more came: '%.*s'", SLICE_PRINT(buffer_slice(&connection->received)));
    drop(connection);
    return true;
}

/* ---- the rest ---- */

static bool open_connection(struct task *t, struct player *player, const struct script_step *step) {
    struct player_connection *connection = connection_of(player, step);
    drop(connection);
    int result = player->world.connect(t, player->world.context, step->text, &connection->stream);
    if (result) return fail(player, step, "cannot connect: %d", result);
    return true;
}

static bool begin_tls(struct task *t, struct player *player, const struct script_step *step) {
    struct player_connection *connection = connection_of(player, step);
    if (connection->received.len)
        return fail(player, step, "more came: '%.*s'", SLICE_PRINT(buffer_slice(&connection->received)));
    int result =
        connection->stream ? tls_connect(t, &connection->stream, player->world.tls, deadline(t)) : -1;
    return result == 0 || fail(player, step, "no TLS: %d", result);
}

static bool begin_deflate(struct player *player, const struct script_step *step) {
    struct player_connection *connection = connection_of(player, step);
    if (connection->received.len)
        return fail(player, step, "more came: '%.*s'", SLICE_PRINT(buffer_slice(&connection->received)));
    if (connection->stream) stream_deflate(&connection->stream);
    return true;
}

/* The whole time passes: what comes meanwhile, or the end, is looked at by the next step. */
static bool wait(struct task *t, const struct script_step *step) {
    return task_sleep(t, (int64_t)step->number) == WAIT_OK;
}

static bool jump_clock(const struct player *player, const struct script_step *step) {
    if (player->world.jump_clock)
        player->world.jump_clock(player->world.context, (int64_t)step->number * 1000);
    return true;
}

static bool check_stored(struct task *t, struct player *player, const struct script_step *step) {
    /* What is queued behind a lost connection has time to be thrown away. */
    (void)!task_sleep(t, 20);
    size_t stored = player->world.stored(t, player->world.context);
    return stored == step->number ||
           fail(player, step, "%zu messages are stored, want %zu", stored, (size_t)step->number);
}

static bool run_step(struct task *t, struct player *player, const struct script_step *step) {
    switch (step->kind) {
    case SCRIPT_SAY:
        queue(player, step);
        return true;
    case SCRIPT_EXPECT:
    case SCRIPT_EXPECT_UNTIL:
        return expect(t, player, step);
    case SCRIPT_END:
        return expect_end(t, player, step);
    case SCRIPT_OPEN:
        return open_connection(t, player, step);
    case SCRIPT_TLS:
        return begin_tls(t, player, step);
    case SCRIPT_DEFLATE:
        return begin_deflate(player, step);
    case SCRIPT_CUT:
        drop(connection_of(player, step));
        return true;
    case SCRIPT_WAIT:
        return wait(t, step);
    case SCRIPT_CLOCK:
        return jump_clock(player, step);
    case SCRIPT_STORED:
        return check_stored(t, player, step);
    }
    return false;
}

/* Lines of one connection that stand together go together. */
static bool is_end_of_saying(const struct player *player, const struct script_step *step) {
    const struct script_step *next = step + 1;
    return step->kind == SCRIPT_SAY && (next == player->script->steps + player->script->step_count ||
                                        next->kind != SCRIPT_SAY || next->connection != step->connection);
}

bool player_run(struct task *t, struct player *player) {
    const struct script *script = player->script;
    for (size_t i = 0; i < script->step_count && !player->is_over; i++) {
        const struct script_step *step = &script->steps[i];
        if (!run_step(t, player, step)) break;
        if (is_end_of_saying(player, step) && !flush(t, player, step->connection, step->is_part)) break;
        if (player->world.observe) player->world.observe(player->world.context);
    }
    return player->failure.len == 0;
}

void player_init(struct player *player, const struct player_world *world, const struct script *script) {
    *player = (struct player){.world = *world,
                              .script = script,
                              .cut = SIZE_MAX,
                              .captures = map_new(1),
                              .arena = arena_new(MIB(8)),
                              .failure = buffer_new(KIB(8))};
    for (size_t i = 0; i < SCRIPT_CONNECTIONS; i++) {
        player->connections[i].to_send = buffer_new(BYTES_MAX);
        player->connections[i].received = buffer_new(BYTES_MAX);
    }
}

void player_adopt(struct player *player, unsigned connection, struct stream *stream) {
    player->connections[connection].stream = stream;
}

struct stream *player_leave(struct player *player, unsigned connection) {
    struct stream *stream = player->connections[connection].stream;
    player->connections[connection].stream = NULL;
    return stream;
}

void player_free(struct player *player) {
    for (size_t i = 0; i < SCRIPT_CONNECTIONS; i++) {
        stream_close(&player->connections[i].stream);
        buffer_free(&player->connections[i].to_send);
        buffer_free(&player->connections[i].received);
    }
    map_free(&player->captures);
    arena_free(&player->arena);
    buffer_free(&player->failure);
}
