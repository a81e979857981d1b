/* What one watcher does: a round (look everywhere, log in anew where that is due, do what somebody waits for,
   keep copies, tell how it is), then wait for news. */
#include <stdlib.h>

#include "base/limits_sender.h"
#include "outreach/cause.h"
#include "outreach/watch_state.h"

enum { ROUND_BYTES = 32 << 20, ASK_MS = 30 * 1000 };

static int64_t now_ms(const struct watcher *watcher) { return env_now_ms(watcher->watch->options.env); }

void watcher_call(struct watcher *watcher) {
    watcher->is_called = true;
    if (watcher->task) task_wake(watcher->task);
}

/* ---- the store ---- */

/* False: it did not answer. The answer is in `arena`. */
static bool ask(struct task *t, struct watcher *watcher, struct arena *arena, uint32_t type,
                struct buffer *body, struct slice *answered) {
    struct env *env = watcher->watch->options.env;
    struct ipc_message message = {type, buffer_slice(body), HANDLE_NONE};
    struct ipc_answer answer;
    enum ipc_result result =
        channel_call(t, watcher->watch->options.store, &message, &answer, env_now_ms(env) + ASK_MS);
    if (body->ptr) explicit_bzero(body->ptr, body->len);
    buffer_free(body);
    if (result != IPC_OK) return false;
    *answered = arena_copy(arena, buffer_slice(&answer.body));
    if (answer.body.ptr) explicit_bzero(answer.body.ptr, answer.body.len);
    handle_close(env, answer.handle);
    ipc_answer_free(&answer);
    return true;
}

static bool ask_bool(struct task *t, struct watcher *watcher, struct arena *arena, uint32_t type,
                     struct buffer *body) {
    struct slice answered;
    if (!ask(t, watcher, arena, type, body, &answered)) return false;
    struct unpacker in = unpacker_of(answered);
    return unpack_bool(&in);
}

static void tell_token(struct task *t, struct watcher *watcher, struct arena *arena) {
    struct outside *outside = watcher->outside;
    if (outside->fresh_token.len == 0) return;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    pack_number(&body, watcher->id);
    pack_slice(&body, outside->fresh_provider);
    pack_slice(&body, outside->fresh_token);
    if (ask_bool(t, watcher, arena, OUTREACH_MAILBOX_TOKEN, &body)) outside->fresh_token = SLICE_EMPTY;
}

static bool ask_since(struct task *t, void *context, int64_t *since_ms) {
    struct watcher *watcher = context;
    struct arena *arena = arena_new(ROUND_BYTES);
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct slice answered = SLICE_EMPTY;
    pack_number(&body, watcher->id);
    bool good = ask(t, watcher, arena, OUTREACH_MAILBOX_SINCE, &body, &answered) && answered.len;
    struct unpacker in = unpacker_of(answered);
    if (good) *since_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    good = good && unpack_is_done(&in);
    arena_free(&arena);
    return good;
}

static void keep_token(struct task *t, void *context) {
    struct arena *arena = arena_new(ROUND_BYTES);
    tell_token(t, context, arena);
    arena_free(&arena);
}

static bool ask_brief(struct task *t, struct watcher *watcher) {
    struct arena *arena = arena_new(ROUND_BYTES);
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct slice answered;
    struct mailbox_brief brief;
    pack_number(&body, watcher->id);
    bool good = ask(t, watcher, arena, OUTREACH_MAILBOX_BRIEF, &body, &answered) && answered.len &&
                mailbox_brief_unpack(answered, arena, &brief);
    if (good)
        watcher->outside = outside_new(&watcher->watch->world, &brief.sender, &brief.smtp_provider,
                                       &brief.imap_provider, brief.folders, brief.folder_count);
    arena_free(&arena);
    if (!good) return false;
    watcher->outside->keep_token = keep_token;
    watcher->outside->open_since = ask_since;
    watcher->outside->context = watcher;
    return true;
}

/* Where nothing has moved the store is left alone. */
static void tell_folders(struct task *t, struct watcher *watcher, struct arena *arena) {
    if (!watcher->outside->has_moved) return;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    pack_number(&body, watcher->id);
    mailbox_folders_pack(&body, watcher->outside->folders, watcher->outside->folder_count);
    if (ask_bool(t, watcher, arena, OUTREACH_MAILBOX_LOOKED, &body)) watcher->outside->has_moved = false;
}

