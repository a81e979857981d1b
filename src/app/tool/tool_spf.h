/* tool spf: may this client send for this sender, and what is to be said of a domain's record. */
#ifndef APP_TOOL_SPF_H
#define APP_TOOL_SPF_H

#include "app/cli/cli.h"

/* With a second word, that domain's record; else the sender that the options tell. */
int tool_spf(struct cli *cli);

#endif
