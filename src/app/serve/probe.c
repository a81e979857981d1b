/* Runs the probes, each in a process of its own, and compares. */
#include "app/serve/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/role/sandbox.h"

/* How a probe's process ended. */
enum { ENDED_WELL = 0, ENDED_REFUSED = 100, ENDED_WITHOUT_WALLS = 101 };

struct trial {
    const char *folder;
    struct config config;
    unsigned parts;
    bool has_users;
    json_t *rows;
    size_t faults;
};

static bool become(const struct trial *trial, enum role_kind kind) {
    if (!trial->has_users) return true;
    gid_t gid = (gid_t)config_gid_of(&trial->config, kind);
    return !setgroups(0, NULL) && !setgid(gid) && !setuid((uid_t)trial->config.uid[kind]);
}

/* A listening socket on loopback, a connection with a byte to read, and one that waits to be accepted. */
static int open_connections(struct probe_setting *setting) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    setting->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (setting->listener < 0 || bind(setting->listener, (struct sockaddr *)&at, len) ||
        listen(setting->listener, 2) || getsockname(setting->listener, (struct sockaddr *)&at, &len))
        return -errno;
    setting->listener_port = ntohs(at.sin_port);
    setting->connected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(setting->connected, (struct sockaddr *)&at, len)) return -errno;
    int other = accept4(setting->listener, NULL, NULL, SOCK_CLOEXEC);
    if (other < 0 || write(other, "x", 1) != 1) return -errno;
    int waiting = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(waiting, (struct sockaddr *)&at, len) ? -errno : 0;
}

/* What one probe used up is not missing for the next: each process opens its own. */
static bool setting_open(struct probe_setting *setting, const char *folder) {
    *setting = (struct probe_setting){.folder = folder, .parent = getppid()};
    setting->file = memfd_create("probe", MFD_CLOEXEC);
    setting->fresh = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return setting->file >= 0 && setting->fresh >= 0 && open_connections(setting) == 0;
}

/* In the child: never returns. An exec that succeeds ends with 0 as well. */
static void try(const struct trial *trial, const struct probe *probe, enum role_kind kind) {
    struct walls walls = {0};
    struct probe_setting setting;
    if (!setting_open(&setting, trial->folder) || !become(trial, kind)) _exit(ENDED_WITHOUT_WALLS);
    sandbox_enter_part(kind, trial->folder, trial->parts, &walls);
    unsigned standing =
        (walls.seccomp ? (unsigned)SANDBOX_SECCOMP : 0) | (walls.landlock ? (unsigned)SANDBOX_LANDLOCK : 0);
    if (standing != trial->parts) _exit(ENDED_WITHOUT_WALLS);
    _exit(probe->act(&setting) ? ENDED_REFUSED : ENDED_WELL);
}

static const char *outcome_of(const struct trial *trial, const struct probe *probe, enum role_kind kind) {
    pid_t child = fork();
    if (child == 0) try(trial, probe, kind);
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) return "not tried";
    if (!WIFEXITED(status)) return "killed";
    if (WEXITSTATUS(status) == ENDED_WITHOUT_WALLS) return "no walls";
    return WEXITSTATUS(status) == ENDED_WELL ? "allowed" : "refused";
}

/* NULL: either is fine. */
static const char *expected_of(const struct trial *trial, const struct probe *probe, enum role_kind kind) {
    unsigned standing = (trial->parts & SANDBOX_SECCOMP ? BY_SECCOMP : 0) |
                        (trial->parts & SANDBOX_LANDLOCK ? BY_LANDLOCK : 0);
    unsigned by = probe->refused_by[kind];
    if (by & standing) return "refused";
    return by & BY_OTHERS ? NULL : "allowed";
}

static void try_one(struct trial *trial, const struct probe *probe, enum role_kind kind) {
    const char *outcome = outcome_of(trial, probe, kind);
    const char *expected = expected_of(trial, probe, kind);
    bool is_right = expected ? strcmp(outcome, expected) == 0
                             : strcmp(outcome, "allowed") == 0 || strcmp(outcome, "refused") == 0;
    if (!is_right) trial->faults++;
    if (trial->rows)
        (void)json_array_append_new(
            trial->rows, json_pack("{s:s, s:s, s:s, s:s?, s:b}", "role", role_kind_name(kind), "action",
                                   probe->name, "outcome", outcome, "expected", expected, "right", is_right));
    else
        (void)printf("%-6s  %-34s  %s%s%s\n", role_kind_name(kind), probe->name, outcome,
                     is_right ? "" : "  WRONG, expected: ",
                     is_right   ? ""
                     : expected ? expected
                                : "either");
}

static bool parts_of(struct slice word, unsigned *parts) {
    static const struct {
        struct slice name;
        unsigned parts;
    } rows[] = {{SLICE_INIT("all"), SANDBOX_SECCOMP | SANDBOX_LANDLOCK},
                {SLICE_INIT("seccomp"), SANDBOX_SECCOMP},
                {SLICE_INIT("landlock"), SANDBOX_LANDLOCK},
                {SLICE_INIT("none"), 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!slice_equal(rows[i].name, word)) continue;
        *parts = rows[i].parts;
        return true;
    }
    return false;
}

static int finish(struct trial *trial) {
    if (trial->rows) {
        (void)json_dumpf(trial->rows, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
        (void)putchar('\n');
        json_decref(trial->rows);
    }
    if (trial->faults == 0) return EXIT_DONE;
    return cli_fail("%zu actions did not end as they should", trial->faults);
}

int probe_walls(struct cli *cli) {
    struct trial trial = {.has_users = geteuid() == 0};
    struct slice error;
    if (!cli->data) return cli_misuse(cli, "--data is missing");
    struct slice word = cli->word_count == 2 ? cli->words[1] : SLICE("all");
    if (!parts_of(word, &trial.parts)) return cli_misuse(cli, "there are no walls '%.*s'", SLICE_PRINT(word));
    char *folder = realpath(cli->data, NULL);
    if (!folder) return cli_fail("%s: %s", cli->data, strerror(errno));
    trial.folder = folder;
    if (!config_load(cli->arena, folder, &trial.config, &error)) {
        free(folder);
        return cli_fail("%.*s", SLICE_PRINT(error));
    }
    if (cli->is_json) trial.rows = json_array();
    /* Children write nothing of ours once more. */
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (int kind = 0; kind < ROLE_KINDS; kind++)
        for (size_t i = 0; i < probe_count; i++) try_one(&trial, &probes[i], (enum role_kind)kind);
    free(folder);
    return finish(&trial);
}
