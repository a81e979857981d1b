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

/* RFC 9773 4.2: some time in it, and the same as long as it stays the same; before the certificate ends. */
static void take_window(struct office_run *run, const struct acme_findings *findings) {
    struct acme_state *state = &run->state;
    struct env *env = run->office->options.env;
    struct acme_window window = findings->window;
    int64_t pause_ms = (int64_t)findings->window_again_ms;
    int64_t last_ms = state->leaf.not_after_ms - (state->leaf.not_after_ms - state->leaf.not_before_ms) / 10;
    if (run->job.certificate.len == 0 || window.start_ms <= 0 || window.end_ms <= window.start_ms) return;
    if (pause_ms < ACME_WINDOW_LOOK_MS_MIN) pause_ms = ACME_WINDOW_LOOK_MS_MIN;
    if (pause_ms > ACME_WINDOW_LOOK_MS) pause_ms = ACME_WINDOW_LOOK_MS;
    state->window_look_ms = env_wall_ms(env) + pause_ms;
    if (window.start_ms == state->window.start_ms && window.end_ms == state->window.end_ms) return;
    uint64_t width_ms = (uint64_t)(window.end_ms - window.start_ms);
    state->window = window;
    state->renew_ms = window.start_ms + (int64_t)(env_random_u64(env) % width_ms);
    if (state->renew_ms > last_ms) state->renew_ms = last_ms;
    LOG_INFO(env->log, "acme.window", LOG_NUMBER("start_ms", window.start_ms),
             LOG_NUMBER("end_ms", window.end_ms), LOG_NUMBER("renew_ms", state->renew_ms));
}

static bool has_new_contact(const struct office_run *run) {
    return run->state.account.len && !slice_equal(run->state.contact, run->email);
}

/* The names are the remote role's choice among those that were wanted. The key of an order is kept before the
   CA hears of it; the run may be gone behind that wait. */
static void plan(struct task *t, struct office_run *run, struct slice body, struct acme_plan *made) {
    struct acme_findings findings;
    if (run->is_planned || !acme_findings_unpack(body, &findings)) return;
    for (size_t i = 0; i < findings.name_count; i++)
        if (!was_wanted(run, findings.names[i])) return;
    for (size_t i = 0; i < findings.name_count; i++)
        run->names[i] = arena_copy(run->arena, findings.names[i]);
    run->name_count = findings.name_count;
    take_window(run, &findings);
    made->tells_contact = run->tells_contact = has_new_contact(run);
    run->is_planned = findings.name_count > 0 && is_due(run);
    made->replaces = run->state.leaf.identifier.len != 0;
    made->is_due = run->is_planned && office_make_key(run) && office_keep(t, run);
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
        acme_account_payload(out, run->email, settings->terms_agreed);
        break;
    case ACME_PAPER_ORDER:
        acme_order_payload(out, run->names, run->name_count, SLICE_EMPTY);
        break;
    case ACME_PAPER_REPLACEMENT:
        acme_order_payload(out, run->names, run->name_count, run->state.leaf.identifier);
        break;
    case ACME_PAPER_CONTACT:
        acme_contact_payload(out, run->email);
        break;
    case ACME_PAPER_ANSWER:
        buffer_append_text(out, "{}");
        break;
    case ACME_PAPER_FINALIZE:
        good = acme_csr_make(run->key_pem, run->names, run->name_count, &csr);
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

/* Without an order under way nothing but what tells another contact, and that to our account's URL alone. */
static bool may_sign(const struct office_run *run, const struct acme_paper *paper) {
    if (!acme_token_is_good(paper->nonce) || !is_printable(paper->url)) return false;
    if (paper->kind == ACME_PAPER_CONTACT)
        return has_new_contact(run) && slice_equal(paper->url, run->state.account);
    return run->is_planned && run->key_pem.len;
}

/* Appends nothing where it is not to be signed. */
static void sign(const struct office_run *run, struct slice body, struct buffer *out) {
    struct acme_paper paper;
    uint8_t signature[ACME_SIGNATURE_BYTES];
    struct buffer payload = buffer_new(PAYLOAD_BYTES_MAX);
    struct buffer input = buffer_new(JWS_BYTES_MAX);
    if (acme_paper_unpack(body, &paper) && may_sign(run, &paper) &&
        write_payload(run, paper.kind, &payload)) {
        write_input(run, &paper, buffer_slice(&payload), &input);
        if (acme_key_sign(run->account_pem, buffer_slice(&input), signature))
            acme_jws_write(out, buffer_slice(&input), slice_of(signature, sizeof signature));
    }
    buffer_free(&input);
    buffer_free(&payload);
}

/* Whether the CA is to be told the contact: it gave an account that it has from before. */
static bool take_account(struct task *t, struct office_run *run, struct slice body) {
    struct unpacker in = unpacker_of(body);
    struct slice url = unpack_slice(&in);
    bool is_new = unpack_bool(&in);
    if (!unpack_is_done(&in) || url.len > ACME_URL_BYTES_MAX || (url.len && !is_printable(url))) return false;
    run->state.account = arena_copy(run->arena, url);
    if (is_new) run->state.contact = run->email;
    bool tells_contact = has_new_contact(run);
    (void)office_keep(t, run);
    return tells_contact;
}

static void take_contact(struct task *t, struct office_run *run) {
    if (!has_new_contact(run)) return;
    run->state.contact = run->email;
    (void)office_keep(t, run);
}

bool acme_office_answer(struct task *t, struct acme_office *office, struct ipc_request *request) {
    uint32_t type = request->message.type;
    struct buffer out = buffer_new(JWS_BYTES_MAX);
    struct acme_plan made = {0};
    struct office_run *run = office->run;
    if (type < ACME_PLAN || type > ACME_CONTACT) return false;
    if (run && type == ACME_PLAN) plan(t, run, request->message.body, &made);
    if (run && type == ACME_SIGN) sign(run, request->message.body, &out);
    if (type == ACME_ACCOUNT) pack_bool(&out, run && take_account(t, run, request->message.body));
    if (run && type == ACME_CONTACT) take_contact(t, run);
    if (type == ACME_PLAN) acme_plan_pack(&out, &made);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    return true;
}
