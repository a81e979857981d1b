#include "app/role/role_main.h"

#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/role/role.h"
#include "app/role/sandbox.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "wire/scram_secret.h"

enum { CONTROL_DESCRIPTOR = 3, ALTERNATE_STACK_BYTES = 64 * 1024 };

static bool kind_of(const char *name, enum role_kind *kind) {
    for (int i = 0; i < ROLE_KINDS; i++) {
        if (strcmp(role_kind_name((enum role_kind)i), name) != 0) continue;
        *kind = (enum role_kind)i;
        return true;
    }
    return false;
}

static void ended(void *context) { real_env_stop(context); }

/* A task that overran its stack met the guard page: say so, on a stack that is still good, and die. */
static void memory_fault(int signal, siginfo_t *info, void *context) {
    (void)info;
    (void)context;
    static const char text[] =
        "fatal: a bad memory access (a task's stack overrun, or worse); the role ends\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    (void)raise(signal);
}

static void watch_memory_faults(void) {
    void *memory =
        mmap(NULL, ALTERNATE_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t stack = {.ss_sp = memory, .ss_size = ALTERNATE_STACK_BYTES};
    struct sigaction action = {.sa_sigaction = memory_fault,
                               .sa_flags = SA_ONSTACK | SA_SIGINFO | (int)SA_RESETHAND};
    if (sigaltstack(&stack, NULL) == 0) (void)sigaction(SIGSEGV, &action, NULL);
}

/* What libraries want to read or open once, before the walls stand. */
static void warm_up(void) {
    (void)OPENSSL_init_ssl(0, NULL);
    unsigned char byte;
    (void)RAND_bytes(&byte, 1);
    tzset();
    /* ICU's tables for passwords that are not ASCII. */
    uint8_t room[16];
    struct buffer prepared = {.ptr = room, .capacity = sizeof room, .max_bytes = sizeof room};
    (void)!scram_password_prepare(SLICE("\xc2\xaa"), &prepared);
}

/* Whatever the supervisor itself was started with is none of a role's business. */
static void drop_inherited(void) { (void)close_range(CONTROL_DESCRIPTOR + 1, ~0U, 0); }

/* Sessions are descriptors: as many as the system gives. */
static void raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int role_main(int count, char **arguments) {
    enum role_kind kind;
    if (count != 3 || !kind_of(arguments[0], &kind)) {
        (void)fprintf(stderr, "posthaste: roles are started by posthaste serve\n");
        return 2;
    }
    /* Ctrl-C goes to the whole group; the supervisor tells us when to stop. */
    static const int ignored[] = {SIGINT, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        (void)sigaction(ignored[i], &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    (void)umask(027);
    drop_inherited();
    raise_descriptors();
    watch_memory_faults();
    warm_up();
    struct log_sink sink;
    log_sink_init(&sink, role_kind_name(kind));
    struct env *env = real_env_new(&sink.log);
    struct walls walls = {0};
#ifndef POSTHASTE_SANITIZED
    sandbox_enter(kind, arguments[2], &walls);
#endif
    struct stream *control = stream_adopt(env, (struct handle){CONTROL_DESCRIPTOR, NULL});
    struct role *role = role_new(env, kind, strtoull(arguments[1], NULL, 10), &walls, control, ended, env);
    real_env_run(env);
    bool was_started = role->is_started;
    role_free(&role);
    real_env_free(&env);
    return was_started ? 0 : 1;
}
