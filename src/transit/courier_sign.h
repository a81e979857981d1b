/*
 * Signing a message before it is sent (trust/dkim_sign.h): it is read and hashed here, and the store role
 * signs (transit/sign_protocol.h). What an account submitted, what began in a trusted network and what this
 * server composed is signed, by RSA and by Ed25519, or waits until it can be; only where nobody of ours has
 * a key for it, or the message is none that can be signed, it goes as it is.
 */
#ifndef TRANSIT_COURIER_SIGN_H
#define TRANSIT_COURIER_SIGN_H

#include "transit/courier_body.h"
#include "transit/courier_seven_bit.h"

/* Finds or makes the signatures of the message, whose body is left at its beginning. *fields are header
   fields to stand in front, in the message's arena, or empty. False: it is to be tried again later. Waits. */
NODISCARD bool courier_sign(struct task *t, struct courier_session *session, const struct transit_work *work,
                            struct courier_body *body, struct slice *fields);
/* The same of what is sent to a host that takes only 7 bits; opens `converted`, which is to be closed in any
   case. */
enum courier_sign_seven_bit {
    COURIER_SEVEN_BIT_READY,
    /* It must not be converted. */
    COURIER_SEVEN_BIT_IMPOSSIBLE,
    /* It cannot be read, or signed, now. */
    COURIER_SEVEN_BIT_LATER,
};
enum courier_sign_seven_bit courier_sign_seven_bit(struct task *t, struct courier_session *session,
                                                   const struct transit_work *work, struct courier_body *body,
                                                   struct courier_seven_bit *converted, struct slice *fields);

/* A message with its signatures in front. */
struct courier_signed {
    struct slice fields;
    ssize_t (*read)(struct task *t, void *context, void *bytes, size_t len);
    void *context;
};
/* For struct smtp_client_message. `context`: the message. */
ssize_t courier_signed_read(struct task *t, void *context, void *bytes, size_t len);

#endif
