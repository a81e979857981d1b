#include "trust/lookup.h"

#include "base/encode.h"
#include "base/limits.h"
#include "wire/dns.h"

struct trust_lookups trust_lookups_of(struct resolver *resolver, struct arena *arena, int64_t deadline_ms,
                                      bool is_told) {
    return (struct trust_lookups){
        .resolver = resolver,
        .arena = arena,
        .deadline_ms = deadline_ms,
        .told = is_told ? ARENA_NEW_ARRAY(arena, struct trust_lookup, TRUST_LOOKUPS_TOLD_MAX) : NULL};
}

bool trust_is_unsure(enum dns_result result) {
    return result != DNS_OK && result != DNS_NO_DATA && result != DNS_NO_SUCH_NAME;
}

/* ---- what is written down ---- */

static const char *known_type(uint16_t type) {
    switch (type) {
    case DNS_A:
        return "A";
    case DNS_NS:
        return "NS";
    case DNS_CNAME:
        return "CNAME";
    case DNS_SOA:
        return "SOA";
    case DNS_PTR:
        return "PTR";
    case DNS_MX:
        return "MX";
    case DNS_TXT:
        return "TXT";
    case DNS_AAAA:
        return "AAAA";
    case DNS_TLSA:
        return "TLSA";
    default:
        return NULL;
    }
}

struct slice trust_type_name(uint16_t type, struct arena *arena) {
    const char *name = known_type(type);
    return name ? slice_from_text(name) : arena_printf(arena, "TYPE%u", type);
}

static bool append_mx(struct buffer *out, struct slice record) {
    struct dns_mx mx;
    if (!dns_mx_read(record, &mx)) return false;
    buffer_printf(out, "%u ", mx.preference);
    if (mx.is_null) buffer_append_byte(out, '.');
    return mx.is_null || dns_name_text(mx.exchange, out);
}

static bool append_address(struct buffer *out, struct slice record) {
    struct dns_address address;
    if (!dns_address_read(record, &address)) return false;
    dns_address_text(&address, out);
    return true;
}

static bool append_tlsa(struct buffer *out, struct slice record) {
    struct dns_tlsa tlsa;
    if (!dns_tlsa_read(record, &tlsa)) return false;
    buffer_printf(out, "%u %u %u ", tlsa.usage, tlsa.selector, tlsa.matching);
    hex_encode(out, tlsa.certificate);
    return true;
}

static bool append_record(struct buffer *out, uint16_t type, struct slice record) {
    switch (type) {
    case DNS_TXT:
        return dns_txt_join(record, out);
    case DNS_MX:
        return append_mx(out, record);
    case DNS_TLSA:
        return append_tlsa(out, record);
    case DNS_A:
    case DNS_AAAA:
        return append_address(out, record);
    case DNS_PTR:
    case DNS_CNAME:
    case DNS_NS:
        return dns_name_text(record, out);
    default:
        hex_encode(out, record);
        return true;
    }
}

static struct slice record_text(struct arena *arena, uint16_t type, struct slice record) {
    struct buffer out = buffer_new(TRUST_TXT_BYTES_MAX);
    bool is_good = append_record(&out, type, record) && !buffer_overflowed(&out);
    struct slice text = is_good ? arena_copy(arena, buffer_slice(&out)) : SLICE("(cannot be read)");
    buffer_free(&out);
    return text;
}

static void write_down(struct trust_lookups *lookups, struct slice name, uint16_t type,
                       const struct dns_answer *answer) {
    if (!lookups->told || lookups->told_count == TRUST_LOOKUPS_TOLD_MAX) return;
    struct trust_lookup *told = &lookups->told[lookups->told_count++];
    size_t count = answer->count < TRUST_LOOKUP_RECORDS_MAX ? answer->count : TRUST_LOOKUP_RECORDS_MAX;
    struct slice *records = ARENA_NEW_ARRAY(lookups->arena, struct slice, count ? count : 1);
    for (size_t i = 0; i < count; i++) records[i] = record_text(lookups->arena, type, answer->records[i]);
    *told = (struct trust_lookup){.name = arena_copy(lookups->arena, name),
                                  .type = type,
                                  .result = answer->result,
                                  .is_secure = answer->is_secure,
                                  .records = records,
                                  .record_count = count};
}

/* ---- asking ---- */

enum dns_result trust_look_up(struct task *t, struct trust_lookups *lookups, struct slice name, uint16_t type,
                              struct dns_answer *answer) {
    enum dns_result result =
        resolver_lookup(t, lookups->resolver, name, type, lookups->arena, answer, lookups->deadline_ms);
    write_down(lookups, name, type, answer);
    return result;
}

static bool take_text(struct trust_lookups *lookups, struct slice record, struct slice *text) {
    struct buffer joined = buffer_new(TRUST_TXT_BYTES_MAX);
    bool is_good = dns_txt_join(record, &joined) && !buffer_overflowed(&joined);
    if (is_good) *text = arena_copy(lookups->arena, buffer_slice(&joined));
    buffer_free(&joined);
    return is_good;
}

struct trust_texts trust_look_up_texts(struct task *t, struct trust_lookups *lookups, struct slice name) {
    struct dns_answer answer;
    enum dns_result result = trust_look_up(t, lookups, name, DNS_TXT, &answer);
    struct trust_texts texts = {.result = result, .is_secure = answer.is_secure};
    if (result != DNS_OK) return texts;
    size_t most = answer.count < TRUST_TXT_RECORDS_MAX ? answer.count : TRUST_TXT_RECORDS_MAX;
    struct slice *items = ARENA_NEW_ARRAY(lookups->arena, struct slice, most ? most : 1);
    for (size_t i = 0; i < answer.count && texts.count < most; i++)
        if (take_text(lookups, answer.records[i], &items[texts.count])) texts.count++;
    texts.items = items;
    return texts;
}
