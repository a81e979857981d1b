#include "acme/office.h"

#include <stdlib.h>

#include "acme/key.h"
#include "acme/office_state.h"
#include "store/kept.h"

enum {
    RUN_BYTES = 16 << 20,
    SETTINGS_BYTES = 64 << 10,
    STATE_BYTES_MAX = 512 << 10,
    /* Of the life of a certificate: what renewals are spread over. */
    JITTER_PART = 24,
    /* So soon after its beginning no certificate is renewed. */
    YOUNG_MS = 5000,
    AGAIN_SPREAD = 5,
};

static const struct slice kept_name = SLICE_INIT("acme");

/* ---- the state ---- */

enum store_result acme_office_state(struct engine *engine, struct arena *arena, struct acme_state *state) {
    struct slice json = SLICE_EMPTY;
    enum store_result result = engine_kept(engine, arena, kept_name, &json);
    acme_state_read(json, arena, state);
    return result == STORE_NOT_FOUND ? STORE_OK : result;
}

bool office_keep(struct task *t, struct office_run *run) {
    /* Alone of what the run has it is there after the wait. */
    struct acme_office *office = run->office;
    struct buffer json = buffer_new(STATE_BYTES_MAX);
    acme_state_write(&json, &run->state);
    enum store_result result = engine_keep(t, office->options.engine, kept_name, buffer_slice(&json));
    if (result != STORE_OK)
        LOG_ERROR(office->options.env->log, "acme.not_kept", LOG_NUMBER("result", result));
    buffer_free(&json);
    return result == STORE_OK;
}

/* ---- when ---- */

static int64_t again_ms(struct env *env, uint64_t failures) {
    int64_t pause_ms = ACME_AGAIN_MS;
    for (uint64_t i = 1; i < failures && pause_ms < ACME_AGAIN_MS_MAX; i++) pause_ms *= 2;
    if (pause_ms > ACME_AGAIN_MS_MAX) pause_ms = ACME_AGAIN_MS_MAX;
    return pause_ms + (int64_t)(env_random_u64(env) % (uint64_t)(pause_ms / AGAIN_SPREAD));
}

/* Nothing is lost by waiting, and a disk that is full does not get emptier by being asked. */
static void wait_for_store(struct acme_office *office) {
    struct env *env = office->options.env;
    int64_t pause_ms = again_ms(env, ++office->troubles);
    office->not_before_ms = env_now_ms(env) + pause_ms;
    LOG_ERROR(env->log, "acme.store_waited_for", LOG_NUMBER("times", office->troubles),
              LOG_NUMBER("again_ms", pause_ms));
}

/* RFC 8555 has no rule; two thirds, and a little before, so that not all come at once. */
static int64_t renew_at_ms(struct env *env, const struct acme_leaf *leaf) {
    int64_t life_ms = leaf->not_after_ms - leaf->not_before_ms;
    int64_t spread_ms = life_ms / JITTER_PART;
    int64_t at_ms = leaf->not_before_ms + life_ms / 3 * 2;
    if (spread_ms > 0) at_ms -= (int64_t)(env_random_u64(env) % (uint64_t)spread_ms);
    int64_t soonest_ms = env_wall_ms(env) + YOUNG_MS;
    return at_ms > soonest_ms ? at_ms : soonest_ms;
}

static void look_later(struct office_run *run) {
    int64_t now_ms = env_wall_ms(run->office->options.env);
    run->state.next_ms = now_ms + ACME_LOOK_MS;
    if (run->state.renew_ms && run->state.renew_ms < run->state.next_ms)
        run->state.next_ms = run->state.renew_ms;
    if (run->state.window_look_ms > now_ms && run->state.window_look_ms < run->state.next_ms)
        run->state.next_ms = run->state.window_look_ms;
    if (run->state.next_ms <= now_ms) run->state.next_ms = now_ms + YOUNG_MS;
}

/* ---- what came of it ---- */

