/*
 * Unpacking bodies ahead: while a long answer is written, a lane reads and unpacks the bodies of the
 * messages that come next, on several threads: unpacking is most of the work of such an answer. It is one for
 * the role and has one user at a time; whoever finds it taken reads for itself. What could not be unpacked
 * here, whatever the reason, is read again in the ordinary way, which says why.
 */
#ifndef STORE_BODY_AHEAD_H
#define STORE_BODY_AHEAD_H

#include "io/env.h"
#include "io/task.h"
#include "store/model.h"

struct body_ahead;

/* `folder` is borrowed. Its lane is opened when it is first needed. */
struct body_ahead *body_ahead_new(struct env *env, const char *folder);
/* Nobody has it. Nulls *ahead. */
void body_ahead_free(struct body_ahead **ahead);
/* A segment was removed, or with 0 any may have been. */
void body_ahead_segment_gone(struct body_ahead *ahead, uint64_t segment);

/* False: somebody has it. */
bool body_ahead_take(struct body_ahead *ahead);
/* Starts on the first frames of these entries, read with ENTRY_PLACE, as many as there is room for. The
   entries live until body_ahead_end. Does not wait. */
void body_ahead_begin(struct task *t, struct body_ahead *ahead, const struct entry *entries, size_t count);
/* Waits for what was begun; from now on it is what body_ahead_get gives, and what it gave before is gone. */
void body_ahead_end(struct task *t, struct body_ahead *ahead);
/* The first frame of this body, that of the entry of this index, or nothing. */
struct slice body_ahead_get(const struct body_ahead *ahead, size_t index, uint64_t body);
/* After body_ahead_end. */
void body_ahead_give_back(struct body_ahead *ahead);

#endif
