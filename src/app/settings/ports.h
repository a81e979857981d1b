/* The listening sockets: every port on every configured address, and DIR/run/control. */
#ifndef APP_PORTS_H
#define APP_PORTS_H

#include "app/settings/orders.h"

struct listening {
    struct {
        enum port_kind port;
        struct handle handle;
    } sockets[CONFIG_LISTEN_MAX * PORT_KINDS];
    size_t count;
    struct handle control;
};

/* False: *error is one line, and nothing is left open. */
NODISCARD bool ports_open(struct env *env, struct arena *arena, const struct config *config,
                          const char *folder, struct listening *listening, struct slice *error);
void ports_close(struct env *env, struct listening *listening);

#endif
