/* How the way to a host is secured, and by whose word: DANE, MTA-STS, the sender, nobody. Certificates
   themselves are checked in tests/e2e/test_out_tls.py; here TLS is the simulator's, which takes them all. */
#include "certificate.h"
#include "courier_bench.h"

#define URL "https://mta-sts.far.test/.well-known/mta-sts.txt"
#define POLICY(mode, mx) "version: STSv1\nmode: " mode "\n" mx "max_age: 604800\n"
#define MX1 "mx: mx1.far.test\n"
#define MX2 "mx: MX2.far.test\n"
#define NAMED MX1 MX2
#define TLSA_USABLE \
    "\3\1\1"        \
    "0123456789abcdef0123456789abcdef"
#define TLSA_UNUSABLE \
    "\1\1\1"          \
    "0123456789abcdef0123456789abcdef"
#define BYTES(literal) slice_of(literal, sizeof(literal) - 1)
#define BYTES_INIT(literal) \
    { (const uint8_t *)(literal), sizeof(literal) - 1 }
enum { DAY_MS = 24 * 3600 * 1000 };

static struct bench *tls_bench_new(const char *offers) {
    struct bench *bench = bench_new(1);
    bench->settings.tls_roots_pem = slice_from_text(test_certificate);
    for (size_t i = 0; i < HOSTS; i++) {
        bench->hosts[i].offers = offers;
        bench->hosts[i].has_tls = true;
    }
    (void)bench_add(bench, "Subject: x\r\n\r\nx\r\n", 1);
    return bench;
}

#define STARTTLS "250-STARTTLS\r\n"
#define REQUIRETLS STARTTLS "250-REQUIRETLS\r\n"

static struct bench *strict_bench_new(const char *offers) {
    struct bench *bench = tls_bench_new(offers);
    bench->messages[0].properties = OUTGOING_REQUIRES_TLS;
    return bench;
}

static void publish(struct bench *bench, const char *id, const char *policy) {
    uint8_t text[64];
    int len = snprintf((char *)text + 1, sizeof text - 1, "v=STSv1; id=%s;", id);
    text[0] = (uint8_t)len;
    sim_dns_forget(bench->world, "_mta-sts.far.test");
    sim_dns_add(bench->world, "_mta-sts.far.test", DNS_TXT, slice_of(text, (size_t)len + 1), 0);
    sim_dns_forget(bench->world, "mta-sts.far.test");
    add_address(bench->world, "mta-sts.far.test", "11.0.0.9");
    sim_fetch_plan(bench->world, URL, FETCH_OK, 200, slice_from_text(policy));
}

/* The store has kept it for so long; keep_fresh adds what time it is. */
static void keep(struct bench *bench, const char *policy, int64_t age_ms, int64_t left_ms) {
    buffer_append_text(&bench->policy_text, policy);
    buffer_append_text(&bench->policy_id, "1");
    bench->policy = (struct sts_policy){.domain = SLICE("far.test"),
                                        .id = buffer_slice(&bench->policy_id),
                                        .text = buffer_slice(&bench->policy_text)};
    bench->policy.fetched_ms = bench->policy.tried_ms = -age_ms;
    bench->policy.expires_ms = left_ms;
}

static void secure(struct bench *bench) {
    static const char *const names[] = {"far.test", "mx1.far.test", "mx2.far.test"};
    for (size_t i = 0; i < 3; i++) sim_dns_secure(bench->world, names[i]);
}

static void add_tlsa(struct bench *bench, const char *name, struct slice data) {
    sim_dns_add(bench->world, name, DNS_TLSA, data, 60);
    sim_dns_secure(bench->world, name);
}

static void check(struct bench *bench, enum queue_outcome outcome, const char *status, const char *said) {
    const struct settled *settled = &bench->settled[0];
    assert_true(bench->settled_count > 0);
    if (settled->outcome != outcome || strcmp(settled->status, status) != 0)
        fail_msg("outcome %d, status %s, reply %s\n%s", settled->outcome, settled->status, settled->reply,
                 bench->record);
    if (!strstr(bench->record, said) && !strstr(settled->reply, said))
        fail_msg("not said: %s\n%s\n%s", said, settled->reply, bench->record);
    if (outcome != QUEUE_DELIVERED) assert_int_equal(bench->hosts[0].taken + bench->hosts[1].taken, 0);
}

