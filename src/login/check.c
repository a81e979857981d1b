#include "login/check.h"

#include "base/limits.h"

static struct login_attempt attempt_of(const struct login_check *check) {
    return (struct login_attempt){slice_from_text(check->conn->stream->peer.address), check->user};
}

static enum login_result result_of_delay(enum login_delay_result delay, enum login_result otherwise) {
    switch (delay) {
    case LOGIN_DELAY_CANCELLED:
        return LOGIN_GONE;
    case LOGIN_DELAY_CROWD:
        return LOGIN_BUSY;
    default:
        return otherwise;
    }
}

enum login_result login_check_begin(struct task *t, const struct login_check *check) {
    struct login_attempt attempt = attempt_of(check);
    return result_of_delay(login_delay_before(t, check->context->delays, &attempt), LOGIN_OK);
}

static enum login_result deny(struct task *t, const struct login_check *check) {
    struct login_attempt attempt = attempt_of(check);
    metrics_add(&check->context->env->metrics, METRIC_LOGINS_FAILED, 1);
    LOG_INFO(check->context->env->log, "login.failed", LOG_TEXT("user", check->user),
             LOG_TEXT("address", attempt.address), LOG_TEXT("mechanism", check->mechanism));
    enum login_delay_result delay = login_delay_failed(t, check->context->delays, &attempt);
    /* A crowd's failures are answered at once: they were failures all the same. */
    return delay == LOGIN_DELAY_CANCELLED ? LOGIN_GONE : LOGIN_DENIED;
}

static enum login_result accept_login(const struct login_check *check, const struct account *account,
                                      struct login_identity *identity) {
    struct login_attempt attempt = attempt_of(check);
    login_delay_succeeded(check->context->delays, &attempt);
    *identity = (struct login_identity){.account = account->id,
                                        .tenant = account->tenant,
                                        .is_imap_off = account->is_imap_off,
                                        .is_pop3_off = account->is_pop3_off};
    memcpy(identity->address, account->address.ptr, account->address.len);
    metrics_add(&check->context->env->metrics, METRIC_LOGINS_ACCEPTED, 1);
    LOG_INFO(check->context->env->log, "login.accepted", LOG_TEXT("account", account->address),
             LOG_TEXT("address", attempt.address), LOG_TEXT("mechanism", check->mechanism),
             LOG_NUMBER("tls", check->conn->stream->security.is_tls));
    return LOGIN_OK;
}

enum login_result login_check_end(struct task *t, const struct login_check *check, enum store_result result,
                                  const struct account *account, struct login_identity *identity) {
    if (result == STORE_OK) {
        bool is_usable = account->id && !account->is_disabled && account->address.len < LOGIN_ADDRESS_BYTES;
        return is_usable ? accept_login(check, account, identity) : deny(t, check);
    }
    if (task_is_cancelled(t)) return LOGIN_GONE;
    if (result == STORE_DENIED || result == STORE_NOT_FOUND || result == STORE_REFUSED) return deny(t, check);
    metrics_add(&check->context->env->metrics, METRIC_LOGINS_UNAVAILABLE, 1);
    LOG_WARN(check->context->env->log, "login.unavailable", LOG_TEXT("user", check->user),
             LOG_NUMBER("reason", result));
    return LOGIN_BUSY;
}

/* Waits until the password may be looked at. Who came in a crowd from one address waits again for what the
   first of it cost, as he would have had he come later. */
static enum login_result await_turn(struct task *t, const struct login_check *check,
                                    struct login_turn *turn) {
    struct login_delays *delays = check->context->delays;
    struct login_attempt attempt = attempt_of(check);
    int64_t deadline_ms = env_now_ms(check->context->env) + LOGIN_TURN_MS_MAX;
    *turn = (struct login_turn){.address = login_delay_network(attempt.address), .user = attempt.user};
    for (;;) {
        enum login_result begun = login_check_begin(t, check);
        if (begun != LOGIN_OK) return begun;
        turn->is_known = login_delay_is_known(delays, &attempt);
        enum login_turn_result taken = login_turn_take(t, login_delay_turns(delays), turn, deadline_ms);
        if (taken != LOGIN_TURN_OK) return taken == LOGIN_TURN_CROWD ? LOGIN_BUSY : LOGIN_GONE;
        if (login_delay_address_ms(delays, &attempt) == 0) return LOGIN_OK;
        login_turn_give(login_delay_turns(delays), turn);
        if (env_now_ms(check->context->env) >= deadline_ms) return LOGIN_BUSY;
    }
}

enum login_result login_check_password(struct task *t, const struct login_check *check, struct slice password,
                                       struct login_identity *identity) {
    if (check->user.len > SASL_NAME_BYTES_MAX || password.len > SASL_PASSWORD_BYTES_MAX)
        return deny(t, check);
    struct login_turn turn;
    enum login_result begun = await_turn(t, check, &turn);
    if (begun != LOGIN_OK) return begun;
    struct arena *arena = arena_new(LOGIN_EXCHANGE_MEMORY_BYTES_MAX);
    struct account account = {0};
    enum store_result result =
        store_password_check(t, check->context->store, arena, check->user, password, &account);
    login_turn_give(login_delay_turns(check->context->delays), &turn);
    enum login_result ended = login_check_end(t, check, result, &account, identity);
    arena_free(&arena);
    return ended;
}
