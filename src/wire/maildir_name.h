/*
 * The names of files in a Maildir: "UNIQUE:2,FLAGS", where FLAGS are letters in ASCII order, the
 * small ones standing for the keywords that the folder's dovecot-keywords numbers. Systems that
 * cannot have a colon in a name write ";2," or "!2,". UNIQUE begins with the time of delivery in
 * seconds. Pure.
 */
#ifndef WIRE_MAILDIR_NAME_H
#define WIRE_MAILDIR_NAME_H

#include "wire/mbox_header.h"

enum { MAILDIR_KEYWORDS = 26 };

struct maildir_name {
    /* What stays the same when flags change. */
    struct slice base;
    unsigned flags; /* IMAP_FLAG_... */
    /* Bit 0 is "a". */
    uint32_t keywords;
    /* "P": passed on. */
    bool is_passed;
    /* 0: it does not begin with a time. */
    int64_t seconds;
};

void maildir_name_read(struct slice name, struct maildir_name *read);
/* Appends ":2," and the letters. */
void maildir_name_write_flags(struct buffer *out, unsigned flags, uint32_t keywords);

/* Reads a dovecot-keywords file: lines of a number and a name. names[0] is that of "a"; they borrow. */
void maildir_keywords_read(struct slice file, struct slice names[MAILDIR_KEYWORDS]);

#endif
