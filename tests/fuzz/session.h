/*
 * One fuzzed session of a protocol server: brought into a state by a scripted beginning, then what the
 * input says, in pieces that the input draws. The first byte of the input chooses the state ('0' is the
 * first), the second how the rest is cut (0: not at all; odd: the sending side ends after it).
 *
 * Checked of every run: each reply is well-formed, the session ends or waits, nothing of it is left once
 * its client is gone, the store verifies, and of the messages nothing changed that was not said.
 */
#ifndef FUZZ_SESSION_H
#define FUZZ_SESSION_H

#include "client.h"
#include "house.h"

struct session_state {
    enum house_port port;
    /* What brings it there; CLIENT_PAUSE_BYTE waits for replies. */
    const char *beginning;
    /* How the last reply to it begins. */
    const char *reached;
};

struct session_kind {
    const struct session_state *states;
    size_t count;
    /* The end of the reply with which TLS begins. */
    struct slice tls_begins;
    /* All that was heard is well-formed, or NULL; else what is wrong. */
    const char *(*check_replies)(struct slice heard);
    /* The message was not in the prepared store: it came by this session, whole. May be NULL. */
    const char *(*check_new)(const struct session_state *state, const struct client *client,
                             struct slice text);
    /* So many messages of ann's are new, and so many of the INBOX gone. May be NULL. */
    const char *(*check_counts)(const struct session_state *state, const struct client *client, size_t new,
                                size_t gone);
};

/* LLVMFuzzerTestOneInput's work. */
void session_fuzz(const struct session_kind *kind, struct slice input);

/* `part` occurs in `whole`; how often, overlaps aside; in any case. */
size_t session_count(struct slice whole, struct slice part);
size_t session_count_nocase(struct slice whole, struct slice part);
/* Appends the bytes with LF for each line end: stored ones are CRLF whatever was sent. */
void session_plain_lines(struct buffer *out, struct slice bytes);

#endif
