/* Whose answer it is (store/answer.h). */
#ifndef STORE_ANSWER_MATCH_H
#define STORE_ANSWER_MATCH_H

#include "store/answer_model.h"
#include "store/campaign_table.h"

/* Where it came in: accounts of ours, or an outside sender (facts->sender). */
struct answer_place {
    uint64_t tenant;
    uint64_t message;
    const uint64_t *accounts;
    size_t account_count;
};

struct answer_found {
    enum answer_match match;
    /* Of outreach_sent. */
    uint64_t sent;
    struct prospect_row prospect;
    /* Whom the message was for. */
    struct slice address;
    /* Of a colleague's: why it is this prospect's, for people; and prospects whom it may concern as well. */
    struct slice why;
    uint64_t *others;
    size_t other_count;
};

/* In the order of trust. MATCH_NONE: it is nobody's. */
struct answer_found answer_find(struct commit *commit, const struct answer_facts *facts,
                                const struct answer_place *place);
/* Of a colleague's answer, by `sent`: who else of the organisation was written to with the same subject in
   that campaign, and waits; the last one first, at most ANSWER_COLLEAGUES_MAX. */
void answer_find_others(struct commit *commit, struct answer_found *found);
/* Whether the place is where this sender's answers come in. */
bool answer_is_here(struct commit *commit, uint64_t sender, const struct answer_facts *facts,
                    const struct answer_place *place);

#endif
