/* What a route may be; pure. */
#include <arpa/inet.h>

#include "base/limits.h"
#include "store/address.h"
#include "store/engine_route.h"
#include "wire/network_list.h"
#include "wire/smtp_address.h"

enum { DOMAIN_ARENA_BYTES = 8192, HOST_TEXT_BYTES = 256 };

static bool is_name(struct slice name) {
    if (name.len == 0 || name.len > ROUTE_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && slice_find_byte(SLICE("-_."), name.ptr[i]) == SLICE_NOT_FOUND)
            return false;
    return ascii_is_alnum(name.ptr[0]);
}

bool route_domain_read(struct arena *arena, struct slice text, struct slice *domain) {
    struct slice unicode;
    bool is_pattern = slice_take_prefix(&text, SLICE("*."));
    if (smtp_domain_parse(arena, text, &unicode, domain) != SMTP_ADDRESS_OK) return false;
    if (is_pattern) *domain = arena_printf(arena, "*.%.*s", SLICE_PRINT(*domain));
    return true;
}

/* As route_domain_read gives it. */
static bool is_canonical_domain(struct slice text) {
    struct arena *arena = arena_new(DOMAIN_ARENA_BYTES);
    struct slice domain;
    bool is_canonical = route_domain_read(arena, text, &domain) && slice_equal(text, domain);
    arena_free(&arena);
    return is_canonical;
}

static bool domain_fits(const struct route *route) {
    if (route->kind == ROUTE_FOR_ALL || route->kind == ROUTE_FOR_STREAM) return route->domain.len == 0;
    if (route->kind == ROUTE_FOR_MX && slice_starts(route->domain, SLICE("*."))) return false;
    return is_canonical_domain(route->domain);
}

/* In `text`. False: it is too long for an address or a name. */
static bool host_text(struct slice name, char text[HOST_TEXT_BYTES]) {
    if (name.len == 0 || name.len >= HOST_TEXT_BYTES || slice_find_byte(name, 0) != SLICE_NOT_FOUND)
        return false;
    memcpy(text, name.ptr, name.len);
    text[name.len] = 0;
    return true;
}

static bool is_host(const struct route_host *host) {
    char text[HOST_TEXT_BYTES];
    uint8_t address[16];
    if (host->port == 0 || !host_text(host->name, text)) return false;
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1 ||
           domain_is_proper(host->name);
}

bool route_host_is_here(struct slice name) {
    char text[HOST_TEXT_BYTES];
    if (slice_equal_nocase(name, SLICE("localhost"))) return true;
    return host_text(name, text) && network_list_has(SLICE("127.0.0.0/8, ::1"), text);
}

static enum route_fault check_hosts(const struct route *route) {
    if (route->host_count == 0) return ROUTE_NO_HOST;
    if (route->host_count > ROUTE_HOSTS_MAX) return ROUTE_TOO_MANY_HOSTS;
    for (size_t i = 0; i < route->host_count; i++)
        if (!is_host(&route->hosts[i])) return ROUTE_BAD_HOST;
    return ROUTE_FINE;
}

static bool is_clean(struct slice text, size_t max) {
    if (text.len > max) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) return false;
    return true;
}

static bool login_is_in_clear(const struct route *route) {
    if (route->user.len == 0 || route->tls != ROUTE_TLS_NEVER) return false;
    for (size_t i = 0; i < route->host_count; i++)
        if (!route_host_is_here(route->hosts[i].name)) return true;
    return false;
}

static enum route_fault check_login(const struct route *route) {
    if (!is_clean(route->user, ROUTE_USER_BYTES_MAX)) return ROUTE_BAD_USER;
    if (!is_clean(route->password, STORE_PASSWORD_BYTES_MAX)) return ROUTE_BAD_PASSWORD;
    if ((route->user.len == 0) != (route->password.len == 0)) return ROUTE_HALF_LOGIN;
    return login_is_in_clear(route) ? ROUTE_LOGIN_IN_CLEAR : ROUTE_FINE;
}

enum route_fault route_check(const struct route *route) {
    if (!is_name(route->name)) return ROUTE_BAD_NAME;
    if (!domain_fits(route)) return ROUTE_BAD_DOMAIN;
    enum route_fault fault = check_hosts(route);
    return fault ? fault : check_login(route);
}

const char *route_fault_text(enum route_fault fault) {
    static const char *const texts[ROUTE_FAULTS] = {
        [ROUTE_FINE] = "",
        [ROUTE_BAD_NAME] = "a route's name is 1 to 64 letters, digits, '-', '_' and '.'",
        [ROUTE_BAD_DOMAIN] = "what it is for must be a domain like example.org, or *.example.org for all "
                             "below it (with --for-mx only the former)",
        [ROUTE_NO_HOST] = "it needs a host to send to",
        [ROUTE_TOO_MANY_HOSTS] = "it has more than 16 hosts",
        [ROUTE_BAD_HOST] = "a host is a name like smtp.example.net or a numeric address, with a port from 1 "
                           "to 65535",
        [ROUTE_BAD_USER] = "the user is longer than 512 bytes or has control characters",
        [ROUTE_BAD_PASSWORD] = "the password is longer than 1024 bytes or has control characters",
        [ROUTE_HALF_LOGIN] = "a user and a password belong together: give both, or none",
        [ROUTE_LOGIN_IN_CLEAR] = "without TLS the password would go in the clear to another machine; use "
                                 "another --tls",
    };
    return texts[fault];
}
