#include "trust/dkim_sign.h"

#include <stdlib.h>

#include "base/encode.h"
#include "trust/dkim_compose.h"

struct dkim_signing {
    struct dkim_forms forms;
    struct dkim_message *message;
};

struct dkim_signing *dkim_signing_new(const struct dkim_forms *forms) {
    struct dkim_signing *signing = calloc(1, sizeof *signing);
    if (!signing) FATAL("no memory for a message");
    signing->forms = forms ? *forms : (struct dkim_forms){DKIM_RELAXED, DKIM_RELAXED};
    signing->message = dkim_message_new_to_sign(signing->forms.body);
    return signing;
}

void dkim_signing_write(struct dkim_signing *signing, struct slice bytes) {
    dkim_message_write(signing->message, bytes);
}

void dkim_signing_end(struct dkim_signing *signing) { dkim_message_end(signing->message); }

void dkim_signing_free(struct dkim_signing **signing) {
    if (!*signing) return;
    dkim_message_free(&(*signing)->message);
    free(*signing);
    *signing = NULL;
}

const struct dkim_message *dkim_signing_message(const struct dkim_signing *signing) {
    return signing->message;
}

struct dkim_forms dkim_signing_forms(const struct dkim_signing *signing) {
    return signing->forms;
}

static void write_times(struct dkim_writer *writer, const struct dkim_signer *signer) {
    if (signer->signed_at_s) dkim_write_tag(writer, "t=%lld;", (long long)signer->signed_at_s);
    if (signer->expires_at_s) dkim_write_tag(writer, "x=%lld;", (long long)signer->expires_at_s);
}

static void write_body_hash(struct dkim_writer *writer, const struct dkim_signing *signing) {
    struct buffer text = buffer_new(64);
    const uint8_t *hash = dkim_message_body_hash(signing->message, signing->forms.body);
    base64_encode(&text, slice_of(hash, DKIM_DIGEST_BYTES));
    dkim_write_tag(writer, "bh=%.*s;", SLICE_PRINT(buffer_slice(&text)));
    buffer_free(&text);
}

void dkim_write_signature(struct dkim_writer *writer, const struct dkim_signing *signing,
                          const struct dkim_signer *signer, struct slice names) {
    dkim_write_tag(writer, "a=%s;", dkim_algorithm_word(signer->algorithm));
    dkim_write_tag(writer, "c=%s/%s;", dkim_form_word(signing->forms.header),
                   dkim_form_word(signing->forms.body));
    dkim_write_tag(writer, "d=%.*s;", SLICE_PRINT(signer->domain));
    dkim_write_tag(writer, "s=%.*s;", SLICE_PRINT(signer->selector));
    write_times(writer, signer);
    write_body_hash(writer, signing);
    dkim_write_names(writer, names);
    dkim_write_signature_start(writer);
}

static void write_field(const struct dkim_signing *signing, const struct dkim_signer *signer,
                        struct slice names, struct buffer *out) {
    struct dkim_writer writer = dkim_writer_new(out, "DKIM-Signature");
    dkim_write_tag(&writer, "v=1;");
    if (signer->identity.len) dkim_write_tag(&writer, "i=%.*s;", SLICE_PRINT(signer->identity));
    dkim_write_signature(&writer, signing, signer, names);
}

static enum dkim_sign_result compose(const struct dkim_signing *signing, const struct dkim_signer *signer,
                                     struct buffer *names, struct arena *arena, struct dkim_draft *draft) {
    const struct dkim_header *header = dkim_message_header(signing->message);
    if (!dkim_covered_names(header, DKIM_COVER_OVERSIGNED, names)) return DKIM_SIGN_TOO_LARGE;
    struct buffer field = buffer_new(DKIM_FIELD_BYTES_MAX);
    write_field(signing, signer, buffer_slice(names), &field);
    ASSERT(!buffer_overflowed(&field));
    draft->field = arena_copy(arena, buffer_slice(&field));
    buffer_free(&field);
    dkim_draft_hash(draft, header, signing->forms.header, buffer_slice(names));
    return DKIM_SIGN_OK;
}

enum dkim_sign_result dkim_signing_compose(struct dkim_signing *signing, const struct dkim_signer *signer,
                                           struct arena *arena, struct dkim_draft *draft) {
    enum dkim_sign_result result = dkim_signing_check(signing);
    if (result == DKIM_SIGN_OK) result = dkim_signer_check(signer);
    if (result != DKIM_SIGN_OK) return result;
    struct buffer names = buffer_new(DKIM_FIELD_BYTES_MAX);
    result = compose(signing, signer, &names, arena, draft);
    buffer_free(&names);
    return result;
}
