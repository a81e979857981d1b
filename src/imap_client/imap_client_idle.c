/* Waiting for news: IDLE (RFC 2177), or NOOP where it is not offered. */
#include "base/limits_sender.h"
#include "imap_client/imap_client_talk.h"

struct idling {
    const bool *is_called;
    bool is_news;
};

/* What is said of the folder, and not only that the server is still there. */
static bool is_about_messages(const struct imap_answer *answer) {
    return answer->kind == IMAP_ANSWER_EXISTS || answer->kind == IMAP_ANSWER_EXPUNGE ||
           answer->kind == IMAP_ANSWER_VANISHED || answer->kind == IMAP_ANSWER_FETCH;
}

static void heard_news(struct task *t, void *context, const struct imap_answer *answer) {
    (void)t;
    struct idling *idling = context;
    idling->is_news = idling->is_news || is_about_messages(answer);
}

static int error_of(enum wait_result result) { return result == WAIT_CANCELLED ? -ECANCELED : 0; }

/* Waits for the next bytes, a call, or the time. 0, or an errno. */
static int wait_for_bytes(struct task *t, struct imap_client *client, const struct idling *idling,
                          int64_t until_ms, bool *is_over) {
    ssize_t got = imap_client_fill_now(client);
    if (got > 0) return 0;
    if (got != -EAGAIN) return (int)got;
    *is_over = *idling->is_called || env_now_ms(client->env) >= until_ms;
    if (*is_over) return 0;
    stream_watch_readable(client->stream, (struct waker){task_wake_callback, t});
    enum wait_result result = task_wait(t, until_ms);
    client->stream->on_readable = (struct waker){0};
    return error_of(result);
}

static struct imap_client_outcome wait_for_news(struct task *t, struct imap_client_talk *talk,
                                                struct idling *idling, int64_t until_ms) {
    struct imap_client *client = talk->client;
    bool is_over = false;
    while (!is_over && !idling->is_news) {
        struct imap_answer answer;
        bool is_bad = false;
        if (imap_client_take(client, &answer, &is_bad)) {
            heard_news(t, idling, &answer);
            if (answer.kind == IMAP_ANSWER_TAGGED) return imap_client_end_of(talk, &answer);
            if (client->is_broken)
                return imap_client_outcome_of_error(client, talk->arena, IMAP_STAGE_IDLE, 0);
            continue;
        }
        int error = is_bad ? -EPROTO : wait_for_bytes(t, client, idling, until_ms, &is_over);
        if (error) return imap_client_outcome_of_error(client, talk->arena, IMAP_STAGE_IDLE, error);
    }
    return IMAP_CLIENT_DONE;
}

static struct imap_client_outcome idle(struct task *t, struct imap_client *client, struct arena *arena,
                                       struct idling *idling, int64_t until_ms) {
    struct slice words;
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_IDLE);
    talk.heard = heard_news;
    talk.context = idling;
    buffer_append_text(&client->out, "IDLE");
    struct imap_client_outcome outcome = imap_client_say(t, &talk);
    if (outcome.result == IMAP_CLIENT_OK) outcome = imap_client_await_more(t, &talk, &words);
    if (outcome.result == IMAP_CLIENT_OK) outcome = wait_for_news(t, &talk, idling, until_ms);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    /* A server that is there answers at once: else something on the way has forgotten the connection. */
    int64_t patience_ms =
        client->options.command_ms < IMAP_CLIENT_DONE_MS ? client->options.command_ms : IMAP_CLIENT_DONE_MS;
    talk.until_ms = env_now_ms(client->env) + patience_ms;
    buffer_append_text(&client->out, "DONE");
    return imap_client_ask(t, &talk);
}

struct imap_client_outcome imap_client_noop(struct task *t, struct imap_client *client, struct arena *arena) {
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_NOOP);
    buffer_append_text(&client->out, "NOOP");
    return imap_client_ask(t, &talk);
}

static struct imap_client_outcome poll(struct task *t, struct imap_client *client, struct arena *arena,
                                       struct idling *idling, int64_t until_ms) {
    while (!*idling->is_called && env_now_ms(client->env) < until_ms)
        if (task_wait(t, until_ms) == WAIT_CANCELLED)
            return imap_client_outcome_of(IMAP_CLIENT_CANCELLED, IMAP_STAGE_NOOP);
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_NOOP);
    talk.heard = heard_news;
    talk.context = idling;
    buffer_append_text(&client->out, "NOOP");
    return imap_client_ask(t, &talk);
}

struct imap_client_outcome imap_client_idle(struct task *t, struct imap_client *client, struct arena *arena,
                                            int64_t until_ms, const bool *is_called, bool *is_news) {
    struct idling idling = {.is_called = is_called};
    struct imap_client_outcome outcome = client->capabilities & IMAP_CAN_IDLE
                                             ? idle(t, client, arena, &idling, until_ms)
                                             : poll(t, client, arena, &idling, until_ms);
    *is_news = idling.is_news;
    return outcome;
}
