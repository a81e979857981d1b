#include "io/real/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A name that begins with '@' is in the abstract namespace (unix(7)): there the first byte is zero. */
static socklen_t address_of(const char *path, struct sockaddr_un *address) {
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof address->sun_path || (path[0] != '/' && path[0] != '@')) return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, len);
    if (path[0] == '@') address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void notify_manager(const char *state) {
    struct sockaddr_un address;
    socklen_t bytes = address_of(getenv("NOTIFY_SOCKET"), &address);
    int fd = bytes ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0) return;
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, bytes);
    (void)close(fd);
}
