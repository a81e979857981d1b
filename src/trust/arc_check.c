#include "trust/arc_check.h"

#include "trust/arc_seal_hash.h"
#include "trust/dkim_claim.h"
#include "wire/tag_list.h"

struct check {
    const struct dkim_message *message;
    struct dkim_keys keys;
    int64_t now_s;
    struct arc_chain *chain;
    struct arc_hop *hops;
};

static void note(struct arc_chain *chain, enum dkim_fault fault, unsigned instance) {
    chain->fault = fault;
    chain->fault_instance = fault ? instance : 0;
}

static bool signs_from(const struct dkim_field_tags *tags) {
    return tag_words_have(tags->names, ':', SLICE("From"));
}

/* RFC 8617 5.2, step 4: of all signatures only the last has to fit the message as it is. */
static enum dkim_fault check_message(struct task *t, struct check *check, unsigned instance) {
    const struct dkim_header_field *field = check->chain->sets[instance - 1].message;
    struct dkim_field_tags tags;
    enum dkim_fault fault = dkim_field_read(ARC_MESSAGE_FIELD, field->value, &tags);
    if (fault) return fault;
    /* RFC 8617 4.1.2. */
    if (tag_words_have(tags.names, ':', SLICE("ARC-Seal"))) return DKIM_FAULT_CHAIN_SEAL_SIGNED;
    if (signs_from(&tags)) fault = dkim_find_added(dkim_message_header(check->message), tags.names);
    if (fault) return fault;
    return dkim_check_field(t, check->message, field, &tags, &check->keys, check->now_s).fault;
}

/* Step 6: from the last to the first. */
static void check_seals(struct task *t, struct check *check) {
    uint8_t digests[ARC_INSTANCES_MAX][DKIM_DIGEST_BYTES];
    struct arc_chain *chain = check->chain;
    arc_seal_digests(chain, digests);
    for (unsigned i = chain->count; i > 0 && !chain->fault; i--) {
        struct dkim_claim claim = {&chain->sets[i - 1].tags, digests[i - 1]};
        struct dkim_proof proof = dkim_prove(t, &check->keys, &claim);
        check->hops[i - 1].key_bits = proof.key_bits;
        note(chain, proof.fault, i);
    }
}

/* RFC 8617 does not ask for it as RFC 6376 5.4 does. */
static bool is_from_sealed(const struct arc_chain *chain) {
    struct dkim_field_tags tags;
    const struct dkim_header_field *field = chain->sets[chain->count - 1].message;
    return field && !dkim_field_read(ARC_MESSAGE_FIELD, field->value, &tags) && signs_from(&tags);
}

/* Step 5: since whom nobody changed what is signed. */
static unsigned oldest_pass(struct task *t, struct check *check) {
    unsigned instance = check->chain->count;
    while (instance > 1 && !check_message(t, check, instance - 1)) instance--;
    return instance > 1 ? instance : 0;
}

static void fill_hops(struct check *check) {
    for (unsigned i = 0; i < check->chain->count; i++) {
        const struct arc_set *set = &check->chain->sets[i];
        check->hops[i] = (struct arc_hop){
            .domain = set->tags.domain, .selector = set->tags.selector, .status = set->tags.status};
        if (set->results) check->hops[i].results = arc_results_payload(set);
    }
}

static void run(struct task *t, struct check *check) {
    struct arc_chain *chain = check->chain;
    fill_hops(check);
    if (chain->fault) return;
    note(chain, check_message(t, check, chain->count), chain->count);
    if (!chain->fault) check_seals(t, check);
}

static enum trust_result result_of(enum dkim_fault fault) {
    if (fault == DKIM_FAULT_KEY_UNSURE) return TRUST_TEMPERROR;
    return fault ? TRUST_FAIL : TRUST_PASS;
}

struct arc_verdict arc_check(struct task *t, const struct dkim_message *message,
                             struct trust_lookups *lookups, int64_t now_s) {
    struct arc_chain *chain = ARENA_NEW(lookups->arena, struct arc_chain);
    arc_chain_read(dkim_message_header(message), chain);
    if (dkim_message_fault(message)) chain->fault = dkim_message_fault(message);
    if (chain->count == 0 && !chain->fault) return (struct arc_verdict){.result = TRUST_NONE};
    struct check check = {
        .message = message,
        .keys = dkim_keys_of(lookups),
        .now_s = now_s,
        .chain = chain,
        .hops = ARENA_NEW_ARRAY(lookups->arena, struct arc_hop, chain->count ? chain->count : 1)};
    run(t, &check);
    return (struct arc_verdict){.result = result_of(chain->fault),
                                .oldest_pass = chain->fault ? 0 : oldest_pass(t, &check),
                                .is_from_sealed = !chain->fault && is_from_sealed(chain),
                                .fault = chain->fault,
                                .fault_instance = chain->fault_instance,
                                .hops = check.hops,
                                .count = chain->count};
}
