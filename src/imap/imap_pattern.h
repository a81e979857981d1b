/*
 * LIST patterns (RFC 9051 6.3.9): `*` is any run of characters, `%` one within a level. All ways
 * to match are followed at once, so the time is bounded by pattern times name, whatever they are.
 */
#ifndef IMAP_IMAP_PATTERN_H
#define IMAP_IMAP_PATTERN_H

#include "base/arena.h"

struct imap_pattern {
    struct slice text;
    /* Which places of the pattern are reached, now and behind the next character. */
    bool *now;
    bool *next;
};

/* Reference and pattern are joined. False: over the arena's budget. */
NODISCARD bool imap_pattern_new(struct arena *arena, struct slice reference, struct slice text,
                                struct imap_pattern *pattern);
/* A first level INBOX matches in any case. */
bool imap_pattern_matches(struct imap_pattern *pattern, struct slice name);

#endif
