/* Inside the SMTP client: the connection, lines out and answers in. */
#ifndef SMTP_SMTP_CLIENT_TALK_H
#define SMTP_SMTP_CLIENT_TALK_H

#include "smtp/smtp_client.h"

struct smtp_client {
    struct env *env;
    /* NULL: it is gone. */
    struct stream *stream;
    struct smtp_client_options options;
    struct smtp_offer offer;
    struct smtp_reply_parser parser;
    struct buffer in;
    struct buffer out;
    /* A transaction was begun and not ended. */
    bool is_in_transaction;
    /* No command makes sense any more: it hung up, or said 421, or what it says cannot be understood. */
    bool is_broken;
};

static const struct smtp_client_outcome SMTP_CLIENT_DONE = {.result = SMTP_CLIENT_OK};

struct smtp_client_outcome smtp_client_outcome_of(enum smtp_client_result result,
                                                  enum smtp_client_stage stage);
/* What an errno of the stream means. */
struct smtp_client_outcome smtp_client_outcome_of_error(struct smtp_client *client,
                                                        enum smtp_client_stage stage, int error);
/* Writes what was said. OK, or how the connection ended. */
struct smtp_client_outcome smtp_client_flush(struct task *t, struct smtp_client *client,
                                             enum smtp_client_stage stage, int64_t ms);
/* The next answer: OK with any code, or how the connection ended. */
struct smtp_client_outcome smtp_client_hear(struct task *t, struct smtp_client *client, struct arena *arena,
                                            enum smtp_client_stage stage, int64_t ms);
/* OK where the answer's first digit is `class`, REFUSED where it is 4 or 5, else MALFORMED; or what it was
   before. */
struct smtp_client_outcome smtp_client_expect(struct smtp_client *client, struct smtp_client_outcome heard,
                                              unsigned class);
/* Says what is in `out` with CRLF behind it, and expects an answer of that class. */
struct smtp_client_outcome smtp_client_ask(struct task *t, struct smtp_client *client, struct arena *arena,
                                           enum smtp_client_stage stage, unsigned class);

#endif
