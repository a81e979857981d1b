/* The remote role's questions during a run. Nothing is signed but what an order consists of. */
#include "acme/key.h"
#include "acme/office_state.h"
#include "base/encode.h"

enum { PAYLOAD_BYTES_MAX = 96 * 1024, JWS_BYTES_MAX = 192 * 1024 };

/* ---- the plan ---- */

static bool was_wanted(const struct office_run *run, struct slice name) {
    for (size_t i = 0; i < run->job.name_count; i++)
        if (slice_equal(run->job.names[i].name, name)) return true;
    return false;
}

static bool is_due(const struct office_run *run) {
    const struct acme_state *state = &run->state;
    if (run->is_forced || !run->office->settings.is_installed || state->leaf.name_count == 0) return true;
    if (env_wall_ms(run->office->options.env) >= state->renew_ms) return true;
    for (size_t i = 0; i < run->name_count; i++)
        if (!acme_leaf_has(&state->leaf, run->names[i])) return true;
    return false;
}

/* The names are the remote role's choice among those that were wanted. */
static bool plan(struct office_run *run, struct slice body) {
    struct slice names[ACME_NAMES_MAX];
    size_t count;
    if (run->is_planned || !acme_names_unpack(body, names, &count)) return false;
    for (size_t i = 0; i < count; i++)
        if (!was_wanted(run, names[i])) return false;
    for (size_t i = 0; i < count; i++) run->names[i] = arena_copy(run->arena, names[i]);
    run->name_count = count;
    run->is_planned = count > 0 && is_due(run);
    return run->is_planned;
}

/* ---- signatures ---- */

static bool write_payload(const struct office_run *run, enum acme_paper_kind kind, struct buffer *out) {
    const struct acme_office_settings *settings = &run->office->settings;
    struct buffer csr = buffer_new(ACME_CSR_BYTES_MAX);
    bool good = true;
    switch (kind) {
    case ACME_PAPER_LOOK:
        break;
    case ACME_PAPER_ACCOUNT:
        acme_account_payload(out, settings->email, settings->terms_agreed);
        break;
    case ACME_PAPER_ORDER:
        acme_order_payload(out, run->names, run->name_count);
        break;
    case ACME_PAPER_ANSWER:
        buffer_append_text(out, "{}");
        break;
    case ACME_PAPER_FINALIZE:
        good = acme_csr_make(run->state.key, run->names, run->name_count, &csr);
        acme_finalize_payload(out, buffer_slice(&csr));
        break;
    }
    buffer_free(&csr);
    return good;
}

static bool is_printable(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f) return false;
    return text.len > 0;
}

/* A new account's key is told; afterwards its URL stands for it (RFC 8555 6.2). */
static void write_input(const struct office_run *run, const struct acme_paper *paper, struct slice payload,
                        struct buffer *input) {
    bool is_new = paper->kind == ACME_PAPER_ACCOUNT;
    acme_protected_write(input, paper->nonce, paper->url, is_new ? SLICE_EMPTY : run->state.account,
                         &run->point);
    buffer_append_byte(input, '.');
    base64url_encode(input, payload);
}

/* Appends nothing where it is not to be signed. */
static void sign(const struct office_run *run, struct slice body, struct buffer *out) {
    struct acme_paper paper;
    uint8_t signature[ACME_SIGNATURE_BYTES];
    struct buffer payload = buffer_new(PAYLOAD_BYTES_MAX);
    struct buffer input = buffer_new(JWS_BYTES_MAX);
    if (run->is_planned && acme_paper_unpack(body, &paper) && acme_token_is_good(paper.nonce) &&
        is_printable(paper.url) && write_payload(run, paper.kind, &payload)) {
        write_input(run, &paper, buffer_slice(&payload), &input);
        if (acme_key_sign(run->state.account_key, buffer_slice(&input), signature))
            acme_jws_write(out, buffer_slice(&input), slice_of(signature, sizeof signature));
    }
    buffer_free(&input);
    buffer_free(&payload);
}

static void take_account(struct task *t, struct office_run *run, struct slice body) {
    struct unpacker in = unpacker_of(body);
    struct slice url = unpack_slice(&in);
    if (!unpack_is_done(&in) || url.len > ACME_URL_BYTES_MAX || (url.len && !is_printable(url))) return;
    run->state.account = arena_copy(run->arena, url);
    (void)office_keep(t, run);
}

bool acme_office_answer(struct task *t, struct acme_office *office, struct ipc_request *request) {
    uint32_t type = request->message.type;
    struct buffer out = buffer_new(JWS_BYTES_MAX);
    struct office_run *run = office->run;
    if (type < ACME_PLAN || type > ACME_ACCOUNT) return false;
    if (run && type == ACME_PLAN) pack_bool(&out, plan(run, request->message.body));
    if (run && type == ACME_SIGN) sign(run, request->message.body, &out);
    if (run && type == ACME_ACCOUNT) take_account(t, run, request->message.body);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    return true;
}
