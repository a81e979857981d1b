/* What has waited too long, on the loop. Ids rise with time, so that the oldest are found without a look at
   the others. */
#include "base/limits.h"
#include "store/engine_queue.h"
#include "store/engine_state.h"
#include "store/id.h"

static const char old_next[] =
    "SELECT DISTINCT recipient.message, recipient.destination FROM recipient JOIN outgoing ON"
    " outgoing.message = recipient.message WHERE recipient.message > $1 AND recipient.message <= $2 AND"
    " recipient.state = 0 AND outgoing.received_ms <= $3 ORDER BY recipient.message LIMIT $4";

enum store_result engine_queue_old(struct engine *engine, int64_t accepted_before_ms, uint64_t after,
                                   struct queue_claim *claims, size_t max, size_t *count) {
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, old_next, DB_NUMBER(after), DB_NUMBER(id_last_of(accepted_before_ms)),
                DB_NUMBER(accepted_before_ms), DB_NUMBER(max));
    while (db_rows_next(&rows))
        claims[(*count)++] =
            (struct queue_claim){.message = db_rows_id(&rows, 0), .destination = db_rows_id(&rows, 1)};
    db_rows_end(&rows);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}
