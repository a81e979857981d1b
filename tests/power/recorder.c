/*
 * The recorder: a library loaded in front of libc (LD_PRELOAD) into every process of a real run. It
 * writes down what changes files below POWER_ROOT in the log POWER_LOG (record.h), which it maps before
 * the process raises its walls; from then on it makes no call that the process would not make itself
 * but fstat and lseek. Clients load it as a plain library and leave marks with power_mark.
 */
#include "record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* These are for who links or preloads it; libc's headers name some of them under other names. */
#define EXPORT __attribute__((visibility("default")))

static struct record_log *record_log;
static char root[PATH_MAX];
static size_t root_len;
static dev_t root_device;
static ino_t root_inode;

__attribute__((noreturn)) static void give_up(const char *what) {
    (void)dprintf(2, "recorder: %s: %s\n", what, strerror(errno));
    abort();
}

/* ---- libc's own, looked up once; two threads that do so find the same ---- */

#define NEXT(name)                                     \
    __extension__({                                    \
        static __typeof__(name) *found_##name;         \
        if (!found_##name) found_##name = next(#name); \
        found_##name;                                  \
    })

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) give_up(name);
    return found;
}

/* ---- the log ---- */

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv(RECORD_LOG_VARIABLE);
    const char *folder = getenv(RECORD_ROOT_VARIABLE);
    struct stat status;
    if (!path || !folder) return;
    if (stat(folder, &status)) give_up(folder);
    root_device = status.st_dev;
    root_inode = status.st_ino;
    root_len = (size_t)snprintf(root, sizeof root, "%s/", folder);
    int fd = NEXT(open)(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) give_up(path);
    void *room = mmap(NULL, RECORD_LOG_BYTES_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (room == MAP_FAILED) give_up("mmap");
    (void)close(fd);
    record_log = room;
}

/* Prepares an empty log; the file has its size already. */
EXPORT void power_log_begin(void);
void power_log_begin(void) {
    pthread_mutexattr_t attributes;
    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    (void)pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    (void)pthread_mutex_init(&record_log->lock, &attributes);
    record_log->end = RECORD_HEADER_BYTES;
    record_log->syncs = 0;
    record_log->root_inode = root_inode;
    (void)snprintf(record_log->root, sizeof record_log->root, "%.*s", (int)root_len - 1, root);
}

/* Who dies with the lock in hand has not moved the end: his record is not there, and the comparison at the
   end of the run tells. Who kills holds the lock. */
static void lock(void) {
    int error = pthread_mutex_lock(&record_log->lock);
    if (error == EOWNERDEAD) error = pthread_mutex_consistent(&record_log->lock);
    if (error) give_up("lock");
}

static void unlock(void) { (void)pthread_mutex_unlock(&record_log->lock); }

