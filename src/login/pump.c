#include "login/pump.h"

#include <stdlib.h>

#include "base/limits.h"

/* One direction. */
struct flow {
    struct pump *pump;
    struct stream *from;
    struct stream *to;
    struct buffer bytes;
    /* Nothing more will come. */
    bool at_end;
    /* And that was told to the other side. */
    bool is_done;
};

struct pump {
    struct list link;
    struct pump_group *group;
    struct stream *client;
    struct stream *local;
    struct flow up;
    struct flow down;
    struct work go_on;
    /* When the client has to have moved. */
    struct timer limit;
    bool is_broken;
};

/* How far a flow came. */
enum flow_state { FLOW_WAITS, FLOW_GOES_ON };

static void wake(void *context) {
    struct pump *pump = context;
    work_post(pump->group->env, &pump->go_on);
}

static void limit_in(struct pump *pump, int64_t ms) {
    struct env *env = pump->group->env;
    timer_arm(&env->timers, &pump->limit, env_now_ms(env) + ms);
}

static void pump_end(struct pump *pump) {
    struct env *env = pump->group->env;
    work_cancel(&pump->go_on);
    timer_disarm(&env->timers, &pump->limit);
    list_remove(&pump->link);
    pump->group->count--;
    stream_unwatch(pump->client);
    stream_unwatch(pump->local);
    stream_close(&pump->client);
    stream_close(&pump->local);
    buffer_free(&pump->up.bytes);
    buffer_free(&pump->down.bytes);
    free(pump);
}

static void limit_passed(struct timer *timer) { pump_end(CONTAINER_OF(timer, struct pump, limit)); }

static enum flow_state flow_write(struct flow *flow) {
    struct pump *pump = flow->pump;
    ssize_t put = flow->to->ops->write(flow->to, buffer_slice(&flow->bytes));
    if (put > 0) {
        buffer_consume(&flow->bytes, (size_t)put);
        if (flow == &pump->down) timer_disarm(&pump->group->env->timers, &pump->limit);
        return FLOW_GOES_ON;
    }
    if (put < 0 && put != -EAGAIN) {
        pump->is_broken = true;
        return FLOW_WAITS;
    }
    if (flow == &pump->down && !timer_is_armed(&pump->limit)) limit_in(pump, PUMP_STALL_MS_MAX);
    stream_watch_writable(flow->to, (struct waker){wake, pump});
    return FLOW_WAITS;
}

static enum flow_state flow_read(struct flow *flow) {
    uint8_t *room = buffer_reserve(&flow->bytes, PUMP_CHUNK_BYTES);
    ASSERT(room);
    ssize_t got = flow->from->ops->read(flow->from, room, PUMP_CHUNK_BYTES);
    if (got > 0) {
        buffer_grew(&flow->bytes, (size_t)got);
        return FLOW_GOES_ON;
    }
    buffer_free(&flow->bytes);
    if (got == -EAGAIN) {
        stream_watch_readable(flow->from, (struct waker){wake, flow->pump});
        return FLOW_WAITS;
    }
    /* A broken connection is an end as well: what came before it is still delivered. */
    flow->at_end = true;
    return FLOW_GOES_ON;
}

static enum flow_state flow_finish(struct flow *flow) {
    flow->is_done = true;
    flow->to->ops->shutdown(flow->to);
    if (flow == &flow->pump->down) limit_in(flow->pump, PUMP_LINGER_MS);
    return FLOW_WAITS;
}

static enum flow_state flow_step(struct flow *flow) {
    if (flow->is_done) return FLOW_WAITS;
    if (flow->bytes.len) return flow_write(flow);
    return flow->at_end ? flow_finish(flow) : flow_read(flow);
}

/* True when it has more to do now, and others should have their turn first. */
static bool flow_run(struct flow *flow) {
    for (int i = 0; i < 2 * PUMP_CHUNKS_A_TURN; i++)
        if (flow_step(flow) == FLOW_WAITS) return false;
    return true;
}

static void pump_run(struct work *work) {
    struct pump *pump = CONTAINER_OF(work, struct pump, go_on);
    bool has_more = flow_run(&pump->down);
    has_more |= flow_run(&pump->up);
    if (pump->is_broken || (pump->up.is_done && pump->down.is_done))
        pump_end(pump);
    else if (has_more)
        work_post_later(pump->group->env, &pump->go_on);
}

void pump_group_init(struct pump_group *group, struct env *env) {
    *group = (struct pump_group){.env = env};
    list_init(&group->pumps);
}

void pump_group_close(struct pump_group *group) {
    while (!list_empty(&group->pumps)) pump_end(LIST_FIRST(&group->pumps, struct pump, link));
}

void pump_start(struct pump_group *group, struct stream *client, struct stream *local) {
    struct pump *pump = calloc(1, sizeof *pump);
    if (!pump) FATAL("out of memory for a connection");
    *pump = (struct pump){.group = group, .client = client, .local = local};
    struct buffer chunk = buffer_new(PUMP_CHUNK_BYTES);
    pump->up = (struct flow){.pump = pump, .from = client, .to = local, .bytes = chunk};
    pump->down = (struct flow){.pump = pump, .from = local, .to = client, .bytes = chunk};
    work_init(&pump->go_on, pump_run);
    timer_init(&pump->limit, limit_passed);
    list_append(&group->pumps, &pump->link);
    group->count++;
    wake(pump);
}
