/* The part of `contact` that has a file of its own. */
#ifndef APP_COMMAND_CONTACT_H
#define APP_COMMAND_CONTACT_H

#include "app/cli/cli.h"

/* contact import FILE. */
int command_contact_import(struct cli *cli);
/* The same, with this file; the addresses of its rows, each with a line feed behind it, go to `addresses`.
 *is_whole: all of it was read and is in the book, but for rows that were told. */
int command_contact_import_collect(struct cli *cli, const char *path, struct buffer *addresses,
                                   bool *is_whole);

#endif
