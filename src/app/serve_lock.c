#include "app/serve_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 100, LOCK_PAUSE_MS = 100 };

static bool take(int fd, const char *folder) {
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
        if (errno != EWOULDBLOCK) return false;
        if (i == 0) (void)fprintf(stderr, "posthaste: waiting for the server of %s to end\n", folder);
        struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

bool serve_lock_take(const char *folder, int *lock) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/run/serve.lock", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        (void)fprintf(stderr, "posthaste: %s: %s (posthaste init makes a data folder)\n", path,
                      strerror(errno));
        return false;
    }
    if (take(fd, folder)) {
        *lock = fd;
        return true;
    }
    (void)fprintf(stderr, "posthaste: another posthaste serves %s; stop it first\n", folder);
    (void)close(fd);
    return false;
}

bool serve_become_owner(const char *folder) {
    struct stat status;
    if (geteuid() != 0) return true;
    if (stat(folder, &status)) {
        (void)fprintf(stderr, "posthaste: %s: %s\n", folder, strerror(errno));
        return false;
    }
    if (status.st_uid == 0) return true;
    if (setgroups(0, NULL) || setgid(status.st_gid) || setuid(status.st_uid)) {
        (void)fprintf(stderr, "posthaste: cannot become the owner of %s: %s\n", folder, strerror(errno));
        return false;
    }
    return true;
}
