/* engine_dkim_signers, _sealers, _sign: in whose name a message is signed or sealed, and the signatures. */
#include <openssl/evp.h>

#include "base/limits.h"
#include "store/directory.h"
#include "store/dkim_domain.h"
#include "store/engine_state.h"
#include "store/queue.h"

static const char outgoing_sender[] =
    "SELECT account, properties, mail_from FROM outgoing WHERE message = $1";
static const char domain_first[] = "SELECT name FROM domain WHERE is_relay = 0 ORDER BY id LIMIT 1";

enum { LOAD_TRIES = 4 };

/* ---- keys that are ready ---- */

/* *ready holds until the next wait. STORE_NOT_FOUND: not one of our domains. */
static enum store_result ready_of(struct task *t, struct engine *engine, struct arena *arena,
                                  struct slice name, const struct dkim_ready **ready) {
    for (int tries = 0; tries < LOAD_TRIES; tries++) {
        struct dkim_domain domain;
        *ready = dkim_room_find(&engine->dkim, engine->queue.directory_changes, name);
        if (*ready) return STORE_OK;
        enum store_result result = dkim_domain_read(t, engine, arena, name, &domain);
        if (result == STORE_OK)
            result = dkim_room_load(t, &engine->dkim, domain.changes, domain.name, domain.rows, domain.count);
        if (result != STORE_OK) return result;
    }
    return STORE_BUSY;
}

/* ---- who may sign ---- */

/* The message, and the address in its From. */
struct choice {
    struct task *t;
    struct engine *engine;
    struct arena *arena;
    uint64_t account;
    unsigned properties;
    struct slice from;
    struct slice from_domain;
    struct slice sender_domain;
    struct dkim_signers *signers;
};

/* Ends a read, and says what came of it. */
static enum store_result read_end(struct engine *engine, bool is_there) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result != STORE_OK ? result : is_there ? STORE_OK : STORE_NOT_FOUND;
}

static enum store_result read_sender(struct choice *choice, uint64_t message) {
    struct engine *engine = choice->engine;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, outgoing_sender, DB_NUMBER(message));
    bool is_there = db_rows_next(&rows);
    if (is_there) {
        struct slice sender = arena_copy(choice->arena, db_rows_bytes(&rows, 2));
        choice->account = db_rows_id(&rows, 0);
        choice->properties = (unsigned)db_rows_number(&rows, 1);
        if (sender.len) choice->sender_domain = queue_domain_of(choice->arena, sender);
    }
    db_rows_end(&rows);
    return read_end(engine, is_there);
}

/* STORE_NOT_FOUND: not ours, or it has no key that can sign. */
static enum store_result choose(const struct choice *choice, struct slice domain) {
    const struct dkim_ready *ready = NULL;
    struct dkim_signers *signers = choice->signers;
    if (domain.len == 0) return STORE_NOT_FOUND;
    enum store_result result = ready_of(choice->t, choice->engine, choice->arena, domain, &ready);
    if (result != STORE_OK) return result;
    for (size_t i = 0; i < ready->count; i++) {
        signers->signers[i].key = ready->keys[i].key;
        signers->signers[i].algorithm = ready->keys[i].algorithm;
        signers->signers[i].selector = slice_from_text(ready->keys[i].selector);
    }
    signers->count = ready->count;
    signers->domain = arena_copy(choice->arena, domain);
    return ready->count ? STORE_OK : STORE_NOT_FOUND;
}

/* Whether an answer is about the address, and not about the store, which may say something else later. */
static bool is_answer(enum store_result result) {
    return result == STORE_OK || result == STORE_DENIED || result == STORE_NOT_FOUND ||
           result == STORE_REFUSED;
}

/* STORE_OK; STORE_NOT_FOUND: no. Who may send as anybody of a domain need not be who may write as anybody of
   another. */
static enum store_result may_sign_for_from(const struct choice *choice) {
    if (choice->from_domain.len == 0) return STORE_NOT_FOUND;
    if (choice->properties & OUTGOING_TRUSTED && choice->account == 0) return STORE_OK;
    if (slice_equal(choice->from_domain, choice->sender_domain)) return STORE_OK;
    enum store_result result =
        engine_sender_check(choice->engine, choice->arena, choice->account, choice->from);
    return is_answer(result) && result != STORE_OK ? STORE_NOT_FOUND : result;
}

static enum store_result choose_for_sender(const struct choice *choice) {
    enum store_result result = may_sign_for_from(choice);
    if (result == STORE_OK) result = choose(choice, choice->from_domain);
    return result == STORE_NOT_FOUND ? choose(choice, choice->sender_domain) : result;
}

