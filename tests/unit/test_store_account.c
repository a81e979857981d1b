/* Who is who: domains, accounts, aliases, where mail goes, passwords. */
#include "store_bench.h"

#include <argon2.h>

#include "store/db.h"
#include "store/engine_state.h"
#include "store/password.h"

static struct address_route resolve(struct store_bench *bench, const char *address) {
    struct address_route route = {0};
    assert_int_equal(engine_address_resolve(bench->engine, bench->arena, slice_from_text(address), &route),
                     STORE_OK);
    return route;
}

static void add_alias(struct task *t, struct store_bench *bench, const char *address, const char *target) {
    struct alias alias = {slice_from_text(address), slice_from_text(target)};
    assert_int_equal(engine_alias_add(t, bench->engine, &alias), STORE_OK);
}

static void expect_ann(struct store_bench *bench, const char *address) {
    struct address_route route = resolve(bench, address);
    assert_int_equal(route.kind, ADDRESS_LOCAL);
    assert_int_equal(route.target_count, 1);
    assert_int_equal(route.targets[0].account, bench->account);
    assert_slice(route.targets[0].address, "ann@example.org");
}

static void routes_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    expect_ann(bench, "ann@example.org");
    expect_ann(bench, "ANN@EXAMPLE.ORG");
    expect_ann(bench, "ann+lists@example.org");
    expect_ann(bench, "postmaster@example.org");
    expect_ann(bench, "Postmaster");
    assert_int_equal(resolve(bench, "bob@example.org").kind, ADDRESS_UNKNOWN_USER);
    assert_int_equal(resolve(bench, "ann@example.net").kind, ADDRESS_ELSEWHERE);
    assert_int_equal(resolve(bench, "ann").kind, ADDRESS_ELSEWHERE);
    assert_int_equal(resolve(bench, "' OR 1=1 --@example.org").kind, ADDRESS_UNKNOWN_USER);
    add_alias(t, bench, "sales@example.org", "ann@example.org");
    expect_ann(bench, "sales+x@example.org");
    add_alias(t, bench, "@example.org", "sales@example.org");
    expect_ann(bench, "whoever@example.org");
}

static void mail_for_us_finds_its_account(void **state) { bench_run(routes_body, NULL); }

static void alias_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    add_alias(t, bench, "a@example.org", "b@example.org");
    add_alias(t, bench, "b@example.org", "a@example.org");
    assert_int_equal(resolve(bench, "a@example.org").kind, ADDRESS_UNKNOWN_USER);
    add_alias(t, bench, "b@example.org", "ann@example.org");
    add_alias(t, bench, "b@example.org", "out@example.net");
    struct address_route route = resolve(bench, "a@example.org");
    assert_int_equal(route.kind, ADDRESS_LOCAL);
    assert_int_equal(route.target_count, 2);
    assert_int_equal(route.targets[1].account, 0);
    assert_slice(route.targets[1].address, "out@example.net");
    struct alias none = {SLICE("b@example.org"), SLICE_EMPTY};
    assert_int_equal(engine_alias_remove(t, bench->engine, &none), STORE_OK);
    assert_int_equal(engine_alias_remove(t, bench->engine, &none), STORE_NOT_FOUND);
    struct alias other = {SLICE("x@example.net"), SLICE("ann@example.org")};
    assert_int_equal(engine_alias_add(t, bench->engine, &other), STORE_NOT_FOUND);
    struct alias account = {SLICE("ann@example.org"), SLICE("x@example.net")};
    assert_int_equal(engine_alias_add(t, bench->engine, &account), STORE_EXISTS);
}

static void aliases_may_nest_and_go_in_circles(void **state) { bench_run(alias_body, NULL); }

