#include "app/outreach/oauth_browser.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/limits_sender.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "outreach/cause.h"
#include "outreach/oauth.h"
#include "wire/http_reply.h"
#include "wire/http_request.h"

enum {
    VERIFIER_BYTES = 32,
    STATE_BYTES = 18,
    PORT_FIRST = 49200,
    PORTS = 16000,
    PORT_TRIES = 50,
    PATIENCE_MS = 5 * 60 * 1000,
    REQUEST_MS = 10 * 1000,
    HEAD_BYTES_MAX = 16 * 1024,
    URL_BYTES_MAX = 16 * 1024,
};

struct browsing {
    struct cli *cli;
    struct env *env;
    const struct sender_provider *provider;
    struct slice user;
    struct oauth_code *code;
    struct slice state;
    struct scope scope;
    /* Connections that came and wait. */
    struct stream *stream;
    struct task *waiter;
    int status;
};

static struct slice random_text(struct browsing *browsing, size_t bytes) {
    uint8_t random[VERIFIER_BYTES];
    struct buffer text = buffer_new(4 * VERIFIER_BYTES);
    env_random(browsing->env, random, bytes);
    base64url_encode(&text, slice_of(random, bytes));
    struct slice copy = arena_copy(browsing->cli->arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

/* RFC 7636 4.2: S256. */
static struct slice challenge_of(struct arena *arena, struct slice verifier) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct buffer text = buffer_new(2 * EVP_MAX_MD_SIZE);
    if (EVP_Digest(verifier.ptr, verifier.len, digest, &len, EVP_sha256(), NULL) != 1)
        FATAL("no SHA-256 in libcrypto");
    base64url_encode(&text, slice_of(digest, len));
    struct slice copy = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

/* One at a time; what comes beside it is let go. */
static void accepted(void *context, struct stream *stream) {
    struct browsing *browsing = context;
    if (browsing->stream) {
        stream_close(&stream);
        return;
    }
    browsing->stream = stream;
    if (browsing->waiter) task_wake(browsing->waiter);
}

static struct listener *listen_somewhere(struct browsing *browsing, uint16_t *port) {
    for (int i = 0; i < PORT_TRIES; i++) {
        struct handle handle;
        *port = (uint16_t)(PORT_FIRST + env_random_below(browsing->env, PORTS));
        struct listen_request request = {"127.0.0.1", *port};
        if (listen_open(browsing->env, &request, &handle) == 0)
            return listener_adopt(browsing->env, handle, accepted, browsing);
    }
    return NULL;
}

static void answer(struct task *t, struct browsing *browsing, struct stream *stream, unsigned status,
                   const char *words) {
    struct buffer out = buffer_new(4096);
    http_reply_begin(&out, status, env_wall_ms(browsing->env));
    http_reply_field(&out, SLICE("Content-Type"), SLICE("text/plain; charset=utf-8"));
    http_reply_field(&out, SLICE("Connection"), SLICE("close"));
    http_reply_number(&out, SLICE("Content-Length"), strlen(words));
    http_reply_end(&out);
    buffer_append_text(&out, words);
    /* Who does not read it is told on the command line. */
    if (stream_write(t, stream, buffer_slice(&out), env_now_ms(browsing->env) + REQUEST_MS) == 0)
        stream->ops->shutdown(stream);
    buffer_free(&out);
}

/* A head, in `head`. False: there came none. */
static bool read_head(struct task *t, struct browsing *browsing, struct stream *stream, struct buffer *head) {
    struct http_frame frame = {0};
    int64_t until_ms = env_now_ms(browsing->env) + REQUEST_MS;
    for (;;) {
        size_t len;
        enum http_error error;
        enum http_frame_status status = http_frame_next(&frame, buffer_slice(head), &len, &error);
        if (status == HTTP_FRAME_HEAD) buffer_truncate(head, len);
        if (status != HTTP_FRAME_MORE) return status == HTTP_FRAME_HEAD;
        uint8_t *room = buffer_reserve(head, 1024);
        ssize_t got = room ? stream_read(t, stream, room, 1024, until_ms) : -1;
        if (got <= 0) return false;
        buffer_grew(head, (size_t)got);
    }
}

static int say_no(struct slice error) {
    enum sender_cause cause = oauth_refusal_cause(error);
    if (cause == SENDER_CAUSE_NONE)
        return cli_fail("the provider says no: %.*s. Nothing was changed; run this again and allow it",
                        SLICE_PRINT(error));
    return cli_fail("the provider says no: %.*s. %s. %s", SLICE_PRINT(error), cause_words(cause),
                    cause_advice(cause));
}

/* True: this was the answer, good or not. Browsers ask for icons, too. */
static bool take_answer(struct task *t, struct browsing *browsing, struct stream *stream,
                        const struct http_request *request) {
    struct arena *arena = browsing->cli->arena;
    struct slice state;
    struct slice error;
    struct slice target = arena_printf(arena, "/?%.*s", SLICE_PRINT(request->query));
    bool good = oauth_redirect_read(arena, target, &browsing->code->code, &state, &error);
    if (!slice_equal(request->path, SLICE("/")) || (!good && error.len == 0)) {
        answer(t, browsing, stream, 404, "Nothing is here.\n");
        return false;
    }
    /* RFC 6749 4.1.2.1: who says no knows it, too; else any page could end this. */
    if (!slice_equal(state, browsing->state)) {
        answer(t, browsing, stream, 400, "This answers another question.\n");
        return false;
    }
    answer(t, browsing, stream, 200,
           good ? "Access was granted. You can close this window and go back to the command line.\n"
                : "Access was not granted. The command line says more.\n");
    browsing->status = good ? EXIT_DONE : say_no(error);
    return true;
}

static bool serve_one(struct task *t, struct browsing *browsing) {
    struct stream *stream = browsing->stream;
    struct buffer head = buffer_new(HEAD_BYTES_MAX);
    struct http_request *request = ARENA_NEW(browsing->cli->arena, struct http_request);
    bool is_over = read_head(t, browsing, stream, &head) &&
                   http_request_parse(buffer_slice(&head), request) == HTTP_OK &&
                   take_answer(t, browsing, stream, request);
    buffer_free(&head);
    stream_close(&stream);
    browsing->stream = NULL;
    return is_over;
}

static void wait_for_answer(struct task *t, struct browsing *browsing) {
    int64_t until_ms = env_now_ms(browsing->env) + PATIENCE_MS;
    browsing->waiter = t;
    for (;;) {
        if (browsing->stream && serve_one(t, browsing)) return;
        if (browsing->stream) continue;
        if (task_wait(t, until_ms) == WAIT_OK) continue;
        browsing->status = cli_fail("nobody granted access within 5 minutes; try again");
        return;
    }
}

static void print_url(struct browsing *browsing, uint16_t port) {
    struct buffer url = buffer_new(URL_BYTES_MAX);
    oauth_authorize_url(&url, browsing->provider, browsing->user, browsing->code->redirect_uri,
                        browsing->state, challenge_of(browsing->cli->arena, browsing->code->verifier));
    (void)fprintf(
        stderr,
        "Open this in a browser on this machine, log in as %.*s, and allow it:\n\n  %.*s\n\n"
        "From another machine first: ssh -L %u:127.0.0.1:%u THIS-MACHINE. It waits for 5 minutes.\n"
        "If the page says that an administrator has to approve: posthaste outreach oauth add --help.\n",
        SLICE_PRINT(browsing->user), SLICE_PRINT(buffer_slice(&url)), port, port);
    (void)fflush(stderr);
    buffer_free(&url);
}

static void browse(struct task *t, void *argument) {
    struct browsing *browsing = argument;
    uint16_t port;
    struct listener *listener = listen_somewhere(browsing, &port);
    if (listener) {
        browsing->code->verifier = random_text(browsing, VERIFIER_BYTES);
        browsing->state = random_text(browsing, STATE_BYTES);
        browsing->code->redirect_uri = oauth_redirect_uri(browsing->cli->arena, browsing->provider, port);
        print_url(browsing, port);
        wait_for_answer(t, browsing);
        listener_close(&listener);
    } else {
        browsing->status = cli_fail("no port of 127.0.0.1 is free");
    }
    real_env_stop(browsing->env);
}

int oauth_browser_run(struct cli *cli, const struct sender_provider *provider, struct slice user,
                      struct oauth_code *code) {
    struct log_sink sink;
    log_sink_init(&sink, "command");
    sink.log.least = LOG_LEVEL_WARN;
    struct browsing browsing = {
        .cli = cli, .provider = provider, .user = user, .code = code, .status = EXIT_FAILED};
    browsing.env = real_env_new(&sink.log);
    scope_init(&browsing.scope, browsing.env);
    if (!scope_spawn(&browsing.scope, browse, &browsing)) FATAL("a new scope is closed");
    real_env_run(browsing.env);
    real_env_free(&browsing.env);
    return browsing.status;
}
