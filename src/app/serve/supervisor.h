/*
 * The supervisor: starts the roles, connects them with each other, gives them their settings and
 * listening sockets, and starts them again when they die. It reads no byte from the network.
 *
 * Order: the store first; when it serves, the others; each role that is ready is connected with
 * every ready role it talks to; an edge gets the listening sockets. To stop, the same backwards:
 * edges, mail roles, remote, store.
 *
 * Two roles whose connection is lost while both live get a new one. A role that lives but does not answer
 * for HEARTBEAT_PATIENCE_MS is ended, and started again. Where descriptors are short, what needs one is
 * tried again later; no shortage ends the supervisor. What runs a role (a process, this process, the
 * simulator) is the spawner's business.
 */
#ifndef APP_SUPERVISOR_H
#define APP_SUPERVISOR_H

#include "app/serve/spawn.h"
#include "app/settings/ports.h"

struct supervisor;

struct supervisor_options {
    struct env *env;
    const struct spawner *spawner;
    const char *folder;
    /* How many of each kind; one store and one remote. */
    uint64_t processes[ROLE_KINDS];
    /* With user and group ids where each role gets its own; 0: all run as this process does. */
    uint64_t uid[ROLE_KINDS];
    uint64_t gid[ROLE_KINDS];
    const struct listening *listening;
    /* Between two heartbeats; 0: the default. */
    int64_t heartbeat_ms;
    /* Memory of a process (0: this one). May be NULL. */
    uint64_t (*resident_bytes)(uint64_t process_id);
    /* Puts a certificate chain and its key where they last, and calls supervisor_reload with them; on the
       loop. NULL, or why not, a static text. May be NULL. */
    const char *(*install)(void *context, struct slice chain, struct slice key);
    /* Called once, on the loop, when all roles serve. */
    void (*on_ready)(void *context);
    /* Called on the loop when the first start of the store failed (it has logged why). */
    void (*on_failed)(void *context);
    void *context;
};

/* Starts everything. `settings` and what `options` points to outlive it. */
struct supervisor *supervisor_new(const struct supervisor_options *options,
                                  const struct role_settings *settings);
/* Gives every role new settings; the number of processes stays. */
void supervisor_reload(struct supervisor *supervisor, const struct role_settings *settings);
/* Stops all roles, each within some seconds, and frees it. Waits. */
void supervisor_free(struct task *t, struct supervisor **supervisor);

#endif