/* A change, or what the store has not heard yet. */
static void tell_health(struct task *t, struct watcher *watcher, struct arena *arena,
                        const struct outside_trouble *trouble) {
    bool is_known = watcher->is_told && watcher->told == trouble->cause;
    struct log *log = watcher->watch->options.env->log;
    if (is_known || trouble->cause == SENDER_CAUSE_CANCELLED) return;
    struct sender_health health = {.sender = watcher->id,
                                   .state = cause_is_red(trouble->cause) ? SENDER_RED : SENDER_GREEN,
                                   .cause = trouble->cause,
                                   .detail = slice_sub(trouble->detail, 0, SENDER_DETAIL_BYTES_MAX)};
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    mailbox_health_pack(&body, &health);
    /* A store that dies may have kept it and not said so, or said nothing and not kept it: then what it
       believes is not known any more, and the next state is told whatever it is. */
    watcher->is_told = ask_bool(t, watcher, arena, OUTREACH_MAILBOX_HEALTH, &body);
    if (!watcher->is_told) return;
    watcher->told = trouble->cause;
    LOG_INFO(log, "outreach.mailbox", LOG_TEXT("address", watcher->outside->sender.address),
             LOG_CSTR("state", sender_state_name(health.state)),
             LOG_CSTR("cause", sender_cause_name(health.cause)), LOG_TEXT("detail", health.detail));
}

struct taking {
    struct watcher *watcher;
    struct arena *arena;
};

/* By default news are the store's to take. */
static bool give_news(struct task *t, const struct taking *taking, const struct outside_news *news) {
    const struct watch_options *options = &taking->watcher->watch->options;
    if (options->take) return options->take(t, options->context, news);
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    mailbox_news_pack(&body, news);
    return ask_bool(t, taking->watcher, taking->arena, OUTREACH_MAILBOX_NEWS, &body);
}

static bool take_news(struct task *t, void *context, const struct outside_news *news) {
    bool is_taken = give_news(t, context, news);
    if (is_taken)
        LOG_INFO(task_env(t)->log, "outreach.news", LOG_ID("sender", news->sender),
                 LOG_TEXT("folder", news->folder), LOG_NUMBER("uid", news->uid));
    return is_taken;
}

/* ---- what somebody waits for ---- */

static void finish(struct watch_work *work, enum watch_result result) {
    list_remove(&work->link);
    work->result = result;
    work->is_done = true;
    task_wake(work->waiter);
}

static void add_copy(struct watcher *watcher, const struct outside_message *message) {
    struct watch_copy *copy = calloc(1, sizeof *copy);
    if (!copy) FATAL("out of memory for a copy");
    copy->message_id = buffer_new(message->message_id.len);
    copy->content = buffer_new(message->content.len);
    buffer_append(&copy->message_id, message->message_id);
    buffer_append(&copy->content, message->content);
    copy->message = (struct outside_message){.message_id = buffer_slice(&copy->message_id),
                                             .content = buffer_slice(&copy->content)};
    list_append(&watcher->copies, &copy->link);
}

/* ---- copies ---- */

static void free_copy(struct watch_copy *copy) {
    list_remove(&copy->link);
    buffer_free(&copy->message_id);
    buffer_free(&copy->content);
    free(copy);
}

/* "<id>" is "id" to the store. */
static struct slice bare(struct slice message_id) {
    bool has_brackets = message_id.len > 2 && message_id.ptr[0] == '<';
    return has_brackets ? slice_sub(message_id, 1, message_id.len - 2) : message_id;
}

/* False: the store does not know it yet, and would offer it again. */
static bool tell_copied(struct task *t, struct watcher *watcher, struct arena *arena, struct slice message_id,
                        const struct outside_trouble *trouble) {
    struct mailbox_copied copied = {bare(message_id), trouble->cause, trouble->detail};
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    mailbox_copied_pack(&body, &copied);
    return ask_bool(t, watcher, arena, OUTREACH_MAILBOX_COPIED, &body);
}

