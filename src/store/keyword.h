/* Keywords: names of a mailbox's flag bits. Names differ by more than case (RFC 9051 2.3.2). */
#ifndef STORE_KEYWORD_H
#define STORE_KEYWORD_H

#include "store/commit.h"

/* The bits of these names. Unknown names are made where `creates` says so, and left out else.
 *is_full is set when the mailbox has no bit left for one. */
uint64_t keyword_bits(struct db *db, uint64_t mailbox, const struct slice *names, size_t count, bool creates,
                      bool *is_full);
/* A name can be stored. */
bool keyword_is_proper(struct slice name);
/* The flags of an entry of one mailbox as flags of another, whose keywords are made as needed. */
struct keyword_translation {
    struct db *db;
    uint64_t from;
    uint64_t to;
    uint64_t bits[64];
};
uint64_t keyword_translate(struct keyword_translation *translation, uint64_t flags);

#endif
