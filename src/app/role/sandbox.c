#include "app/role/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/real/read_file.h"

#define CALL(name) SCMP_SYS(name)

/* What every process needs: memory, time, its event loop, the sockets it was given. */
static const int calls_of_all[] = {
    CALL(read),
    CALL(write),
    CALL(readv),
    CALL(writev),
    CALL(close),
    CALL(recvmsg),
    CALL(recvfrom),
    CALL(shutdown),
    CALL(getsockopt),
    CALL(getsockname),
    CALL(getpeername),
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(eventfd2),
    CALL(pipe2),
    CALL(poll),
    CALL(ppoll),
    CALL(fstat),
    CALL(newfstatat),
    CALL(lseek),
    CALL(munmap),
    CALL(mremap),
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
static const int calls_to_connect[] = {CALL(connect), CALL(bind),    CALL(sendmmsg),  CALL(recvmmsg),
                                       CALL(sendto),  CALL(sendmsg), CALL(setsockopt)};
static const int calls_for_threads[] = {CALL(set_tid_address)};
static const int calls_to_read_files[] = {
    CALL(pread64),   CALL(preadv),     CALL(stat),       CALL(lstat),    CALL(statx),      CALL(access),
    CALL(faccessat), CALL(faccessat2), CALL(getdents64), CALL(readlink), CALL(readlinkat), CALL(getcwd)};
static const int calls_to_write_files[] = {
    CALL(openat),    CALL(pwrite64),        CALL(pwritev), CALL(ftruncate), CALL(fallocate), CALL(fsync),
    CALL(fdatasync), CALL(sync_file_range), CALL(flock),   CALL(unlink),    CALL(unlinkat),  CALL(rename),
    CALL(renameat),  CALL(renameat2),       CALL(fchmod),  CALL(fchown),    CALL(statfs),    CALL(fstatfs),
};
/* Bodies that are spooled are written to a descriptor that the store opened. */
static const int calls_to_spool[] = {CALL(pwrite64), CALL(pread64)};
/* And read again where a content filter is shown them. */
static const int calls_to_read_spools[] = {CALL(pread64)};

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
    [ROLE_REMOTE] = {SET(calls_of_all), SET(calls_to_connect), SET(calls_to_read_spools)},
    [ROLE_MAIL] = {SET(calls_of_all), SET(calls_for_threads), SET(calls_to_read_files), SET(calls_to_spool)},
    [ROLE_EDGE] = {SET(calls_of_all), SET(calls_to_accept), SET(calls_to_spool)},
};

enum {
    STORE = 1 << ROLE_STORE,
    REMOTE = 1 << ROLE_REMOTE,
    MAIL = 1 << ROLE_MAIL,
    EDGE = 1 << ROLE_EDGE,
    ALL = STORE | REMOTE | MAIL | EDGE,
};

/* Those that may be made with some arguments only. A call with several rows needs to match one of them. */
struct call_rule {
    unsigned kinds;
    int call;
    unsigned count;
    struct scmp_arg_cmp arguments[3];
};

#define IS(number, value) \
    { number, SCMP_CMP_EQ, value, 0 }
/* All bits of the mask are as in the value. */
#define HAS(number, mask, value) \
    { number, SCMP_CMP_MASKED_EQ, mask, value }
/* What glibc starts a thread with, and nothing else: no process, no namespace. */
#define THREAD_FLAGS                                                                                   \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | \
     CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define SOCKET_TYPE (0xffffffff & ~(unsigned)(SOCK_NONBLOCK | SOCK_CLOEXEC))

