/*
 * Which of three heaps a message belongs to, as people sort mail: primary (a person wrote to a person),
 * promotions (sent to many, to sell something), updates (a machine tells of something: orders, receipts,
 * notices). Judged by what the header says about sending to many, the make of the HTML, and words; each with
 * its evidence. The same text sent by hand and as a laid-out mailing comes to different heaps. Pure; linear.
 */
#ifndef ANALYSE_CATEGORY_H
#define ANALYSE_CATEGORY_H

#include "analyse/classify.h"
#include "analyse/letter.h"

/* Judges and adds its evidence to `c`, whose kind is known. `folded`: the letter's text. */
enum category category_read(struct arena *arena, const struct letter *letter, struct slice folded,
                            bool is_answer, struct classification *c);

#endif
