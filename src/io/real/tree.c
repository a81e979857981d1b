#include "io/real/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMES_FIRST = 256, MS = 1000, NS_OF_MS = 1000000 };

int tree_look(const char *path, struct tree_facts *facts) {
    struct stat status;
    if (stat(path, &status)) return -errno;
    facts->kind = S_ISREG(status.st_mode) ? TREE_FILE : S_ISDIR(status.st_mode) ? TREE_FOLDER : TREE_OTHER;
    facts->bytes = (uint64_t)status.st_size;
    facts->changed_ms = (int64_t)status.st_mtim.tv_sec * MS + status.st_mtim.tv_nsec / NS_OF_MS;
    return 0;
}

int tree_resolve(struct arena *arena, const char *path, const char **resolved) {
    char full[PATH_MAX];
    if (!realpath(path, full)) return -errno;
    *resolved = arena_text(arena, slice_from_text(full));
    return 0;
}

int tree_set_time(const char *path, int64_t changed_ms) {
    int64_t seconds = changed_ms / MS - (changed_ms % MS < 0);
    struct timespec time = {seconds, (changed_ms - seconds * MS) * NS_OF_MS};
    struct timespec times[2] = {time, time};
    return utimensat(AT_FDCWD, path, times, 0) ? -errno : 0;
}

int tree_rename_new(const char *path, const char *to) {
    if (renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -errno;
    /* A file system that cannot: look first. */
    if (access(to, F_OK) == 0) return -EEXIST;
    return rename(path, to) ? -errno : 0;
}

static int compare(const void *left, const void *right) {
    return slice_compare(*(const struct slice *)left, *(const struct slice *)right);
}

/* Room for one more; the array doubles, so the arena holds at most twice of it. */
static bool make_room(struct arena *arena, struct tree_names *names, size_t *room) {
    if (names->count < *room) return true;
    size_t more = *room ? *room * 2 : NAMES_FIRST;
    struct slice *grown = arena_try_alloc(arena, more * sizeof *grown);
    if (!grown) return false;
    if (names->count) memcpy(grown, names->names, names->count * sizeof *grown);
    names->names = grown;
    *room = more;
    return true;
}

int tree_list(struct arena *arena, const char *path, struct tree_names *names) {
    *names = (struct tree_names){NULL, 0};
    DIR *folder = opendir(path);
    if (!folder) return -errno;
    size_t room = 0;
    int result = 0;
    for (struct dirent *entry = readdir(folder); entry && !result; entry = readdir(folder)) {
        struct slice name = slice_from_text(entry->d_name);
        if (slice_equal(name, SLICE(".")) || slice_equal(name, SLICE(".."))) continue;
        bool has_room = make_room(arena, names, &room);
        /* With its terminator: paths are made of it. */
        name.len++;
        has_room = has_room && arena_try_copy(arena, name, &name);
        if (has_room)
            names->names[names->count++] = slice_of(name.ptr, name.len - 1);
        else
            result = -EFBIG;
    }
    (void)closedir(folder);
    if (names->count) qsort(names->names, names->count, sizeof *names->names, compare);
    return result;
}

int tree_fork(void) {
    (void)fflush(NULL);
    pid_t child = fork();
    return child < 0 ? -errno : child;
}

void tree_join(int child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
}

void tree_ignore_interrupts(void) {
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
}
