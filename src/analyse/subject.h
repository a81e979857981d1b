/* The base subject of a message, by which threads and sorting know it (RFC 5256 2.1). Pure. */
#ifndef ANALYSE_SUBJECT_H
#define ANALYSE_SUBJECT_H

#include "base/buffer.h"

/* Appends the base of a decoded subject. Returns whether it was a reply or a forward. */
bool subject_base(struct slice subject, struct buffer *out);

#endif
