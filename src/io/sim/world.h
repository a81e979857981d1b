/*
 * Inside the simulator: the world, its events, machines and processes, and the descriptors by
 * which processes hold objects (ends of connections, listening ports, open files). A process that
 * dies loses its descriptors at once; the structs that its code still points to stay until that
 * code gives them up or the process is reaped.
 */
#ifndef IO_SIM_WORLD_H
#define IO_SIM_WORLD_H

#include "io/sim/sim.h"

struct sqlite3_vfs;
struct sim_inode;

/* Something that happens at a moment; events of one moment happen in the order they were set. */
struct sim_event {
    int64_t at_us;
    uint64_t sequence;
    /* Place in the heap, counted from 1; 0 while it is not set. */
    size_t place;
    void (*run)(struct sim_event *event);
};

/* What the trace is made of. */
enum sim_trace {
    TRACE_TURN = 1,
    TRACE_EVENT,
    TRACE_START,
    TRACE_DEATH,
    TRACE_END,
    TRACE_STEP,
    TRACE_SEND,
    TRACE_RECEIVE,
    TRACE_CONNECT,
    TRACE_RESET,
    TRACE_FILE,
    TRACE_FAULT,
    TRACE_POWER_CUT,
    TRACE_NOTE,
};

struct sim_world {
    int64_t now_us;
    uint64_t random;
    uint64_t trace;
    struct sim_event **events;
    size_t event_count;
    size_t event_capacity;
    uint64_t next_sequence;
    uint64_t next_process;
    uint16_t next_port;
    struct sim_network network;
    struct list machines;
    struct list processes;
    /* Whose env stays valid. */
    struct list ended;
    struct list links;
    struct list parted;
    struct list calls;
    struct list dns;
    struct list fetches;
    void (*on_loss)(void *context, const struct sim_machine *a, const struct sim_machine *b);
    void *on_loss_context;
    struct tls_context *tls;
    /* All of its processes take turns in one thread, and many of them live shortly. */
    struct task_stacks *stacks;
};

enum { SIM_ADDRESSES_MAX = 8, SIM_NAME_BYTES_MAX = 255 };

struct sim_machine {
    struct list in_world;
    struct sim_world *world;
    char *name;
    char *addresses[SIM_ADDRESSES_MAX];
    size_t address_count;
    int64_t wall_offset_ms;
    bool is_off;
    struct sim_faults faults;
    uint64_t power_steps;
    uint64_t waits;
    uint64_t kill_waits;
    /* Listening ports. */
    struct list ports;
    /* The disk: all inodes, changes of names that are not durable yet, bytes in use. */
    struct list inodes;
    struct list name_changes;
    struct sim_inode *root;
    uint64_t used_bytes;
    uint64_t next_inode;
};

struct sim_process {
    struct env env;
    struct list in_world;
    struct sim_machine *machine;
    char *name;
    uint64_t id;
    struct scope main;
    void (*run)(struct task *t, void *argument);
    void *argument;
    struct list descriptors;
    size_t descriptor_count;
    struct list streams;
    struct list listeners;
    struct list lanes;
    struct list files;
    /* What the process has open through its SQLite VFS. */
    struct list databases;
    struct sqlite3_vfs *vfs;
    uint64_t steps;
    uint64_t kill_steps;
    uint64_t kill_waits;
    uint64_t kill_jobs;
    uint32_t kill_chance;
    void (*on_end)(void *context);
    void *on_end_context;
    bool is_unwinding;
    bool has_ended;
};

/* What a descriptor refers to. */
struct sim_object {
    unsigned references;
    void (*released)(struct sim_object *object);
};

struct sim_descriptor {
    struct list in_process;
    struct sim_process *process;
    /* NULL once the process is dead. */
    struct sim_object *object;
};

/* What to do at a step. */
enum sim_verdict { VERDICT_LIVE, VERDICT_KILL, VERDICT_POWER_CUT };

static inline struct sim_process *sim_process_of(struct env *env) {
    return CONTAINER_OF(env, struct sim_process, env);
}
static inline struct sim_world *sim_world_of(struct env *env) { return sim_process_of(env)->machine->world; }

/* Zeroed memory; never NULL. */
void *sim_alloc(size_t size);
char *sim_copy_text(const char *text);
/* From `least` to `most`, both included. */
int64_t sim_random_between(struct sim_world *world, int64_t least, int64_t most);
void sim_note(struct sim_world *world, enum sim_trace what, uint64_t a, uint64_t b);
uint64_t sim_hash(struct slice bytes);

