/*
 * What mail programs keep in the headers of an mbox's messages: Status, X-Status, X-Keywords (UW,
 * Dovecot, mutt, Alpine), X-UID, X-IMAPbase and X-IMAP, Content-Length, X-Mozilla-Status. The
 * first seven are the mbox's, not the message's: as every IMAP server over mbox does, they are
 * read and left out, where their values are such as those programs write.
 *
 * Our own export puts a fixed block in front of the message's own fields (mbox_header_write). Where
 * a header begins with that block, the block alone is the mbox's and all behind it the message's,
 * so that what was exported comes back byte by byte. Pure.
 */
#ifndef WIRE_MBOX_HEADER_H
#define WIRE_MBOX_HEADER_H

#include "base/buffer.h"
#include "base/limits.h"
#include "wire/imap_lex.h"

struct mbox_header {
    unsigned flags; /* IMAP_FLAG_... */
    /* Borrowed from the header; behind the maximum they are left out. */
    struct slice keywords[MBOX_KEYWORDS_MAX];
    size_t keyword_count;
    bool has_content_length;
    uint64_t content_length;
    /* 0: not there. */
    uint32_t uid;
    uint32_t uidvalidity;
    /* It begins with so many bytes of our own block. */
    size_t block_bytes;
    /* No message: "FOLDER INTERNAL DATA" of UW, Alpine and Dovecot. */
    bool is_internal;
};

/* Reads a header section, lines with LF or CRLF. */
void mbox_header_read(struct slice header, struct mbox_header *read);
/* Appends the section without what is the mbox's; Content-Length goes where `drops_length`. */
void mbox_header_strip(struct slice header, const struct mbox_header *read, bool drops_length,
                       struct buffer *out);

struct mbox_block {
    /* 0: only the first message of an mbox has it. */
    uint32_t uidvalidity;
    uint32_t uid_last;
    uint32_t uid;
    unsigned flags;
    const struct slice *keywords;
    size_t keyword_count;
};
void mbox_header_write(struct buffer *out, const struct mbox_block *block);

#endif
