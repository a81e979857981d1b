#include "app/command/health.h"

#include <stdio.h>

#include "app/settings/orders.h"
#include "base/encode.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "io/tls.h"

enum { LINE_BYTES_MAX = 4096, INPUT_BYTES_MAX = 64 * 1024, READ_BYTES = 4096, STEPS_MAX = 8 };

enum step_kind {
    STEP_END,
    /* Sends `text`, if there is any, and waits for a line that begins with `expect`. */
    STEP_SAY,
    /* The same, with the base64 of SASL PLAIN (RFC 4616) behind `text`. */
    STEP_LOG_IN,
    STEP_TLS,
};

struct step {
    enum step_kind kind;
    const char *text;
    const char *expect;
};

static const char http_request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static const struct script {
    const char *name;
    enum port_kind port;
    struct step steps[STEPS_MAX];
} scripts[HEALTH_PORTS] = {
    {"smtp", PORT_SMTP, {{STEP_SAY, "", "220 "}, {STEP_SAY, "QUIT\r\n", "221 "}}},
    {"submission",
     PORT_SUBMISSION,
     {{STEP_SAY, "", "220 "},
      {STEP_SAY, "EHLO localhost\r\n", "250"},
      {STEP_SAY, "STARTTLS\r\n", "220 "},
      {STEP_TLS, "", ""},
      {STEP_SAY, "EHLO localhost\r\n", "250"},
      {STEP_LOG_IN, "AUTH PLAIN ", "235 "}}},
    {"submissions",
     PORT_SUBMISSIONS,
     {{STEP_TLS, "", ""},
      {STEP_SAY, "", "220 "},
      {STEP_SAY, "EHLO localhost\r\n", "250"},
      {STEP_LOG_IN, "AUTH PLAIN ", "235 "}}},
    {"imap",
     PORT_IMAP,
     {{STEP_SAY, "", "* OK"},
      {STEP_SAY, "a STARTTLS\r\n", "a OK"},
      {STEP_TLS, "", ""},
      {STEP_LOG_IN, "b AUTHENTICATE PLAIN ", "b OK"}}},
    {"imaps",
     PORT_IMAPS,
     {{STEP_TLS, "", ""}, {STEP_SAY, "", "* OK"}, {STEP_LOG_IN, "b AUTHENTICATE PLAIN ", "b OK"}}},
    {"pop3",
     PORT_POP3,
     {{STEP_SAY, "", "+OK"},
      {STEP_SAY, "STLS\r\n", "+OK"},
      {STEP_TLS, "", ""},
      {STEP_LOG_IN, "AUTH PLAIN ", "+OK"}}},
    {"pop3s", PORT_POP3S, {{STEP_TLS, "", ""}, {STEP_SAY, "", "+OK"}, {STEP_LOG_IN, "AUTH PLAIN ", "+OK"}}},
    {"http", PORT_HTTP, {{STEP_SAY, http_request, "HTTP/1.1 200"}}},
    {"https", PORT_HTTPS, {{STEP_TLS, "", ""}, {STEP_SAY, http_request, "HTTP/1.1 200"}}},
};

struct looking;

/* One port being looked at. */
struct visit {
    struct looking *looking;
    const struct script *script;
    struct health_check *check;
    const struct health_login *login;
    struct stream *stream;
    struct buffer in;
    int64_t until_ms;
};

struct looking {
    struct env *env;
    const struct health_request *request;
    struct health_ports *seen;
    struct tls_context *tls;
    struct scope scope;
    struct visit visits[HEALTH_PORTS];
    size_t under_way;
};

static bool fail(struct visit *visit, const char *detail, const char *advice) {
    visit->check->state = HEALTH_FAIL;
    (void)snprintf(visit->check->detail, sizeof visit->check->detail, "%s", detail);
    (void)snprintf(visit->check->advice, sizeof visit->check->advice, "%s", advice);
    return false;
}

static bool fail_io(struct visit *visit, int error) {
    if (error == -ECONNREFUSED)
        return fail(visit, "nobody listens on the port", "is the server running? posthaste serve --data DIR");
    if (error == -ETIMEDOUT)
        return fail(visit, "no answer in time",
                    "a role hangs or the host is overloaded; posthaste status and the log say more");
    if (error == 0) return fail(visit, "the server hung up", "the log of the server says why");
    if (error == -EPROTO)
        return fail(visit, "TLS failed", "look at tls.certificate and tls.key in posthaste.conf");
    return fail(visit, strerror(-error), "the log of the server may say why");
}

