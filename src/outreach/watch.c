#include "outreach/watch.h"

#include <stdlib.h>

#include "base/limits_sender.h"
#include "outreach/mailbox_setup.h"
#include "outreach/oauth.h"
#include "outreach/watch_state.h"

enum { SEND_WAIT_MS = 2 * 60 * 1000 };
enum { SETTINGS_BYTES = 8 << 20, JOB_BYTES = 32 << 20, LIST_MS = 10 * 60 * 1000, ASK_MS = 30 * 1000 };

/* ---- settings ---- */

/* Whoever is connecting now goes on with what he began with: texts stay as long as the watch. */
void watch_set(struct watch *watch, const struct watch_settings *settings) {
    if (!slice_equal(watch->world.hello, settings->hostname))
        watch->world.hello = arena_copy(watch->settings_arena, settings->hostname);
    watch->world.allows_private = settings->allows_private;
    watch->world.https_port = settings->https_port;
    watch->world.copy_ms = settings->copy_ms ? settings->copy_ms : OUTREACH_COPY_MS;
    watch->poll_ms = settings->poll_ms ? settings->poll_ms : OUTREACH_POLL_MS;
    watch->check_ms = settings->check_ms ? settings->check_ms : OUTREACH_CHECK_MS;
}

static void trust_roots(struct watch *watch, struct slice roots) {
    const char *reason;
    if (roots.len == 0) return;
    watch->world.roots_pem = arena_copy(watch->settings_arena, roots);
    watch->world.tls_trusting = tls_context_client_trusting(roots, &reason);
}

struct watch *watch_new(const struct watch_options *options, const struct watch_settings *settings) {
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch) FATAL("out of memory for watching");
    watch->options = *options;
    watch->world.env = options->env;
    watch->world.resolver = resolver_new_following(options->env, options->dns);
    list_init(&watch->watchers);
    gate_init(&watch->changed);
    scope_init(&watch->scope, options->env);
    watch->settings_arena = arena_new(SETTINGS_BYTES);
    trust_roots(watch, settings->roots_pem);
    watch_set(watch, settings);
    return watch;
}

/* ---- which watchers there are ---- */

static struct watcher *find(const struct watch *watch, uint64_t id) {
    LIST_EACH(&watch->watchers, watcher, struct watcher, link)
    if (watcher->id == id && !watcher->is_stopping) return watcher;
    return NULL;
}

static void start(struct watch *watch, uint64_t id, uint64_t version) {
    struct watcher *watcher = calloc(1, sizeof *watcher);
    if (!watcher) FATAL("out of memory for a watcher");
    *watcher = (struct watcher){.watch = watch, .id = id, .version = version, .pause_ms = SENDER_AGAIN_MS};
    list_init(&watcher->works);
    list_init(&watcher->copies);
    list_append(&watch->watchers, &watcher->link);
    scope_init(&watcher->scope, watch->options.env);
    if (!scope_spawn(&watcher->scope, watcher_main, watcher)) FATAL("a new scope is closed");
}

static void stop(struct task *t, struct watcher *watcher) {
    watcher->is_stopping = true;
    scope_close(t, &watcher->scope);
    watcher_drop(watcher);
    list_remove(&watcher->link);
    free(watcher);
}

struct wanted {
    uint64_t id;
    uint64_t version;
};

static bool is_wanted(const struct watcher *watcher, const struct wanted *wanted, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (wanted[i].id == watcher->id) return wanted[i].version == watcher->version;
    return false;
}

static void follow(struct task *t, struct watch *watch, const struct wanted *wanted, size_t count) {
    bool has_stopped;
    do {
        has_stopped = false;
        LIST_EACH(&watch->watchers, watcher, struct watcher, link) {
            if (is_wanted(watcher, wanted, count)) continue;
            stop(t, watcher);
            /* The list may have changed during the wait. */
            has_stopped = true;
            break;
        }
    } while (has_stopped && !task_is_cancelled(t));
    for (size_t i = 0; i < count && !task_is_cancelled(t); i++)
        if (!find(watch, wanted[i].id)) start(watch, wanted[i].id, wanted[i].version);
}

