#include "trust/inbound_policy.h"

#include "wire/auth_results.h"
#include "wire/wire_text.h"

/* What speaks against a message. */
struct objection {
    enum inbound_action action;
    const char *status;
    void (*tell)(struct buffer *out, const struct inbound_findings *findings);
};

static void tell_dmarc(struct buffer *out, const struct inbound_findings *findings) {
    buffer_append_text(out, "DMARC: ");
    buffer_append(out, findings->dmarc.why);
}

static void tell_author(struct buffer *out, const struct inbound_findings *findings) {
    buffer_append_text(out, "The message does not say who wrote it: ");
    buffer_append_text(out, author_fault_words(findings->author.fault));
}

static void tell_spf(struct buffer *out, const struct inbound_findings *findings) {
    const struct spf_verdict *spf = &findings->spf;
    buffer_append_text(out, "SPF: this host may not send for ");
    wire_text_clean(out, slice_sub(spf->domain, 0, DNS_NAME_BYTES_MAX), true);
    if (spf->reason.len == 0) return;
    buffer_append_text(out, ": ");
    wire_text_clean(out, spf->reason, true);
    /* RFC 7208 8.4: a stranger's words, told as such. */
    if (spf->explanation.len == 0) return;
    buffer_append_text(out, "; the domain explains: ");
    wire_text_clean(out, spf->explanation, true);
}

static void tell_unsure(struct buffer *out, const struct inbound_findings *findings) {
    buffer_append_text(out, "The sender cannot be checked just now: ");
    if (findings->dmarc.result == TRUST_TEMPERROR)
        buffer_append(out, findings->dmarc.why);
    else
        buffer_append_text(out, "DNS did not answer about its SPF record");
}

/* ---- who passed it on ---- */

static bool is_sealer(struct slice sealers, struct slice domain) {
    while (sealers.len) {
        struct slice sealer = slice_trim(slice_take_until(&sealers, ','));
        (void)slice_take_byte(&sealers, ',');
        if (sealer.len && slice_equal_nocase(sealer, domain)) return true;
    }
    return false;
}

static bool says_passed(struct slice results) {
    struct arena *arena = arena_new(2 * results.len + KIB(4));
    struct auth_results_reader reader;
    struct auth_result result;
    bool has_passed = false;
    if (auth_results_read(arena, results, &reader))
        while (!has_passed && auth_results_next(&reader, &result))
            has_passed = slice_equal_nocase(result.method, SLICE("dmarc")) &&
                         slice_equal_nocase(result.result, SLICE("pass"));
    arena_free(&arena);
    return has_passed;
}

/* From the last one back: whoever is not believed could have changed what was there before. */
bool inbound_is_vouched_for(const struct inbound_policy *policy, const struct arc_verdict *arc) {
    if (policy->arc_sealers.len == 0 || arc->result != TRUST_PASS || !arc->is_from_sealed) return false;
    for (unsigned i = arc->count; i > 0 && is_sealer(policy->arc_sealers, arc->hops[i - 1].domain); i--)
        if (says_passed(arc->hops[i - 1].results)) return true;
    return false;
}

/* ---- what speaks against it ---- */

static enum inbound_action dmarc_action(const struct inbound_policy *policy,
                                        const struct inbound_findings *findings) {
    const struct dmarc_verdict *dmarc = &findings->dmarc;
    if (dmarc->result != TRUST_FAIL || dmarc->disposition == DMARC_NONE) return INBOUND_ACCEPT;
    bool is_one = findings->author.fault == AUTHOR_ONE_DOMAIN;
    if (is_one && inbound_is_vouched_for(policy, &findings->arc)) return INBOUND_ACCEPT;
    if (dmarc->disposition == DMARC_REJECT) return policy->dmarc_reject;
    return policy->dmarc_quarantine;
}

/* SPF breaks where mail is forwarded: what passes DMARC by a signature is not asked again, nor what might
 * have. */
static bool is_spf_failed(const struct inbound_findings *findings) {
    return findings->spf.result == TRUST_FAIL && findings->dmarc.result != TRUST_PASS &&
           findings->dmarc.result != TRUST_TEMPERROR;
}

static bool is_unsure(const struct inbound_policy *policy, const struct inbound_findings *findings) {
    if (findings->dmarc.result == TRUST_TEMPERROR) return true;
    return policy->spf_fail != INBOUND_ACCEPT && findings->spf.result == TRUST_TEMPERROR &&
           findings->dmarc.result != TRUST_PASS;
}

struct inbound_decision inbound_decide(const struct inbound_policy *policy,
                                       const struct inbound_findings *findings, struct buffer *words) {
    bool has_fault = findings->author.fault != AUTHOR_ONE_DOMAIN;
    const struct objection objections[] = {
        {dmarc_action(policy, findings), "5.7.26", tell_dmarc},
        {has_fault ? policy->author_fault : INBOUND_ACCEPT, "5.7.1", tell_author},
        {is_spf_failed(findings) ? policy->spf_fail : INBOUND_ACCEPT, "5.7.23", tell_spf},
        {is_unsure(policy, findings) ? policy->unsure : INBOUND_ACCEPT, "4.4.3", tell_unsure},
    };
    const struct objection *worst = &objections[0];
    for (size_t i = 1; i < sizeof objections / sizeof objections[0]; i++)
        if (objections[i].action > worst->action) worst = &objections[i];
    if (worst->action == INBOUND_ACCEPT) return (struct inbound_decision){.action = INBOUND_ACCEPT};
    size_t before = words->len;
    worst->tell(words, findings);
    return (struct inbound_decision){.action = worst->action,
                                     .status = slice_from_text(worst->status),
                                     .reason = slice_skip(buffer_slice(words), before)};
}
