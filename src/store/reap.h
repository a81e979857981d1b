/*
 * Giving back what is no longer referred to. Removing entries only notes, in `dropped`, which
 * messages lost a reference, so that an expunge of 100,000 is quick; the notes are counted
 * off here, some in each commit, and messages without references go.
 */
#ifndef STORE_REAP_H
#define STORE_REAP_H

#include "store/commit.h"

/* Counts some notes off. *has_more: there may be others. As commit_run. */
enum store_result reap_step(struct task *t, struct commit_queue *queue, bool *has_more);

/* Gives one reference up at once, and the message with its last. In a commit. */
void reap_reference(struct commit *commit, uint64_t message);

#endif
