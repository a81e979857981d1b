/*
 * What must hold in every run, whatever goes wrong: the one list of it. Whoever sees something that
 * contradicts one of them tells the ledger (ledger_fail) which. The planted faults (base/planted.h)
 * prove that they are looked at.
 */
#ifndef SIM_INVARIANT_H
#define SIM_INVARIANT_H

enum invariant {
    /* What was acknowledged (250, the OK to COPY, MOVE, APPEND) is in its mailbox, until somebody asks for it
       to be deleted. */
    ACKNOWLEDGED_IS_THERE,
    /* No mailbox ever has a message more often than it was asked for, whoever asked again. */
    NOTHING_TWICE,
    /* Nothing is in a mailbox that nobody sent there, or not to its end. */
    NOTHING_UNASKED,
    /* A text is what was sent, byte by byte. */
    TEXT_UNCHANGED,
    /* A UID is one message for ever; UIDs and UIDNEXT never go back, and UIDVALIDITY stays. */
    UIDS_RISE,
    /* A message's modseq and HIGHESTMODSEQ never go back, and one modseq stands for the same flags. */
    MODSEQS_RISE,
    /* What was shown once is there until somebody asks for it to be deleted; what is gone stays gone. */
    SHOWN_STAYS,
    /* Who comes back, or changes flags, is told all that changed, and what is told is so. */
    CHANGES_ARE_TOLD,
    /* Who idles is told of what comes, within seconds once nothing goes wrong. */
    IDLE_IS_TOLD,
    /* At the end the store verifies, and all of it can be read. */
    STORE_VERIFIES,
    /* Once nothing goes wrong any more every role serves, and every client gets done. */
    ALL_ARE_SERVED,
    /* Where nothing goes wrong nobody waits long or loses a connection: not after the trouble, nor at one
       host while another is in trouble. */
    CALM_IS_CALM,
    /* What is right is not refused for good (5xx, BAD), and replies are as the protocols say. */
    REPLIES_ARE_RIGHT,
    /* Once nothing goes wrong any more what is in a queue goes with its next try, or when it is too old. */
    QUEUES_MOVE,
    /* A sender is told that a recipient failed where that is so, once, and else never. */
    REPORTS_ARE_OWED,
    /* What a host sends to another for one of its own users carries its signatures, or it waits. */
    MAIL_IS_SIGNED,
    /* Whoever answered, as far as our host accepted it, gets no follow-up that begins later; who is away gets
       none before he is back. */
    ANSWERS_STOP,
    /* Everybody gets each step of his series once, in order, in its thread, unless something stopped it. */
    STEPS_IN_ORDER,
    /* A mailbox sends one letter at a time, its gaps, caps and delays are kept, and its windows. */
    PACE_HOLDS,
    INVARIANTS,
};

/* "acknowledged-is-there" */
const char *invariant_name(enum invariant invariant);

#endif
