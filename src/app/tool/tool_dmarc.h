/* tool dmarc: a message and its sender, checked as they would be on the way in (trust/inbound.h). */
#ifndef APP_TOOL_DMARC_H
#define APP_TOOL_DMARC_H

#include "app/cli/cli.h"

int tool_dmarc(struct cli *cli);

#endif
