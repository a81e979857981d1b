/*
 * The messages of SCRAM-SHA-1 and SCRAM-SHA-256, with and without channel binding, as a server
 * reads and writes them (RFC 5802, RFC 7677). No secret passes through here: this half runs at
 * the edge, which asks whoever holds the secrets (scram_secret.h) for salt and iterations, and
 * then to check one proof over the AuthMessage. Nonces come from the caller.
 *
 *   client-first   scram_client_first_parse
 *   server-first   scram_server_first_write (salt and iterations from the secret)
 *   client-final   scram_client_final_parse, scram_client_final_check
 *                  scram_auth_message_write -> scram_secret_check
 *   server-final   scram_server_final_write (the signature of scram_secret_check)
 */
#ifndef WIRE_SCRAM_H
#define WIRE_SCRAM_H

#include "base/arena.h"
#include "base/buffer.h"

enum scram_error {
    SCRAM_OK,
    SCRAM_MESSAGE_INVALID,    /* RFC 5802 7: not of that form */
    SCRAM_EXTENSION_REQUIRED, /* "m=": an extension that we would have to know */
    SCRAM_NAME_INVALID,       /* empty, bad "=" encoding, not UTF-8, or over SASL_NAME_BYTES_MAX */
    SCRAM_NONCE_INVALID,      /* empty, unprintable, or over SCRAM_NONCE_BYTES_MAX */
    SCRAM_NONCE_MISMATCH,     /* not the nonce of this exchange, or without the server's part */
    SCRAM_BINDING_MISMATCH,   /* other channel-binding data, or another gs2 header than at first */
    SCRAM_BINDING_DOWNGRADE,  /* the client thinks that we offer no -PLUS, and we did */
    SCRAM_BINDING_UNWANTED,   /* binding asked for in a mechanism without -PLUS, or none in one with */
    SCRAM_BINDING_UNKNOWN,    /* a type that is not the caller's */
    SCRAM_PROOF_INVALID,      /* not base64 of a hash's length */
    SCRAM_ITERATIONS_INVALID, /* outside SCRAM_ITERATIONS_MIN and _MAX */
    SCRAM_SALT_INVALID,
    SCRAM_PASSWORD_INVALID,  /* empty, not UTF-8, or forbidden by SASLprep (RFC 4013) */
    SCRAM_SIGNATURE_INVALID, /* the server does not know the password */
    SCRAM_REFUSED,           /* the server said e= */
    SCRAM_OVER_BUDGET,
};

enum scram_hash { SCRAM_HASH_SHA_1, SCRAM_HASH_SHA_256 };
enum { SCRAM_HASH_BYTES_MAX = 32 };
/* 20 or 32. */
size_t scram_hash_bytes(enum scram_hash hash);

/* What the TLS layer gives for -PLUS (RFC 5929 4, RFC 9266): the name of the type,
   "tls-server-end-point" or "tls-exporter", and the data. Empty type: there is none. */
struct scram_binding {
    struct slice type;
    struct slice data;
};

struct scram_client_first {
    struct slice gs2_header; /* "n,," and the like, for the comparison with c= */
    struct slice bare;       /* for the AuthMessage */
    struct slice authzid;    /* decoded; empty: oneself */
    struct slice name;       /* decoded; not yet what the account is called (case, SASLprep) */
    struct slice nonce;
    char binding_flag;         /* 'n', 'y' or 'p' (RFC 5802 7) */
    struct slice binding_type; /* with 'p' */
};

/* The slices point into `message`, decoded names into `arena`. */
NODISCARD enum scram_error scram_client_first_parse(struct arena *arena, struct slice message,
                                                    struct scram_client_first *first);

/* Is the client's channel-binding flag right? `plus`: the mechanism chosen is a -PLUS one;
   `plus_offered`: one was advertised; `binding`: what this connection has (RFC 5802 6). */
NODISCARD enum scram_error scram_client_first_check(const struct scram_client_first *first, bool plus,
                                                    bool plus_offered, const struct scram_binding *binding);

/* Appends "r=...,s=...,i=...". `server_nonce`: printable, without comma; ASSERTed. */
void scram_server_first_write(struct buffer *out, struct slice client_nonce, struct slice server_nonce,
                              struct slice salt, uint32_t iterations);

struct scram_client_final {
    struct slice binding; /* c=, decoded */
    struct slice nonce;
    uint8_t proof[SCRAM_HASH_BYTES_MAX];
    size_t proof_len;
    struct slice without_proof; /* for the AuthMessage */
};

/* The slices point into `message`, the decoded c= into `arena`. Optional extensions are skipped. */
NODISCARD enum scram_error scram_client_final_parse(struct arena *arena, struct slice message,
                                                    enum scram_hash hash, struct scram_client_final *final);

/* Does it belong to `first`, to this server nonce, and to this channel? */
NODISCARD enum scram_error scram_client_final_check(const struct scram_client_final *final,
                                                    const struct scram_client_first *first,
                                                    struct slice server_nonce,
                                                    const struct scram_binding *binding);

/* RFC 5802 3: client-first-bare "," server-first "," client-final-without-proof. */
void scram_auth_message_write(struct buffer *out, struct slice client_first_bare, struct slice server_first,
                              struct slice client_final_without_proof);
/* Appends "v=...". */
void scram_server_final_write(struct buffer *out, struct slice server_signature);
/* Appends "e=..." with RFC 5802 7's word. Whatever tells whether a user exists is "other-error". */
void scram_server_error_write(struct buffer *out, enum scram_error error);

/* Takes "x=value" and the comma behind it off *text. False: it is not there. Shared with scram_client. */
bool scram_attribute_take(struct slice *text, uint8_t name, struct slice *value);
/* Printable ASCII but for the comma, not empty, of bounded length (RFC 5802 7). */
bool scram_nonce_is_valid(struct slice nonce);

#endif
