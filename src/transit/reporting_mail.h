/*
 * The mail that carries a report to another host: of DMARC as RFC 7489 7.2.1.1 has it, of TLS as RFC
 * 8460 5.3. A whole canonical message, 7-bit. Pure.
 */
#ifndef TRANSIT_REPORTING_MAIL_H
#define TRANSIT_REPORTING_MAIL_H

#include "wire/feedback.h"

enum { REPORTING_RANDOM_BYTES = 16 };

struct reporting_mail {
    const struct feedback *feedback;
    /* The report itself, as gzip has it. */
    struct slice packed;
    struct slice sender;
    const struct slice *recipients;
    size_t recipient_count;
    /* Ours. */
    struct slice hostname;
    int64_t now_ms;
    uint8_t random[REPORTING_RANDOM_BYTES];
};

/* Appends it, with a Return-Path of the sender in front. */
void reporting_mail_write(struct buffer *out, const struct reporting_mail *mail);

#endif
