/*
 * Batches of rows, each one commit. While some are under way the next is filled; when CONTACT_BATCHES_MAX
 * are, filling waits. They are asked in order and committed in order, so that how far the store got is one
 * number.
 */
#include <stdlib.h>

#include "app/contact_import.h"

enum { DIFFERENCES_MAX = CONTACT_BATCH_ROWS, ARENA_BYTES = 64 << 20, TRIES = 100, PAUSE_MS = 100 };

struct sent_row {
    uint64_t line;
    size_t address_at;
    size_t address_len;
};

struct contact_send {
    struct contact_run *run;
    struct contact_batch batch;
    struct buffer rows;
    struct buffer addresses;
    struct sent_row sent[CONTACT_BATCH_ROWS];
};

static struct contact_send *send_new(struct contact_run *run) {
    struct contact_send *send = calloc(1, sizeof *send);
    if (!send) FATAL("out of memory for a batch");
    send->run = run;
    /* What one row may have over the least that ends a batch. */
    send->rows = buffer_new(CONTACT_BATCH_BYTES + 2 * (size_t)CONTACT_JSON_BYTES_MAX);
    send->addresses = buffer_new((size_t)CONTACT_BATCH_ROWS * STORE_ADDRESS_BYTES_MAX);
    send->batch =
        (struct contact_batch){.tenant = 1, .import = run->import.id, .rows_before = run->rows_sent};
    return send;
}

static void send_free(struct contact_send **send) {
    buffer_free(&(*send)->rows);
    buffer_free(&(*send)->addresses);
    free(*send);
    *send = NULL;
}

const char *contact_send_words(enum store_result result) {
    switch (result) {
    case STORE_FULL:
        return "the disk is full; make room, and run the same command again: it goes on where it is";
    case STORE_GONE:
        return "the server went away; run the same command again when it is back: it goes on where it is";
    case STORE_NOT_FOUND:
    case STORE_EXISTS:
        return "another run of the same import is at work, or it was undone meanwhile; look at posthaste "
               "contact "
               "imports";
    case STORE_REFUSED:
        return "the server does not take these rows; is it of another version?";
    default:
        return "the store failed; its log says why";
    }
}

/* ---- what came of it ---- */

static struct slice address_of(const struct contact_send *send, size_t row) {
    return slice_sub(buffer_slice(&send->addresses), send->sent[row].address_at, send->sent[row].address_len);
}

/* Differences come in the order of rows. */
static void take_result(const struct contact_send *send, const struct contact_batch_result *result) {
    size_t at = 0;
    for (size_t i = 0; i < send->batch.row_count; i++) {
        size_t first = at;
        while (at < result->difference_count && result->differences[at].row == i) at++;
        send->run->outcomes[result->judgements[i].outcome]++;
        contact_report_judgement(send->run, send->sent[i].line, address_of(send, i), &result->judgements[i],
                                 result->differences + first, at - first);
    }
}

static enum store_result ask(struct task *t, const struct contact_send *send, struct arena *arena,
                             struct contact_batch_result *result) {
    enum store_result answer = STORE_BUSY;
    for (int tries = 0; answer == STORE_BUSY && tries < TRIES; tries++) {
        if (tries && task_sleep(t, PAUSE_MS) != WAIT_OK) return STORE_GONE;
        answer = store_contact_batch(t, send->run->door->store, arena, &send->batch,
                                     buffer_slice(&send->rows), result);
    }
    return answer;
}

static void run_batch(struct task *t, void *argument) {
    struct contact_send *send = argument;
    struct contact_run *run = send->run;
    struct contact_batch_result result = {0};
    struct arena *arena = arena_new(ARENA_BYTES);
    enum store_result answer = ask(t, send, arena, &result);
    if (answer == STORE_OK)
        take_result(send, &result);
    else if (!run->stopped)
        run->stopped = contact_send_words(answer);
    arena_free(&arena);
    send_free(&send);
    run->batches_under_way--;
    gate_open(&run->batch_ended);
}

/* ---- filling ---- */

static void wait_for_less(struct task *t, struct contact_run *run, size_t under_way_max) {
    while (run->batches_under_way > under_way_max)
        if (gate_wait(t, &run->batch_ended, DEADLINE_NONE) != WAIT_OK) return;
}

static void submit(struct task *t, struct contact_run *run, uint64_t rows) {
    struct contact_send *send = run->send;
    run->send = NULL;
    if (!send) return;
    send->batch.rows_after = rows;
    send->batch.chain = run->chain;
    send->batch.refused = run->faults_unsent;
    send->batch.differences_max = DIFFERENCES_MAX;
    run->faults_unsent = 0;
    run->rows_sent = rows;
    run->batches_under_way++;
    if (!scope_spawn(&run->scope, run_batch, send)) FATAL("the scope of batches is closed");
    /* The question leaves now, in order. */
    if (task_yield(t) != WAIT_OK) return;
    wait_for_less(t, run, CONTACT_BATCHES_MAX - 1);
}

void contact_send_row(struct task *t, struct contact_run *run, const struct contact_row *row,
                      const struct csv_row *csv) {
    if (!run->send) run->send = send_new(run);
    struct contact_send *send = run->send;
    send->sent[send->batch.row_count++] = (struct sent_row){csv->line, send->addresses.len, row->address.len};
    buffer_append(&send->addresses, row->address);
    contact_row_pack(&send->rows, row);
    if (send->batch.row_count == CONTACT_BATCH_ROWS || send->rows.len >= CONTACT_BATCH_BYTES)
        submit(t, run, csv->number);
}

void contact_send_finish(struct task *t, struct contact_run *run, uint64_t rows) {
    if (run->stopped && run->send) send_free(&run->send);
    if (!run->stopped && !run->send && rows > run->rows_sent) run->send = send_new(run);
    submit(t, run, rows);
    wait_for_less(t, run, 0);
}
