/*
 * A client's end of a connection, for fuzz targets: says bytes in pieces, and hears all the while, so
 * that the server never has to wait for it. What was said and heard is kept.
 */
#ifndef FUZZ_CLIENT_H
#define FUZZ_CLIENT_H

#include "io/stream.h"

enum { CLIENT_HEARD_BYTES_MAX = 16 << 20, CLIENT_QUIET_MS = 20, CLIENT_LAST_MS = 15000 };
/* In what is said: a pause for what the server has to say first; not sent. */
enum { CLIENT_PAUSE_BYTE = 1 };

struct client {
    struct stream *stream;
    struct scope scope;
    struct buffer said;
    struct buffer heard;
    /* The server ended it. */
    bool is_ended;
};

void client_open(struct task *t, struct client *client, struct stream *stream);
/* Says it in one piece at `cuts` 0, else in pieces whose lengths are drawn from it. */
void client_say_all(struct task *t, struct client *client, struct slice text, uint8_t cuts);
/* Gives the server time for all it may want to say. */
void client_wait_long(struct task *t);
/* Ends the connection and frees all. */
void client_close(struct task *t, struct client *client);

#endif
