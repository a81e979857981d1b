/* Questions and verdicts between filter/client.c and filter/service.c, as bytes. The remote role reads what
   strangers sent, and so is not believed: fields are looked at once more where they arrive. */
#ifndef FILTER_PROTOCOL_H
#define FILTER_PROTOCOL_H

#include "base/limits.h"
#include "filter/filter.h"
#include "ipc/pack.h"
#include "resolve/protocol.h"

enum { FILTER_ASK = RESOLVE_OTHERS };

/* With a file: its handle goes beside the message, and the body is not in it. */
void filter_question_pack(struct buffer *out, const struct filter_question *question);
/* Borrows texts; recipients are in `arena`. `file` is the caller's to set. */
NODISCARD bool filter_question_unpack(struct slice body, struct arena *arena,
                                      struct filter_question *question);
void filter_verdict_pack(struct buffer *out, const struct filter_verdict *verdict);
/* Copies into `arena`. False: bad, or fields that may not be added. */
NODISCARD bool filter_verdict_unpack(struct slice body, struct arena *arena, struct filter_verdict *verdict);

#endif
