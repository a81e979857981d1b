/*
 * What is written down of an attempt while it is made, for the flight recorder: text, a line for each step,
 * each beginning with the milliseconds since the attempt began, and what the step is about:
 *
 *     0 host mx1.example.com[192.0.2.1]:25
 *     0 host mx2.example.com[192.0.2.2]:25
 *     0 connect mx1.example.com[192.0.2.1]:25
 *     31 connected
 *     58 greeting: 220 mx1.example.com ESMTP
 *     85 EHLO: 250 mx1.example.com / SIZE 50000000 / STARTTLS
 *     120 TLS TLSv1.3 TLS_AES_256_GCM_SHA384
 *     160 MAIL FROM: 250 2.1.0 Ok
 *     199 end of data: 250 2.0.0 queued as 4X
 *
 * "host" lines are there with a session's first message. "reuse" stands where a connection was there from the
 * message before. Nothing of the message is in it, and no secret: of what was said only which command it was,
 * and of AUTH no answer but the last. Lines of one answer are joined by " / ". Over FLIGHT_RECORD_BYTES_MAX
 * the rest is left out, and its last line is "...".
 */
#ifndef TRANSIT_RECORD_H
#define TRANSIT_RECORD_H

#include "io/env.h"
#include "smtp/smtp_client.h"

struct record {
    struct env *env;
    struct buffer text;
    int64_t began_ms;
    /* UTC */
    int64_t began_wall_ms;
    bool is_full;
};

struct record record_new(struct env *env);
void record_free(struct record *record);
/* For the next attempt. */
void record_begin(struct record *record);
void record_line(struct record *record, const char *format, ...) PRINTF_LIKE(2, 3);
void record_answer(struct record *record, enum smtp_client_stage stage, const struct smtp_answer *answer);
struct slice record_text(const struct record *record);

#endif
