/*
 * The disk under a run: what of each file and folder is durable, and what was asked for since and may
 * or may not be there after a power cut. The model:
 *
 * - A sync of a file makes durable what was written to it, and its size, before the sync was asked for.
 * - Of the writes since, each sector is as it was durable or as any of them left it, each sector for
 *   itself, whatever came first. A sector is never half new, and never older than what it was before.
 * - The size is the durable one or any since. What lies below it and was never written is zero, or
 *   anything at all.
 * - A sync of a folder makes its names durable. Of the names made, renamed and removed since, each is
 *   done or not; one that needs another of the same name first has it. A rename is done or not.
 *   A sync of a file says nothing of its name.
 */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#include "log.h"

enum file_class {
    CLASS_OTHER,
    CLASS_DATABASE,
    CLASS_LOG,
    CLASS_SEGMENT,
    /* SQLite's index of the log: memory that happens to be a file. */
    CLASS_INDEX,
    CLASS_FOLDER,
    CLASSES,
};

/* Of a file: bytes or a new size. */
struct change {
    uint64_t number; /* of its record */
    bool is_truncation;
    uint64_t offset; /* or the size */
    struct slice bytes;
};

struct name {
    struct slice text;
    struct node *node;
};
/* Of a folder: a name made (node), removed (neither) or renamed (to). */
struct name_change {
    uint64_t number;
    struct slice text;
    struct slice to;
    struct node *node;
};
struct names {
    struct name *list;
    size_t count;
};

struct sync {
    uint64_t number;
    uint64_t asked;
};

struct node {
    uint64_t inode;
    enum file_class class;
    /* Its last. */
    struct slice name;
    uint8_t *bytes;
    uint64_t size;
    struct change *changes;
    size_t change_count;
    struct names durable;
    struct names live;
    struct name_change *name_changes;
    size_t name_change_count;
    struct sync *syncs;
    size_t sync_count;
};

struct disk {
    struct slice root_path;
    struct node *root;
    struct node **nodes;
    size_t node_count;
    /* Syncs that are taken for not done, a mistake that must be found; empty: none. */
    struct slice forgotten;
    /* There is a write-ahead log: the database is synced by checkpoints from here on. */
    bool has_log;
    /* Rises when something became durable. */
    uint64_t settled;
};

/* A disk with an empty folder, that of the run. `forgotten` is "log", "segment", "checkpoint", "folder",
   or the name of one folder. */
void disk_start(struct disk *disk, const struct log_file *log, struct slice forgotten);
/* Ends the process where the record says something that the model has no words for. */
void disk_apply(struct disk *disk, const struct record *record);
/* Whether a power cut now leaves a choice. */
bool disk_is_settled(const struct disk *disk);

/* For images: the names of a folder with these changes of it done. */
struct names names_with(const struct node *folder, const bool *is_done);
void names_free(struct names *names);

#endif
