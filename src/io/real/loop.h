/* The real env: libuv's loop and the kernel. */
#ifndef IO_REAL_LOOP_H
#define IO_REAL_LOOP_H

#include <uv.h>

#include "io/env.h"

struct real_env {
    struct env env;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_signal_t signals[3];
    bool is_stopping;
    /* Connections are accepted up to this descriptor; above it are those kept for everything else. */
    int accepted_fd_max;
    int64_t keeps_memory_until_ms;
    /* Once there were none left: when to look again how many there are. */
    int64_t descriptors_look_ms;
};

/* A new env on its own loop. `log` may be NULL. */
struct env *real_env_new(struct log *log);
/* Frees it; everything that was opened on it must be closed. Nulls *env. */
void real_env_free(struct env **env);
/* Runs until real_env_stop. */
void real_env_run(struct env *env);
void real_env_stop(struct env *env);
/* Calls back on the loop for a signal (at most three different ones). */
void real_env_on_signal(struct env *env, int signal, void (*handler)(uv_signal_t *handle, int signal),
                        void *context);

static inline struct real_env *real_env_of(struct env *env) {
    return CONTAINER_OF(env, struct real_env, env);
}

/* The highest that is accepted where a process may have so many: some are spared for what goes on already. */
int real_accepted_fd_max(int descriptors);

/* The pieces, for loop.c. */
extern const struct file_ops real_file_ops;
struct stream *real_stream_adopt(struct env *env, struct handle handle);
bool real_handle_is_stream(struct env *env, struct handle handle);
struct listener *real_listener_adopt(struct env *env, struct handle handle);
int real_listen_open(struct env *env, const struct listen_request *request, struct handle *handle);
int real_pair_open(struct env *env, struct handle pair[2]);
int real_connect_start(struct env *env, const struct connect_request *request, struct stream **stream);
struct lane *real_lane_open(struct env *env, const struct lane_options *options);
void real_lane_submit(struct lane *lane, struct lane_job *job);
void real_lane_close(struct lane **lane);
struct stream *real_tls_wrap(struct env *env, struct stream *inner, struct tls_context *context,
                             bool is_server, struct tls_peer *peer);
void real_fetch_start(struct env *env, struct fetch_transfer *transfer);
void real_fetch_stop(struct env *env, struct fetch_transfer *transfer);
struct dns *real_dns_open(struct env *env, const struct dns_options *options, const char **reason);

#endif
