/*
 * Flags as a client sees them: the system flags of RFC 9051 2.3.2 and the mailbox's keywords,
 * whose names belong to bits (store/model.h).
 */
#ifndef IMAP_IMAP_FLAGS_H
#define IMAP_IMAP_FLAGS_H

#include "imap/imap_session.h"

/* A mailbox's keywords: names[i] is bit FLAG_KEYWORD_FIRST_BIT + i. */
struct imap_keywords {
    struct slice *names;
    size_t count;
};

/* Reads the keywords of the selected mailbox, and tells the client of those it does not know yet, so
   between two answers only. Does not wait. */
enum store_result imap_keywords_load(struct imap_call *call, struct imap_keywords *keywords);
/* The same where `flags` has keywords that are not among them yet. */
void imap_keywords_cover(struct imap_call *call, struct imap_keywords *keywords, uint64_t flags);
/* The bit of a keyword in any case, or 0. */
uint64_t imap_keyword_bit(const struct imap_keywords *keywords, struct slice name);

/* (\Seen $Junk) */
void imap_flags_write(struct buffer *out, uint64_t flags, const struct imap_keywords *keywords);
/* FLAGS and PERMANENTFLAGS of the selected mailbox (RFC 9051 6.3.2). */
void imap_flags_announce(struct imap_call *call, const struct imap_keywords *keywords);

#endif
