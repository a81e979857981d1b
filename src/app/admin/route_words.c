#include "app/admin/route_words.h"

#include "base/limits.h"
#include "store/engine_route.h"

static const char *const tls_names[ROUTE_TLS_MODES] = {[ROUTE_TLS_OFFERED] = "offered",
                                                       [ROUTE_TLS_REQUIRED] = "required",
                                                       [ROUTE_TLS_VERIFIED] = "verified",
                                                       [ROUTE_TLS_IMPLICIT] = "implicit",
                                                       [ROUTE_TLS_NEVER] = "never"};
static const char *const stream_names[QUEUE_STREAMS] = {
    [QUEUE_PERSONAL] = "personal", [QUEUE_TRANSACTIONAL] = "transactional", [QUEUE_BULK] = "bulk"};

/* The place of the word, or `count`. */
static size_t find_word(const char *const words[], size_t count, struct slice text) {
    size_t i = 0;
    while (i < count && !slice_equal(text, slice_from_text(words[i]))) i++;
    return i;
}

bool route_tls_read(struct slice text, enum route_tls *tls) {
    *tls = (enum route_tls)find_word(tls_names, ROUTE_TLS_MODES, text);
    return *tls < ROUTE_TLS_MODES;
}

const char *route_tls_name(enum route_tls tls) { return tls_names[tls]; }

bool queue_stream_read(struct slice text, enum queue_stream *stream) {
    *stream = (enum queue_stream)find_word(stream_names, QUEUE_STREAMS, text);
    return *stream < QUEUE_STREAMS;
}

const char *queue_stream_name(enum queue_stream stream) { return stream_names[stream]; }

const char *route_kind_name(enum route_kind kind) {
    static const char *const names[ROUTE_KINDS] = {[ROUTE_FOR_ALL] = "all",
                                                   [ROUTE_FOR_STREAM] = "stream",
                                                   [ROUTE_FOR_SENDER] = "sender",
                                                   [ROUTE_FOR_RECIPIENT] = "recipient",
                                                   [ROUTE_FOR_MX] = "mx"};
    return names[kind];
}

/* ---- hosts ---- */

static bool read_port(struct slice text, uint16_t *port) {
    uint64_t number;
    if (!slice_to_number(text, UINT16_MAX, &number) || number == 0) return false;
    *port = (uint16_t)number;
    return true;
}

/* "[2001:db8::1]:587": what is behind the bracket is a port, or nothing. */
static bool read_bracketed(struct slice text, struct slice *name, struct slice *port) {
    (void)slice_take_byte(&text, '[');
    *name = slice_take_until(&text, ']');
    if (!slice_take_byte(&text, ']')) return false;
    *port = text;
    return text.len == 0 || (slice_take_byte(port, ':') && port->len);
}

/* Of more than one colon none is a port's: an IPv6 address. */
static bool read_plain(struct slice text, struct slice *name, struct slice *port) {
    size_t first = slice_find_byte(text, ':');
    *name = text;
    *port = SLICE_EMPTY;
    if (first == SLICE_NOT_FOUND || first != slice_find_last_byte(text, ':')) return true;
    *name = slice_sub(text, 0, first);
    *port = slice_skip(text, first + 1);
    return port->len > 0;
}

/* Names become A-labels; addresses stay what they are. route_check tells what is neither. */
static struct slice canonical(struct arena *arena, struct slice name) {
    struct slice domain;
    bool is_address = slice_find_byte(name, ':') != SLICE_NOT_FOUND;
    return !is_address && route_domain_read(arena, name, &domain) ? domain : name;
}

static bool read_host(struct arena *arena, struct slice text, struct route_host *host) {
    struct slice name;
    struct slice port;
    bool is_bracketed = text.len && text.ptr[0] == '[';
    if (!(is_bracketed ? read_bracketed(text, &name, &port) : read_plain(text, &name, &port))) return false;
    host->name = canonical(arena, name);
    return name.len && (port.len == 0 || read_port(port, &host->port));
}

bool route_hosts_read(struct arena *arena, struct slice text, uint16_t port, struct route *route) {
    route->hosts = ARENA_NEW_ARRAY(arena, struct route_host, ROUTE_HOSTS_MAX);
    route->host_count = 0;
    do {
        struct slice item = slice_trim(slice_take_until(&text, ','));
        size_t i = route->host_count;
        if (i == ROUTE_HOSTS_MAX) return false;
        route->hosts[i] = (struct route_host){.port = port, .preference = (uint32_t)(10 * (i + 1))};
        if (!read_host(arena, item, &route->hosts[i])) return false;
        route->host_count++;
    } while (slice_take_byte(&text, ','));
    return true;
}
