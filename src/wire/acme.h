/*
 * What an ACME server says and is told (RFC 8555), as JSON: its directory, orders, authorizations and
 * problems; the payloads of requests and the JWS around them (RFC 7515). Pure; nothing that is read here is
 * trusted to be well-formed. Whoever signs is elsewhere (acme/key.h).
 */
#ifndef WIRE_ACME_H
#define WIRE_ACME_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/limits.h"

/* ---- what is read: texts are copied into `arena`; false: not JSON, or what has to be there is not ---- */

/* RFC 8555 7.1.1. URLs are https and at most ACME_URL_BYTES_MAX; those that may be missing are empty. */
struct acme_directory {
    struct slice new_nonce;
    struct slice new_account;
    struct slice new_order;
    /* RFC 9773 3: where to ask when a certificate is to be renewed. */
    struct slice renewal_info;
    struct slice terms;
    bool wants_external_account;
};
NODISCARD bool acme_directory_read(struct slice json, struct arena *arena, struct acme_directory *directory);

enum acme_status {
    ACME_PENDING,
    ACME_READY,
    ACME_PROCESSING,
    ACME_VALID,
    ACME_INVALID,
    /* Deactivated, expired, revoked, and what nobody knows. */
    ACME_OVER,
};

/* RFC 8555 6.7: the type is without its "urn:ietf:params:acme:error:"; empty: there is no problem. */
struct acme_problem {
    struct slice type;
    /* For people: cut to ACME_WORDS_BYTES_MAX, without control characters. */
    struct slice detail;
};
NODISCARD bool acme_problem_read(struct slice json, struct arena *arena, struct acme_problem *problem);

/* RFC 8555 7.1.3. */
struct acme_order {
    enum acme_status status;
    struct slice authorizations[ACME_NAMES_MAX];
    size_t authorization_count;
    struct slice finalize;
    /* Empty before it is valid. */
    struct slice certificate;
    struct acme_problem problem;
};
NODISCARD bool acme_order_read(struct slice json, struct arena *arena, struct acme_order *order);

enum acme_challenge_kind { ACME_HTTP_01, ACME_TLS_ALPN_01 };
enum { ACME_CHALLENGE_KINDS = ACME_TLS_ALPN_01 + 1 };
/* "http-01", "tls-alpn-01". */
const char *acme_challenge_name(enum acme_challenge_kind kind);

/* RFC 8555 7.1.4, and of its challenges the one of `kind`. */
struct acme_authorization {
    enum acme_status status;
    struct slice name;
    /* Empty: the CA does not offer that kind. */
    struct slice url;
    struct slice token;
    /* Why that challenge failed. */
    struct acme_problem problem;
};
NODISCARD bool acme_authorization_read(struct slice json, enum acme_challenge_kind kind, struct arena *arena,
                                       struct acme_authorization *authorization);
/* RFC 9773 4.2: when the CA would have a certificate renewed. Times are UTC. */
struct acme_window {
    int64_t start_ms;
    int64_t end_ms;
};
/* False: it is none, or ends before it begins. */
NODISCARD bool acme_window_read(struct slice json, struct acme_window *window);
/* What can be a token: base64url, 1 to ACME_TOKEN_BYTES_MAX (RFC 8555 8.1). */
bool acme_token_is_good(struct slice token);

/* ---- what is written ---- */

/* RFC 8555 7.3; without an email no contact. */
void acme_account_payload(struct buffer *out, struct slice email, bool terms_agreed);
/* RFC 8555 7.3.2: from now on that contact; without an email none. */
void acme_contact_payload(struct buffer *out, struct slice email);
/* RFC 8555 7.4. `replaces` (RFC 9773 5): the identifier of the certificate that it comes instead of, or
 * empty.
 */
void acme_order_payload(struct buffer *out, const struct slice *names, size_t count, struct slice replaces);
/* RFC 8555 7.4: a PKCS#10 request in DER. */
void acme_finalize_payload(struct buffer *out, struct slice csr);

/* The public half of a P-256 key: 32 bytes each. */
struct acme_point {
    uint8_t x[32];
    uint8_t y[32];
};
/* The members of RFC 7638 3.2, in order: what its SHA-256 is the thumbprint of. */
void acme_jwk_write(struct buffer *out, const struct acme_point *point);
/* RFC 8555 6.2: the protected header, base64url. `account` empty: the key itself is told. */
void acme_protected_write(struct buffer *out, struct slice nonce, struct slice url, struct slice account,
                          const struct acme_point *point);
/* The flattened JWS (RFC 7515 7.2.2). `input` is what was signed: header, ".", payload. */
void acme_jws_write(struct buffer *out, struct slice input, struct slice signature);

#endif
