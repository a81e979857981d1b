/*
 * The supervisor: binds the ports, reads the certificates, starts the roles, connects them with
 * each other and starts them again when they die. It reads no byte from the network.
 *
 * Order: the store first; when it serves, the others; each role that is ready is connected with
 * every ready role it talks to; an edge gets the listening sockets. To stop, the same backwards:
 * edges, mail roles, remote, store.
 */
#ifndef APP_SUPERVISOR_H
#define APP_SUPERVISOR_H

#include "app/orders.h"

struct serve_options {
    const char *folder;
    bool is_single;
};

/* Runs until SIGTERM or SIGINT. Returns the exit status of the program, after one line on stderr
   where it is not 0. */
int supervisor_run(const struct serve_options *options);

#endif
