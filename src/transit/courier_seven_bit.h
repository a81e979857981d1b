/*
 * A message with 8-bit bodies, as it is sent to a host that takes only 7-bit ones (RFC 6152 3;
 * wire/seven_bit.h). How long it becomes is known before it is sent, and so it is read several times.
 */
#ifndef TRANSIT_COURIER_SEVEN_BIT_H
#define TRANSIT_COURIER_SEVEN_BIT_H

#include "transit/courier_body.h"
#include "wire/seven_bit.h"

struct courier_seven_bit {
    struct courier_body *body;
    struct seven_bit *converter;
    /* Converted, not yet taken. */
    struct buffer out;
    size_t out_at;
    bool is_whole;
    /* Of all of it. */
    uint64_t bytes;
};

enum courier_seven_bit_result {
    COURIER_SEVEN_BIT_OPEN,
    /* Nothing may rewrite it (wire/seven_bit.h): so it stays. */
    COURIER_SEVEN_BIT_FORBIDDEN,
    /* Its bytes cannot be had now. */
    COURIER_SEVEN_BIT_UNREADABLE,
};
/* OPEN: it is at its beginning. `hear` (may be NULL) is told all of what it becomes meanwhile. Waits. */
NODISCARD enum courier_seven_bit_result courier_seven_bit_open(
    struct task *t, struct courier_seven_bit *message, struct courier_body *body,
    void (*hear)(void *context, struct slice bytes), void *context);
void courier_seven_bit_close(struct courier_seven_bit *message);
/* For struct smtp_client_message. `context`: the message. */
ssize_t courier_seven_bit_read(struct task *t, void *context, void *bytes, size_t len);

#endif
