/* backup: takes a snapshot of a data folder; list and verify say what there is. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/carry/backup_files.h"
#include "app/carry/backup_session.h"

/* ---- before anything is made ---- */

/* The full path of a folder that may still have to be made; NULL where even the one above is missing. */
static char *full_path(const char *path, char out[PATH_MAX]) {
    char above[PATH_MAX];
    if (realpath(path, out)) return out;
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    size_t slash = slice_find_last_byte(slice_of(path, len), '/');
    if (slash == SLICE_NOT_FOUND) return realpath(".", out);
    (void)snprintf(above, sizeof above, "%.*s", slash ? (int)slash : 1, path);
    return realpath(above, out);
}

static bool is_below(const char *path, const char *folder) {
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && (path[len] == 0 || path[len] == '/');
}

/* 0, or the exit status. */
static int check_folders(struct cli *cli) {
    char data[PATH_MAX];
    char to[PATH_MAX];
    char store[PATH_MAX];
    if (!realpath(cli->data, data)) return cli_fail("%s: %s", cli->data, strerror(errno));
    (void)snprintf(store, sizeof store, "%s/store.db", cli->data);
    if (access(store, F_OK) && errno == ENOENT)
        return cli_fail("%s is no data folder: there is no store in it", cli->data);
    if (access(store, R_OK))
        return cli_fail("%s: %s; back up as root or as its owner", store, strerror(errno));
    if (!full_path(cli->backup, to)) return cli_fail("%s: %s", cli->backup, strerror(errno));
    if (is_below(to, data))
        return cli_fail("%s lies in the data folder; a backup belongs elsewhere", cli->backup);
    return 0;
}

/* Segments are held open while they are copied: how many may be, beside everything else. */
static size_t raise_descriptors(void) {
    enum { SPARED = 64 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return SPARED;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < 2 * SPARED) return SPARED;
    return (size_t)limit.rlim_cur - SPARED;
}

/* ---- backup ---- */

/* The store first, so that what it needs of the other files is not older than it. */
static int take(struct backup *backup, const char *data, const struct backup_manifest *previous,
                struct backup_manifest *manifest) {
    int result = backup_take_store(backup, data, previous, manifest);
    if (result == 0) result = backup_take_files(backup, data, manifest);
    return result ? result : backup_finish(backup, manifest);
}

static void say(struct backup_session *session, const struct backup_manifest *manifest,
                const struct backup_swept *swept) {
    char bytes[WORDS_BYTES];
    char new_bytes[WORDS_BYTES];
    json_t *answer = backup_snapshot_json(manifest);
    json_object_set_new(answer, "removed_snapshots", json_integer((json_int_t)swept->snapshots));
    json_object_set_new(answer, "freed_bytes", json_integer((json_int_t)swept->bytes));
    json_object_set_new(answer, "complete", json_boolean(!session->backup.has_damage));
    backup_session_notes(session, answer);
    if (session->cli->is_json)
        backup_print_json(answer);
    else
        (void)printf("snapshot %" PRIu64 " in %s: %s, %s of it new\n", manifest->number, session->cli->backup,
                     bytes_text(bytes, manifest->bytes), bytes_text(new_bytes, manifest->new_bytes));
    json_decref(answer);
}

static int run_backup(struct backup_session *session) {
    struct backup_manifest previous;
    struct backup_manifest manifest;
    struct backup_swept swept;
    backup_manifest_init(&previous);
    backup_manifest_init(&manifest);
    int result = backup_load_newest(&session->backup, &previous);
    bool has_previous = result == 0;
    if (result == -ENOENT) result = 0;
    if (result == 0)
        result = take(&session->backup, session->cli->data, has_previous ? &previous : NULL, &manifest);
    if (result == 0) result = backup_sweep(&session->backup, session->cli->keep, &swept);
    if (result == 0) say(session, &manifest, &swept);
    backup_manifest_free(&previous);
    backup_manifest_free(&manifest);
    if (result) return backup_session_fail(session, result);
    return session->backup.has_damage ? EXIT_FAILED : EXIT_DONE;
}

static int backup_main(struct backup_session *session) {
    int status = check_folders(session->cli);
    if (status) return status;
    session->backup.segments_held_max = raise_descriptors();
    int result = backup_open(&session->backup);
    return result ? backup_session_fail(session, result) : run_backup(session);
}

/* ---- list ---- */

