/*
 * How a text that stands in DNS differs from the one that should, in words: the first place that differs,
 * what is missing or too much there, and the mistakes that panels and hands make with long texts. Pure.
 */
#ifndef TRUST_DIFFERENCE_H
#define TRUST_DIFFERENCE_H

#include "base/arena.h"

/* One or two sentences without a line break or control bytes; empty where both are the same. Linear. */
struct slice difference_words(struct arena *arena, struct slice wanted, struct slice found);

/* What others wrote, fit for a terminal: printable ASCII, at most `max` bytes and "..." behind them. */
struct slice difference_shown(struct arena *arena, struct slice text, size_t max);

#endif
