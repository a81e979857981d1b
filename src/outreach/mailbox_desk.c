#include "outreach/mailbox_desk.h"

#include <stdlib.h>

#include "base/limits_sender.h"
#include "store/campaign.h"
#include "store/sender_copy.h"

enum {
    TRIALS_MAX = 4,
    TRIAL_BYTES = 32 << 20,
    WORK_BYTES = 4 << 20,
    MARGIN_MS = 2 * 60 * 1000,
    REDEEM_MS = 60 * 1000,
    TELL_MS = 10 * 1000
};

/* A job under way, and who is told of its steps. */
struct watching {
    struct list link;
    uint64_t number;
    mailbox_desk_step_fn *step;
    void *context;
};

struct mailbox_desk {
    struct mailbox_desk_options options;
    mailbox_desk_health_fn *health;
    void *health_context;
    mailbox_desk_news_fn *news;
    void *news_context;
    struct list jobs;
    uint64_t numbers;
    struct scope scope;
    size_t trials;
    bool is_telling;
};

struct mailbox_desk *mailbox_desk_new(const struct mailbox_desk_options *options) {
    struct mailbox_desk *desk = calloc(1, sizeof *desk);
    if (!desk) FATAL("out of memory for mailboxes");
    desk->options = *options;
    list_init(&desk->jobs);
    scope_init(&desk->scope, options->env);
    return desk;
}

void mailbox_desk_free(struct task *t, struct mailbox_desk **desk) {
    struct mailbox_desk *freed = *desk;
    *desk = NULL;
    if (!freed) return;
    scope_close(t, &freed->scope);
    free(freed);
}

void mailbox_desk_on_health(struct mailbox_desk *desk, mailbox_desk_health_fn *health, void *context) {
    desk->health = health;
    desk->health_context = context;
}

void mailbox_desk_on_news(struct mailbox_desk *desk, mailbox_desk_news_fn *news, void *context) {
    desk->news = news;
    desk->news_context = context;
}

/* ---- the remote role's questions ---- */

/* One at work; the answer is what is in `out`. */
struct question {
    struct task *t;
    struct mailbox_desk *desk;
    struct arena *arena;
    struct slice body;
    struct buffer out;
};

static void answer_list(struct question *question) {
    struct engine *engine = question->desk->options.engine;
    struct sender *senders;
    size_t count;
    size_t outside = 0;
    if (engine_sender_list(engine, question->arena, &senders, &count) != STORE_OK) return;
    for (size_t i = 0; i < count; i++) outside += senders[i].account == 0;
    pack_number(&question->out, outside);
    for (size_t i = 0; i < count; i++) {
        if (senders[i].account) continue;
        pack_number(&question->out, senders[i].id);
        pack_number(&question->out, senders[i].version);
    }
}

/* Without a provider of that name it has none: what comes of it is told as a cause. */
static void open_provider(struct task *t, struct engine *engine, struct arena *arena,
                          const struct sender_login *login, struct sender_provider *provider) {
    *provider = (struct sender_provider){0};
    if (login->auth != SENDER_AUTH_OAUTH) return;
    if (engine_provider_open(t, engine, arena, login->provider, provider) != STORE_OK)
        *provider = (struct sender_provider){0};
}

static void answer_brief(struct question *question) {
    struct engine *engine = question->desk->options.engine;
    struct unpacker in = unpacker_of(question->body);
    uint64_t id = unpack_number(&in);
    struct mailbox_brief brief;
    struct sender_folder *folders;
    struct arena *arena = question->arena;
    if (!unpack_is_done(&in)) return;
    enum store_result result = engine_sender_open(question->t, engine, arena, id, &brief.sender);
    /* Its secrets cannot be had; without them the login fails, and says so. */
    if (result == STORE_FAILED) result = engine_sender_read(engine, arena, id, &brief.sender);
    if (result != STORE_OK ||
        engine_sender_folders(engine, arena, id, &folders, &brief.folder_count) != STORE_OK)
        return;
    brief.folders = folders;
    open_provider(question->t, engine, arena, &brief.sender.smtp, &brief.smtp_provider);
    open_provider(question->t, engine, arena, &brief.sender.imap, &brief.imap_provider);
    mailbox_brief_pack(&question->out, &brief);
}