static void refused_body(struct task *t, struct store_bench *bench) {
    static const char *const bad[] = {"ann",
                                      "@example.org",
                                      "a b@example.org",
                                      ".a@example.org",
                                      "a..b@example.org",
                                      "a@b@example.org",
                                      "a\"@example.org"};
    uint64_t id = 0;
    bench_add_account(t, bench, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(engine_account_add(t, bench->engine, slice_from_text(bad[i]), SLICE("pw"), 0, &id),
                         STORE_REFUSED);
    assert_int_equal(engine_account_add(t, bench->engine, SLICE("a@other.org"), SLICE("pw"), 0, &id),
                     STORE_NOT_FOUND);
    assert_int_equal(engine_account_add(t, bench->engine, SLICE("ANN@example.org"), SLICE("pw"), 0, &id),
                     STORE_EXISTS);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("EXAMPLE.org"), DOMAIN_LOCAL), STORE_EXISTS);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("exa mple.org"), DOMAIN_LOCAL), STORE_REFUSED);
    assert_int_equal(engine_domain_remove(t, bench->engine, SLICE("example.org")), STORE_REFUSED);
    bench_deliver(t, bench, SLICE("text"));
    assert_int_equal(engine_account_remove(t, bench->engine, SLICE("ann@example.org")), STORE_OK);
    assert_true(bench->last_news.is_deleted);
    assert_int_equal(engine_domain_remove(t, bench->engine, SLICE("example.org")), STORE_OK);
    struct verify_report report;
    assert_int_equal(engine_verify(t, bench->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    assert_int_equal(report.messages, 0);
}

static void what_is_no_address_is_refused_and_what_is_in_use_stays(void **state) {
    bench_run(refused_body, NULL);
}

static enum store_result check(struct task *t, struct store_bench *bench, const char *user,
                               const char *password) {
    struct account account;
    return engine_password_check(t, bench->engine, bench->arena, slice_from_text(user),
                                 slice_from_text(password), &account);
}

static void password_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    assert_int_equal(check(t, bench, "Ann@example.ORG", "secret"), STORE_OK);
    assert_int_equal(check(t, bench, "ann@example.org", "secret"), STORE_OK);
    assert_int_equal(check(t, bench, "ann@example.org", "Secret"), STORE_DENIED);
    assert_int_equal(check(t, bench, "ann@example.org", ""), STORE_DENIED);
    assert_int_equal(check(t, bench, "bob@example.org", "secret"), STORE_DENIED);
    assert_int_equal(check(t, bench, "%{x}'*)(", "secret"), STORE_DENIED);
    assert_int_equal(check(t, bench, "", ""), STORE_DENIED);
    assert_int_equal(engine_account_password(t, bench->engine, SLICE("ann@example.org"), SLICE("new")),
                     STORE_OK);
    assert_int_equal(check(t, bench, "ann@example.org", "secret"), STORE_DENIED);
    assert_int_equal(check(t, bench, "ann@example.org", "new"), STORE_OK);
    bench_reopen(t, bench);
    assert_int_equal(check(t, bench, "ann@example.org", "new"), STORE_OK);
}

static void a_changed_password_counts_at_once(void **state) { bench_run(password_body, NULL); }

/* RFC 4013 3: a soft hyphen goes, and the feminine ordinal and the Roman nine are their letters. */
static void prepared_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    static const struct {
        const char *set;
        const char *typed;
    } rows[] = {
        {"I\xc2\xadX", "IX"},
        {"\xc2\xaa", "a"},
        {"\xe2\x85\xa8", "IX"},
        {"u\xcc\x88"
         "ber",
         "\xc3\xbc"
         "ber"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            engine_account_password(t, bench->engine, SLICE("ann@example.org"), slice_from_text(rows[i].set)),
            STORE_OK);
        assert_int_equal(check(t, bench, "ann@example.org", rows[i].typed), STORE_OK);
        assert_int_equal(check(t, bench, "ann@example.org", rows[i].set), STORE_OK);
        assert_int_equal(check(t, bench, "ann@example.org", "other"), STORE_DENIED);
    }
    assert_int_equal(engine_account_password(t, bench->engine, SLICE("ann@example.org"), SLICE("a\x07")),
                     STORE_REFUSED);
    assert_int_equal(engine_account_password(t, bench->engine, SLICE("ann@example.org"), SLICE("\xff")),
                     STORE_REFUSED);
    assert_int_equal(check(t, bench, "ann@example.org", rows[3].typed), STORE_OK);
}

