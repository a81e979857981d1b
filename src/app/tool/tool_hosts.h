/* The hosts that take a domain's mail, for tools that look at each of them. */
#ifndef APP_TOOL_HOSTS_H
#define APP_TOOL_HOSTS_H

#include "app/cli/tool_world.h"
#include "trust/dane.h"

struct tool_host {
    struct dane_host host;
    uint32_t preference;
    /* DNS has an address of it; or did not say (not DNS_OK). */
    bool has_address;
    enum dns_result trouble;
};

struct tool_hosts {
    /* Of the MX. */
    enum dns_result result;
    bool is_secure;
    /* The domain has no MX and is the host itself (RFC 5321 5.1). */
    bool is_implicit;
    /* RFC 7505 3 */
    bool is_null;
    struct tool_host *items;
    size_t count;
};

/* By preference. `with_addresses`: they are looked up, too. Waits. */
struct tool_hosts tool_hosts_find(struct task *t, struct tool_world *world, struct slice domain,
                                  bool with_addresses);

#endif
