/* An order, step by step (RFC 8555 7.1): account, order, each name's challenge, the certificate. */
#include "acme/agent_run.h"

enum { HTTP_CREATED = 201 };

/* ---- waiting for the CA ---- */

struct waiting {
    int64_t until_ms;
    int64_t pause_ms;
};

static struct waiting waiting_of(const struct acme_run *run) {
    int64_t now_ms = env_now_ms(run->agent->options.env);
    return (struct waiting){now_ms + ACME_POLL_MS_MAX, ACME_POLL_PAUSE_MS};
}

/* Until the next question. False: it took too long. */
static bool await(struct acme_run *run, struct waiting *waiting, int64_t retry_after_ms) {
    int64_t pause_ms = retry_after_ms > waiting->pause_ms ? retry_after_ms : waiting->pause_ms;
    int64_t now_ms = env_now_ms(run->agent->options.env);
    if (now_ms + pause_ms > waiting->until_ms)
        return acme_run_failed(run, SLICE("the CA did not decide in time"), SLICE_EMPTY);
    if (waiting->pause_ms < ACME_POLL_PAUSE_MS_MAX) waiting->pause_ms += ACME_POLL_PAUSE_MS;
    if (task_sleep(run->t, pause_ms) == WAIT_OK) return true;
    return acme_run_failed(run, SLICE("this server was stopped meanwhile"), SLICE_EMPTY);
}

static bool not_understood(struct acme_run *run, const char *what) {
    return acme_run_failed(run, arena_printf(run->arena, "the CA's %s cannot be understood", what),
                           SLICE("is acme.directory the URL of an ACME directory (RFC 8555)?"));
}

/* ---- the account (RFC 8555 7.3) ---- */

static bool tell_account(struct acme_run *run, bool is_new) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    pack_slice(&body, run->account);
    pack_bool(&body, is_new);
    bool good = acme_run_ask_store(run, ACME_ACCOUNT, buffer_slice(&body), &answer);
    buffer_free(&body);
    if (!good) return false;
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    run->plan.tells_contact = unpack_bool(&in);
    ipc_answer_free(&answer);
    return true;
}

bool acme_run_tell_contact(struct acme_run *run) {
    struct acme_answer answer;
    struct ipc_answer told;
    if (!acme_run_post(run, ACME_PAPER_CONTACT, run->account, &answer) ||
        !acme_run_ask_store(run, ACME_CONTACT, SLICE_EMPTY, &told))
        return false;
    ipc_answer_free(&told);
    return true;
}

static bool may_register(struct acme_run *run) {
    if (run->directory.wants_external_account) {
        struct acme_problem problem = {SLICE("externalAccountRequired"),
                                       SLICE("it wants an external account")};
        return acme_run_refused(run, &problem, SLICE_EMPTY, 0);
    }
    if (run->directory.terms.len == 0 || run->job->terms_agreed) return true;
    return acme_run_failed(
        run,
        arena_printf(run->arena, "the CA wants its terms agreed to: %.*s", SLICE_PRINT(run->directory.terms)),
        SLICE("read them, and set acme.terms_agreed = yes in posthaste.conf"));
}

/* The CA gives the account that the key has, where there is one (RFC 8555 7.3.1: 200), with the contact of
   then. */
static bool find_account(struct acme_run *run) {
    struct acme_answer answer;
    if (run->account.len) return true;
    if (!may_register(run) || !acme_run_post(run, ACME_PAPER_ACCOUNT, run->directory.new_account, &answer))
        return false;
    if (!slice_starts(answer.location, SLICE("https://")) || answer.location.len > ACME_URL_BYTES_MAX)
        return not_understood(run, "account");
    run->account = arena_copy(run->arena, answer.location);
    return tell_account(run, answer.status == HTTP_CREATED);
}

/* ---- a name ---- */

static void show_challenge(struct acme_run *run, const struct acme_authorization *authorization) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct acme_challenge challenge = {
        .kind = run->job->challenge, .name = authorization->name, .token = authorization->token};
    challenge.key_authorization = arena_printf(run->arena, "%.*s.%.*s", SLICE_PRINT(authorization->token),
                                               SLICE_PRINT(run->job->thumbprint));
    acme_challenges_pack(&body, &challenge, 1);
    run->agent->options.tell(run->agent->options.context, buffer_slice(&body));
    buffer_free(&body);
}

static void hide_challenge(struct acme_run *run) {
    struct buffer body = buffer_new(64);
    acme_challenges_pack(&body, NULL, 0);
    run->agent->options.tell(run->agent->options.context, buffer_slice(&body));
    buffer_free(&body);
}

static bool look_at(struct acme_run *run, struct slice url, struct acme_authorization *authorization,
                    int64_t *retry_after_ms) {
    struct acme_answer answer;
    if (!acme_run_post(run, ACME_PAPER_LOOK, url, &answer)) return false;
    *retry_after_ms = answer.retry_after_ms;
    return acme_authorization_read(answer.body, run->job->challenge, run->arena, authorization) ||
           not_understood(run, "authorization");
}

static bool await_verdict(struct acme_run *run, struct slice url, struct acme_authorization *authorization) {
    struct waiting waiting = waiting_of(run);
    int64_t retry_after_ms = 0;
    while (await(run, &waiting, retry_after_ms)) {
        if (!look_at(run, url, authorization, &retry_after_ms)) return false;
        if (authorization->status == ACME_VALID) return true;
        if (authorization->status == ACME_PENDING) continue;
        struct acme_problem unknown = {SLICE("invalid"), SLICE("it says no more")};
        return acme_run_refused(run, authorization->problem.type.len ? &authorization->problem : &unknown,
                                authorization->name, 0);
    }
    return false;
}

