/*
 * What a data folder holds besides the store: configuration, certificates, keys, and whatever may be
 * added. Taken by what is there, not by a list of names. The folder belongs to the store's user and
 * root reads it, so nothing is followed that could lead out of it: links are kept as links.
 */
#ifndef APP_BACKUP_FILES_H
#define APP_BACKUP_FILES_H

#include "store/backup.h"

/* Adds them to the manifest. 0, or a negated errno with backup->error. */
NODISCARD int backup_take_files(struct backup *backup, const char *data, struct backup_manifest *manifest);

#endif
