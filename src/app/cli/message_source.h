/* A message that a command is to look at: a file, or one that waits in the queue. */
#ifndef APP_MESSAGE_SOURCE_H
#define APP_MESSAGE_SOURCE_H

#include "app/cli/cli.h"

/* `name` is a path, "-" for standard input, a Message-ID or a queue id. Return-Path goes from its front into
   *sender (empty with "<>"; *has_sender says whether it was there). EXIT_DONE, or the exit status of what was
   said on stderr. Blocks; all is in cli->arena. */
int message_source_read(struct cli *cli, struct slice name, struct slice *message, struct slice *sender,
                        bool *has_sender);

#endif
