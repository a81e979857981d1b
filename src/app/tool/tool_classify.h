/* tool classify: what a message is taken for when it comes in, and why. */
#ifndef APP_TOOL_CLASSIFY_H
#define APP_TOOL_CLASSIFY_H

#include "app/cli/cli.h"

/* The words after the first are files, - standard input; lines may end in LF. */
int tool_classify(struct cli *cli);

#endif