static void append(enum record_kind kind, uint64_t first, uint64_t second, const struct iovec *parts,
                   int count) {
    struct record_head head = {.kind = kind, .first = first, .second = second};
    uint8_t *at = (uint8_t *)record_log + record_log->end + sizeof head;
    for (int i = 0; i < count; i++) {
        if (record_log->end + sizeof head + head.bytes + parts[i].iov_len > RECORD_LOG_BYTES_MAX - PATH_MAX)
            give_up("the log is full");
        memcpy(at + head.bytes, parts[i].iov_base, parts[i].iov_len);
        head.bytes += (uint32_t)parts[i].iov_len;
    }
    memcpy((uint8_t *)record_log + record_log->end, &head, sizeof head);
    uint64_t end = record_log->end + sizeof head + head.bytes;
    record_log->end = (end + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

static void append_text(enum record_kind kind, uint64_t first, uint64_t second, const char *text) {
    struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
    append(kind, first, second, &part, 1);
}

/* Where the file may be cut off when all is over. */
EXPORT uint64_t power_log_end(void);
uint64_t power_log_end(void) { return record_log->end; }

/* For who kills a process: nobody is between a change and its record meanwhile. */
EXPORT void power_lock(void);
EXPORT void power_unlock(void);
void power_lock(void) { lock(); }
void power_unlock(void) { unlock(); }

EXPORT void power_mark(const char *text, size_t len);
void power_mark(const char *text, size_t len) {
    struct iovec part = {(void *)(uintptr_t)text, len};
    lock();
    append(RECORD_MARK, 0, 0, &part, 1);
    unlock();
}

/* ---- what is watched ---- */

/* The inode of a file or folder on the watched disk, or 0. Standard streams are never watched. */
static uint64_t watched(int fd) {
    struct stat status;
    int error = errno;
    bool is_good = record_log && fd > 2 && fstat(fd, &status) == 0 && status.st_dev == root_device &&
                   (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    errno = error;
    return is_good ? status.st_ino : 0;
}

/* The whole path where it lies in the watched folder, else NULL. */
static const char *watched_path(int folder, const char *path, char whole[PATH_MAX]) {
    if (!record_log || !path) return NULL;
    char base[PATH_MAX] = "";
    if (path[0] != '/' && folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return NULL;
    } else if (path[0] != '/') {
        char link[64];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        if (readlink(link, base, sizeof base - 1) < 0) return NULL;
    }
    int len = snprintf(whole, PATH_MAX, "%s%s%s", base, path[0] == '/' ? "" : "/", path);
    if (len < 0 || len >= PATH_MAX) return NULL;
    return strncmp(whole, root, root_len) == 0 ? whole : NULL;
}

/* ---- names ---- */

static int opened(int fd, int flags, const char *path) {
    uint64_t inode = fd < 0 ? 0 : watched(fd);
    if (!inode) return fd;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        append_text(RECORD_TEMPORARY, inode, 0, "");
    else if (flags & O_CREAT)
        append_text(RECORD_CREATE, inode, 0, path);
    if (flags & O_TRUNC) append_text(RECORD_TRUNCATE, inode, 0, "");
    return fd;
}

static int open_any(int folder, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    bool changes = (flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE;
    const char *name = changes ? watched_path(folder, path, whole) : NULL;
    if (!name) return NEXT(openat)(folder, path, flags, mode);
    lock();
    int fd = opened(NEXT(openat)(folder, path, flags, mode), flags, name);
    unlock();
    return fd;
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                     \
    EXPORT int name(const char *path, int flags, ...); \
    int name(const char *path, int flags, ...) {       \
        va_list arguments;                             \
        va_start(arguments, flags);                    \
        mode_t mode = mode_of(flags, arguments);       \
        va_end(arguments);                             \
        return open_any(AT_FDCWD, path, flags, mode);  \
    }
#define OPEN_AT(name)                                              \
    EXPORT int name(int folder, const char *path, int flags, ...); \
    int name(int folder, const char *path, int flags, ...) {       \
        va_list arguments;                                         \
        va_start(arguments, flags);                                \
        mode_t mode = mode_of(flags, arguments);                   \
        va_end(arguments);                                         \
        return open_any(folder, path, flags, mode);                \
    }
OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

EXPORT int creat(const char *path, mode_t mode);
int creat(const char *path, mode_t mode) {
    return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* A call on one name, written down if it was done. */
#define ON_PATH(kind, folder, path, call)                                  \
    do {                                                                   \
        char whole[PATH_MAX];                                              \
        const char *name = watched_path(folder, path, whole);              \
        if (!name) return call;                                            \
        lock();                                                            \
        int result = call;                                                 \
        if (result == 0) append_text(kind, inode_of(name, kind), 0, name); \
        unlock();                                                          \
        return result;                                                     \
    } while (0)

static uint64_t inode_of(const char *path, enum record_kind kind) {
    struct stat status;
    if (kind != RECORD_MKDIR) return 0;
    return lstat(path, &status) ? 0 : status.st_ino;
}

int mkdir(const char *path, mode_t mode) { ON_PATH(RECORD_MKDIR, AT_FDCWD, path, NEXT(mkdir)(path, mode)); }
int mkdirat(int folder, const char *path, mode_t mode) {
    ON_PATH(RECORD_MKDIR, folder, path, NEXT(mkdirat)(folder, path, mode));
}
int rmdir(const char *path) { ON_PATH(RECORD_RMDIR, AT_FDCWD, path, NEXT(rmdir)(path)); }
int unlink(const char *path) { ON_PATH(RECORD_UNLINK, AT_FDCWD, path, NEXT(unlink)(path)); }
int remove(const char *path) { ON_PATH(RECORD_UNLINK, AT_FDCWD, path, NEXT(remove)(path)); }
int unlinkat(int folder, const char *path, int flags) {
    ON_PATH(flags & AT_REMOVEDIR ? RECORD_RMDIR : RECORD_UNLINK, folder, path,
            NEXT(unlinkat)(folder, path, flags));
}
int link(const char *from, const char *to) { ON_PATH(RECORD_UNKNOWN, AT_FDCWD, to, NEXT(link)(from, to)); }
int symlink(const char *target, const char *path) {
    ON_PATH(RECORD_UNKNOWN, AT_FDCWD, path, NEXT(symlink)(target, path));
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    ON_PATH(RECORD_UNKNOWN, to_folder, to, NEXT(linkat)(from_folder, from, to_folder, to, flags));
}
int truncate(const char *path, off_t size) {
    ON_PATH(RECORD_UNKNOWN, AT_FDCWD, path, NEXT(truncate)(path, size));
}

static int rename_any(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    char old[PATH_MAX];
    char new[PATH_MAX];
    const char *from_name = watched_path(from_folder, from, old);
    const char *to_name = watched_path(to_folder, to, new);
    if (!from_name && !to_name) return NEXT(renameat2)(from_folder, from, to_folder, to, flags);
    lock();
    int result = NEXT(renameat2)(from_folder, from, to_folder, to, flags);
    struct iovec parts[] = {{old, strlen(old) + 1}, {new, strlen(new)}};
    bool is_known = from_name && to_name && !(flags & ~(unsigned)RENAME_NOREPLACE);
    if (result == 0) append(is_known ? RECORD_RENAME : RECORD_UNKNOWN, 0, 0, parts, 2);
    unlock();
    return result;
}

int rename(const char *from, const char *to) { return rename_any(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return rename_any(from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    return rename_any(from_folder, from, to_folder, to, flags);
}

/* ---- bytes ---- */

/* What of the parts was written. */
static void append_written(uint64_t inode, off_t offset, const struct iovec *parts, int count,
                           ssize_t written) {
    for (int i = 0; i < count && written > 0; i++) {
        struct iovec part = parts[i];
        if (part.iov_len > (size_t)written) part.iov_len = (size_t)written;
        append(RECORD_WRITE, inode, (uint64_t)offset, &part, 1);
        offset += (off_t)part.iov_len;
        written -= (ssize_t)part.iov_len;
    }
}

/* `offset` below 0: where the descriptor stands. */
static ssize_t write_watched(int fd, uint64_t inode, const struct iovec *parts, int count, off_t offset) {
    lock();
    ssize_t written = offset < 0 ? NEXT(writev)(fd, parts, count) : NEXT(pwritev)(fd, parts, count, offset);
    int error = errno;
    if (written > 0 && offset < 0) offset = lseek(fd, 0, SEEK_CUR) - written;
    append_written(inode, offset, parts, count, written);
    unlock();
    errno = error;
    return written;
}

ssize_t write(int fd, const void *bytes, size_t len) {
    uint64_t inode = watched(fd);
    if (!inode) return NEXT(write)(fd, bytes, len);
    return write_watched(fd, inode, &(struct iovec){(void *)(uintptr_t)bytes, len}, 1, -1);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    uint64_t inode = watched(fd);
    return inode ? write_watched(fd, inode, parts, count, -1) : NEXT(writev)(fd, parts, count);
}

#define PWRITE(name, type)                                                                         \
    EXPORT ssize_t name(int fd, const void *bytes, size_t len, type offset);                       \
    ssize_t name(int fd, const void *bytes, size_t len, type offset) {                             \
        uint64_t inode = watched(fd);                                                              \
        if (!inode) return NEXT(name)(fd, bytes, len, offset);                                     \
        lock();                                                                                    \
        ssize_t written = NEXT(name)(fd, bytes, len, offset);                                      \
        int error = errno;                                                                         \
        append_written(inode, offset, &(struct iovec){(void *)(uintptr_t)bytes, len}, 1, written); \
        unlock();                                                                                  \
        errno = error;                                                                             \
        return written;                                                                            \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define PWRITEV(name, type)                                                         \
    EXPORT ssize_t name(int fd, const struct iovec *parts, int count, type offset); \
    ssize_t name(int fd, const struct iovec *parts, int count, type offset) {       \
        uint64_t inode = watched(fd);                                               \
        if (!inode) return NEXT(name)(fd, parts, count, offset);                    \
        return write_watched(fd, inode, parts, count, offset);                      \
    }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define FTRUNCATE(name, type)                                                     \
    EXPORT int name(int fd, type size);                                           \
    int name(int fd, type size) {                                                 \
        uint64_t inode = watched(fd);                                             \
        if (!inode) return NEXT(name)(fd, size);                                  \
        lock();                                                                   \
        int result = NEXT(name)(fd, size);                                        \
        if (result == 0) append_text(RECORD_TRUNCATE, inode, (uint64_t)size, ""); \
        unlock();                                                                 \
        return result;                                                            \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

/* What nobody uses today is written down as unknown, and the replay then refuses the log. */
#define UNKNOWN(fd, what, call)                      \
    do {                                             \
        uint64_t inode = watched(fd);                \
        if (!inode) return call;                     \
        lock();                                      \
        append_text(RECORD_UNKNOWN, inode, 0, what); \
        unlock();                                    \
        return call;                                 \
    } while (0)

int fallocate(int fd, int mode, off_t offset, off_t len) {
    UNKNOWN(fd, "fallocate", NEXT(fallocate)(fd, mode, offset, len));
}
int posix_fallocate(int fd, off_t offset, off_t len) {
    UNKNOWN(fd, "posix_fallocate", NEXT(posix_fallocate)(fd, offset, len));
}
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t len, unsigned flags) {
    UNKNOWN(to, "copy_file_range", NEXT(copy_file_range)(from, from_at, to, to_at, len, flags));
}

#define MMAP(name, type)                                                                      \
    EXPORT void *name(void *at, size_t len, int protection, int flags, int fd, type offset);  \
    void *name(void *at, size_t len, int protection, int flags, int fd, type offset) {        \
        uint64_t inode = (flags & MAP_SHARED) && (protection & PROT_WRITE) ? watched(fd) : 0; \
        if (inode) {                                                                          \
            lock();                                                                           \
            append_text(RECORD_MAP, inode, 0, "");                                            \
            unlock();                                                                         \
        }                                                                                     \
        return NEXT(name)(at, len, protection, flags, fd, offset);                            \
    }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

/* ---- syncs ---- */

static int sync_watched(int fd, uint64_t inode, int (*call)(int fd)) {
    lock();
    uint64_t number = ++record_log->syncs;
    append_text(RECORD_SYNC_BEGIN, inode, number, "");
    unlock();
    int result = call(fd);
    if (result) return result;
    lock();
    append_text(RECORD_SYNC_END, inode, number, "");
    unlock();
    return result;
}

int fsync(int fd) {
    uint64_t inode = watched(fd);
    return inode ? sync_watched(fd, inode, NEXT(fsync)) : NEXT(fsync)(fd);
}
int fdatasync(int fd) {
    uint64_t inode = watched(fd);
    return inode ? sync_watched(fd, inode, NEXT(fdatasync)) : NEXT(fdatasync)(fd);
}