static void run(struct bench *bench, enum queue_outcome outcome, const char *status, const char *said) {
    bench_run(bench);
    check(bench, outcome, status, said);
}

static void assert_result(const struct bench *bench, size_t at, enum tls_policy_type policy,
                          enum tls_result_type result, const char *host) {
    assert_true(bench->tls_count > at);
    assert_int_equal(bench->tls[at].policy, policy);
    assert_int_equal(bench->tls[at].result, result);
    assert_string_equal(bench->tls_hosts[at], host);
}

/* ---- MTA-STS ---- */

static void without_a_policy_tls_is_used_where_it_is_offered(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    run(bench, QUEUE_DELIVERED, "2.0.0", "TLS_AES_256_GCM_SHA384 by opportunistic\n");
    assert_int_equal(bench->hosts[0].tls_sessions, 1);
    assert_result(bench, 0, TLS_POLICY_NONE, TLS_RESULT_SUCCESS, "mx1.far.test");
    bench_free(&bench);
    bench = tls_bench_new("");
    run(bench, QUEUE_DELIVERED, "2.0.0", "MAIL FROM");
    assert_result(bench, 0, TLS_POLICY_NONE, TLS_RESULT_STARTTLS_NOT_SUPPORTED, "mx1.far.test");
    bench_free(&bench);
}

static void a_policy_in_force_is_kept(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    publish(bench, "7", POLICY("enforce", NAMED));
    run(bench, QUEUE_DELIVERED, "2.0.0", "mta-sts policy 7: enforce\n");
    assert_non_null(strstr(bench->record, "by mta-sts\n"));
    assert_result(bench, 0, TLS_POLICY_STS, TLS_RESULT_SUCCESS, "mx1.far.test");
    assert_int_equal(bench->policies_kept, 1);
    assert_slice(bench->policy.id, "7");
    assert_int_equal(bench->policy.expires_ms - bench->policy.fetched_ms, 604800000);
    bench_free(&bench);
}

static void hosts_that_the_policy_does_not_name_get_no_mail(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    publish(bench, "7", POLICY("enforce", MX2));
    run(bench, QUEUE_DELIVERED, "2.0.0", "by mta-sts\n");
    assert_int_equal(bench->hosts[0].connections, 0);
    assert_int_equal(bench->hosts[1].taken, 1);
    assert_result(bench, 0, TLS_POLICY_STS, TLS_RESULT_VALIDATION_FAILURE, "mx1.far.test");
    bench_free(&bench);
    bench = tls_bench_new(STARTTLS);
    publish(bench, "7", POLICY("enforce", "mx: *.other.test\n"));
    run(bench, QUEUE_DEFERRED, "4.7.5", "MTA-STS policy does not name this host");
    assert_int_equal(bench->hosts[0].connections + bench->hosts[1].connections, 0);
    bench_free(&bench);
}

static void without_tls_a_policy_lets_nothing_go(void **state) {
    struct bench *bench = tls_bench_new("");
    publish(bench, "7", POLICY("enforce", NAMED));
    run(bench, QUEUE_DEFERRED, "4.7.10", "TLS is required, and the host offers none");
    assert_result(bench, 0, TLS_POLICY_STS, TLS_RESULT_STARTTLS_NOT_SUPPORTED, "mx1.far.test");
    bench_free(&bench);
}

