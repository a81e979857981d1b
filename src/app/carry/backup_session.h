/*
 * What backup and restore share: a backup opened for a command, its progress on a terminal, its one
 * line of error, and a snapshot in words and as JSON.
 */
#ifndef APP_BACKUP_SESSION_H
#define APP_BACKUP_SESSION_H

#include <jansson.h>

#include "app/cli/cli.h"
#include "app/settings/bytes_text.h"
#include "io/real/log_sink.h"
#include "store/backup.h"

struct backup_session {
    struct cli *cli;
    struct backup backup;
    struct log_sink sink;
    struct env *env;
    bool is_terminal;
    int64_t shown_ms;
};

/* What it makes is for its user alone: files are 0600, folders 0700, until they get modes of their own. */
void backup_session_start(struct backup_session *session, struct cli *cli);
void backup_session_end(struct backup_session *session);
/* Says why; EXIT_FAILED. */
int backup_session_fail(struct backup_session *session, int result);
/* Takes the progress off the terminal. */
void backup_session_hush(struct backup_session *session);
/* Notes go to standard error, and into `answer` as an array. */
void backup_session_notes(struct backup_session *session, json_t *answer);

/* {"snapshot": N, "taken": "...", "bytes": ..., ...} */
json_t *backup_snapshot_json(const struct backup_manifest *manifest);
void backup_print_json(json_t *answer);

#endif
