/* The program: the command line, or, when the supervisor started it, a role. */
#include <stdio.h>

#include "app/cli/cli.h"
#include "app/role/role_main.h"

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "role") == 0) return role_main(count - 2, arguments + 2);
    int status = cli_run(count, arguments);
    if (fflush(stdout) == 0) return status;
    perror("posthaste: standard output");
    return EXIT_FAILED;
}
