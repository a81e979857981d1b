#include "io/fetch.h"

#include "base/limits.h"

static bool is_token(const char *text) {
    if (!*text) return false;
    for (; *text; text++)
        if (*text < 'A' || *text > 'Z') return false;
    return true;
}

/* What could end a line, or a text, would begin something else. */
static bool is_clean(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) return false;
    return true;
}

static bool is_printable(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f) return false;
    return text.len > 0;
}

static bool are_fields_good(const struct fetch_request *request) {
    if (request->field_count > FETCH_FIELDS_MAX) return false;
    for (size_t i = 0; i < request->field_count; i++) {
        const struct fetch_field *field = &request->fields[i];
        if (!is_printable(field->name) || slice_find_byte(field->name, ':') != SLICE_NOT_FOUND ||
            !is_clean(field->value))
            return false;
    }
    return true;
}

static bool is_url_good(struct slice url) {
    bool is_ours = slice_starts(url, SLICE("https://")) || slice_starts(url, SLICE("http://"));
    return is_ours && url.len <= FETCH_URL_BYTES_MAX && is_printable(url) &&
           slice_find_byte(url, '@') == SLICE_NOT_FOUND;
}

static bool is_good(const struct fetch_request *request) {
    return is_token(request->method) && is_url_good(request->url) && are_fields_good(request) &&
           request->address_count > 0;
}

static enum fetch_result await(struct task *t, struct fetch_transfer *transfer) {
    struct env *env = transfer->env;
    enum wait_result waited = WAIT_OK;
    env->ops->fetch_start(env, transfer);
    while (!transfer->is_done && waited == WAIT_OK) waited = task_wait(t, transfer->deadline_ms);
    if (transfer->is_done) return transfer->answer->result;
    env->ops->fetch_stop(env, transfer);
    *transfer->answer =
        (struct fetch_answer){.result = waited == WAIT_TIMEOUT ? FETCH_TIMEOUT : FETCH_CANCELLED};
    return transfer->answer->result;
}

enum fetch_result fetch_run(struct task *t, const struct fetch_request *request, struct arena *arena,
                            struct fetch_answer *answer, int64_t deadline_ms) {
    struct fetch_transfer transfer = {.env = task_env(t),
                                      .request = request,
                                      .arena = arena,
                                      .answer = answer,
                                      .deadline_ms = deadline_ms,
                                      .waiter = t};
    *answer = (struct fetch_answer){.result = FETCH_BAD_REQUEST};
    if (!is_good(request)) return answer->result;
    if (task_is_cancelled(t)) return answer->result = FETCH_CANCELLED;
    return await(t, &transfer);
}

void fetch_end(struct fetch_transfer *transfer) {
    transfer->is_done = true;
    task_wake(transfer->waiter);
}

struct slice fetch_answer_field(const struct fetch_answer *answer, struct slice name) {
    for (size_t i = 0; i < answer->field_count; i++)
        if (slice_equal_nocase(answer->fields[i].name, name)) return answer->fields[i].value;
    return SLICE_EMPTY;
}

const char *fetch_result_name(enum fetch_result result) {
    static const char *const names[FETCH_RESULTS] = {
        [FETCH_OK] = "ok",
        [FETCH_BAD_REQUEST] = "bad-request",
        [FETCH_UNREACHABLE] = "unreachable",
        [FETCH_UNTRUSTED] = "untrusted",
        [FETCH_TLS_FAILED] = "tls-failed",
        [FETCH_BROKEN] = "broken",
        [FETCH_TOO_LARGE] = "too-large",
        [FETCH_TIMEOUT] = "timeout",
        [FETCH_CANCELLED] = "cancelled",
    };
    return names[result];
}
