/*
 * The keys with which mail of our domains is signed (RFC 6376, 8301, 8463): the table `dkim_key`, and how a
 * key lives. A domain has two places for each algorithm, with selectors that never change ("ph1-rsa" and
 * "ph2-rsa", "ph1-ed25519" and "ph2-ed25519"), and keys take turns in them: whoever does not run the domain's
 * DNS publishes four CNAMEs once, and never touches them again when keys are rotated.
 *
 *     waiting -> signing -> retired -> gone
 *
 * The first keys of a domain sign at once: without them mail would be unsigned, which is no better than a
 * signature whose record is not there yet. Each later one waits until its record was seen in DNS; the one
 * before it then signs nothing more, its private part is erased, and its record stays published until what
 * it signed has arrived. Only then is its place free for the next.
 *
 * Private keys are stored sealed (store/dkim_seal.h): roles that may read the database cannot read them.
 */
#ifndef STORE_DKIM_KEYS_H
#define STORE_DKIM_KEYS_H

#include "store/model.h"
#include "wire/dkim_field.h"

enum { DKIM_ALGORITHMS = 2, DKIM_PLACES = 2, DKIM_DOMAIN_KEYS_MAX = DKIM_ALGORITHMS * DKIM_PLACES };

/* Numbers are stored: never change one. */
enum dkim_key_state {
    /* To be published; signs when that was seen. */
    DKIM_KEY_WAITING = 1,
    DKIM_KEY_SIGNING = 2,
    /* Signs nothing more, and stays published until `until_ms`. */
    DKIM_KEY_RETIRED = 3,
    /* Its record may go; the place is free. */
    DKIM_KEY_GONE = 4,
};

struct dkim_key {
    uint64_t id;
    enum dkim_algorithm algorithm;
    /* Its record is that of SELECTOR._domainkey.DOMAIN. */
    struct slice selector;
    enum dkim_key_state state;
    /* What the TXT record says: "v=DKIM1; k=rsa; p=...", longer than one string of 255 bytes with RSA. Also
       where the key is gone: but then it need not be published. */
    struct slice record;
    int64_t created_ms;
    /* It has this state. */
    int64_t since_ms;
    /* With RETIRED; else 0. */
    int64_t until_ms;
};

/* With what a message is signed. */
struct dkim_signers {
    /* d=; empty: nobody may, or can, sign this message. */
    struct slice domain;
    struct {
        uint64_t key;
        enum dkim_algorithm algorithm;
        struct slice selector;
    } signers[DKIM_ALGORITHMS];
    size_t count;
};

/* What is to be signed, and with which key. */
struct dkim_digest {
    uint64_t key;
    uint8_t digest[DKIM_DIGEST_BYTES];
};

/* "waiting", "signing", "retired", "gone". Static. */
const char *dkim_key_state_word(enum dkim_key_state state);

#endif
