/*
 * The last word to a letter that waits in the queue, right before its transaction with the receiving host
 * begins: hours may lie between the commit that put it there and this. Who has answered meanwhile gets
 * nothing; nothing leaves out of its window, within a gap, or beside another letter of its mailbox; and a
 * letter whose transaction was begun once and never settled, because somebody died, may have arrived: it
 * counts as sent, and is never begun again.
 */
#ifndef STORE_CAMPAIGN_LEAVE_H
#define STORE_CAMPAIGN_LEAVE_H

#include "store/campaign_model.h"
#include "store/engine.h"

struct outreach_leave {
    /* In the queue. */
    uint64_t message;
    /* The same attempt asked before: its last transaction left nothing behind. */
    bool is_again;
    /* Not before then: window and pace, as the office sees them. */
    int64_t at_ms;
    /* After another letter that is on its way. */
    int64_t gap_ms;
};

/* *may_leave: from now on it may be out. False: the queue does not have it any more, or has it for later, as
   the commit left it. What is no letter of outreach may leave. Waits. */
enum store_result engine_outreach_leave(struct task *t, struct engine *engine,
                                        const struct outreach_leave *leave, bool *may_leave);

#endif
