/*
 * Who may have a password looked at, and when. A look costs the store a hash, and anybody may ask for one.
 * So only a few of one edge are under way at once and the rest waits here: users who are known at their
 * address (known.h) go first; among strangers it is the order they came in, but that an address, or a name,
 * with LOGIN_CHECKS_ALIKE_MAX under way lets others go before. Who waits too long is put off.
 */
#ifndef LOGIN_TURNS_H
#define LOGIN_TURNS_H

#include "io/task.h"

struct login_turns {
    struct env *env;
    struct list under_way;
    size_t under_way_count;
    struct list waiting;
    size_t waiting_count;
};

/* One attempt's place; lives in the caller, from login_turn_take to login_turn_give. */
struct login_turn {
    struct list link;
    struct task *task;
    /* The peer's, as the delays know it. */
    struct slice address;
    struct slice user;
    bool is_known;
    bool is_granted;
};

enum login_turn_result {
    LOGIN_TURN_OK,
    /* Too many wait, or it waited too long: later. */
    LOGIN_TURN_CROWD,
    LOGIN_TURN_CANCELLED,
};

void login_turns_init(struct login_turns *turns, struct env *env);
/* Waits for the turn, until `deadline_ms` at most. At LOGIN_TURN_OK it must be given back. */
NODISCARD enum login_turn_result login_turn_take(struct task *t, struct login_turns *turns,
                                                 struct login_turn *turn, int64_t deadline_ms);
void login_turn_give(struct login_turns *turns, struct login_turn *turn);

#endif
