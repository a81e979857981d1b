#include "trust/arc_seal.h"

#include "trust/arc_seal_hash.h"
#include "trust/dkim_compose.h"

/* ---- what there is ---- */

static bool is_results_byte(uint8_t c) { return c >= ' ' ? c != 0x7f : c == '\t'; }

/* Lines of visible bytes, those after the first beginning with a blank (RFC 5322 2.2.3). */
static bool are_good_results(struct slice results) {
    if (slice_trim(results).len == 0 || results.len > DKIM_FIELD_BYTES_MAX / 2) return false;
    for (size_t i = 0; i < results.len; i++) {
        bool is_fold = i + 2 < results.len && results.ptr[i] == '\r' && results.ptr[i + 1] == '\n' &&
                       (results.ptr[i + 2] == ' ' || results.ptr[i + 2] == '\t');
        if (is_fold)
            i += 2;
        else if (!is_results_byte(results.ptr[i]))
            return false;
    }
    return true;
}

/* Where the new set goes, and whether it may. */
static enum arc_seal_result find_instance(const struct arc_chain *chain, enum arc_status status,
                                          unsigned *instance) {
    if (chain->fault == DKIM_FAULT_CHAIN_FAILED) return ARC_SEAL_ENDED;
    if (chain->count == ARC_INSTANCES_MAX) return ARC_SEAL_TOO_MANY;
    *instance = chain->count + 1;
    bool fits =
        status == ARC_STATUS_FAIL || (!chain->fault && (status == ARC_STATUS_NONE) == (chain->count == 0));
    return fits ? ARC_SEAL_OK : ARC_SEAL_WRONG_STATUS;
}

/* ---- the fields ---- */

static struct slice results_field(unsigned instance, struct slice results, struct arena *arena) {
    return arena_printf(arena, "ARC-Authentication-Results: i=%u;\r\n %.*s", instance,
                        SLICE_PRINT(slice_trim(results)));
}

static enum arc_seal_result compose_message(struct dkim_signing *signing, struct arena *arena,
                                            struct arc_draft *draft) {
    const struct dkim_header *header = dkim_message_header(dkim_signing_message(signing));
    struct buffer names = buffer_new(DKIM_FIELD_BYTES_MAX);
    struct buffer field = buffer_new(DKIM_FIELD_BYTES_MAX);
    enum arc_seal_result result = ARC_SEAL_UNFIT_MESSAGE;
    if (dkim_covered_names(header, DKIM_COVER_ARC, &names)) {
        struct dkim_writer writer = dkim_writer_new(&field, "ARC-Message-Signature");
        dkim_write_tag(&writer, "i=%u;", draft->instance);
        dkim_write_signature(&writer, signing, &draft->signer, buffer_slice(&names));
        ASSERT(!buffer_overflowed(&field));
        draft->message.field = arena_copy(arena, buffer_slice(&field));
        dkim_draft_hash(&draft->message, header, dkim_signing_forms(signing).header, buffer_slice(&names));
        result = ARC_SEAL_OK;
    }
    buffer_free(&names);
    buffer_free(&field);
    return result;
}

static enum arc_seal_result check_all(const struct dkim_signing *signing, const struct arc_sealer *sealer,
                                      struct arc_draft *draft) {
    struct arc_chain chain;
    if (dkim_signing_check(signing) != DKIM_SIGN_OK) return ARC_SEAL_UNFIT_MESSAGE;
    if (dkim_signer_check(&sealer->signer) != DKIM_SIGN_OK) return ARC_SEAL_BAD_SIGNER;
    if (!are_good_results(sealer->results)) return ARC_SEAL_BAD_RESULTS;
    arc_chain_read(dkim_message_header(dkim_signing_message(signing)), &chain);
    return find_instance(&chain, sealer->status, &draft->instance);
}

enum arc_seal_result arc_seal_begin(struct dkim_signing *signing, const struct arc_sealer *sealer,
                                    struct arena *arena, struct arc_draft *draft) {
    *draft = (struct arc_draft){.signer = sealer->signer, .status = sealer->status};
    enum arc_seal_result result = check_all(signing, sealer, draft);
    if (result != ARC_SEAL_OK) return result;
    draft->results = results_field(draft->instance, sealer->results, arena);
    return compose_message(signing, arena, draft);
}

/* RFC 8617 5.1.2: of a broken chain only the new set is sealed, as if it were the only one. */
static void hash_seal(const struct dkim_signing *signing, struct arc_draft *draft) {
    struct arc_chain chain;
    struct dkim_hash hash = dkim_hash_new();
    arc_chain_read(dkim_message_header(dkim_signing_message(signing)), &chain);
    for (unsigned i = 0; draft->status == ARC_STATUS_PASS && i < chain.count; i++)
        arc_hash_set(&hash, &chain.sets[i]);
    arc_hash_field(&hash, draft->results);
    arc_hash_field(&hash, draft->message_field);
    dkim_form_field(DKIM_RELAXED, draft->seal.field, dkim_hash_sink(&hash));
    dkim_hash_end(&hash, draft->seal.digest);
}

/* RFC 8617 4.1.3. */
static struct slice compose_seal(const struct arc_draft *draft, struct arena *arena) {
    struct buffer field = buffer_new(DKIM_FIELD_BYTES_MAX);
    struct dkim_writer writer = dkim_writer_new(&field, "ARC-Seal");
    dkim_write_tag(&writer, "i=%u;", draft->instance);
    dkim_write_tag(&writer, "a=%s;", dkim_algorithm_word(draft->signer.algorithm));
    dkim_write_tag(&writer, "cv=%s;", arc_status_word(draft->status));
    dkim_write_tag(&writer, "d=%.*s;", SLICE_PRINT(draft->signer.domain));
    dkim_write_tag(&writer, "s=%.*s;", SLICE_PRINT(draft->signer.selector));
    if (draft->signer.signed_at_s) dkim_write_tag(&writer, "t=%lld;", (long long)draft->signer.signed_at_s);
    dkim_write_signature_start(&writer);
    struct slice copy = arena_copy(arena, buffer_slice(&field));
    buffer_free(&field);
    return copy;
}

bool arc_seal_go_on(struct dkim_signing *signing, struct slice message_signature, struct arena *arena,
                    struct arc_draft *draft) {
    struct buffer field = buffer_new((size_t)2 * DKIM_FIELD_BYTES_MAX);
    bool is_good = dkim_draft_finish(&draft->message, message_signature, &field);
    if (is_good) {
        draft->message_field = arena_copy(arena, buffer_slice(&field));
        draft->seal.field = compose_seal(draft, arena);
        hash_seal(signing, draft);
    }
    buffer_free(&field);
    return is_good;
}

bool arc_seal_finish(const struct arc_draft *draft, struct slice seal_signature, struct buffer *out) {
    if (!dkim_draft_finish(&draft->seal, seal_signature, out)) return false;
    buffer_append(out, draft->message_field);
    buffer_append(out, draft->results);
    buffer_append(out, SLICE("\r\n"));
    return true;
}
