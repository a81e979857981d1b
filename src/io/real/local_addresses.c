#include "io/real/local_addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <sys/socket.h>

static void append_ipv4(struct buffer *out, const struct sockaddr *address) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    char text[INET_ADDRSTRLEN];
    if (inet_ntop(AF_INET, &in->sin_addr, text, sizeof text)) buffer_printf(out, ", %s", text);
}

static void append_ipv6(struct buffer *out, const struct sockaddr *address) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    char text[INET6_ADDRSTRLEN];
    if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)) return;
    if (inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text)) buffer_printf(out, ", %s", text);
}

void local_addresses_append(struct buffer *out, bool is_ipv6) {
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all)) return;
    for (const struct ifaddrs *each = all; each; each = each->ifa_next) {
        if (!each->ifa_addr || each->ifa_addr->sa_family != (is_ipv6 ? AF_INET6 : AF_INET)) continue;
        if (is_ipv6)
            append_ipv6(out, each->ifa_addr);
        else
            append_ipv4(out, each->ifa_addr);
    }
    freeifaddrs(all);
}
