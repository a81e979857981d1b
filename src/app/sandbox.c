#include "app/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name) SCMP_SYS(name)

/* What every process needs: memory, time, its event loop, the sockets it was given. */
static const int calls_of_all[] = {
    CALL(read),
    CALL(write),
    CALL(readv),
    CALL(writev),
    CALL(close),
    CALL(recvmsg),
    CALL(sendmsg),
    CALL(recvfrom),
    CALL(sendto),
    CALL(shutdown),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(getsockname),
    CALL(getpeername),
    CALL(socketpair),
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(eventfd2),
    CALL(pipe2),
    CALL(poll),
    CALL(ppoll),
    CALL(fcntl),
    CALL(fstat),
    CALL(newfstatat),
    CALL(lseek),
    CALL(ioctl),
    CALL(mmap),
    CALL(munmap),
    CALL(mremap),
    CALL(mprotect),
    CALL(madvise),
    CALL(brk),
    CALL(futex),
    CALL(getrandom),
    CALL(clock_gettime),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(time),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigaltstack),
    CALL(tgkill),
    CALL(gettid),
    CALL(getpid),
    CALL(getppid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(restart_syscall),
    CALL(exit),
    CALL(exit_group),
    CALL(rseq),
    CALL(set_robust_list),
    CALL(membarrier),
    CALL(sysinfo),
    CALL(uname),
    CALL(getrusage),
    CALL(dup),
};
static const int calls_to_accept[] = {CALL(accept4)};
static const int calls_to_connect[] = {CALL(socket), CALL(connect), CALL(bind), CALL(sendmmsg),
                                       CALL(recvmmsg)};
static const int calls_for_threads[] = {CALL(clone3), CALL(clone), CALL(prctl), CALL(set_tid_address)};
static const int calls_to_read_files[] = {
    CALL(openat),     CALL(open),     CALL(pread64),    CALL(preadv),    CALL(stat),
    CALL(lstat),      CALL(statx),    CALL(access),     CALL(faccessat), CALL(faccessat2),
    CALL(getdents64), CALL(readlink), CALL(readlinkat), CALL(getcwd)};
static const int calls_to_write_files[] = {
    CALL(pwrite64),  CALL(pwritev),         CALL(ftruncate), CALL(fallocate), CALL(fsync),    CALL(fdatasync),
    CALL(flock),     CALL(unlink),          CALL(unlinkat),  CALL(rename),    CALL(renameat), CALL(renameat2),
    CALL(mkdir),     CALL(mkdirat),         CALL(fchmod),    CALL(fchown),    CALL(statfs),   CALL(fstatfs),
    CALL(utimensat), CALL(copy_file_range), CALL(sendfile),
};
/* Bodies that are spooled are written to a descriptor that the store opened. */
static const int calls_to_spool[] = {CALL(pwrite64), CALL(pread64)};

struct call_set {
    const int *calls;
    size_t count;
};
#define SET(array) \
    { array, sizeof(array) / sizeof((array)[0]) }

enum { SETS_MAX = 6 };
static const struct call_set sets_of_kinds[ROLE_KINDS][SETS_MAX] = {
    [ROLE_STORE] = {SET(calls_of_all), SET(calls_to_accept), SET(calls_for_threads), SET(calls_to_read_files),
                    SET(calls_to_write_files)},
    [ROLE_REMOTE] = {SET(calls_of_all), SET(calls_to_connect), SET(calls_for_threads)},
    [ROLE_MAIL] = {SET(calls_of_all), SET(calls_to_read_files), SET(calls_to_spool)},
    [ROLE_EDGE] = {SET(calls_of_all), SET(calls_to_accept), SET(calls_to_spool)},
};

static bool add_sets(scmp_filter_ctx filter, enum role_kind kind) {
    for (size_t i = 0; i < SETS_MAX; i++) {
        const struct call_set *set = &sets_of_kinds[kind][i];
        for (size_t j = 0; j < set->count; j++) {
            int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, set->calls[j], 0);
            if (result && result != -EEXIST) return false;
        }
    }
    return true;
}

static bool enter_seccomp(enum role_kind kind) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) return false;
    bool good = add_sets(filter, kind) && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return good;
}

#define LANDLOCK_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define LANDLOCK_WRITE                                                                \
    (LANDLOCK_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REFER)
/* All that version 2 knows. */
#define LANDLOCK_ALL ((1u << 14) - 1)

static const uint64_t landlock_of_kinds[ROLE_KINDS] = {
    [ROLE_STORE] = LANDLOCK_WRITE, [ROLE_REMOTE] = 0, [ROLE_MAIL] = LANDLOCK_READ, [ROLE_EDGE] = 0};

static bool allow_folder(int ruleset, const char *folder, uint64_t access) {
    struct landlock_path_beneath_attr rule = {.allowed_access = access,
                                              .parent_fd = open(folder, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0) return false;
    bool good = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    (void)close(rule.parent_fd);
    return good;
}

static bool enter_landlock(enum role_kind kind, const char *folder) {
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 2) return false;
    struct landlock_ruleset_attr attributes = {.handled_access_fs = LANDLOCK_ALL};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0) return false;
    uint64_t access = landlock_of_kinds[kind];
    bool good = (access == 0 || allow_folder(ruleset, folder, access)) &&
                syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    (void)close(ruleset);
    return good;
}

void sandbox_enter(enum role_kind kind, const char *folder, struct walls *walls) {
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    walls->no_new_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    walls->landlock = walls->no_new_privileges && enter_landlock(kind, folder);
    walls->seccomp = walls->no_new_privileges && enter_seccomp(kind);
}
