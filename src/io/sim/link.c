/*
 * Bytes on their way. What is written is cut into segments that arrive in order, each later than
 * the one before by what the seed says; connections overtake each other freely. A window bounds
 * what is sent and not read. As with TCP, closing with input unread breaks the connection, and
 * what was on its way to the other side may then be lost.
 */
#include "io/sim/link.h"

#include <stdlib.h>

enum { SINGLE_BYTES_MAX = 12, PIECES_MAX = 4, LOCAL_FASTER = 50, BUFFER_BYTES_MAX = 1 << 28 };

struct segment {
    struct list link;
    int64_t at_us;
    size_t len;
    bool is_end;
};

struct gift {
    struct list link;
    uint64_t at_byte;
    struct sim_object *object;
};

static void side_released(struct sim_object *object);
static void segments_arrive(struct sim_event *event);
static void side_breaks(struct sim_event *event);

static void side_init(struct sim_side *side, struct sim_link *link, struct sim_machine *machine) {
    side->link = link;
    side->machine = machine;
    side->is_closed = true;
    side->bytes = buffer_new(BUFFER_BYTES_MAX);
    list_init(&side->segments);
    list_init(&side->gifts);
    list_init(&side->in_backlog);
    sim_event_init(&side->arrival, segments_arrive);
    sim_event_init(&side->reset, side_breaks);
}

struct sim_link *sim_link_new(struct sim_machine *from, struct sim_machine *to, bool is_local) {
    struct sim_link *link = sim_alloc(sizeof *link);
    link->world = from->world;
    link->is_local = is_local;
    list_append(&link->world->links, &link->in_world);
    side_init(&link->sides[0], link, from);
    side_init(&link->sides[1], link, to);
    return link;
}

void sim_side_open(struct sim_side *side) {
    sim_object_init(&side->object, side_released);
    side->is_closed = false;
}

struct sim_side *sim_side_of(struct sim_descriptor *descriptor) {
    if (!descriptor->object) return NULL;
    ASSERT(descriptor->object->released == side_released);
    return CONTAINER_OF(descriptor->object, struct sim_side, object);
}

bool sim_handle_is_stream(struct env *env, struct handle handle) {
    (void)env;
    const struct sim_object *object = handle.object ? sim_descriptor_of(handle)->object : NULL;
    return object && object->released == side_released;
}

int64_t sim_link_latency_us(struct sim_link *link) {
    const struct sim_network *network = &link->world->network;
    int64_t latency_us = sim_random_between(link->world, network->latency_us_min, network->latency_us_max);
    return link->sides[0].machine == link->sides[1].machine ? latency_us / LOCAL_FASTER : latency_us;
}

static void segments_drop(struct sim_side *side) {
    LIST_EACH(&side->segments, segment, struct segment, link) {
        list_remove(&segment->link);
        free(segment);
    }
    sim_event_cancel(side->link->world, &side->arrival);
    buffer_truncate(&side->bytes, side->arrived);
}

static void gifts_drop(struct sim_side *side) {
    while (!list_empty(&side->gifts)) {
        struct gift *gift = LIST_FIRST(&side->gifts, struct gift, link);
        list_remove(&gift->link);
        sim_object_release(gift->object);
        free(gift);
    }
}

static void side_empty(struct sim_side *side) {
    side->arrived = 0;
    segments_drop(side);
    buffer_free(&side->bytes);
    sim_event_cancel(side->link->world, &side->reset);
    gifts_drop(side);
}

void sim_link_free(struct sim_link *link) {
    list_remove(&link->in_world);
    sim_event_cancel(link->world, &link->progress);
    side_empty(&link->sides[0]);
    side_empty(&link->sides[1]);
    free(link);
}

void sim_links_free(struct sim_world *world) {
    while (!list_empty(&world->links)) sim_link_free(LIST_FIRST(&world->links, struct sim_link, in_world));
}

static void arrival_set(struct sim_side *side) {
    if (list_empty(&side->segments) || sim_event_is_set(&side->arrival)) return;
    int64_t at_us = LIST_FIRST(&side->segments, struct segment, link)->at_us;
    int64_t delay_us = at_us - side->link->world->now_us;
    sim_event_set(side->link->world, &side->arrival, delay_us > 0 ? delay_us : 0);
}

static void segment_add(struct sim_side *to, size_t len, bool is_end, int64_t delay_us) {
    int64_t at_us = to->link->world->now_us + delay_us;
    if (at_us < to->last_arrival_us) at_us = to->last_arrival_us;
    struct segment *segment = sim_alloc(sizeof *segment);
    *segment = (struct segment){.at_us = at_us, .len = len, .is_end = is_end};
    to->last_arrival_us = at_us;
    list_append(&to->segments, &segment->link);
    arrival_set(to);
}

