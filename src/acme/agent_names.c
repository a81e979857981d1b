/* Which of the names that are wanted lead to this host: those that are optional, and do not, are left out.
   Where DNS does not say, a name that is on the certificate stays, and another one waits for the next look.
 */
#include "acme/agent_run.h"
#include "wire/dns.h"
#include "wire/network_list.h"

enum { ADDRESSES_MAX = 16, LOOKUP_MS = 20 * 1000 };

struct addresses {
    struct dns_address items[ADDRESSES_MAX];
    size_t count;
    /* There may be others. */
    bool is_unsure;
};

enum leading { LEADS_HERE, LEADS_ELSEWHERE, LEADS_NOBODY_KNOWS };

static void look_up(struct acme_run *run, struct slice name, uint16_t type, struct addresses *found) {
    int64_t until_ms = env_now_ms(run->agent->options.env) + LOOKUP_MS;
    struct dns_answer answer;
    enum dns_result result =
        resolver_lookup(run->t, run->agent->resolver, name, type, run->scratch, &answer, until_ms);
    if (trust_is_unsure(result)) found->is_unsure = true;
    if (result != DNS_OK) return;
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
static enum leading lead_of(struct acme_run *run, struct slice name, const struct addresses *ours) {
    struct addresses found;
    find(run, name, &found);
    for (size_t i = 0; i < found.count; i++) {
        if (is_among(ours, &found.items[i]) || is_own(run, &found.items[i])) continue;
        return ours->is_unsure ? LEADS_NOBODY_KNOWS : LEADS_ELSEWHERE;
    }
    if (found.is_unsure) return LEADS_NOBODY_KNOWS;
    return found.count > 0 ? LEADS_HERE : LEADS_ELSEWHERE;
}

static bool is_meant(struct acme_run *run, const struct acme_name *wanted, const struct addresses *ours) {
    if (!wanted->is_optional) return true;
    enum leading leading = lead_of(run, wanted->name, ours);
    if (leading == LEADS_NOBODY_KNOWS)
        LOG_WARN(run->agent->options.env->log, "acme.name_not_known", LOG_TEXT("name", wanted->name),
                 LOG_CSTR("reason", "DNS did not answer"),
                 LOG_CSTR("effect", wanted->is_held ? "it stays" : "it waits for the next look"));
    return leading == LEADS_HERE || (leading == LEADS_NOBODY_KNOWS && wanted->is_held);
}

bool acme_run_find_names(struct acme_run *run) {
    struct acme_findings *findings = &run->findings;
    struct addresses ours;
    find(run, run->settings.hostname, &ours);
    for (size_t i = 0; i < run->job->name_count; i++)
        if (is_meant(run, &run->job->names[i], &ours))
            findings->names[findings->name_count++] = run->job->names[i].name;
    return findings->name_count > 0 || acme_run_failed(run, SLICE("there is no name to ask for"),
                                                       SLICE("set hostname or acme.names in posthaste.conf"));
}
