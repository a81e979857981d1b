/*
 * What an attempt means, once a host has answered or failed to: for the recipient (delivered, again later,
 * never), for the attempt (whether another host may do better) and for the connection. Pure.
 *
 * The rule behind all of it: a message fails where a host says no for good (5xx), or where what it needs is
 * not to be had; everything that is silent, broken, unintelligible or busy is tried again. Where a host was
 * given the whole message and its answer is lost, it may have it: is_in_doubt (RFC 5321 4.5.3.2.6, RFC 1047).
 */
#ifndef TRANSIT_VERDICT_H
#define TRANSIT_VERDICT_H

#include "smtp/smtp_client.h"
#include "store/queue_model.h"

enum { VERDICT_STATUS_BYTES = 16 };

struct verdict {
    enum queue_outcome outcome;
    /* "4.4.2" (RFC 3463): as the host gave it, or as its code and the moment say. */
    char status[VERDICT_STATUS_BYTES];
    /* In words, where the host gave no answer; static. NULL: its answer is the reason. */
    const char *reason;
    /* What is said is said of this host alone: the next one is tried now, and the outcome is that of the
       last. */
    bool tries_next_host;
    /* The whole message was sent, and what became of it was not heard. */
    bool is_in_doubt;
    /* Nothing more can be had from this host now: the connection is of no use. */
    bool is_host_lost;
    /* The host is there, and wants less of us (421, too many connections). */
    bool asks_for_less;
};

/* Of a recipient's outcome, or a connection's beginning. */
struct verdict verdict_of(const struct smtp_client_outcome *outcome);
/* Of a connection that did not come about: a negated errno. */
struct verdict verdict_of_connect(int error);
/* Of several hosts, each of which was passed over for the next: what holds in the end. One that may still
   take it keeps the message from failing. */
struct verdict verdict_of_both(const struct verdict *earlier, const struct verdict *later);

/* Appends "550 5.1.1 No such user", lines with '\n' between them. Nothing where nothing was said. */
void verdict_write_answer(struct buffer *out, const struct smtp_answer *answer);

#endif
