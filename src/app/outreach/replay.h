/*
 * `outreach replay`: one answer, judged again. What differs is what the classifier says now (its kind, what a
 * person wants by it, whether an address is gone, when somebody is back), not what would follow today: whose
 * answer it is and when it came stay as they were.
 */
#ifndef APP_REPLAY_H
#define APP_REPLAY_H

#include <jansson.h>

#include "store/answer_model.h"

/* Both sides of an answer. `now` was judged out of the same message. */
struct replay_difference {
    const struct outreach_answer *was;
    const struct answer_facts *now;
    /* Of the recipient it is about. */
    bool is_hard;
    enum answer_decision decision;
    /* Its author asked not to be written to, and that stays so whatever is found now. */
    bool keeps_wish;
};

/* Whether anything differs; *difference is filled in either way. What was not recorded at the time cannot. */
bool replay_differs(const struct outreach_answer *was, const struct answer_facts *now,
                    struct replay_difference *difference);
/* "out_of_office, back on 2026-12-01"; in `arena`. */
struct slice replay_words_before(struct arena *arena, const struct replay_difference *difference);
struct slice replay_words_after(struct arena *arena, const struct replay_difference *difference);
/* What would follow if it had been so. Static. */
const char *replay_words_effect(const struct replay_difference *difference);
/* The rules that decided, in one line; in `arena`. */
struct slice replay_words_evidence(struct arena *arena, struct slice evidence);
/* All of it. */
json_t *replay_json(struct arena *arena, const struct replay_difference *difference);

#endif
