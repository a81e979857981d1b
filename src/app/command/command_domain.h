/* The parts of `posthaste domain` that look at what the owner of a domain publishes. */
#ifndef APP_COMMAND_DOMAIN_H
#define APP_COMMAND_DOMAIN_H

#include "app/cli/cli.h"

/* cli->words: "dns" or "check", and the domain. */
int command_domain_dns(struct cli *cli);
int command_domain_check(struct cli *cli);

#endif
