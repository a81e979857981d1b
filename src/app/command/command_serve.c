/* serve: the folder's full path, since roles are started with it. */
#include <stdlib.h>

#include "app/cli/cli.h"
#include "app/serve/serve.h"

int command_serve(struct cli *cli) {
    char *folder = realpath(cli->data, NULL);
    if (!folder) return cli_fail("%s: there is no such folder; posthaste init makes one", cli->data);
    struct serve_options options = {folder, cli->is_single};
    int status = serve_run(&options);
    free(folder);
    return status;
}
