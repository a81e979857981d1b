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

struct trust_lookups trust_lookups_beside(struct trust_lookups *lookups) {
    return (struct trust_lookups){.resolver = lookups->resolver,
                                  .arena = lookups->arena,
                                  .deadline_ms = lookups->deadline_ms,
                                  .bytes_max = lookups->bytes_max,
                                  .teller = lookups};
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
    case DNS_SRV:
        return "SRV";
    case DNS_TLSA:
        return "TLSA";
    case DNS_CAA:
        return "CAA";
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

static bool append_srv(struct buffer *out, struct slice record) {
    struct dns_srv srv;
    if (!dns_srv_read(record, &srv)) return false;
    buffer_printf(out, "%u %u %u ", srv.priority, srv.weight, srv.port);
    if (srv.target.len == 1) buffer_append_byte(out, '.');
    return dns_name_text(srv.target, out);
}

static bool append_tlsa(struct buffer *out, struct slice record) {
    struct dns_tlsa tlsa;
    if (!dns_tlsa_read(record, &tlsa)) return false;
    buffer_printf(out, "%u %u %u ", tlsa.usage, tlsa.selector, tlsa.matching);
    hex_encode(out, tlsa.certificate);
    return true;
}

static bool append_caa(struct buffer *out, struct slice record) {
    struct dns_caa caa;
    if (!dns_caa_read(record, &caa)) return false;
    buffer_printf(out, "%u %.*s \"%.*s\"", caa.flags, SLICE_PRINT(caa.tag), SLICE_PRINT(caa.value));
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
    case DNS_SRV:
        return append_srv(out, record);
    case DNS_CAA:
        return append_caa(out, record);
    default:
        hex_encode(out, record);
        return true;
    }
}

struct slice trust_record_text(struct arena *arena, uint16_t type, struct slice record) {
    struct buffer out = buffer_new(TRUST_TXT_BYTES_MAX);
    bool is_good = append_record(&out, type, record) && !buffer_overflowed(&out);
    struct slice text = is_good ? arena_copy(arena, buffer_slice(&out)) : SLICE("(cannot be read)");
    buffer_free(&out);
    return text;
}

static void write_down(struct trust_lookups *lookups, struct slice name, uint16_t type,
                       const struct dns_answer *answer) {
    if (lookups->teller) lookups = lookups->teller;
    if (!lookups->told || lookups->told_count == TRUST_LOOKUPS_TOLD_MAX) return;
    struct trust_lookup *told = &lookups->told[lookups->told_count++];
    size_t count = answer->count < TRUST_LOOKUP_RECORDS_MAX ? answer->count : TRUST_LOOKUP_RECORDS_MAX;
    struct slice *records = ARENA_NEW_ARRAY(lookups->arena, struct slice, count ? count : 1);
    for (size_t i = 0; i < count; i++)
        records[i] = trust_record_text(lookups->arena, type, answer->records[i]);
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
    enum dns_result result = DNS_SERVFAIL;
    *answer = (struct dns_answer){.result = result};
    if (!lookups->bytes_max || arena_used_bytes(lookups->arena) <= lookups->bytes_max)
        result =
            resolver_lookup(t, lookups->resolver, name, type, lookups->arena, answer, lookups->deadline_ms);
    else
        lookups->is_spent = true;
    write_down(lookups, name, type, answer);
    return result;
}

enum take { TAKEN, TOO_LONG, NO_ROOM };

static enum take take_text(struct trust_lookups *lookups, struct slice record, struct slice *text) {
    struct buffer joined = buffer_new(TRUST_TXT_BYTES_MAX);
    enum take take = TOO_LONG;
    if (dns_txt_join(record, &joined) && !buffer_overflowed(&joined))
        take = arena_try_copy(lookups->arena, buffer_slice(&joined), text) ? TAKEN : NO_ROOM;
    buffer_free(&joined);
    return take;
}

struct trust_texts trust_look_up_texts(struct task *t, struct trust_lookups *lookups, struct slice name) {
    struct dns_answer answer;
    enum dns_result result = trust_look_up(t, lookups, name, DNS_TXT, &answer);
    struct trust_texts texts = {.result = result, .is_secure = answer.is_secure};
    if (result != DNS_OK) return texts;
    size_t most = answer.count < TRUST_TXT_RECORDS_MAX ? answer.count : TRUST_TXT_RECORDS_MAX;
    struct slice *items = arena_try_alloc(lookups->arena, (most + 1) * sizeof *items);
    enum take take = items ? TAKEN : NO_ROOM;
    for (size_t i = 0; i < answer.count && texts.count < most && take != NO_ROOM; i++) {
        take = take_text(lookups, answer.records[i], &items[texts.count]);
        texts.count += take == TAKEN;
    }
    if (take == NO_ROOM) return (struct trust_texts){.result = DNS_SERVFAIL};
    texts.items = items;
    return texts;
}