static void print_snapshot(const json_t *snapshot) {
    char bytes[WORDS_BYTES];
    char new_bytes[WORDS_BYTES];
    json_int_t number = json_integer_value(json_object_get(snapshot, "snapshot"));
    if (json_is_true(json_object_get(snapshot, "damaged"))) {
        (void)printf("%6" JSON_INTEGER_FORMAT "  damaged\n", number);
        return;
    }
    (void)printf("%6" JSON_INTEGER_FORMAT "  %s  %s, %s of it new\n", number,
                 json_string_value(json_object_get(snapshot, "taken")),
                 bytes_text(bytes, (uint64_t)json_integer_value(json_object_get(snapshot, "bytes"))),
                 bytes_text(new_bytes, (uint64_t)json_integer_value(json_object_get(snapshot, "new_bytes"))));
}

static json_t *describe(struct backup *backup, uint64_t number) {
    struct backup_manifest manifest;
    backup_manifest_init(&manifest);
    json_t *snapshot = backup_load(backup, number, &manifest) == 0
                           ? backup_snapshot_json(&manifest)
                           : json_pack("{s:I, s:b}", "snapshot", (json_int_t)number, "damaged", true);
    backup_manifest_free(&manifest);
    return snapshot;
}

static int list_main(struct backup_session *session) {
    uint64_t *numbers = NULL;
    size_t count = 0;
    int result = backup_open_existing(&session->backup);
    if (result == 0) result = backup_list(&session->backup, &numbers, &count);
    if (result) return backup_session_fail(session, result);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *snapshot = describe(&session->backup, numbers[i]);
        if (!session->cli->is_json) print_snapshot(snapshot);
        json_array_append_new(list, snapshot);
    }
    json_t *answer = json_pack("{s:o}", "snapshots", list);
    if (session->cli->is_json) backup_print_json(answer);
    if (!session->cli->is_json && count == 0) (void)printf("no snapshots\n");
    json_decref(answer);
    return EXIT_DONE;
}

/* ---- verify ---- */

struct faults_said {
    struct backup_session *session;
    json_t *lines;
};

static void say_fault(void *context, struct slice line) {
    struct faults_said *said = context;
    backup_session_hush(said->session);
    json_array_append_new(said->lines, json_stringn_nocheck((const char *)line.ptr, line.len));
    if (!said->session->cli->is_json) (void)printf("%.*s\n", SLICE_PRINT(line));
}

static int verify_main(struct backup_session *session) {
    struct faults_said said = {session, json_array()};
    struct backup_report report = {0};
    char bytes[WORDS_BYTES];
    int result = backup_open_existing(&session->backup);
    if (result == 0) result = backup_verify(&session->backup, say_fault, &said, &report);
    json_t *answer =
        json_pack("{s:b, s:I, s:I, s:I, s:I, s:o}", "clean", report.faults == 0, "snapshots",
                  (json_int_t)report.snapshots, "parts", (json_int_t)report.parts, "bytes",
                  (json_int_t)report.bytes, "faults", (json_int_t)report.faults, "lines", said.lines);
    backup_session_hush(session);
    if (result == 0 && session->cli->is_json)
        backup_print_json(answer);
    else if (result == 0)
        (void)printf("%" PRIu64 " snapshots, %" PRIu64 " parts, %s, %" PRIu64 " faults\n", report.snapshots,
                     report.parts, bytes_text(bytes, report.bytes), report.faults);
    json_decref(answer);
    if (result) return backup_session_fail(session, result);
    return report.faults ? EXIT_FAILED : EXIT_DONE;
}

/* ---- the command ---- */

int command_backup(struct cli *cli) {
    static const struct {
        const char *word;
        int (*run)(struct backup_session *session);
    } verbs[] = {{"list", list_main}, {"verify", verify_main}};
    int (*run)(struct backup_session * session) = cli->word_count ? NULL : backup_main;
    for (size_t i = 0; cli->word_count && i < sizeof verbs / sizeof verbs[0]; i++)
        if (slice_equal(cli->words[0], slice_from_text(verbs[i].word))) run = verbs[i].run;
    if (!run) return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[0]));
    if (!cli->word_count && !cli->data) return cli_misuse(cli, "--data is missing");
    if (cli->keep == 0) return cli_misuse(cli, "--keep needs at least 1: the new snapshot itself");
    struct backup_session session;
    backup_session_start(&session, cli);
    int status = run(&session);
    backup_session_end(&session);
    return status;
}
