#include "trust/iprev.h"

#include "base/limits.h"

static struct slice reverse_name(struct arena *arena, const struct dns_address *address) {
    struct buffer name = buffer_new(DNS_NAME_BYTES_MAX);
    dns_reverse_name(address, &name);
    struct slice copy = arena_copy(arena, buffer_slice(&name));
    buffer_free(&name);
    return copy;
}

/* False: it is no name that could be asked for. */
static bool name_of_record(struct arena *arena, struct slice record, struct slice *name) {
    struct buffer text = buffer_new((size_t)4 * DNS_NAME_BYTES_MAX);
    bool is_good = dns_name_text(record, &text) && text.len > 0 && text.len <= DNS_NAME_BYTES_MAX;
    if (is_good) *name = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return is_good;
}

static bool has_address(const struct dns_answer *answer, const struct dns_address *address) {
    for (size_t i = 0; i < answer->count; i++) {
        struct dns_address found;
        if (dns_address_read(answer->records[i], &found) && found.len == address->len &&
            memcmp(found.bytes, address->bytes, found.len) == 0)
            return true;
    }
    return false;
}

/* PASS, FAIL or TEMPERROR. */
static enum trust_result leads_back(struct task *t, struct trust_lookups *lookups, struct slice name,
                                    const struct dns_address *address) {
    struct dns_answer answer;
    enum dns_result result = trust_look_up(t, lookups, name, address->len == 4 ? DNS_A : DNS_AAAA, &answer);
    if (trust_is_unsure(result)) return TRUST_TEMPERROR;
    return result == DNS_OK && has_address(&answer, address) ? TRUST_PASS : TRUST_FAIL;
}

static struct iprev check_names(struct task *t, struct trust_lookups *lookups, const struct dns_answer *names,
                                const struct dns_address *address) {
    struct iprev iprev = {.result = TRUST_PERMERROR};
    for (size_t i = 0; i < names->count && i < TRUST_IPREV_NAMES_MAX; i++) {
        struct slice name;
        if (!name_of_record(lookups->arena, names->records[i], &name)) continue;
        enum trust_result result = leads_back(t, lookups, name, address);
        if (result == TRUST_PASS) return (struct iprev){TRUST_PASS, name};
        if (iprev.name.len == 0) iprev.name = name;
        if (iprev.result != TRUST_TEMPERROR) iprev.result = result;
    }
    return iprev;
}

struct iprev iprev_check(struct task *t, struct trust_lookups *lookups, const struct dns_address *given) {
    struct dns_address address = dns_address_unmapped(*given);
    struct dns_answer names;
    enum dns_result result =
        trust_look_up(t, lookups, reverse_name(lookups->arena, &address), DNS_PTR, &names);
    if (trust_is_unsure(result)) return (struct iprev){.result = TRUST_TEMPERROR};
    if (result != DNS_OK) return (struct iprev){.result = TRUST_PERMERROR};
    return check_names(t, lookups, &names, &address);
}
