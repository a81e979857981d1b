#include "wire/spf.h"

enum { IP4_BITS = 32, IP6_BITS = 128 };

/* What may stand behind a mechanism's name. */
enum argument {
    ARGUMENT_NONE,
    ARGUMENT_DOMAIN,
    /* Without it, the domain of the record. */
    ARGUMENT_DOMAIN_OPTIONAL,
    ARGUMENT_HOSTS, /* the same, and lengths of prefixes */
    ARGUMENT_NETWORK,
};

struct mechanism {
    struct slice name;
    enum spf_kind kind;
    enum argument argument;
};

/* RFC 7208 5. */
static const struct mechanism mechanisms[] = {
    {SLICE_INIT("all"), SPF_ALL, ARGUMENT_NONE},
    {SLICE_INIT("include"), SPF_INCLUDE, ARGUMENT_DOMAIN},
    {SLICE_INIT("a"), SPF_A, ARGUMENT_HOSTS},
    {SLICE_INIT("mx"), SPF_MX, ARGUMENT_HOSTS},
    {SLICE_INIT("ptr"), SPF_PTR, ARGUMENT_DOMAIN_OPTIONAL},
    {SLICE_INIT("ip4"), SPF_IP4, ARGUMENT_NETWORK},
    {SLICE_INIT("ip6"), SPF_IP6, ARGUMENT_NETWORK},
    {SLICE_INIT("exists"), SPF_EXISTS, ARGUMENT_DOMAIN},
};

static bool is_name_byte(uint8_t byte) {
    return ascii_is_alnum(byte) || byte == '-' || byte == '_' || byte == '.';
}

/* ---- arguments ---- */

/* "/" and a number without a zero in front, off the end. False: there is no such end. */
static bool take_length(struct slice *text, const char *slashes, uint64_t *length) {
    size_t digits = 0;
    size_t before = strlen(slashes);
    while (digits < text->len && ascii_is_digit(text->ptr[text->len - digits - 1])) digits++;
    if (digits == 0 || text->len < digits + before) return false;
    size_t at = text->len - digits;
    if (memcmp(text->ptr + at - before, slashes, before) != 0) return false;
    bool has_zero = digits > 1 && text->ptr[at] == '0';
    if (has_zero || !slice_to_number(slice_skip(*text, at), IP6_BITS, length)) *length = UINT64_MAX;
    text->len = at - before;
    return true;
}

/* RFC 7208 5.3, dual-cidr-length: "/24", "//64", "/24//64", off the end. */
static enum spf_error take_lengths(struct slice *text, struct spf_term *term) {
    uint64_t ip4 = IP4_BITS;
    uint64_t ip6 = IP6_BITS;
    (void)take_length(text, "//", &ip6);
    (void)take_length(text, "/", &ip4);
    if (ip4 > IP4_BITS || ip6 > IP6_BITS) return SPF_PREFIX_LENGTH;
    term->ip4_bits = (uint8_t)ip4;
    term->ip6_bits = (uint8_t)ip6;
    return SPF_OK;
}

static enum spf_error read_domain(struct slice text, struct spf_term *term) {
    term->domain = text;
    return spf_domain_check(text);
}

static enum spf_error read_hosts(struct slice text, struct spf_term *term) {
    enum spf_error error = take_lengths(&text, term);
    if (error != SPF_OK || text.len == 0) return error;
    if (!slice_take_byte(&text, ':')) return SPF_PREFIX_LENGTH;
    return read_domain(text, term);
}

/* RFC 7208 5.6. */
static enum spf_error read_network(struct slice text, struct spf_term *term) {
    bool is_ip4 = term->kind == SPF_IP4;
    uint64_t most = is_ip4 ? IP4_BITS : IP6_BITS;
    uint64_t length = most;
    (void)take_length(&text, "/", &length);
    if (length > most) return SPF_PREFIX_LENGTH;
    if (!dns_address_parse(text, &term->network) || (term->network.len == 4) != is_ip4) return SPF_NETWORK;
    if (is_ip4)
        term->ip4_bits = (uint8_t)length;
    else
        term->ip6_bits = (uint8_t)length;
    return SPF_OK;
}

/* `text` is what stands behind the name. */
static enum spf_error read_argument(struct slice text, enum argument argument, struct spf_term *term) {
    if (argument == ARGUMENT_NONE) return text.len ? SPF_ARGUMENT_UNWANTED : SPF_OK;
    if (argument == ARGUMENT_HOSTS) return read_hosts(text, term);
    if (text.len == 0) return argument == ARGUMENT_DOMAIN_OPTIONAL ? SPF_OK : SPF_ARGUMENT_MISSING;
    if (!slice_take_byte(&text, ':')) return SPF_ARGUMENT_UNWANTED;
    return argument == ARGUMENT_NETWORK ? read_network(text, term) : read_domain(text, term);
}

