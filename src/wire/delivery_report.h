/*
 * What machines report about one message, in parts of a mail that are made to be read by machines: what
 * became of it for each recipient (message/delivery-status, RFC 3464; global-delivery-status, RFC 6533),
 * that it was shown (message/disposition-notification, RFC 8098), that its receiver complained
 * (message/feedback-report, RFC 5965). Fed is the part's body, decoded to UTF-8.
 *
 * Reporters differ in what they leave out, forget the type before an address, put a recipient's fields into
 * the message's group, or forget to fold a line: all that is read as best it can be. Texts are unfolded, with
 * single blanks, without control bytes and cut to DELIVERY_REPORT_TEXT_BYTES_MAX; recipients past
 * DELIVERY_REPORT_RECIPIENTS_MAX, or past the arena's budget, are counted and left out. Nothing makes it
 * fail. Results are in the arena. Pure and linear.
 */
#ifndef WIRE_DELIVERY_REPORT_H
#define WIRE_DELIVERY_REPORT_H

#include "base/arena.h"
#include "base/buffer.h"

/* An enhanced status code (RFC 3463 2). `class` 0: there is none. */
struct delivery_code {
    uint32_t class;
    uint32_t subject;
    uint32_t detail;
};

/* RFC 3464 2.3.3. */
enum delivery_action {
    /* None is given, or one that does not exist. */
    DELIVERY_UNSAID,
    DELIVERY_FAILED,
    DELIVERY_DELAYED,
    DELIVERY_DELIVERED,
    DELIVERY_RELAYED,
    DELIVERY_EXPANDED,
};
/* "unsaid", "failed", "delayed", ... */
const char *delivery_action_name(enum delivery_action action);

struct delivery_recipient {
    /* Without type and angles: Final-Recipient, and the one the sender wrote. Either may be empty. */
    struct slice address;
    struct slice original;
    enum delivery_action action;
    struct delivery_code status;
    /* What stands behind the status, in parentheses. */
    struct slice comment;
    /* Diagnostic-Code without its type; `is_smtp`: the type said that it is another host's answer. */
    struct slice diagnostic;
    bool is_smtp;
    struct slice remote_mta;
};

struct delivery_report {
    struct slice reporting_mta;
    struct slice envelope_id;
    /* X-Original-Message-ID, as Google gives it; without angles. */
    struct slice message_id;
    struct delivery_recipient *recipients;
    size_t count;
    size_t left_out;
};

void delivery_report_read(struct arena *arena, struct slice body, struct delivery_report *report);

/* RFC 8098 3.2. */
struct disposition_report {
    struct slice recipient;
    struct slice original;
    /* Without angles. */
    struct slice message_id;
    /* "displayed", "deleted", "dispatched", "processed"; empty: there is none. */
    struct slice type;
    /* Its reader did not press a button for it. */
    bool is_automatic;
};
void disposition_report_read(struct arena *arena, struct slice body, struct disposition_report *report);

/* RFC 5965 3. */
struct complaint_report {
    /* "abuse", "fraud", "not-spam", "auth-failure" (RFC 6591), ... */
    struct slice type;
    struct slice mail_from;
    /* Original-Rcpt-To, the first; often redacted. */
    struct slice recipient;
    struct slice source;
    struct slice domain;
};
void complaint_report_read(struct arena *arena, struct slice body, struct complaint_report *report);

/* Reads "5.1.1" at the front of *text and takes it off. False: there is none that could be one. */
bool delivery_code_take(struct slice *text, struct delivery_code *code);
/* The first such code that stands by itself anywhere in a text, in linear time. */
bool delivery_code_find(struct slice text, struct delivery_code *code);
/* Is it this one? */
bool delivery_code_is(struct delivery_code code, uint32_t class, uint32_t subject, uint32_t detail);
/* Appends "5.1.1", or nothing. */
void delivery_code_write(struct buffer *out, struct delivery_code code);

#endif
