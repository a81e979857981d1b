/*
 * Stores as they are on a fresh host: with its domain, its accounts, their passwords and mailboxes.
 * Making one costs more than many a run, and each run begins with the same: so it is made once, in a
 * world of its own, and its disk copied.
 */
#ifndef SIM_PLANS_H
#define SIM_PLANS_H

#include "io/sim/sim.h"
#include "ledger.h"

struct plans;

struct plan {
    struct sim_machine *machine;
    /* The ids of its accounts, by their number in the ledger. */
    uint64_t accounts[LEDGER_ACCOUNTS_MAX];
};

struct plans *plans_new(void);
void plans_free(struct plans **plans);
/* The plan of a host. It may be made now: not while another world runs, since SQLite's random numbers are
   the process's. Lives as long as the plans. */
const struct plan *plans_get(struct plans *plans, struct ledger_layout layout, unsigned host);

#endif
