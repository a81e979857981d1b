#include "store/route_move.h"

#include <stdlib.h>

#include "store/engine_state.h"
#include "store/queue.h"
#include "store/route.h"
#include "store/schema.h"

static const char rows_next[] =
    "SELECT message, number FROM recipient WHERE (message, number) > ($1, $2) AND "
    "state <> 2 ORDER BY message, number LIMIT $3";
static const char row_read[] =
    "SELECT destination, state, recipient.stream, address, mail_from FROM recipient JOIN outgoing USING"
    " (message) WHERE message = $1 AND number = $2 AND state <> 2";
/* Whether the host of before took it already is not known to another one. */
static const char row_move[] =
    "UPDATE recipient SET destination = $3, due_ms = $4, same_host = '' WHERE message = $1 AND number = $2";

static const struct slice changed = SLICE_INIT("routes_changed");
static const struct slice moved = SLICE_INIT("routes_moved");

struct recipient_key {
    uint64_t message;
    uint64_t number;
};

/* Some recipients, in order. */
struct chunk {
    struct recipient_key keys[ROUTE_MOVE_ROWS];
    size_t count;
};

/* ---- in the commit lane ---- */

void route_move_is_due(struct commit *commit) {
    setting_set_number(commit->db, changed, setting_number(commit->db, changed, 0) + 1);
}

struct waiting {
    uint64_t destination;
    enum queue_state state;
    enum queue_stream stream;
    struct slice recipient_domain;
    struct slice sender_domain;
};

/* False: it is gone, or no longer waits. */
static bool waiting_read(struct commit *commit, const struct recipient_key *key, struct waiting *waiting) {
    struct db_rows rows = DB_ROWS(commit->db, row_read, DB_NUMBER(key->message), DB_NUMBER(key->number));
    if (!db_rows_next(&rows)) return false;
    struct slice mail_from = db_rows_bytes(&rows, 4);
    *waiting = (struct waiting){.destination = db_rows_id(&rows, 0),
                                .state = (enum queue_state)db_rows_number(&rows, 1),
                                .stream = (enum queue_stream)db_rows_number(&rows, 2),
                                .recipient_domain = queue_domain_of(commit->arena, db_rows_bytes(&rows, 3)),
                                .sender_domain =
                                    mail_from.len ? queue_domain_of(commit->arena, mail_from) : SLICE_EMPTY};
    db_rows_end(&rows);
    return true;
}

static void move_one(struct commit *commit, const struct recipient_key *key) {
    struct waiting waiting;
    if (!waiting_read(commit, key, &waiting)) return;
    uint64_t route = route_choose(commit, waiting.sender_domain, waiting.recipient_domain, waiting.stream);
    const struct queue_known *before = queue_destination_known(commit, waiting.destination);
    if (!before || before->route == route) return;
    struct queue_known *now =
        queue_destination_of(commit, route, route ? SLICE_EMPTY : waiting.recipient_domain);
    if (!now) return;
    bool is_held = waiting.state == QUEUE_HELD;
    DB_RUN(commit->db, row_move, DB_NUMBER(key->message), DB_NUMBER(key->number), DB_NUMBER(now->id),
           DB_NUMBER(is_held ? QUEUE_NEVER : commit->now_ms));
    if (is_held) return;
    queue_due(commit, now, commit->now_ms);
    queue_tell(commit, now, key->message, waiting.stream);
}

static enum store_result move(struct commit *commit, void *argument) {
    const struct chunk *chunk = argument;
    for (size_t i = 0; i < chunk->count; i++) move_one(commit, &chunk->keys[i]);
    return STORE_OK;
}

static enum store_result note_moved(struct commit *commit, void *argument) {
    setting_set_number(commit->db, moved, *(const int64_t *)argument);
    return STORE_OK;
}

/* ---- on the loop ---- */