/* False: the store did not answer. */
static bool ask_list(struct task *t, struct watch *watch) {
    struct ipc_message message = {OUTREACH_MAILBOX_LIST, SLICE_EMPTY, HANDLE_NONE};
    struct ipc_answer answer;
    int64_t until_ms = env_now_ms(watch->options.env) + ASK_MS;
    if (channel_call(t, watch->options.store, &message, &answer, until_ms) != IPC_OK) return false;
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    struct wanted *wanted = calloc(OUTREACH_SENDERS_MAX, sizeof *wanted);
    if (!wanted) FATAL("out of memory for a list of mailboxes");
    size_t count = unpack_number_max(&in, OUTREACH_SENDERS_MAX);
    for (size_t i = 0; i < count; i++) {
        wanted[i].id = unpack_number(&in);
        wanted[i].version = unpack_number(&in);
    }
    bool good = unpack_is_done(&in);
    handle_close(watch->options.env, answer.handle);
    ipc_answer_free(&answer);
    if (good) follow(t, watch, wanted, count);
    free(wanted);
    return good;
}

static void keep_list(struct task *t, void *argument) {
    struct watch *watch = argument;
    while (!task_is_cancelled(t)) {
        watch->is_changed = false;
        int64_t pause_ms = ask_list(t, watch) ? LIST_MS : SENDER_AGAIN_MS;
        int64_t until_ms = env_now_ms(watch->options.env) + pause_ms;
        while (!watch->is_changed && env_now_ms(watch->options.env) < until_ms)
            if (gate_wait(t, &watch->changed, until_ms) == WAIT_CANCELLED) return;
    }
}

void watch_begin(struct watch *watch) {
    watch->is_changed = true;
    gate_open(&watch->changed);
    if (watch->is_begun) return;
    watch->is_begun = true;
    if (!scope_spawn(&watch->scope, keep_list, watch)) FATAL("a new scope is closed");
}

void watch_free(struct task *t, struct watch **watch) {
    struct watch *freed = *watch;
    *watch = NULL;
    if (!freed) return;
    scope_close(t, &freed->scope);
    while (!list_empty(&freed->watchers)) stop(t, LIST_FIRST(&freed->watchers, struct watcher, link));
    resolver_close(t, &freed->world.resolver);
    tls_context_free(&freed->world.tls_trusting);
    arena_free(&freed->settings_arena);
    free(freed);
}

/* ---- the store's requests ---- */

struct telling {
    struct watch *watch;
    uint64_t number;
};

/* Whoever waits at the command line sees it; that it is not seen changes nothing. */
static void tell_step(struct task *t, void *context, const struct mailbox_step *step) {
    const struct telling *telling = context;
    struct env *env = telling->watch->options.env;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    pack_number(&body, telling->number);
    mailbox_step_pack(&body, step);
    struct ipc_message message = {OUTREACH_MAILBOX_STEP, buffer_slice(&body), HANDLE_NONE};
    if (channel_call(t, telling->watch->options.store, &message, &answer, env_now_ms(env) + ASK_MS) ==
        IPC_OK) {
        handle_close(env, answer.handle);
        ipc_answer_free(&answer);
    }
    buffer_free(&body);
}

static void answer_setup(struct task *t, struct watch *watch, struct ipc_request *request) {
    struct arena *arena = arena_new(JOB_BYTES);
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    struct mailbox_job job;
    if (mailbox_job_unpack(request->message.body, &job)) {
        struct telling telling = {watch, job.number};
        struct mailbox_setup setup = {.t = t,
                                      .world = &watch->world,
                                      .arena = arena,
                                      .job = &job,
                                      .tell = tell_step,
                                      .context = &telling};
        mailbox_setup_run(&setup);
        mailbox_finding_pack(&out, &setup.finding);
    }
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    if (out.ptr) explicit_bzero(out.ptr, out.len);
    buffer_free(&out);
    arena_free(&arena);
}

