/*
 * The bytes of a message for smtp_client_send, read from its packed form (store/body_pack.h) frame by frame,
 * from what came with the message or as the store gives it, never more than two frames at a time. A frame
 * that fails its checksum, or is not there, ends the reading with -EIO: then nothing of the message is taken
 * for whole.
 */
#ifndef TRANSIT_COURIER_BODY_H
#define TRANSIT_COURIER_BODY_H

#include "transit/courier_state.h"

struct courier_body {
    struct courier_session *session;
    const struct transit_work *work;
    struct buffer index_bytes;
    struct body_index index;
    uint32_t frame;
    /* In the packed body: of what is in `packed`, or is asked for next. */
    uint64_t offset;
    struct buffer packed;
    struct buffer raw;
    size_t raw_at;
    /* Bytes of the body's first line that are not sent: Return-Path says that a message has arrived (RFC 5321
       4.4), and one that leaves has not. */
    size_t left_out;
};

/* At its beginning; *left_out is known. 0, or -EIO. Waits. */
NODISCARD int courier_body_open(struct task *t, struct courier_body *body, struct courier_session *session,
                                const struct transit_work *work);
void courier_body_close(struct courier_body *body);
/* Back to the beginning. */
void courier_body_rewind(struct courier_body *body);
/* For struct smtp_client_message. `context`: the body. */
ssize_t courier_body_read(struct task *t, void *context, void *bytes, size_t len);

#endif
