/*
 * A link is one connection: two sides, each with the bytes that flow towards it. A side is the
 * object that descriptors refer to. When the last one is gone the side is closed, and when both
 * are the link is freed.
 */
#ifndef IO_SIM_LINK_H
#define IO_SIM_LINK_H

#include "io/sim/world.h"
#include "io/stream.h"

struct sim_link;
struct sim_stream;

struct sim_side {
    struct sim_object object;
    struct sim_link *link;
    struct sim_machine *machine;
    /* Who is at the other side. */
    struct peer peer;
    /* The stream that waits for this side, or NULL. */
    struct sim_stream *stream;
    /* In a listening port's backlog. */
    struct list in_backlog;
    /* Not read yet; the first `arrived` of them are here, the rest is under way in segments. */
    struct buffer bytes;
    size_t arrived;
    struct list segments;
    struct sim_event arrival;
    int64_t last_arrival_us;
    /* Objects that come with bytes: counted from the start of the connection. */
    struct list gifts;
    uint64_t read_bytes;
    uint64_t sent_bytes;
    /* The other side's end has come; this side's end was sent. */
    bool saw_end;
    bool sent_end;
    bool is_closed;
    /* Broken: a negated errno. */
    int error;
    struct sim_event reset;
};

/* A connect is under way; the other machine has answered; the answer has arrived. */
enum link_state { LINK_ASKED, LINK_ANSWERED, LINK_OPEN };

struct sim_link {
    struct list in_world;
    struct sim_world *world;
    bool is_local;
    enum link_state state;
    uint16_t port;
    char address[48];
    /* What the connecting side will hear: 0, or a negated errno. */
    int answer;
    struct sim_event progress;
    struct sim_side sides[2];
};

static inline struct sim_side *sim_other_side(struct sim_side *side) {
    return &side->link->sides[side == &side->link->sides[0]];
}
/* The side that the descriptor refers to; NULL once its process is dead. */
struct sim_side *sim_side_of(struct sim_descriptor *descriptor);

/* A link between two machines whose second side is not there yet. */
struct sim_link *sim_link_new(struct sim_machine *from, struct sim_machine *to, bool is_local);
void sim_link_free(struct sim_link *link);
/* Brings a side to life, with one reference for the caller. */
void sim_side_open(struct sim_side *side);
/* One trip's delay from this side to the other. */
int64_t sim_link_latency_us(struct sim_link *link);
/* Takes some of the bytes, at least one, with an object for the first of them (or NULL), whose
   reference the caller keeps. Bytes taken, -EAGAIN, or an error. */
ssize_t sim_side_send(struct sim_side *side, struct slice bytes, struct sim_object *object);
/* Bytes read, 0 at the end, -EAGAIN or an error. */
ssize_t sim_side_receive(struct sim_side *side, void *bytes, size_t len);
/* An object whose byte was read, with its reference, or NULL. */
struct sim_object *sim_side_take_gift(struct sim_side *side);
void sim_side_end(struct sim_side *side);
/* Breaks the side (-ECONNRESET) in so much time. */
void sim_side_break(struct sim_side *side, int64_t delay_us);
bool sim_side_is_readable(const struct sim_side *side);
bool sim_side_is_writable(struct sim_side *side);

/* stream.c: something changed for whoever waits for the side. */
void sim_side_changed(struct sim_side *side, int64_t delay_us);

#endif
