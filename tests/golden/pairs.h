/*
 * Generated SMTP sessions: in every state that a session can be in, every pair of commands, on both
 * listeners, with and without TLS and login; each reply is compared with what a small model of the
 * session (pairs.c) says, and so is the state that is left.
 */
#ifndef GOLDEN_PAIRS_H
#define GOLDEN_PAIRS_H

#include "house.h"

/* `stride` 1 plays every pair, 4 each fourth one. */
NODISCARD bool pairs_run(const struct house_plan *plan, size_t stride);

#endif