static void a_policy_in_testing_only_tells(void **state) {
    struct bench *bench = tls_bench_new("");
    publish(bench, "7", POLICY("testing", MX2));
    run(bench, QUEUE_DELIVERED, "2.0.0", "not named by the mta-sts policy\n");
    assert_int_equal(bench->hosts[0].taken, 1);
    assert_result(bench, 0, TLS_POLICY_STS, TLS_RESULT_VALIDATION_FAILURE, "mx1.far.test");
    bench_free(&bench);
    bench = tls_bench_new(STARTTLS);
    publish(bench, "7", POLICY("testing", NAMED));
    run(bench, QUEUE_DELIVERED, "2.0.0", "by mta-sts (testing)\n");
    bench_free(&bench);
    bench = tls_bench_new("");
    publish(bench, "7", POLICY("none", ""));
    run(bench, QUEUE_DELIVERED, "2.0.0", "MAIL FROM");
    bench_free(&bench);
}

/* RFC 8461 5.1 */
static void a_policy_that_cannot_be_had_stops_no_mail(void **state) {
    static const struct {
        enum fetch_result result;
        unsigned status;
        enum tls_result_type told;
    } rows[] = {{FETCH_OK, 302, TLS_RESULT_STS_FETCH_ERROR},
                {FETCH_UNTRUSTED, 0, TLS_RESULT_STS_WEBPKI_INVALID},
                {FETCH_TOO_LARGE, 0, TLS_RESULT_STS_INVALID},
                {FETCH_TIMEOUT, 0, TLS_RESULT_STS_FETCH_ERROR}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench *bench = tls_bench_new("");
        publish(bench, "7", "");
        sim_fetch_plan(bench->world, URL, rows[i].result, rows[i].status,
                       slice_from_text(POLICY("enforce", NAMED)));
        run(bench, QUEUE_DELIVERED, "2.0.0", "mta-sts policy cannot be had: ");
        assert_result(bench, 0, TLS_POLICY_STS, rows[i].told, "");
        assert_result(bench, 1, TLS_POLICY_NONE, TLS_RESULT_STARTTLS_NOT_SUPPORTED, "mx1.far.test");
        bench_free(&bench);
    }
}

static void keep_fresh(struct task *t, struct bench *bench) {
    int64_t now_ms = env_wall_ms(task_env(t));
    bench->policy.fetched_ms += now_ms;
    bench->policy.expires_ms += now_ms;
    bench->policy.tried_ms += now_ms;
    assert_int_equal(store_session(t, bench), IPC_OK);
}

static void a_kept_policy_holds_until_it_expires(void **state) {
    struct bench *bench = tls_bench_new("");
    keep(bench, POLICY("enforce", NAMED), DAY_MS / 2, 1000);
    bench->body = keep_fresh;
    /* Whoever is in the way of DNS, too, and of the web server, cannot take it away. */
    run(bench, QUEUE_DEFERRED, "4.7.10", "mta-sts policy 1: enforce\n");
    bench_free(&bench);
    bench = tls_bench_new("");
    keep(bench, POLICY("enforce", NAMED), DAY_MS / 2, 1000);
    bench->body = keep_fresh;
    publish(bench, "2", "");
    sim_fetch_plan(bench->world, URL, FETCH_UNREACHABLE, 0, SLICE_EMPTY);
    run(bench, QUEUE_DEFERRED, "4.7.10", "mta-sts policy 1: enforce\n");
    assert_int_equal(bench->policies_kept, 1);
    assert_slice(bench->policy.text, POLICY("enforce", NAMED));
    bench_free(&bench);
    bench = tls_bench_new("");
    keep(bench, POLICY("enforce", NAMED), DAY_MS / 2, 0);
    bench->body = keep_fresh;
    run(bench, QUEUE_DELIVERED, "2.0.0", "MAIL FROM");
    bench_free(&bench);
}

static void a_new_id_brings_the_new_policy(void **state) {
    struct bench *bench = tls_bench_new("");
    keep(bench, POLICY("enforce", NAMED), DAY_MS / 2, DAY_MS);
    bench->body = keep_fresh;
    publish(bench, "2", POLICY("none", ""));
    run(bench, QUEUE_DELIVERED, "2.0.0", "MAIL FROM");
    assert_slice(bench->policy.id, "2");
    bench_free(&bench);
    /* Without one what there is stays, as long as it is not old. */
    bench = tls_bench_new("");
    keep(bench, POLICY("enforce", NAMED), DAY_MS / 2, DAY_MS);
    bench->body = keep_fresh;
    publish(bench, "1", POLICY("none", ""));
    run(bench, QUEUE_DEFERRED, "4.7.10", "mta-sts policy 1: enforce\n");
    bench_free(&bench);
    bench = tls_bench_new("");
    keep(bench, POLICY("enforce", NAMED), 2 * DAY_MS, DAY_MS);
    bench->body = keep_fresh;
    publish(bench, "1", POLICY("none", ""));
    run(bench, QUEUE_DELIVERED, "2.0.0", "MAIL FROM");
    bench_free(&bench);
}

