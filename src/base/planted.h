/*
 * Planted faults: mistakes of the kind that the simulator is there to find, one at a time, to prove
 * that it does (make sim-proof). They exist only in a build with -Dplanted_faults=true, which is
 * never installed; in any other IS_PLANTED is false and nothing of them is compiled.
 */
#ifndef BASE_PLANTED_H
#define BASE_PLANTED_H

enum planted_fault {
    PLANTED_NOTHING,
    /* A delivery whose outcome is not known is acknowledged. */
    PLANTED_EARLY_ACKNOWLEDGEMENT,
    /* What is acknowledged is committed with the next batch. */
    PLANTED_LATE_COMMIT,
    /* A delivery that is asked again is taken for another one. */
    PLANTED_NEW_ID_AT_RETRY,
    /* Bodies are not synced before the commit that names them. */
    PLANTED_NO_BODY_SYNC,
    /* The database is not synced at a commit. */
    PLANTED_NO_DATABASE_SYNC,
    /* A mailbox that becomes empty begins its UIDs anew. */
    PLANTED_UIDS_ANEW,
    /* What comes to the commit queue while it commits does not wake it. */
    PLANTED_LOST_WAKE,
    /* Who idles is not woken by a store that was started again. */
    PLANTED_LOST_NEWS,
    /* New flags leave the modseq as it was. */
    PLANTED_SAME_MODSEQ,
    /* Who comes back later does not hear of an expunge. */
    PLANTED_UNTOLD_EXPUNGE,
    /* What a remote role had in hand when it died counts as in hand for ever. */
    PLANTED_HELD_BY_THE_DEAD,
    /* A connection that was lost before the answer to a whole message counts as a delivery. */
    PLANTED_LOST_IS_DELIVERED,
    /* What was delivered with the first attempt is tried again. */
    PLANTED_DELIVERED_ONCE_MORE,
    /* What cannot be signed now is sent as it is. */
    PLANTED_SENT_UNSIGNED,
    /* Whether somebody has answered is not asked before a follow-up leaves. */
    PLANTED_ANSWER_UNHEARD,
    /* A letter that was begun and not settled when somebody died is begun again. */
    PLANTED_DOUBT_IS_UNSENT,
    /* A store that was started anew knows nothing of what was sent lately. */
    PLANTED_PACE_FORGOTTEN,
    /* An outside mailbox is not looked into before a letter leaves. */
    PLANTED_LOOK_LEFT_OUT,
    /* A letter whose provider hung up behind its end counts as not sent. */
    PLANTED_LOST_IS_UNSENT,
    /* A letter that is not found in an outside mailbox counts as not sent, at once. */
    PLANTED_ABSENCE_IS_PROOF,
    PLANTED_COUNT,
};

#ifdef PLANTED_FAULTS
#define IS_PLANTED(env, fault) ((env)->planted == (fault))
#else
#define IS_PLANTED(env, fault) false
#endif

#endif
