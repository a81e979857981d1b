/* Whose message it is: the address in the From of a header section (RFC 5322 3.6.2). Pure. */
#ifndef WIRE_AUTHOR_H
#define WIRE_AUTHOR_H

#include "base/arena.h"

/* "local@domain" of the one mailbox in the one From, in `arena`; empty where there is no From or more than
   one, or it names several or none: then nobody in particular wrote it. Longer than `max` bytes is none, too.
 */
struct slice author_of(struct arena *arena, struct slice header, size_t max);

#endif