static const struct call_rule call_rules[] = {
    /* All code is loaded: no memory becomes executable any more. */
    {ALL, CALL(mmap), 1, {HAS(2, PROT_EXEC, 0)}},
    {ALL, CALL(mprotect), 1, {HAS(2, PROT_EXEC, 0)}},
    /* The loop's. */
    {ALL, CALL(ioctl), 1, {IS(1, FIONBIO)}},
    {ALL, CALL(ioctl), 1, {IS(1, FIOCLEX)}},
    {ALL, CALL(fcntl), 1, {IS(1, F_GETFD)}},
    {ALL, CALL(fcntl), 1, {IS(1, F_SETFD)}},
    {ALL, CALL(fcntl), 1, {IS(1, F_GETFL)}},
    {ALL, CALL(fcntl), 1, {IS(1, F_SETFL)}},
    {ALL, CALL(fcntl), 1, {IS(1, F_DUPFD_CLOEXEC)}},
    {ALL, CALL(setsockopt), 2, {IS(1, SOL_SOCKET), IS(2, SO_KEEPALIVE)}},
    {ALL, CALL(setsockopt), 2, {IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY)}},
    {ALL, CALL(setsockopt), 2, {IS(1, IPPROTO_TCP), IS(2, TCP_NOTSENT_LOWAT)}},
    /* On connections that stand: nothing that would make one. */
    {STORE | MAIL | EDGE, CALL(sendto), 1, {IS(4, 0)}},
    {STORE | MAIL | EDGE, CALL(sendmsg), 1, {HAS(2, MSG_FASTOPEN, 0)}},
    /* SQLite's locks. */
    {STORE | MAIL, CALL(fcntl), 1, {IS(1, F_GETLK)}},
    {STORE | MAIL, CALL(fcntl), 1, {IS(1, F_SETLK)}},
    {MAIL, CALL(openat), 1, {HAS(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)}},
    /* Worker lanes. */
    {STORE | MAIL, CALL(clone), 1, {IS(0, THREAD_FLAGS)}},
    {STORE | MAIL, CALL(prctl), 1, {IS(0, PR_SET_NAME)}},
    {STORE, CALL(setpriority), 2, {IS(0, PRIO_PROCESS), IS(1, 0)}},
    {REMOTE, CALL(setsockopt), 2, {IS(1, IPPROTO_IP), IS(2, IP_BIND_ADDRESS_NO_PORT)}},
    {REMOTE, CALL(socket), 2, {IS(0, AF_INET), HAS(1, SOCKET_TYPE, SOCK_STREAM)}},
    {REMOTE, CALL(socket), 2, {IS(0, AF_INET), HAS(1, SOCKET_TYPE, SOCK_DGRAM)}},
    {REMOTE, CALL(socket), 2, {IS(0, AF_INET6), HAS(1, SOCKET_TYPE, SOCK_STREAM)}},
    {REMOTE, CALL(socket), 2, {IS(0, AF_INET6), HAS(1, SOCKET_TYPE, SOCK_DGRAM)}},
    /* libunbound speaks to itself; an edge hands over one end of a TLS session. */
    {REMOTE | EDGE, CALL(socketpair), 1, {IS(0, AF_UNIX)}},
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

static bool add_rules(scmp_filter_ctx filter, enum role_kind kind) {
    for (size_t i = 0; i < sizeof call_rules / sizeof call_rules[0]; i++) {
        const struct call_rule *rule = &call_rules[i];
        if (!(rule->kinds & 1u << kind)) continue;
        int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->call, rule->count, rule->arguments);
        if (result && result != -EEXIST) return false;
    }
    return true;
}

/* A process may end itself by a signal (abort), and signal nobody else. Where clone3 is not there, glibc
   falls back to clone, whose flags a filter can see. */
static bool add_special(scmp_filter_ctx filter) {
    struct scmp_arg_cmp self = IS(0, (scmp_datum_t)getpid());
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, CALL(tgkill), 1, &self) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0) == 0;
}

static bool enter_seccomp(enum role_kind kind) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) return false;
    /* A tree instead of a row of comparisons. */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    bool good =
        add_sets(filter, kind) && add_rules(filter, kind) && add_special(filter) && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return good;
}

/* What versions after the 2 of Debian 12's headers know. */
#define ACCESS_FS_TRUNCATE (1u << 14)
#define ACCESS_FS_IOCTL_DEV (1u << 15)
#define ACCESS_NET_BIND_TCP (1u << 0)
#define ACCESS_NET_CONNECT_TCP (1u << 1)
#define SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS 3u
#define RULE_NET_PORT 2

struct port_attributes {
    uint64_t access;
    uint64_t port;
};

struct ruleset_attributes {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};

#define LANDLOCK_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define LANDLOCK_WRITE                                                                \
    (LANDLOCK_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | ACCESS_FS_TRUNCATE)

/* A file that is there already: rights that are for folders have no place in its rule. */
#define LANDLOCK_CHANGE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_FS_TRUNCATE)

/* The places in the data folder that a kind may use; all others are closed to it. The store makes no name
   in the folder itself: what it needs there is made before the wall stands. */
