/*
 * Looking at a running server as its users do: a connection to each port, TLS where it is, a real
 * login. All checks run beside each other, each within its time.
 */
#ifndef APP_HEALTH_H
#define APP_HEALTH_H

#include "base/arena.h"
#include "io/stream.h"

enum health_state { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

enum { HEALTH_CHECK_MS_MAX = 8000, HEALTH_PORTS = 9, HEALTH_LOGINS = 6, HEALTH_TEXT_BYTES = 240 };

struct health_check {
    const char *name;
    enum health_state state;
    int64_t ms;
    /* What was seen, and what to do about it; one line each, maybe empty. */
    char detail[HEALTH_TEXT_BYTES];
    char advice[HEALTH_TEXT_BYTES];
};

/* A name and password; an empty name: the login is not tried, and fails. */
struct health_login {
    struct slice user;
    struct slice password;
};

struct health_request {
    const char *address;
    uint64_t base_port;
    struct health_login logins[HEALTH_LOGINS];
    /* Grants of the store, not a person's account. */
    bool is_granted;
};

struct health_ports {
    struct health_check checks[HEALTH_PORTS];
    /* Of the certificates that were shown, the least; INT64_MAX: none was. */
    int64_t certificate_left_s;
};

/* Looks at every port. Blocks. */
void health_look(const struct health_request *request, struct health_ports *seen);

#endif
