/* Which of the names that are wanted lead to this host: those that are optional, and do not, are left out. */
#include "acme/agent_run.h"
#include "wire/dns.h"
#include "wire/network_list.h"

enum { ADDRESSES_MAX = 16, LOOKUP_MS = 20 * 1000 };

struct addresses {
    struct dns_address items[ADDRESSES_MAX];
    size_t count;
};

static void look_up(struct acme_run *run, struct slice name, uint16_t type, struct addresses *found) {
    int64_t until_ms = env_now_ms(run->agent->options.env) + LOOKUP_MS;
    struct dns_answer answer;
    if (resolver_lookup(run->t, run->agent->resolver, name, type, run->scratch, &answer, until_ms) != DNS_OK)
        return;
    for (size_t i = 0; i < answer.count && found->count < ADDRESSES_MAX; i++)
        if (dns_address_read(answer.records[i], &found->items[found->count])) found->count++;
}

static void find(struct acme_run *run, struct slice name, struct addresses *found) {
    *found = (struct addresses){0};
    arena_reset(run->scratch);
    look_up(run, name, DNS_A, found);
    look_up(run, name, DNS_AAAA, found);
}

static bool is_among(const struct addresses *ours, const struct dns_address *address) {
    for (size_t i = 0; i < ours->count; i++)
        if (ours->items[i].len == address->len && !memcmp(ours->items[i].bytes, address->bytes, address->len))
            return true;
    return false;
}

static bool is_own(const struct acme_run *run, const struct dns_address *address) {
    struct buffer text = buffer_new(64);
    dns_address_text(address, &text);
    buffer_append_byte(&text, 0);
    bool is = network_list_has(run->settings.own_addresses, (const char *)text.ptr);
    buffer_free(&text);
    return is;
}

/* The CA may ask any of its addresses: each has to be ours. */
static bool leads_here(struct acme_run *run, struct slice name, const struct addresses *ours) {
    struct addresses found;
    find(run, name, &found);
    for (size_t i = 0; i < found.count; i++)
        if (!is_among(ours, &found.items[i]) && !is_own(run, &found.items[i])) return false;
    return found.count > 0;
}

bool acme_run_find_names(struct acme_run *run) {
    struct addresses ours;
    find(run, run->settings.hostname, &ours);
    for (size_t i = 0; i < run->job->name_count; i++) {
        const struct acme_name *wanted = &run->job->names[i];
        if (wanted->is_optional && !leads_here(run, wanted->name, &ours)) continue;
        run->names[run->name_count++] = wanted->name;
    }
    return run->name_count > 0 || acme_run_failed(run, SLICE("there is no name to ask for"),
                                                  SLICE("set hostname or acme.names in posthaste.conf"));
}
