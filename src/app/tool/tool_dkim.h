/* tool dkim, tool arc: whose signatures a message has, and whether they hold. */
#ifndef APP_TOOL_DKIM_H
#define APP_TOOL_DKIM_H

#include "app/cli/cli.h"

/* The second word is a file, - standard input. A line break without CR becomes CRLF. */
int tool_dkim(struct cli *cli);
int tool_arc(struct cli *cli);

#endif
