/* Keys of domains: made, listed, rotated, sealed; who signs a message, and whether it is signed right. */
#include "queue_bench.h"

#include <openssl/evp.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "store/dkim_seal.h"
#include "store/dkim_table.h"
#include "store/engine_dkim.h"
#include "store/engine_state.h"
#include "trust/dkim_public_key.h"

static struct dkim_key *list(struct task *t, struct store_bench *bench, const char *domain, size_t wanted) {
    struct dkim_key *keys = NULL;
    size_t count = 0;
    assert_int_equal(engine_dkim_list(t, bench->engine, bench->arena, slice_from_text(domain), &keys, &count),
                     STORE_OK);
    assert_int_equal(count, wanted);
    return keys;
}

static void run_sql(struct store_bench *bench, const char *sql) {
    struct db *db = NULL;
    assert_int_equal(
        db_open(bench->env,
                arena_text(bench->arena, arena_printf(bench->arena, "%s/store.db", bench->folder)), DB_WRITE,
                &db),
        0);
    db_begin_write(db);
    db_script(db, sql);
    assert_int_equal(db_commit(db), STORE_OK);
    db_close(&db);
    bench->engine->queue.directory_changes++;
}

static int64_t read_number(struct store_bench *bench, const char *sql) {
    db_begin_read(bench->engine->db);
    int64_t number = DB_READ_NUMBER(bench->engine->db, sql, -1);
    assert_int_equal(db_commit(bench->engine->db), STORE_OK);
    return number;
}

/* ---- what there is ---- */

static void first_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    struct dkim_key *keys = list(t, bench, "Example.ORG", 2);
    static const char *const selectors[] = {"ph1-rsa", "ph1-ed25519"};
    for (size_t i = 0; i < 2; i++) {
        struct dkim_key_record record;
        struct dkim_public_key public;
        assert_slice(keys[i].selector, selectors[i]);
        assert_int_equal(keys[i].state, DKIM_KEY_SIGNING);
        assert_int_equal(keys[i].algorithm, i == 0 ? DKIM_RSA_SHA256 : DKIM_ED25519_SHA256);
        assert_int_equal(keys[i].until_ms, 0);
        assert_true(keys[i].created_ms > 0 && keys[i].since_ms == keys[i].created_ms);
        assert_true(slice_starts(keys[i].record,
                                 i == 0 ? SLICE("v=DKIM1; k=rsa; p=") : SLICE("v=DKIM1; k=ed25519; p=")));
        assert_int_equal(dkim_key_read(keys[i].record, &record), DKIM_FAULT_NONE);
        assert_int_equal(dkim_public_key_open(&record, &public), DKIM_FAULT_NONE);
        dkim_public_key_close(&public);
    }
    size_t count;
    assert_int_equal(engine_dkim_list(t, bench->engine, bench->arena, SLICE("other.test"), &keys, &count),
                     STORE_NOT_FOUND);
    assert_int_equal(engine_dkim_list(t, bench->engine, bench->arena, SLICE(""), &keys, &count),
                     STORE_NOT_FOUND);
}

static void a_new_domain_has_keys_that_sign(void **state) { bench_run(first_body, NULL); }

static void later_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    run_sql(bench, "DELETE FROM dkim_key;");
    assert_int_equal(list(t, bench, "example.org", 2)[0].state, DKIM_KEY_SIGNING);
    assert_int_equal(read_number(bench, "SELECT count(*) FROM dkim_key"), 2);
}

static void a_domain_of_before_gets_its_first_keys_when_they_are_needed(void **state) {
    bench_run(later_body, NULL);
}

static void removed_body(struct task *t, struct store_bench *bench) {
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("a.test"), DOMAIN_LOCAL), STORE_OK);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("b.test"), DOMAIN_RELAYED), STORE_OK);
    assert_int_equal(read_number(bench, "SELECT count(*) FROM dkim_key"), 4);
    assert_int_equal(engine_domain_remove(t, bench->engine, SLICE("a.test")), STORE_OK);
    assert_int_equal(read_number(bench, "SELECT count(*) FROM dkim_key"), 2);
    (void)list(t, bench, "b.test", 2);
}

