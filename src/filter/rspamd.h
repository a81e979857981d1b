/*
 * rspamd's HTTP protocol (its /checkv2): the request's head, and its answer as a verdict. The answer is read
 * as a stranger's: bounded, not nested deeply, and what makes no sense is FILTER_DOWN. Pure.
 */
#ifndef FILTER_RSPAMD_H
#define FILTER_RSPAMD_H

#include "base/arena.h"
#include "filter/filter.h"

/* Appends the request's head for a body of `body_bytes`. */
void rspamd_request_write(struct buffer *out, const struct filter_question *question, struct slice host,
                          uint64_t body_bytes);
/* What the JSON of an answer with status 200 says; texts in `arena`. */
void rspamd_verdict_read(struct slice json, struct arena *arena, struct filter_verdict *verdict);

#endif
