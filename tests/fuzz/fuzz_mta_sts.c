/*
 * A policy for the way to a domain, and the record that tells of it: what is read lies within the input,
 * means the hosts that it names, and reads as the same when it is written anew.
 */
#include "base/fatal.h"
#include "wire/mta_sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct slice part, struct slice whole) {
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static void check_record(struct slice input) {
    struct slice texts[2] = {input, input};
    struct slice id;
    if (!mta_sts_record_read(texts, 1, &id)) return;
    ASSERT(is_within(id, input) && id.len > 0 && id.len <= MTA_STS_ID_BYTES_MAX);
    ASSERT(!mta_sts_record_read(texts, 2, &id));
}

/* The host that a pattern means at least. */
static void check_pattern(const struct mta_sts_policy *policy, struct slice pattern) {
    uint8_t host[DNS_NAME_BYTES_MAX + 1];
    ASSERT(pattern.len > 0 && pattern.len <= sizeof host);
    memcpy(host, pattern.ptr, pattern.len);
    if (host[0] == '*') host[0] = 'x';
    ASSERT(mta_sts_policy_has(policy, slice_of(host, pattern.len)));
}

static void check_again(const struct mta_sts_policy *policy) {
    struct buffer list = buffer_new(MTA_STS_POLICY_BYTES_MAX);
    struct buffer text = buffer_new(4 * (size_t)MTA_STS_POLICY_BYTES_MAX);
    struct mta_sts_policy again;
    for (size_t i = 0; i < policy->pattern_count; i++)
        buffer_printf(&list, "%s%.*s", i ? "," : "", SLICE_PRINT(policy->patterns[i]));
    ASSERT(policy->pattern_count == 0 || mta_sts_patterns_are_valid(buffer_slice(&list)));
    mta_sts_policy_write(&text, policy->mode, policy->max_age_s, buffer_slice(&list));
    if (text.len <= MTA_STS_POLICY_BYTES_MAX) {
        ASSERT(mta_sts_policy_read(buffer_slice(&text), &again) == MTA_STS_GOOD);
        ASSERT(again.mode == policy->mode && again.max_age_s == policy->max_age_s &&
               again.pattern_count == policy->pattern_count);
    }
    buffer_free(&list);
    buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    struct mta_sts_policy policy;
    check_record(input);
    if (mta_sts_policy_read(input, &policy) != MTA_STS_GOOD) return 0;
    ASSERT(policy.pattern_count <= MTA_STS_PATTERNS_MAX && policy.max_age_s <= MTA_STS_AGE_S_MAX);
    for (size_t i = 0; i < policy.pattern_count; i++) {
        ASSERT(is_within(policy.patterns[i], input));
        check_pattern(&policy, policy.patterns[i]);
    }
    check_again(&policy);
    return 0;
}
