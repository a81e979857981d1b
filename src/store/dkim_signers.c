/* engine_dkim_signers, engine_dkim_sign: in whose name a message is signed, and the signatures. */
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
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result != STORE_OK ? result : is_there ? STORE_OK : STORE_NOT_FOUND;
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

/* Who may send as anybody of a domain need not be who may write as anybody of another. */
static bool may_sign_for_from(const struct choice *choice) {
    if (choice->from_domain.len == 0) return false;
    if (choice->properties & OUTGOING_TRUSTED && choice->account == 0) return true;
    if (slice_equal(choice->from_domain, choice->sender_domain)) return true;
    return engine_sender_check(choice->engine, choice->arena, choice->account, choice->from) == STORE_OK;
}

static enum store_result choose_for_sender(const struct choice *choice) {
    enum store_result result = STORE_NOT_FOUND;
    if (may_sign_for_from(choice)) result = choose(choice, choice->from_domain);
    return result == STORE_NOT_FOUND ? choose(choice, choice->sender_domain) : result;
}

static struct slice first_domain(const struct choice *choice) {
    struct engine *engine = choice->engine;
    struct slice name = SLICE_EMPTY;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, domain_first);
    if (db_rows_next(&rows)) name = arena_copy(choice->arena, db_rows_bytes(&rows, 0));
    db_rows_end(&rows);
    return db_commit(engine->db) == STORE_OK ? name : SLICE_EMPTY;
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
    return choose(choice, first_domain(choice));
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
    if (result != STORE_NOT_FOUND) return result;
    *signers = (struct dkim_signers){0};
    return STORE_OK;
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
