/*
 * One question to a milter (wire/milter.h): the message goes through it step by step, and any step may be its
 * verdict. Adding fields and quarantine (Junk) are offered to it. A milter that refuses one recipient refuses
 * the message, for its recipients were told already that it is taken; one that wants the message changed
 * beyond what was offered gives no verdict, so that nothing is stored which it did not mean.
 */
#ifndef FILTER_MILTER_TALK_H
#define FILTER_MILTER_TALK_H

#include "filter/filter_talk.h"

/* Waits until the deadline; every way it can go wrong is FILTER_DOWN with its reason. */
void milter_ask(struct task *t, struct filter_talk *talk);

#endif
