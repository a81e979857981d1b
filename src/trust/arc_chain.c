#include "trust/arc_chain.h"

#include "wire/tag_list.h"

/* Only the first fault is told. */
static void note(struct arc_chain *chain, enum dkim_fault fault, unsigned instance) {
    if (chain->fault || !fault) return;
    chain->fault = fault;
    chain->fault_instance = instance;
}

/* ---- the fields ---- */

/* RFC 8617 4.1.1: "i=" comes first, and its semicolon. */
static bool take_instance(struct slice *value, unsigned *instance) {
    uint64_t number;
    struct slice rest = slice_trim(*value);
    if (!slice_take_prefix_nocase(&rest, SLICE("i"))) return false;
    rest = slice_trim(rest);
    if (!slice_take_byte(&rest, '=')) return false;
    struct slice digits = slice_trim(slice_take_until(&rest, ';'));
    if (!slice_take_byte(&rest, ';')) return false;
    if (!slice_to_number(digits, ARC_INSTANCES_MAX, &number) || number == 0) return false;
    *instance = (unsigned)number;
    *value = rest;
    return true;
}

static void put(struct arc_chain *chain, const struct dkim_header_field **place,
                const struct dkim_header_field *field, unsigned instance) {
    if (*place) note(chain, DKIM_FAULT_CHAIN_DOUBLED, instance);
    *place = field;
    if (instance > chain->count) chain->count = instance;
}

static void add_results(struct arc_chain *chain, const struct dkim_header_field *field) {
    struct slice value = field->value;
    unsigned instance;
    if (take_instance(&value, &instance))
        put(chain, &chain->sets[instance - 1].results, field, instance);
    else
        note(chain, DKIM_FAULT_CHAIN_RESULTS, 0);
}

/* Of older signatures only the instance counts: what they signed may have been changed since (RFC 8617 5.2).
 */
static void add_message(struct arc_chain *chain, const struct dkim_header_field *field) {
    struct dkim_field_tags tags;
    (void)!dkim_field_read(ARC_MESSAGE_FIELD, field->value, &tags);
    if (tags.instance)
        put(chain, &chain->sets[tags.instance - 1].message, field, tags.instance);
    else
        note(chain, DKIM_FAULT_INSTANCE, 0);
}

static void add_seal(struct arc_chain *chain, const struct dkim_header_field *field) {
    struct dkim_field_tags tags;
    enum dkim_fault fault = dkim_field_read(ARC_SEAL_FIELD, field->value, &tags);
    note(chain, fault, tags.instance);
    if (!tags.instance) {
        note(chain, DKIM_FAULT_INSTANCE, 0);
        return;
    }
    struct arc_set *set = &chain->sets[tags.instance - 1];
    put(chain, &set->seal, field, tags.instance);
    set->tags = tags;
}

static void add_all(struct arc_chain *chain, const struct dkim_header *header, struct slice name,
                    void (*add)(struct arc_chain *chain, const struct dkim_header_field *field)) {
    size_t first;
    size_t count = dkim_header_find(header, name, &first);
    if (count > ARC_INSTANCES_MAX) note(chain, DKIM_FAULT_CHAIN_DOUBLED, 0);
    for (size_t i = 0; i < count && i < ARC_INSTANCES_MAX; i++) add(chain, dkim_header_nth(header, first, i));
}

/* ---- the sets ---- */

static void check_set(struct arc_chain *chain, unsigned instance) {
    const struct arc_set *set = &chain->sets[instance - 1];
    bool is_whole = set->results && set->message && set->seal;
    if (!is_whole) note(chain, DKIM_FAULT_CHAIN_INCOMPLETE, instance);
    bool is_good = set->tags.status == (instance == 1 ? ARC_STATUS_NONE : ARC_STATUS_PASS);
    if (is_whole && !is_good) note(chain, DKIM_FAULT_CHAIN_ORDER, instance);
}

void arc_chain_read(const struct dkim_header *header, struct arc_chain *chain) {
    *chain = (struct arc_chain){.count = 0};
    add_all(chain, header, SLICE("ARC-Authentication-Results"), add_results);
    add_all(chain, header, SLICE("ARC-Message-Signature"), add_message);
    add_all(chain, header, SLICE("ARC-Seal"), add_seal);
    if (chain->count == 0) return;
    /* RFC 8617 5.2, step 2: then nothing else counts. */
    const struct arc_set *last = &chain->sets[chain->count - 1];
    if (last->seal && last->tags.status == ARC_STATUS_FAIL)
        note(chain, DKIM_FAULT_CHAIN_FAILED, chain->count);
    for (unsigned instance = 1; instance <= chain->count; instance++) check_set(chain, instance);
}

const char *arc_status_word(enum arc_status status) {
    static const char *const words[] = {
        [ARC_STATUS_NONE] = "none", [ARC_STATUS_PASS] = "pass", [ARC_STATUS_FAIL] = "fail"};
    return words[status];
}

struct slice arc_results_payload(const struct arc_set *set) {
    struct slice value = set->results->value;
    unsigned instance;
    return take_instance(&value, &instance) ? slice_trim(value) : SLICE_EMPTY;
}
