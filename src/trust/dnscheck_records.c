/* How rows of trust/dnscheck.h are judged that are no texts: addresses, exchanges, names, keys of
 * certificates. */
#include "base/limits.h"
#include "trust/difference.h"
#include "trust/dnscheck.h"
#include "trust/iprev.h"

/* ---- A and AAAA ---- */

static bool is_ours(const struct publish_facts *facts, const struct dns_address *address) {
    for (size_t i = 0; i < facts->address_count; i++)
        if (facts->addresses[i].len == address->len &&
            memcmp(facts->addresses[i].bytes, address->bytes, address->len) == 0)
            return true;
    return false;
}

static bool has_family(const struct publish_facts *facts, size_t len) {
    for (size_t i = 0; i < facts->address_count; i++)
        if (facts->addresses[i].len == len) return true;
    return false;
}

static bool has_text(const struct dnscheck *check, uint16_t type, const struct dns_answer *answer,
                     struct slice wanted) {
    for (size_t i = 0; i < answer->count; i++)
        if (slice_equal_nocase(trust_record_text(check->lookups->arena, type, answer->records[i]), wanted))
            return true;
    return false;
}

/* The first address in the answer that is not this host's, as text; or empty. */
static struct slice stranger_of(const struct dnscheck *check, uint16_t type,
                                const struct dns_answer *answer) {
    for (size_t i = 0; i < answer->count; i++) {
        struct dns_address address;
        if (dns_address_read(answer->records[i], &address) && !is_ours(check->facts, &address))
            return trust_record_text(check->lookups->arena, type, answer->records[i]);
    }
    return SLICE_EMPTY;
}

/* What is wrong with the name as a whole is said once, at its first row. */
static bool is_first_of_type(const struct dnscheck *check, const struct publish_row *row) {
    for (size_t i = 0; i < check->rows->count; i++)
        if (check->rows->items[i].kind == row->kind && check->rows->items[i].type == row->type)
            return &check->rows->items[i] == row;
    return true;
}

/* RFC 2181 10.3, RFC 5321 5.1: an MX leads to a name with addresses, not to another name. */
static bool is_alias(const struct dnscheck *check, const struct dnscheck_row *checked,
                     const struct dns_answer *answer, struct slice *target) {
    *target = trust_record_text(check->lookups->arena, DNS_CNAME, answer->canonical_name);
    return !slice_equal_nocase(*target, checked->wanted->name);
}

static void check_other_family(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct dns_answer answer;
    if (checked->wanted->type != DNS_A || has_family(check->facts, 16)) return;
    if (trust_look_up(t, check->lookups, checked->wanted->name, DNS_AAAA, &answer) != DNS_OK) return;
    struct slice stranger = stranger_of(check, DNS_AAAA, &answer);
    dnscheck_wrong(checked,
                   arena_printf(check->lookups->arena,
                                "there is an IPv6 address too, %.*s, and it is not known to be this host's",
                                SLICE_PRINT(stranger)),
                   SLICE("remove the AAAA record, or name the address in dns.public_addresses"));
}

void dnscheck_host(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct arena *arena = check->lookups->arena;
    struct dns_answer answer;
    struct slice other;
    const struct publish_row *row = checked->wanted;
    if (!dnscheck_look_up(t, check, checked, &answer)) return;
    bool is_first = is_first_of_type(check, row);
    struct slice stranger = stranger_of(check, row->type, &answer);
    if (!has_text(check, row->type, &answer, row->value))
        dnscheck_wrong(
            checked,
            arena_printf(arena, "it is %.*s, and should be %.*s", SLICE_PRINT(checked->found),
                         SLICE_PRINT(row->value)),
            SLICE("correct the address; behind address translation set dns.public_addresses to what others "
                  "see"));
    else if (is_first && is_alias(check, checked, &answer, &other))
        dnscheck_wrong(checked,
                       arena_printf(arena,
                                    "it is an alias (CNAME) of %.*s; a mail host's name must have addresses "
                                    "itself",
                                    SLICE_PRINT(other)),
                       SLICE("replace the CNAME by the address"));
    else if (is_first && stranger.len)
        dnscheck_wrong(checked,
                       arena_printf(arena, "it has the address %.*s as well, which is not this host's",
                                    SLICE_PRINT(stranger)),
                       SLICE("remove that one, or name it in dns.public_addresses"));
    else if (is_first)
        check_other_family(t, check, checked);
}

/* ---- MX, RFC 5321 5.1 ---- */

