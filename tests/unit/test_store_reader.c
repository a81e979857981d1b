/* The reader beside a store of another user: what it makes of a WAL index that is being written. */
#include "store_bench.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { OTHER_UID = 65534, HEADER_BYTES = 48, INDEX_BYTES = 32768, WRITING_US = 30000 };

/* What the test tells its child, the mail role of this test: the mailbox to read. */
struct order {
    char folder[64];
    uint64_t inbox;
};

static void database_path(const char *folder, const char *end, char path[128]) {
    assert_true((size_t)snprintf(path, 128, "%s/store.db%s", folder, end) < 128);
}

static void tell(int pair, const void *bytes, size_t len) { assert_int_equal(write(pair, bytes, len), len); }
static void hear(int pair, void *bytes, size_t len) { assert_int_equal(read(pair, bytes, len), len); }

/* A process of its own from before the store was opened: SQLite shares an open index within one. */
static _Noreturn void read_as_other(int pair) {
    struct order order;
    if (read(pair, &order, sizeof order) != sizeof order) _exit(10);
    if (geteuid() == 0 && setuid(OTHER_UID) != 0) _exit(11);
    struct env *env = real_env_new(NULL);
    struct arena *arena = arena_new(1 << 20);
    struct reader *reader = NULL;
    if (reader_open(env, order.folder, &reader) != 0) _exit(12);
    char go = 1;
    if (write(pair, &go, 1) != 1 || read(pair, &go, 1) != 1) _exit(13);
    struct mailbox inbox;
    enum store_result result = reader_mailbox_get(reader, arena, order.inbox, &inbox);
    if (write(pair, &go, 1) != 1) _exit(14);
    _exit(result == STORE_OK && inbox.id == order.inbox ? 0 : 20 + (int)result);
}

/* The descriptor stays open: closing it would drop the locks that this process's store holds. */
static unsigned char *map_index(const char *folder, int *fd_out) {
    char path[128];
    database_path(folder, "-shm", path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    unsigned char *index = mmap(NULL, INDEX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(index != MAP_FAILED);
    *fd_out = fd;
    return index;
}

/* As the mail role has it: all may be read, nothing written. */
static void close_to_others(const char *folder) {
    assert_int_equal(chmod(folder, 0755), 0);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        char path[128];
        database_path(folder, *end, path);
        assert_int_equal(chmod(path, 0444), 0);
    }
}

static void read_while_the_index_is_written(struct task *t, struct store_bench *bench) {
    int pair = *(int *)bench->extra;
    bench_add_account(t, bench, 0);
    int fd;
    unsigned char *index = map_index(bench->folder, &fd);
    close_to_others(bench->folder);
    struct order order = {.inbox = bench->inbox};
    memcpy(order.folder, bench->folder, sizeof order.folder);
    tell(pair, &order, sizeof order);
    char go;
    hear(pair, &go, 1);
    index[8] ^= 1; /* the change counter of the first copy */
    tell(pair, &go, 1);
    usleep(WRITING_US);
    index[8] ^= 1;
    hear(pair, &go, 1);
    munmap(index, INDEX_BYTES);
    close(fd);
}

static void a_reader_outlasts_the_moment_in_which_the_store_writes_the_index(void **state) {
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) read_as_other(pair[1]);
    bench_run(read_while_the_index_is_written, &pair[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(pair[0]);
    close(pair[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_outlasts_the_moment_in_which_the_store_writes_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
