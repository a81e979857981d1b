/*
 * Whether a fuzz target's work is linear in its input: an input of 2n bytes must cost less than 2.5 times
 * one of n bytes, for inputs that look as bad as they can (one small piece, over and over).
 *
 * Cost is the process's CPU time, the least of several runs, at an n at which one run takes at least 5 ms,
 * or at the most bytes we try. A pair that looks worse
 * is measured again, because noise only ever adds; a quadratic parser costs 4 times as much every time.
 */
#ifndef FUZZ_LINEAR_H
#define FUZZ_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Tries every bad-looking input, and again behind each of the target's ways to begin: the first bytes of
   its corpus, where these are few. False: some cost grows faster; printed. */
bool linear_check(const bool first_bytes[256]);

#endif
