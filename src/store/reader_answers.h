/*
 * Answers as they were judged, page by page, and what they were judged by: for who judges them again
 * (posthaste outreach replay). As with all readers nothing here waits.
 */
#ifndef STORE_READER_ANSWERS_H
#define STORE_READER_ANSWERS_H

#include "store/answer_model.h"
#include "store/reader.h"

struct answer_query {
    /* 0: of all. */
    uint64_t campaign;
    int64_t since_ms;
    /* Behind this id; they come in the order of ids. */
    uint64_t after;
};
/* At most ANSWER_REPLAY_ROWS, in `arena`. */
enum store_result reader_answers(struct reader *reader, struct arena *arena, const struct answer_query *query,
                                 struct outreach_answer **answers, size_t *count);
/* How many there are. */
enum store_result reader_answers_count(struct reader *reader, const struct answer_query *query,
                                       uint64_t *count);
/* A campaign by its name. STORE_NOT_FOUND. */
enum store_result reader_campaign_find(struct reader *reader, struct slice name, uint64_t *campaign);
/* The beginning of an answer's message, as much as is judged: out of its body, or of what was kept of one
   that lies elsewhere. STORE_NOT_FOUND: neither is there. */
enum store_result reader_answer_message(struct reader *reader, const struct outreach_answer *answer,
                                        struct buffer *message);

#endif
