/*
 * Whether a machine answered in somebody's place (RFC 3834), and whether it said that they are away. Judged
 * by fields of the header and by subjects that only programs write, never by the text alone: a person who
 * writes "I am out of the office until Monday" has written. X-Auto-Response-Suppress is no sign: it asks
 * others not to answer by machine. Pure; linear.
 */
#ifndef ANALYSE_AUTO_REPLY_H
#define ANALYSE_AUTO_REPLY_H

#include "analyse/letter.h"

enum auto_reply {
    AUTO_REPLY_NOT,
    /* "We have received your message", and all others. */
    AUTO_REPLY_PLAIN,
    AUTO_REPLY_OUT_OF_OFFICE,
};

/* `folded`: the letter's text (phrase.h). `evidence`: the field or phrase that decided, for a person to read.
 */
enum auto_reply auto_reply_read(const struct letter *letter, struct slice folded, struct slice *evidence);

/* A subject that a program of the mailbox wrote: "Automatic reply: ...". */
bool auto_reply_has_subject(const struct letter *letter);
/* Says that somebody is away; of any text. */
const struct slice *auto_reply_absence(struct slice folded);

#endif
