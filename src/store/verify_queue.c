/* The step of verify that looks at the queue. */
#include "store/queue_model.h"
#include "store/verify.h"

static const char recipients_wrong[] =
    "SELECT message, number, NOT EXISTS (SELECT 1 FROM outgoing WHERE outgoing.message = recipient.message),"
    " NOT EXISTS (SELECT 1 FROM destination WHERE destination.id = recipient.destination)"
    " FROM recipient WHERE state < 0 OR state >= $1 OR (state = 1) <> (due_ms = $2) OR (state = 2) <>"
    " (destination = $3) OR stream < 0 OR stream >= $4"
    " OR NOT EXISTS (SELECT 1 FROM outgoing WHERE outgoing.message = recipient.message)"
    " OR NOT EXISTS (SELECT 1 FROM destination WHERE destination.id = recipient.destination)";
static const char outgoing_wrong[] =
    "SELECT message FROM outgoing WHERE NOT EXISTS (SELECT 1 FROM recipient WHERE recipient.message ="
    " outgoing.message) OR NOT EXISTS (SELECT 1 FROM body WHERE body.id = outgoing.message)";
static const char destination_late[] = "SELECT id FROM destination WHERE failures = 0 AND due_ms > (SELECT "
                                       "coalesce(min(due_ms), $1) FROM recipient"
                                       " WHERE recipient.destination = destination.id)";

void verify_queue(void *argument) {
    struct verify *verify = argument;
    db_begin_read(verify->db);
    struct db_rows rows =
        DB_ROWS(verify->db, recipients_wrong, DB_NUMBER(QUEUE_STATES), DB_NUMBER(QUEUE_NEVER),
                DB_NUMBER(DESTINATION_REPORTS), DB_NUMBER(QUEUE_STREAMS));
    while (db_rows_next(&rows))
        verify_fault(verify, "recipient %lld of message %016llx %s", (long long)db_rows_number(&rows, 1),
                     (unsigned long long)db_rows_id(&rows, 0),
                     db_rows_number(&rows, 2)   ? "waits without its message"
                     : db_rows_number(&rows, 3) ? "waits for no destination"
                                                : "is in no state that there is");
    rows = DB_ROWS(verify->db, outgoing_wrong);
    while (db_rows_next(&rows))
        verify_fault(verify, "message %016llx is on its way to nobody, or has no body",
                     (unsigned long long)db_rows_id(&rows, 0));
    rows = DB_ROWS(verify->db, destination_late, DB_NUMBER(QUEUE_NEVER));
    while (db_rows_next(&rows))
        verify_fault(verify, "destination %016llx comes too late for what waits there",
                     (unsigned long long)db_rows_id(&rows, 0));
    (void)db_commit(verify->db);
}
