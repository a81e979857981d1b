/* The part of `contact` that has a file of its own. */
#ifndef APP_COMMAND_CONTACT_H
#define APP_COMMAND_CONTACT_H

#include "app/cli/cli.h"

/* contact import FILE. */
int command_contact_import(struct cli *cli);

#endif
