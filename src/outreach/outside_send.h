/*
 * One message out of an outside mailbox: submitted by SMTP (RFC 6409), and one copy of it in Sent (exactly
 * one: where the provider stores it itself nothing is added, else it is looked for before it is appended).
 * What is sent is decided by who calls; nothing is sent twice here. Where the answer to the end of the
 * message did not come the outcome is UNKNOWN: then outside_find tells whether it left, by looking.
 */
#ifndef OUTREACH_OUTSIDE_SEND_H
#define OUTREACH_OUTSIDE_SEND_H

#include "outreach/outside.h"

struct outside_message {
    /* Of the envelope; usually the sender's address. */
    struct slice mail_from;
    struct slice recipient;
    /* With brackets, as it stands in the content. */
    struct slice message_id;
    /* All of it, canonical lines. */
    struct slice content;
    /* Asked when the server has let us in, right before the message goes: false, it is not to go. Waits. May
       be NULL. */
    bool (*may_leave)(struct task *t, void *context);
    void *context;
};

enum outside_outcome {
    /* The server has it. */
    OUTSIDE_SENT,
    /* It said no to this recipient or this message, and will say so again (5xx). Whether it would say so to
       everybody outside_check_smtp tells. */
    OUTSIDE_REFUSED,
    /* It said not now (4xx), or could not be reached: nothing was sent. `trouble` may be about the mailbox.
     */
    OUTSIDE_LATER,
    /* It may have it: the connection was lost behind the end of the message. Look, do not send again. */
    OUTSIDE_UNKNOWN,
    /* `may_leave` said no: nothing was sent. */
    OUTSIDE_HELD,
    /* Nothing was sent. */
    OUTSIDE_CANCELLED,
};
enum { OUTSIDE_OUTCOMES = OUTSIDE_CANCELLED + 1 };

struct outside_sent {
    enum outside_outcome outcome;
    /* What the server answered: 250, 550, ...; 0: nothing. */
    unsigned code;
    /* "5.1.1", or zeros. */
    struct smtp_enhanced_code enhanced;
    struct slice words;
    /* Where it was not the recipient but the mailbox, the way, or the password; else NONE. */
    struct outside_trouble trouble;
};

/* Connects, logs in, asks whether it may, sends, says QUIT. Results are in `arena`. Waits. */
struct outside_sent outside_send(struct task *t, struct outside *outside, struct arena *arena,
                                 const struct outside_message *message);

/* The server's words mean that the recipient's mailbox or domain does not exist (RFC 3463 3.2). */
bool outside_is_gone(const struct outside_sent *sent);

/* Whether the way out is open: logs in, and asks whether a message from the mailbox to itself would be taken;
   nothing is sent. False: *trouble (in `arena`). Waits. */
NODISCARD bool outside_check_smtp(struct task *t, struct outside *outside, struct arena *arena,
                                  struct outside_trouble *trouble);

/* Sees to it that there is exactly one copy in Sent. Needs IMAP. True: there is one now; false: *trouble says
   why not (SENDER_CAUSE_NO_SENT_COPY: there is no folder Sent). Safe to repeat. Waits. */
NODISCARD bool outside_keep_copy(struct task *t, struct outside *outside, struct arena *arena,
                                 const struct outside_message *message, struct outside_trouble *trouble);

enum outside_found {
    OUTSIDE_FOUND,
    /* All folders were looked at: it is in none, and the provider keeps a copy of what it takes: it did not
       leave. */
    OUTSIDE_NOT_FOUND,
    /* They could not be looked at: *trouble. Or (NO_SENT_COPY) it is in none of them, which says nothing
       where nobody but we keep copies, or where its copy may have another Message-ID: whether it left only an
       answer can tell, or a person. */
    OUTSIDE_FIND_FAILED,
};
/* Looks for a Message-ID (with brackets) in Sent, All Mail, INBOX and then the other folders. A provider may
   need a moment to store what it took: NOT_FOUND is sure only some minutes after sending. Waits. */
enum outside_found outside_find(struct task *t, struct outside *outside, struct arena *arena,
                                struct slice message_id, struct outside_trouble *trouble);

/* How many messages with that Message-ID are in a folder. Connected it must be. False: *trouble. Waits. */
NODISCARD bool outside_count(struct task *t, struct outside *outside, struct arena *arena,
                             struct slice folder, struct slice message_id, size_t *count,
                             struct outside_trouble *trouble);

#endif
