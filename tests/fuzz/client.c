#include "client.h"

enum { READ_BYTES = 16384, SAY_MS_MAX = 60000, PIECE_BYTES_MAX = 64 };

static void hear(struct task *t, void *argument) {
    struct client *client = argument;
    for (;;) {
        uint8_t *room = buffer_reserve(&client->heard, READ_BYTES);
        ssize_t got = room ? stream_read(t, client->stream, room, READ_BYTES, DEADLINE_NONE) : 0;
        if (got <= 0) break;
        buffer_grew(&client->heard, (size_t)got);
    }
    client->is_ended = true;
}

void client_open(struct task *t, struct client *client, struct stream *stream) {
    *client = (struct client){.stream = stream,
                              .said = buffer_new(CLIENT_HEARD_BYTES_MAX),
                              .heard = buffer_new(CLIENT_HEARD_BYTES_MAX)};
    scope_init(&client->scope, task_env(t));
    if (!scope_spawn(&client->scope, hear, client)) FATAL("a new scope is closed");
    (void)!task_sleep(t, CLIENT_QUIET_MS);
}

static bool say_piece(struct task *t, struct client *client, struct slice piece) {
    if (client->is_ended) return false;
    buffer_append(&client->said, piece);
    return stream_write(t, client->stream, piece, env_now_ms(task_env(t)) + SAY_MS_MAX) == 0;
}

static bool say(struct task *t, struct client *client, struct slice text, uint32_t *state) {
    while (text.len) {
        *state = *state * 1103515245u + 12345u;
        size_t len = 1 + (*state >> 16) % PIECE_BYTES_MAX;
        if (!say_piece(t, client, slice_take(&text, len)) || task_yield(t) != WAIT_OK) return false;
    }
    return true;
}

void client_say_all(struct task *t, struct client *client, struct slice text, uint8_t cuts) {
    uint32_t state = cuts;
    while (text.len) {
        struct slice part = slice_take_until(&text, CLIENT_PAUSE_BYTE);
        bool is_pause = slice_take_byte(&text, CLIENT_PAUSE_BYTE);
        bool is_good = cuts ? say(t, client, part, &state) : say_piece(t, client, part);
        if (!is_good) return;
        if (is_pause && task_sleep(t, CLIENT_QUIET_MS) != WAIT_OK) return;
    }
}

void client_wait_long(struct task *t) { (void)!task_sleep(t, CLIENT_LAST_MS); }

void client_close(struct task *t, struct client *client) {
    scope_close(t, &client->scope);
    stream_close(&client->stream);
    buffer_free(&client->said);
    buffer_free(&client->heard);
}
