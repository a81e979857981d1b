/*
 * Rows on their way to the store. So many as CONTACT_SORTED_BYTES hold are sorted by domain and address, as
 * the store's index is: what one commit changes there lies together, instead of all over the book. Then they
 * go in batches, each one commit, some under way at a time; they are asked and committed in order. The last
 * of a sorted run says how far the file is done.
 */
#include <stdlib.h>

#include "app/contact/contact_import.h"
#include "store/contact_address.h"

enum { DIFFERENCES_MAX = CONTACT_BATCH_ROWS, ARENA_BYTES = 64 << 20, TRIES = 100, PAUSE_MS = 100 };

/* A row of the run: packed, and its address, both as places in buffers that grow. */
struct sorted_row {
    uint64_t line;
    size_t packed_at;
    size_t packed_len;
    size_t address_at;
    size_t address_len;
    /* For sorting; set when the run is whole. */
    struct slice domain;
    struct slice address;
};

struct contact_send {
    struct sorted_row *rows;
    size_t count;
    struct buffer packed;
    struct buffer addresses;
};

struct sent_batch {
    struct contact_run *run;
    struct contact_batch batch;
    struct buffer rows;
    struct buffer addresses;
    struct {
        uint64_t line;
        size_t address_at;
        size_t address_len;
    } sent[CONTACT_BATCH_ROWS];
};

static struct contact_send *send_new(void) {
    struct contact_send *send = calloc(1, sizeof *send);
    if (send) send->rows = calloc(CONTACT_SORTED_ROWS, sizeof *send->rows);
    if (!send || !send->rows) FATAL("out of memory for rows");
    /* What one row may have over the least that ends a run. */
    send->packed = buffer_new(CONTACT_SORTED_BYTES + 2 * (size_t)CONTACT_JSON_BYTES_MAX);
    send->addresses = buffer_new((size_t)CONTACT_SORTED_ROWS * STORE_ADDRESS_BYTES_MAX);
    return send;
}

void contact_send_free(struct contact_send **send) {
    if (!*send) return;
    buffer_free(&(*send)->packed);
    buffer_free(&(*send)->addresses);
    free((*send)->rows);
    free(*send);
    *send = NULL;
}

static struct sent_batch *batch_new(struct contact_run *run) {
    struct sent_batch *sent = calloc(1, sizeof *sent);
    if (!sent) FATAL("out of memory for a batch");
    sent->run = run;
    sent->rows = buffer_new(CONTACT_BATCH_BYTES + 2 * (size_t)CONTACT_JSON_BYTES_MAX);
    sent->addresses = buffer_new((size_t)CONTACT_BATCH_ROWS * STORE_ADDRESS_BYTES_MAX);
    return sent;
}