static enum store_result choose_first_domain(const struct choice *choice) {
    struct engine *engine = choice->engine;
    struct slice name = SLICE_EMPTY;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, domain_first);
    bool is_there = db_rows_next(&rows);
    if (is_there) name = arena_copy(choice->arena, db_rows_bytes(&rows, 0));
    db_rows_end(&rows);
    enum store_result result = read_end(engine, is_there);
    return result == STORE_OK ? choose(choice, name) : result;
}

/* Reports come from our host's name, which is mostly one below a domain of ours. */
static enum store_result choose_for_ourselves(const struct choice *choice) {
    struct slice domain = choice->from_domain;
    while (domain.len) {
        enum store_result result = choose(choice, domain);
        if (result != STORE_NOT_FOUND) return result;
        (void)slice_take_until(&domain, '.');
        (void)slice_take_byte(&domain, '.');
    }
    return choose_first_domain(choice);
}

/* No domain, or no key: that is nobody, and no failure. */
static enum store_result found_or_nobody(const struct choice *choice, enum store_result result) {
    if (result != STORE_NOT_FOUND) return result;
    *choice->signers = (struct dkim_signers){0};
    return STORE_OK;
}

enum store_result engine_dkim_signers(struct task *t, struct engine *engine, struct arena *arena,
                                      uint64_t message, struct slice from, struct dkim_signers *signers) {
    struct choice choice = {.t = t, .engine = engine, .arena = arena, .from = from, .signers = signers};
    *signers = (struct dkim_signers){0};
    enum store_result result = read_sender(&choice, message);
    if (result != STORE_OK) return result;
    if (from.len) choice.from_domain = queue_domain_of(arena, from);
    if (choice.properties & OUTGOING_COMPOSED)
        result = choose_for_ourselves(&choice);
    else if (choice.account || choice.properties & OUTGOING_TRUSTED)
        result = choose_for_sender(&choice);
    return found_or_nobody(&choice, result);
}

enum store_result engine_dkim_signers_of(struct task *t, struct engine *engine, struct arena *arena,
                                         struct slice domain, struct dkim_signers *signers) {
    struct choice choice = {.t = t, .engine = engine, .arena = arena, .signers = signers};
    *signers = (struct dkim_signers){0};
    return found_or_nobody(&choice, choose(&choice, domain));
}

enum store_result engine_dkim_sealers(struct task *t, struct engine *engine, struct arena *arena,
                                      uint64_t message, struct dkim_signers *signers) {
    struct choice choice = {.t = t, .engine = engine, .arena = arena, .signers = signers};
    *signers = (struct dkim_signers){0};
    enum store_result result = read_sender(&choice, message);
    if (result != STORE_OK) return result;
    bool is_of_stranger =
        choice.account == 0 &&
        choice.properties & (OUTGOING_CHAIN_NONE | OUTGOING_CHAIN_PASS | OUTGOING_CHAIN_FAIL);
    return is_of_stranger ? found_or_nobody(&choice, choose_first_domain(&choice)) : STORE_OK;
}

/* ---- signing ---- */

/* With references of its own: the keys may be forgotten while the lane works. */
static bool take_keys(const struct dkim_ready *ready, const struct dkim_digest *digests, size_t count,
                      struct dkim_work *works) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        works[i] = (struct dkim_work){.signature = buffer_new(DKIM_SIGNATURE_BYTES_MAX)};
        memcpy(works[i].digest, digests[i].digest, sizeof works[i].digest);
        for (size_t k = 0; k < ready->count && !works[i].private; k++) {
            if (ready->keys[k].key != digests[i].key) continue;
            works[i].algorithm = ready->keys[k].algorithm;
            works[i].private = ready->keys[k].private;
            found += (size_t)EVP_PKEY_up_ref(works[i].private);
        }
    }
    return found == count;
}

static bool give_back(struct arena *arena, struct dkim_work *works, size_t count, struct slice *signatures) {
    bool is_signed = true;
    for (size_t i = 0; i < count; i++) {
        is_signed = is_signed && works[i].is_signed;
        signatures[i] = arena_copy(arena, buffer_slice(&works[i].signature));
        buffer_free(&works[i].signature);
        EVP_PKEY_free(works[i].private);
    }
    return is_signed;
}

enum store_result engine_dkim_sign(struct task *t, struct engine *engine, struct arena *arena,
                                   struct slice domain, const struct dkim_digest *digests, size_t count,
                                   struct slice *signatures) {
    struct dkim_work works[DKIM_ALGORITHMS];
    const struct dkim_ready *ready = NULL;
    if (count == 0 || count > DKIM_ALGORITHMS) return STORE_REFUSED;
    enum store_result result = ready_of(t, engine, arena, domain, &ready);
    if (result != STORE_OK) return result;
    bool has_keys = take_keys(ready, digests, count, works);
    if (has_keys) dkim_room_sign(t, &engine->dkim, works, count);
    bool is_signed = give_back(arena, works, count, signatures);
    return !has_keys ? STORE_NOT_FOUND : is_signed ? STORE_OK : STORE_FAILED;
}
