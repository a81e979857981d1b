/* What follows from an answer (store/answer.h), once it is known whose it is. */
#ifndef STORE_ANSWER_ACT_H
#define STORE_ANSWER_ACT_H

#include "store/answer_match.h"

/* Does it, and says what it was. All of it is noted under the answer's id (store/answer_hold.h). Where a
   person says what it is, it needs no other proof. */
enum answer_decision answer_act(struct commit *commit, uint64_t answer, const struct answer_facts *facts,
                                struct answer_found *found, bool is_by_person);

#endif
