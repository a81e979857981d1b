/*
 * IMAP sequence sets (RFC 9051 9, sequence-set): lists of message numbers or UIDs and ranges
 * of them. A set is parsed as it was written, then normalised (sorted, merged, `*` filled in)
 * once the largest number is known, and from there on only ever intersected with what exists:
 * `1:4294967295` is two numbers, not four thousand million.
 */
#ifndef WIRE_IMAP_SEQUENCE_H
#define WIRE_IMAP_SEQUENCE_H

#include "base/arena.h"
#include "base/uid_set.h"

/* `*` as it is kept until the set is normalised. No message has this number. */
enum { IMAP_SEQUENCE_LARGEST = 0 };

struct imap_sequence {
    struct number_range *ranges;
    size_t count;
    /* `$`, the saved result of the last search (RFC 9051 6.4.4.1); then there are no ranges. */
    bool saved_result;
};

enum imap_sequence_error {
    IMAP_SEQUENCE_OK,
    IMAP_SEQUENCE_SYNTAX,
    /* Over IMAP_SEQUENCE_RANGES_MAX. */
    IMAP_SEQUENCE_TOO_MANY,
    /* Over the arena's budget. */
    IMAP_SEQUENCE_NO_MEMORY,
};

/* Parses all of `text`, as it is written: ranges may be reversed and overlap. */
NODISCARD enum imap_sequence_error imap_sequence_parse(struct slice text, struct arena *arena,
                                                       struct imap_sequence *sequence);
/* Sorts and merges the ranges in place and makes `*` the number `largest` (0: the mailbox is
   empty), so `N:*` with N past the end holds the last message (RFC 9051 9, seq-range). */
void imap_sequence_normalise(struct imap_sequence *sequence, uint32_t largest);
/* Of a normalised sequence. O(log n). */
bool imap_sequence_contains(const struct imap_sequence *sequence, uint32_t number);
/* A normalised sequence of message numbers becomes one of the UIDs at these positions of the
   view: intersected with the view, it holds just these messages. Positions past the end go. */
void imap_sequence_to_uids(struct imap_sequence *sequence, const struct uid_set *view);
/* A walk over the common members of a normalised sequence and a set: uid_set_meet_next. */
struct uid_set_meet imap_sequence_meet(const struct imap_sequence *sequence);

#endif