static bool is_numeric(struct slice name) {
    struct dns_address address;
    return dns_address_parse(name, &address);
}

struct exchanges {
    bool has_ours;
    uint16_t ours;
    /* The best of the others. */
    struct slice other;
    uint16_t other_preference;
    bool is_null;
};

static struct exchanges read_exchanges(const struct dnscheck *check, const struct dns_answer *answer) {
    struct exchanges found = {0};
    for (size_t i = 0; i < answer->count; i++) {
        struct dns_mx mx;
        if (!dns_mx_read(answer->records[i], &mx)) continue;
        struct slice name = trust_record_text(check->lookups->arena, DNS_CNAME, mx.exchange);
        found.is_null |= mx.is_null;
        if (slice_equal_nocase(name, check->facts->host)) {
            if (!found.has_ours || mx.preference < found.ours) found.ours = mx.preference;
            found.has_ours = true;
        } else if (found.other.len == 0 || mx.preference < found.other_preference) {
            found.other = name;
            found.other_preference = mx.preference;
        }
    }
    return found;
}

static void say_not_ours(const struct dnscheck *check, struct dnscheck_row *checked,
                         const struct exchanges *found) {
    struct arena *arena = check->lookups->arena;
    struct slice host = check->facts->host;
    struct slice doubled =
        arena_printf(arena, "%.*s.%.*s", SLICE_PRINT(host), SLICE_PRINT(check->facts->domain));
    struct slice advice =
        arena_printf(arena, "let it say %.*s, a name and its number", SLICE_PRINT(checked->wanted->value));
    if (found->is_null)
        dnscheck_wrong(checked, SLICE("it says that the domain takes no mail (null MX)"), advice);
    else if (slice_equal_nocase(found->other, doubled))
        dnscheck_wrong(
            checked,
            arena_printf(arena, "it leads to %.*s, with the zone's name twice", SLICE_PRINT(doubled)),
            SLICE("end the host's name with a dot, or enter only its part before the zone's name"));
    else if (is_numeric(found->other))
        dnscheck_wrong(
            checked,
            arena_printf(arena, "it says %.*s: an MX is a name, not an address", SLICE_PRINT(found->other)),
            advice);
    else
        dnscheck_wrong(checked,
                       arena_printf(arena, "it leads to %.*s, and should lead to %.*s",
                                    SLICE_PRINT(checked->found), SLICE_PRINT(host)),
                       advice);
}

void dnscheck_mx(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct arena *arena = check->lookups->arena;
    struct dns_answer answer;
    if (!dnscheck_look_up(t, check, checked, &answer)) return;
    struct exchanges found = read_exchanges(check, &answer);
    if (!found.has_ours)
        say_not_ours(check, checked, &found);
    else if (found.other.len == 0 || check->facts->is_relay)
        return;
    else if (found.other_preference <= found.ours)
        dnscheck_wrong(checked,
                       arena_printf(arena, "mail goes to %.*s as well, which comes %s",
                                    SLICE_PRINT(found.other),
                                    found.other_preference < found.ours ? "first" : "as often"),
                       SLICE("remove the MX records of hosts that are not this domain's any more"));
    else
        checked->words = arena_printf(arena, "while this host cannot be reached mail goes to %.*s",
                                      SLICE_PRINT(found.other));
}

/* ---- PTR and CNAME ---- */

static bool leads_to_us(struct task *t, const struct dnscheck *check, struct slice name) {
    for (size_t i = 0; i < 2; i++) {
        struct dns_answer answer;
        uint16_t type = i ? DNS_AAAA : DNS_A;
        if (trust_look_up(t, check->lookups, name, type, &answer) != DNS_OK) continue;
        if (stranger_of(check, type, &answer).len == 0) return true;
    }
    return false;
}

/* Addresses in the place of an alias do as well. */
static bool is_address_instead(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct dns_answer answer;
    struct slice name = checked->wanted->name;
    if (checked->wanted->type != DNS_CNAME) return false;
    enum dns_result result = trust_look_up(t, check->lookups, name, DNS_CNAME, &answer);
    if (result == DNS_OK || !leads_to_us(t, check, name)) return false;
    checked->found = SLICE("an address of this host");
    return true;
}

static struct slice other_words(const struct dnscheck *check, const struct dnscheck_row *checked) {
    return arena_printf(check->lookups->arena, "it says %.*s, and should say %.*s",
                        SLICE_PRINT(checked->found), SLICE_PRINT(checked->wanted->value));
}