static void a_domain_takes_its_keys_with_it(void **state) { bench_run(removed_body, NULL); }

/* ---- rotation ---- */

static struct dkim_waiting *waiting(struct store_bench *bench, const char *domain, size_t wanted) {
    struct dkim_waiting *found = NULL;
    size_t count = 0;
    assert_int_equal(
        engine_dkim_waiting(bench->engine, bench->arena, slice_from_text(domain), 0, 10, &found, &count),
        STORE_OK);
    assert_int_equal(count, wanted);
    return found;
}

static void assert_states(struct task *t, struct store_bench *bench, const enum dkim_key_state wanted[4]) {
    struct dkim_key *keys = list(t, bench, "example.org", 4);
    static const char *const selectors[] = {"ph1-rsa", "ph1-ed25519", "ph2-rsa", "ph2-ed25519"};
    for (size_t i = 0; i < 4; i++) {
        assert_slice(keys[i].selector, selectors[i]);
        if (keys[i].state != wanted[i]) fail_msg("%s is %d", selectors[i], keys[i].state);
    }
}

#define STATES(...) ((const enum dkim_key_state[4]){__VA_ARGS__})
#define W DKIM_KEY_WAITING
#define S DKIM_KEY_SIGNING
#define R DKIM_KEY_RETIRED
#define G DKIM_KEY_GONE

static enum store_result rotate(struct task *t, struct store_bench *bench, bool is_forced) {
    return engine_dkim_rotate(t, bench->engine, SLICE("example.org"), is_forced);
}

static void rotate_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("other.test"), DOMAIN_LOCAL), STORE_OK);
    (void)waiting(bench, "", 0);
    assert_int_equal(rotate(t, bench, false), STORE_OK);
    assert_states(t, bench, STATES(S, S, W, W));
    assert_int_equal(rotate(t, bench, false), STORE_EXISTS);
    assert_int_equal(rotate(t, bench, true), STORE_EXISTS);
    (void)waiting(bench, "other.test", 0);
    struct dkim_waiting *next = waiting(bench, "example.org", 2);
    assert_slice(next[0].name, "ph2-rsa._domainkey.example.org");
    assert_slice(next[1].name, "ph2-ed25519._domainkey.example.org");
    assert_true(slice_equal(next[1].record, list(t, bench, "example.org", 4)[3].record));
    /* Each by itself. */
    assert_int_equal(engine_dkim_publish(t, bench->engine, next[1].id), STORE_OK);
    assert_states(t, bench, STATES(S, R, W, S));
    assert_int_equal(engine_dkim_publish(t, bench->engine, next[1].id), STORE_NOT_FOUND);
    assert_int_equal(engine_dkim_publish(t, bench->engine, next[0].id), STORE_OK);
    assert_states(t, bench, STATES(R, R, S, S));
    struct dkim_key *keys = list(t, bench, "example.org", 4);
    assert_int_equal(keys[0].until_ms - keys[0].since_ms, DKIM_RETIRED_MS);
    assert_int_equal(read_number(bench, "SELECT sum(length(sealed)) FROM dkim_key WHERE state = 3"), 0);
    /* The old ones stay for a week, and then their places are taken. */
    assert_int_equal(rotate(t, bench, false), STORE_REFUSED);
    run_sql(bench, "UPDATE dkim_key SET until_ms = 1 WHERE state = 3;");
    assert_states(t, bench, STATES(G, G, S, S));
    assert_int_equal(rotate(t, bench, false), STORE_OK);
    assert_states(t, bench, STATES(W, W, S, S));
    bench_reopen(t, bench);
    assert_states(t, bench, STATES(W, W, S, S));
}

static void keys_are_rotated_with_overlap(void **state) { bench_run(rotate_body, NULL); }

