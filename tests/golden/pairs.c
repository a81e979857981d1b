/*
 * The model: what of a session decides how a command is answered, and what each command makes of
 * it. It was written from RFC 5321 4.1.4, RFC 3207, 4954, 3030 and 8689 and shares nothing with src/smtp.
 *
 * A session is brought into a state by a few commands, then two commands are sent, and then NOOP,
 * which must find the session in step. Every reply is compared by its code's first digit, and by the
 * whole code where there is one answer only. All pairs of a state run on connections of one house.
 */
#include "pairs.h"

#include <stdio.h>

#include "base/limits.h"
#include "io/tls.h"

/* ---- the model ---- */

enum hello { HELLO_NONE, HELLO_HELO, HELLO_EHLO };
enum content { CONTENT_NONE, CONTENT_CHUNKS };

struct model {
    bool is_submission;
    bool is_tls;
    bool is_logged_in;
    enum hello hello;
    bool has_mail;
    /* BODY=BINARYMIME */
    bool is_binary;
    /* RCPT was tried; some were accepted. */
    bool is_addressed;
    bool has_recipient;
    enum content content;
    bool is_closed;
};

enum command {
    COMMAND_EHLO,
    COMMAND_HELO,
    COMMAND_MAIL,
    COMMAND_MAIL_BINARY,
    COMMAND_MAIL_TLS,
    COMMAND_RCPT,
    COMMAND_RCPT_UNKNOWN,
    COMMAND_DATA,
    COMMAND_BDAT,
    COMMAND_BDAT_LAST,
    COMMAND_RSET,
    COMMAND_NOOP,
    COMMAND_VRFY,
    COMMAND_HELP,
    COMMAND_EXPN,
    COMMAND_STARTTLS,
    COMMAND_AUTH,
    COMMAND_AUTH_WRONG,
    COMMAND_QUIT,
    COMMAND_NONSENSE,
    COMMAND_MAIL_WRONG,
    COMMAND_COUNT
};

static const char *const texts[COMMAND_COUNT] = {
    [COMMAND_EHLO] = "EHLO client.example\r\n",
    [COMMAND_HELO] = "HELO client.example\r\n",
    [COMMAND_MAIL] = "MAIL FROM:<alice@example.test>\r\n",
    [COMMAND_MAIL_BINARY] = "MAIL FROM:<alice@example.test> BODY=BINARYMIME\r\n",
    [COMMAND_MAIL_TLS] = "MAIL FROM:<alice@example.test> REQUIRETLS\r\n",
    [COMMAND_RCPT] = "RCPT TO:<bob@example.test>\r\n",
    [COMMAND_RCPT_UNKNOWN] = "RCPT TO:<nobody@example.test>\r\n",
    [COMMAND_DATA] = "DATA\r\n",
    [COMMAND_BDAT] = "BDAT 5\r\nNOOP\n",
    [COMMAND_BDAT_LAST] = "BDAT 6 LAST\r\nQUIT\r\n",
    [COMMAND_RSET] = "RSET\r\n",
    [COMMAND_NOOP] = "NOOP\r\n",
    [COMMAND_VRFY] = "VRFY alice\r\n",
    [COMMAND_HELP] = "HELP\r\n",
    [COMMAND_EXPN] = "EXPN team\r\n",
    [COMMAND_STARTTLS] = "STARTTLS\r\n",
    [COMMAND_AUTH] = "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ=\r\n",
    [COMMAND_AUTH_WRONG] = "AUTH PLAIN YmFk\r\n",
    [COMMAND_QUIT] = "QUIT\r\n",
    [COMMAND_NONSENSE] = "XYZZY\r\n",
    [COMMAND_MAIL_WRONG] = "MAIL FROM:alice\r\n",
};

static void forget_transaction(struct model *m) {
    m->has_mail = m->is_binary = m->is_addressed = m->has_recipient = false;
    m->content = CONTENT_NONE;
}

/* 0, or why mail cannot be sent now: 503 before a hello, 530 before a login. */
static unsigned may_not_send(const struct model *m) {
    if (m->hello == HELLO_NONE) return 503;
    return m->is_submission && !m->is_logged_in ? 530 : 0;
}

static unsigned may_not_give_content(const struct model *m) {
    unsigned refusal = may_not_send(m);
    if (refusal) return refusal;
    if (!m->has_mail || !m->is_addressed) return 503;
    return m->has_recipient ? 0 : 554;
}

static unsigned on_hello(struct model *m, enum hello hello) {
    m->hello = hello;
    forget_transaction(m);
    return 250;
}