/* The address whose name the row is. */
static const struct dns_address *address_of(const struct dnscheck *check, const struct publish_row *row) {
    size_t at = 0;
    for (size_t i = 0; i < check->rows->count && &check->rows->items[i] != row; i++)
        at += check->rows->items[i].kind == PUBLISH_PTR;
    ASSERT(at < check->facts->address_count);
    return &check->facts->addresses[at];
}

/* Another name may do for those who only look whether it leads back (RFC 8601 3), and still is not this
 * host's. */
static void say_other_name(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct iprev iprev = iprev_check(t, check->lookups, address_of(check, checked->wanted));
    dnscheck_wrong(
        checked,
        arena_printf(check->lookups->arena, "%.*s: %s", SLICE_PRINT(other_words(check, checked)),
                     iprev.result == TRUST_PASS
                         ? "that name leads back to the address, but is not the one this host greets with"
                         : "that name does not even lead back to the address"),
        SLICE("have the provider of the address set its reverse DNS to this host's name"));
}

void dnscheck_name(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct dns_answer answer;
    const struct publish_row *row = checked->wanted;
    if (is_address_instead(t, check, checked) || !dnscheck_look_up(t, check, checked, &answer)) return;
    if (has_text(check, row->type, &answer, row->value)) return;
    if (row->kind == PUBLISH_PTR)
        say_other_name(t, check, checked);
    else
        dnscheck_wrong(checked, other_words(check, checked), SLICE("correct the name"));
}

/* ---- SRV, RFC 2782 ---- */

void dnscheck_srv(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct dns_answer answer;
    struct slice wanted = checked->wanted->value;
    /* Behind priority and weight, which are the owner's to choose. */
    (void)slice_take_until(&wanted, ' ');
    (void)slice_take_byte(&wanted, ' ');
    (void)slice_take_until(&wanted, ' ');
    if (!dnscheck_look_up(t, check, checked, &answer)) return;
    for (size_t i = 0; i < answer.count; i++)
        if (slice_ends_nocase(trust_record_text(check->lookups->arena, DNS_SRV, answer.records[i]), wanted))
            return;
    dnscheck_wrong(checked,
                   arena_printf(check->lookups->arena, "it says %.*s, and should say %.*s",
                                SLICE_PRINT(checked->found), SLICE_PRINT(checked->wanted->value)),
                   SLICE("correct it: priority, weight, port and host, in this order"));
}

/* ---- TLSA, RFC 7672 ---- */

void dnscheck_tlsa(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct dns_answer answer;
    struct slice wanted = checked->wanted->value;
    struct arena *arena = check->lookups->arena;
    if (!dnscheck_look_up(t, check, checked, &answer)) return;
    if (has_text(check, DNS_TLSA, &answer, wanted)) {
        if (!answer.is_secure)
            checked->words = SLICE("without DNSSEC, or trust anchors here, nobody can rely on it");
        return;
    }
    struct slice first = trust_record_text(arena, DNS_TLSA, answer.records[0]);
    struct slice words = difference_words(arena, wanted, first);
    dnscheck_wrong(
        checked, arena_printf(arena, "it is not of this host's certificate: %.*s", SLICE_PRINT(words)),
        SLICE("publish the record of the key in use now; with a wrong one senders that look at it do not "
              "deliver"));
}

/* ---- CAA, RFC 8659 4.2 ---- */

static bool is_issue(const struct dns_caa *caa) { return slice_equal_nocase(caa->tag, SLICE("issue")); }

static struct slice issuer_of(const struct dns_caa *caa) {
    struct slice value = caa->value;
    return slice_trim(slice_take_until(&value, ';'));
}

void dnscheck_caa(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct dns_answer answer;
    struct slice issuer = check->facts->issuer;
    bool has_issue = false;
    if (!dnscheck_look_up(t, check, checked, &answer)) return;
    for (size_t i = 0; i < answer.count; i++) {
        struct dns_caa caa;
        if (!dns_caa_read(answer.records[i], &caa) || !is_issue(&caa)) continue;
        has_issue = true;
        if (issuer.len == 0 || slice_equal_nocase(issuer_of(&caa), issuer)) return;
    }
    if (!has_issue) return;
    dnscheck_wrong(checked,
                   arena_printf(check->lookups->arena,
                                "it says %.*s, and the certificate in use is from %.*s",
                                SLICE_PRINT(checked->found), SLICE_PRINT(issuer)),
                   SLICE("add your authority to it, or the certificate cannot be renewed"));
}
