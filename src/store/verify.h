/*
 * Checking everything that is stored, in steps that run in the scan lane beside the service.
 * Each step that compares tables is one read of one moment; bodies are read without holding
 * any. Faults gather as lines and are told on the loop after each step.
 */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "store/body_read.h"
#include "store/engine.h"

struct verify {
    struct db *db;
    struct body_reader bodies;
    /* Lines, each with its newline. */
    struct buffer faults;
    struct verify_report *report;
    /* Where the next step goes on; is_done ends a series of steps. */
    uint64_t last_id;
    bool is_done;
};

void verify_fault(struct verify *verify, const char *format, ...) PRINTF_LIKE(2, 3);

/* Steps. The series ones go on from last_id until is_done. */
void verify_database(void *verify);
void verify_mailboxes(void *verify); /* series */
void verify_accounts(void *verify);
void verify_segments(void *verify);
void verify_threads(void *verify);
void verify_queue(void *verify);
void verify_campaigns(void *verify);
void verify_references(void *verify); /* series */
void verify_bodies(void *verify);     /* series */

#endif
