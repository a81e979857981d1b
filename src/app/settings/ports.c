#include "app/settings/ports.h"

#include <errno.h>
#include <string.h>

#include "io/real/local.h"
#include "io/stream.h"

enum { BIND_TRIES = 30, BIND_PAUSE_MS = 100 };

/* The edges of a server that was just killed may need a moment to let go of their ports. */
static int open_patiently(struct env *env, const struct listen_request *request, struct handle *handle) {
    for (int i = 0;; i++) {
        int result = listen_open(env, request, handle);
        if (result != -EADDRINUSE || i == BIND_TRIES) return result;
        local_pause_ms(BIND_PAUSE_MS);
    }
}

static struct slice explain(struct arena *arena, const struct listen_request *request, const char *name,
                            int result) {
    const char *hint = "";
    if (result == -EADDRINUSE)
        hint = "; stop what listens there, or choose another base_port in posthaste.conf";
    if (result == -EACCES)
        hint = "; start as root for ports below 1024, or choose a base_port in posthaste.conf";
    return arena_printf(arena, "cannot listen on %s port %u (%s): %s%s", request->address, request->port,
                        name, strerror(-result), hint);
}

static bool open_one(struct env *env, struct arena *arena, const struct config *config, const char *address,
                     enum port_kind port, struct listening *listening, struct slice *error) {
    struct listen_request request = {address, (uint16_t)(config->base_port + ports[port].number)};
    struct handle handle;
    int result = open_patiently(env, &request, &handle);
    if (result) {
        *error = explain(arena, &request, ports[port].name, result);
        return false;
    }
    listening->sockets[listening->count].port = port;
    listening->sockets[listening->count++].handle = handle;
    return true;
}

static int open_control(struct arena *arena, const char *folder, struct handle *handle) {
    return local_listen(arena_text(arena, arena_printf(arena, "%s/run", folder)), "control", handle);
}

bool ports_open(struct env *env, struct arena *arena, const struct config *config, const char *folder,
                struct listening *listening, struct slice *error) {
    *listening = (struct listening){.control = HANDLE_NONE};
    bool good = true;
    for (size_t i = 0; good && i < config->listen_count; i++)
        for (int port = 0; good && port < PORT_KINDS; port++)
            good = open_one(env, arena, config, config->listen[i], (enum port_kind)port, listening, error);
    if (good) {
        int result = open_control(arena, folder, &listening->control);
        good = result == 0;
        if (!good) *error = arena_printf(arena, "%s/run/control: %s", folder, strerror(-result));
    }
    if (!good) ports_close(env, listening);
    return good;
}

void ports_close(struct env *env, struct listening *listening) {
    for (size_t i = 0; i < listening->count; i++) handle_close(env, listening->sockets[i].handle);
    listening->count = 0;
    handle_close(env, listening->control);
    listening->control = HANDLE_NONE;
}