/* event.c */
static inline void sim_event_init(struct sim_event *event, void (*run)(struct sim_event *event)) {
    *event = (struct sim_event){.run = run};
}
static inline bool sim_event_is_set(const struct sim_event *event) { return event->place != 0; }
/* Sets it, or moves it, to so much time from now. */
void sim_event_set(struct sim_world *world, struct sim_event *event, int64_t delay_us);
void sim_event_cancel(struct sim_world *world, struct sim_event *event);
/* The next one, or NULL. */
struct sim_event *sim_event_next(struct sim_world *world);

/* process.c */
bool sim_process_has_work(struct sim_process *process);
void sim_process_turn(struct sim_process *process);
void sim_process_free(struct sim_process *process);
/* Counts a step and says what it brings; the caller then does its part of the work, if any, and
   carries the verdict out. A dead process takes no steps: look at is_dead first. */
enum sim_verdict sim_step_begin(struct sim_process *process);
void sim_step_end(struct sim_process *process, enum sim_verdict verdict);
/* Both at once. False: the process is dead (now). */
bool sim_step(struct sim_process *process);

/* object.c */
static inline void sim_object_init(struct sim_object *object, void (*released)(struct sim_object *object)) {
    *object = (struct sim_object){1, released};
}
void sim_object_release(struct sim_object *object);
/* Takes over a reference. */
struct sim_descriptor *sim_descriptor_new(struct sim_process *process, struct sim_object *object);
void sim_descriptor_close(struct sim_descriptor *descriptor);
/* As a process dies: it lets go of the object, and stays. */
void sim_descriptor_cut(struct sim_descriptor *descriptor);
static inline struct handle sim_handle_of(struct sim_descriptor *descriptor) {
    return (struct handle){-1, descriptor};
}
static inline struct sim_descriptor *sim_descriptor_of(struct handle handle) { return handle.object; }
void sim_handle_close(struct env *env, struct handle handle);
/* There is no descriptor left for the process, or chance says so. */
bool sim_descriptors_are_out(struct sim_process *process);

/* The other pieces, for process.c. */
extern const struct file_ops sim_file_ops;
struct stream *sim_stream_adopt(struct env *env, struct handle handle);
bool sim_handle_is_stream(struct env *env, struct handle handle);
struct listener *sim_listener_adopt(struct env *env, struct handle handle);
int sim_listen_open(struct env *env, const struct listen_request *request, struct handle *handle);
int sim_pair_open(struct env *env, struct handle pair[2]);
int sim_connect_start(struct env *env, const struct connect_request *request, struct stream **stream);
struct lane *sim_lane_open(struct env *env, const struct lane_options *options);
void sim_lane_submit(struct lane *lane, struct lane_job *job);
void sim_lane_close(struct lane **lane);
struct stream *sim_tls_wrap(struct env *env, struct stream *inner, struct tls_context *context,
                            bool is_server, struct tls_peer *peer);
void sim_fetch_start(struct env *env, struct fetch_transfer *transfer);
void sim_fetch_stop(struct env *env, struct fetch_transfer *transfer);
void sim_fetch_free(struct sim_world *world);
struct dns *sim_dns_open(struct env *env, const struct dns_options *options, const char **reason);
void sim_dns_free(struct sim_world *world);
/* As a process dies: those who wait on its streams are told. */
void sim_streams_wake(struct sim_process *process);
/* ... and others accept what it will not. */
void sim_listeners_cut(struct sim_process *process);
/* As it is reaped: frees what its code left behind. */
void sim_streams_free(struct sim_process *process);
void sim_listeners_free(struct sim_process *process);
void sim_lanes_free(struct sim_process *process);
void sim_files_free(struct sim_process *process);
/* SQLite: frees the locks of a dead process and cuts its shared memory off; takes the VFS away. */
void sim_databases_cut(struct sim_process *process);
void sim_vfs_remove(struct sim_process *process);
const char *sim_vfs_name(struct env *env);

void sim_links_free(struct sim_world *world);
/* Breaks the connections of a machine with others, or all of them. */
void sim_links_break(struct sim_machine *machine, bool is_all);
void sim_parted_free(struct sim_world *world);
bool sim_machines_are_parted(const struct sim_machine *a, const struct sim_machine *b);

/* disk.c */
void sim_disk_init(struct sim_machine *machine);
void sim_disk_crash(struct sim_machine *machine);
void sim_disk_free(struct sim_machine *machine);

#endif
