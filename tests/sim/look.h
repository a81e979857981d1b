/* Looking at the store on its host: reading it through while it is used, and at the end. */
#ifndef SIM_LOOK_H
#define SIM_LOOK_H

#include "run.h"

/* Beside the running store, as a mail role reads: what UIDs, modseqs and mailboxes say. */
void look_beside(struct task *t, void *site);
/* With the store stopped: verifies it, and tells the ledger of every entry and its text. */
void look_at_end(struct task *t, void *site);

#endif
