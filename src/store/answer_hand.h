/* What the owner wrote by hand, in the commit that stores it (answer_hand.c). */
#ifndef STORE_ANSWER_HAND_H
#define STORE_ANSWER_HAND_H

#include "store/answer_match.h"

/* An account of ours submitted it. */
void answer_hand_submitted(struct commit *commit, const struct delivery *delivery);
/* It stands in a Sent mailbox: facts->recipients are whom it was to. */
void answer_hand_seen(struct commit *commit, const struct answer_facts *facts,
                      const struct answer_place *place);
/* A mail program put it into the Sent mailbox of an account; append->judged says what it is. */
void answer_of_append(struct commit *commit, uint64_t tenant, uint64_t account, const struct append *append);

#endif
