#include "trust/dkim_check.h"

#include "trust/dkim_claim.h"
#include "wire/smtp_address.h"

enum trust_result dkim_result_of(enum dkim_fault fault) {
    switch (fault) {
    case DKIM_FAULT_NONE:
        return TRUST_PASS;
    case DKIM_FAULT_BODY:
    case DKIM_FAULT_SIGNATURE:
    case DKIM_FAULT_FROM_ADDED:
    case DKIM_FAULT_SUBJECT_ADDED:
    case DKIM_FAULT_EXPIRED:
    case DKIM_FAULT_FUTURE:
        return TRUST_FAIL;
    case DKIM_FAULT_LENGTH:
        return TRUST_POLICY;
    case DKIM_FAULT_TOO_MANY:
    case DKIM_FAULT_HEADER_TOO_LARGE:
    case DKIM_FAULT_KEY_WORK:
        return TRUST_NEUTRAL;
    case DKIM_FAULT_KEY_UNSURE:
        return TRUST_TEMPERROR;
    default:
        return TRUST_PERMERROR;
    }
}

/* ---- one signature ---- */

static struct dkim_result result_of(const struct dkim_field_tags *tags, const struct dkim_proof *proof) {
    return (struct dkim_result){.result = dkim_result_of(proof->fault),
                                .fault = proof->fault,
                                .domain = tags->domain,
                                .selector = tags->selector,
                                .algorithm = tags->algorithm_word,
                                .identity = tags->identity,
                                .signature = slice_trim(tags->signature_text),
                                .header_form = tags->header_form,
                                .body_form = tags->body_form,
                                .signed_at_s = tags->signed_at_s,
                                .expires_at_s = tags->expires_at_s,
                                .key_bits = proof->key_bits,
                                .is_testing = proof->is_testing,
                                .is_strict = proof->is_strict,
                                .is_secure = proof->is_secure};
}

static struct dkim_result check_one(struct task *t, const struct dkim_message *message,
                                    const struct dkim_header_field *field, struct dkim_keys *keys,
                                    int64_t now_s) {
    struct dkim_field_tags tags;
    struct dkim_proof proof = {.fault = dkim_field_read(DKIM_SIGNATURE_FIELD, field->value, &tags)};
    if (!proof.fault) proof.fault = dkim_find_added(dkim_message_header(message), tags.names);
    if (!proof.fault) proof = dkim_check_field(t, message, field, &tags, keys, now_s);
    return result_of(&tags, &proof);
}

/* ---- which of them, and which first ---- */

enum { NAME_ARENA_BYTES = 4096, ALL_LABELS = DNS_NAME_BYTES_MAX };

/* A signature that is looked at. */
struct pick {
    const struct dkim_header_field *field;
    /* From the top of the message. */
    size_t place;
    unsigned closeness;
};

struct picks {
    /* The one to be looked at first is the first. */
    struct pick items[DKIM_SIGNATURES_MAX];
    size_t count;
};

/* How many labels the two have in common, counted from the right; ALL_LABELS: they are the same. */
static unsigned labels_in_common(struct slice a, struct slice b) {
    unsigned labels = 0;
    size_t most = a.len < b.len ? a.len : b.len;
    size_t common = 0;
    while (common < most && ascii_lower(a.ptr[a.len - 1 - common]) == ascii_lower(b.ptr[b.len - 1 - common]))
        labels += a.ptr[a.len - 1 - common++] == '.';
    if (common == a.len && common == b.len) return ALL_LABELS;
    struct slice longer = a.len > b.len ? a : b;
    bool is_whole_label = common == most && longer.ptr[longer.len - 1 - common] == '.';
    return labels + is_whole_label;
}

static unsigned closeness_of_ascii(const struct author *author, struct slice domain) {
    unsigned most = 0;
    for (size_t i = 0; author && domain.len && i < author->domain_count; i++) {
        unsigned labels = labels_in_common(author->domains[i], domain);
        if (labels > most) most = labels;
    }
    return most;
}

