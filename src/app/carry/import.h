/*
 * Import: mail of an mbox or a Maildir, into one account. The scan finds the folders of the source
 * and decides which mailboxes they become; then each folder's reader feeds its messages one after
 * the other to an import_item, which does with the bytes what IMAP APPEND does, and knows by the
 * journal what came before; items are committed in batches, several under way at a time.
 *
 * A message that cannot come is noted (import_fault) and the rest goes on. What ends the run at once
 * (the disk, the quota, the server) is in `stopped`; what was committed stays, and the next run goes
 * on from there.
 */
#ifndef APP_IMPORT_H
#define APP_IMPORT_H

#include <jansson.h>
#include <openssl/evp.h>

#include "app/cli/store_door.h"
#include "base/limits.h"
#include "base/map.h"
#include "intake/intake.h"
#include "wire/canonical_lines.h"
#include "wire/mbox.h"

enum import_kind { IMPORT_MBOX, IMPORT_MAILDIR };

/* A folder of the source. */
struct import_folder {
    enum import_kind kind;
    const char *path;
    /* Its name, UTF-8 with slashes; INBOX for the first of a Maildir. */
    struct slice source;
    /* The mailbox it becomes. */
    struct slice target;
    bool is_subscribed;
    /* 0: not looked up or made yet. */
    uint64_t mailbox;
    uint64_t messages;
    uint64_t imported;
    uint64_t known;
    uint64_t left_out;
    uint64_t bytes;
};

struct import_fault {
    struct slice file;
    uint64_t offset;
    struct slice reason;
};

struct import_batch;

struct import {
    struct env *env;
    struct store_door *door;
    struct arena *arena;
    const char *path;
    struct slice address;
    /* --folder, or empty. */
    struct slice folder;
    bool is_dry_run;
    bool is_json;
    enum mbox_quoting quoting;
    uint64_t message_bytes_max;
    uint64_t account;
    struct intake_pool *pool;
    struct import_folder *folders;
    size_t folder_count;
    /* How often the same bytes came to the same mailbox in this run. */
    struct map *seen;
    struct scope scope;
    struct gate batch_ended;
    size_t batches_under_way;
    struct import_batch *batch;
    struct import_fault faults[IMPORT_FAULTS_KEPT];
    size_t fault_count;
    uint64_t left_out;
    uint64_t messages;
    uint64_t told_ms;
    /* One line, or NULL. */
    const char *stopped;
};

/* ---- import_scan.c, import_target.c: before anything is read ---- */
/* Finds the folders below `path`. NULL, or why there is nothing to import. */
NODISCARD const char *import_scan(struct import *import);
/* Decides which mailbox each becomes, and reads what is subscribed. */
NODISCARD const char *import_map_folders(struct import *import);
/* Finds or makes the folder's mailbox. */
NODISCARD enum store_result import_target(struct task *t, struct import *import,
                                          struct import_folder *folder);

/* ---- import_maildir.c, import_mbox.c: one folder ---- */
void import_maildir(struct task *t, struct import *import, struct import_folder *folder);
void import_mbox(struct task *t, struct import *import, struct import_folder *folder);

/* ---- import_item.c: one message ---- */
struct import_item {
    struct import *import;
    struct import_folder *folder;
    struct slice file;
    uint64_t offset;
    unsigned flags;
    struct slice keywords[MBOX_KEYWORDS_MAX];
    size_t keyword_count;
    /* INTERNALDATE; without one it is the Date field's, else `otherwise_ms`. */
    bool has_date;
    int64_t saved_ms;
    int64_t otherwise_ms;
    /* Private. */
    struct canonical_lines lines;
    EVP_MD_CTX *hash;
    struct buffer piece;
    struct buffer held;
    struct intake *intake;
    enum intake_result result;
    uint64_t bytes;
    bool has_nul;
    bool is_too_large;
    uint8_t source[IMPORT_SOURCE_BYTES];
};

/* One item is used for all messages of a folder. */
void import_item_init(struct import_item *item, struct import *import, struct import_folder *folder);
void import_item_free(struct import_item *item);
/* A message begins at `offset` of `file`; what the last one left is forgotten. */
void import_item_begin(struct import_item *item, struct slice file, uint64_t offset);
void import_item_feed(struct task *t, struct import_item *item, struct slice bytes);
/* The message is whole: it is passed over, noted as left out, or goes into the batch. */
void import_item_end(struct task *t, struct import_item *item);

/* ---- import_batch.c ---- */
/* Adds it to the batch under way; waits while too many are. Takes the intake over. */
void import_batch_add(struct task *t, struct import_item *item, const struct append *append);
/* Commits what is left and waits for all. */
void import_batch_finish(struct task *t, struct import *import);

/* ---- import_report.c ---- */
/* Notes that something of the folder (or of none: NULL) was left out. */
void import_fault(struct import *import, struct import_folder *folder, struct slice file, uint64_t offset,
                  const char *reason);
/* A line of progress now and then. */
void import_progress(struct import *import, const struct import_folder *folder);
/* The end: in words, or as JSON. The exit status. */
int import_report(struct import *import);

#endif
