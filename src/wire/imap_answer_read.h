/* Inside imap_answer.h: a cursor over one whole answer, and the values that stand in it. Each of these takes
   something off the front of *rest; false: it is not there. */
#ifndef WIRE_IMAP_ANSWER_READ_H
#define WIRE_IMAP_ANSWER_READ_H

#include "wire/imap_answer.h"

static inline bool imap_answer_space(struct slice *rest) { return slice_take_byte(rest, ' '); }
/* What stands before a space, a parenthesis, a bracket or the line's end; may be empty. */
struct slice imap_answer_atom(struct slice *rest);
/* Quoted, a literal, NIL (then its pointer is NULL), or an atom. */
NODISCARD bool imap_answer_string(struct slice *rest, struct arena *arena, struct slice *text);
/* One value of any kind, lists with all that is in them. */
NODISCARD bool imap_answer_skip(struct slice *rest);

/* imap_answer_data.c: what stands behind "* LIST ", "* 12 FETCH " and so on. */
NODISCARD bool imap_answer_list(struct slice rest, struct arena *arena, struct imap_answer *answer);
NODISCARD bool imap_answer_status_of(struct slice rest, struct arena *arena, struct imap_answer *answer);
NODISCARD bool imap_answer_search(struct slice rest, struct arena *arena, struct imap_answer *answer);
NODISCARD bool imap_answer_esearch(struct slice rest, struct arena *arena, struct imap_answer *answer);
NODISCARD bool imap_answer_vanished(struct slice rest, struct arena *arena, struct imap_answer *answer);
NODISCARD bool imap_answer_fetch(struct slice rest, struct arena *arena, struct imap_answer *answer);

#endif
