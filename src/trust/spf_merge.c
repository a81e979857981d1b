#include "trust/spf_merge.h"

#include "base/limits.h"
#include "wire/dns.h"

struct terms {
    struct slice items[SPF_MERGE_TERMS_MAX];
    size_t count;
    bool is_full;
};

struct merging {
    struct arena *arena;
    /* Mechanisms, ours first, and modifiers, which stand behind them. */
    struct terms mechanisms;
    struct terms modifiers;
    struct slice all;
    struct slice redirect;
};

static bool take_term(struct slice *rest, struct slice *term) {
    while (slice_take_byte(rest, ' ')) continue;
    *term = slice_take_until(rest, ' ');
    return term->len > 0;
}

/* A pass is what stands without a qualifier (RFC 7208 4.6.2). */
static struct slice without_plus(struct slice term) {
    (void)slice_take_byte(&term, '+');
    return term;
}

static bool is_all(struct slice term) {
    if (term.len && memchr("+-~?", term.ptr[0], 4)) term = slice_skip(term, 1);
    return slice_equal_nocase(term, SLICE("all"));
}

/* RFC 7208 4.6.1: a modifier is a name and "=", before any ":" or "/". */
static bool is_modifier(struct slice term) {
    for (size_t i = 0; i < term.len; i++) {
        if (term.ptr[i] == '=') return i > 0;
        if (term.ptr[i] == ':' || term.ptr[i] == '/') return false;
    }
    return false;
}

/* ---- addresses within networks, RFC 7208 5.6 ---- */

static bool read_network(struct slice term, struct dns_address *address, uint64_t *bits) {
    term = without_plus(term);
    if (!slice_take_prefix_nocase(&term, SLICE("ip4:")) && !slice_take_prefix_nocase(&term, SLICE("ip6:")))
        return false;
    struct slice text = slice_take_until(&term, '/');
    if (!dns_address_parse(text, address)) return false;
    *bits = address->len * 8;
    return !slice_take_byte(&term, '/') || slice_to_number(term, address->len * 8, bits);
}

static bool has_same_start(const uint8_t *a, const uint8_t *b, uint64_t bits) {
    size_t whole = (size_t)(bits / 8);
    unsigned rest = (unsigned)(bits % 8);
    if (memcmp(a, b, whole) != 0) return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool covers(struct slice wide, struct slice term) {
    struct dns_address outer;
    struct dns_address inner;
    uint64_t outer_bits;
    uint64_t inner_bits;
    if (slice_equal_nocase(without_plus(wide), without_plus(term))) return true;
    return read_network(wide, &outer, &outer_bits) && read_network(term, &inner, &inner_bits) &&
           outer.len == inner.len && outer_bits <= inner_bits &&
           has_same_start(outer.bytes, inner.bytes, outer_bits);
}

static bool has_term(const struct terms *terms, struct slice term) {
    for (size_t i = 0; i < terms->count; i++)
        if (covers(terms->items[i], term)) return true;
    return false;
}

static void add_term(struct terms *terms, struct slice term) {
    if (has_term(terms, term)) return;
    if (terms->count == SPF_MERGE_TERMS_MAX)
        terms->is_full = true;
    else
        terms->items[terms->count++] = term;
}

/* ---- records ---- */

/* False: the record has none. */
static bool find_all(struct slice record, struct slice *all) {
    struct slice rest = slice_skip(record, SLICE("v=spf1").len);
    while (take_term(&rest, all))
        if (is_all(*all)) return true;
    return false;
}

static void include_redirect(struct merging *m, struct slice term) {
    (void)slice_take_prefix_nocase(&term, SLICE("redirect="));
    struct buffer include = buffer_new(TRUST_TXT_BYTES_MAX);
    buffer_append_text(&include, "include:");
    buffer_append(&include, term);
    add_term(&m->mechanisms, arena_copy(m->arena, buffer_slice(&include)));
    buffer_free(&include);
}

static void add_redirect(struct merging *m, struct slice term) {
    if (m->redirect.len == 0)
        m->redirect = term;
    else if (!slice_equal_nocase(m->redirect, term))
        include_redirect(m, term);
}

/* What stands behind `all` is never looked at, nor is a redirect beside it (RFC 7208 5.1). */
static void add_record(struct merging *m, struct slice record) {
    struct slice rest = slice_skip(record, SLICE("v=spf1").len);
    struct slice term;
    struct slice all;
    bool has_all = find_all(record, &all);
    bool is_over = false;
    if (has_all && m->all.len == 0) m->all = all;
    while (take_term(&rest, &term)) {
        is_over = is_over || is_all(term);
        if (!slice_starts_nocase(term, SLICE("redirect="))) {
            if (is_modifier(term))
                add_term(&m->modifiers, term);
            else if (!is_over)
                add_term(&m->mechanisms, term);
        } else if (!has_all)
            add_redirect(m, term);
    }
}

/* Those of ours that what is there does not cover stand before it. */
static void add_ours(struct merging *m, const struct terms *there, struct slice ours) {
    struct slice rest = slice_skip(ours, SLICE("v=spf1").len);
    struct slice term;
    while (take_term(&rest, &term) && !is_all(term))
        if (!is_modifier(term) && !has_term(there, term)) add_term(&m->mechanisms, term);
}

/* Nothing of what we write lets everybody send. */
static struct slice without_everybody(struct slice all) {
    return memchr("-~?", all.ptr[0], 3) ? all : SLICE("~all");
}

/* What ends the record: the `all`, or where it goes on. */
static struct slice end_of(const struct merging *m, struct slice ours) {
    struct slice all;
    if (m->all.len) return without_everybody(m->all);
    if (m->redirect.len) return m->redirect;
    return find_all(ours, &all) ? without_everybody(all) : SLICE("~all");
}

static void write_terms(struct buffer *out, const struct terms *terms) {
    for (size_t i = 0; i < terms->count; i++) {
        buffer_append_byte(out, ' ');
        buffer_append(out, terms->items[i]);
    }
}

static bool write_record(struct merging *m, struct slice ours, struct slice *merged) {
    struct buffer out = buffer_new(TRUST_TXT_BYTES_MAX);
    buffer_append_text(&out, "v=spf1");
    write_terms(&out, &m->mechanisms);
    buffer_append_byte(&out, ' ');
    buffer_append(&out, end_of(m, ours));
    write_terms(&out, &m->modifiers);
    bool is_good = !buffer_overflowed(&out) && !m->mechanisms.is_full && !m->modifiers.is_full;
    if (is_good) *merged = arena_copy(m->arena, buffer_slice(&out));
    buffer_free(&out);
    return is_good;
}

static bool is_printable(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > 126) return false;
    return true;
}

bool spf_merge(struct arena *arena, const struct slice *records, size_t count, struct slice ours,
               struct slice *merged) {
    struct merging *there = ARENA_NEW(arena, struct merging);
    struct merging *whole = ARENA_NEW(arena, struct merging);
    there->arena = whole->arena = arena;
    for (size_t i = 0; i < count; i++) {
        if (!is_printable(records[i])) return false;
        add_record(there, records[i]);
    }
    if (there->all.len && there->redirect.len) include_redirect(there, there->redirect);
    add_ours(whole, &there->mechanisms, ours);
    for (size_t i = 0; i < there->mechanisms.count; i++)
        add_term(&whole->mechanisms, there->mechanisms.items[i]);
    whole->mechanisms.is_full |= there->mechanisms.is_full;
    whole->modifiers = there->modifiers;
    whole->all = there->all;
    whole->redirect = there->redirect;
    return write_record(whole, ours, merged);
}
