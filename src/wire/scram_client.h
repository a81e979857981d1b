/*
 * SCRAM as a client (RFC 5802, RFC 7677), for outbound submission and for tests of the server.
 * A server is trusted with nothing: its iteration count is bounded, its nonce must begin with
 * ours, and only its signature ends the exchange well.
 */
#ifndef WIRE_SCRAM_CLIENT_H
#define WIRE_SCRAM_CLIENT_H

#include "wire/scram_secret.h"

struct scram_client {
    enum scram_hash hash;
    struct slice name;
    struct slice password;
    struct slice authzid; /* may be empty */
    struct slice nonce;   /* from the caller's random source; valid by scram_nonce_is_valid */
    char binding_flag;    /* 'n' no binding, 'y' able but not offered, 'p' as `binding` says */
    struct scram_binding binding;
    /* Private. */
    uint8_t signature[SCRAM_HASH_BYTES_MAX];
};

/* Appends the client-first message. */
void scram_client_first_write(struct buffer *out, const struct scram_client *client);
/* Reads server-first and appends client-final. Takes PBKDF2's time. Errors: MESSAGE_INVALID,
   EXTENSION_REQUIRED, NONCE_MISMATCH, SALT_INVALID, ITERATIONS_INVALID, PASSWORD_INVALID, REFUSED. */
NODISCARD enum scram_error scram_client_final_write(struct buffer *out, struct scram_client *client,
                                                    struct slice server_first);
/* Reads server-final. Errors: REFUSED, MESSAGE_INVALID, SIGNATURE_INVALID. */
NODISCARD enum scram_error scram_client_finish(const struct scram_client *client, struct slice server_final);

#endif