/* One that can be reached and never passed a test is tested now. */
struct trial {
    struct mailbox_desk *desk;
    uint64_t id;
};

static void run_trial(struct task *t, void *argument) {
    struct trial *trial = argument;
    struct engine *engine = trial->desk->options.engine;
    struct arena *arena = arena_new(TRIAL_BYTES);
    struct mailbox_job job = {0};
    struct mailbox_finding finding;
    bool good = engine_sender_open(t, engine, arena, trial->id, &job.sender) == STORE_OK &&
                mailbox_desk_run(t, trial->desk, arena, &job, NULL, NULL, &finding) == MAILBOX_DESK_DONE &&
                finding.cause != SENDER_CAUSE_CANCELLED;
    if (good) (void)mailbox_desk_keep(t, trial->desk, &job.sender, &finding);
    trial->desk->trials--;
    arena_free(&arena);
    free(trial);
}

static void begin_trial(struct mailbox_desk *desk, uint64_t id) {
    if (desk->trials == TRIALS_MAX) return;
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial) FATAL("out of memory for a test");
    *trial = (struct trial){desk, id};
    desk->trials++;
    if (scope_spawn(&desk->scope, run_trial, trial)) return;
    desk->trials--;
    free(trial);
}

/* As the store judges it. */
static void pass_on(struct mailbox_desk *desk, struct arena *arena, uint64_t id) {
    struct sender sender;
    if (!desk->health || engine_sender_read(desk->options.engine, arena, id, &sender) != STORE_OK) return;
    struct sender_health health = {
        .sender = id, .state = sender.state, .cause = sender.cause, .detail = sender.detail};
    desk->health(desk->health_context, &health);
}

enum store_result mailbox_desk_keep(struct task *t, struct mailbox_desk *desk, const struct sender *sender,
                                    const struct mailbox_finding *finding) {
    struct engine *engine = desk->options.engine;
    bool is_changed;
    bool is_imap = sender->imap.auth == SENDER_AUTH_OAUTH;
    struct sender_health health = {.sender = sender->id,
                                   .state = finding->state,
                                   .cause = finding->cause,
                                   .detail = finding->detail,
                                   .is_test = true,
                                   .copies = finding->copies,
                                   .has_plus = finding->has_plus};
    if (finding->fresh_token.len)
        (void)engine_sender_token(t, engine, sender->id,
                                  is_imap ? sender->imap.provider : sender->smtp.provider,
                                  finding->fresh_token, true);
    enum store_result result = engine_sender_health(t, engine, &health, &is_changed);
    if (result == STORE_OK && is_changed) {
        struct arena *arena = arena_new(WORK_BYTES);
        pass_on(desk, arena, sender->id);
        arena_free(&arena);
    }
    mailbox_desk_changed(desk);
    return result;
}

static void answer_health(struct question *question) {
    struct mailbox_desk *desk = question->desk;
    struct engine *engine = desk->options.engine;
    struct sender_health health;
    struct sender sender;
    bool is_changed;
    if (!mailbox_health_unpack(question->body, &health)) return;
    if (engine_sender_health(question->t, engine, &health, &is_changed) != STORE_OK) return;
    pack_bool(&question->out, true);
    if (is_changed) pass_on(desk, question->arena, health.sender);
    bool is_open = health.state == SENDER_GREEN &&
                   engine_sender_read(engine, question->arena, health.sender, &sender) == STORE_OK &&
                   sender.state == SENDER_UNTESTED;
    if (is_open) begin_trial(desk, health.sender);
}

static void answer_looked(struct question *question) {
    struct unpacker in = unpacker_of(question->body);
    uint64_t id = unpack_number(&in);
    struct sender_folder *folders;
    size_t count;
    bool good = mailbox_folders_unpack(&in, question->arena, &folders, &count) && unpack_is_done(&in);
    good = good &&
           engine_sender_looked(question->t, question->desk->options.engine, id, folders, count) == STORE_OK;
    pack_bool(&question->out, good);
}