/* Whatever comes of it the store is told; false: nothing more is to be tried now. */
static bool keep_copy(struct task *t, struct watcher *watcher, struct arena *arena,
                      const struct outside_message *message) {
    struct outside_trouble trouble = {SENDER_CAUSE_NONE, SLICE_EMPTY};
    bool good = outside_keep_copy(t, watcher->outside, arena, message, &trouble);
    if (task_is_cancelled(t)) return false;
    if (good) trouble = (struct outside_trouble){SENDER_CAUSE_NONE, SLICE_EMPTY};
    if (!good)
        LOG_WARN(watcher->watch->options.env->log, "outreach.no_sent_copy",
                 LOG_TEXT("address", watcher->outside->sender.address),
                 LOG_TEXT("message_id", message->message_id),
                 LOG_CSTR("cause", sender_cause_name(trouble.cause)), LOG_TEXT("detail", trouble.detail));
    return tell_copied(t, watcher, arena, message->message_id, &trouble) && good;
}

/* False: the store has none, or does not answer. */
static bool ask_copy(struct task *t, struct watcher *watcher, struct arena *arena,
                     struct outside_message *message) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct slice answered;
    pack_number(&body, watcher->id);
    if (!ask(t, watcher, arena, OUTREACH_MAILBOX_COPY, &body, &answered) || answered.len == 0) return false;
    struct unpacker in = unpacker_of(answered);
    struct slice message_id = unpack_slice(&in);
    *message = (struct outside_message){.content = unpack_slice(&in)};
    message->message_id = arena_printf(arena, "<%.*s>", SLICE_PRINT(message_id));
    return unpack_is_done(&in);
}

/* Those that this watcher sent, then (`is_check`) what the store remembers: of a role that died, or that
   could not be put there before. One that cannot be kept is told of, and keeps nobody from sending. */
static void keep_copies(struct task *t, struct watcher *watcher, struct arena *arena, bool is_check) {
    struct outside_message message;
    LIST_EACH(&watcher->copies, copy, struct watch_copy, link) {
        (void)keep_copy(t, watcher, arena, &copy->message);
        if (task_is_cancelled(t)) return;
        free_copy(copy);
    }
    for (int i = 0; is_check && i < OUTREACH_COPIES_AT_ONCE; i++)
        if (!ask_copy(t, watcher, arena, &message) || !keep_copy(t, watcher, arena, &message)) return;
}

void watcher_drop(struct watcher *watcher) {
    LIST_EACH(&watcher->works, work, struct watch_work, link) finish(work, WATCH_UNKNOWN);
    LIST_EACH(&watcher->copies, copy, struct watch_copy, link) free_copy(copy);
}

/* ---- looking, and what is done behind it ---- */

typedef bool look_fn(struct task *t, struct outside *outside, struct arena *arena, outside_news_fn *take,
                     void *context, struct outside_trouble *trouble);

static bool look(struct task *t, struct watcher *watcher, struct arena *arena, look_fn *how,
                 struct outside_trouble *trouble) {
    struct taking taking = {watcher, arena};
    bool good = how(t, watcher->outside, arena, take_news, &taking, trouble);
    if (good) *trouble = (struct outside_trouble){SENDER_CAUSE_NONE, SLICE_EMPTY};
    /* Before anybody hears of it: what was taken is not taken again. */
    tell_folders(t, watcher, arena);
    return good;
}

/* The way out was open just now: it need not be asked for again soon. */
static void way_out_is_open(struct watcher *watcher) {
    watcher->way_out_at_ms = now_ms(watcher) + watcher->watch->check_ms * OUTREACH_CHECKS_PER_WAY_OUT;
}

/* Neither running nor paused. */
static bool has_no_campaign(struct task *t, struct watcher *watcher) {
    int64_t since_ms = 0;
    return ask_since(t, watcher, &since_ms) && since_ms == 0;
}

/* With each check while anything is wrong, or nobody knows yet, or a campaign is to be told soon that it
   cannot go on; else seldom: it costs the provider a transaction that comes to nothing. */
