/* The keys of an office: sealed in what the store keeps, as the keys of domains are, and open for a run. */
#include <openssl/crypto.h>

#include "acme/key.h"
#include "acme/office_state.h"
#include "store/sealed.h"

enum { SEALED_BYTES_MAX = 2 * ACME_KEY_PEM_BYTES_MAX };

/* What each is bound to. */
static const struct slice account_name = SLICE_INIT("acme account");
static const struct slice certificate_name = SLICE_INIT("acme certificate");

static void wipe(struct slice secret) {
    if (secret.len) OPENSSL_cleanse((void *)(uintptr_t)secret.ptr, secret.len);
}

static bool seal(const struct office_run *run, struct slice name, struct slice pem, struct slice *sealed) {
    struct buffer out = buffer_new(SEALED_BYTES_MAX);
    bool good = engine_seal(run->office->options.engine, name, pem, &out) == STORE_OK;
    if (good) *sealed = arena_copy(run->arena, buffer_slice(&out));
    buffer_free(&out);
    return good;
}

/* False: not now. */
static bool unseal(const struct office_run *run, struct slice name, struct slice *sealed, struct slice *pem) {
    struct buffer out = buffer_new(ACME_KEY_PEM_BYTES_MAX);
    if (sealed->len == 0) return true;
    enum store_result result = engine_unseal(run->office->options.engine, name, *sealed, &out);
    if (result == STORE_OK) *pem = arena_copy(run->arena, buffer_slice(&out));
    wipe(buffer_slice(&out));
    buffer_free(&out);
    if (result != STORE_REFUSED) return result == STORE_OK;
    LOG_ERROR(run->office->options.env->log, "acme.key_unreadable", LOG_TEXT("name", name),
              LOG_CSTR("reason", "it was not sealed by this folder's key/seal"),
              LOG_CSTR("effect", "a new one is made"));
    *sealed = SLICE_EMPTY;
    return true;
}

/* Of folders of before: the key is sealed, and no longer there as it was. */
static bool take_old(const struct office_run *run, struct slice name, struct slice *old,
                     struct slice *sealed) {
    if (old->len == 0) return true;
    if (sealed->len == 0 && !seal(run, name, *old, sealed)) return false;
    wipe(*old);
    *old = SLICE_EMPTY;
    return true;
}

bool office_open_keys(struct task *t, struct office_run *run) {
    struct acme_state *state = &run->state;
    if (engine_seal_open(t, run->office->options.engine) != STORE_OK) return false;
    /* One that nothing was issued for yet is of no use to anybody. */
    if (state->chain.len == 0 && state->old_key.len) {
        wipe(state->old_key);
        state->old_key = SLICE_EMPTY;
    }
    return take_old(run, account_name, &state->old_account_key, &state->account_key) &&
           take_old(run, certificate_name, &state->old_key, &state->key) &&
           unseal(run, account_name, &state->account_key, &run->account_pem) &&
           unseal(run, certificate_name, &state->key, &run->key_pem);
}

static bool make(struct office_run *run, struct slice name, struct slice *pem, struct slice *sealed) {
    struct buffer made = buffer_new(ACME_KEY_PEM_BYTES_MAX);
    if (pem->len) return true;
    bool good = acme_key_make(&made) && seal(run, name, buffer_slice(&made), sealed);
    if (good) *pem = arena_copy(run->arena, buffer_slice(&made));
    wipe(buffer_slice(&made));
    buffer_free(&made);
    return good;
}

/* The CA knows nothing of it: it has no account there. */
bool office_make_account_key(struct office_run *run) {
    if (run->account_pem.len) return true;
    run->state.account = run->state.contact = SLICE_EMPTY;
    return make(run, account_name, &run->account_pem, &run->state.account_key);
}

bool office_make_key(struct office_run *run) {
    return make(run, certificate_name, &run->key_pem, &run->state.key);
}

void office_wipe_keys(struct office_run *run) {
    wipe(run->account_pem);
    wipe(run->key_pem);
    wipe(run->state.old_account_key);
    wipe(run->state.old_key);
    run->account_pem = run->key_pem = SLICE_EMPTY;
}
