/* export: an account's mail as a Maildir, or as mbox files. */
#include "app/cli.h"

int command_export(struct cli *cli) { return cli_fail("%s", cli->data); }
