/* The remote role: what connects out. */
#include "app/role.h"

static bool start(struct task *t, struct role *role) { return true; }
static void reload(struct task *t, struct role *role) {}
static void peer(struct task *t, struct role *role, enum role_kind kind, uint64_t index, struct stream *stream) {
    stream_close(&stream);
}
static void listener(struct task *t, struct role *role, enum port_kind port, struct handle handle) {
    handle_close(role->env, handle);
}
static void stop(struct task *t, struct role *role) {}

const struct role_ops role_remote_ops = {start, reload, peer, listener, NULL, stop};
