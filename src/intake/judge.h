/*
 * What a message that came in is, for outreach: read once by the role that takes it in, and handed to the
 * store as store/answer_model.h has it. Only where the store asks for it (address_route.is_judged).
 */
#ifndef INTAKE_JUDGE_H
#define INTAKE_JUDGE_H

#include "analyse/analysis.h"
#include "store/answer_model.h"

/* Of a whole message, or its beginning; `token` is what stands behind the "+" of the address it came to, or
   empty. All in `arena`, and no more of it than the limits of answers allow. */
void judge_message(struct arena *arena, struct slice message, struct slice token, struct answer_facts *facts);
/* The same of a message that the mailbox's owner wrote by hand: all whom it is to, and when it was written.
 */
void judge_by_hand(struct arena *arena, struct slice message, struct answer_facts *facts);
/* Of one that was analysed already (analysis_addressees). */
void judge_written(struct arena *arena, const struct analysis *analysis, struct answer_facts *facts);
/* What stands behind the first "+" of an address's local part, or empty. */
struct slice judge_token_of(struct slice address);

#endif