static void a_password_is_the_same_however_it_is_typed(void **state) { bench_run(prepared_body, NULL); }

/* As an older version stored it: the hash of the bytes as they were typed. */
static void unprepared_body(struct task *t, struct store_bench *bench) {
    char hash[PASSWORD_HASH_TEXT_BYTES];
    char path[128];
    struct db *db = NULL;
    static const char typed[] = "\xe2\x85\xa8\tx";
    static const char write_hash[] = "UPDATE credential SET hash = $1";
    bench_add_account(t, bench, 0);
    assert_int_equal(argon2id_hash_encoded(1, 64, 1, typed, sizeof typed - 1, "0123456789abcdef", 16, 32,
                                           hash, sizeof hash),
                     ARGON2_OK);
    (void)snprintf(path, sizeof path, "%s/store.db", bench->folder);
    bench_close(t, bench);
    assert_int_equal(db_open(bench->env, path, DB_WRITE, &db), 0);
    DB_RUN(db, write_hash, DB_TEXT(slice_from_text(hash)));
    db_close(&db);
    bench_open(bench);
    assert_int_equal(check(t, bench, "ann@example.org", typed), STORE_OK);
    assert_int_equal(check(t, bench, "ann@example.org", "IX\tx"), STORE_DENIED);
}

static void a_hash_of_a_password_as_typed_stays_good(void **state) { bench_run(unprepared_body, NULL); }

/* What the reference implementation makes is understood, and the other way round. */
static void hashes_are_those_of_the_reference_implementation(void **state) {
    (void)state;
    static const uint8_t salt[PASSWORD_HASH_SALT_BYTES] = "0123456789abcdef";
    char text[PASSWORD_HASH_TEXT_BYTES];
    assert_true(password_hash_make(SLICE("secret"), salt, 64, text));
    assert_int_equal(argon2id_verify(text, "secret", 6), ARGON2_OK);
    assert_int_equal(argon2id_verify(text, "Secret", 6), ARGON2_VERIFY_MISMATCH);
    for (uint32_t lanes = 1; lanes <= 3; lanes++) {
        assert_int_equal(argon2id_hash_encoded(lanes, 64, lanes, "secret", 6, salt, 8 + lanes, 20 + lanes,
                                               text, sizeof text),
                         ARGON2_OK);
        assert_true(password_hash_matches(text, SLICE("secret")));
        assert_false(password_hash_matches(text, SLICE("secret ")));
        assert_false(password_hash_matches(text, SLICE_EMPTY));
    }
}

/* It is a whole hash to whoever tries: only no password is its own. */
static void a_hash_of_nobody_is_tried_like_others(void **state) {
    (void)state;
    static const uint8_t salt[PASSWORD_HASH_SALT_BYTES] = "0123456789abcdef";
    static const uint8_t hash[PASSWORD_HASH_BYTES] = "not made of any password at all";
    char text[PASSWORD_HASH_TEXT_BYTES];
    assert_true(password_hash_of_nobody(salt, hash, 64, text));
    assert_int_equal(argon2id_verify(text, "secret", 6), ARGON2_VERIFY_MISMATCH);
    assert_false(password_hash_matches(text, SLICE("secret")));
    assert_false(password_hash_matches(text, SLICE_EMPTY));
}