static void answer_redeem(struct task *t, struct watch *watch, struct ipc_request *request) {
    struct arena *arena = arena_new(JOB_BYTES);
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    struct mailbox_code code;
    if (mailbox_code_unpack(request->message.body, &code)) {
        struct oauth_grant given = {0};
        struct outside_trouble trouble = {SENDER_CAUSE_NONE, SLICE_EMPTY};
        bool good = oauth_redeem(t, &watch->world, arena, &code.provider, code.code, code.verifier,
                                 code.redirect_uri, &given, &trouble);
        if (good && given.refresh_token.len == 0)
            trouble = (struct outside_trouble){SENDER_CAUSE_OAUTH_UNREACHABLE,
                                               SLICE("it gave no refresh token: see that offline access is "
                                                     "among the scopes")};
        struct mailbox_grant grant = {good && given.refresh_token.len ? SENDER_CAUSE_NONE : trouble.cause,
                                      trouble.detail, given.refresh_token};
        mailbox_grant_pack(&out, &grant);
    }
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    if (out.ptr) explicit_bzero(out.ptr, out.len);
    buffer_free(&out);
    arena_free(&arena);
}

bool watch_answer(struct task *t, struct watch *watch, struct ipc_request *request) {
    switch (request->message.type) {
    case OUTREACH_MAILBOX_SETUP:
        answer_setup(t, watch, request);
        return true;
    case OUTREACH_MAILBOX_REDEEM:
        answer_redeem(t, watch, request);
        return true;
    case OUTREACH_MAILBOX_CHANGED:
        channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
        watch_begin(watch);
        return true;
    default:
        return false;
    }
}

/* ---- for who sends ---- */

/* Waits until the watcher has done it. What it took it also ends, and writes to where the work says: so once
   it is taken nobody goes away. */
static enum watch_result run(struct task *t, struct watch *watch, uint64_t sender, struct watch_work *work,
                             int64_t deadline_ms) {
    struct watcher *watcher = find(watch, sender);
    if (!watcher) return WATCH_UNKNOWN;
    work->waiter = t;
    list_append(&watcher->works, &work->link);
    watcher_call(watcher);
    while (!work->is_done) {
        if (work->is_taken) {
            task_wait_firmly(t);
            continue;
        }
        enum wait_result result = task_wait(t, deadline_ms);
        if (result == WAIT_OK || work->is_taken || work->is_done) continue;
        list_remove(&work->link);
        if (work->trouble) *work->trouble = (struct outside_trouble){SENDER_CAUSE_NO_ANSWER, SLICE_EMPTY};
        return result == WAIT_CANCELLED ? WATCH_CANCELLED : WATCH_TROUBLE;
    }
    return work->result;
}

enum watch_result watch_send(struct task *t, struct watch *watch, uint64_t sender, struct arena *arena,
                             const struct outside_message *message, struct outside_sent *sent) {
    struct watch_work work = {.kind = WATCH_SEND, .arena = arena, .message = message, .sent = sent};
    *sent = (struct outside_sent){.outcome = OUTSIDE_CANCELLED};
    return run(t, watch, sender, &work, env_now_ms(watch->options.env) + SEND_WAIT_MS);
}

enum watch_result watch_find(struct task *t, struct watch *watch, uint64_t sender, struct arena *arena,
                             struct slice message_id, enum outside_found *found,
                             struct outside_trouble *trouble) {
    struct watch_work work = {
        .kind = WATCH_FIND, .arena = arena, .message_id = message_id, .found = found, .trouble = trouble};
    *found = OUTSIDE_FIND_FAILED;
    return run(t, watch, sender, &work, DEADLINE_NONE);
}