/* RFC 3030 2.2: a parameter is of ESMTP, and unknown behind HELO. RFC 8689 2: REQUIRETLS is said under TLS.
 */
static unsigned on_mail(struct model *m, bool is_binary, bool requires_tls) {
    if ((is_binary || requires_tls) && m->hello != HELLO_EHLO) return 555;
    unsigned refusal = may_not_send(m);
    if (refusal) return refusal;
    if (m->has_mail) return 503;
    if (requires_tls && !m->is_tls) return 530;
    m->has_mail = true;
    m->is_binary = is_binary;
    return 250;
}

static unsigned on_rcpt(struct model *m, bool is_known) {
    unsigned refusal = may_not_send(m);
    if (refusal) return refusal;
    if (!m->has_mail || m->content == CONTENT_CHUNKS) return 503;
    m->is_addressed = true;
    if (!is_known) return 550;
    m->has_recipient = true;
    return 250;
}

/* RFC 3030 2: BDAT is of ESMTP, and DATA does not mix with it. */
static unsigned on_bdat(struct model *m, bool is_last) {
    if (m->hello == HELLO_HELO) return 503;
    unsigned refusal = may_not_give_content(m);
    if (refusal) return refusal;
    m->content = CONTENT_CHUNKS;
    if (is_last) forget_transaction(m);
    return 250;
}

/* RFC 3030 3: a binary message does not come by DATA, whoever it is for. */
static unsigned on_data(struct model *m) {
    unsigned refusal = may_not_send(m);
    if (refusal) return refusal;
    if (m->is_binary) return 503;
    refusal = may_not_give_content(m);
    if (refusal) return refusal;
    return m->content == CONTENT_CHUNKS ? 503 : 354;
}

/* RFC 3207 4.2: the client begins anew. */
static unsigned on_starttls(struct model *m) {
    if (m->is_tls || m->is_logged_in || m->hello != HELLO_EHLO || m->has_mail) return 503;
    m->is_tls = true;
    m->hello = HELLO_NONE;
    return 220;
}

static unsigned on_auth(struct model *m, bool is_right) {
    if (!m->is_submission || m->is_logged_in || m->hello != HELLO_EHLO || m->has_mail) return 503;
    if (!is_right) return 501;
    m->is_logged_in = true;
    return 235;
}

/* The code of the reply; the model goes on to the state after. */
static unsigned answer(struct model *m, enum command command) {
    switch (command) {
    case COMMAND_EHLO:
        return on_hello(m, HELLO_EHLO);
    case COMMAND_HELO:
        return on_hello(m, HELLO_HELO);
    case COMMAND_MAIL:
    case COMMAND_MAIL_BINARY:
    case COMMAND_MAIL_TLS:
        return on_mail(m, command == COMMAND_MAIL_BINARY, command == COMMAND_MAIL_TLS);
    case COMMAND_RCPT:
    case COMMAND_RCPT_UNKNOWN:
        return on_rcpt(m, command == COMMAND_RCPT);
    case COMMAND_DATA:
        return on_data(m);
    case COMMAND_BDAT:
    case COMMAND_BDAT_LAST:
        return on_bdat(m, command == COMMAND_BDAT_LAST);
    case COMMAND_RSET:
        forget_transaction(m);
        return 250;
    case COMMAND_NOOP:
        return 250;
    case COMMAND_VRFY:
        return 252;
    case COMMAND_HELP:
        return 214;
    case COMMAND_EXPN:
        return 502;
    case COMMAND_STARTTLS:
        return on_starttls(m);
    case COMMAND_AUTH:
    case COMMAND_AUTH_WRONG:
        return on_auth(m, command == COMMAND_AUTH);
    case COMMAND_QUIT:
        m->is_closed = true;
        return 221;
    case COMMAND_NONSENSE:
        return 500;
    case COMMAND_MAIL_WRONG:
    case COMMAND_COUNT:
        break;
    }
    return 501;
}

/* ---- states ---- */

enum { WAY_MAX = 8 };

/* A state is the way to it. */
struct state {
    const char *name;
    const char *port;
    enum command way[WAY_MAX];
    size_t length;
};

#define WAY(...) {__VA_ARGS__}, sizeof((enum command[]){__VA_ARGS__}) / sizeof(enum command)
#define E COMMAND_EHLO
#define H COMMAND_HELO
#define T COMMAND_STARTTLS
#define A COMMAND_AUTH
#define M COMMAND_MAIL
#define N COMMAND_MAIL_BINARY
#define Q COMMAND_MAIL_TLS
#define R COMMAND_RCPT
#define U COMMAND_RCPT_UNKNOWN
#define B COMMAND_BDAT