static bool is_parted(struct sim_link *link) {
    return sim_machines_are_parted(link->sides[0].machine, link->sides[1].machine);
}

/* RFC 9293 3.10.7.1: what comes to a closed connection is answered with a reset. */
static void refuse_segments(struct sim_side *side) {
    segments_drop(side);
    buffer_clear(&side->bytes);
    sim_side_break(sim_other_side(side), sim_link_latency_us(side->link));
}

static void segments_arrive(struct sim_event *event) {
    struct sim_side *side = CONTAINER_OF(event, struct sim_side, arrival);
    struct sim_world *world = side->link->world;
    if (is_parted(side->link)) {
        sim_event_set(world, event, sim_random_between(world, 50000, 200000));
        return;
    }
    while (!list_empty(&side->segments)) {
        struct segment *segment = LIST_FIRST(&side->segments, struct segment, link);
        if (segment->at_us > world->now_us) break;
        side->arrived += segment->len;
        side->saw_end |= segment->is_end;
        list_remove(&segment->link);
        free(segment);
    }
    arrival_set(side);
    if (side->is_closed && side->arrived) {
        side->arrived = 0;
        refuse_segments(side);
    }
    sim_side_changed(side, 0);
}

/* Cuts what was taken into pieces that may arrive apart. */
static void segments_add(struct sim_side *to, size_t len) {
    struct sim_world *world = to->link->world;
    int64_t latency_us = sim_link_latency_us(to->link);
    if (sim_world_chance(world, world->network.split_chance)) {
        bool is_fine = sim_world_random(world, 3) == 0;
        uint64_t pieces = 1 + sim_world_random(world, is_fine ? SINGLE_BYTES_MAX : PIECES_MAX);
        for (; pieces && len > 1; pieces--) {
            size_t piece = is_fine ? 1 : 1 + (size_t)sim_world_random(world, len - 1);
            segment_add(to, piece, false, latency_us);
            latency_us += sim_random_between(world, 0, latency_us / 2);
            len -= piece;
        }
    }
    segment_add(to, len, false, latency_us);
}

static void gift_add(struct sim_side *to, uint64_t at_byte, struct sim_object *object) {
    struct gift *gift = sim_alloc(sizeof *gift);
    *gift = (struct gift){.at_byte = at_byte, .object = object};
    object->references++;
    list_append(&to->gifts, &gift->link);
}

static size_t room_to(struct sim_side *to) {
    size_t window = to->link->world->network.window_bytes;
    return to->bytes.len < window ? window - to->bytes.len : 0;
}

/* The accepting side may send before the other one has heard that it may. */
static bool is_connecting(const struct sim_side *side) {
    const struct sim_link *link = side->link;
    return link->state == LINK_ASKED || (link->state == LINK_ANSWERED && side == &link->sides[0]);
}

/* The other side is gone, though this one may not know it yet. */
static ssize_t send_into_void(struct sim_side *side, size_t len) {
    if (side->link->is_local) return -EPIPE;
    if (!sim_event_is_set(&side->reset)) sim_side_break(side, sim_link_latency_us(side->link) * 2);
    return (ssize_t)len;
}

ssize_t sim_side_send(struct sim_side *side, struct slice bytes, struct sim_object *object) {
    struct sim_world *world = side->link->world;
    struct sim_side *to = sim_other_side(side);
    if (side->error || side->sent_end) return -EPIPE;
    if (is_connecting(side)) return -EAGAIN;
    if (to->is_closed) return send_into_void(side, bytes.len);
    size_t room = room_to(to);
    if (room == 0) return -EAGAIN;
    size_t len = bytes.len < room ? bytes.len : room;
    if (sim_world_chance(world, world->network.short_write_chance))
        len = 1 + (size_t)sim_world_random(world, len);
    if (object) gift_add(to, side->sent_bytes, object);
    side->sent_bytes += len;
    buffer_append(&to->bytes, slice_sub(bytes, 0, len));
    segments_add(to, len);
    sim_note(world, TRACE_SEND, len, sim_hash(slice_sub(bytes, 0, len)));
    if (side->machine != to->machine && sim_world_chance(world, world->network.cut_chance)) {
        sim_side_break(side, sim_link_latency_us(side->link));
        sim_side_break(to, sim_link_latency_us(side->link));
        if (world->on_loss) world->on_loss(world->on_loss_context, side->machine, to->machine);
    }
    return (ssize_t)len;
}

