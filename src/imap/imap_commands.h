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

/* OK, for QRESYNC clients with [HIGHESTMODSEQ] of an expunge; `modseq` 0: nothing went (expunge.c). */
struct imap_answer imap_answer_expunged(struct imap_call *call, uint64_t modseq, struct slice text);

struct imap_answer imap_run_capability(struct task *t, struct imap_call *call);
struct imap_answer imap_run_noop(struct task *t, struct imap_call *call);
struct imap_answer imap_run_logout(struct task *t, struct imap_call *call);
struct imap_answer imap_run_id(struct task *t, struct imap_call *call);
struct imap_answer imap_run_enable(struct task *t, struct imap_call *call);
struct imap_answer imap_run_namespace(struct task *t, struct imap_call *call);
struct imap_answer imap_run_again(struct task *t, struct imap_call *call);
struct imap_answer imap_run_select(struct task *t, struct imap_call *call);
struct imap_answer imap_run_close(struct task *t, struct imap_call *call);
struct imap_answer imap_run_unselect(struct task *t, struct imap_call *call);
struct imap_answer imap_run_create(struct task *t, struct imap_call *call);
struct imap_answer imap_run_delete(struct task *t, struct imap_call *call);
struct imap_answer imap_run_rename(struct task *t, struct imap_call *call);
struct imap_answer imap_run_subscribe(struct task *t, struct imap_call *call);
struct imap_answer imap_run_list(struct task *t, struct imap_call *call);
struct imap_answer imap_run_lsub(struct task *t, struct imap_call *call);
struct imap_answer imap_run_status(struct task *t, struct imap_call *call);
struct imap_answer imap_run_append(struct task *t, struct imap_call *call);
struct imap_answer imap_run_idle(struct task *t, struct imap_call *call);
struct imap_answer imap_run_compress(struct task *t, struct imap_call *call);
struct imap_answer imap_run_getquota(struct task *t, struct imap_call *call);
struct imap_answer imap_run_getquotaroot(struct task *t, struct imap_call *call);
struct imap_answer imap_run_expunge(struct task *t, struct imap_call *call);
struct imap_answer imap_run_search(struct task *t, struct imap_call *call);
struct imap_answer imap_run_fetch(struct task *t, struct imap_call *call);
struct imap_answer imap_run_store(struct task *t, struct imap_call *call);
struct imap_answer imap_run_copy(struct task *t, struct imap_call *call);

#endif
