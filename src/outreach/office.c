#include "outreach/office.h"

#include <stdlib.h>

#include "outreach/office_state.h"

enum { ROUND_BYTES = 64 << 20, LOOK_BYTES = 4 << 20, QUESTION_BYTES = 64 << 20 };

/* ---- desks ---- */

static struct desk *desk_of(struct outreach_office *office, uint64_t sender) {
    LIST_EACH(&office->desks, desk, struct desk, link)
    if (desk->sender == sender) return desk;
    struct desk *made = calloc(1, sizeof *made);
    if (!made) FATAL("out of memory for outreach");
    made->office = office;
    made->sender = sender;
    list_append(&office->desks, &made->link);
    return made;
}

/* What stands in the way is told once, on every campaign that it holds. */
static bool is_usable(struct task *t, struct desk_round *round) {
    struct engine *engine = round->office->options.engine;
    enum store_result result = engine_sender_read(engine, round->arena, round->desk->sender, &round->sender);
    if (result != STORE_OK && result != STORE_NOT_FOUND) return false;
    if (result == STORE_OK && engine_outreach_sender_is_good(engine, round->desk->sender)) return true;
    struct slice reason = SLICE("the sender mailbox is not there any more");
    if (result == STORE_OK && round->sender.account == 0)
        reason = arena_printf(round->arena, "the sender mailbox is %s (%s): %.*s",
                              sender_state_name(round->sender.state), sender_cause_name(round->sender.cause),
                              SLICE_PRINT(slice_sub(round->sender.detail, 0, OUTREACH_DETAIL_BYTES_MAX / 2)));
    (void)engine_outreach_halt(t, engine, round->desk->sender, reason);
    return false;
}

/* A letter is on its way: nobody is written to until it left, so nobody is looked for. */
static bool is_waiting(struct desk_round *round) {
    struct desk *desk = round->desk;
    desk->awaits_change = engine_outreach_is_in_flight(round->office->options.engine, desk->sender);
    return desk->awaits_change;
}

static void work(struct task *t, struct desk_round *round) {
    round->now_ms = env_wall_ms(round->office->options.env);
    round->desk->next_ms = round->now_ms + OUTREACH_LOOK_MS;
    round->desk->awaits_change = round->desk->awaits_follow_up = false;
    if (!is_usable(t, round) || !office_resolve(t, round) || is_waiting(round)) return;
    if (office_choose(t, round)) office_send(t, round);
}

static void desk_main(struct task *t, void *argument) {
    struct desk *desk = argument;
    struct desk_round *round = calloc(1, sizeof *round);
    if (!round) FATAL("out of memory for outreach");
    *round = (struct desk_round){.office = desk->office, .desk = desk, .arena = arena_new(ROUND_BYTES)};
    work(t, round);
    arena_free(&round->arena);
    free(round);
    desk->is_busy = false;
    desk->is_stale = true;
    gate_open(&desk->office->changed);
}

/* ---- the round of all desks ---- */

/* When to look again was said by another clock. */
static bool is_set_back(const struct outreach_office *office, int64_t now_ms) {
    return office->survey_ms > now_ms + OUTREACH_IDLE_MS;
}

/* Costs as much as there are senders: when somebody changed something, and now and then. */
static void survey(struct outreach_office *office, int64_t now_ms) {
    struct arena *arena = arena_new(LOOK_BYTES);
    struct outreach_sender_due *senders = NULL;
    size_t count = 0;
    if (engine_outreach_senders(office->options.engine, arena, &senders, &count) == STORE_OK) {
        bool is_other_clock = is_set_back(office, now_ms);
        office->must_survey = false;
        office->survey_ms = now_ms + OUTREACH_IDLE_MS;
        LIST_EACH(&office->desks, desk, struct desk, link) {
            desk->due_ms = PROSPECT_NEVER;
            desk->is_stale = false;
            if (!is_other_clock) continue;
            desk->next_ms = 0;
            desk->turns = (struct turns){0};
        }
        for (size_t i = 0; i < count; i++) desk_of(office, senders[i].sender)->due_ms = senders[i].due_ms;
    }
    arena_free(&arena);
}