static void a_store_that_does_not_say_lets_mail_wait(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    bench->hides_policies = true;
    run(bench, QUEUE_DEFERRED, "4.3.0", "policy is not known now");
    bench_free(&bench);
}

static void wait_days(struct task *t, struct bench *bench) {
    keep_fresh(t, bench);
    assert_int_equal(task_sleep(t, 3 * (int64_t)DAY_MS), WAIT_OK);
}

static void policies_are_fetched_again_before_they_expire(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    keep(bench, POLICY("enforce", NAMED), 0, 7 * (int64_t)DAY_MS);
    publish(bench, "1", POLICY("enforce", NAMED));
    bench->body = wait_days;
    bench_run_for(bench, 4 * (int64_t)DAY_MS);
    assert_in_range(bench->policies_kept, 2, 3);
    assert_true(bench->policy.expires_ms - bench->policy.fetched_ms == 604800000);
    bench_free(&bench);
}

static void wait_hours(struct task *t, struct bench *bench) {
    keep_fresh(t, bench);
    assert_int_equal(task_sleep(t, DAY_MS / 8), WAIT_OK);
}

/* The store was away when a policy was fetched: it gets it later, and others have their turn. */
static void a_policy_whose_keeping_was_lost_is_kept_later(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    keep(bench, POLICY("enforce", NAMED), 2 * (int64_t)DAY_MS, 7 * (int64_t)DAY_MS);
    publish(bench, "2", POLICY("testing", NAMED));
    bench->keeps_lost = 2;
    bench->body = wait_hours;
    bench_run_for(bench, 4 * (int64_t)DAY_MS);
    assert_slice(bench->policy.id, "2");
    assert_int_equal(bench->policies_kept, 1);
    assert_in_range(bench->policies_due, 1, 3);
    bench_free(&bench);
}

/* ---- DANE ---- */

static void tlsa_records_that_are_signed_demand_tls(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    secure(bench);
    add_tlsa(bench, "_25._tcp.mx1.far.test", BYTES(TLSA_USABLE));
    run(bench, QUEUE_DELIVERED, "2.0.0", "by dane\n");
    assert_result(bench, 0, TLS_POLICY_TLSA, TLS_RESULT_SUCCESS, "mx1.far.test");
    bench_free(&bench);
    bench = tls_bench_new("");
    secure(bench);
    add_tlsa(bench, "_25._tcp.mx1.far.test", BYTES(TLSA_USABLE));
    add_tlsa(bench, "_25._tcp.mx2.far.test", BYTES(TLSA_USABLE));
    run(bench, QUEUE_DEFERRED, "4.7.10", "TLS is demanded by dane\n");
    assert_result(bench, 0, TLS_POLICY_TLSA, TLS_RESULT_STARTTLS_NOT_SUPPORTED, "mx1.far.test");
    bench_free(&bench);
}

static void tlsa_records_that_are_not_signed_say_nothing(void **state) {
    for (int what = 0; what < 3; what++) {
        struct bench *bench = tls_bench_new("");
        if (what != 0) sim_dns_secure(bench->world, "far.test");
        if (what != 1) sim_dns_secure(bench->world, "mx1.far.test");
        sim_dns_add(bench->world, "_25._tcp.mx1.far.test", DNS_TLSA, BYTES(TLSA_USABLE), 60);
        if (what != 2) sim_dns_secure(bench->world, "_25._tcp.mx1.far.test");
        run(bench, QUEUE_DELIVERED, "2.0.0", "MAIL FROM");
        bench_free(&bench);
    }
}

