#include "trust/dane.h"

#include "base/limits.h"
#include "wire/dns.h"

enum { USAGE_TRUST_ANCHOR = 2, USAGE_END_ENTITY = 3, SELECTOR_MAX = 1 };
enum { MATCHING_WHOLE, MATCHING_SHA256, MATCHING_SHA512 };

bool dane_is_usable(const struct tls_dane_record *record) {
    if (record->usage != USAGE_TRUST_ANCHOR && record->usage != USAGE_END_ENTITY) return false;
    if (record->selector > SELECTOR_MAX) return false;
    switch (record->matching) {
    case MATCHING_WHOLE:
        return tls_dane_is_usable(record);
    case MATCHING_SHA256:
        return record->data.len == 32;
    case MATCHING_SHA512:
        return record->data.len == 64;
    default:
        return false;
    }
}

static void take_records(struct trust_lookups *lookups, const struct dns_answer *answer, struct dane *dane) {
    dane->records = ARENA_NEW_ARRAY(lookups->arena, struct tls_dane_record, DANE_RECORDS_MAX);
    for (size_t i = 0; i < answer->count && dane->count < DANE_RECORDS_MAX; i++) {
        struct dns_tlsa tlsa;
        if (!dns_tlsa_read(answer->records[i], &tlsa) || tlsa.certificate.len > DANE_RECORD_BYTES_MAX)
            continue;
        dane->records[dane->count++] =
            (struct tls_dane_record){tlsa.usage, tlsa.selector, tlsa.matching, tlsa.certificate};
    }
}

/* False: the next name may say more. */
static bool ask(struct task *t, struct trust_lookups *lookups, struct slice base, uint16_t port,
                struct dane *dane) {
    struct dns_answer answer;
    struct slice name = arena_printf(lookups->arena, "_%u._tcp.%.*s", (unsigned)port, SLICE_PRINT(base));
    enum dns_result result = trust_look_up(t, lookups, name, DNS_TLSA, &answer);
    if (trust_is_unsure(result)) {
        *dane = (struct dane){.result = DANE_UNSURE, .trouble = result, .trouble_name = name};
        return true;
    }
    if (result != DNS_OK || !answer.is_secure) return false;
    *dane = (struct dane){.result = DANE_FOUND, .base = base};
    take_records(lookups, &answer, dane);
    return true;
}

/* RFC 7672 2.2.2: where only the first step of a chain of CNAMEs is vouched for, the first name counts. */
static bool is_alias_secure(struct task *t, struct trust_lookups *lookups, const struct dane_host *host,
                            struct dane *dane) {
    struct dns_answer answer;
    if (host->canonical.len == 0) return false;
    enum dns_result result = trust_look_up(t, lookups, host->name, DNS_CNAME, &answer);
    if (trust_is_unsure(result))
        *dane = (struct dane){.result = DANE_UNSURE, .trouble = result, .trouble_name = host->name};
    return result == DNS_OK && answer.is_secure;
}

void dane_look_up(struct task *t, struct trust_lookups *lookups, const struct dane_host *host,
                  struct dane *dane) {
    *dane = (struct dane){.result = DANE_NONE};
    if (!host->is_name_secure) return;
    if (!host->is_address_secure && !is_alias_secure(t, lookups, host, dane)) return;
    bool has_canonical = host->is_address_secure && host->canonical.len;
    if (has_canonical && ask(t, lookups, host->canonical, host->port, dane)) return;
    (void)ask(t, lookups, host->name, host->port, dane);
}