static enum acme_order_result failed(struct office_run *run, struct slice words, struct slice advice,
                                     uint64_t retry_after_ms) {
    struct acme_state *state = &run->state;
    struct env *env = run->office->options.env;
    state->failures++;
    state->words = words;
    state->advice = advice;
    int64_t pause_ms = again_ms(env, state->failures);
    if ((int64_t)retry_after_ms > pause_ms) pause_ms = (int64_t)retry_after_ms;
    state->next_ms = env_wall_ms(env) + pause_ms;
    LOG_WARN(env->log, "acme.failed", LOG_TEXT("reason", words), LOG_TEXT("advice", advice),
             LOG_NUMBER("failures", state->failures), LOG_NUMBER("again_ms", pause_ms));
    return ACME_ORDER_FAILED;
}

static void is_good_again(struct office_run *run) {
    run->state.failures = 0;
    run->state.words = SLICE_EMPTY;
    run->state.advice = SLICE_EMPTY;
    look_later(run);
}

/* The chain was checked when it came, and is kept: this may be done again. */
static enum acme_order_result install(struct task *t, struct office_run *run) {
    struct acme_office *office = run->office;
    struct acme_state *state = &run->state;
    struct buffer chain = buffer_new(ACME_CHAIN_BYTES_MAX);
    struct acme_leaf leaf;
    const char *reason = acme_chain_check(state->chain, run->key_pem, NULL, 0,
                                          env_wall_ms(office->options.env), run->arena, &chain, &leaf);
    if (reason)
        state->chain = SLICE_EMPTY;
    else
        (void)office->options.install(t, office->options.context, buffer_slice(&chain), run->key_pem,
                                      &reason);
    buffer_free(&chain);
    if (reason)
        return failed(run, arena_printf(run->arena, "the certificate could not be installed: %s", reason),
                      SLICE("it is kept, and installed when that is possible"), 0);
    state->leaf = leaf;
    state->renew_ms = renew_at_ms(office->options.env, &leaf);
    state->window = (struct acme_window){0};
    state->window_look_ms = env_wall_ms(office->options.env) + ACME_WINDOW_LOOK_MS_MIN;
    state->chain = SLICE_EMPTY;
    state->key = SLICE_EMPTY;
    office->settings.is_installed = true;
    is_good_again(run);
    LOG_INFO(office->options.env->log, "acme.installed", LOG_NUMBER("names", leaf.name_count),
             LOG_TEXT("name", leaf.names[0]), LOG_TEXT("issuer", leaf.issuer),
             LOG_NUMBER("not_after_ms", leaf.not_after_ms));
    return ACME_ORDER_DONE;
}

static enum acme_order_result issued(struct task *t, struct office_run *run, struct slice pem) {
    struct buffer chain = buffer_new(ACME_CHAIN_BYTES_MAX);
    struct acme_leaf leaf;
    const char *fault = acme_chain_check(pem, run->key_pem, run->names, run->name_count,
                                         env_wall_ms(run->office->options.env), run->arena, &chain, &leaf);
    struct slice checked = fault ? SLICE_EMPTY : arena_copy(run->arena, buffer_slice(&chain));
    buffer_free(&chain);
    if (fault)
        return failed(run, arena_printf(run->arena, "the CA's certificate is not to be used: %s", fault),
                      SLICE_EMPTY, 0);
    run->state.chain = checked;
    if (!office_keep(t, run))
        return failed(run, SLICE("the store cannot keep the certificate"), SLICE_EMPTY, 0);
    return install(t, run);
}

static bool is_optional(const struct office_run *run, struct slice name) {
    for (size_t i = 0; i < run->job.name_count; i++)
        if (slice_equal(run->job.names[i].name, name)) return run->job.names[i].is_optional;
    return false;
}

/* One domain whose DNS is not in order must not keep all others from their certificate. False: there is no
   room for it. */
