/* One request to the CA: signed by the store, sent, and what was answered understood. */
#include "acme/agent_run.h"
#include "wire/retry_after.h"

enum { STORE_MS = 30 * 1000, JWS_BYTES_MAX = 192 * 1024 };

bool acme_run_ask_store(struct acme_run *run, enum acme_message type, struct slice body,
                        struct ipc_answer *answer) {
    struct env *env = run->agent->options.env;
    struct ipc_message question = {type, body, HANDLE_NONE};
    *answer = (struct ipc_answer){.handle = HANDLE_NONE};
    enum ipc_result result =
        channel_call(run->t, run->agent->options.store, &question, answer, env_now_ms(env) + STORE_MS);
    if (result == IPC_OK) {
        handle_close(env, answer->handle);
        return true;
    }
    return acme_run_failed(run, SLICE("the store role did not answer"), SLICE_EMPTY);
}

/* ---- the answer ---- */

/* RFC 8555 6.5.1: each answer may bring the next one. */
static void keep_nonce(struct acme_run *run, const struct fetch_answer *fetched) {
    struct slice nonce = fetch_answer_field(fetched, SLICE("Replay-Nonce"));
    buffer_clear(&run->nonce);
    if (acme_token_is_good(nonce)) buffer_append(&run->nonce, nonce);
}

static void take_answer(struct acme_run *run, const struct fetch_answer *fetched,
                        struct acme_answer *answer) {
    *answer = (struct acme_answer){
        .status = fetched->status,
        .body = fetched->body,
        .location = fetch_answer_field(fetched, SLICE("Location")),
        .content_type = fetch_answer_field(fetched, SLICE("Content-Type")),
        .retry_after_ms = retry_after_ms(fetch_answer_field(fetched, SLICE("Retry-After")),
                                         env_wall_ms(run->agent->options.env), ACME_RETRY_AFTER_MS_MAX)};
    keep_nonce(run, fetched);
}

/* False: there was no answer. */
static bool ask(struct acme_run *run, struct fetch_request *wanted, struct acme_answer *answer) {
    struct env *env = run->agent->options.env;
    int64_t until_ms = env_now_ms(env) + ACME_REQUEST_MS_MAX;
    struct trust_lookups lookups = trust_lookups_of(run->agent->resolver, run->scratch, until_ms, false);
    struct web_world world = {.lookups = &lookups,
                              .roots_pem = run->settings.roots_pem,
                              .allows_private = run->settings.allows_private};
    struct web_fetched fetched;
    if (env_now_ms(env) > run->deadline_ms)
        return acme_run_failed(run, SLICE("the CA took too long in all"), SLICE_EMPTY);
    wanted->body_bytes_max = ACME_ANSWER_BYTES_MAX;
    web_ask(run->t, &world, wanted, until_ms, &fetched);
    if (fetched.answer.result != FETCH_OK)
        return acme_run_failed(run, fetched.reason,
                               SLICE("nothing is lost: the certificate that is there stays, and it is tried "
                                     "again; see acme.directory and acme.trusted_roots if this lasts"));
    take_answer(run, &fetched.answer, answer);
    return true;
}

static bool is_good(unsigned status) { return status >= 200 && status < 300; }

static bool tell_refusal(struct acme_run *run, const struct acme_answer *answer) {
    struct acme_problem problem;
    if (acme_problem_read(answer->body, run->arena, &problem))
        return acme_run_refused(run, &problem, SLICE_EMPTY, answer->retry_after_ms);
    run->outcome.retry_after_ms = (uint64_t)answer->retry_after_ms;
    return acme_run_failed(run, arena_printf(run->arena, "the CA answered with status %u", answer->status),
                           SLICE_EMPTY);
}

bool acme_run_get(struct acme_run *run, struct slice url, struct acme_answer *answer) {
    struct fetch_request wanted = {.method = "GET", .url = url};
    arena_reset(run->scratch);
    if (!ask(run, &wanted, answer)) return false;
    return is_good(answer->status) || tell_refusal(run, answer);
}

/* ---- signed requests ---- */

static bool fetch_nonce(struct acme_run *run) {
    struct fetch_request wanted = {.method = "HEAD", .url = run->directory.new_nonce};
    struct acme_answer answer;
    if (run->nonce.len) return true;
    arena_reset(run->scratch);
    if (!ask(run, &wanted, &answer)) return false;
    return run->nonce.len || acme_run_failed(run, SLICE("the CA gives no nonce"), SLICE_EMPTY);
}

/* Each nonce is used once. */
static bool sign(struct acme_run *run, const struct acme_paper *paper, struct ipc_answer *answer) {
    struct buffer body = buffer_new(JWS_BYTES_MAX);
    acme_paper_pack(&body, paper);
    bool good = acme_run_ask_store(run, ACME_SIGN, buffer_slice(&body), answer);
    buffer_free(&body);
    if (good && answer->body.len == 0) {
        ipc_answer_free(answer);
        good = acme_run_failed(run, SLICE("the store role did not sign the request"), SLICE_EMPTY);
    }
    buffer_clear(&run->nonce);
    return good;
}

static bool post_once(struct acme_run *run, enum acme_paper_kind kind, struct slice url,
                      struct acme_answer *answer) {
    static const struct fetch_field fields[] = {
        {SLICE_INIT("Content-Type"), SLICE_INIT("application/jose+json")}};
    struct ipc_answer jws;
    if (!fetch_nonce(run)) return false;
    struct acme_paper paper = {kind, buffer_slice(&run->nonce), url};
    if (!sign(run, &paper, &jws)) return false;
    struct fetch_request wanted = {
        .method = "POST", .url = url, .fields = fields, .field_count = 1, .body = buffer_slice(&jws.body)};
    arena_reset(run->scratch);
    bool good = ask(run, &wanted, answer);
    ipc_answer_free(&jws);
    return good;
}

static bool is_bad_nonce(struct acme_run *run, const struct acme_answer *answer) {
    struct acme_problem problem;
    return answer->status == 400 && acme_problem_read(answer->body, run->scratch, &problem) &&
           slice_equal(problem.type, SLICE("badNonce"));
}

bool acme_run_post(struct acme_run *run, enum acme_paper_kind kind, struct slice url,
                   struct acme_answer *answer) {
    for (int i = 0; i < ACME_NONCE_TRIES_MAX; i++) {
        if (!post_once(run, kind, url, answer)) return false;
        if (is_good(answer->status)) return true;
        if (!is_bad_nonce(run, answer)) return tell_refusal(run, answer);
        LOG_INFO(run->agent->options.env->log, "acme.nonce_refused", LOG_TEXT("url", url));
    }
    return acme_run_failed(run, SLICE("the CA refused nonce after nonce"), SLICE_EMPTY);
}
