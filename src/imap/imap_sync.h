/*
 * The sync point: what a session's client is told of the selected mailbox at the end of a
 * command and while it idles (RFC 9051 5.2, 7.5): EXPUNGE or VANISHED, EXISTS, and changed
 * flags, in this order, so that numbers are always those the client has in mind.
 *
 * Expunges are the difference between what the client knows and the newest view, flag changes
 * come from the mailbox's log. A message that is gone but may not be told yet stays in the
 * session's set, and is told at the next sync point that allows it.
 */
#ifndef IMAP_IMAP_SYNC_H
#define IMAP_IMAP_SYNC_H

#include "imap/imap_session.h"

/* Tells all that is new, without EXPUNGE where numbers must not shift. Changes of call->own_modseq
   are left out. Where the mailbox is gone, or cannot be read, the session is told BYE and closed. Waits while
   the client reads slowly. */
void imap_sync(struct task *t, struct imap_call *call, bool with_expunge);

/* Which parts of `* n FETCH (...)` imap_report_flags writes, and of which entries. */
struct imap_flag_report {
    struct uid_ranges uids;
    bool with_flags;
    /* Only entries changed after this modseq. */
    uint64_t above_modseq;
    /* Only entries whose last change is not this one; 0: all. */
    uint64_t except_modseq;
};
/* Writes FETCH lines with the flags of entries that the client knows. False: the connection is gone, or they
   cannot be read and the session is told BYE. */
bool imap_report_flags(struct task *t, struct imap_call *call, const struct imap_flag_report *report);

/* `* VANISHED (EARLIER) ...` for what the client knows of `known` and is no more (RFC 7162 3.2.10). */
void imap_report_vanished(struct imap_call *call, const struct uid_set *known, bool is_earlier);

#endif
