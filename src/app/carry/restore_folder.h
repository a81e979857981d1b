/*
 * The folder that a snapshot is restored into. DIR/restore.partial says which snapshot is being put
 * there, from the first step to the last: with it the same command goes on, without it a folder that
 * has anything in it is refused. Once DIR/store.db is there the folder may have been served, and no
 * file is touched any more. Owners and modes are those that init gives.
 */
#ifndef APP_RESTORE_FOLDER_H
#define APP_RESTORE_FOLDER_H

#include "app/settings/config.h"
#include "store/backup.h"

struct restore_folder {
    struct backup *backup;
    const char *path;
    const struct backup_manifest *manifest;
    struct config config;
    /* The marker, locked. */
    int marker;
    /* The database is there: only owners, modes and the check may be missing. */
    bool has_store;
    uint64_t done_bytes;
};

/* Makes the folder, or takes up one that was begun. 0, or a negated errno with backup->error. */
NODISCARD int restore_folder_open(struct restore_folder *folder, struct backup *backup, const char *path,
                                  const struct backup_manifest *manifest);
/* Everything: files, the database, then owners and modes. -ECANCELED: the reason was said already. */
NODISCARD int restore_folder_fill(struct restore_folder *folder);
/* All was checked: removes the marker. */
NODISCARD int restore_folder_finish(struct restore_folder *folder);
void restore_folder_close(struct restore_folder *folder);

#endif
