/* What waits for a destination that cannot be reached grows old without an attempt of its own (RFC 5321
   4.5.4.1): here it is given up. */
#include "base/limits.h"
#include "transit/scheduler_state.h"

enum { EXPIRE_CLAIMS = 64, EXPIRE_ARENA_BYTES = 4 << 20 };

static bool is_in_hand(struct scheduler *scheduler, const struct queue_claim *claim) {
    const struct site *site = map_get_id(scheduler->sites, claim->destination);
    return site && site_has(site, claim->message);
}

static struct settled_recipient given_up(const struct outgoing_recipient *recipient) {
    return (struct settled_recipient){.number = recipient->number,
                                      .outcome = QUEUE_EXPIRED,
                                      .status = SLICE("4.4.7"),
                                      .reply = recipient->reply,
                                      .host = recipient->host};
}

/* False: it cannot be recorded now. */
static bool expire_opened(struct task *t, struct scheduler *scheduler, struct arena *arena,
                          uint64_t destination, const struct outgoing *outgoing) {
    struct settled_recipient *settled =
        ARENA_NEW_ARRAY(arena, struct settled_recipient, outgoing->recipient_count);
    for (size_t i = 0; i < outgoing->recipient_count; i++) settled[i] = given_up(&outgoing->recipients[i]);
    struct settlement settlement = {.message = outgoing->message,
                                    .destination = destination,
                                    .recipients = settled,
                                    .recipient_count = outgoing->recipient_count,
                                    .began_ms = env_wall_ms(scheduler->env)};
    bool is_left = false;
    enum store_result result = engine_queue_settle(t, scheduler->engine, &settlement, &is_left);
    if (result == STORE_OK)
        LOG_INFO(scheduler->env->log, "transit.expired", LOG_ID("id", outgoing->message),
                 LOG_NUMBER("recipients", outgoing->recipient_count));
    return result == STORE_OK || result == STORE_NOT_FOUND;
}

static bool expire_claim(struct task *t, struct scheduler *scheduler, const struct queue_claim *claim) {
    if (is_in_hand(scheduler, claim)) return true;
    struct arena *arena = arena_new(EXPIRE_ARENA_BYTES);
    struct outgoing outgoing;
    bool goes_on = true;
    while (goes_on && engine_queue_open(scheduler->engine, arena, claim->destination, claim->message,
                                        QUEUE_NEVER - 1, TRANSIT_RECIPIENTS_MAX, &outgoing) == STORE_OK) {
        goes_on = expire_opened(t, scheduler, arena, claim->destination, &outgoing);
        arena_reset(arena);
    }
    arena_free(&arena);
    return goes_on;
}

static void expire_all(struct task *t, struct scheduler *scheduler) {
    struct queue_claim claims[EXPIRE_CLAIMS];
    int64_t before_ms =
        env_wall_ms(scheduler->env) - scheduler->settings.lifetime_ms - TRANSIT_EXPIRE_SLACK_MS;
    uint64_t after = 0;
    size_t count = EXPIRE_CLAIMS;
    while (count == EXPIRE_CLAIMS && !task_is_cancelled(t)) {
        if (engine_queue_old(scheduler->engine, before_ms, after, claims, EXPIRE_CLAIMS, &count) != STORE_OK)
            return;
        for (size_t i = 0; i < count; i++) {
            if (!expire_claim(t, scheduler, &claims[i])) return;
            /* The rest of a message's destinations may be in the next batch. */
            if (i > 0 && claims[i].message != claims[i - 1].message) after = claims[i - 1].message;
        }
    }
}

void scheduler_expire(struct task *t, void *argument) {
    struct scheduler *scheduler = argument;
    while (task_sleep(t, TRANSIT_EXPIRE_LOOK_MS) == WAIT_OK) expire_all(t, scheduler);
}