/* Where nothing was said yet, NOOP stands for it. */
static const struct state states[] = {
    {"greeted", "smtp", WAY(COMMAND_NOOP)},
    {"helo", "smtp", WAY(H)},
    {"ehlo", "smtp", WAY(E)},
    {"ehlo, tls", "smtp", WAY(E, T)},
    {"ehlo, tls, ehlo", "smtp", WAY(E, T, E)},
    {"helo, mail", "smtp", WAY(H, M)},
    {"helo, rcpt", "smtp", WAY(H, M, R)},
    {"mail", "smtp", WAY(E, M)},
    {"tls, mail", "smtp", WAY(E, T, E, M)},
    {"rcpt refused", "smtp", WAY(E, M, U)},
    {"rcpt", "smtp", WAY(E, M, R)},
    {"tls, mail that requires it", "smtp", WAY(E, T, E, Q, R)},
    {"tls, rcpt", "smtp", WAY(E, T, E, M, R)},
    {"rcpt, one refused", "smtp", WAY(E, M, R, U)},
    {"bdat", "smtp", WAY(E, M, R, B)},
    {"binary mail", "smtp", WAY(E, N)},
    {"binary rcpt", "smtp", WAY(E, N, R)},
    {"tls, binary rcpt", "smtp", WAY(E, T, E, N, R)},
    {"binary bdat", "smtp", WAY(E, N, R, B)},
    {"binary bdat done", "smtp", WAY(E, N, R, COMMAND_BDAT_LAST)},
    {"tls, bdat", "smtp", WAY(E, T, E, M, R, B)},
    {"bdat done", "smtp", WAY(E, M, R, COMMAND_BDAT_LAST)},
    {"bdat given up", "smtp", WAY(E, M, R, B, COMMAND_RSET)},
    {"submission greeted", "submission", WAY(COMMAND_NOOP)},
    {"submission helo", "submission", WAY(H)},
    {"submission ehlo", "submission", WAY(E)},
    {"submission tls", "submission", WAY(E, T)},
    {"submission tls, ehlo", "submission", WAY(E, T, E)},
    {"login failed", "submission", WAY(E, COMMAND_AUTH_WRONG)},
    {"login", "submission", WAY(E, A)},
    {"tls, login", "submission", WAY(E, T, E, A)},
    {"login, mail", "submission", WAY(E, A, M)},
    {"login, rcpt refused", "submission", WAY(E, A, M, U)},
    {"login, rcpt", "submission", WAY(E, A, M, R)},
    {"tls, login, rcpt", "submission", WAY(E, T, E, A, M, R)},
    {"login, bdat", "submission", WAY(E, A, M, R, B)},
    {"login, binary rcpt", "submission", WAY(E, A, N, R)},
    {"login, binary bdat", "submission", WAY(E, A, N, R, B)},
    {"login, ehlo", "submission", WAY(E, A, E)},
    {"login, helo, mail", "submission", WAY(E, A, H, M)},
    {"implicit tls", "submissions", WAY(COMMAND_NOOP)},
    {"implicit tls, login", "submissions", WAY(E, A)},
};
enum { STATES = sizeof states / sizeof states[0], PAIRS = COMMAND_COUNT * COMMAND_COUNT };

/* ---- playing ---- */

enum { REPLY_BYTES_MAX = 64 * 1024, PATIENCE_MS = 60000 };

struct session {
    const struct player_world *world;
    struct stream *stream;
    struct buffer in;
    struct model model;
    /* For messages. */
    const struct state *state;
    enum command pair[2];
    struct buffer *failure;
};

static int64_t deadline(struct task *t) { return env_now_ms(task_env(t)) + PATIENCE_MS; }

/* Takes one whole reply off the input: its code, or 0. */
static unsigned take_reply(struct buffer *in) {
    struct slice rest = buffer_slice(in);
    for (;;) {
        size_t end = slice_find_crlf(rest);
        uint64_t code = 0;
        if (end == SLICE_NOT_FOUND || end < 3) return 0;
        struct slice line = slice_sub(rest, 0, end);
        rest = slice_skip(rest, end + 2);
        if (!slice_take_number(&line, 599, &code)) return 0;
        if (slice_starts(line, SLICE("-"))) continue;
        buffer_consume(in, in->len - rest.len);
        return (unsigned)code;
    }
}

/* The code of the next reply; 0: the connection ended, or says nothing. */
static unsigned hear(struct task *t, struct session *session) {
    for (;;) {
        unsigned code = take_reply(&session->in);
        if (code) return code;
        uint8_t *room = buffer_reserve(&session->in, 4096);
        ssize_t got = room && session->stream ? stream_read(t, session->stream, room, 4096, deadline(t)) : -1;
        if (got <= 0) return 0;
        buffer_grew(&session->in, (size_t)got);
    }
}

