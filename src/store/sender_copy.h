/*
 * Copies of letters that are to be in Sent of an outside mailbox whose provider keeps none. One is put here
 * by the commit that lets the letter go, with all of its content, and becomes due when the letter has left;
 * the remote role's watcher (outreach/watch.h) puts it into the folder and says so, and it is gone. So it
 * survives whatever dies between. What cannot be put there is tried again with growing pauses, for a week;
 * then only the fact and its cause are kept, for people to see.
 *
 * Calls without a task read only, and do not wait.
 */
#ifndef STORE_SENDER_COPY_H
#define STORE_SENDER_COPY_H

#include "store/campaign_model.h"
#include "store/commit.h"
#include "store/engine.h"
#include "store/sender_model.h"

#define SENDER_COPY_TABLES                                                                                  \
    "CREATE TABLE outreach_copy (id INTEGER PRIMARY KEY, sender INTEGER NOT NULL, due_ms INTEGER NOT "      \
    "NULL,"                                                                                                 \
    " tries INTEGER NOT NULL, cause INTEGER NOT NULL, detail TEXT NOT NULL, content BLOB NOT NULL) STRICT;" \
    "CREATE INDEX outreach_copy_due ON outreach_copy (sender, due_ms);"

/* ---- in the commits of campaigns ---- */

/* `sent` goes now. Nothing where `content` is empty: nobody needs a copy. */
void sender_copy_put(struct commit *commit, uint64_t sent, uint64_t sender, struct slice content);
/* What became of the letter: SENT makes the copy due, UNKNOWN keeps it, any other end drops it. */
void sender_copy_follow(struct commit *commit, uint64_t sent, enum sent_state state);
/* The sender is gone; or all that is known of a person goes. */
void sender_copy_forget(struct commit *commit, uint64_t sender);
void sender_copy_erase(struct commit *commit, uint64_t contact);

/* ---- for who puts them into Sent ---- */

struct sender_copy {
    uint64_t id;
    /* Without brackets. */
    struct slice message_id;
    struct slice content;
};
/* The one that is due longest; in `arena`. STORE_NOT_FOUND: none is due. */
enum store_result engine_copy_next(struct engine *engine, struct arena *arena, uint64_t sender,
                                   int64_t now_ms, struct sender_copy *copy);
/* It is there (SENDER_CAUSE_NONE), or why it could not be put there. STORE_OK also where it is no longer
   known. Waits. */
enum store_result engine_copy_end(struct task *t, struct engine *engine, struct slice message_id,
                                  enum sender_cause cause, struct slice detail);

/* ---- for people ---- */

/* One that is not in Sent yet though the letter has left. */
struct sender_copy_state {
    /* Those that wait; those that were given up. */
    uint64_t waiting;
    uint64_t lost;
    /* Of the last that failed; NONE: none did. */
    enum sender_cause cause;
    struct slice detail;
};
/* Of all of a sender, or of one letter (`sent`, else 0). */
enum store_result engine_copy_state(struct engine *engine, struct arena *arena, uint64_t sender,
                                    uint64_t sent, struct sender_copy_state *state);

#endif