/* What the server said, cleaned for a terminal. */
static void quote(struct slice line, char text[HEALTH_TEXT_BYTES]) {
    size_t len = line.len < HEALTH_TEXT_BYTES - 16 ? line.len : HEALTH_TEXT_BYTES - 16;
    int at = snprintf(text, HEALTH_TEXT_BYTES, "it said: ");
    for (size_t i = 0; i < len; i++) {
        uint8_t c = line.ptr[i];
        text[at++] = c >= ' ' && c < 127 ? (char)c : '?';
    }
    text[at] = 0;
}

/* Reads more. False: it failed. */
static bool fill(struct task *t, struct visit *visit) {
    uint8_t *room = buffer_reserve(&visit->in, READ_BYTES);
    if (!room) return fail(visit, "it sends more than a server would", "what listens on that port?");
    ssize_t got = stream_read(t, visit->stream, room, READ_BYTES, visit->until_ms);
    if (got <= 0) return fail_io(visit, (int)got);
    buffer_grew(&visit->in, (size_t)got);
    return true;
}

static bool read_line(struct task *t, struct visit *visit, struct slice *line) {
    while (slice_find_byte(buffer_slice(&visit->in), '\n') == SLICE_NOT_FOUND)
        if (!fill(t, visit)) return false;
    *line = slice_sub(buffer_slice(&visit->in), 0, slice_find_byte(buffer_slice(&visit->in), '\n'));
    return true;
}

/* Lines that are not the last of an answer: "250-" (SMTP), "* " (IMAP). */
static bool goes_on(struct slice line, struct slice expect) {
    if (slice_starts(line, SLICE("* ")))
        return !slice_starts(expect, SLICE("* ")) && !slice_starts(line, SLICE("* BYE"));
    return line.len > 3 && line.ptr[3] == '-' && ascii_is_digit(line.ptr[0]);
}

/* /health names the roles that do not answer in its body. */
static struct slice last_line(struct task *t, struct visit *visit) {
    struct health_check before = *visit->check;
    while (fill(t, visit)) continue;
    *visit->check = before;
    struct slice text = slice_trim(buffer_slice(&visit->in));
    return slice_skip(text, slice_find_last_byte(text, '\n') + 1);
}

/* What is said of a login that cannot be checked now: it says nothing of the password. */
static bool is_trouble(struct slice line) {
    static const struct slice words[] = {SLICE_INIT("454 "), SLICE_INIT("b NO [UNAVAILABLE]"),
                                         SLICE_INIT("-ERR [SYS/TEMP]")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_starts(line, words[i])) return true;
    return false;
}

/* Of all connections, or of the account's. */
static bool is_too_many(struct slice line) {
    return slice_starts(line, SLICE("421 ")) || slice_starts(line, SLICE("* BYE ")) ||
           slice_starts(line, SLICE("b NO [LIMIT]"));
}

static bool refuse(struct task *t, struct visit *visit, const struct step *step, struct slice line) {
    char said[HEALTH_TEXT_BYTES];
    bool is_http = slice_starts(line, SLICE("HTTP/"));
    quote(slice_trim(is_http ? last_line(t, visit) : line), said);
    if (is_http) return fail(visit, said, "these roles hang or are being restarted; the log says more");
    if (is_too_many(line))
        return fail(visit, said, "too many connections at once, or it is about to stop; see the log");
    if (step->kind != STEP_LOG_IN) return fail(visit, said, "what listens on that port?");
    if (visit->looking->request->is_granted || is_trouble(line))
        return fail(visit, said, "the store or a mail role is in trouble; see the log");
    return fail(visit, said, "is that the account's password?");
}

/* POP3: the password was right, and another session has the mailbox (RFC 2449, 8.1.2): a person's, or the
   other of our own two. */
static bool is_in_use(const struct step *step, struct slice line) {
    return step->kind == STEP_LOG_IN && slice_starts(line, SLICE("-ERR [IN-USE]"));
}

static bool expect(struct task *t, struct visit *visit, const struct step *step) {
    struct slice wanted = slice_from_text(step->expect);
    struct slice line;
    for (;;) {
        if (!read_line(t, visit, &line)) return false;
        if (!goes_on(line, wanted)) break;
        buffer_consume(&visit->in, line.len + 1);
    }
    if (!slice_starts(line, wanted) && !is_in_use(step, line)) return refuse(t, visit, step, line);
    buffer_consume(&visit->in, line.len + 1);
    return true;
}

