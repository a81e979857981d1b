/* The mechanisms (RFC 7208 5), each against DNS and the client's address. */
#include "trust/spf_run.h"

/* 253 bytes as text are the 255 of RFC 1035 2.3.4; RFC 8616 4 has what is not ASCII match nothing. */
bool spf_is_askable(struct slice name) {
    if (name.len == 0 || name.len > DNS_NAME_BYTES_MAX - 2) return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] >= 0x80) return false;
    while (name.len) {
        struct slice label = slice_take_until(&name, '.');
        if (label.len == 0 || label.len > DNS_LABEL_BYTES_MAX) return false;
        if (slice_take_byte(&name, '.') && name.len == 0) return false;
    }
    return true;
}

enum spf_outcome spf_count_term(struct spf_run *run) {
    if (run->verdict.asking_terms == SPF_ASKING_TERMS_MAX)
        return spf_say_limit(run, "is one of more than 10 terms that ask DNS (RFC 7208 4.6.4)");
    run->verdict.asking_terms++;
    return SPF_NO_MATCH;
}

enum spf_outcome spf_count_void(struct spf_run *run) {
    if (run->verdict.void_lookups == SPF_VOID_LOOKUPS_MAX)
        return spf_say_limit(run, "asks for the third name that DNS knows nothing of (RFC 7208 4.6.4)");
    run->verdict.void_lookups++;
    return SPF_NO_MATCH;
}

struct slice spf_expand(struct spf_run *run, struct slice spec) {
    struct buffer name = buffer_new(DNS_NAME_BYTES_MAX);
    run->values.domain = spf_top(run)->domain;
    if (spf_macro_has_p(spec)) spf_find_client_name(run);
    spf_expand_name(spec, &run->values, &name);
    struct slice copy = arena_copy(run->lookups->arena, buffer_slice(&name));
    buffer_free(&name);
    return copy;
}

/* RFC 7208 4.8: without a domain-spec it is <domain>. 4.6.4: %{p} costs a term the first time. */
enum spf_outcome spf_target(struct spf_run *run, struct slice spec, struct slice *name) {
    bool asks_for_names = spf_macro_has_p(spec) && !run->client.is_asked;
    if (asks_for_names && spf_count_term(run) == SPF_OVER) return SPF_OVER;
    *name = spec.len ? spf_expand(run, spec) : spf_top(run)->domain;
    return SPF_NO_MATCH;
}

/* Asks what the record's owner wants to be asked. SPF_MATCH: there are records; else SPF_NO_MATCH, or
   SPF_OVER: RFC 7208 5, an error is a temperror; 4.6.4, void lookups. */
static enum spf_outcome ask(struct spf_run *run, struct slice name, uint16_t type,
                            struct dns_answer *answer) {
    *answer = (struct dns_answer){0};
    if (!spf_is_askable(name)) return SPF_NO_MATCH;
    enum dns_result result = trust_look_up(run->t, run->lookups, name, type, answer);
    if (trust_is_unsure(result)) return spf_say_unanswered(run, name, type, result);
    return result == DNS_OK ? SPF_MATCH : spf_count_void(run);
}

static bool has_client(const struct spf_run *run, const struct dns_answer *answer,
                       const struct spf_term *term) {
    for (size_t i = 0; i < answer->count; i++) {
        struct dns_address address;
        if (dns_address_read(answer->records[i], &address) &&
            spf_network_has(&address, term, &run->values.address))
            return true;
    }
    return false;
}

/* RFC 7208 5.3, and 5: A records for an IPv4 client, else AAAA. */
static enum spf_outcome match_addresses(struct spf_run *run, struct slice name, const struct spf_term *term) {
    struct dns_answer answer;
    enum spf_outcome outcome = ask(run, name, run->values.address.len == 4 ? DNS_A : DNS_AAAA, &answer);
    if (outcome != SPF_MATCH) return outcome;
    return has_client(run, &answer, term) ? SPF_MATCH : SPF_NO_MATCH;
}

/* ---- mx ---- */

struct exchange {
    uint16_t preference;
    struct slice name;
};

static bool is_before(const struct exchange *a, const struct exchange *b) {
    if (a->preference != b->preference) return a->preference < b->preference;
    return slice_compare(a->name, b->name) < 0;
}

/* Puts it where it belongs among `count` others. */
static void put_exchange(struct exchange *exchanges, size_t count, struct exchange exchange) {
    while (count > 0 && is_before(&exchange, &exchanges[count - 1])) {
        exchanges[count] = exchanges[count - 1];
        count--;
    }
    exchanges[count] = exchange;
}

/* Those that have a name: a null MX (RFC 7505) has none. */
static size_t read_exchanges(struct arena *arena, const struct dns_answer *answer,
                             struct exchange exchanges[SPF_EXCHANGES_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < answer->count; i++) {
        struct dns_mx mx;
        struct buffer name = buffer_new((size_t)4 * DNS_NAME_BYTES_MAX);
        if (dns_mx_read(answer->records[i], &mx) && dns_name_text(mx.exchange, &name) && name.len > 0) {
            struct exchange exchange = {mx.preference, arena_copy(arena, buffer_slice(&name))};
            put_exchange(exchanges, count++, exchange);
        }
        buffer_free(&name);
    }
    return count;
}

/* RFC 7208 5.4; 4.6.4: more than ten are a permerror. Without MX the name is not its own. */
static enum spf_outcome match_exchanges(struct spf_run *run, struct slice name, const struct spf_term *term) {
    struct dns_answer answer;
    struct exchange exchanges[SPF_EXCHANGES_MAX];
    enum spf_outcome outcome = ask(run, name, DNS_MX, &answer);
    if (outcome != SPF_MATCH) return outcome;
    if (answer.count > SPF_EXCHANGES_MAX)
        return spf_say_limit(run, "leads to more than 10 mail exchanges (RFC 7208 4.6.4)");
    size_t count = read_exchanges(run->lookups->arena, &answer, exchanges);
    outcome = SPF_NO_MATCH;
    for (size_t i = 0; i < count && outcome == SPF_NO_MATCH; i++)
        outcome = match_addresses(run, exchanges[i].name, term);
    return outcome;
}

/* ---- the others ---- */

/* RFC 7208 5.7: A, whatever the client's family. */
static enum spf_outcome match_existence(struct spf_run *run, struct slice name) {
    struct dns_answer answer;
    return ask(run, name, DNS_A, &answer);
}

static enum spf_outcome match_by_dns(struct spf_run *run, const struct spf_term *term) {
    struct slice name;
    if (spf_count_term(run) == SPF_OVER || spf_target(run, term->domain, &name) == SPF_OVER) return SPF_OVER;
    switch (term->kind) {
    case SPF_INCLUDE:
        return spf_enter(run, name, false);
    case SPF_A:
        return match_addresses(run, name, term);
    case SPF_MX:
        return match_exchanges(run, name, term);
    case SPF_PTR:
        return spf_match_client(run, name);
    default:
        return match_existence(run, name);
    }
}

enum spf_outcome spf_match(struct spf_run *run, const struct spf_term *term) {
    if (spf_term_asks_dns(term)) return match_by_dns(run, term);
    if (term->kind == SPF_ALL) return SPF_MATCH;
    return spf_network_has(&term->network, term, &run->values.address) ? SPF_MATCH : SPF_NO_MATCH;
}
