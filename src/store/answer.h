/*
 * Answers, in the commit that stores them: whose they are is found by what was sent (the token of the address
 * they came to, Message-IDs they name, their author, a colleague of whom was written to), and
 * what follows from them is done at once. A reply stops its prospect, everywhere; an out-of-office puts it
 * off; a hard bounce, a complaint and a wish to be left alone go to suppression, too; what may be a
 * colleague's word pauses until a person decides. An automatic reply, a delay and a receipt change nothing.
 * So whoever sends afterwards asks a store that knows.
 *
 * All of it costs nothing while there is no campaign (commit.judges_answers).
 */
#ifndef STORE_ANSWER_H
#define STORE_ANSWER_H

#include "store/answer_model.h"
#include "store/campaign.h"
#include "store/commit.h"

/* In the commit lane: judges a delivery that comes from outside by its `judged`, and one that an account of
   ours submitted by whom it is for. */
void answer_of_delivery(struct commit *commit, const struct delivery *delivery);
/* The same of a message that lies elsewhere. */
void answer_take(struct commit *commit, uint64_t tenant, uint64_t message, const struct answer_facts *facts);

/* What stands behind the "+" of the address that answers to a message come to, and back. The token is of this
   store alone. 0: it is none of ours. */
enum { ANSWER_TOKEN_BYTES = 30 };
void answer_token_write(const uint8_t secret[32], uint64_t sent, char token[ANSWER_TOKEN_BYTES]);
uint64_t answer_token_read(const uint8_t secret[32], struct slice token);
struct slice engine_answer_token(const struct engine *engine, struct arena *arena, uint64_t sent);

/* A message of an outside mailbox, and how far its folder was looked at with it: one commit. Asked again it
   changes nothing. */
struct sender_folder;
enum store_result engine_outreach_answer(struct task *t, struct engine *engine,
                                         const struct answer_facts *facts,
                                         const struct sender_folder *folder);

/* Answers of a prospect (0: all), the newest first, at most OUTREACH_LIST_MAX. */
enum store_result engine_outreach_answers(struct engine *engine, struct arena *arena, uint64_t prospect,
                                          struct outreach_answer **answers, size_t *count);
/* A person says what an answer really is: what had been done because of it is undone, as far as it can be,
   and what follows from the new kind is done. `interest`: of a reply, enum interest. STORE_NOT_FOUND. */
enum store_result engine_outreach_correct(struct task *t, struct engine *engine, uint64_t answer,
                                          enum answer_kind kind, uint32_t interest, struct slice by);
/* A newer classifier says it; the same otherwise, but that nobody's wish not to be written to is forgotten,
   and what a person corrected stays: STORE_REFUSED. */
enum store_result engine_answer_rejudge(struct task *t, struct engine *engine,
                                        const struct answer_rejudgement *asked, struct answer_rejudged *done);

/* What a step's condition asks of a prospect's answers. */
struct answer_history {
    /* The newest that is more than a delay or a receipt; ANSWER_KINDS: there is none. */
    enum answer_kind kind;
    uint32_t interest;
    /* Something came back undelivered. */
    bool has_bounced;
    /* The newest of a person: when it came, and its Message-ID (may be empty). 0: there is none. */
    int64_t replied_ms;
    struct slice reply_id;
};
/* Reads; does not wait. */
enum store_result engine_answer_history(struct engine *engine, struct arena *arena, uint64_t prospect,
                                        struct answer_history *history);

#endif
