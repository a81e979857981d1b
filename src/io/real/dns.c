/*
 * The resolver: libunbound by its event API. It is called on the loop's own stack only (its own
 * frames and a validator's are more than a task should carry), so a question waits for the next
 * turn; an answer out of the cache then costs no system call.
 *
 * libunbound opens no file: what it is told comes as text. It reads neither resolv.conf nor
 * /etc/hosts. An answer that nobody waits for any more still fills the cache.
 */
#include <stdlib.h>
#include <unbound.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "io/real/dns_event.h"
#include "io/real/dns_message.h"

enum { SECURITY_BOGUS = 1, SECURITY_VALIDATED = 2, CLASS_IN = 1, RCODE_NO_SUCH_NAME = 3 };

struct real_dns {
    struct dns dns;
    struct dns_event_base base;
    struct ub_ctx *context;
    struct list pending;
    struct list asked;
    struct work ask;
};

/* A question, from start until libunbound is done with it. */
struct pending {
    struct list link;
    struct real_dns *dns;
    /* NULL once nobody waits. */
    struct dns_query *query;
    bool is_asked;
};

static struct real_dns *real_dns_of(struct dns *dns) { return CONTAINER_OF(dns, struct real_dns, dns); }

static void pending_free(struct pending *pending) {
    list_remove(&pending->link);
    free(pending);
}

static void end(struct pending *pending, struct dns_answer answer) {
    struct dns_query *query = pending->query;
    pending_free(pending);
    if (!query) return;
    *query->answer = answer;
    dns_query_end(query);
}

static void tell_bogus(const struct pending *pending, const char *why) {
    LOG_WARN(pending->dns->dns.env->log, "dns.bogus", LOG_CSTR("name", pending->query->name),
             LOG_NUMBER("type", pending->query->type), LOG_CSTR("reason", why ? why : ""));
}

static struct dns_answer answer_of(const struct pending *pending, int rcode, struct slice message,
                                   int security, const char *why) {
    struct dns_answer answer = {.result = DNS_SERVFAIL};
    if (security == SECURITY_BOGUS) {
        tell_bogus(pending, why);
        answer.result = DNS_BOGUS;
    } else if (rcode == 0) {
        dns_message_read(message, pending->query->type, pending->query->arena, &answer);
        answer.is_secure = security == SECURITY_VALIDATED && answer.result <= DNS_NO_SUCH_NAME;
    } else if (rcode == RCODE_NO_SUCH_NAME) {
        answer.result = DNS_NO_SUCH_NAME;
    }
    return answer;
}

static void answered(void *argument, int rcode, void *packet, int len, int security, char *why,
                     int was_ratelimited) {
    (void)was_ratelimited;
    struct pending *pending = argument;
    struct dns_answer answer = {.result = DNS_CANCELLED};
    if (pending->query)
        answer = answer_of(pending, rcode, slice_of(packet, len > 0 ? (size_t)len : 0), security, why);
    end(pending, answer);
}

static void ask(struct pending *pending) {
    struct dns_query *query = pending->query;
    struct real_dns *dns = pending->dns;
    list_remove(&pending->link);
    list_append(&dns->pending, &pending->link);
    pending->is_asked = true;
    int result = ub_resolve_event(dns->context, query->name, query->type, CLASS_IN, pending, answered, NULL);
    /* It could not begin: the callback was not called and never will be. */
    if (result) end(pending, (struct dns_answer){.result = DNS_SERVFAIL});
}

static void ask_work(struct work *work) {
    struct real_dns *dns = CONTAINER_OF(work, struct real_dns, ask);
    while (!list_empty(&dns->asked)) ask(LIST_FIRST(&dns->asked, struct pending, link));
}

static void real_dns_start(struct dns *base, struct dns_query *query) {
    struct real_dns *dns = real_dns_of(base);
    struct pending *pending = calloc(1, sizeof *pending);
    if (!pending) FATAL("out of memory for a DNS lookup");
    pending->dns = dns;
    pending->query = query;
    query->pending = pending;
    list_append(&dns->asked, &pending->link);
    work_post(base->env, &dns->ask);
}

static void real_dns_stop(struct dns *dns, struct dns_query *query) {
    (void)dns;
    struct pending *pending = query->pending;
    pending->query = NULL;
    /* Not asked yet: then it never is. Otherwise `answered` frees it. */
    if (!pending->is_asked) pending_free(pending);
}

static void end_all(struct list *pendings) {
    while (!list_empty(pendings))
        end(LIST_FIRST(pendings, struct pending, link), (struct dns_answer){.result = DNS_CANCELLED});
}

/* libunbound calls back, or not, for what it has under way as it goes: nobody may wait by then. */
static void real_dns_close(struct dns *base) {
    struct real_dns *dns = real_dns_of(base);
    work_cancel(&dns->ask);
    end_all(&dns->asked);
    LIST_EACH(&dns->pending, pending, struct pending, link) {
        if (!pending->query) continue;
        *pending->query->answer = (struct dns_answer){.result = DNS_CANCELLED};
        dns_query_end(pending->query);
        pending->query = NULL;
    }
    ub_ctx_delete(dns->context);
    end_all(&dns->pending);
    free(dns);
}