static bool leave_out(struct office_run *run, struct slice name) {
    struct acme_state *state = &run->state;
    int64_t now_ms = env_wall_ms(run->office->options.env);
    size_t kept = 0;
    for (size_t i = 0; i < state->left_out_count; i++)
        if (state->left_out[i].until_ms > now_ms) state->left_out[kept++] = state->left_out[i];
    state->left_out_count = kept;
    if (kept == ACME_NAMES_MAX) return false;
    state->left_out[state->left_out_count++] =
        (struct acme_left_out){arena_copy(run->arena, name), now_ms + ACME_LEFT_OUT_MS};
    return true;
}

/* The next order goes without the name, and at once, unless the CA asks for time. */
static bool goes_on_without(struct office_run *run, const struct acme_outcome *outcome) {
    bool is_left_out = run->is_planned && is_optional(run, outcome->name) && leave_out(run, outcome->name);
    run->goes_on = is_left_out && outcome->retry_after_ms == 0 && ++run->refusals < ACME_ORDERS_MAX;
    if (is_left_out)
        LOG_WARN(run->office->options.env->log, "acme.left_out", LOG_TEXT("name", outcome->name),
                 LOG_TEXT("reason", outcome->words), LOG_TEXT("advice", outcome->advice));
    return run->goes_on;
}

static enum acme_order_result take(struct task *t, struct office_run *run,
                                   const struct acme_outcome *outcome) {
    struct slice words = arena_copy(run->arena, outcome->words);
    struct slice advice = arena_copy(run->arena, outcome->advice);
    switch (outcome->result) {
    case ACME_ISSUED:
        if (run->is_planned) return issued(t, run, outcome->chain);
        return failed(run, SLICE("the remote role answers what nobody asked"), SLICE_EMPTY, 0);
    case ACME_NOT_DUE:
        if (run->is_planned) return failed(run, SLICE("the store cannot keep keys now"), SLICE_EMPTY, 0);
        if (!run->office->settings.is_installed)
            return failed(run, SLICE("the remote role did not say which names lead here"), SLICE_EMPTY, 0);
        is_good_again(run);
        return ACME_ORDER_NOT_DUE;
    case ACME_NAME_FAILED:
        if (goes_on_without(run, outcome)) return ACME_ORDER_FAILED;
        break;
    case ACME_FAILED:
        break;
    }
    return failed(run, words, advice, outcome->retry_after_ms);
}

/* ---- a run ---- */

/* Another CA knows nothing of our account with this one. */
static void mind_directory(struct office_run *run) {
    const struct acme_office_settings *settings = &run->office->settings;
    if (slice_equal(run->state.directory, settings->directory)) return;
    run->state.directory = arena_copy(run->arena, settings->directory);
    run->state.account = run->state.contact = SLICE_EMPTY;
    run->state.leaf.identifier = SLICE_EMPTY;
}

/* What is to be asked about when it is to be renewed, if it is time to. */
static struct slice certificate_of(struct office_run *run) {
    struct acme_state *state = &run->state;
    int64_t now_ms = env_wall_ms(run->office->options.env);
    if (!run->office->settings.is_installed || state->window_look_ms > now_ms) return SLICE_EMPTY;
    state->window_look_ms = now_ms + ACME_WINDOW_LOOK_MS;
    return state->leaf.identifier;
}

static bool prepare(struct task *t, struct office_run *run) {
    struct buffer thumbprint = buffer_new(ACME_TOKEN_BYTES_MAX);
    const struct acme_office_settings *settings = &run->office->settings;
    mind_directory(run);
    run->is_planned = run->tells_contact = false;
    run->name_count = 0;
    if (!office_make_account_key(run) || !acme_key_point(run->account_pem, &run->point) ||
        !office_keep(t, run))
        return false;
    acme_thumbprint(&thumbprint, &run->point);
    run->job = (struct acme_job){.directory = run->state.directory,
                                 .challenge = settings->challenge,
                                 .terms_agreed = settings->terms_agreed,
                                 .account = run->state.account,
                                 .certificate = certificate_of(run),
                                 .thumbprint = arena_copy(run->arena, buffer_slice(&thumbprint))};
    buffer_free(&thumbprint);
    office_find_names(run);
    return true;
}

