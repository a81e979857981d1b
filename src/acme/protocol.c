#include "acme/protocol.h"

static struct slice unpack_short(struct unpacker *in, size_t max) {
    struct slice text = unpack_slice(in);
    if (text.len > max) in->is_bad = true;
    return in->is_bad ? SLICE_EMPTY : text;
}

void acme_job_pack(struct buffer *out, const struct acme_job *job) {
    pack_slice(out, job->directory);
    pack_number(out, job->challenge);
    pack_bool(out, job->terms_agreed);
    pack_slice(out, job->account);
    pack_slice(out, job->thumbprint);
    pack_slice(out, job->certificate);
    pack_number(out, job->name_count);
    for (size_t i = 0; i < job->name_count; i++) {
        pack_slice(out, job->names[i].name);
        pack_bool(out, job->names[i].is_optional);
        pack_bool(out, job->names[i].is_held);
    }
}

bool acme_job_unpack(struct slice body, struct acme_job *job) {
    struct unpacker in = unpacker_of(body);
    job->directory = unpack_short(&in, ACME_URL_BYTES_MAX);
    job->challenge = (enum acme_challenge_kind)unpack_number_max(&in, ACME_CHALLENGE_KINDS - 1);
    job->terms_agreed = unpack_bool(&in);
    job->account = unpack_short(&in, ACME_URL_BYTES_MAX);
    job->thumbprint = unpack_short(&in, ACME_TOKEN_BYTES_MAX);
    job->certificate = unpack_short(&in, ACME_URL_BYTES_MAX);
    job->name_count = unpack_number_max(&in, ACME_NAMES_MAX);
    for (size_t i = 0; i < job->name_count; i++) {
        job->names[i].name = unpack_short(&in, ACME_NAME_BYTES_MAX);
        job->names[i].is_optional = unpack_bool(&in);
        job->names[i].is_held = unpack_bool(&in);
    }
    return unpack_is_done(&in);
}

void acme_outcome_pack(struct buffer *out, const struct acme_outcome *outcome) {
    pack_number(out, outcome->result);
    pack_slice(out, outcome->chain);
    pack_slice(out, outcome->name);
    pack_slice(out, outcome->words);
    pack_slice(out, outcome->advice);
    pack_number(out, outcome->retry_after_ms);
}

bool acme_outcome_unpack(struct slice body, struct acme_outcome *outcome) {
    struct unpacker in = unpacker_of(body);
    outcome->result = (enum acme_result)unpack_number_max(&in, ACME_RESULTS - 1);
    outcome->chain = unpack_short(&in, ACME_CHAIN_BYTES_MAX);
    outcome->name = unpack_short(&in, ACME_NAME_BYTES_MAX);
    outcome->words = unpack_short(&in, 4 * (size_t)ACME_WORDS_BYTES_MAX);
    outcome->advice = unpack_short(&in, 4 * (size_t)ACME_WORDS_BYTES_MAX);
    outcome->retry_after_ms = unpack_number_max(&in, ACME_RETRY_AFTER_MS_MAX);
    return unpack_is_done(&in);
}

void acme_findings_pack(struct buffer *out, const struct acme_findings *findings) {
    pack_number(out, findings->name_count);
    for (size_t i = 0; i < findings->name_count; i++) pack_slice(out, findings->names[i]);
    pack_number(out, (uint64_t)findings->window.start_ms);
    pack_number(out, (uint64_t)findings->window.end_ms);
    pack_number(out, findings->window_again_ms);
}

bool acme_findings_unpack(struct slice body, struct acme_findings *findings) {
    struct unpacker in = unpacker_of(body);
    findings->name_count = unpack_number_max(&in, ACME_NAMES_MAX);
    for (size_t i = 0; i < findings->name_count; i++)
        findings->names[i] = unpack_short(&in, ACME_NAME_BYTES_MAX);
    findings->window.start_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    findings->window.end_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    findings->window_again_ms = unpack_number_max(&in, ACME_RETRY_AFTER_MS_MAX);
    return unpack_is_done(&in);
}

void acme_plan_pack(struct buffer *out, const struct acme_plan *plan) {
    pack_bool(out, plan->is_due);
    pack_bool(out, plan->replaces);
    pack_bool(out, plan->tells_contact);
}

bool acme_plan_unpack(struct slice body, struct acme_plan *plan) {
    struct unpacker in = unpacker_of(body);
    plan->is_due = unpack_bool(&in);
    plan->replaces = unpack_bool(&in);
    plan->tells_contact = unpack_bool(&in);
    return unpack_is_done(&in);
}

void acme_paper_pack(struct buffer *out, const struct acme_paper *paper) {
    pack_number(out, paper->kind);
    pack_slice(out, paper->nonce);
    pack_slice(out, paper->url);
}

bool acme_paper_unpack(struct slice body, struct acme_paper *paper) {
    struct unpacker in = unpacker_of(body);
    paper->kind = (enum acme_paper_kind)unpack_number_max(&in, ACME_PAPERS - 1);
    paper->nonce = unpack_short(&in, ACME_URL_BYTES_MAX);
    paper->url = unpack_short(&in, ACME_URL_BYTES_MAX);
    return unpack_is_done(&in);
}

void acme_challenges_pack(struct buffer *out, const struct acme_challenge *challenges, size_t count) {
    pack_number(out, count);
    for (size_t i = 0; i < count; i++) {
        pack_number(out, challenges[i].kind);
        pack_slice(out, challenges[i].name);
        pack_slice(out, challenges[i].token);
        pack_slice(out, challenges[i].key_authorization);
    }
}

bool acme_challenges_unpack(struct slice body, struct acme_challenge challenges[ACME_CHALLENGES_MAX],
                            size_t *count) {
    struct unpacker in = unpacker_of(body);
    *count = unpack_number_max(&in, ACME_CHALLENGES_MAX);
    for (size_t i = 0; i < *count; i++) {
        challenges[i].kind = (enum acme_challenge_kind)unpack_number_max(&in, ACME_CHALLENGE_KINDS - 1);
        challenges[i].name = unpack_short(&in, ACME_NAME_BYTES_MAX);
        challenges[i].token = unpack_short(&in, ACME_TOKEN_BYTES_MAX);
        challenges[i].key_authorization = unpack_short(&in, 3 * (size_t)ACME_TOKEN_BYTES_MAX);
    }
    return unpack_is_done(&in);
}
