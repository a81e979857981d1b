#include "app/carry/backup_session.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/real/loop.h"

enum { SHOW_EVERY_MS = 200 };

static void show(void *context, uint64_t done, uint64_t total) {
    struct backup_session *session = context;
    char done_text[WORDS_BYTES];
    char total_text[WORDS_BYTES];
    int64_t now_ms = env_now_ms(session->env);
    if (!session->is_terminal || now_ms - session->shown_ms < SHOW_EVERY_MS) return;
    session->shown_ms = now_ms;
    (void)fprintf(stderr, "\r%s of %s, %u %%\033[K", bytes_text(done_text, done),
                  bytes_text(total_text, total), (unsigned)(total ? done * 100 / total : 100));
}

void backup_session_hush(struct backup_session *session) {
    if (session->is_terminal && session->shown_ms) (void)fputs("\r\033[K", stderr);
    session->shown_ms = 0;
}

void backup_session_start(struct backup_session *session, struct cli *cli) {
    *session = (struct backup_session){.cli = cli, .is_terminal = isatty(STDERR_FILENO) == 1};
    (void)umask(077);
    log_sink_init(&session->sink, cli->command->name);
    session->sink.log.least = LOG_LEVEL_ERROR;
    session->env = real_env_new(&session->sink.log);
    backup_init(&session->backup, session->env, cli->backup);
    session->backup.step = show;
    session->backup.context = session;
}

void backup_session_end(struct backup_session *session) {
    backup_session_hush(session);
    backup_close(&session->backup);
    real_env_free(&session->env);
}

int backup_session_fail(struct backup_session *session, int result) {
    struct slice error = session->backup.error;
    backup_session_hush(session);
    if (error.len) return cli_fail("%.*s", SLICE_PRINT(error));
    return cli_fail("%s: %s", session->cli->backup, strerror(-result));
}

void backup_session_notes(struct backup_session *session, json_t *answer) {
    const struct slice *notes = (const void *)session->backup.notes.ptr;
    json_t *list = json_array();
    backup_session_hush(session);
    for (size_t i = 0; i < session->backup.notes.len / sizeof *notes; i++) {
        (void)fprintf(stderr, "posthaste: %.*s\n", SLICE_PRINT(notes[i]));
        json_array_append_new(list, json_stringn_nocheck((const char *)notes[i].ptr, notes[i].len));
    }
    json_object_set_new(answer, "notes", list);
}

json_t *backup_snapshot_json(const struct backup_manifest *manifest) {
    char taken[WORDS_BYTES];
    return json_pack("{s:I, s:s, s:I, s:I, s:I, s:s}", "snapshot", (json_int_t)manifest->number, "taken",
                     moment_text(taken, manifest->taken_ms), "files", (json_int_t)backup_file_count(manifest),
                     "bytes", (json_int_t)manifest->bytes, "new_bytes", (json_int_t)manifest->new_bytes,
                     "version", manifest->version);
}

void backup_print_json(json_t *answer) {
    (void)json_dumpf(answer, stdout, JSON_INDENT(2));
    (void)putchar('\n');
}
