/* A command that is one question to the store (app/cli/admin_client.h), and the answer as words or JSON. */
#ifndef APP_COMMAND_ASK_H
#define APP_COMMAND_ASK_H

#include "app/cli/admin_client.h"
#include "app/cli/cli.h"

/* The command's name and the words behind it; borrows from `cli`. */
struct admin_request command_request(const struct cli *cli);
/* Asks, and prints the answer by `print` or, with --json, as it is. The exit status: an error, or `verdict`
   (the name of a member, or NULL) that is false, is a failure. */
int command_ask(struct cli *cli, const struct admin_request *request, void (*print)(const json_t *answer),
                const char *verdict);

/* command_dkim.c */
int command_domain_dkim(struct cli *cli);

#endif