struct place {
    enum role_kind kind;
    const char *name;
    uint64_t access;
};
static const struct place places[] = {
    {ROLE_STORE, "body", LANDLOCK_WRITE},
    {ROLE_STORE, "spool", LANDLOCK_WRITE},
    {ROLE_STORE, "snapshot", LANDLOCK_WRITE},
    {ROLE_STORE, "key", LANDLOCK_WRITE},
    {ROLE_STORE, "lock", LANDLOCK_CHANGE},
    {ROLE_STORE, "store.db", LANDLOCK_CHANGE},
    {ROLE_STORE, "store.db-wal", LANDLOCK_CHANGE},
    {ROLE_STORE, "store.db-shm", LANDLOCK_CHANGE},
    {ROLE_MAIL, "body", LANDLOCK_ACCESS_FS_READ_FILE},
    {ROLE_MAIL, "store.db", LANDLOCK_ACCESS_FS_READ_FILE},
    {ROLE_MAIL, "store.db-wal", LANDLOCK_ACCESS_FS_READ_FILE},
    {ROLE_MAIL, "store.db-shm", LANDLOCK_ACCESS_FS_READ_FILE},
};

/* What the rules are about, as far as the kernel knows it. *bytes is the part of it that it takes. */
static struct ruleset_attributes attributes_of(enum role_kind kind, long version, size_t *bytes) {
    struct ruleset_attributes all = {.files = ACCESS_FS_TRUNCATE - 1};
    *bytes = sizeof all.files;
    if (version >= 3) all.files |= ACCESS_FS_TRUNCATE;
    if (version >= 5) all.files |= ACCESS_FS_IOCTL_DEV;
    if (version >= 4) {
        all.network = ACCESS_NET_BIND_TCP | (kind == ROLE_REMOTE ? 0 : ACCESS_NET_CONNECT_TCP);
        *bytes = sizeof all.files + sizeof all.network;
    }
    if (version >= 6) {
        all.scoped = SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS;
        *bytes = sizeof all;
    }
    return all;
}

/* What is not there stays closed. */
static bool allow_place(int ruleset, const char *folder, const char *name, uint64_t access) {
    char path[STORE_PATH_BYTES_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) return false;
    struct landlock_path_beneath_attr rule = {.allowed_access = access,
                                              .parent_fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW)};
    if (rule.parent_fd < 0) return errno == ENOENT;
    bool good = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    (void)close(rule.parent_fd);
    return good;
}

/* SQLite would make these later, and a rule needs something to be about. Made for good: the log must not
   lose its name in a power cut. Empty, they mean nothing to SQLite. */
static void prepare_store(const char *folder) {
    static const char *const files[] = {"lock", "store.db-wal", "store.db-shm"};
    char path[STORE_PATH_BYTES_MAX];
    struct stat database;
    (void)snprintf(path, sizeof path, "%s/store.db", folder);
    if (lstat(path, &database)) return;
    bool is_new = false;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        is_new |= write_new_file(path, SLICE_EMPTY, database.st_mode & 0660) == 0;
    }
    static const char *const folders[] = {"snapshot", "key"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        is_new |= mkdir(path, 0750) == 0;
    }
    if (is_new) (void)!settle_names(folder);
}

/* Whoever connects chooses the address it comes from, and no port. */
static bool allow_source(int ruleset, const struct ruleset_attributes *attributes) {
    struct port_attributes rule = {.access = ACCESS_NET_BIND_TCP};
    if (!(attributes->network & ACCESS_NET_BIND_TCP)) return true;
    return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) == 0;
}

static bool enter_landlock(enum role_kind kind, const char *folder) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 2) return false;
    size_t bytes;
    struct ruleset_attributes attributes = attributes_of(kind, version, &bytes);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, bytes, 0);
    if (ruleset < 0) return false;
    if (kind == ROLE_STORE) prepare_store(folder);
    bool good = kind != ROLE_REMOTE || allow_source(ruleset, &attributes);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i].kind == kind)
            good = good && allow_place(ruleset, folder, places[i].name, places[i].access & attributes.files);
    good = good && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    (void)close(ruleset);
    return good;
}

void sandbox_enter_part(enum role_kind kind, const char *folder, unsigned parts, struct walls *walls) {
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    walls->no_new_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    walls->landlock = walls->no_new_privileges && parts & SANDBOX_LANDLOCK && enter_landlock(kind, folder);
    walls->seccomp = walls->no_new_privileges && parts & SANDBOX_SECCOMP && enter_seccomp(kind);
}

void sandbox_enter(enum role_kind kind, const char *folder, struct walls *walls) {
    sandbox_enter_part(kind, folder, SANDBOX_LANDLOCK | SANDBOX_SECCOMP, walls);
}