static void forced_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    assert_int_equal(rotate(t, bench, false), STORE_OK);
    struct dkim_waiting *next = waiting(bench, "", 2);
    assert_int_equal(engine_dkim_publish(t, bench->engine, next[0].id), STORE_OK);
    assert_int_equal(rotate(t, bench, true), STORE_EXISTS);
    assert_int_equal(engine_dkim_publish(t, bench->engine, next[1].id), STORE_OK);
    assert_int_equal(rotate(t, bench, true), STORE_OK);
    assert_states(t, bench, STATES(W, W, S, S));
    assert_int_equal(engine_dkim_rotate(t, bench->engine, SLICE("other.test"), false), STORE_NOT_FOUND);
}

static void retired_keys_can_be_replaced_by_force(void **state) { bench_run(forced_body, NULL); }

/* Keys take a while to be made; who has them made may have removed the domain meanwhile. */
struct late_keys {
    uint64_t domain;
    struct dkim_fresh fresh[DKIM_ALGORITHMS];
    bool is_next;
};

static enum store_result add_late_keys(struct commit *commit, void *argument) {
    const struct late_keys *late = argument;
    return late->is_next ? dkim_next_add(commit, late->domain, late->fresh, DKIM_ALGORITHMS, true)
                         : dkim_first_add(commit, late->domain, late->fresh, DKIM_ALGORITHMS);
}

static void late_body(struct task *t, struct store_bench *bench) {
    struct late_keys late = {.fresh = {{.algorithm = DKIM_RSA_SHA256, .place = 1},
                                       {.algorithm = DKIM_ED25519_SHA256, .place = 1}}};
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("second.test"), DOMAIN_LOCAL), STORE_OK);
    late.domain = (uint64_t)read_number(bench, "SELECT id FROM domain WHERE name = 'second.test'");
    assert_int_equal(engine_domain_remove(t, bench->engine, SLICE("second.test")), STORE_OK);
    int64_t before = read_number(bench, "SELECT count(*) FROM dkim_key");
    for (int i = 0; i < 2; i++) {
        struct commit_operation operation = {.run = add_late_keys, .argument = &late};
        late.is_next = i == 1;
        assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_NOT_FOUND);
    }
    assert_int_equal(read_number(bench, "SELECT count(*) FROM dkim_key"), before);
}

static void a_domain_that_went_meanwhile_gets_no_keys(void **state) { bench_run(late_body, NULL); }

/* ---- who signs ---- */

static uint64_t submit(struct task *t, struct store_bench *bench, const char *sender, uint64_t account,
                       unsigned properties) {
    struct queue_recipient recipient = {.address = SLICE("far@far.test")};
    struct delivery delivery = queue_delivery(bench, SLICE("Subject: x\r\n\r\n"), &recipient, 1);
    delivery.mail_from = slice_from_text(sender);
    delivery.account = account;
    delivery.properties = properties;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    return delivery.id;
}

static struct dkim_signers signers(struct task *t, struct store_bench *bench, uint64_t message,
                                   const char *from) {
    struct dkim_signers found;
    assert_int_equal(
        engine_dkim_signers(t, bench->engine, bench->arena, message, slice_from_text(from), &found),
        STORE_OK);
    return found;
}

struct who {
    const char *sender;
    bool is_account;
    unsigned properties;
    const char *from;
    const char *domain;
};