static void tlsa_records_of_no_use_demand_tls_of_any_kind(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    secure(bench);
    add_tlsa(bench, "_25._tcp.mx1.far.test", BYTES(TLSA_UNUSABLE));
    run(bench, QUEUE_DELIVERED, "2.0.0", "by dane (unusable records)\n");
    assert_result(bench, 0, TLS_POLICY_TLSA, TLS_RESULT_TLSA_INVALID, "mx1.far.test");
    bench_free(&bench);
    bench = tls_bench_new("");
    secure(bench);
    add_tlsa(bench, "_25._tcp.mx1.far.test", BYTES(TLSA_UNUSABLE));
    add_tlsa(bench, "_25._tcp.mx2.far.test", BYTES("\3\1\1short"));
    run(bench, QUEUE_DEFERRED, "4.7.10", "TLS is required");
    bench_free(&bench);
}

static void a_host_whose_tlsa_cannot_be_found_is_not_used(void **state) {
    static const enum dns_result results[] = {DNS_SERVFAIL, DNS_BOGUS, DNS_TIMEOUT};
    for (size_t i = 0; i < 3; i++) {
        struct bench *bench = tls_bench_new(STARTTLS);
        secure(bench);
        sim_dns_fail(bench->world, "_25._tcp.mx1.far.test", results[i]);
        run(bench, QUEUE_DELIVERED, "2.0.0", "TLSA of _25._tcp.mx1.far.test: ");
        assert_int_equal(bench->hosts[0].connections, 0);
        assert_int_equal(bench->hosts[1].taken, 1);
        assert_result(bench, 0, TLS_POLICY_TLSA, TLS_RESULT_DNSSEC_INVALID, "mx1.far.test");
        bench_free(&bench);
    }
    struct bench *bench = tls_bench_new(STARTTLS);
    secure(bench);
    sim_dns_fail(bench->world, "_25._tcp.mx1.far.test", DNS_BOGUS);
    sim_dns_fail(bench->world, "_25._tcp.mx2.far.test", DNS_BOGUS);
    run(bench, QUEUE_DEFERRED, "4.7.5", "whether DANE protects it could not be found out");
    bench_free(&bench);
}

static void dane_goes_before_a_policy(void **state) {
    struct bench *bench = tls_bench_new(STARTTLS);
    secure(bench);
    add_tlsa(bench, "_25._tcp.mx1.far.test", BYTES(TLSA_USABLE));
    publish(bench, "7", POLICY("enforce", MX2));
    run(bench, QUEUE_DELIVERED, "2.0.0", "by dane\n");
    assert_int_equal(bench->hosts[0].taken, 1);
    bench_free(&bench);
    /* Records that are of no use weaken no policy. */
    bench = tls_bench_new(STARTTLS);
    secure(bench);
    add_tlsa(bench, "_25._tcp.mx1.far.test", BYTES(TLSA_UNUSABLE));
    publish(bench, "7", POLICY("enforce", MX1));
    run(bench, QUEUE_DELIVERED, "2.0.0", "by mta-sts\n");
    bench_free(&bench);
}

/* RFC 7672 2.2: what only looks like a certificate, or a key, checks nothing, so that others' demands hold.
 */
static void records_that_cannot_be_used_leave_other_demands(void **state) {
    static const struct slice garbage[] = {BYTES_INIT("\3\1\0no key"), BYTES_INIT("\3\0\0no certificate"),
                                           BYTES_INIT("\2\0\0no certificate"), BYTES_INIT("\3\1\2short")};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        struct bench *bench = tls_bench_new(STARTTLS);
        secure(bench);
        add_tlsa(bench, "_25._tcp.mx1.far.test", garbage[i]);
        publish(bench, "7", POLICY("enforce", MX1));
        run(bench, QUEUE_DELIVERED, "2.0.0", "by mta-sts\n");
        bench_free(&bench);
        bench = strict_bench_new(REQUIRETLS);
        secure(bench);
        add_tlsa(bench, "_25._tcp.mx1.far.test", garbage[i]);
        run(bench, QUEUE_DELIVERED, "2.0.0", "by requiretls\n");
        bench_free(&bench);
        bench = tls_bench_new("");
        secure(bench);
        add_tlsa(bench, "_25._tcp.mx1.far.test", garbage[i]);
        add_tlsa(bench, "_25._tcp.mx2.far.test", garbage[i]);
        run(bench, QUEUE_DEFERRED, "4.7.10", "TLS is required");
        bench_free(&bench);
    }
}

