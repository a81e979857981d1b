/*
 * Export: an account's mailboxes as a Maildir++ tree or as mbox files. The folder is new, empty, or
 * has the mark of an earlier export of the same account and form (export_place.c); nothing else is
 * written to. Every file is written under a name that no reader looks at, synced, and renamed to a
 * name that is free. What is there already, by its UIDVALIDITY and UID, is not written again.
 */
#ifndef APP_EXPORT_H
#define APP_EXPORT_H

#include "app/cli/store_door.h"
#include "base/limits.h"
#include "wire/byte_sink.h"

struct export_folder {
    struct mailbox mailbox;
    struct slice *keywords;
    size_t keyword_count;
    const char *path;
    uint64_t written;
    uint64_t kept;
    uint64_t left_out;
};

struct export_fault {
    struct slice mailbox;
    uint32_t uid;
    struct slice reason;
};

struct export {
    struct env *env;
    struct store_door *door;
    struct arena *arena;
    const char *path;
    struct slice address;
    bool is_mbox;
    bool is_json;
    uint64_t account;
    struct export_folder *folders;
    size_t folder_count;
    struct export_fault faults[IMPORT_FAULTS_KEPT];
    size_t fault_count;
    uint64_t left_out;
    uint64_t messages;
    uint64_t told_ms;
    /* One line, or NULL: no more can be done. */
    const char *stopped;
};

/* ---- export_place.c ---- */
/* Makes the folder, or sees that it is ours. NULL, or why not. */
NODISCARD const char *export_place_open(struct export *export);
/* The path of a folder or file below `path`, in the export's arena. */
const char *export_path(struct export *export, const char *path, const char *name);
/* Writes a whole small file of ours in place of the one of before. */
NODISCARD int export_write_file(struct export *export, const char *path, struct slice bytes);
/* The file "subscriptions", as Dovecot has it. */
NODISCARD int export_subscriptions(struct export *export);

/* ---- export_maildir.c, export_mbox.c: one mailbox ---- */
void export_maildir(struct task *t, struct export *export, struct export_folder *folder);
void export_mbox(struct task *t, struct export *export, struct export_folder *folder);

/* ---- export_messages.c ---- */
/* Calls `write` with each message from `first_uid` on, until the export is stopped. */
void export_each(struct task *t, struct export *export, struct export_folder *folder, uint32_t first_uid,
                 void (*write)(void *context, const struct entry *entry), void *context);
/* The message's bytes, with LF; `quotes` for an mbox. STORE_FAILED: they are damaged. */
NODISCARD enum store_result export_bytes(struct export *export, const struct entry *entry, bool quotes,
                                         struct byte_sink sink);

/* ---- export_report.c ---- */
void export_fault(struct export *export, struct export_folder *folder, uint32_t uid, const char *reason);
void export_progress(struct export *export, const struct export_folder *folder);
int export_report(struct export *export);

#endif