/* Begins work at the desk if something is due; else says when that is. */
static int64_t look_at(struct outreach_office *office, struct desk *desk, int64_t now_ms) {
    if (desk->is_busy) return PROSPECT_NEVER;
    if (desk->is_stale) desk->due_ms = engine_outreach_sender_due(office->options.engine, desk->sender);
    desk->is_stale = false;
    if (desk->due_ms == PROSPECT_NEVER) return PROSPECT_NEVER;
    int64_t due_ms = desk->due_ms > desk->next_ms ? desk->due_ms : desk->next_ms;
    if (due_ms > now_ms && !desk->must_look) return due_ms;
    desk->must_look = false;
    desk->is_busy = scope_spawn(&office->scope, desk_main, desk);
    return PROSPECT_NEVER;
}

/* Begins work where something is due; returns when to look again. Only desks that ended their work ask the
   store, so that a message costs the same however many senders there are. */
static int64_t look(struct outreach_office *office) {
    int64_t now_ms = env_wall_ms(office->options.env);
    bool is_old = now_ms >= office->survey_ms || is_set_back(office, now_ms);
    if (office->must_survey || is_old) survey(office, now_ms);
    int64_t next_ms = office->survey_ms > now_ms ? office->survey_ms : now_ms + OUTREACH_IDLE_MS;
    LIST_EACH(&office->desks, desk, struct desk, link) {
        int64_t due_ms = look_at(office, desk, now_ms);
        if (due_ms < next_ms) next_ms = due_ms;
    }
    return next_ms - now_ms;
}

static void office_main(struct task *t, void *argument) {
    struct outreach_office *office = argument;
    struct env *env = office->options.env;
    while (!task_is_cancelled(t)) {
        int64_t pause_ms = OUTREACH_IDLE_MS;
        bool is_ready = channel_is_attached(office->options.remote);
        if (is_ready && !office->is_restarted)
            office->is_restarted = engine_outreach_restart(t, office->options.engine) == STORE_OK;
        if (is_ready && office->is_restarted && engine_outreach_is_used(office->options.engine))
            pause_ms = look(office);
        if (!is_ready) pause_ms = OUTREACH_FLIGHT_LOOK_MS;
        if (gate_wait(t, &office->changed, env_now_ms(env) + (pause_ms > 0 ? pause_ms : 1)) == WAIT_CANCELLED)
            break;
    }
}

/* ---- its life ---- */

/* Who answered may be a sender's that has no desk yet; answers are seldom enough to look at all senders. */
static void changed(void *context, bool is_sooner) {
    struct outreach_office *office = context;
    LIST_EACH(&office->desks, desk, struct desk, link) {
        if (desk->awaits_change || (is_sooner && desk->awaits_follow_up)) desk->next_ms = 0;
        desk->is_stale |= desk->awaits_change;
    }
    office->must_survey |= is_sooner;
    gate_open(&office->changed);
}

struct outreach_office *outreach_office_new(const struct outreach_office_options *options) {
    struct outreach_office *office = calloc(1, sizeof *office);
    if (!office) FATAL("out of memory for outreach");
    office->options = *options;
    office->started_ms = env_wall_ms(options->env);
    gate_init(&office->changed);
    list_init(&office->desks);
    scope_init(&office->scope, options->env);
    engine_outreach_on_change(options->engine, changed, office);
    if (!scope_spawn(&office->scope, office_main, office)) FATAL("a new scope is closed");
    return office;
}

void outreach_office_free(struct task *t, struct outreach_office **office) {
    if (!*office) return;
    engine_outreach_on_change((*office)->options.engine, NULL, NULL);
    scope_close(t, &(*office)->scope);
    LIST_EACH(&(*office)->desks, desk, struct desk, link) free(desk);
    free(*office);
    *office = NULL;
}

/* Somebody changed something: what was thought of all desks may be wrong, but for gaps, which are asked of
   the store each time. */
void outreach_office_wake(struct outreach_office *office) {
    LIST_EACH(&office->desks, desk, struct desk, link) desk->next_ms = 0;
    office->must_survey = true;
    gate_open(&office->changed);
}

bool outreach_office_answer(struct task *t, struct outreach_office *office, struct ipc_request *request) {
    bool is_ours = request->message.type == OUTREACH_GO || request->message.type == OUTREACH_ANSWER;
    if (!is_ours) return false;
    struct arena *arena = arena_new(QUESTION_BYTES);
    bool is_done = request->message.type == OUTREACH_GO ? office_answer_go(t, office, request, arena)
                                                        : office_answer_news(t, office, request, arena);
    arena_free(&arena);
    return is_done;
}

void outreach_office_health(struct outreach_office *office, const struct sender_health *health) {
    desk_of(office, health->sender)->must_look = true;
    outreach_office_wake(office);
}
