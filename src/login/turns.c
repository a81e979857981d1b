#include "login/turns.h"

#include "base/limits.h"

void login_turns_init(struct login_turns *turns, struct env *env) {
    *turns = (struct login_turns){.env = env};
    list_init(&turns->under_way);
    list_init(&turns->waiting);
}

/* Enough from that address, or for that user, is under way. */
static bool is_one_of_many(struct login_turns *turns, const struct login_turn *asking) {
    int from_there = 0;
    int for_user = 0;
    LIST_EACH(&turns->under_way, turn, struct login_turn, link) {
        from_there += slice_equal(turn->address, asking->address);
        for_user += slice_equal_nocase(turn->user, asking->user);
    }
    return from_there >= LOGIN_CHECKS_ALIKE_MAX || for_user >= LOGIN_CHECKS_ALIKE_MAX;
}

static bool has_room(const struct login_turns *turns, bool is_known) {
    return turns->under_way_count < LOGIN_CHECKS_MAX + (is_known ? LOGIN_CHECKS_KNOWN_MAX : 0);
}

/* Whose turn it is; NULL: nobody's. */
static struct login_turn *next_of(struct login_turns *turns) {
    struct login_turn *first = NULL;
    LIST_EACH(&turns->waiting, turn, struct login_turn, link) {
        if (!has_room(turns, turn->is_known)) continue;
        if (turn->is_known) return turn;
        if (!first) first = turn;
        if (!is_one_of_many(turns, turn)) return turn;
    }
    return first;
}

static void grant(struct login_turns *turns, struct login_turn *turn) {
    list_remove(&turn->link);
    list_append(&turns->under_way, &turn->link);
    turns->waiting_count--;
    turns->under_way_count++;
    turn->is_granted = true;
    task_wake(turn->task);
}

static void grant_some(struct login_turns *turns) {
    for (struct login_turn *turn = next_of(turns); turn; turn = next_of(turns)) grant(turns, turn);
}

enum login_turn_result login_turn_take(struct task *t, struct login_turns *turns, struct login_turn *turn,
                                       int64_t deadline_ms) {
    if (!turn->is_known && turns->waiting_count >= LOGIN_TURNS_WAITING_MAX) return LOGIN_TURN_CROWD;
    turn->task = t;
    turn->is_granted = false;
    list_init(&turn->link);
    list_append(&turns->waiting, &turn->link);
    turns->waiting_count++;
    grant_some(turns);
    enum wait_result waited = WAIT_OK;
    while (!turn->is_granted && waited == WAIT_OK) waited = task_wait(t, deadline_ms);
    if (turn->is_granted) return LOGIN_TURN_OK;
    list_remove(&turn->link);
    turns->waiting_count--;
    return waited == WAIT_TIMEOUT ? LOGIN_TURN_CROWD : LOGIN_TURN_CANCELLED;
}

void login_turn_give(struct login_turns *turns, struct login_turn *turn) {
    list_remove(&turn->link);
    turns->under_way_count--;
    grant_some(turns);
}
