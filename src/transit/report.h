/*
 * Reports to the sender of a message (delivery status notifications, RFC 3464 in the form of RFC 6522): a
 * part for people, a part for machines, and what was sent, as far as it is given back. What becomes a report
 * is a whole canonical message; its envelope is the caller's: from the null sender, to the message's sender.
 *
 * Only recipients that owe a report are in it (RFC 3461 4.1, 6.2); where one report has several outcomes they
 * are grouped. It is 7-bit, but where an address or the header it gives back is UTF-8 (RFC 6533). What a
 * remote host said is text from a stranger: it is cut to REPORT_REPLY_BYTES_MAX, freed of control bytes and
 * wrapped, so that it can end neither its line nor its part. Pure: no clock, no random. Time is linear in the
 * input but for the grouping of at most REPORT_RECIPIENTS_MAX recipients.
 */
#ifndef TRANSIT_REPORT_H
#define TRANSIT_REPORT_H

#include "base/buffer.h"
#include "store/queue_model.h"

/* What a recipient with QUEUE_DELIVERED is said to be (RFC 3464 2.3.3). */
enum report_success {
    /* Handed to a host that sends no reports. */
    REPORT_RELAYED,
    REPORT_DELIVERED,
    /* To the members of a list or the targets of an alias. */
    REPORT_EXPANDED,
};

enum { REPORT_RANDOM_BYTES = 16 };

struct report_source {
    const struct outgoing *outgoing;
    enum report_kind kind;
    enum report_success success;
    /* Ours, ASCII: From, Reporting-MTA. */
    struct slice hostname;
    int64_t now_ms;
    /* Of the last attempt, or 0: not known. */
    int64_t last_attempt_ms;
    /* When the message is given up. */
    int64_t expires_ms;
    /* For the boundary and the Message-ID: nobody may guess them. */
    uint8_t random[REPORT_RANDOM_BYTES];
    /* The message: its header at least, or all of it. All is given back only where the sender asked for it
       (RET=FULL), something failed, and it has at most REPORT_ORIGINAL_BYTES_MAX. */
    struct slice original;
    bool is_original_whole;
};

enum report_result {
    REPORT_WRITTEN,
    /* The sender is the null sender, the message is a report or an automatic answer, or no recipient owes
       one. */
    REPORT_NOT_OWED,
    /* `out` is full and of no use; REPORT_BYTES_MAX is always enough. */
    REPORT_TOO_LONG,
};

/* Appends the report. *covered: so many recipients, from the front, are in it or owe none; for the rest
   another is to be made, with other random bytes. */
NODISCARD enum report_result report_write(const struct report_source *source, struct buffer *out,
                                          size_t *covered);

/* Whether a report of this kind is to be made for the recipient as it is now. */
bool report_is_owed(enum report_kind kind, const struct outgoing_recipient *recipient);

/* Whether the report has UTF-8 where only SMTPUTF8 carries it (RFC 6533 3). */
bool report_is_utf8(const struct report_source *source);

#endif