static const struct dns_ops real_dns_ops = {real_dns_start, real_dns_stop, real_dns_close};

/* Calls `add` for each part of `text`. False: one was refused. */
static bool each_part(struct ub_ctx *context, struct slice text, uint8_t separator, size_t bytes_max,
                      int (*add)(struct ub_ctx *context, const char *part)) {
    while (text.len) {
        struct slice part = slice_trim(slice_take_until(&text, separator));
        (void)slice_take_byte(&text, separator);
        if (part.len == 0) continue;
        if (part.len > bytes_max) return false;
        struct buffer copy = buffer_new(bytes_max + 1);
        buffer_append(&copy, part);
        buffer_append_byte(&copy, 0);
        int result = add(context, (const char *)copy.ptr);
        buffer_free(&copy);
        if (result) return false;
    }
    return true;
}

static int add_server(struct ub_ctx *context, const char *server) { return ub_ctx_set_fwd(context, server); }

/* RFC 1035 5.1: a line of a zone file, less its comment. */
static int add_trust_anchor(struct ub_ctx *context, const char *line) {
    struct slice text = slice_from_text(line);
    text = slice_trim(slice_take_until(&text, ';'));
    if (text.len == 0) return 0;
    struct buffer record = buffer_new(DNS_TRUST_ANCHOR_BYTES_MAX + 1);
    buffer_append(&record, text);
    buffer_append_byte(&record, 0);
    int result = ub_ctx_add_ta(context, (const char *)record.ptr);
    buffer_free(&record);
    return result;
}

static bool set_option(struct ub_ctx *context, const char *name, const char *value) {
    return ub_ctx_set_option(context, name, value) == 0;
}

static bool set_number(struct ub_ctx *context, const char *name, uint64_t number) {
    struct buffer text = buffer_new(32);
    buffer_append_number(&text, number);
    buffer_append_byte(&text, 0);
    bool is_set = set_option(context, name, (const char *)text.ptr);
    buffer_free(&text);
    return is_set;
}

/* RFC 6303 and RFC 6761 have a resolver answer these itself. */
static bool let_local_zones_through(struct ub_ctx *context) {
    static const char *const zones[] = {
        "test.",
        "localhost.",
        "127.in-addr.arpa.",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
    };
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
        if (ub_ctx_zone_remove(context, zones[i])) return false;
    return true;
}

static bool set_limits(struct ub_ctx *context) {
    return set_number(context, "outgoing-range:", DNS_SOCKETS_MAX) &&
           set_number(context, "num-queries-per-thread:", RESOLVE_LOOKUPS_MAX) &&
           set_number(context, "outgoing-num-tcp:", DNS_TCP_SOCKETS_MAX) &&
           set_number(context, "rrset-cache-size:", DNS_CACHE_BYTES) &&
           set_number(context, "msg-cache-size:", DNS_CACHE_BYTES / 2);
}

/* NULL, or what is wrong. */
static const char *configure(struct ub_ctx *context, const struct dns_options *options) {
    (void)ub_ctx_debugout(context, NULL);
    if (!set_limits(context)) return "libunbound refused a limit";
    if (!each_part(context, options->servers, ',', DNS_SERVER_BYTES_MAX, add_server))
        return "a DNS server is not an address, like 192.0.2.1 or 127.0.0.1@5353";
    if (options->is_for_local_zones && !set_option(context, "unblock-lan-zones:", "yes"))
        return "libunbound refused to pass local names on";
    if (!each_part(context, options->trust_anchors, '\n', DNS_TRUST_ANCHOR_BYTES_MAX, add_trust_anchor))
        return "a trust anchor is longer than any";
    return NULL;
}

/* libunbound reads trust anchors late, with the first question or change of a zone: make one. */
static const char *finalise(struct ub_ctx *context, const struct dns_options *options) {
    if (ub_ctx_zone_remove(context, "nowhere.invalid."))
        return "a trust anchor is not a DS or DNSKEY record on one line";
    if (options->is_for_local_zones && !let_local_zones_through(context))
        return "libunbound refused to pass local names on";
    return NULL;
}

struct dns *real_dns_open(struct env *env, const struct dns_options *options, const char **reason) {
    struct real_dns *dns = calloc(1, sizeof *dns);
    if (!dns) FATAL("out of memory for DNS");
    dns->dns = (struct dns){&real_dns_ops, env};
    list_init(&dns->pending);
    list_init(&dns->asked);
    work_init(&dns->ask, ask_work);
    dns_event_base_init(&dns->base, env);
    dns->context = ub_ctx_create_ub_event(&dns->base.base);
    if (!dns->context) FATAL("out of memory for libunbound");
    *reason = configure(dns->context, options);
    if (!*reason) *reason = finalise(dns->context, options);
    if (!*reason) return &dns->dns;
    ub_ctx_delete(dns->context);
    free(dns);
    return NULL;
}
