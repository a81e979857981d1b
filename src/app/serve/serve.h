/*
 * serve: binds the ports, reads the configuration and certificates, and runs the supervisor
 * until it is told to stop. SIGHUP reads both anew; what is wrong then changes nothing.
 */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include <stdbool.h>

#include "base/fatal.h"

struct serve_options {
    const char *folder;
    /* All roles in this process, without walls. */
    bool is_single;
};

/* Runs until SIGTERM or SIGINT. Returns the exit status of the program, after one line on stderr where
   it is not 0. */
int serve_run(const struct serve_options *options);

#endif
