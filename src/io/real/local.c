/* Socket addresses hold some 100 bytes of path: names are reached by way of their folder's descriptor. */
#include "io/real/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 64 };

static int address_open(const char *folder, const char *name, struct sockaddr_un *address, int *folder_fd) {
    *folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0) return -errno;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int len = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *folder_fd, name);
    if (len > 0 && (size_t)len < sizeof address->sun_path) return 0;
    (void)close(*folder_fd);
    return -ENAMETOOLONG;
}

static int bind_for_owner(int fd, const struct sockaddr_un *address, int folder_fd) {
    struct stat owner;
    if (fstat(folder_fd, &owner)) return -errno;
    (void)unlink(address->sun_path);
    mode_t mask = umask(0177);
    int result = bind(fd, (const struct sockaddr *)address, sizeof *address) ? -errno : 0;
    (void)umask(mask);
    if (!result && geteuid() == 0 && chown(address->sun_path, owner.st_uid, owner.st_gid)) result = -errno;
    return result || !listen(fd, BACKLOG) ? result : -errno;
}

int local_listen(const char *folder, const char *name, struct handle *handle) {
    struct sockaddr_un address;
    int folder_fd;
    int result = address_open(folder, name, &address, &folder_fd);
    if (result) return result;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    result = fd < 0 ? -errno : bind_for_owner(fd, &address, folder_fd);
    (void)close(folder_fd);
    if (result && fd >= 0) (void)close(fd);
    *handle = (struct handle){fd, NULL};
    return result;
}

int local_connect(const char *folder, const char *name, struct handle *handle) {
    struct sockaddr_un address;
    int folder_fd;
    int result = address_open(folder, name, &address, &folder_fd);
    if (result) return result;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) || fcntl(fd, F_SETFL, O_NONBLOCK))
        result = -errno;
    (void)close(folder_fd);
    if (result && fd >= 0) (void)close(fd);
    *handle = (struct handle){fd, NULL};
    return result;
}

int local_copy(struct handle handle, struct handle *copy) {
    int fd = fcntl(handle.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return -errno;
    *copy = (struct handle){fd, NULL};
    return 0;
}

void local_pause_ms(int64_t ms) {
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}
