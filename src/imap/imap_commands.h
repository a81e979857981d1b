/*
 * The table of commands after login: which handler runs a command, in which states it is
 * allowed, and what may be told of other sessions' doings before its tagged reply. The handlers
 * stand in one file a group; none repeats a check that its row makes.
 */
#ifndef IMAP_IMAP_COMMANDS_H
#define IMAP_IMAP_COMMANDS_H

#include "imap/imap_session.h"

typedef struct imap_answer imap_handler(struct task *t, struct imap_call *call);

enum imap_need {
    IMAP_NEED_NOTHING,
    /* A mailbox is selected. */
    IMAP_NEED_SELECTED,
    /* And not read-only. */
    IMAP_NEED_WRITABLE,
};

enum imap_sync_kind {
    IMAP_SYNC_NONE,
    /* Everything but EXPUNGE, which would shift numbers (RFC 9051 7.5.1). */
    IMAP_SYNC_WITHOUT_EXPUNGE,
    IMAP_SYNC_ALL,
};

struct imap_row {
    enum imap_command_kind kind;
    enum imap_need need;
    enum imap_sync_kind sync;
    imap_handler *run;
};

/* NULL: the command is known to the grammar only, or belongs before login. */
const struct imap_row *imap_row_find(enum imap_command_kind kind);

imap_handler imap_run_capability;
imap_handler imap_run_noop;
imap_handler imap_run_logout;
imap_handler imap_run_id;
imap_handler imap_run_enable;
imap_handler imap_run_namespace;
imap_handler imap_run_again;
imap_handler imap_run_select;
imap_handler imap_run_close;
imap_handler imap_run_unselect;
imap_handler imap_run_create;
imap_handler imap_run_delete;
imap_handler imap_run_rename;
imap_handler imap_run_subscribe;
imap_handler imap_run_list;
imap_handler imap_run_lsub;
imap_handler imap_run_status;
imap_handler imap_run_append;
imap_handler imap_run_idle;
imap_handler imap_run_expunge;
imap_handler imap_run_search;
imap_handler imap_run_fetch;
imap_handler imap_run_store;
imap_handler imap_run_copy;

#endif