static enum acme_order_result ask_remote(struct task *t, struct office_run *run) {
    struct acme_office *office = run->office;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    struct acme_outcome outcome;
    acme_job_pack(&body, &run->job);
    struct ipc_message question = {ACME_RUN, buffer_slice(&body), HANDLE_NONE};
    enum ipc_result result =
        channel_call(t, office->options.remote, &question, &answer,
                     env_now_ms(office->options.env) + ACME_RUN_MS_MAX + ACME_POLL_MS_MAX);
    buffer_free(&body);
    if (result == IPC_CANCELLED) return ACME_ORDER_FAILED;
    if (result != IPC_OK) return failed(run, SLICE("the remote role did not finish"), SLICE_EMPTY, 0);
    handle_close(office->options.env, answer.handle);
    enum acme_order_result what = acme_outcome_unpack(buffer_slice(&answer.body), &outcome)
                                      ? take(t, run, &outcome)
                                      : failed(run, SLICE("the remote role is busy"), SLICE_EMPTY, 0);
    ipc_answer_free(&answer);
    return what;
}

static enum acme_order_result order(struct task *t, struct office_run *run) {
    enum acme_order_result result;
    do {
        run->goes_on = false;
        if (!prepare(t, run)) return failed(run, SLICE("the store cannot keep keys now"), SLICE_EMPTY, 0);
        result = ask_remote(t, run);
    } while (run->goes_on && !task_is_cancelled(t));
    return result;
}

static enum acme_order_result run_once(struct task *t, struct office_run *run) {
    enum acme_order_result result;
    run->state.tried_ms = env_wall_ms(run->office->options.env);
    run->email = arena_copy(run->arena, run->office->settings.email);
    if (!office_open_keys(t, run))
        result = failed(run, SLICE("the store cannot open its keys (key/seal in the data folder)"),
                        SLICE_EMPTY, 0);
    else
        result = run->state.chain.len ? install(t, run) : order(t, run);
    if (task_is_cancelled(t)) return result;
    if (!office_keep(t, run)) {
        wait_for_store(run->office);
    } else {
        run->office->troubles = 0;
        run->office->not_before_ms = 0;
    }
    return result;
}

static struct office_run *run_new(struct acme_office *office) {
    struct office_run *run = calloc(1, sizeof *run);
    if (!run) FATAL("out of memory for ACME");
    *run =
        (struct office_run){.office = office, .arena = arena_new(RUN_BYTES), .is_forced = office->is_forced};
    return run;
}

static void run_free(struct office_run *run) {
    office_wipe_keys(run);
    arena_free(&run->arena);
    free(run);
}

static void do_run(struct task *t, struct acme_office *office) {
    struct office_run *run = run_new(office);
    office->is_asked = office->is_forced = false;
    office->run = run;
    office->last = ACME_ORDER_FAILED;
    if (acme_office_state(office->options.engine, run->arena, &run->state) == STORE_OK)
        office->last = run_once(t, run);
    else
        wait_for_store(office);
    office->run = NULL;
    office->runs++;
    run_free(run);
    gate_open(&office->ended);
}

/* Once, also where nothing is enabled: what older folders have plainly is sealed. */
static void seal_old_keys(struct task *t, struct acme_office *office) {
    struct office_run *run = run_new(office);
    bool is_old = acme_office_state(office->options.engine, run->arena, &run->state) == STORE_OK &&
                  run->state.old_account_key.len + run->state.old_key.len > 0;
    if (is_old && office_open_keys(t, run) && office_keep(t, run))
        LOG_INFO(office->options.env->log, "acme.keys_sealed");
    run_free(run);
}

