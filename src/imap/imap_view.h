/*
 * The newest state of a selected mailbox, one for all sessions of the role that have it
 * selected: which UIDs there are, and the modseq up to which that is known. A session has its
 * own handle on a UID set (what its client has been told); sessions that were told the same
 * share the same bytes, because sets are copied on write. It stays for a while when the last of
 * them leaves, so that to select a mailbox again costs no more than what changed since.
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
    /* Linked while there are none; so many bytes were counted for it. */
    struct list in_kept;
    size_t kept_bytes;
    struct uid_set uids;
    uint64_t modseq;
    /* The first message that was not \\Seen when the view had this modseq; 0: not looked up. */
    uint64_t first_unseen_modseq;
    uint32_t first_unseen_uid;
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint32_t unseen_count;
    bool is_loaded;
};

/* The mailbox's view, made if need be, with one session more. Not yet refreshed. */
struct imap_view *imap_view_join(struct imap_server *server, uint64_t mailbox, struct list *session);
/* One session less; nulls *view. A view that the last one left is kept for the next that comes, until
   there are too many. */
void imap_view_leave(struct imap_server *server, struct imap_view **view, struct list *session);
/* Forgets the view, if it is one that no session has. */
void imap_view_forget(struct imap_server *server, struct imap_view *view);
/* Forgets all that no session has. */
void imap_view_forget_kept(struct imap_server *server);
/* Brings the view up to date. `flags_modseq` is that of a commit known to have changed flags only, or 0.
   STORE_NOT_FOUND: the mailbox is gone. Does not wait. */
enum store_result imap_view_refresh(struct imap_view *view, struct reader *reader, uint64_t flags_modseq);
/* The number of the first message in `uids` that is not \Seen, or 0. Does not wait. */
uint32_t imap_view_first_unseen(struct imap_view *view, struct reader *reader, const struct uid_set *uids);

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