ssize_t sim_side_receive(struct sim_side *side, void *bytes, size_t len) {
    if (side->arrived == 0) {
        if (side->error) return side->error;
        return side->saw_end ? 0 : -EAGAIN;
    }
    if (len > side->arrived) len = side->arrived;
    bool was_full = room_to(side) == 0;
    memcpy(bytes, side->bytes.ptr, len);
    buffer_consume(&side->bytes, len);
    side->arrived -= len;
    side->read_bytes += len;
    sim_note(side->link->world, TRACE_RECEIVE, len, side->read_bytes);
    if (was_full) sim_side_changed(sim_other_side(side), sim_link_latency_us(side->link));
    return (ssize_t)len;
}

struct sim_object *sim_side_take_gift(struct sim_side *side) {
    if (list_empty(&side->gifts)) return NULL;
    struct gift *gift = LIST_FIRST(&side->gifts, struct gift, link);
    if (gift->at_byte >= side->read_bytes) return NULL;
    struct sim_object *object = gift->object;
    list_remove(&gift->link);
    free(gift);
    return object;
}

void sim_side_end(struct sim_side *side) {
    if (side->sent_end || side->error || side->link->state == LINK_ASKED) return;
    side->sent_end = true;
    struct sim_side *to = sim_other_side(side);
    if (!to->is_closed) segment_add(to, 0, true, sim_link_latency_us(side->link));
}

static void side_breaks(struct sim_event *event) {
    struct sim_side *side = CONTAINER_OF(event, struct sim_side, reset);
    if (!side->error) side->error = -ECONNRESET;
    sim_note(side->link->world, TRACE_RESET, side->arrived, side->bytes.len);
    segments_drop(side);
    sim_side_changed(side, 0);
}

void sim_side_break(struct sim_side *side, int64_t delay_us) {
    if (side->is_closed || side->error) return;
    if (delay_us == 0) {
        side_breaks(&side->reset);
        return;
    }
    if (!sim_event_is_set(&side->reset)) sim_event_set(side->link->world, &side->reset, delay_us);
}

/* The other side hears of the end: in good order, or with a reset if it sent what nobody read. */
static void say_farewell(struct sim_side *side) {
    struct sim_link *link = side->link;
    struct sim_side *other = sim_other_side(side);
    int64_t latency_us = sim_link_latency_us(link);
    bool is_unread = side->arrived > 0;
    uint32_t reset_chance = link->world->network.unread_reset_chance;
    if (is_unread && !link->is_local && !side->error && sim_world_chance(link->world, reset_chance)) {
        sim_side_break(other, latency_us);
        return;
    }
    sim_side_end(side);
    int64_t until_last_us =
        other->last_arrival_us > link->world->now_us ? other->last_arrival_us - link->world->now_us : 0;
    if (side->bytes.len && !side->error) sim_side_break(other, until_last_us + 1 + 2 * latency_us);
}

static void side_released(struct sim_object *object) {
    struct sim_side *side = CONTAINER_OF(object, struct sim_side, object);
    say_farewell(side);
    side->is_closed = true;
    side->stream = NULL;
    side_empty(side);
    if (sim_other_side(side)->is_closed && side->link->state != LINK_ASKED) sim_link_free(side->link);
}

bool sim_side_is_readable(const struct sim_side *side) {
    return side->arrived > 0 || side->saw_end || side->error;
}

bool sim_side_is_writable(struct sim_side *side) {
    if (side->error || side->sent_end) return true;
    if (is_connecting(side)) return false;
    struct sim_side *to = sim_other_side(side);
    return to->is_closed || room_to(to) > 0;
}

static void link_break(struct sim_link *link, struct sim_machine *machine) {
    for (size_t i = 0; i < 2; i++) {
        struct sim_side *side = &link->sides[i];
        sim_side_break(side, side->machine == machine ? 0 : 1 + sim_link_latency_us(link));
        /* What the machine still had to send never leaves it. */
        if (side->machine != machine) segments_drop(side);
    }
}

void sim_links_break(struct sim_machine *machine, bool is_all) {
    LIST_EACH(&machine->world->links, link, struct sim_link, in_world) {
        struct sim_machine *a = link->sides[0].machine;
        struct sim_machine *b = link->sides[1].machine;
        if (a != machine && b != machine) continue;
        if (is_all || a != b) link_break(link, machine);
    }
}

void sim_network_on_loss(struct sim_world *world,
                         void (*lost)(void *context, const struct sim_machine *a,
                                      const struct sim_machine *b),
                         void *context) {
    world->on_loss = lost;
    world->on_loss_context = context;
}

void sim_network_cut(struct sim_machine *machine) { sim_links_break(machine, false); }