static bool check_way_out(struct task *t, struct watcher *watcher, struct arena *arena,
                          struct outside_trouble *trouble) {
    bool is_well = watcher->is_told && watcher->told == SENDER_CAUSE_NONE;
    if (is_well && now_ms(watcher) < watcher->way_out_at_ms && has_no_campaign(t, watcher)) return true;
    if (!outside_check_smtp(t, watcher->outside, arena, trouble)) return false;
    way_out_is_open(watcher);
    return true;
}

/* A message that is about to leave. */
struct leaving {
    struct watcher *watcher;
    struct watch_work *work;
    bool is_looked_at;
    struct outside_trouble trouble;
};

/* The server waits for the message: now all folders are looked at, so that whatever came until now counts,
   and then the word is asked. */
static bool may_leave(struct task *t, void *context) {
    struct leaving *leaving = context;
    const struct outside_message *message = leaving->work->message;
    struct watcher *watcher = leaving->watcher;
    leaving->is_looked_at = IS_PLANTED(watcher->watch->options.env, PLANTED_LOOK_LEFT_OUT) ||
                            look(t, watcher, leaving->work->arena, outside_look_freshly, &leaving->trouble);
    return leaving->is_looked_at && (!message->may_leave || message->may_leave(t, message->context));
}

/* A no to one recipient may be one to everybody: then it is the mailbox's trouble, and costs no prospect a
   try. */
static void doubt_refusal(struct task *t, struct watcher *watcher, struct watch_work *work) {
    struct outside_sent *sent = work->sent;
    bool is_no = sent->outcome == OUTSIDE_REFUSED || sent->outcome == OUTSIDE_LATER;
    if (!is_no || sent->trouble.cause != SENDER_CAUSE_NONE || outside_is_gone(sent)) return;
    if (!outside_check_smtp(t, watcher->outside, work->arena, &sent->trouble)) sent->outcome = OUTSIDE_LATER;
}

/* False: the mailbox cannot be used, *trouble. */
static bool run_send(struct task *t, struct watcher *watcher, struct watch_work *work, struct arena *arena,
                     struct outside_trouble *trouble) {
    struct leaving leaving = {.watcher = watcher, .work = work};
    struct outside_message message = *work->message;
    struct outside_sent *sent = work->sent;
    message.may_leave = may_leave;
    message.context = &leaving;
    *sent = outside_send(t, watcher->outside, work->arena, &message);
    if (sent->outcome == OUTSIDE_HELD && !leaving.is_looked_at)
        *sent = (struct outside_sent){.outcome = OUTSIDE_LATER, .trouble = leaving.trouble};
    if (sent->outcome == OUTSIDE_SENT) way_out_is_open(watcher);
    doubt_refusal(t, watcher, work);
    if (sent->outcome == OUTSIDE_SENT && watcher->outside->sender.copies != SENDER_COPIES_PROVIDER)
        add_copy(watcher, work->message);
    bool good = sent->trouble.cause == SENDER_CAUSE_NONE;
    if (!good)
        *trouble = (struct outside_trouble){sent->trouble.cause, arena_copy(arena, sent->trouble.detail)};
    finish(work, sent->outcome == OUTSIDE_CANCELLED ? WATCH_CANCELLED : WATCH_OK);
    return good;
}

static void run_find(struct task *t, struct watcher *watcher, struct watch_work *work) {
    *work->found = outside_find(t, watcher->outside, work->arena, work->message_id, work->trouble);
    finish(work, *work->found == OUTSIDE_FIND_FAILED ? WATCH_TROUBLE : WATCH_OK);
}

/* False: the way out is shut, *trouble. */
static bool run_works(struct task *t, struct watcher *watcher, struct arena *arena,
                      struct outside_trouble *trouble) {
    bool good = true;
    while (!task_is_cancelled(t) && !list_empty(&watcher->works)) {
        struct watch_work *work = LIST_FIRST(&watcher->works, struct watch_work, link);
        work->is_taken = true;
        if (work->kind == WATCH_SEND)
            good = run_send(t, watcher, work, arena, trouble) && good;
        else
            run_find(t, watcher, work);
    }
    return good;
}