/* Without anybody who takes them they are looked at all the same. */
static void answer_news(struct question *question) {
    struct mailbox_desk *desk = question->desk;
    struct outside_news news;
    if (!mailbox_news_unpack(question->body, &news)) return;
    LOG_INFO(desk->options.env->log, "outreach.news", LOG_ID("sender", news.sender),
             LOG_TEXT("folder", news.folder), LOG_NUMBER("uid", news.uid), LOG_NUMBER("bytes", news.bytes));
    pack_bool(&question->out, !desk->news || desk->news(question->t, desk->news_context, &news));
}

static void answer_token(struct question *question) {
    struct unpacker in = unpacker_of(question->body);
    uint64_t id = unpack_number(&in);
    struct slice provider = unpack_slice(&in);
    struct slice token = unpack_slice(&in);
    bool good = unpack_is_done(&in) && engine_sender_token(question->t, question->desk->options.engine, id,
                                                           provider, token, false) == STORE_OK;
    pack_bool(&question->out, good);
}

static void answer_copy(struct question *question) {
    struct engine *engine = question->desk->options.engine;
    struct unpacker in = unpacker_of(question->body);
    uint64_t id = unpack_number(&in);
    struct sender_copy copy;
    int64_t now_ms = env_wall_ms(question->desk->options.env);
    if (!unpack_is_done(&in) || engine_copy_next(engine, question->arena, id, now_ms, &copy) != STORE_OK)
        return;
    pack_slice(&question->out, copy.message_id);
    pack_slice(&question->out, copy.content);
}

static void answer_copied(struct question *question) {
    struct mailbox_copied copied;
    bool good = mailbox_copied_unpack(question->body, &copied) &&
                engine_copy_end(question->t, question->desk->options.engine, copied.message_id, copied.cause,
                                copied.detail) == STORE_OK;
    pack_bool(&question->out, good);
}

static void answer_since(struct question *question) {
    struct unpacker in = unpacker_of(question->body);
    uint64_t id = unpack_number(&in);
    int64_t since_ms = 0;
    if (!unpack_is_done(&in) ||
        engine_outreach_open_since(question->desk->options.engine, id, &since_ms) != STORE_OK)
        return;
    pack_number(&question->out, (uint64_t)since_ms);
}

static void answer_step(struct question *question) {
    struct unpacker in = unpacker_of(question->body);
    uint64_t number = unpack_number(&in);
    struct mailbox_step step;
    mailbox_step_unpack(&in, &step);
    if (!unpack_is_done(&in)) return;
    LIST_EACH(&question->desk->jobs, job, struct watching, link)
    if (job->number == number && job->step) job->step(job->context, &step);
}

bool mailbox_desk_answer(struct task *t, struct mailbox_desk *desk, struct ipc_request *request) {
    static void (*const answers[])(struct question * question) = {
        [OUTREACH_MAILBOX_LIST - OUTREACH_MAILBOX_LIST] = answer_list,
        [OUTREACH_MAILBOX_BRIEF - OUTREACH_MAILBOX_LIST] = answer_brief,
        [OUTREACH_MAILBOX_HEALTH - OUTREACH_MAILBOX_LIST] = answer_health,
        [OUTREACH_MAILBOX_LOOKED - OUTREACH_MAILBOX_LIST] = answer_looked,
        [OUTREACH_MAILBOX_NEWS - OUTREACH_MAILBOX_LIST] = answer_news,
        [OUTREACH_MAILBOX_TOKEN - OUTREACH_MAILBOX_LIST] = answer_token,
        [OUTREACH_MAILBOX_STEP - OUTREACH_MAILBOX_LIST] = answer_step,
        [OUTREACH_MAILBOX_COPY - OUTREACH_MAILBOX_LIST] = answer_copy,
        [OUTREACH_MAILBOX_COPIED - OUTREACH_MAILBOX_LIST] = answer_copied,
        [OUTREACH_MAILBOX_SINCE - OUTREACH_MAILBOX_LIST] = answer_since,
    };
    uint32_t type = request->message.type;
    if (type < OUTREACH_MAILBOX_LIST || type >= OUTREACH_MAILBOX_END) return false;
    struct question question = {.t = t,
                                .desk = desk,
                                .arena = arena_new(WORK_BYTES),
                                .body = request->message.body,
                                .out = buffer_new(IPC_FRAME_BYTES_MAX)};
    answers[type - OUTREACH_MAILBOX_LIST](&question);
    channel_reply(request, buffer_slice(&question.out), HANDLE_NONE);
    if (question.out.ptr) explicit_bzero(question.out.ptr, question.out.len);
    buffer_free(&question.out);
    arena_free(&question.arena);
    return true;
}

