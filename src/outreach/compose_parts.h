/* What a message of a sequence is made of, once its texts are rendered. Inside of composing; see compose.h.
 */
#ifndef OUTREACH_COMPOSE_PARTS_H
#define OUTREACH_COMPOSE_PARTS_H

#include "outreach/compose.h"

struct letter {
    const struct compose_request *request;
    /* "local@domain" in ASCII; reply_to may be empty. */
    struct slice from;
    struct slice to;
    struct slice reply_to;
    struct slice from_name;
    struct slice to_name;
    struct slice subject;
    struct slice body;
    struct slice html;
};

/* Appends the message. */
void letter_write(struct buffer *out, const struct letter *letter);

#endif