static void append_plain(struct buffer *out, const struct health_login *login) {
    struct buffer plain = buffer_new(LINE_BYTES_MAX);
    buffer_append_byte(&plain, 0);
    buffer_append(&plain, login->user);
    buffer_append_byte(&plain, 0);
    buffer_append(&plain, login->password);
    base64_encode(out, buffer_slice(&plain));
    explicit_bzero(plain.ptr, plain.len);
    buffer_free(&plain);
    buffer_append_text(out, "\r\n");
}

static bool say(struct task *t, struct visit *visit, const struct step *step) {
    struct buffer line = buffer_new(2 * (size_t)LINE_BYTES_MAX);
    buffer_append_text(&line, step->text);
    if (step->kind == STEP_LOG_IN) append_plain(&line, visit->login);
    int result = stream_write(t, visit->stream, buffer_slice(&line), visit->until_ms);
    if (line.len) explicit_bzero(line.ptr, line.len);
    buffer_free(&line);
    return result ? fail_io(visit, result) : expect(t, visit, step);
}

static bool begin_tls(struct task *t, struct visit *visit) {
    struct health_ports *seen = visit->looking->seen;
    int result = tls_connect(t, &visit->stream, visit->looking->tls, visit->until_ms);
    if (result) return fail_io(visit, result);
    int64_t left_s = visit->stream->security.peer_certificate_left_s;
    if (left_s < seen->certificate_left_s) seen->certificate_left_s = left_s;
    return true;
}

static bool take_step(struct task *t, struct visit *visit, const struct step *step) {
    if (step->kind == STEP_TLS) return begin_tls(t, visit);
    if (step->kind == STEP_LOG_IN && visit->login->user.len == 0)
        return fail(visit, "no login was tried", "the store gave no login; see the store's line");
    if (say(t, visit, step)) return true;
    if (step->kind == STEP_LOG_IN && !visit->looking->request->is_granted &&
        env_now_ms(visit->looking->env) >= visit->until_ms)
        return fail(
            visit, "no answer in time",
            "is that the account's password? Wrong ones are answered later each time; else a role hangs or "
            "the host is overloaded");
    return false;
}

static void follow(struct task *t, struct visit *visit) {
    const struct health_request *request = visit->looking->request;
    struct connect_request to = {.address = request->address,
                                 .port = (uint16_t)(request->base_port + ports[visit->script->port].number)};
    int result = stream_connect(t, visit->looking->env, &to, visit->until_ms, &visit->stream);
    if (result) {
        (void)fail_io(visit, result);
        return;
    }
    visit->in = buffer_new(INPUT_BYTES_MAX);
    for (const struct step *step = visit->script->steps; step->kind != STEP_END; step++)
        if (!take_step(t, visit, step)) break;
    buffer_free(&visit->in);
    stream_close(&visit->stream);
}

static void visit_main(struct task *t, void *argument) {
    struct visit *visit = argument;
    struct looking *looking = visit->looking;
    int64_t begun_ms = env_now_ms(looking->env);
    visit->until_ms = begun_ms + HEALTH_CHECK_MS_MAX;
    follow(t, visit);
    visit->check->ms = env_now_ms(looking->env) - begun_ms;
    if (--looking->under_way == 0) real_env_stop(looking->env);
}

static bool logs_in(const struct script *script) {
    for (const struct step *step = script->steps; step->kind != STEP_END; step++)
        if (step->kind == STEP_LOG_IN) return true;
    return false;
}

static void start_visits(struct looking *looking) {
    size_t logins = 0;
    for (size_t i = 0; i < HEALTH_PORTS; i++) {
        struct visit *visit = &looking->visits[i];
        *visit =
            (struct visit){.looking = looking, .script = &scripts[i], .check = &looking->seen->checks[i]};
        *visit->check = (struct health_check){.name = scripts[i].name};
        if (logs_in(&scripts[i])) visit->login = &looking->request->logins[logins++];
        ASSERT(logins <= HEALTH_LOGINS);
        if (!scope_spawn(&looking->scope, visit_main, visit)) FATAL("a new scope is closed");
        looking->under_way++;
    }
}

void health_look(const struct health_request *request, struct health_ports *seen) {
    struct log_sink sink;
    log_sink_init(&sink, "command");
    sink.log.least = LOG_LEVEL_ERROR;
    struct looking looking = {.env = real_env_new(&sink.log), .request = request, .seen = seen};
    seen->certificate_left_s = INT64_MAX;
    looking.tls = tls_context_client();
    scope_init(&looking.scope, looking.env);
    start_visits(&looking);
    real_env_run(looking.env);
    tls_context_free(&looking.tls);
    real_env_free(&looking.env);
}