static const struct who whos[] = {
    /* Submitted: From's domain, where it is the sender's too, or the account's. */
    {"ann@example.org", true, 0, "ann@example.org", "example.org"},
    {"ann@example.org", true, 0, "Boss@EXAMPLE.org", "example.org"},
    {"ann@example.org", true, 0, "ann@second.test", "second.test"},
    {"ann@example.org", true, 0, "boss@second.test", "example.org"},
    {"ann@example.org", true, 0, "x@far.test", "example.org"},
    {"ann@example.org", true, 0, "", "example.org"},
    {"ann@example.org", true, 0, "no address", "example.org"},
    {"ann@second.test", true, 0, "ann@example.org", "example.org"},
    {"", true, 0, "ann@example.org", "example.org"},
    {"", true, 0, "boss@example.org", ""},
    {"", true, 0, "x@far.test", ""},
    /* From outside: nobody, whatever it says. */
    {"x@far.test", false, 0, "ann@example.org", ""},
    {"ann@example.org", false, 0, "ann@example.org", ""},
    {"", false, 0, "MAILER-DAEMON@mail.example.org", ""},
    /* From a network that is trusted. */
    {"app@example.org", false, OUTGOING_TRUSTED, "news@second.test", "second.test"},
    {"app@example.org", false, OUTGOING_TRUSTED, "x@far.test", "example.org"},
    {"x@far.test", false, OUTGOING_TRUSTED, "x@far.test", ""},
    {"", false, OUTGOING_TRUSTED, "", ""},
    /* Our own: the host's name, what is above it, or the first domain. */
    {"", false, OUTGOING_COMPOSED, "MAILER-DAEMON@second.test", "second.test"},
    {"", false, OUTGOING_COMPOSED, "MAILER-DAEMON@mail.second.test", "second.test"},
    {"", false, OUTGOING_COMPOSED, "MAILER-DAEMON@a.b.c.far.test", "example.org"},
    {"", false, OUTGOING_COMPOSED, "", "example.org"},
};

static void who_body(struct task *t, struct store_bench *bench) {
    struct alias alias = {SLICE("ann@second.test"), SLICE("ann@example.org")};
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("second.test"), DOMAIN_LOCAL), STORE_OK);
    assert_int_equal(engine_alias_add(t, bench->engine, &alias), STORE_OK);
    for (size_t i = 0; i < sizeof whos / sizeof whos[0]; i++) {
        const struct who *who = &whos[i];
        uint64_t message =
            submit(t, bench, who->sender, who->is_account ? bench->account : 0, who->properties);
        struct dkim_signers found = signers(t, bench, message, who->from);
        if (!slice_equal(found.domain, slice_from_text(who->domain)) ||
            found.count != (who->domain[0] ? 2 : 0))
            fail_msg("row %zu: '%.*s', %zu", i, SLICE_PRINT(found.domain), found.count);
    }
    struct dkim_signers found;
    assert_int_equal(engine_dkim_signers(t, bench->engine, bench->arena, 12345, SLICE("a@b.test"), &found),
                     STORE_NOT_FOUND);
}

static void who_signs_is_who_may(void **state) { bench_run(who_body, NULL); }

static enum store_result try_signers(struct task *t, struct store_bench *bench, uint64_t message,
                                     const char *from) {
    struct dkim_signers found;
    return engine_dkim_signers(t, bench->engine, bench->arena, message, slice_from_text(from), &found);
}

/* What the store cannot read now is no "may not": mail would leave without a signature, or with another. */
static void unread_body(struct task *t, struct store_bench *bench) {
    struct alias alias = {SLICE("ann@second.test"), SLICE("ann@example.org")};
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("second.test"), DOMAIN_LOCAL), STORE_OK);
    assert_int_equal(engine_alias_add(t, bench->engine, &alias), STORE_OK);
    uint64_t submitted = submit(t, bench, "ann@example.org", bench->account, 0);
    uint64_t composed = submit(t, bench, "", 0, OUTGOING_COMPOSED);
    run_sql(bench, "ALTER TABLE alias RENAME TO alias_gone;");
    assert_int_equal(try_signers(t, bench, submitted, "ann@second.test"), STORE_FAILED);
    run_sql(bench, "ALTER TABLE alias_gone RENAME TO alias; ALTER TABLE domain RENAME TO domain_gone;");
    assert_int_equal(try_signers(t, bench, composed, ""), STORE_FAILED);
    run_sql(bench, "ALTER TABLE domain_gone RENAME TO domain;");
    assert_slice(signers(t, bench, submitted, "ann@second.test").domain, "second.test");
    assert_slice(signers(t, bench, composed, "").domain, "example.org");
}

static void what_cannot_be_read_now_is_no_answer(void **state) { bench_run(unread_body, NULL); }

/* ---- who seals ---- */

