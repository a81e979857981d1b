/*
 * The URL of a webhook. Read strictly, because it is named by people, and two readers (ours, which looks the
 * host up and decides whether it may be connected to, and libcurl's) must not see two hosts in it. Pure.
 */
#ifndef HOOK_URL_H
#define HOOK_URL_H

#include "base/fatal.h"
#include "base/slice.h"

struct hook_url {
    bool is_https;
    /* A name in lower-case or upper-case ASCII, or a numeric address without brackets. */
    struct slice host;
    bool is_address;
};

enum hook_url_fault {
    HOOK_URL_OK,
    /* Longer than WEBHOOK_URL_BYTES_MAX. */
    HOOK_URL_TOO_LONG,
    /* Blanks, controls, other than ASCII, quotes, backslashes. */
    HOOK_URL_CHARACTERS,
    /* Neither https:// nor http://, in lower case. */
    HOOK_URL_SCHEME,
    /* A user or a password: they would be in logs; the signature says who asks. */
    HOOK_URL_USER,
    /* No name of letters, digits, hyphens and full stops, and no address as RFC 3986 3.2.2 writes it. */
    HOOK_URL_HOST,
    HOOK_URL_PORT,
    /* "#" and what follows is not sent. */
    HOOK_URL_FRAGMENT,
};
enum { HOOK_URL_FAULTS = HOOK_URL_FRAGMENT + 1 };

/* Borrows from `text`. */
NODISCARD enum hook_url_fault hook_url_read(struct slice text, struct hook_url *url);
/* Static: "has no host that could be connected to". */
const char *hook_url_words(enum hook_url_fault fault);
/* Without TLS: of this machine alone, by address, and where that is allowed. */
bool hook_url_is_allowed(const struct hook_url *url, bool allows_private);

#endif
