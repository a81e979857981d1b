/*
 * The newest state of a selected mailbox, one for all sessions of the role that have it
 * selected: which UIDs there are, and the modseq up to which that is known. A session has its
 * own handle on a UID set (what its client has been told); sessions that were told the same
 * share the same bytes, because sets are copied on write.
 *
 * A refresh reads forward from what is known, in several short reads. Between them the store
 * may commit more: then the set is newer than `modseq`, and what lies between is read again
 * next time, which changes nothing.
 */
#ifndef IMAP_IMAP_VIEW_H
#define IMAP_IMAP_VIEW_H

#include "base/list.h"
#include "base/uid_set.h"
#include "imap/imap_server.h"

struct imap_view {
    uint64_t mailbox;
    /* imap_session.in_view */
    struct list sessions;
    struct uid_set uids;
    uint64_t modseq;
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint32_t unseen_count;
    bool is_loaded;
};

/* The mailbox's view, made if need be, with one session more. Not yet refreshed. */
struct imap_view *imap_view_join(struct imap_server *server, uint64_t mailbox, struct list *session);
/* One session less; the last one frees the view. Nulls *view. */
void imap_view_leave(struct imap_server *server, struct imap_view **view, struct list *session);
/* Brings the view up to date. STORE_NOT_FOUND: the mailbox is gone. Does not wait. */
enum store_result imap_view_refresh(struct imap_view *view, struct reader *reader);

/* Walks the change log of a mailbox above a modseq, in batches; some changes may come twice. */
struct imap_changes {
    struct reader *reader;
    /* Reset with every batch. */
    struct arena *arena;
    uint64_t mailbox;
    uint64_t modseq;
    struct change *changes;
    size_t count;
    bool is_at_end;
};
/* The next batch; count 0 is the end. STORE_REFUSED: the log does not reach back that far, or one
   commit changed more than a batch holds: look at everything instead. Does not wait. */
enum store_result imap_changes_next(struct imap_changes *walk);

/* Walks the members of one set that are not in the other, as ascending ranges. */
struct uid_set_difference {
    const struct uid_set *from;
    const struct uid_set *without;
    struct uid_set_cursor from_cursor;
    struct uid_set_cursor without_cursor;
    struct number_range left;
    struct number_range hole;
    bool has_left;
    bool has_hole;
};
struct uid_set_difference uid_set_difference_start(const struct uid_set *from, const struct uid_set *without);
bool uid_set_difference_next(struct uid_set_difference *walk, struct number_range *range);

#endif
