/*
 * The content of one message on its way from DATA or BDAT to intake: what the trace is put in
 * front of, what submission adds to the header, sizes, and at the end the delivery. A failure
 * sticks: what still comes is read and let go, and the message gets that one reply.
 *
 * In submission the header section is held (up to SMTP_HEADER_HELD_BYTES_MAX) until it is
 * whole, because what it lacks goes in front of it; other content flows as it comes.
 */
#ifndef SMTP_SMTP_RECEPTION_H
#define SMTP_SMTP_RECEPTION_H

#include "smtp/smtp_pace.h"
#include "smtp/smtp_session.h"
#include "store/feedback_model.h"
#include "wire/binary_mime.h"
#include "wire/canonical_lines.h"

struct smtp_seen;

struct smtp_reception {
    uint64_t id;
    int64_t received_ms;
    struct intake *intake;
    /* Content that intake has not seen: what came last, or the header section that is held. */
    struct buffer pending;
    size_t header_scanned_bytes;
    bool is_flowing;
    /* What was put in front of it. */
    uint64_t trace_bytes;
    /* Of a message that is checked: content from which forged fields are gone, waiting for the verdict. */
    struct buffer held;
    /* What goes in front of it behind the trace. Where content flows already it is taken in again with this.
     */
    struct buffer results;
    /* smtp_feedback.c: it is a report of others about a domain of ours; and what the store keeps is all that
       is to be kept of it. */
    bool is_feedback;
    bool is_dropped;
    /* What is to be counted of it (smtp_seen.c), or NULL. */
    struct smtp_seen *seen;
    /* DMARC said so of its author, or FEEDBACK_UNCHECKED. */
    enum feedback_trust author_trust;
    /* A code: the message is refused. */
    struct smtp_reply failure;
    struct smtp_pace pace;
    /* BDAT: chunks may cut lines anywhere. With BODY=BINARYMIME what makes lines of it; or NULL. */
    struct canonical_lines lines;
    struct binary_mime *binary;
};

/* Begins the transaction's message. OK (code 250), or why not now. */
struct smtp_reply smtp_reception_begin(struct smtp_session *session);
void smtp_reception_end(struct smtp_reception **reception);
/* Refuses the message, unless it was refused before. */
void smtp_reception_fail(struct smtp_reception *reception, struct smtp_reply reply);
/* So many bytes of content were taken off the wire, and what is good of them is in `pending`:
   moves it on. Waits when it spools, and to let others have their turn. */
void smtp_reception_flow(struct task *t, struct smtp_session *session, uint64_t wire_bytes);
/* More has come than is worth reading to its end: reply and close. */
bool smtp_reception_is_flood(const struct smtp_session *session);
/* The content is whole: delivers it and ends the transaction. Returns the message's reply. */
struct smtp_reply smtp_reception_finish(struct task *t, struct smtp_session *session);

/* smtp_filter.c: shows the message to the content filter, if there is one for it, and does what it says:
   the message is refused (smtp_reception_fail), marked as junk, or made anew with fields in its header, as it
   is where `results` are not in front of it yet. */
void smtp_reception_filter(struct task *t, struct smtp_session *session, struct delivery *delivery);
/* smtp_judge.c: what it is to campaigns, where the store asks for that; packed into `judged`, which outlives
   the delivery. */
void smtp_judge(struct task *t, struct smtp_session *session, struct delivery *delivery,
                struct buffer *judged);
/* smtp_seen.c: what is to be counted for reports to the author's domain, if that wants any; and when it is
   decided what becomes of the message, counts it. */
void smtp_seen_make(struct smtp_session *session, const struct inbound_findings *findings,
                    const struct inbound_decision *decision);
void smtp_seen_count(struct smtp_session *session);
void smtp_seen_free(struct smtp_seen **seen);
/* smtp_feedback.c: reads a report that the message brings, and keeps it. */
void smtp_feedback_read(struct task *t, struct smtp_session *session, const struct delivery *delivery);
/* smtp_trust.c: content with binary parts as it is sent, before binary_mime makes lines of it; nothing where
   nobody asks. */
void smtp_trust_hash(struct smtp_session *session, struct slice content);
/* Takes what is in `pending` into `held`; where all that is checked takes too much memory the
   message is put off. Of a message that is checked. */
void smtp_trust_take(struct smtp_session *session);
/* More is held than may wait for the verdict. */
bool smtp_trust_is_full(const struct smtp_session *session);
/* Content is whole: waits for the verdict, writes `results`, and does what was configured: the message is
   refused (smtp_reception_fail) or marked as junk. */
void smtp_trust_judge(struct task *t, struct smtp_session *session, struct delivery *delivery);
/* What intake's result says to the client; silence: it went well. */
struct smtp_reply smtp_reply_of_intake(enum intake_result result);
/* How many raw bytes a message may come to, its trace and all. */
uint64_t smtp_reception_bytes_max(const struct smtp_session *session);

/* smtp_trace.c: appends Return-Path, Delivered-To and Received (RFC 5321 4.4). */
void smtp_trace_write(struct buffer *out, const struct smtp_session *session);
/* Appends what RFC 6409 8 lets submission add: Date and Message-ID where `header` has none. */
void smtp_trace_complete(struct buffer *out, const struct smtp_session *session, struct slice header);
/* RFC 5321 6.3: it has been here before, or everywhere. */
bool smtp_trace_is_loop(const struct smtp_session *session, const struct analysis *analysis);

#endif