static void sealer_body(struct task *t, struct store_bench *bench) {
    static const struct {
        bool is_account;
        unsigned properties;
        const char *domain;
    } rows[] = {{false, OUTGOING_CHAIN_NONE, "example.org"},
                {false, OUTGOING_CHAIN_PASS, "example.org"},
                {false, OUTGOING_CHAIN_FAIL, "example.org"},
                {false, 0, ""},
                {false, OUTGOING_TRUSTED, ""},
                {true, OUTGOING_CHAIN_NONE, ""}};
    struct dkim_signers found;
    bench_add_account(t, bench, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t message =
            submit(t, bench, "x@far.test", rows[i].is_account ? bench->account : 0, rows[i].properties);
        assert_int_equal(engine_dkim_sealers(t, bench->engine, bench->arena, message, &found), STORE_OK);
        if (!slice_equal(found.domain, slice_from_text(rows[i].domain))) fail_msg("row %zu", i);
        /* Nobody signs it as the sender. */
        if (!rows[i].is_account) assert_int_equal(signers(t, bench, message, "ann@far.test").count, 0);
    }
    assert_int_equal(engine_dkim_sealers(t, bench->engine, bench->arena, 12345, &found), STORE_NOT_FOUND);
    assert_int_equal(engine_dkim_signers_of(t, bench->engine, bench->arena, SLICE("example.org"), &found),
                     STORE_OK);
    assert_int_equal(found.count, 2);
    assert_int_equal(engine_dkim_signers_of(t, bench->engine, bench->arena, SLICE("far.test"), &found),
                     STORE_OK);
    assert_int_equal(found.count, 0);
}

static void our_first_domain_seals_what_came_from_strangers(void **state) { bench_run(sealer_body, NULL); }

/* ---- signing ---- */

static bool fits(const struct dkim_key *key, const uint8_t *digest, struct slice signature) {
    struct dkim_key_record record;
    struct dkim_public_key public;
    assert_int_equal(dkim_key_read(key->record, &record), DKIM_FAULT_NONE);
    assert_int_equal(dkim_public_key_open(&record, &public), DKIM_FAULT_NONE);
    bool is_right = dkim_public_key_fits(&public, digest, signature);
    dkim_public_key_close(&public);
    return is_right;
}

static void assert_signs(struct task *t, struct store_bench *bench, const struct dkim_key *keys) {
    struct dkim_digest digests[2];
    struct slice signatures[2];
    for (size_t i = 0; i < 2; i++) {
        digests[i].key = keys[i].id;
        memset(digests[i].digest, (int)i + 7, DKIM_DIGEST_BYTES);
    }
    assert_int_equal(
        engine_dkim_sign(t, bench->engine, bench->arena, SLICE("example.org"), digests, 2, signatures),
        STORE_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_true(fits(&keys[i], digests[i].digest, signatures[i]));
        digests[i].digest[3] ^= 1;
        assert_false(fits(&keys[i], digests[i].digest, signatures[i]));
    }
}

static void sign_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    struct dkim_key *keys = list(t, bench, "example.org", 2);
    assert_signs(t, bench, keys);
    assert_signs(t, bench, keys);
    bench_reopen(t, bench);
    assert_signs(t, bench, keys);
    struct dkim_digest digest = {.key = keys[0].id};
    struct slice signature;
    assert_int_equal(
        engine_dkim_sign(t, bench->engine, bench->arena, SLICE("other.test"), &digest, 1, &signature),
        STORE_NOT_FOUND);
    /* Another domain's, one that waits, one that is retired. */
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("other.test"), DOMAIN_LOCAL), STORE_OK);
    assert_int_equal(
        engine_dkim_sign(t, bench->engine, bench->arena, SLICE("other.test"), &digest, 1, &signature),
        STORE_NOT_FOUND);
    assert_int_equal(rotate(t, bench, false), STORE_OK);
    struct dkim_waiting *next = waiting(bench, "", 2);
    digest.key = next[0].id;
    assert_int_equal(
        engine_dkim_sign(t, bench->engine, bench->arena, SLICE("example.org"), &digest, 1, &signature),
        STORE_NOT_FOUND);
    assert_int_equal(engine_dkim_publish(t, bench->engine, next[0].id), STORE_OK);
    assert_int_equal(
        engine_dkim_sign(t, bench->engine, bench->arena, SLICE("example.org"), &digest, 1, &signature),
        STORE_OK);
    digest.key = keys[0].id;
    assert_int_equal(
        engine_dkim_sign(t, bench->engine, bench->arena, SLICE("example.org"), &digest, 1, &signature),
        STORE_NOT_FOUND);
}

