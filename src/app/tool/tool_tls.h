/* tool dane, tool mta-sts: what a domain says of the way to it, as the server would find it. */
#ifndef APP_TOOL_TLS_H
#define APP_TOOL_TLS_H

#include "app/cli/cli.h"

int tool_dane(struct cli *cli);
int tool_mta_sts(struct cli *cli);

#endif
