/*
 * The owner's browser grants a program access (RFC 8252 7.3): an URL is printed, and one request is awaited
 * at a port of this machine's loop-back address, to which the provider sends the browser with a code. With
 * the challenge of RFC 7636 nobody else can use that code.
 */
#ifndef APP_OAUTH_BROWSER_H
#define APP_OAUTH_BROWSER_H

#include "app/cli/cli.h"
#include "store/sender_model.h"

struct oauth_code {
    struct slice code;
    struct slice verifier;
    struct slice redirect_uri;
};

/* Prints the URL on stderr and waits, some minutes at most; what it gets is in cli->arena. EXIT_DONE, or the
   exit status of what went wrong, which was said. Blocks. */
int oauth_browser_run(struct cli *cli, const struct sender_provider *provider, struct slice user,
                      struct oauth_code *code);

#endif
