/* `posthaste outreach`: each word of it has its file. */
#ifndef APP_COMMAND_OUTREACH_H
#define APP_COMMAND_OUTREACH_H

#include "app/cli.h"

/* command_outreach_check.c, command_outreach_preview.c, command_outreach_simulate.c: without a data folder.
 */
int command_outreach_check(struct cli *cli);
int command_outreach_preview(struct cli *cli);
int command_outreach_simulate(struct cli *cli);

#endif
