/* Inside the IMAP client: the connection, commands out and answers in. */
#ifndef IMAP_CLIENT_IMAP_CLIENT_TALK_H
#define IMAP_CLIENT_IMAP_CLIENT_TALK_H

#include "base/limits_sender.h"
#include "imap_client/imap_client.h"

enum { IMAP_CLIENT_TAG_BYTES = 16 };

struct imap_client {
    struct env *env;
    /* NULL: it is gone. */
    struct stream *stream;
    struct imap_client_options options;
    unsigned capabilities;
    /* Input; what is before `taken` was read. */
    struct buffer in;
    size_t taken;
    struct imap_answer_frame frame;
    /* Of one answer. */
    struct arena *scratch;
    struct buffer out;
    char tag[IMAP_CLIENT_TAG_BYTES];
    unsigned commands;
    /* What it said when it hung up. */
    struct buffer goodbye;
    bool is_logged_in;
    bool is_enabled;
    /* No command makes sense any more. */
    bool is_broken;
};

/* One command under way: who hears what is said before its end, and the end itself. */
struct imap_client_talk {
    struct imap_client *client;
    struct arena *arena;
    enum imap_client_stage stage;
    /* Each untagged answer; lives until this returns. May wait. May be NULL. */
    void (*heard)(struct task *t, void *context, const struct imap_answer *answer);
    void *context;
    /* When it ends whatever comes. */
    int64_t until_ms;
};

static const struct imap_client_outcome IMAP_CLIENT_DONE = {.result = IMAP_CLIENT_OK};

struct imap_client_outcome imap_client_outcome_of(enum imap_client_result result,
                                                  enum imap_client_stage stage);
/* What an errno of the stream means. */
struct imap_client_outcome imap_client_outcome_of_error(struct imap_client *client, struct arena *arena,
                                                        enum imap_client_stage stage, int error);

/* A command begins: its tag is in client->out. */
struct imap_client_talk imap_client_talk_of(struct imap_client *client, struct arena *arena,
                                            enum imap_client_stage stage);
/* A quoted string, or a literal, for which the server is waited for. OK, or how the command ended. */
struct imap_client_outcome imap_client_put_string(struct task *t, struct imap_client_talk *talk,
                                                  struct slice text);
/* Ends the line in client->out and sends it. */
struct imap_client_outcome imap_client_say(struct task *t, struct imap_client_talk *talk);
/* The next answer, within the client's time for one; its bytes live until the next call. Never is it one that
   hung up without being LOST. */
struct imap_client_outcome imap_client_hear(struct task *t, struct imap_client_talk *talk,
                                            struct imap_answer *answer);
/* Hears until the command's end. */
struct imap_client_outcome imap_client_finish(struct task *t, struct imap_client_talk *talk);
/* Says, and finishes. */
struct imap_client_outcome imap_client_ask(struct task *t, struct imap_client_talk *talk);
/* Hears until the server wants more ("+ text"); *text lives until the next call, or is copied. OK; or how the
   command ended; REFUSED also where it ended with OK. */
struct imap_client_outcome imap_client_await_more(struct task *t, struct imap_client_talk *talk,
                                                  struct slice *text);
/* The outcome of a tagged answer. */
struct imap_client_outcome imap_client_end_of(struct imap_client_talk *talk,
                                              const struct imap_answer *answer);

/* Reads what is there without waiting. Above 0, -EAGAIN, or as stream_read. */
ssize_t imap_client_fill_now(struct imap_client *client);
/* The next whole answer of what was read. False: there is none yet (or *is_bad). */
bool imap_client_take(struct imap_client *client, struct imap_answer *answer, bool *is_bad);
/* Asks for the capabilities. */
struct imap_client_outcome imap_client_ask_capabilities(struct task *t, struct imap_client *client,
                                                        struct arena *arena);

#endif
