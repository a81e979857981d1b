/* Starting a role: in a process of its own, or in this one (--single). */
#ifndef APP_SPAWN_H
#define APP_SPAWN_H

#include "app/role.h"

struct spawned;

struct spawn_request {
    enum role_kind kind;
    uint64_t index;
    const char *folder;
    /* Runs in this process, without walls. */
    bool is_single;
    /* 0: the user of this process. */
    uint32_t uid;
    uint32_t gid;
    /* Called on the loop when it has ended, however it did. `status` is for people: "exit 0", "signal 9". */
    void (*on_end)(void *context, const char *status);
    void *context;
};

/* Starts it; *control is the supervisor's end of its control stream. NULL: *error (negated errno). */
struct spawned *spawn_role(struct env *env, const struct spawn_request *request, struct stream **control, int *error);
/* 0 for a role in this process. */
uint64_t spawned_pid(const struct spawned *spawned);
/* Ends it at once. */
void spawned_kill(struct spawned *spawned);
/* After on_end. Nulls *spawned. */
void spawned_free(struct spawned **spawned);

#endif
