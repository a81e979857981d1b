/*
 * Envelope addresses: the paths of MAIL FROM and RCPT TO (RFC 5321 4.1.2, RFC 6531 3.3),
 * parsed into what they mean and written back in one canonical form. The local part is held
 * unquoted; a domain is held lower-cased, and as A-labels beside it, by which domains are
 * compared. Source routes are parsed, flagged and otherwise ignored, as RFC 5321 C asks.
 * Nothing here decides whether an address is ours.
 */
#ifndef WIRE_SMTP_ADDRESS_H
#define WIRE_SMTP_ADDRESS_H

#include "base/arena.h"
#include "base/buffer.h"

enum smtp_address_error {
    SMTP_ADDRESS_OK,
    SMTP_ADDRESS_SYNTAX,
    SMTP_ADDRESS_LOCAL_PART_TOO_LONG, /* too long for a path, see limits.h */
    SMTP_ADDRESS_DOMAIN_MISSING,
    SMTP_ADDRESS_DOMAIN_INVALID, /* no host name, or no name that IDNA 2008 allows */
    SMTP_ADDRESS_DOMAIN_TOO_LONG,
    SMTP_ADDRESS_LITERAL_INVALID,
    SMTP_ADDRESS_TOO_LONG,   /* over SMTP_ADDRESS_BYTES_MAX */
    SMTP_ADDRESS_RELAY_FORM, /* "a@b@c", "host!user": another system's routing */
    SMTP_ADDRESS_NOT_UTF8,
    SMTP_ADDRESS_OVER_BUDGET, /* the arena's budget is spent */
};

struct smtp_address {
    /* What the local part means, without quotes and backslashes. */
    struct slice local_part;
    /* Lower-cased, NFC; "[192.0.2.1]", "[IPv6:2001:db8::1]"; empty in <> and <postmaster>. */
    struct slice domain;
    /* The same with A-labels (RFC 5890); ASCII. The key for comparing. */
    struct slice domain_ascii;
    /* "@a,@b" as sent. Empty without a source route. */
    struct slice route;
    bool is_null; /* <> */
    bool is_literal;
    bool is_quoted; /* the local part can only be written in quotes */
    bool is_utf8;   /* needs SMTPUTF8: non-ASCII local part, or a domain given as U-labels */
};

enum smtp_path_kind {
    SMTP_PATH_REVERSE, /* MAIL FROM: <> is allowed */
    SMTP_PATH_FORWARD, /* RCPT TO: <postmaster> is allowed, in any case */
};

/* Reads all of `text` as "local@domain", without angle brackets (RFC 5321 4.1.2, Mailbox).
   The slices of *address live in `arena`. Undefined *address on error. */
NODISCARD enum smtp_address_error smtp_address_parse(struct arena *arena, struct slice text,
                                                     struct smtp_address *address);

/* Takes a path in angle brackets off the front of *text, and leaves *text behind ">".
   The slices of *address live in `arena`. On error *text is somewhere inside. */
NODISCARD enum smtp_address_error smtp_path_take(struct arena *arena, struct slice *text,
                                                 enum smtp_path_kind kind, struct smtp_address *address);

/* Reads "[192.0.2.1]" or "[IPv6:...]" (RFC 5321 4.1.3) and gives its canonical form. */
NODISCARD enum smtp_address_error smtp_literal_parse(struct arena *arena, struct slice text,
                                                     struct slice *canonical);

/* A domain's two canonical forms, as in struct smtp_address. Accepts "_", which DNS names of
   real senders hold. Errors: DOMAIN_INVALID, DOMAIN_TOO_LONG, NOT_UTF8, OVER_BUDGET. */
NODISCARD enum smtp_address_error smtp_domain_parse(struct arena *arena, struct slice text,
                                                    struct slice *domain, struct slice *domain_ascii);

/* Appends "local@domain", quoted where needed; nothing for <>. With `ascii_domain`, the
   A-label form, for a next hop without SMTPUTF8. Reading it back gives the same address. */
void smtp_address_write(struct buffer *out, const struct smtp_address *address, bool ascii_domain);

/* Splits "user+detail" at the first byte that is one of `separators` ("+", "+-"), which the
   caller's configuration names. False, with all in *user: there is none, or nothing before it. */
bool smtp_address_split_detail(struct slice local_part, struct slice separators, struct slice *user,
                               struct slice *detail);

/* The local part holds "%", "!" or "@": a request to route on, where we would relay. */
bool smtp_address_has_routing(const struct smtp_address *address);

#endif
