/*
 * DNS of the simulated world: cut at the answer. The test fills one table for all machines; how long
 * an answer takes, and whether it fails or never comes, the seed decides.
 */
#include "io/dns.h"

#include <stdlib.h>

#include "base/limits.h"
#include "io/sim/world.h"

enum { CNAMES_MAX = 8 };

struct sim_dns_row {
    struct list link;
    /* Says of the name only that DNSSEC vouches for it. */
    bool is_mark;
    uint8_t name[DNS_NAME_BYTES_MAX];
    size_t name_len;
    uint16_t type;
    /* DNS_OK for a record; else how every lookup of the name ends. */
    enum dns_result result;
    uint32_t ttl_s;
    uint8_t *data;
    size_t len;
};

struct sim_dns {
    struct dns dns;
    struct list pending;
};

struct sim_dns_pending {
    struct list link;
    struct sim_event event;
    struct sim_world *world;
    struct dns_query *query;
};

/* A name as dns_query has it, in wire form and lower case. Bytes written. */
static size_t name_of_text(const char *text, uint8_t name[DNS_NAME_BYTES_MAX]) {
    size_t label = 0;
    size_t len = 1;
    for (; *text && len < DNS_NAME_BYTES_MAX - 1; text++) {
        uint8_t byte = (uint8_t)*text;
        if (byte == '.') {
            if (!text[1]) break;
            name[label] = (uint8_t)(len - label - 1);
            label = len++;
            continue;
        }
        if (byte == '\\') {
            byte = (uint8_t)((text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0');
            text += 3;
        }
        name[len++] = ascii_lower(byte);
    }
    name[label] = (uint8_t)(len - label - 1);
    name[len++] = 0;
    return len;
}

static struct sim_dns_row *add_row(struct sim_world *world, const char *name) {
    struct sim_dns_row *row = sim_alloc(sizeof *row);
    row->name_len = name_of_text(name, row->name);
    list_append(&world->dns, &row->link);
    return row;
}

void sim_dns_add(struct sim_world *world, const char *name, uint16_t type, struct slice data,
                 uint32_t ttl_s) {
    struct sim_dns_row *row = add_row(world, name);
    row->type = type;
    row->ttl_s = ttl_s;
    row->data = sim_alloc(data.len + 1);
    row->len = data.len;
    memcpy(row->data, data.ptr, data.len);
}

void sim_dns_fail(struct sim_world *world, const char *name, enum dns_result result) {
    add_row(world, name)->result = result;
}

void sim_dns_secure(struct sim_world *world, const char *name) { add_row(world, name)->is_mark = true; }

static void row_free(struct sim_dns_row *row) {
    list_remove(&row->link);
    free(row->data);
    free(row);
}

void sim_dns_forget(struct sim_world *world, const char *name) {
    uint8_t wire[DNS_NAME_BYTES_MAX];
    size_t len = name_of_text(name, wire);
    LIST_EACH(&world->dns, row, struct sim_dns_row, link) {
        if (slice_equal(slice_of(row->name, row->name_len), slice_of(wire, len))) row_free(row);
    }
}

void sim_dns_free(struct sim_world *world) {
    LIST_EACH(&world->dns, row, struct sim_dns_row, link) { row_free(row); }
}

struct found {
    enum dns_result result;
    const struct sim_dns_row *cname;
    size_t count;
    bool is_secure;
};

/* What the table has of a name; copies the records' places to `records` where it is not NULL. */
static struct found find(struct sim_world *world, struct slice name, uint16_t type, struct slice *records,
                         uint32_t *ttl_s) {
    struct found found = {.result = DNS_NO_SUCH_NAME};
    LIST_EACH(&world->dns, row, struct sim_dns_row, link) {
        if (!slice_equal(slice_of(row->name, row->name_len), name)) continue;
        found.is_secure |= row->is_mark;
        if (row->is_mark) continue;
        if (row->result != DNS_OK) return (struct found){.result = row->result};
        if (found.result == DNS_NO_SUCH_NAME) found.result = DNS_NO_DATA;
        if (row->type == DNS_CNAME && type != DNS_CNAME) found.cname = row;
        if (row->type != type || found.count == DNS_RECORDS_MAX) continue;
        found.result = DNS_OK;
        if (records) records[found.count] = slice_of(row->data, row->len);
        if (row->ttl_s < *ttl_s) *ttl_s = row->ttl_s;
        found.count++;
    }
    return found;
}

static enum dns_result give(struct sim_world *world, struct dns_query *query, struct slice name, size_t count,
                            uint32_t ttl_s) {
    struct slice *records = arena_try_alloc(query->arena, count * sizeof *records);
    if (!records || !arena_try_copy(query->arena, name, &query->answer->canonical_name)) return DNS_SERVFAIL;
    (void)find(world, name, query->type, records, &ttl_s);
    for (size_t i = 0; i < count; i++)
        if (!arena_try_copy(query->arena, records[i], &records[i])) return DNS_SERVFAIL;
    query->answer->records = records;
    query->answer->count = count;
    query->answer->ttl_s = ttl_s;
    return DNS_OK;
}

static enum dns_result answer_of(struct sim_world *world, struct dns_query *query) {
    uint8_t first[DNS_NAME_BYTES_MAX];
    struct slice name = slice_of(first, name_of_text(query->name, first));
    uint32_t ttl_s = UINT32_MAX;
    query->answer->is_secure = true;
    for (int hops = 0; hops < CNAMES_MAX; hops++) {
        struct found found = find(world, name, query->type, NULL, &ttl_s);
        query->answer->is_secure &= found.is_secure && found.result <= DNS_NO_SUCH_NAME;
        if (!found.cname) return found.count ? give(world, query, name, found.count, ttl_s) : found.result;
        if (found.cname->ttl_s < ttl_s) ttl_s = found.cname->ttl_s;
        name = slice_of(found.cname->data, found.cname->len);
    }
    query->answer->is_secure = false;
    return DNS_SERVFAIL;
}

static void end(struct sim_dns_pending *pending) {
    struct dns_query *query = pending->query;
    sim_event_cancel(pending->world, &pending->event);
    list_remove(&pending->link);
    free(pending);
    dns_query_end(query);
}

static void answer_due(struct sim_event *event) {
    struct sim_dns_pending *pending = CONTAINER_OF(event, struct sim_dns_pending, event);
    struct dns_query *query = pending->query;
    bool fails = sim_world_chance(pending->world, pending->world->network.dns_failure_chance);
    *query->answer = (struct dns_answer){0};
    enum dns_result result = fails ? DNS_SERVFAIL : answer_of(pending->world, query);
    /* The row says that no answer comes: the lookup's own deadline ends it. */
    if (result == DNS_TIMEOUT) return;
    query->answer->result = result;
    end(pending);
}

static void sim_dns_start(struct dns *dns, struct dns_query *query) {
    struct sim_world *world = sim_world_of(dns->env);
    struct sim_dns_pending *pending = sim_alloc(sizeof *pending);
    *pending = (struct sim_dns_pending){.world = world, .query = query};
    sim_event_init(&pending->event, answer_due);
    list_append(&CONTAINER_OF(dns, struct sim_dns, dns)->pending, &pending->link);
    query->pending = pending;
    if (dns->env->is_dead || sim_world_chance(world, world->network.dns_silence_chance)) return;
    sim_event_set(
        world, &pending->event,
        sim_random_between(world, world->network.latency_us_min, 2 * world->network.latency_us_max));
}

static void sim_dns_stop(struct dns *dns, struct dns_query *query) {
    struct sim_dns_pending *pending = query->pending;
    sim_event_cancel(sim_world_of(dns->env), &pending->event);
    list_remove(&pending->link);
    free(pending);
}

static void sim_dns_close(struct dns *dns) {
    struct sim_dns *sim = CONTAINER_OF(dns, struct sim_dns, dns);
    while (!list_empty(&sim->pending)) {
        struct sim_dns_pending *pending = LIST_FIRST(&sim->pending, struct sim_dns_pending, link);
        *pending->query->answer = (struct dns_answer){.result = DNS_CANCELLED};
        end(pending);
    }
    free(sim);
}

static const struct dns_ops sim_dns_ops = {sim_dns_start, sim_dns_stop, sim_dns_close};

struct dns *sim_dns_open(struct env *env, const struct dns_options *options, const char **reason) {
    (void)options;
    (void)reason;
    struct sim_dns *sim = sim_alloc(sizeof *sim);
    sim->dns = (struct dns){&sim_dns_ops, env};
    list_init(&sim->pending);
    return &sim->dns;
}