static void a_damaged_hash_matches_nothing(void **state) {
    (void)state;
    static const uint8_t salt[PASSWORD_HASH_SALT_BYTES] = "0123456789abcdef";
    char text[PASSWORD_HASH_TEXT_BYTES];
    assert_true(password_hash_make(SLICE("secret"), salt, 64, text));
    for (size_t len = 0; len < strlen(text); len++) {
        char cut[PASSWORD_HASH_TEXT_BYTES] = {0};
        memcpy(cut, text, len);
        assert_false(password_hash_matches(cut, SLICE("secret")));
    }
    static const char *const others[] = {
        "$argon2i$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAA",
        "$argon2id$v=16$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAA",
        "$argon2id$v=19$m=64,t=0,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAA",
        "$argon2id$v=19$m=4294967295,t=1,p=0$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAA",
        "$argon2id$v=19$m=64,t=2,p=1$$",
        "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAA!",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(password_hash_matches(others[i], SLICE("secret")));
}

static void scram_body(struct task *t, struct store_bench *bench) {
    struct scram_secret known;
    struct scram_secret unknown;
    struct scram_secret again;
    struct account account;
    bench_add_account(t, bench, 0);
    assert_int_equal(
        engine_scram_secret(bench->engine, bench->arena, SLICE("ann@example.org"), 32, &known, &account),
        STORE_OK);
    assert_int_equal(account.id, bench->account);
    assert_true(known.iterations >= 4096);
    assert_int_equal(
        engine_scram_secret(bench->engine, bench->arena, SLICE("bob@example.org"), 32, &unknown, &account),
        STORE_OK);
    assert_int_equal(account.id, 0);
    assert_int_equal(unknown.iterations, known.iterations);
    bench_reopen(t, bench);
    assert_int_equal(
        engine_scram_secret(bench->engine, bench->arena, SLICE("BOB@example.org"), 32, &again, &account),
        STORE_OK);
    assert_memory_equal(again.salt, unknown.salt, sizeof again.salt);
}

static void unknown_users_have_stable_scram_salts(void **state) { bench_run(scram_body, NULL); }

static void quota_body(struct task *t, struct store_bench *bench) {
    uint64_t other = 0;
    bench_add_account(t, bench, 10);
    assert_int_equal(engine_account_add(t, bench->engine, SLICE("bob@example.org"), SLICE("pw"), 0, &other),
                     STORE_OK);
    struct delivery large = bench_delivery(bench, SLICE("twelve bytes"));
    assert_int_equal(engine_deliver(t, bench->engine, &large), STORE_OVER_QUOTA);
    /* With another recipient it may pass the limit once, and then no more. */
    uint64_t both[] = {bench->account, other};
    large.accounts = both;
    large.account_count = 2;
    assert_int_equal(engine_deliver(t, bench->engine, &large), STORE_OK);
    struct address_route route = resolve(bench, "ann@example.org");
    assert_true(route.targets[0].is_over_quota);
    struct delivery more = bench_delivery(bench, SLICE("x"));
    more.accounts = both;
    more.account_count = 2;
    assert_int_equal(engine_deliver(t, bench->engine, &more), STORE_OVER_QUOTA);
    struct account account;
    assert_int_equal(engine_account_find(bench->engine, bench->arena, SLICE("bob@example.org"), &account),
                     STORE_OK);
    assert_int_equal(account.message_count, 1);
    assert_int_equal(account.used_bytes, 12);
}

static void quotas_hold_and_do_not_hold_up_others(void **state) { bench_run(quota_body, NULL); }

static enum store_result log_in(struct task *t, struct store_bench *bench, struct slice user,
                                struct slice secret, struct account *account) {
    return engine_password_check(t, bench->engine, bench->arena, user, secret, account);
}

static void grant_body(struct task *t, struct store_bench *bench) {
    struct slice user;
    struct slice secret;
    struct account account;
    engine_grant(bench->engine, bench->arena, &user, &secret);
    assert_int_equal(log_in(t, bench, user, secret, &account), STORE_OK);
    assert_true(account_is_probe(account.id));
    assert_int_equal(log_in(t, bench, user, secret, &account), STORE_DENIED);
    engine_grant(bench->engine, bench->arena, &user, &secret);
    assert_int_equal(log_in(t, bench, user, SLICE("guess"), &account), STORE_DENIED);
    assert_int_equal(log_in(t, bench, user, secret, &account), STORE_DENIED);
    assert_int_equal(account.id, 0);
}

static void a_health_login_works_once_whoever_uses_it(void **state) { bench_run(grant_body, NULL); }

static void late_grant_body(struct task *t, struct store_bench *bench) {
    struct slice user;
    struct slice secret;
    struct account account;
    engine_grant(bench->engine, bench->arena, &user, &secret);
    bench->engine->grants.at[0].until_ms = env_now_ms(task_env(t));
    assert_int_equal(log_in(t, bench, user, secret, &account), STORE_DENIED);
}

static void a_health_login_ends_with_its_time(void **state) { bench_run(late_grant_body, NULL); }

/* Each is asked twice before something changes, so that whoever remembers answers remembers. */
static enum address_kind resolve_twice(struct store_bench *bench, const char *address) {
    enum address_kind kind = resolve(bench, address).kind;
    assert_int_equal(resolve(bench, address).kind, kind);
    return kind;
}

static void changes_body(struct task *t, struct store_bench *bench) {
    struct alias alias = {.address = SLICE("team@example.org"), .target = SLICE("ann@example.org")};
    uint64_t bob = 0;
    bench_add_account(t, bench, 0);
    assert_int_equal(resolve_twice(bench, "team@example.org"), ADDRESS_UNKNOWN_USER);
    assert_int_equal(engine_alias_add(t, bench->engine, &alias), STORE_OK);
    assert_int_equal(resolve_twice(bench, "team@example.org"), ADDRESS_LOCAL);
    assert_int_equal(engine_account_add(t, bench->engine, SLICE("bob@example.org"), SLICE("pw"), 0, &bob),
                     STORE_OK);
    alias.target = SLICE("bob@example.org");
    assert_int_equal(engine_alias_add(t, bench->engine, &alias), STORE_OK);
    assert_int_equal(resolve(bench, "team@example.org").target_count, 2);
    assert_int_equal(resolve(bench, "team@example.org").target_count, 2);
    assert_int_equal(engine_account_remove(t, bench->engine, SLICE("bob@example.org")), STORE_OK);
    assert_int_equal(resolve_twice(bench, "bob@example.org"), ADDRESS_UNKNOWN_USER);
    assert_int_equal(resolve(bench, "team@example.org").target_count, 1);
    alias.target = SLICE_EMPTY;
    assert_int_equal(engine_alias_remove(t, bench->engine, &alias), STORE_OK);
    assert_int_equal(resolve_twice(bench, "team@example.org"), ADDRESS_UNKNOWN_USER);
    assert_int_equal(resolve_twice(bench, "ann@example.org"), ADDRESS_LOCAL);
    assert_int_equal(resolve_twice(bench, "ann+list@example.org"), ADDRESS_LOCAL);
}

static void a_change_of_the_directory_counts_at_once(void **state) { bench_run(changes_body, NULL); }

static void full_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 10);
    assert_int_equal(resolve_twice(bench, "ann@example.org"), ADDRESS_LOCAL);
    assert_false(resolve(bench, "ann@example.org").targets[0].is_over_quota);
    bench_deliver(t, bench, SLICE("ten bytes!"));
    assert_true(resolve(bench, "ann@example.org").targets[0].is_over_quota);
}

static void an_account_that_became_full_is_seen_at_once(void **state) { bench_run(full_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_health_login_works_once_whoever_uses_it),
        cmocka_unit_test(a_health_login_ends_with_its_time),
        cmocka_unit_test(mail_for_us_finds_its_account),
        cmocka_unit_test(aliases_may_nest_and_go_in_circles),
        cmocka_unit_test(what_is_no_address_is_refused_and_what_is_in_use_stays),
        cmocka_unit_test(a_changed_password_counts_at_once),
        cmocka_unit_test(a_password_is_the_same_however_it_is_typed),
        cmocka_unit_test(hashes_are_those_of_the_reference_implementation),
        cmocka_unit_test(a_hash_of_nobody_is_tried_like_others),
        cmocka_unit_test(a_damaged_hash_matches_nothing),
        cmocka_unit_test(a_hash_of_a_password_as_typed_stays_good),
        cmocka_unit_test(unknown_users_have_stable_scram_salts),
        cmocka_unit_test(a_change_of_the_directory_counts_at_once),
        cmocka_unit_test(an_account_that_became_full_is_seen_at_once),
        cmocka_unit_test(quotas_hold_and_do_not_hold_up_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
