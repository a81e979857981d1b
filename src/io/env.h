/*
 * The world as a role sees it: clock, random, network, files, worker lanes. Everything that
 * touches the outside goes through here, and there are two of it: the real one (io/real, on
 * libuv and the kernel) and the simulated one (io/sim, where one seed decides everything).
 *
 * An env also carries what both share: the queue of work that is ready to run and the timers.
 * One env belongs to one thread; only worker lanes run elsewhere (io/lane.h).
 */
#ifndef IO_ENV_H
#define IO_ENV_H

#include "base/budgets.h"
#include "base/fatal.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/planted.h"
#include "base/slice.h"
#include "io/timer.h"

struct env;
struct task_pool;
struct task_stacks;
struct stream;
struct listener;
struct lane;
struct lane_options;
struct file;
struct tls_context;
struct dns;
struct dns_options;
struct tls_peer;
struct fetch_transfer;

/* Something that another role can be given: a descriptor, or what stands for it in a simulation. */
struct handle {
    int fd;
    void *object;
};
#define HANDLE_NONE ((struct handle){-1, NULL})
static inline bool handle_is_none(struct handle h) { return h.fd < 0 && !h.object; }

/* Who is at the other end of a connection. */
struct peer {
    /* Numeric address without a port: "127.0.0.1", "2001:db8::1"; empty for local sockets. */
    char address[48];
    uint16_t port;
    /* The peer is this machine itself. */
    bool is_loopback;
};

struct listen_request {
    const char *address;
    uint16_t port;
};

struct connect_request {
    const char *address;
    uint16_t port;
    /* An address of ours, of the same family, to come from; NULL: the system's choice. */
    const char *source;
};

struct file_ops;
struct lane_job;

/* What a world must be able to do. Callers use the functions of the headers named beside. */
struct env_ops {
    int64_t (*now_ms)(struct env *env);
    int64_t (*wall_ms)(struct env *env);
    void (*random)(struct env *env, void *bytes, size_t len);
    /* io/stream.h */
    struct stream *(*stream_adopt)(struct env *env, struct handle handle);
    bool (*handle_is_stream)(struct env *env, struct handle handle);
    struct listener *(*listener_adopt)(struct env *env, struct handle handle);
    int (*listen_open)(struct env *env, const struct listen_request *request, struct handle *handle);
    int (*pair_open)(struct env *env, struct handle pair[2]);
    /* Starts to connect; the stream is writable, or failed, when it is decided. */
    int (*connect_start)(struct env *env, const struct connect_request *request, struct stream **stream);
    void (*handle_close)(struct env *env, struct handle handle);
    /* io/lane.h */
    struct lane *(*lane_open)(struct env *env, const struct lane_options *options);
    void (*lane_submit)(struct lane *lane, struct lane_job *job);
    void (*lane_close)(struct lane **lane);
    /* io/tls.h */
    struct stream *(*tls_wrap)(struct env *env, struct stream *inner, struct tls_context *context,
                               bool is_server, struct tls_peer *peer);
    /* io/fetch.h: ends, at once or later, with fetch_end, unless it was stopped. */
    void (*fetch_start)(struct env *env, struct fetch_transfer *transfer);
    void (*fetch_stop)(struct env *env, struct fetch_transfer *transfer);
    /* io/dns.h; called on the loop's stack. NULL and *reason, a static text, where it cannot. */
    struct dns *(*dns_open)(struct env *env, const struct dns_options *options, const char **reason);
    /* io/file.h */
    const struct file_ops *files;
    /* ENV_FATAL. NULL: there is nothing but this process; it aborts. */
    void (*die)(struct env *env);
};

/* Work that anybody may cause as much of as he likes waits behind all other, and only so much of it is done
   in a turn of the loop. */
enum patience {
    PATIENCE_NONE,
    /* What strangers ask before they log in: STRANGER_WORKS_A_TURN. */
    PATIENCE_STRANGER,
    /* Their TLS handshakes: HANDSHAKE_WORKS_A_TURN. */
    PATIENCE_HANDSHAKE,
    PATIENCES,
};

/* A piece of work that runs once, soon, on the env's thread. Lives in whoever posts it. */
struct work {
    struct list link;
    void (*run)(struct work *work);
    enum patience patience;
};

struct env {
    const struct env_ops *ops;
    struct log *log;
    /* What is ready, by its patience. */
    struct list ready[PATIENCES];
    /* Work that gave way: its turn comes after the world was looked at. */
    struct list yielded;
    struct timer_heap timers;
    struct task_pool *tasks;
    /* For backends: called after each piece of work (a task: when it waits). May be NULL. */
    void (*ran)(struct env *env);
    /* ENV_READ_BYTES for one read at a time, so that nobody reserves room for what may not come. Nothing
       stays in it across a wait. */
    uint8_t *read_space;
    /* What this process counts for its operator. */
    struct metrics metrics;
    /* What it gives to each kind of work. */
    const struct budgets *budgets;
    /* The simulator has killed this process: nothing it does reaches the world any more. */
    bool is_dead;
#ifdef PLANTED_FAULTS
    enum planted_fault planted;
#endif
};

/* For backends: prepares, and gives back, what all envs share. `stacks`: as task_pool_new takes them. */
void env_init(struct env *env, const struct env_ops *ops, struct log *log, struct task_stacks *stacks);
void env_fini(struct env *env);
/* For backends: runs ready work and due timers until none is left, then some of the patient work. */
void env_run_ready(struct env *env);
/* There is work that may run now, gave way, or is patient: the loop looks at the world without waiting, and
   comes back. */
bool env_has_work(const struct env *env);

/* Monotonic milliseconds: for every deadline and pause. */
static inline int64_t env_now_ms(struct env *env) { return env->ops->now_ms(env); }
/* UTC milliseconds since 1970: for what people and peers read. May jump. */
static inline int64_t env_wall_ms(struct env *env) { return env->ops->wall_ms(env); }
static inline void env_random(struct env *env, void *bytes, size_t len) { env->ops->random(env, bytes, len); }
uint64_t env_random_u64(struct env *env);
/* Evenly from 0 to below `bound` (not 0). */
uint64_t env_random_below(struct env *env, uint64_t bound);

void work_init(struct work *work, void (*run)(struct work *work));
/* Runs it in this or the next turn of the loop. Posting it twice before it ran is posting it once. */
void work_post(struct env *env, struct work *work);
/* The same, once input, timers and signals had their turn. */
void work_post_later(struct env *env, struct work *work);
/* Takes it back if it has not run yet. */
void work_cancel(struct work *work);

/* For what ends a role because of the world, not of the code: a disk that does not sync. The process
   aborts, and its successor finds out what is true. A simulated one is dead from here on (or was already)
   and the statement goes on: the code unwinds, and nothing that it does has an effect any more. */
#define ENV_FATAL(env, ...)                       \
    do {                                          \
        if (!(env)->ops->die) FATAL(__VA_ARGS__); \
        (env)->ops->die(env);                     \
    } while (0)

static inline void handle_close(struct env *env, struct handle handle) {
    env->ops->handle_close(env, handle);
}

#endif
