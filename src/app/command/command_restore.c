/* restore: a snapshot becomes a data folder, then all of it is checked. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/carry/backup_session.h"
#include "app/carry/restore_folder.h"
#include "app/cli/admin_client.h"

static int choose(struct backup_session *session, struct backup_manifest *manifest) {
    struct backup *backup = &session->backup;
    uint64_t number = session->cli->snapshot;
    int result = number ? backup_load(backup, number, manifest) : backup_load_newest(backup, manifest);
    if (result == -ENOENT)
        backup->error = number ? arena_printf(backup->arena,
                                              "%s has no snapshot %" PRIu64 "; posthaste backup list --to %s "
                                              "shows those it has",
                                              backup->folder, number, backup->folder)
                               : arena_printf(backup->arena, "%s has no whole snapshot", backup->folder);
    else if (result)
        (void)backup_fail(backup, result, "%s: snapshot %" PRIu64, backup->folder, number);
    return result;
}

static json_t *check(struct cli *cli) {
    struct admin_request request = {.words = {SLICE("verify")}, .word_count = 1};
    /* What the store makes from here on is as when it is served. */
    (void)umask(027);
    return admin_ask(cli->data, &request);
}

static void say(struct backup_session *session, const struct backup_manifest *manifest, json_t *report) {
    char bytes[WORDS_BYTES];
    char taken[WORDS_BYTES];
    json_t *answer = backup_snapshot_json(manifest);
    json_object_set(answer, "verify", report);
    backup_session_notes(session, answer);
    if (session->cli->is_json)
        backup_print_json(answer);
    else
        (void)printf("snapshot %" PRIu64 " of %s is restored to %s: %s, %" JSON_INTEGER_FORMAT
                     " messages, %" JSON_INTEGER_FORMAT " faults\nNext: posthaste serve --data %s\n",
                     manifest->number, moment_text(taken, manifest->taken_ms), session->cli->data,
                     bytes_text(bytes, manifest->bytes),
                     json_integer_value(json_object_get(report, "messages")),
                     json_integer_value(json_object_get(report, "faults")), session->cli->data);
    json_decref(answer);
}

/* The folder stays whatever the check says: what it found is in the snapshot. */
static int check_and_say(struct backup_session *session, const struct backup_manifest *manifest,
                         struct restore_folder *folder) {
    backup_session_hush(session);
    json_t *report = check(session->cli);
    const char *error = json_string_value(json_object_get(report, "error"));
    bool is_clean = json_is_true(json_object_get(report, "clean"));
    int status = is_clean ? EXIT_DONE : EXIT_FAILED;
    int result = error ? 0 : restore_folder_finish(folder);
    if (error)
        status = cli_fail("restored, but it cannot be checked: %s", error);
    else if (result)
        status = backup_session_fail(session, result);
    else
        say(session, manifest, report);
    json_decref(report);
    return status;
}

static int restore(struct backup_session *session, struct backup_manifest *manifest) {
    struct restore_folder folder = {.marker = -1};
    int result = backup_open_existing(&session->backup);
    if (result == 0) result = choose(session, manifest);
    if (result == 0) result = restore_folder_open(&folder, &session->backup, session->cli->data, manifest);
    if (result == 0) result = restore_folder_fill(&folder);
    int status = EXIT_FAILED;
    if (result == 0)
        status = check_and_say(session, manifest, &folder);
    else if (result != -ECANCELED)
        status = backup_session_fail(session, result);
    restore_folder_close(&folder);
    return status;
}

int command_restore(struct cli *cli) {
    struct backup_session session;
    struct backup_manifest manifest;
    backup_session_start(&session, cli);
    backup_manifest_init(&manifest);
    int status = restore(&session, &manifest);
    backup_manifest_free(&manifest);
    backup_session_end(&session);
    return status;
}
