/*
 * Content filters: before a message is stored, a program beside this server (rspamd, or a milter) may say
 * what it is. The edge, which has the message, asks here; the remote role, the only one that may
 * connect, carries the question to the filter (filter/service.h). The question holds the envelope and the
 * packed body: small ones by their bytes, large ones by a handle of their spool file.
 *
 * A filter that does not answer in time, or answers nonsense, is FILTER_DOWN: what happens then is the
 * configuration's to say, and the asker's to do. Nothing here decides for a message that was not filtered.
 */
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H

#include "io/file.h"
#include "resolve/resolver.h"

enum filter_action {
    FILTER_ACCEPT,
    /* Into the Junk mailbox. */
    FILTER_JUNK,
    /* 5.7.1: its sender is told for good. */
    FILTER_REJECT,
    /* 4.7.1: its sender may try again. */
    FILTER_DEFER,
    /* There is no verdict. */
    FILTER_DOWN,
};
/* "accept" and the like. */
const char *filter_action_name(enum filter_action action);

/* What to do with a message when there is no verdict. */
enum filter_when_down { FILTER_DOWN_DEFERS, FILTER_DOWN_ACCEPTS, FILTER_DOWN_JUNKS };

struct filter_question {
    uint64_t id;
    /* Empty: the null sender. */
    struct slice mail_from;
    const struct slice *recipients;
    size_t recipient_count;
    struct slice helo;
    /* Of the client: numeric, or empty for a local socket. */
    struct slice address;
    /* Who logged in, or empty. */
    struct slice user;
    /* The packed body (store/body_pack.h): these bytes, or packed_bytes of `file`. */
    struct slice packed;
    struct file *file;
    uint64_t packed_bytes;
    uint64_t raw_bytes;
    /* So many raw bytes at its front are our own trace: the filter sees the message as it came. */
    uint64_t trace_bytes;
};

struct filter_verdict {
    enum filter_action action;
    /* For the sender, or empty; one clean line. With FILTER_DOWN: for the log, what is wrong. */
    struct slice text;
    /* For the log: "score=7.50/15.00; symbols=A,B". */
    struct slice summary;
    /* Header fields to put in front of the message, each with its CRLF; or empty (filter/added_fields.h). */
    struct slice fields;
};

struct filter_client;

/* Asks over the resolver's channel to the remote role. */
struct filter_client *filter_client_new(struct env *env, struct resolver *resolver);
/* No question is under way. NULL is fine. */
void filter_client_free(struct filter_client **client);
/* Waits up to FILTER_MS_MAX. The verdict's texts are in `arena`. */
void filter_ask(struct task *t, struct filter_client *client, struct arena *arena,
                const struct filter_question *question, struct filter_verdict *verdict);

#endif
