#include "trust/dkim_check.h"

#include "trust/dkim_claim.h"
#include "wire/tag_list.h"

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
        return TRUST_NEUTRAL;
    case DKIM_FAULT_KEY_UNSURE:
        return TRUST_TEMPERROR;
    default:
        return TRUST_PERMERROR;
    }
}

/* ---- one signature ---- */

static size_t count_signed(struct slice names, struct slice name) {
    struct tag_words words = tag_words_of(names, ':');
    struct slice found;
    size_t count = 0;
    while (tag_words_next(&words, &found)) count += slice_equal_nocase(found, name);
    return count;
}

static bool has_unsigned(const struct dkim_header *header, struct slice names, struct slice name,
                         size_t most) {
    size_t first;
    size_t count = dkim_header_find(header, name, &first);
    return count > most && count > count_signed(names, name);
}

/* RFC 6376 8.15: a field that was added on top is what people would read. */
static enum dkim_fault find_added(const struct dkim_header *header, struct slice names) {
    if (has_unsigned(header, names, SLICE("From"), 0)) return DKIM_FAULT_FROM_ADDED;
    return has_unsigned(header, names, SLICE("Subject"), 1) ? DKIM_FAULT_SUBJECT_ADDED : DKIM_FAULT_NONE;
}

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
    if (!proof.fault) proof.fault = find_added(dkim_message_header(message), tags.names);
    if (!proof.fault) proof = dkim_check_field(t, message, field, &tags, keys, now_s);
    return result_of(&tags, &proof);
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
                               struct trust_lookups *lookups, int64_t now_s) {
    if (dkim_message_fault(message)) return unread_verdict(dkim_message_fault(message));
    const struct dkim_header *header = dkim_message_header(message);
    struct dkim_keys keys = dkim_keys_of(lookups);
    size_t first;
    size_t all = dkim_header_find(header, SLICE("DKIM-Signature"), &first);
    struct dkim_result *results = ARENA_NEW_ARRAY(lookups->arena, struct dkim_result, DKIM_SIGNATURES_MAX);
    struct dkim_verdict verdict = {.result = TRUST_NONE, .signatures = results};
    for (; verdict.count < all && verdict.count < DKIM_SIGNATURES_MAX; verdict.count++) {
        struct dkim_result *result = &results[verdict.count];
        *result = check_one(t, message, dkim_header_nth(header, first, verdict.count), &keys, now_s);
        if (rank(result->result) < rank(verdict.result)) verdict.result = result->result;
    }
    verdict.ignored = all - verdict.count;
    return verdict;
}