static bool round_of(struct task *t, struct watcher *watcher, struct arena *arena,
                     struct outside_trouble *trouble) {
    bool is_check = now_ms(watcher) >= watcher->check_at_ms;
    *trouble = (struct outside_trouble){SENDER_CAUSE_NONE, SLICE_EMPTY};
    if (is_check) outside_disconnect_imap(t, watcher->outside);
    bool good = look(t, watcher, arena, outside_look, trouble);
    /* The way out is still open: told before a message needs it. */
    if (good && is_check) good = check_way_out(t, watcher, arena, trouble);
    if (is_check) watcher->check_at_ms = now_ms(watcher) + watcher->watch->check_ms;
    struct outside_trouble shut = {SENDER_CAUSE_NONE, SLICE_EMPTY};
    bool is_shut = !run_works(t, watcher, arena, &shut);
    if (good) keep_copies(t, watcher, arena, is_check);
    if (!good) return false;
    *trouble = shut;
    /* Who asks too much is not to be asked again soon. */
    if (is_shut) watcher->pause_ms = watcher->watch->check_ms;
    return !is_shut;
}

/* ---- between rounds ---- */

static void wait_for_call(struct task *t, struct watcher *watcher, int64_t until_ms) {
    watcher->task = t;
    while (!watcher->is_called && now_ms(watcher) < until_ms)
        if (task_wait(t, until_ms) != WAIT_OK) break;
    watcher->task = NULL;
}

/* IDLE at INBOX; the others are looked at when the time is over. */
static void wait_for_news(struct task *t, struct watcher *watcher, struct arena *arena) {
    struct imap_client *imap = watcher->outside->imap;
    struct imap_client_status status;
    bool is_news;
    int64_t until_ms = now_ms(watcher) + watcher->watch->poll_ms;
    if (watcher->check_at_ms < until_ms) until_ms = watcher->check_at_ms;
    struct imap_client_outcome outcome = imap_client_select(t, imap, arena, SLICE("INBOX"), false, &status);
    watcher->task = t;
    if (outcome.result == IMAP_CLIENT_OK)
        outcome = imap_client_idle(t, imap, arena, until_ms, &watcher->is_called, &is_news);
    watcher->task = NULL;
    /* It is connected anew in the next round, and not at once again and again. */
    if (outcome.result != IMAP_CLIENT_OK) wait_for_call(t, watcher, now_ms(watcher) + SENDER_AGAIN_MS / 5);
}

static void wait_to_try_again(struct task *t, struct watcher *watcher) {
    int64_t pause_ms =
        watcher->pause_ms < watcher->watch->check_ms ? watcher->pause_ms : watcher->watch->check_ms;
    wait_for_call(t, watcher, now_ms(watcher) + pause_ms);
    watcher->pause_ms = pause_ms * 2 < OUTREACH_AGAIN_MS_MAX ? pause_ms * 2 : OUTREACH_AGAIN_MS_MAX;
    /* Logging in is what has to be seen. */
    watcher->check_at_ms = 0;
}

static void turn(struct task *t, struct watcher *watcher) {
    struct arena *arena = arena_new(ROUND_BYTES);
    struct outside_trouble trouble;
    watcher->is_called = false;
    bool good = round_of(t, watcher, arena, &trouble);
    if (!task_is_cancelled(t)) {
        tell_token(t, watcher, arena);
        /* News that are not taken are the taker's trouble, not the mailbox's. */
        tell_health(t, watcher, arena, &trouble);
    }
    if (good && watcher->outside->imap) {
        watcher->pause_ms = SENDER_AGAIN_MS;
        wait_for_news(t, watcher, arena);
    } else {
        wait_to_try_again(t, watcher);
    }
    /* Somebody else may have got a newer token meanwhile: the store has it. */
    if (trouble.cause == SENDER_CAUSE_TOKEN_EXPIRED) outside_free(t, &watcher->outside);
    arena_free(&arena);
}

void watcher_main(struct task *t, void *argument) {
    struct watcher *watcher = argument;
    while (!task_is_cancelled(t)) {
        if (watcher->outside || ask_brief(t, watcher))
            turn(t, watcher);
        else if (task_sleep(t, SENDER_AGAIN_MS) != WAIT_OK)
            break;
    }
    outside_free(t, &watcher->outside);
}