static void a_domains_keys_sign_and_no_others(void **state) { bench_run(sign_body, NULL); }

/* Many at once, while keys change. */
enum { SIGNERS = 40 };
struct crowd {
    struct store_bench *bench;
    const struct dkim_key *keys;
    size_t signed_count;
    size_t ended;
};

static void sign_one(struct task *t, void *argument) {
    struct crowd *crowd = argument;
    struct dkim_digest digest = {.key = crowd->keys[1].id};
    struct slice signature;
    struct arena *arena = arena_new(MIB(1));
    enum store_result result =
        engine_dkim_sign(t, crowd->bench->engine, arena, SLICE("example.org"), &digest, 1, &signature);
    assert_true(result == STORE_OK || result == STORE_NOT_FOUND);
    if (result == STORE_OK) {
        assert_true(fits(&crowd->keys[1], digest.digest, signature));
        crowd->signed_count++;
    }
    crowd->ended++;
    arena_free(&arena);
}

static void crowd_body(struct task *t, struct store_bench *bench) {
    struct scope scope;
    bench_add_account(t, bench, 0);
    run_sql(bench, "DELETE FROM dkim_key;");
    /* Those that come for the first keys of a domain get the same. */
    struct crowd crowd = {.bench = bench, .keys = list(t, bench, "example.org", 2)};
    scope_init(&scope, bench->env);
    for (size_t i = 0; i < SIGNERS; i++) assert_true(scope_spawn(&scope, sign_one, &crowd));
    while (crowd.ended < SIGNERS / 2) assert_int_equal(task_sleep(t, 1), WAIT_OK);
    assert_int_equal(rotate(t, bench, false), STORE_OK);
    struct dkim_waiting *next = waiting(bench, "", 2);
    for (size_t i = 0; i < SIGNERS; i++) assert_true(scope_spawn(&scope, sign_one, &crowd));
    assert_int_equal(engine_dkim_publish(t, bench->engine, next[1].id), STORE_OK);
    while (crowd.ended < 2 * (size_t)SIGNERS) assert_int_equal(task_sleep(t, 1), WAIT_OK);
    assert_true(crowd.signed_count >= SIGNERS / 2);
    scope_close(t, &scope);
}

static void many_sign_at_once_while_keys_change(void **state) { bench_run(crowd_body, NULL); }

/* ---- the seal ---- */

static void sealed_body(struct task *t, struct store_bench *bench) {
    char path[128];
    struct stat status;
    bench_add_account(t, bench, 0);
    struct dkim_key *keys = list(t, bench, "example.org", 2);
    (void)snprintf(path, sizeof path, "%s/key/seal", bench->folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, DKIM_SEAL_BYTES);
    /* The key of the tests is not to be found in the database. */
    assert_int_equal(read_number(bench, "SELECT count(*) FROM dkim_key WHERE algorithm = 0 AND"
                                        " instr(sealed, X'020100300d06092a864886f70d01') > 0"),
                     0);
    assert_int_equal(read_number(bench, "SELECT count(*) FROM dkim_key WHERE algorithm = 0 AND"
                                        " length(sealed) > 500"),
                     1);
    assert_signs(t, bench, keys);
    /* Put in another's place, or without its seal, it signs nothing. */
    run_sql(bench, "UPDATE dkim_key SET place = 2 WHERE algorithm = 1;");
    uint64_t message = submit(t, bench, "ann@example.org", bench->account, 0);
    struct dkim_signers found = signers(t, bench, message, "ann@example.org");
    assert_int_equal(found.count, 1);
    assert_slice(found.signers[0].selector, "ph1-rsa");
    assert_int_equal(unlink(path), 0);
    bench_reopen(t, bench);
    found = signers(t, bench, message, "ann@example.org");
    assert_int_equal(found.count, 0);
    /* New ones are made, and sealed anew. */
    run_sql(bench, "DELETE FROM dkim_key;");
    found = signers(t, bench, message, "ann@example.org");
    assert_int_equal(found.count, 2);
}

