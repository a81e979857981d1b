#include "hook/url.h"

#include <arpa/inet.h>

#include "base/limits_hook.h"

enum { HOST_BYTES_MAX = 253, LABEL_BYTES_MAX = 63 };

static bool has_good_characters(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>' || c == '^' || c == '`' ||
            c == '{' || c == '|' || c == '}')
            return false;
    }
    return true;
}

static bool is_numeric(int family, struct slice host) {
    char text[INET6_ADDRSTRLEN + 1];
    uint8_t bytes[16];
    if (host.len == 0 || host.len >= sizeof text) return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = 0;
    return inet_pton(family, text, bytes) == 1;
}

static bool is_label(struct slice label) {
    if (label.len == 0 || label.len > LABEL_BYTES_MAX) return false;
    for (size_t i = 0; i < label.len; i++)
        if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-' && label.ptr[i] != '_') return false;
    return label.ptr[0] != '-' && label.ptr[label.len - 1] != '-';
}

/* Whose last label begins with a digit is an address to some readers, in forms that inet_pton does not take
   (127.1, 0x7f000001): no name of the public DNS is so. */
static bool is_name(struct slice host) {
    struct slice rest = host;
    struct slice label = SLICE_EMPTY;
    if (host.len == 0 || host.len > HOST_BYTES_MAX) return false;
    do {
        label = slice_take_until(&rest, '.');
        if (!is_label(label)) return false;
    } while (slice_take_byte(&rest, '.'));
    return ascii_is_alpha(label.ptr[0]);
}

/* What stands between "://" and path or query. */
static enum hook_url_fault read_authority(struct slice authority, struct hook_url *url) {
    uint64_t port = 0;
    if (slice_find_byte(authority, '@') != SLICE_NOT_FOUND) return HOOK_URL_USER;
    if (slice_take_byte(&authority, '[')) {
        url->host = slice_take_until(&authority, ']');
        if (!slice_take_byte(&authority, ']') || !is_numeric(AF_INET6, url->host)) return HOOK_URL_HOST;
        url->is_address = true;
    } else {
        url->host = slice_take_until(&authority, ':');
        url->is_address = is_numeric(AF_INET, url->host);
        if (!url->is_address && !is_name(url->host)) return HOOK_URL_HOST;
    }
    if (authority.len == 0) return HOOK_URL_OK;
    bool is_port = slice_take_byte(&authority, ':') && slice_to_number(authority, UINT16_MAX, &port) && port;
    return is_port ? HOOK_URL_OK : HOOK_URL_PORT;
}

static struct slice take_authority(struct slice text) {
    size_t end = 0;
    while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?') end++;
    return slice_sub(text, 0, end);
}

enum hook_url_fault hook_url_read(struct slice text, struct hook_url *url) {
    *url = (struct hook_url){0};
    if (text.len > WEBHOOK_URL_BYTES_MAX) return HOOK_URL_TOO_LONG;
    if (!has_good_characters(text)) return HOOK_URL_CHARACTERS;
    url->is_https = slice_take_prefix(&text, SLICE("https://"));
    if (!url->is_https && !slice_take_prefix(&text, SLICE("http://"))) return HOOK_URL_SCHEME;
    if (slice_find_byte(text, '#') != SLICE_NOT_FOUND) return HOOK_URL_FRAGMENT;
    /* Some readers take a user to end behind a slash. */
    if (slice_find_byte(text, '@') != SLICE_NOT_FOUND) return HOOK_URL_USER;
    return read_authority(take_authority(text), url);
}

const char *hook_url_words(enum hook_url_fault fault) {
    static const char *const words[HOOK_URL_FAULTS] = {
        [HOOK_URL_OK] = "is a URL",
        [HOOK_URL_TOO_LONG] = "is longer than 1024 bytes",
        [HOOK_URL_CHARACTERS] = "has characters that no URL has; write them as %XX, and a domain as xn--...",
        [HOOK_URL_SCHEME] = "is no URL that begins with https://",
        [HOOK_URL_USER] = "has an \"@\" in it; a user has no place there (write %40 where it is meant)",
        [HOOK_URL_HOST] = "has no host that could be connected to",
        [HOOK_URL_PORT] = "has a port that is none",
        [HOOK_URL_FRAGMENT] = "has a \"#\" in it: what follows is never sent",
    };
    return words[fault];
}

static bool is_this_machine(const struct hook_url *url) {
    return url->is_address &&
           (slice_starts(url->host, SLICE("127.")) || slice_equal(url->host, SLICE("::1")));
}

bool hook_url_is_allowed(const struct hook_url *url, bool allows_private) {
    return url->is_https || (allows_private && is_this_machine(url));
}
