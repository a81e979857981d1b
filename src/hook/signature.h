/*
 * Signatures of webhooks as Standard Webhooks 1.0.0 has them: HMAC-SHA256 (RFC 2104) over the id, a full
 * stop, the time of the attempt, a full stop, and the payload as it is sent. Pure.
 */
#ifndef HOOK_SIGNATURE_H
#define HOOK_SIGNATURE_H

#include "base/buffer.h"

/* What the receiver is told beside the payload. An id has no full stop in it. */
struct hook_stamp {
    struct slice id;
    /* Seconds since 1970. */
    int64_t timestamp;
};

/* Appends "v1,BASE64". */
void hook_signature_write(struct buffer *out, struct slice secret, const struct hook_stamp *stamp,
                          struct slice payload);
/* Appends "whsec_BASE64": the secret as people and libraries of receivers have it. */
void hook_secret_write(struct buffer *out, struct slice secret);
/* Appends the id of an event: "evt_" and 16 hexadecimal digits. The same for every attempt. */
void hook_id_write(struct buffer *out, uint64_t event);

#endif
