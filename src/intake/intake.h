/*
 * A message on its way in, whatever brings it (SMTP DATA or BDAT, IMAP APPEND, import): its
 * canonical bytes are analysed and packed as they come, so that no whole message is ever held
 * raw. Up to MESSAGE_MEMORY_BYTES_MAX packed bytes stay in memory, within the role's budget; what
 * is larger goes to a spool file that the store handed out.
 */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "analyse/analysis.h"
#include "store/client.h"

/* What the messages of one role share: the budget and warm compressors. */
struct intake_pool;
struct intake_pool *intake_pool_new(struct env *env, struct store_client *store, size_t budget_bytes);
void intake_pool_free(struct intake_pool **pool);

struct intake;

enum intake_result {
    INTAKE_OK,
    /* Over the size limit: 552 5.3.4. */
    INTAKE_TOO_BIG,
    /* Memory budget or spool places used up: 452 4.3.1, try later. */
    INTAKE_BUSY,
    /* Disk full: 452 4.3.1. */
    INTAKE_FULL,
    /* The store is away or failed: 451 4.3.0. */
    INTAKE_FAILED,
};

/* Begins a message of at most `bytes_max` raw bytes. */
NODISCARD enum intake_result intake_begin(struct intake_pool *pool, uint64_t bytes_max,
                                          struct intake **intake);
/* Before anything is fed: intake_analysis has a classification then (analyse/classify.h). */
void intake_classify(struct intake *intake);
/* The same: it has all whom the message is to. */
void intake_addressees(struct intake *intake);
/* Takes canonical bytes (CRLF line ends), in any pieces. Waits only when it spools. After anything but OK
   the rest may be fed and is ignored; the result stays. */
enum intake_result intake_feed(struct task *t, struct intake *intake, struct slice bytes);
/* Ends the message. `body` and `facts` borrow from the intake. */
enum intake_result intake_finish(struct task *t, struct intake *intake, struct body_source *body,
                                 struct message_facts *facts);
/* What analysis saw, after intake_finish. */
const struct analysis *intake_analysis(const struct intake *intake);
/* Frees it; a spool that was not delivered is dropped. Nulls *intake. */
void intake_free(struct intake **intake);

#endif