static void private_keys_are_sealed(void **state) { bench_run(sealed_body, NULL); }

static void what_is_sealed_comes_back_for_its_own_name_only(void **state) {
    struct dkim_seal seal = {.is_open = true};
    struct dkim_seal other = {.is_open = true};
    uint8_t nonce[DKIM_NONCE_BYTES] = {1, 2, 3};
    memset(seal.key, 9, sizeof seal.key);
    memset(other.key, 8, sizeof other.key);
    struct buffer sealed = buffer_new(1000);
    struct buffer plain = buffer_new(1000);
    assert_true(dkim_seal_put(&seal, nonce, SLICE("name"), SLICE("the secret"), &sealed));
    assert_int_equal(slice_find(buffer_slice(&sealed), SLICE("secret")), SLICE_NOT_FOUND);
    assert_true(dkim_seal_get(&seal, SLICE("name"), buffer_slice(&sealed), &plain));
    assert_slice(buffer_slice(&plain), "the secret");
    buffer_clear(&plain);
    assert_false(dkim_seal_get(&seal, SLICE("eman"), buffer_slice(&sealed), &plain));
    assert_false(dkim_seal_get(&other, SLICE("name"), buffer_slice(&sealed), &plain));
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 1;
        assert_false(dkim_seal_get(&seal, SLICE("name"), buffer_slice(&sealed), &plain));
        sealed.ptr[i] ^= 1;
        assert_false(dkim_seal_get(&seal, SLICE("name"), slice_of(sealed.ptr, i), &plain));
    }
    assert_int_equal(plain.len, 0);
    buffer_free(&sealed);
    buffer_free(&plain);
}

/* The only test with a key that is made: 2048 bits. */
static void made_body(struct task *t, struct store_bench *bench) {
    bench->engine->dkim.rsa_key = SLICE_EMPTY;
    bench_add_account(t, bench, 0);
    struct dkim_key *keys = list(t, bench, "example.org", 2);
    struct dkim_key_record record;
    struct dkim_public_key public;
    assert_int_equal(dkim_key_read(keys[0].record, &record), DKIM_FAULT_NONE);
    assert_int_equal(dkim_public_key_open(&record, &public), DKIM_FAULT_NONE);
    assert_int_equal(public.bits, 2048);
    dkim_public_key_close(&public);
    assert_signs(t, bench, keys);
}

static void rsa_keys_have_2048_bits(void **state) { bench_run(made_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_domain_has_keys_that_sign),
        cmocka_unit_test(a_domain_of_before_gets_its_first_keys_when_they_are_needed),
        cmocka_unit_test(a_domain_takes_its_keys_with_it),
        cmocka_unit_test(keys_are_rotated_with_overlap),
        cmocka_unit_test(retired_keys_can_be_replaced_by_force),
        cmocka_unit_test(a_domain_that_went_meanwhile_gets_no_keys),
        cmocka_unit_test(who_signs_is_who_may),
        cmocka_unit_test(what_cannot_be_read_now_is_no_answer),
        cmocka_unit_test(our_first_domain_seals_what_came_from_strangers),
        cmocka_unit_test(a_domains_keys_sign_and_no_others),
        cmocka_unit_test(many_sign_at_once_while_keys_change),
        cmocka_unit_test(private_keys_are_sealed),
        cmocka_unit_test(what_is_sealed_comes_back_for_its_own_name_only),
        cmocka_unit_test(rsa_keys_have_2048_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
