#include "app/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "io/stream.h"

enum { CONTROL_BACKLOG = 64, BIND_TRIES = 30, BIND_PAUSE_MS = 100 };

/* The edges of a server that was just killed may need a moment to let go of their ports. */
static int open_patiently(struct env *env, const struct listen_request *request, struct handle *handle) {
    for (int i = 0;; i++) {
        int result = listen_open(env, request, handle);
        if (result != -EADDRINUSE || i == BIND_TRIES) return result;
        struct timespec pause = {0, BIND_PAUSE_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
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

/* A path of any length fits a socket address by way of the folder's descriptor. */
static int control_address(const char *folder, struct sockaddr_un *address, int *folder_fd) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/run", folder);
    *folder_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0) return -errno;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/control", *folder_fd);
    return 0;
}

static int bind_control(const struct sockaddr_un *address, const struct stat *owner, struct handle *handle) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    (void)unlink(address->sun_path);
    /* Only the folder's owner, and root, may ask. */
    mode_t mask = umask(0177);
    int result = bind(fd, (const struct sockaddr *)address, sizeof *address) ? -errno : 0;
    (void)umask(mask);
    if (!result && geteuid() == 0 && chown(address->sun_path, owner->st_uid, owner->st_gid)) result = -errno;
    if (!result && listen(fd, CONTROL_BACKLOG)) result = -errno;
    if (result) (void)close(fd);
    *handle = (struct handle){fd, NULL};
    return result;
}

static int open_control(const char *folder, struct handle *handle) {
    struct sockaddr_un address;
    struct stat owner;
    int folder_fd;
    int result = control_address(folder, &address, &folder_fd);
    if (result) return result;
    result = fstat(folder_fd, &owner) ? -errno : bind_control(&address, &owner, handle);
    (void)close(folder_fd);
    return result;
}

int control_connect(const char *folder) {
    struct sockaddr_un address;
    int folder_fd;
    int result = control_address(folder, &address, &folder_fd);
    if (result) return result;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) result = -errno;
    if (!result && connect(fd, (struct sockaddr *)&address, sizeof address)) result = -errno;
    (void)close(folder_fd);
    if (result && fd >= 0) (void)close(fd);
    if (!result && fcntl(fd, F_SETFL, O_NONBLOCK)) result = -errno;
    return result ? result : fd;
}

bool ports_open(struct env *env, struct arena *arena, const struct config *config, const char *folder,
                struct listening *listening, struct slice *error) {
    *listening = (struct listening){.control = HANDLE_NONE};
    bool good = true;
    for (size_t i = 0; good && i < config->listen_count; i++)
        for (int port = 0; good && port < PORT_KINDS; port++)
            good = open_one(env, arena, config, config->listen[i], (enum port_kind)port, listening, error);
    if (good) {
        int result = open_control(folder, &listening->control);
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

int ports_copy(struct env *env, struct handle handle, struct handle *copy) {
    (void)env;
    int fd = fcntl(handle.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return -errno;
    *copy = (struct handle){fd, NULL};
    return 0;
}