static bool wrong(struct session *session, enum command command, unsigned got, unsigned want) {
    buffer_printf(
        session->failure, "SMTP in state \"%s\", %.4s then %.4s: %.4s is answered %u, the model says %u",
        session->state->name, texts[session->pair[0]], texts[session->pair[1]], texts[command], got, want);
    return false;
}

static void say(struct task *t, struct session *session, const char *text) {
    if (session->stream) (void)!stream_write(t, session->stream, slice_from_text(text), deadline(t));
}

/* What the server waits for, or the client owes, after some replies. */
static bool follow_up(struct task *t, struct session *session, enum command command, unsigned code) {
    if (code == 354) {
        say(t, session, "Subject: x\r\n\r\nRSET\r\n.\r\n");
        forget_transaction(&session->model);
        unsigned got = hear(t, session);
        return got == 250 || wrong(session, command, got, 250);
    }
    if (code == 220) return tls_connect(t, &session->stream, session->world->tls, deadline(t)) == 0;
    return true;
}

static bool play(struct task *t, struct session *session, enum command command) {
    bool was_closed = session->model.is_closed;
    unsigned want = was_closed ? 0 : answer(&session->model, command);
    if (!was_closed) say(t, session, texts[command]);
    unsigned got = hear(t, session);
    if (got != want) return wrong(session, command, got, want);
    return follow_up(t, session, command, got);
}

static bool open_session(struct task *t, struct session *session) {
    const struct state *state = session->state;
    struct slice port = slice_from_text(state->port);
    session->model = (struct model){.is_submission = !slice_equal(port, SLICE("smtp"))};
    if (session->world->connect(t, session->world->context, port, &session->stream)) return false;
    if (slice_equal(port, SLICE("submissions"))) {
        session->model.is_tls = true;
        if (tls_connect(t, &session->stream, session->world->tls, deadline(t))) return false;
    }
    return hear(t, session) == 220;
}

static bool play_pair(struct task *t, struct session *session) {
    bool is_good = open_session(t, session);
    if (!is_good) buffer_printf(session->failure, "SMTP in state \"%s\": no greeting", session->state->name);
    for (size_t i = 0; is_good && i < session->state->length; i++)
        is_good = play(t, session, session->state->way[i]);
    for (size_t i = 0; is_good && i < 2; i++) is_good = play(t, session, session->pair[i]);
    if (is_good) is_good = play(t, session, COMMAND_NOOP);
    return is_good;
}

struct pairs {
    const struct state *state;
    struct buffer *failure;
    size_t first;
    size_t stride;
    size_t played;
};

static bool drive(struct task *t, void *context, const struct player_world *world) {
    struct pairs *pairs = context;
    bool is_good = true;
    for (size_t i = pairs->first; is_good && i < PAIRS; i += pairs->stride) {
        struct session session = {
            .world = world,
            .in = buffer_new(REPLY_BYTES_MAX),
            .state = pairs->state,
            .pair = {(enum command)(i / COMMAND_COUNT), (enum command)(i % COMMAND_COUNT)},
            .failure = pairs->failure};
        is_good = play_pair(t, &session);
        stream_close(&session.stream);
        buffer_free(&session.in);
        pairs->played++;
    }
    return is_good;
}

static bool play_state(const struct house_plan *plan, const struct state *state, size_t stride,
                       size_t *played) {
    struct buffer failure = buffer_new(KIB(16));
    struct house_options options = {.cut = SIZE_MAX, .seed = (uint64_t)(state - states) + 1};
    /* Samples of two states are not of the same pairs. */
    struct pairs pairs = {state, &failure, (size_t)(state - states) % stride, stride, 0};
    bool is_good = house_drive(plan, &options, drive, &pairs, &failure);
    if (!is_good) (void)printf("%.*s\n", SLICE_PRINT(buffer_slice(&failure)));
    *played += pairs.played;
    buffer_free(&failure);
    return is_good;
}

bool pairs_run(const struct house_plan *plan, size_t stride) {
    bool is_good = true;
    size_t played = 0;
    for (size_t i = 0; i < STATES; i++) is_good &= play_state(plan, &states[i], stride, &played);
    (void)printf("smtp pairs: %zu states, %zu sessions\n", (size_t)STATES, played);
    (void)printf("[ %8s ] smtp_every_pair_of_commands_in_every_state\n", is_good ? "OK" : "FAILED");
    return is_good;
}