/* RFC 7672 2.2.2 */
static void the_name_behind_an_alias_goes_first(void **state) {
    struct bench *bench = tls_bench_new("");
    sim_dns_forget(bench->world, "mx1.far.test");
    add_cname(bench->world, "mx1.far.test", "real.far.test");
    add_address(bench->world, "real.far.test", "11.0.0.1");
    secure(bench);
    sim_dns_secure(bench->world, "real.far.test");
    add_tlsa(bench, "_25._tcp.real.far.test", BYTES(TLSA_USABLE));
    add_tlsa(bench, "_25._tcp.mx2.far.test", BYTES(TLSA_USABLE));
    run(bench, QUEUE_DEFERRED, "4.7.10", "TLS is demanded by dane\n");
    bench_free(&bench);
    /* The alias itself, where only that is signed. */
    bench = tls_bench_new("");
    sim_dns_forget(bench->world, "mx1.far.test");
    add_cname(bench->world, "mx1.far.test", "real.other.test");
    add_address(bench->world, "real.other.test", "11.0.0.1");
    secure(bench);
    add_tlsa(bench, "_25._tcp.mx1.far.test", BYTES(TLSA_USABLE));
    add_tlsa(bench, "_25._tcp.mx2.far.test", BYTES(TLSA_USABLE));
    run(bench, QUEUE_DEFERRED, "4.7.10", "TLS is demanded by dane\n");
    bench_free(&bench);
}

/* ---- REQUIRETLS ---- */

static void a_demand_of_the_sender_goes_on(void **state) {
    struct bench *bench = strict_bench_new(REQUIRETLS);
    secure(bench);
    run(bench, QUEUE_DELIVERED, "2.0.0", "by requiretls\n");
    assert_non_null(strstr(bench->hosts[0].last_mail, " REQUIRETLS"));
    bench_free(&bench);
    bench = strict_bench_new(REQUIRETLS);
    publish(bench, "7", POLICY("testing", NAMED));
    run(bench, QUEUE_DELIVERED, "2.0.0", "by mta-sts (testing)\n");
    assert_non_null(strstr(bench->hosts[0].last_mail, " REQUIRETLS"));
    bench_free(&bench);
    bench = strict_bench_new(REQUIRETLS);
    secure(bench);
    add_tlsa(bench, "_25._tcp.mx1.far.test", BYTES(TLSA_USABLE));
    run(bench, QUEUE_DELIVERED, "2.0.0", "by dane\n");
    bench_free(&bench);
}

static void what_the_sender_demands_and_cannot_be_had_fails(void **state) {
    /* Nobody vouches for the host. */
    struct bench *bench = strict_bench_new(REQUIRETLS);
    run(bench, QUEUE_FAILED, "5.7.10", "neither DNSSEC nor MTA-STS vouches for this host");
    assert_int_equal(bench->hosts[0].connections, 0);
    bench_free(&bench);
    /* It has no TLS. */
    bench = strict_bench_new("250-REQUIRETLS\r\n");
    secure(bench);
    run(bench, QUEUE_FAILED, "5.7.10", "TLS is required, and the host offers none");
    bench_free(&bench);
    /* It does not promise to pass the demand on. */
    bench = strict_bench_new(STARTTLS);
    secure(bench);
    run(bench, QUEUE_FAILED, "5.7.30", "demands TLS all the way");
    bench_free(&bench);
    /* Unusable records alone. */
    bench = strict_bench_new(REQUIRETLS);
    bench->settings.tls_roots_pem = SLICE_EMPTY;
    secure(bench);
    run(bench, QUEUE_FAILED, "5.7.10", "there is nothing to check it by");
    bench_free(&bench);
}

