/* Messages: the wide row that never changes, the narrow one with the place of the body, the thread. */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/commit.h"

/* A message that is being stored. */
struct message {
    uint64_t id;
    uint64_t tenant;
    int64_t received_ms;
    const struct message_facts *facts;
    const struct body_place *place;
    uint64_t refs;
};

enum message_known {
    MESSAGE_NEW,
    /* This very message is stored. */
    MESSAGE_STORED,
    /* The id belongs to another message. */
    MESSAGE_OTHER,
};

/* What is known of an id; `received_ms` and `raw_bytes` tell messages apart. */
enum message_known message_look(struct db *db, uint64_t id, int64_t received_ms, uint64_t raw_bytes);
/* False: the id is taken, and nothing was written; or it failed (db_failure). */
NODISCARD bool message_insert(struct commit *commit, const struct message *message);
/* Changes the number of references. */
void message_refer(struct db *db, uint64_t id, int64_t refs);

#endif
