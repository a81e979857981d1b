#include "app/settings/serve_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 100, LOCK_PAUSE_MS = 100 };

enum lock_result { LOCK_TAKEN, LOCK_OF_ANOTHER, LOCK_STOPPED };

/* Waits a moment, or for a signal that asks us to stop. */
static bool pause_is_stopped(const sigset_t *signals) {
    struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};
    return sigtimedwait(signals, NULL, &pause) > 0;
}

static enum lock_result take(int fd, const char *folder, const sigset_t *signals) {
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return LOCK_TAKEN;
        if (errno != EWOULDBLOCK) break;
        if (i == 0) (void)fprintf(stderr, "posthaste: waiting for the server of %s to end\n", folder);
        if (pause_is_stopped(signals)) return LOCK_STOPPED;
    }
    return LOCK_OF_ANOTHER;
}

/* SIGTERM and SIGINT end the wait; later they are the loop's. */
static enum lock_result take_or_stop(int fd, const char *folder) {
    sigset_t signals;
    sigset_t before;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, &before);
    enum lock_result result = take(fd, folder, &signals);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* What root leaves in the folder belongs to the folder's owner. */
static void give_to_owner(int fd, const char *folder) {
    struct stat status;
    if (geteuid() == 0 && stat(folder, &status) == 0) (void)!fchown(fd, status.st_uid, status.st_gid);
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
    give_to_owner(fd, folder);
    enum lock_result result = take_or_stop(fd, folder);
    *lock = fd;
    if (result == LOCK_TAKEN) return true;
    if (result == LOCK_OF_ANOTHER)
        (void)fprintf(stderr, "posthaste: another posthaste serves %s; stop it first\n", folder);
    (void)close(fd);
    return false;
}

static bool say_closed(const char *folder, uid_t owner) {
    (void)fprintf(stderr,
                  "posthaste: its owner, user %u, cannot get to %s: a folder above it is closed to others\n",
                  owner, folder);
    return false;
}

bool serve_owner_reaches(const char *folder, uid_t owner, gid_t group) {
    char full[PATH_MAX];
    if (geteuid() != 0 || !realpath(folder, full)) return true;
    bool is_other = setegid(group) == 0 && seteuid(owner) == 0;
    bool is_reached = is_other && faccessat(AT_FDCWD, full, X_OK, AT_EACCESS) == 0;
    if (seteuid(0) || setegid(0)) FATAL("cannot be root again: %s", strerror(errno));
    return is_reached || say_closed(folder, owner);
}

bool serve_become_owner(const char *folder) {
    struct stat status;
    char full[PATH_MAX];
    if (geteuid() != 0) return true;
    if (stat(folder, &status) || !realpath(folder, full)) {
        (void)fprintf(stderr, "posthaste: %s: %s\n", folder, strerror(errno));
        return false;
    }
    if (status.st_uid == 0) return true;
    if (setgroups(0, NULL) || setgid(status.st_gid) || setuid(status.st_uid)) {
        (void)fprintf(stderr, "posthaste: cannot become the owner of %s: %s\n", folder, strerror(errno));
        return false;
    }
    /* By its full path, as SQLite opens it: a relative one passes by what is closed above us. */
    return access(full, R_OK | X_OK) == 0 || say_closed(folder, status.st_uid);
}
