/* What follows from an answer (store/answer.h), once it is known whose it is. */
#ifndef STORE_ANSWER_ACT_H
#define STORE_ANSWER_ACT_H

#include "store/answer_match.h"

/* Does it, and says what it was. */
enum answer_decision answer_act(struct commit *commit, const struct answer_facts *facts,
                                struct answer_found *found);
/* The same where a person says what it is: needs no other proof. */
enum answer_decision answer_act_by_person(struct commit *commit, const struct answer_facts *facts,
                                          struct answer_found *found);
/* All of this person waits for somebody to decide. */
void answer_pause(struct commit *commit, struct answer_found *found, struct slice reason);

#endif
