/*
 * A look at an image: the store is opened on it as after a power cut and must be clean by its own
 * verify, hold all that the ledger was promised and nothing it was not, and take a delivery.
 */
#ifndef POWER_LOOK_H
#define POWER_LOOK_H

#include "ledger.h"

struct look {
    const struct ledger *ledger;
    /* The data folder of the image. */
    const char *folder;
    /* A password costs milliseconds: not checked in each image. */
    bool checks_passwords;
    /* What was wrong, a line each. */
    char *faults;
    size_t fault_bytes;
};

/* The process may end in it: the store aborts where it must. */
void look_run(struct look *look);

#endif