/* RFC 8616 4: a domain in a signature may be written with U-labels. */
static unsigned closeness_of(const struct author *author, struct slice domain) {
    struct slice ascii = domain;
    struct slice unicode;
    struct arena *arena = arena_new(NAME_ARENA_BYTES);
    bool is_ascii = true;
    for (size_t i = 0; i < domain.len; i++) is_ascii &= domain.ptr[i] < 0x80;
    if (!is_ascii && smtp_domain_parse(arena, domain, &unicode, &ascii) != SMTP_ADDRESS_OK)
        ascii = SLICE_EMPTY;
    unsigned closeness = closeness_of_ascii(author, ascii);
    arena_free(&arena);
    return closeness;
}

/* Among equals the upper one is first. */
static void add_pick(struct picks *picks, struct pick pick) {
    size_t at = picks->count;
    while (at > 0 && picks->items[at - 1].closeness < pick.closeness) at--;
    if (at == DKIM_SIGNATURES_MAX) return;
    if (picks->count < DKIM_SIGNATURES_MAX) picks->count++;
    for (size_t i = picks->count - 1; i > at; i--) picks->items[i] = picks->items[i - 1];
    picks->items[at] = pick;
}

/*
 * Names of one organisation have its whole domain in common, those of two at most a public suffix, which is
 * shorter: so signatures that may be aligned with the author's domain (RFC 9989 4.10) come before all others,
 * and no stranger's slow or many keys use up what they need. DNS is not asked.
 */
static struct picks pick(const struct dkim_header *header, const struct author *author, size_t first,
                         size_t all) {
    struct picks picks = {.count = 0};
    for (size_t i = 0; i < all; i++) {
        const struct dkim_header_field *field = dkim_header_nth(header, first, i);
        struct dkim_field_tags tags = {.domain = SLICE_EMPTY};
        if (author) (void)!dkim_field_read(DKIM_SIGNATURE_FIELD, field->value, &tags);
        add_pick(&picks, (struct pick){field, i, author ? closeness_of(author, tags.domain) : 0});
    }
    return picks;
}

/* Where its result stands: as the fields do in the message. */
static size_t place_of(const struct picks *picks, size_t at) {
    size_t place = 0;
    for (size_t i = 0; i < picks->count; i++) place += picks->items[i].place < picks->items[at].place;
    return place;
}

/* ---- all of them ---- */

/* From best to worst. */
static int rank(enum trust_result result) {
    static const enum trust_result ranks[] = {TRUST_PASS,   TRUST_TEMPERROR, TRUST_FAIL,
                                              TRUST_POLICY, TRUST_NEUTRAL,   TRUST_PERMERROR};
    int at = 0;
    while (at < (int)(sizeof ranks / sizeof ranks[0]) && ranks[at] != result) at++;
    return at;
}

static struct dkim_verdict unread_verdict(enum dkim_fault fault) {
    return (struct dkim_verdict){.result = dkim_result_of(fault), .fault = fault};
}

struct dkim_verdict dkim_check(struct task *t, const struct dkim_message *message,
                               const struct author *author, struct trust_lookups *lookups, int64_t now_s) {
    if (dkim_message_fault(message)) return unread_verdict(dkim_message_fault(message));
    const struct dkim_header *header = dkim_message_header(message);
    struct dkim_keys keys = dkim_keys_of(lookups);
    size_t first;
    size_t all = dkim_header_find(header, SLICE("DKIM-Signature"), &first);
    struct picks picks = pick(header, author, first, all);
    struct dkim_result *results = ARENA_NEW_ARRAY(lookups->arena, struct dkim_result, DKIM_SIGNATURES_MAX);
    struct dkim_verdict verdict = {.result = TRUST_NONE, .signatures = results, .count = picks.count};
    for (size_t i = 0; i < picks.count; i++) {
        struct dkim_result *result = &results[place_of(&picks, i)];
        *result = check_one(t, message, picks.items[i].field, &keys, now_s);
        if (rank(result->result) < rank(verdict.result)) verdict.result = result->result;
    }
    verdict.ignored = all - verdict.count;
    return verdict;
}