/* RFC 8555 7.5: shown first, then told that it is. */
static bool prove(struct acme_run *run, struct slice url) {
    struct acme_authorization authorization;
    struct acme_answer answer;
    int64_t retry_after_ms;
    if (!look_at(run, url, &authorization, &retry_after_ms)) return false;
    if (authorization.status == ACME_VALID) return true;
    if (authorization.url.len == 0)
        return acme_run_failed(run,
                               arena_printf(run->arena, "the CA does not check %.*s by %s",
                                            SLICE_PRINT(authorization.name),
                                            acme_challenge_name(run->job->challenge)),
                               SLICE("set acme.challenge to the other kind"));
    show_challenge(run, &authorization);
    bool good = acme_run_post(run, ACME_PAPER_ANSWER, authorization.url, &answer) &&
                await_verdict(run, url, &authorization);
    hide_challenge(run);
    return good;
}

/* ---- the order (RFC 8555 7.4) ---- */

static bool read_order(struct acme_run *run, const struct acme_answer *answer, struct acme_order *order) {
    if (!acme_order_read(answer->body, run->arena, order)) return not_understood(run, "order");
    if (order->status != ACME_INVALID && order->status != ACME_OVER) return true;
    struct acme_problem unknown = {SLICE("invalid"), SLICE("the order is not valid any more")};
    return acme_run_refused(run, order->problem.type.len ? &order->problem : &unknown, SLICE_EMPTY, 0);
}

static bool await_order(struct acme_run *run, struct slice url, enum acme_status status,
                        struct acme_order *order, int64_t retry_after_ms) {
    struct waiting waiting = waiting_of(run);
    struct acme_answer answer;
    while (order->status != status && order->status != ACME_VALID) {
        if (!await(run, &waiting, retry_after_ms) || !acme_run_post(run, ACME_PAPER_LOOK, url, &answer) ||
            !read_order(run, &answer, order))
            return false;
        retry_after_ms = answer.retry_after_ms;
    }
    return true;
}

static bool download(struct acme_run *run, struct slice url) {
    struct acme_answer answer;
    if (url.len == 0) return not_understood(run, "order");
    if (!acme_run_post(run, ACME_PAPER_LOOK, url, &answer)) return false;
    if (answer.body.len == 0 || answer.body.len > ACME_CHAIN_BYTES_MAX)
        return not_understood(run, "certificate");
    run->outcome.result = ACME_ISSUED;
    run->outcome.chain = arena_copy(run->arena, answer.body);
    return true;
}

static bool finish(struct acme_run *run, struct slice url, struct acme_order *order) {
    struct acme_answer answer;
    if (order->status != ACME_READY) {
        if (!await_order(run, url, ACME_READY, order, 0)) return false;
    }
    if (order->status == ACME_READY) {
        if (!acme_run_post(run, ACME_PAPER_FINALIZE, order->finalize, &answer) ||
            !read_order(run, &answer, order) ||
            !await_order(run, url, ACME_VALID, order, answer.retry_after_ms))
            return false;
    }
    return download(run, order->certificate);
}

static bool carry_out(struct acme_run *run, const struct acme_answer *answer) {
    struct acme_order order;
    struct slice url = arena_copy(run->arena, answer->location);
    if (!read_order(run, answer, &order)) return false;
    if (!slice_starts(url, SLICE("https://")) || url.len > ACME_URL_BYTES_MAX)
        return not_understood(run, "order");
    for (size_t i = 0; i < order.authorization_count; i++)
        if (!prove(run, order.authorizations[i])) return false;
    return finish(run, url, &order);
}

static bool was_refused_as(const struct acme_run *run, const char *type) {
    struct slice bracketed = arena_printf(run->arena, "(%s)", type);
    return slice_find(run->outcome.words, bracketed) != SLICE_NOT_FOUND;
}

/* An account that the CA forgot (a new test CA, say) is made anew, once. */
static bool make_account_anew(struct acme_run *run) {
    if (!run->job->account.len || !was_refused_as(run, "accountDoesNotExist")) return false;
    run->account = SLICE_EMPTY;
    run->outcome = (struct acme_outcome){0};
    return tell_account(run, false) && find_account(run);
}

static bool post_order(struct acme_run *run, struct acme_answer *answer) {
    return acme_run_post(run, ACME_PAPER_ORDER, run->directory.new_order, answer);
}

/* RFC 9773 5: it says which one it replaces, unless the CA knows nothing of that one, or of a replacement
   made before. */
static bool place_order(struct acme_run *run, struct acme_answer *answer) {
    if (!run->plan.replaces || run->directory.renewal_info.len == 0) return post_order(run, answer);
    if (acme_run_post(run, ACME_PAPER_REPLACEMENT, run->directory.new_order, answer)) return true;
    if (!was_refused_as(run, "alreadyReplaced") && !was_refused_as(run, "malformed") &&
        !was_refused_as(run, "unauthorized"))
        return false;
    run->outcome = (struct acme_outcome){0};
    return post_order(run, answer);
}

bool acme_run_open(struct acme_run *run) {
    struct acme_answer answer;
    if (run->has_directory) return true;
    if (!acme_run_get(run, run->job->directory, &answer)) return false;
    run->has_directory = acme_directory_read(answer.body, run->arena, &run->directory);
    return run->has_directory || not_understood(run, "directory");
}

bool acme_run_order(struct acme_run *run) {
    struct acme_answer answer;
    if (!find_account(run)) return false;
    if (!place_order(run, &answer) && !(make_account_anew(run) && post_order(run, &answer))) return false;
    return carry_out(run, &answer);
}
