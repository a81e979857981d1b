/* One question to rspamd over HTTP: connects, sends the message as it is unpacked, reads the answer. */
#ifndef FILTER_RSPAMD_TALK_H
#define FILTER_RSPAMD_TALK_H

#include "filter/filter_talk.h"

/* Waits until the deadline; every way it can go wrong is FILTER_DOWN with its reason. */
void rspamd_ask(struct task *t, struct filter_talk *talk);

#endif
