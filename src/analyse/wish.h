/*
 * What somebody who wrote wants: no more mail, or more of it. Read are the words of the new text only
 * (new_text.h), in English, German, French, Spanish and Polish, and the commonest of Italian, Dutch and
 * Portuguese; and the subject where it is nothing but the wish. docs/classify.md tells which words. Pure;
 * linear.
 */
#ifndef ANALYSE_WISH_H
#define ANALYSE_WISH_H

#include "analyse/classify.h"

/* Both take folded text (phrase.h). `saw`: the phrase that decided, or empty. */
bool wish_unsubscribes(struct slice folded, struct slice subject, struct slice *saw);
enum interest wish_interest(struct slice folded, struct slice *saw);

#endif