static void a_connection_serves_one_demand_only(void **state) {
    struct bench *bench = tls_bench_new(REQUIRETLS);
    secure(bench);
    bench_add(bench, "y\r\n", 1)->properties = OUTGOING_REQUIRES_TLS;
    (void)bench_add(bench, "z\r\n", 1);
    (void)bench_add(bench, "z\r\n", 1);
    bench_run(bench);
    assert_int_equal(bench->settled_count, 4);
    for (size_t i = 0; i < 4; i++) assert_int_equal(bench->settled[i].outcome, QUEUE_DELIVERED);
    assert_int_equal(bench->hosts[0].connections, 3);
    assert_int_equal(bench->hosts[0].tls_sessions, 3);
    assert_non_null(strstr(bench->record, "reuse "));
    bench_free(&bench);
}

/* RFC 8689 4.2.2; the report that its certificate has ended reaches its owner. */
static void a_sender_can_waive_what_the_domain_demands(void **state) {
    struct bench *bench = tls_bench_new("");
    bench->messages[0].properties = OUTGOING_WAIVES_TLS;
    (void)bench_add(bench, "y\r\n", 1);
    publish(bench, "7", POLICY("enforce", NAMED));
    bench_run(bench);
    assert_int_equal(bench->settled[0].outcome, QUEUE_DELIVERED);
    assert_int_equal(bench->settled[1].outcome, QUEUE_DEFERRED);
    assert_int_equal(bench->hosts[0].taken, 1);
    bench_free(&bench);
}

/* The others do not pay for it. */
static void what_one_message_lacks_is_no_fault_of_the_host(void **state) {
    struct bench *bench = strict_bench_new(STARTTLS);
    (void)bench_add(bench, "y\r\n", 1);
    bench_run(bench);
    assert_int_equal(bench->settled[0].outcome, QUEUE_FAILED);
    assert_string_equal(bench->settled[0].status, "5.7.10");
    assert_int_equal(bench->settled[1].outcome, QUEUE_DELIVERED);
    assert_int_equal(bench->hosts[0].taken, 1);
    assert_int_equal(bench->end.result, TRANSIT_SESSION_DONE);
    bench_free(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_policy_tls_is_used_where_it_is_offered),
        cmocka_unit_test(a_policy_in_force_is_kept),
        cmocka_unit_test(hosts_that_the_policy_does_not_name_get_no_mail),
        cmocka_unit_test(without_tls_a_policy_lets_nothing_go),
        cmocka_unit_test(a_policy_in_testing_only_tells),
        cmocka_unit_test(a_policy_that_cannot_be_had_stops_no_mail),
        cmocka_unit_test(a_kept_policy_holds_until_it_expires),
        cmocka_unit_test(a_new_id_brings_the_new_policy),
        cmocka_unit_test(a_store_that_does_not_say_lets_mail_wait),
        cmocka_unit_test(policies_are_fetched_again_before_they_expire),
        cmocka_unit_test(a_policy_whose_keeping_was_lost_is_kept_later),
        cmocka_unit_test(tlsa_records_that_are_signed_demand_tls),
        cmocka_unit_test(tlsa_records_that_are_not_signed_say_nothing),
        cmocka_unit_test(tlsa_records_of_no_use_demand_tls_of_any_kind),
        cmocka_unit_test(a_host_whose_tlsa_cannot_be_found_is_not_used),
        cmocka_unit_test(dane_goes_before_a_policy),
        cmocka_unit_test(records_that_cannot_be_used_leave_other_demands),
        cmocka_unit_test(the_name_behind_an_alias_goes_first),
        cmocka_unit_test(a_demand_of_the_sender_goes_on),
        cmocka_unit_test(what_the_sender_demands_and_cannot_be_had_fails),
        cmocka_unit_test(a_connection_serves_one_demand_only),
        cmocka_unit_test(a_sender_can_waive_what_the_domain_demands),
        cmocka_unit_test(what_one_message_lacks_is_no_fault_of_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
