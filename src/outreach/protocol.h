/*
 * What the store role and the remote role say to each other about campaigns, as bytes. The store decides what
 * is sent, to whom and when, and gives the last word before each message (OUTREACH_GO); the remote role
 * composes, sends, and says what it found. It is never told of more than one message at a time.
 */
#ifndef OUTREACH_PROTOCOL_H
#define OUTREACH_PROTOCOL_H

#include "outreach/outside_look.h"
#include "store/answer_model.h"
#include "store/campaign_model.h"
#include "store/sender_model.h"

enum outreach_message_type {
    /* To the remote role: a struct outreach_job; answer, when all is over: a struct outreach_report. */
    OUTREACH_SEND = 340,
    /* To the store, while that runs: a struct outreach_word; answer: an enum outreach_gate, OPEN: it is to
       leave, and from now on may have. */
    OUTREACH_GO,
    /* To the remote role: the id of an outside sender, a Message-ID; answer: an enum outreach_found. */
    OUTREACH_FIND,
    /* To the store: struct answer_facts of a message in an outside mailbox, and its folder as far as it was
       looked at; answer: a bool, it is kept. */
    OUTREACH_ANSWER,
    OUTREACH_MESSAGES_END,
};

/* One message that is claimed. */
struct outreach_job {
    uint64_t sent;
    uint64_t sender;
    /* Of ours, or 0: it goes by the sender's own hosts. */
    uint64_t account;
    struct slice document;
    uint32_t step;
    uint32_t version;
    struct slice from_address;
    struct slice from_name;
    struct slice to_address;
    /* The envelope's sender. */
    struct slice mail_from;
    /* A JSON object of strings. */
    struct slice fields;
    struct slice message_id;
    int64_t date_ms;
    int64_t zone_minutes;
    struct slice thread_subject;
    /* Of the thread, oldest first, with a space between. */
    struct slice references;
};

/* It is composed, and could leave. */
struct outreach_word {
    uint64_t sent;
    struct slice subject;
    struct slice subject_base;
    struct slice organisation;
    /* Local senders: the message; its id 0: an outside sender's. Its recipients are found by the store. */
    struct delivery delivery;
    /* Outside senders: all of the message, for the copy in Sent (store/sender_copy.h). */
    struct slice content;
};

/* How a job ended. */
enum outreach_end {
    /* The store's queue has it, which will say what becomes of it. */
    OUTREACH_END_QUEUED,
    /* The store said no. */
    OUTREACH_END_CANCELLED,
    /* See enum outreach_result. */
    OUTREACH_END_SENT,
    OUTREACH_END_REFUSED,
    OUTREACH_END_PUT_OFF,
    OUTREACH_END_UNKNOWN,
    OUTREACH_END_NOT_SENT,
    OUTREACH_END_BLOCKED,
};
enum { OUTREACH_ENDS = OUTREACH_END_BLOCKED + 1 };
struct outreach_report {
    enum outreach_end end;
    struct slice detail;
};

enum outreach_found { OUTREACH_FOUND, OUTREACH_NOT_FOUND, OUTREACH_NOT_LOOKED };

/* All unpacked borrow from `body`, or are in `arena`. False: it is none. */
void outreach_job_pack(struct buffer *out, const struct outreach_job *job);
NODISCARD bool outreach_job_unpack(struct slice body, struct outreach_job *job);
void outreach_word_pack(struct buffer *out, const struct outreach_word *word);
NODISCARD bool outreach_word_unpack(struct slice body, struct arena *arena, struct outreach_word *word);
void outreach_report_pack(struct buffer *out, const struct outreach_report *report);
NODISCARD bool outreach_report_unpack(struct slice body, struct outreach_report *report);
void outreach_answer_pack(struct buffer *out, const struct answer_facts *facts,
                          const struct sender_folder *folder);
NODISCARD bool outreach_answer_unpack(struct slice body, struct arena *arena, struct answer_facts *facts,
                                      struct sender_folder *folder);

#endif
