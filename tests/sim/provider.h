/*
 * The provider of an outside mailbox: no host of ours but a small server on a machine of its own, with
 * submission (outreach_receiver.c, which keeps the log) and IMAP. It has the truth: what it accepted, what
 * lies in the mailbox since when, and when each folder was last looked into. Where the seed says so it is
 * slow, hangs up in the middle of an answer, or says nothing for longer than anybody waits.
 *
 *     provider.c        the mailbox, the machine      provider_imap.c    a session
 */
#ifndef SIM_PROVIDER_H
#define SIM_PROVIDER_H

#include "io/sim/sim.h"
#include "io/stream.h"

struct outreach;
struct provider;

enum provider_folder { PROVIDER_INBOX, PROVIDER_SENT, PROVIDER_JUNK, PROVIDER_ARCHIVE, PROVIDER_FOLDERS };

struct provider_message {
    uint32_t uid;
    int64_t wall_ms;
    struct buffer text;
};

struct provider_box {
    struct provider_message *messages;
    uint32_t count;
    uint32_t capacity;
    /* When somebody was last told what is in it. */
    int64_t looked_ms;
};

/* A session that idles in INBOX. */
struct provider_idler {
    struct list link;
    struct task *task;
    bool is_news;
};

struct provider {
    struct outreach *outreach;
    struct sim_machine *machine;
    struct env *env;
    struct scope scope;
    struct provider_box boxes[PROVIDER_FOLDERS];
    struct list idlers;
    /* Its wall clock, against the world's. */
    int64_t wall_ms;
    /* It puts what it accepts into Sent; else nobody but its user does. */
    bool keeps_copies;
    /* One of so many answers is late, never comes, or is cut off; 0: none. */
    unsigned slow_parts;
    unsigned silent_parts;
    unsigned cut_parts;
};

/* The mailbox that it has. */
#define PROVIDER_ADDRESS "ann@two.test"

/* Starts it, as the seed says. */
struct provider *provider_new(struct outreach *outreach);
/* After the world is gone. */
void provider_free(struct provider **provider);

/* From now on it lies there, and whoever idles hears of it. */
void provider_put(struct provider *provider, enum provider_folder folder, struct slice text);
/* It accepted this for others: where it keeps copies there is one in Sent, some time later. */
void provider_accepted(struct provider *provider, struct slice text);

/* provider_imap.c: a session, to its end. Closes the stream. */
void provider_serve_imap(struct task *t, struct provider *provider, struct stream *stream);

#endif
