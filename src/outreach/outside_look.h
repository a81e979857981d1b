/*
 * What is new in an outside mailbox: all folders that can be selected (but Drafts, and those that only
 * show what is in others: \Flagged, \Important; in \All there may be what is nowhere else: what a filter
 * archives), from where the last look ended, by UID within UIDVALIDITY
 * (RFC 9051 2.3.1.1). With QRESYNC or CONDSTORE (RFC 7162), or else STATUS, folders without news are passed
 * over. Nothing is marked as read. A folder that is seen for the first time starts at its end, but INBOX and
 * Junk of a mailbox that is looked at anew after UIDVALIDITY changed are read from `since_ms` on.
 */
#ifndef OUTREACH_OUTSIDE_LOOK_H
#define OUTREACH_OUTSIDE_LOOK_H

#include "outreach/outside.h"

/* A message that came since the last look, also one that somebody moved here. */
struct outside_news {
    uint64_t sender;
    /* As the server writes it. */
    struct slice folder;
    /* A set of enum imap_folder_use. */
    unsigned folder_use;
    uint32_t uidvalidity;
    uint32_t uid;
    /* A set of enum imap_client_flag. */
    unsigned flags;
    int64_t received_ms;
    /* Of the whole message. */
    uint64_t bytes;
    /* Its beginning: header and text, at most OUTREACH_LOOK_BYTES_MAX. */
    struct slice content;
};
/* Takes it: when it returns true the folder counts as looked at up to and with this message. False: not now;
   the look ends with it, and the next one begins with this message again. May wait. */
typedef bool outside_news_fn(struct task *t, void *context, const struct outside_news *news);

/* Looks at all folders; connects where that is needed. True: all was looked at. False: *trouble (in `arena`),
   NONE: `take` said no. outside->folders says how far it got, in any case. Waits. */
NODISCARD bool outside_look(struct task *t, struct outside *outside, struct arena *arena,
                            outside_news_fn *take, void *context, struct outside_trouble *trouble);
/* The same, for who is about to send: with other folders a slow server may take minutes, so INBOX is looked
   into again until what is known of it is at most OUTREACH_LOOK_FRESH_MS old. False with NONE: it never was.
   Waits. */
NODISCARD bool outside_look_freshly(struct task *t, struct outside *outside, struct arena *arena,
                                    outside_news_fn *take, void *context, struct outside_trouble *trouble);

#endif