/* What was changed, and how far that was followed. */
static enum store_result read_state(struct engine *engine, int64_t *changes, int64_t *followed) {
    db_begin_read(engine->db);
    *changes = setting_number(engine->db, changed, 0);
    *followed = setting_number(engine->db, moved, 0);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

bool engine_route_is_applied(struct engine *engine) {
    int64_t changes;
    int64_t followed;
    return read_state(engine, &changes, &followed) == STORE_OK && changes == followed;
}

/* Takes the next ones behind *after, which it moves on, and leaves out what is in hand. How many rows there
   were. */
static size_t read_chunk(struct engine *engine, struct recipient_key *after, struct chunk *chunk,
                         bool *has_passed_over, enum store_result *result) {
    size_t count = 0;
    chunk->count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, rows_next, DB_NUMBER(after->message), DB_NUMBER(after->number),
                                  DB_NUMBER(ROUTE_MOVE_ROWS));
    for (; db_rows_next(&rows); count++) {
        *after = (struct recipient_key){db_rows_id(&rows, 0), db_rows_id(&rows, 1)};
        if (engine->mover.is_in_hand(engine->mover.context, after->message)) {
            *has_passed_over = true;
            continue;
        }
        chunk->keys[chunk->count++] = *after;
    }
    db_rows_end(&rows);
    *result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return count;
}

/* From reading what is in hand to the commit nothing else may be taken in hand. */
static enum store_result move_chunk(struct task *t, struct engine *engine, struct chunk *chunk) {
    struct commit_operation operation = {.run = move, .argument = chunk, .uses_inboxes = true};
    engine->mover.is_moving = true;
    enum store_result result = commit_run(t, &engine->queue, &operation);
    engine->mover.is_moving = false;
    gate_open(&engine->mover.moved);
    return result;
}

/* Goes through all that waits, once. */
static enum store_result pass(struct task *t, struct engine *engine, bool *has_passed_over) {
    struct recipient_key after = {0};
    struct chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) FATAL("out of memory for recipients");
    enum store_result result = STORE_OK;
    size_t count = ROUTE_MOVE_ROWS;
    while (result == STORE_OK && count == ROUTE_MOVE_ROWS) {
        count = read_chunk(engine, &after, chunk, has_passed_over, &result);
        if (result == STORE_OK && chunk->count) result = move_chunk(t, engine, chunk);
        if (result == STORE_OK && task_sleep(t, ROUTE_MOVE_STEP_MS) != WAIT_OK) result = STORE_GONE;
    }
    free(chunk);
    return result;
}

/* True: all that waits is where it goes, after all changes so far. */
static bool follow(struct task *t, struct engine *engine) {
    int64_t changes;
    int64_t followed;
    bool has_passed_over = false;
    if (read_state(engine, &changes, &followed) != STORE_OK) return false;
    if (changes == followed) return true;
    if (pass(t, engine, &has_passed_over) != STORE_OK || has_passed_over) return false;
    struct commit_operation operation = {.run = note_moved, .argument = &changes};
    return commit_run(t, &engine->queue, &operation) == STORE_OK && engine_route_is_applied(engine);
}

/* What fails, as where the disk is full, is tried again. */
static void mover_main(struct task *t, void *argument) {
    struct engine *engine = argument;
    engine->mover.task = t;
    while (!task_is_cancelled(t)) {
        bool is_done = !engine->mover.is_in_hand || follow(t, engine);
        int64_t until_ms = is_done ? DEADLINE_NONE : env_now_ms(engine->env) + ROUTE_MOVE_PAUSE_MS;
        if (task_wait(t, until_ms) == WAIT_CANCELLED) break;
    }
    engine->mover.task = NULL;
}

void route_mover_start(struct engine *engine) {
    gate_init(&engine->mover.moved);
    scope_init(&engine->mover.scope, engine->env);
    bool is_started = scope_spawn(&engine->mover.scope, mover_main, engine);
    ASSERT(is_started);
}

void route_mover_stop(struct task *t, struct engine *engine) { scope_close(t, &engine->mover.scope); }

void route_mover_wake(struct engine *engine) {
    if (engine->mover.task) task_wake(engine->mover.task);
}

void engine_route_listen(struct engine *engine, bool (*is_in_hand)(void *context, uint64_t message),
                         void *context) {
    engine->mover.is_in_hand = is_in_hand;
    engine->mover.context = context;
    route_mover_wake(engine);
}

bool engine_route_await(struct task *t, struct engine *engine) {
    while (engine->mover.is_moving)
        if (gate_wait(t, &engine->mover.moved, DEADLINE_NONE) != WAIT_OK) return false;
    return true;
}
