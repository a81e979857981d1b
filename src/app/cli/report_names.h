/* The names of hosts that a summary of reports tells of (app/admin/report_summary.h), asked of DNS by the
 * command.
 */
#ifndef APP_REPORT_NAMES_H
#define APP_REPORT_NAMES_H

#include <jansson.h>

#include "app/cli/cli.h"

/* Gives each source that failed a "name", and a "name_state": "confirmed" (it leads back to the address),
   "unconfirmed", "none" or "unknown" (DNS did not say). At most REPORT_NAMES_MAX are asked for; those behind
   them have neither. The exit status of asking. Blocks. */
int report_names_add(struct cli *cli, json_t *answer);

#endif