/* ---- terms ---- */

static enum spf_qualifier take_qualifier(struct slice *text) {
    if (slice_take_byte(text, '-')) return SPF_QUALIFIER_FAIL;
    if (slice_take_byte(text, '~')) return SPF_QUALIFIER_SOFTFAIL;
    if (slice_take_byte(text, '?')) return SPF_QUALIFIER_NEUTRAL;
    (void)slice_take_byte(text, '+');
    return SPF_QUALIFIER_PASS;
}

static struct slice take_name(struct slice *text) {
    size_t len = 0;
    while (len < text->len && is_name_byte(text->ptr[len])) len++;
    return slice_take(text, len);
}

static enum spf_error read_mechanism(struct slice text, struct spf_term *term) {
    term->qualifier = take_qualifier(&text);
    struct slice name = take_name(&text);
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        if (!slice_equal_nocase(name, mechanisms[i].name)) continue;
        term->kind = mechanisms[i].kind;
        return read_argument(text, mechanisms[i].argument, term);
    }
    return SPF_MECHANISM;
}

static enum spf_error read_modifier(struct slice name, struct slice value, struct spf_term *term) {
    term->kind = SPF_UNKNOWN_MODIFIER;
    if (slice_equal_nocase(name, SLICE("redirect"))) term->kind = SPF_REDIRECT;
    if (slice_equal_nocase(name, SLICE("exp"))) term->kind = SPF_EXPLANATION;
    if (term->kind == SPF_UNKNOWN_MODIFIER) return spf_macro_string_check(value);
    return read_domain(value, term);
}

/* RFC 7208 4.6.1: a modifier has its "=" right behind its name. */
static enum spf_error read_term(struct slice text, struct spf_term *term) {
    struct slice value = text;
    struct slice name = take_name(&value);
    if (name.len && ascii_is_alpha(name.ptr[0]) && slice_take_byte(&value, '='))
        return read_modifier(name, value, term);
    return read_mechanism(text, term);
}

/* RFC 7208 4.6.1: between terms are spaces, one or more, and nothing else. */
static bool is_all_visible(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') return false;
    return true;
}

enum spf_error spf_term_take(struct slice *terms, struct spf_term *term) {
    *term = (struct spf_term){.ip4_bits = IP4_BITS, .ip6_bits = IP6_BITS};
    while (slice_take_byte(terms, ' ')) {
    }
    term->text = slice_take_until(terms, ' ');
    if (term->text.len == 0) return SPF_END;
    if (!is_all_visible(term->text)) return SPF_BYTE;
    return read_term(term->text, term);
}

bool spf_term_asks_dns(const struct spf_term *term) {
    switch (term->kind) {
    case SPF_INCLUDE:
    case SPF_A:
    case SPF_MX:
    case SPF_PTR:
    case SPF_EXISTS:
    case SPF_REDIRECT:
        return true;
    default:
        return false;
    }
}

/* ---- records ---- */

bool spf_is_record(struct slice text) {
    return slice_take_prefix_nocase(&text, SLICE("v=spf1")) && (text.len == 0 || text.ptr[0] == ' ');
}

/* RFC 7208 6: redirect and exp are there once at most. */
static enum spf_error note_term(struct spf_record *record, const struct spf_term *term) {
    if (term->kind == SPF_ALL) record->has_all = true;
    if (term->kind == SPF_REDIRECT) {
        if (record->has_redirect) return SPF_REDIRECT_TWICE;
        record->has_redirect = true;
        record->redirect = *term;
    }
    if (term->kind == SPF_EXPLANATION) {
        if (record->has_explanation) return SPF_EXPLANATION_TWICE;
        record->has_explanation = true;
        record->explanation = *term;
    }
    return SPF_OK;
}

enum spf_error spf_record_read(struct slice text, struct spf_record *record, struct slice *fault) {
    struct spf_term term;
    *record = (struct spf_record){.text = text, .terms = slice_skip(text, SLICE("v=spf1").len)};
    struct slice rest = record->terms;
    for (;;) {
        enum spf_error error = spf_term_take(&rest, &term);
        if (error == SPF_END) return SPF_OK;
        if (error == SPF_OK) error = note_term(record, &term);
        if (error == SPF_OK) continue;
        *fault = term.text;
        return error;
    }
}

/* ---- addresses ---- */

static bool is_prefix_equal(const uint8_t *a, const uint8_t *b, size_t bits) {
    size_t whole = bits / 8;
    uint8_t mask = (uint8_t)(0xff00u >> (bits % 8));
    if (memcmp(a, b, whole) != 0) return false;
    return bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

bool spf_network_has(const struct dns_address *network, const struct spf_term *term,
                     const struct dns_address *address) {
    if (network->len != address->len) return false;
    return is_prefix_equal(network->bytes, address->bytes,
                           address->len == 4 ? term->ip4_bits : term->ip6_bits);
}