/* On the monotonic clock; the state is in UTC. */
static int64_t due_ms(const struct acme_office *office) {
    struct env *env = office->options.env;
    struct arena *arena = arena_new(RUN_BYTES);
    struct acme_state state;
    bool is_read = acme_office_state(office->options.engine, arena, &state) == STORE_OK;
    int64_t left_ms = is_read ? state.next_ms - env_wall_ms(env) : ACME_AGAIN_MS;
    /* A clock that was set back must not keep us waiting for years. */
    if (left_ms > ACME_RETRY_AFTER_MS_MAX) left_ms = ACME_LOOK_MS;
    if (is_read && !office->settings.is_installed && state.failures == 0) left_ms = 0;
    arena_free(&arena);
    int64_t until_ms = left_ms > 0 ? env_now_ms(env) + left_ms : 0;
    return until_ms > office->not_before_ms ? until_ms : office->not_before_ms;
}

static void office_main(struct task *t, void *argument) {
    struct acme_office *office = argument;
    seal_old_keys(t, office);
    while (!task_is_cancelled(t)) {
        int64_t until_ms = DEADLINE_NONE;
        if (office->settings.is_enabled && office->is_begun) until_ms = office->is_asked ? 0 : due_ms(office);
        if (until_ms <= env_now_ms(office->options.env))
            do_run(t, office);
        else if (gate_wait(t, &office->changed, until_ms) == WAIT_CANCELLED)
            break;
    }
}

enum acme_order_result acme_office_order(struct task *t, struct acme_office *office, bool is_forced) {
    if (!office->settings.is_enabled) return ACME_ORDER_OFF;
    /* One that is under way may have begun without this. */
    uint64_t until = office->runs + (office->run ? 2 : 1);
    office->is_asked = true;
    office->is_forced = office->is_forced || is_forced;
    gate_open(&office->changed);
    while (office->runs < until)
        if (gate_wait(t, &office->ended, DEADLINE_NONE) != WAIT_OK) return ACME_ORDER_FAILED;
    return office->last;
}

/* ---- its life ---- */

bool acme_office_is_enabled(const struct acme_office *office) { return office->settings.is_enabled; }

void acme_office_begin(struct acme_office *office) {
    office->is_begun = true;
    gate_open(&office->changed);
}

void acme_office_set(struct acme_office *office, const struct acme_office_settings *settings) {
    struct arena *arena = arena_new(SETTINGS_BYTES);
    struct acme_office_settings copy = *settings;
    copy.directory = arena_copy(arena, settings->directory);
    copy.email = arena_copy(arena, settings->email);
    copy.hostname = arena_copy(arena, settings->hostname);
    copy.names = arena_copy(arena, settings->names);
    /* What it asks for may be other than before. */
    office->is_asked = office->is_asked || (settings->is_enabled &&
                                            (!office->settings.is_enabled ||
                                             !slice_equal(office->settings.names, settings->names) ||
                                             !slice_equal(office->settings.email, settings->email) ||
                                             !slice_equal(office->settings.hostname, settings->hostname) ||
                                             !slice_equal(office->settings.directory, settings->directory)));
    office->settings = copy;
    arena_free(&office->settings_arena);
    office->settings_arena = arena;
    gate_open(&office->changed);
}

struct acme_office *acme_office_new(const struct acme_office_options *options,
                                    const struct acme_office_settings *settings) {
    struct acme_office *office = calloc(1, sizeof *office);
    if (!office) FATAL("out of memory for ACME");
    office->options = *options;
    gate_init(&office->changed);
    gate_init(&office->ended);
    scope_init(&office->scope, options->env);
    acme_office_set(office, settings);
    office->is_asked = false;
    if (!scope_spawn(&office->scope, office_main, office)) FATAL("a new scope is closed");
    return office;
}

void acme_office_free(struct task *t, struct acme_office **office) {
    if (!*office) return;
    scope_close(t, &(*office)->scope);
    arena_free(&(*office)->settings_arena);
    free(*office);
    *office = NULL;
}