static void batch_free(struct sent_batch **sent) {
    buffer_free(&(*sent)->rows);
    buffer_free(&(*sent)->addresses);
    free(*sent);
    *sent = NULL;
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

static struct slice address_of(const struct sent_batch *send, size_t row) {
    return slice_sub(buffer_slice(&send->addresses), send->sent[row].address_at, send->sent[row].address_len);
}

/* Differences come in the order of rows. */
static void take_result(const struct sent_batch *send, const struct contact_batch_result *result) {
    size_t at = 0;
    for (size_t i = 0; i < send->batch.row_count; i++) {
        size_t first = at;
        while (at < result->difference_count && result->differences[at].row == i) at++;
        send->run->outcomes[result->judgements[i].outcome]++;
        contact_report_judgement(send->run, send->sent[i].line, address_of(send, i), &result->judgements[i],
                                 result->differences + first, at - first);
    }
}

/* A number that is taken: a run that was killed had this one under way. The rows go again under the next, and
   those that came meanwhile are the same. */
static enum store_result ask(struct task *t, struct sent_batch *send, struct arena *arena,
                             struct contact_batch_result *result) {
    enum store_result answer = STORE_BUSY;
    for (int tries = 0; tries < TRIES && (answer == STORE_BUSY || answer == STORE_EXISTS); tries++) {
        if (answer == STORE_EXISTS) send->batch.number = send->run->batches_sent++;
        if (answer == STORE_BUSY && tries && task_sleep(t, PAUSE_MS) != WAIT_OK) return STORE_GONE;
        answer = store_contact_batch(t, send->run->door->store, arena, &send->batch,
                                     buffer_slice(&send->rows), result);
    }
    return answer;
}

static void run_batch(struct task *t, void *argument) {
    struct sent_batch *send = argument;
    struct contact_run *run = send->run;
    struct contact_batch_result result = {0};
    struct arena *arena = arena_new(ARENA_BYTES);
    enum store_result answer = ask(t, send, arena, &result);
    if (answer == STORE_OK)
        take_result(send, &result);
    else if (!run->stopped)
        run->stopped = contact_send_words(answer);
    arena_free(&arena);
    batch_free(&send);
    run->batches_under_way--;
    gate_open(&run->batch_ended);
}

/* ---- filling ---- */

static void wait_for_less(struct task *t, struct contact_run *run, size_t under_way_max) {
    while (run->batches_under_way > under_way_max)
        if (gate_wait(t, &run->batch_ended, DEADLINE_NONE) != WAIT_OK) return;
}

static void submit(struct task *t, struct contact_run *run, struct sent_batch *sent) {
    sent->batch.tenant = 1;
    sent->batch.import = run->import.id;
    sent->batch.number = run->batches_sent++;
    sent->batch.rows_after = run->rows_sent;
    sent->batch.chain = run->chain_sent;
    sent->batch.differences_max = DIFFERENCES_MAX;
    run->batches_under_way++;
    if (!scope_spawn(&run->scope, run_batch, sent)) FATAL("the scope of batches is closed");
    /* The question leaves now, in order. */
    if (task_yield(t) != WAIT_OK) return;
    wait_for_less(t, run, CONTACT_BATCHES_MAX - 1);
}

static void put(struct sent_batch *sent, const struct contact_send *send, const struct sorted_row *row) {
    size_t at = sent->batch.row_count++;
    sent->sent[at].line = row->line;
    sent->sent[at].address_at = sent->addresses.len;
    sent->sent[at].address_len = row->address.len;
    buffer_append(&sent->addresses, row->address);
    buffer_append(&sent->rows, slice_sub(buffer_slice(&send->packed), row->packed_at, row->packed_len));
}

static int compare_rows(const void *left, const void *right) {
    const struct sorted_row *a = left;
    const struct sorted_row *b = right;
    int order = slice_compare(a->domain, b->domain);
    return order ? order : slice_compare(a->address, b->address);
}

static void sort(struct contact_send *send) {
    for (size_t i = 0; i < send->count; i++) {
        struct sorted_row *row = &send->rows[i];
        row->address = slice_sub(buffer_slice(&send->addresses), row->address_at, row->address_len);
        row->domain = contact_address_domain(row->address);
    }
    qsort(send->rows, send->count, sizeof *send->rows, compare_rows);
}

/* All of the run; behind it the file is done up to `rows`. */
static void send_run(struct task *t, struct contact_run *run, uint64_t rows) {
    struct contact_send *send = run->send;
    struct sent_batch *sent = batch_new(run);
    sort(send);
    for (size_t i = 0; i < send->count && !run->stopped; i++) {
        bool is_full = sent->batch.row_count == CONTACT_BATCH_ROWS || sent->rows.len >= CONTACT_BATCH_BYTES;
        if (is_full) submit(t, run, sent);
        if (is_full) sent = batch_new(run);
        put(sent, send, &send->rows[i]);
        contact_report_progress(run);
    }
    sent->batch.refused = run->faults_unsent;
    run->faults_unsent = 0;
    run->rows_sent = rows;
    run->chain_sent = run->chain;
    if (run->stopped)
        batch_free(&sent);
    else
        submit(t, run, sent);
    send->count = 0;
    buffer_clear(&send->packed);
    buffer_clear(&send->addresses);
}

void contact_send_row(struct task *t, struct contact_run *run, const struct contact_row *row,
                      const struct csv_row *csv) {
    if (!run->send) run->send = send_new();
    struct contact_send *send = run->send;
    struct sorted_row *added = &send->rows[send->count++];
    *added = (struct sorted_row){.line = csv->line,
                                 .packed_at = send->packed.len,
                                 .address_at = send->addresses.len,
                                 .address_len = row->address.len};
    buffer_append(&send->addresses, row->address);
    contact_row_pack(&send->packed, row);
    added->packed_len = send->packed.len - added->packed_at;
    if (send->count == CONTACT_SORTED_ROWS || send->packed.len >= CONTACT_SORTED_BYTES)
        send_run(t, run, csv->number);
}

void contact_send_finish(struct task *t, struct contact_run *run, uint64_t rows) {
    if (!run->send) run->send = send_new();
    if (!run->stopped && rows > run->rows_sent) send_run(t, run, rows);
    wait_for_less(t, run, 0);
    contact_send_free(&run->send);
}