/* ---- jobs for the remote role ---- */

static enum mailbox_desk_result ask(struct task *t, struct mailbox_desk *desk, struct arena *arena,
                                    uint32_t type, struct buffer *body, int64_t patience_ms,
                                    struct slice *answered) {
    struct env *env = desk->options.env;
    struct ipc_message message = {type, buffer_slice(body), HANDLE_NONE};
    struct ipc_answer answer;
    enum ipc_result result =
        channel_call(t, desk->options.remote, &message, &answer, env_now_ms(env) + patience_ms);
    if (body->ptr) explicit_bzero(body->ptr, body->len);
    buffer_free(body);
    if (result == IPC_TIMEOUT) return MAILBOX_DESK_TIMEOUT;
    if (result != IPC_OK) return MAILBOX_DESK_GONE;
    *answered = arena_copy(arena, buffer_slice(&answer.body));
    handle_close(env, answer.handle);
    ipc_answer_free(&answer);
    return MAILBOX_DESK_DONE;
}

enum mailbox_desk_result mailbox_desk_run(struct task *t, struct mailbox_desk *desk, struct arena *arena,
                                          struct mailbox_job *job, mailbox_desk_step_fn *step, void *context,
                                          struct mailbox_finding *finding) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct slice answered;
    struct engine *engine = desk->options.engine;
    struct watching watching = {.number = ++desk->numbers, .step = step, .context = context};
    job->number = watching.number;
    open_provider(t, engine, arena, &job->sender.smtp, &job->smtp_provider);
    open_provider(t, engine, arena, &job->sender.imap, &job->imap_provider);
    mailbox_job_pack(&body, job);
    list_append(&desk->jobs, &watching.link);
    enum mailbox_desk_result result =
        ask(t, desk, arena, OUTREACH_MAILBOX_SETUP, &body, OUTREACH_JOB_MS + MARGIN_MS, &answered);
    list_remove(&watching.link);
    if (result != MAILBOX_DESK_DONE) return result;
    return mailbox_finding_unpack(answered, arena, finding) ? MAILBOX_DESK_DONE : MAILBOX_DESK_GONE;
}

enum mailbox_desk_result mailbox_desk_redeem(struct task *t, struct mailbox_desk *desk, struct arena *arena,
                                             const struct mailbox_code *code, struct mailbox_grant *grant) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct slice answered;
    mailbox_code_pack(&body, code);
    enum mailbox_desk_result result =
        ask(t, desk, arena, OUTREACH_MAILBOX_REDEEM, &body, REDEEM_MS, &answered);
    if (result != MAILBOX_DESK_DONE) return result;
    return mailbox_grant_unpack(answered, grant) ? MAILBOX_DESK_DONE : MAILBOX_DESK_GONE;
}

/* ---- changes ---- */

/* The remote role asks by itself now and then; this only makes it ask at once. */
static void tell(struct task *t, void *argument) {
    struct mailbox_desk *desk = argument;
    struct arena *arena = arena_new(WORK_BYTES);
    struct buffer body = buffer_new(1);
    struct slice answered;
    desk->is_telling = false;
    (void)ask(t, desk, arena, OUTREACH_MAILBOX_CHANGED, &body, TELL_MS, &answered);
    arena_free(&arena);
}

void mailbox_desk_changed(struct mailbox_desk *desk) {
    if (desk->is_telling) return;
    desk->is_telling = scope_spawn(&desk->scope, tell, desk);
}
