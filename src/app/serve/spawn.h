/* What runs a role: a process of its own, this one (--single), or, in tests, the simulator. */
#ifndef APP_SPAWN_H
#define APP_SPAWN_H

#include "app/role/role.h"

struct spawned;

struct spawn_request {
    enum role_kind kind;
    uint64_t index;
    const char *folder;
    /* 0: the user of this process. */
    uint32_t uid;
    uint32_t gid;
    /* Called on the loop when it has ended, however it did. `status` is for people: "exit 0", "signal 9". */
    void (*on_end)(void *context, const char *status);
    void *context;
};

struct spawner {
    /* Starts it; *control is the supervisor's end of its control stream. NULL: *error is a negated errno. */
    struct spawned *(*spawn)(struct env *env, const struct spawn_request *request, struct stream **control,
                             int *error);
    /* Process id, or 0 for a role in this process. */
    uint64_t (*id)(const struct spawned *spawned);
    /* Ends it at once; on_end follows. */
    void (*kill)(struct spawned *spawned);
    /* After on_end. Nulls *spawned. */
    void (*release)(struct spawned **spawned);
    /* A second handle of a listening socket. 0, or a negated errno. */
    int (*handle_copy)(struct env *env, struct handle handle, struct handle *copy);
};

/* Memory of a process (0: this one), or 0 where that is not known. */
uint64_t process_resident_bytes(uint64_t id);

extern const struct spawner spawner_of_processes;
extern const struct spawner spawner_in_process;

#endif
