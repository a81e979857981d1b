#include "transit/sign_protocol.h"

void transit_signers_question_pack(struct buffer *out, const struct transit_signers_question *question) {
    pack_number(out, question->session);
    pack_number(out, question->message);
    pack_slice(out, question->from);
    pack_number(out, question->is_seal);
}

void transit_signers_question_unpack(struct unpacker *in, struct transit_signers_question *question) {
    question->session = unpack_number(in);
    question->message = unpack_number(in);
    question->from = unpack_slice(in);
    question->is_seal = unpack_number_max(in, 1) != 0;
}

static enum transit_sign_result result_unpack(struct unpacker *in) {
    return (enum transit_sign_result)unpack_number_max(in, TRANSIT_SIGN_RESULTS - 1);
}

void transit_signers_pack(struct buffer *out, const struct transit_signers *signers) {
    pack_number(out, signers->result);
    pack_slice(out, signers->signers.domain);
    pack_number(out, signers->signers.count);
    for (size_t i = 0; i < signers->signers.count; i++) {
        pack_number(out, signers->signers.signers[i].key);
        pack_number(out, signers->signers.signers[i].algorithm);
        pack_slice(out, signers->signers.signers[i].selector);
    }
}

void transit_signers_unpack(struct unpacker *in, struct transit_signers *signers) {
    *signers = (struct transit_signers){.result = result_unpack(in)};
    signers->signers.domain = unpack_slice(in);
    signers->signers.count = unpack_number_max(in, DKIM_ALGORITHMS);
    for (size_t i = 0; i < signers->signers.count; i++) {
        signers->signers.signers[i].key = unpack_number(in);
        signers->signers.signers[i].algorithm =
            (enum dkim_algorithm)unpack_number_max(in, DKIM_ALGORITHMS - 1);
        signers->signers.signers[i].selector = unpack_slice(in);
    }
}

void transit_sign_pack(struct buffer *out, const struct transit_sign *sign) {
    pack_number(out, sign->session);
    pack_number(out, sign->message);
    pack_slice(out, sign->domain);
    pack_number(out, sign->count);
    for (size_t i = 0; i < sign->count; i++) {
        pack_number(out, sign->digests[i].key);
        pack_slice(out, slice_of(sign->digests[i].digest, DKIM_DIGEST_BYTES));
    }
}

static void digest_unpack(struct unpacker *in, struct dkim_digest *digest) {
    digest->key = unpack_number(in);
    struct slice bytes = unpack_slice(in);
    if (bytes.len == DKIM_DIGEST_BYTES)
        memcpy(digest->digest, bytes.ptr, bytes.len);
    else
        in->is_bad = true;
}

void transit_sign_unpack(struct unpacker *in, struct transit_sign *sign) {
    *sign = (struct transit_sign){.session = unpack_number(in)};
    sign->message = unpack_number(in);
    sign->domain = unpack_slice(in);
    sign->count = unpack_number_max(in, DKIM_ALGORITHMS);
    for (size_t i = 0; i < sign->count; i++) digest_unpack(in, &sign->digests[i]);
}

void transit_signatures_pack(struct buffer *out, const struct transit_signatures *signatures) {
    pack_number(out, signatures->result);
    pack_number(out, signatures->count);
    for (size_t i = 0; i < signatures->count; i++) pack_slice(out, signatures->signatures[i]);
}

void transit_signatures_unpack(struct unpacker *in, struct transit_signatures *signatures) {
    *signatures = (struct transit_signatures){.result = result_unpack(in)};
    signatures->count = unpack_number_max(in, DKIM_ALGORITHMS);
    for (size_t i = 0; i < signatures->count; i++) signatures->signatures[i] = unpack_slice(in);
}

void transit_look_pack(struct buffer *out, const struct transit_look *look) {
    pack_slice(out, look->name);
    pack_slice(out, look->record);
}

void transit_look_unpack(struct unpacker *in, struct transit_look *look) {
    look->name = unpack_slice(in);
    look->record = unpack_slice(in);
}

void transit_look_result_pack(struct buffer *out, enum transit_look_result result) {
    pack_number(out, result);
}

void transit_look_result_unpack(struct unpacker *in, enum transit_look_result *result) {
    *result = (enum transit_look_result)unpack_number_max(in, TRANSIT_LOOK_RESULTS - 1);
}
