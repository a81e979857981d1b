/*
 * Whom a sequence is tried on without being sent: the rows of a CSV file, read as `contact import` reads
 * them; one contact of the address book; or as many made-up ones as are asked for.
 */
#ifndef APP_OUTREACH_CONTACTS_H
#define APP_OUTREACH_CONTACTS_H

#include "app/cli/cli.h"
#include "outreach/planner.h"

struct outreach_contacts {
    struct planner_contact *items;
    size_t count;
    size_t capacity;
    /* Rows that are no contacts; each was told on stderr, up to a number. */
    size_t refused;
};

/* All of them live in cli->arena. 0, or the exit status. */
int outreach_contacts_read_csv(struct cli *cli, const char *path, struct outreach_contacts *contacts);
/* One address; its fields come from the book of --data, and without that there are none. */
int outreach_contacts_find(struct cli *cli, const char *address, struct outreach_contacts *contacts);
/* prospect-1@company-1.test, ... */
int outreach_contacts_make(struct cli *cli, uint64_t count, struct outreach_contacts *contacts);

#endif
