/* The resolver on libunbound, against a real authoritative server on loopback. */
#include "test.h"

#include "base/limits.h"
#include "name_server.h"
#include "task_test.h"

/* One for all tests of this program: it costs the most. */
static struct name_server server;

/* A test's resolver and the arena of its answers. */
struct place {
    struct task *t;
    struct env *env;
    struct dns *dns;
    struct arena *arena;
    struct dns_answer answer;
};

static struct place open_place(struct task *t, struct env *env, const char *servers, const char *anchors) {
    const char *reason = NULL;
    struct dns_options options = {slice_from_text(servers), true, slice_from_text(anchors)};
    struct place place = {.t = t, .env = env, .arena = arena_new(MIB(16))};
    place.dns = dns_open(t, &options, &reason);
    if (!place.dns) fail_msg("%s", reason);
    return place;
}

static void close_place(struct place *place) {
    dns_close(&place->dns);
    arena_free(&place->arena);
}

static enum dns_result look_up(struct place *place, const char *name, uint16_t type) {
    return dns_lookup(place->t, place->dns, slice_from_text(name), type, place->arena, &place->answer,
                      env_now_ms(place->env) + TEST_PATIENCE_MS);
}

#define assert_bytes(slice, ...)                             \
    do {                                                     \
        static const uint8_t want[] = {__VA_ARGS__};         \
        assert_int_equal((slice).len, sizeof want);          \
        assert_memory_equal((slice).ptr, want, sizeof want); \
    } while (0)

/* The literal's own NUL is the root. */
#define assert_name(slice, literal) assert_true(slice_equal((slice), slice_of(literal, sizeof(literal))))

static bool has_server(void) {
    if (server.pid > 0) return true;
    print_message("skipped: there is no /usr/sbin/nsd\n");
    return false;
}

static int start_server(void **state) {
    (void)state;
    (void)name_server_start(&server);
    return 0;
}

static int stop_server(void **state) {
    (void)state;
    name_server_stop(&server);
    return 0;
}

#define TEST_WITH_SERVER(name)       \
    static void name(void **state) { \
        (void)state;                 \
        if (!has_server()) skip();   \
        task_test_run(name##_body);  \
    }

static int compare_records(const void *a, const void *b) {
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* Servers and resolvers turn the order of a set round. */
static void sort_records(struct place *place) {
    qsort((void *)(uintptr_t)place->answer.records, place->answer.count, sizeof(struct slice),
          compare_records);
}

static void records_come_with_ttl_and_canonical_name_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    assert_int_equal(look_up(&place, "mail.example.test", DNS_A), DNS_OK);
    assert_int_equal(place.answer.count, 2);
    sort_records(&place);
    assert_bytes(place.answer.records[0], 192, 0, 2, 1);
    assert_bytes(place.answer.records[1], 192, 0, 2, 2);
    assert_int_equal(place.answer.ttl_s, 3600);
    assert_false(place.answer.is_secure);
    assert_name(place.answer.canonical_name, "\4mail\7example\4test");
    close_place(&place);
}

static void each_type_is_answered_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    assert_int_equal(look_up(&place, "MAIL.example.TEST.", DNS_AAAA), DNS_OK);
    assert_bytes(place.answer.records[0], 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    assert_int_equal(look_up(&place, "example.test", DNS_MX), DNS_OK);
    sort_records(&place);
    assert_int_equal(place.answer.count, 2);
    assert_bytes(place.answer.records[0], 0, 10, 4, 'm', 'a', 'i', 'l', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e',
                 4, 't', 'e', 's', 't', 0);
    assert_int_equal(look_up(&place, "nomail.example.test", DNS_MX), DNS_OK);
    assert_bytes(place.answer.records[0], 0, 0, 0);
    assert_int_equal(look_up(&place, "_25._tcp.mail.example.test", DNS_TLSA), DNS_OK);
    assert_int_equal(place.answer.records[0].len, 35);
    assert_int_equal(look_up(&place, "example.test", DNS_SOA), DNS_OK);
    assert_int_equal(place.answer.records[0].len, 17 + 25 + 20);
    close_place(&place);
}

static void a_text_of_8000_bytes_comes_over_tcp_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    assert_int_equal(look_up(&place, "long.many.test", DNS_TXT), DNS_OK);
    assert_int_equal(place.answer.count, 1);
    assert_int_equal(place.answer.records[0].len, NAME_SERVER_LONG_TEXTS * 201);
    assert_int_equal(look_up(&place, "mx.many.test", DNS_MX), DNS_OK);
    assert_int_equal(place.answer.count, 200);
    close_place(&place);
}

static void a_chain_of_cnames_is_followed_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    assert_int_equal(look_up(&place, "www.example.test", DNS_A), DNS_OK);
    assert_int_equal(place.answer.count, 2);
    assert_name(place.answer.canonical_name, "\4mail\7example\4test");
    assert_int_equal(place.answer.ttl_s, 30);
    assert_int_equal(look_up(&place, "elsewhere.example.test", DNS_A), DNS_OK);
    assert_bytes(place.answer.records[0], 198, 51, 100, 9);
    assert_int_equal(look_up(&place, "www.example.test", DNS_CNAME), DNS_OK);
    assert_name(place.answer.records[0], "\3web\7example\4test");
    assert_int_equal(look_up(&place, "dangling.example.test", DNS_A), DNS_NO_SUCH_NAME);
    assert_int_equal(look_up(&place, "www.example.test", DNS_TXT), DNS_NO_DATA);
    close_place(&place);
}

static void absence_is_told_apart_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    for (int i = 0; i < 2; i++) { /* the second time from the cache */
        assert_int_equal(look_up(&place, "nobody.example.test", DNS_A), DNS_NO_SUCH_NAME);
        assert_int_equal(place.answer.count, 0);
        assert_int_equal(look_up(&place, "mail.example.test", DNS_TXT), DNS_NO_DATA);
        assert_int_equal(place.answer.count, 0);
        assert_int_equal(place.answer.canonical_name.len, 0);
    }
    close_place(&place);
}

static void a_refusal_and_a_cname_loop_are_failures_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    assert_int_equal(look_up(&place, "not-served-here.org", DNS_A), DNS_SERVFAIL);
    assert_int_equal(look_up(&place, "loop1.example.test", DNS_A), DNS_SERVFAIL);
    close_place(&place);
}

static void names_that_cannot_be_do_not_exist_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    char label[80] = "";
    memset(label, 'a', 64);
    memcpy(label + 64, ".test", 6);
    assert_int_equal(look_up(&place, label, DNS_A), DNS_NO_SUCH_NAME);
    assert_int_equal(look_up(&place, "", DNS_A), DNS_NO_SUCH_NAME);
    assert_int_equal(look_up(&place, "a..example.test", DNS_A), DNS_NO_SUCH_NAME);
    assert_int_equal(look_up(&place, ".", DNS_A), DNS_NO_SUCH_NAME);
    /* What zone files would take for something else is asked for as it is. */
    assert_int_equal(look_up(&place, "mail\\.example.test", DNS_A), DNS_NO_SUCH_NAME);
    assert_int_equal(look_up(&place, "ma(i;l@\"$ .example.test", DNS_A), DNS_NO_SUCH_NAME);
    assert_int_equal(dns_lookup(t, place.dns, SLICE("mail\0.example.test"), DNS_A, place.arena, &place.answer,
                                DEADLINE_NONE),
                     DNS_NO_SUCH_NAME);
    close_place(&place);
}

static void local_zones_are_asked_for_at_the_given_server_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    assert_int_equal(look_up(&place, "localhost", DNS_TXT), DNS_OK);
    assert_slice(place.answer.records[0], "\4ours");
    assert_int_equal(look_up(&place, "5.0.0.127.in-addr.arpa", DNS_PTR), DNS_OK);
    assert_name(place.answer.records[0], "\4mail\7example\4test");
    close_place(&place);
}

static void local_zones_are_answered_here_otherwise_body(struct task *t, struct env *env) {
    const char *reason;
    struct dns_options options = {.servers = slice_from_text(server.address)};
    struct place place = {.t = t, .env = env, .arena = arena_new(MIB(1))};
    place.dns = dns_open(t, &options, &reason);
    assert_non_null(place.dns);
    assert_int_equal(look_up(&place, "localhost", DNS_A), DNS_OK);
    assert_bytes(place.answer.records[0], 127, 0, 0, 1);
    assert_int_equal(look_up(&place, "mail.example.test", DNS_A), DNS_NO_SUCH_NAME);
    close_place(&place);
}

static void signed_answers_are_secure_and_forged_ones_bogus_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, signed_trust_anchor);
    assert_int_equal(look_up(&place, "_25._tcp.mx.signed.test", DNS_TLSA), DNS_OK);
    assert_true(place.answer.is_secure);
    assert_int_equal(place.answer.count, 1);
    assert_int_equal(look_up(&place, "nobody.signed.test", DNS_A), DNS_NO_SUCH_NAME);
    assert_true(place.answer.is_secure);
    assert_int_equal(look_up(&place, "mx.signed.test", DNS_TXT), DNS_NO_DATA);
    assert_true(place.answer.is_secure);
    assert_int_equal(look_up(&place, "broken.signed.test", DNS_A), DNS_BOGUS);
    assert_false(place.answer.is_secure);
    assert_int_equal(place.answer.count, 0);
    assert_int_equal(look_up(&place, "mail.example.test", DNS_A), DNS_OK);
    assert_false(place.answer.is_secure);
    close_place(&place);
}

static void without_trust_anchors_nothing_is_secure_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    assert_int_equal(look_up(&place, "mx.signed.test", DNS_A), DNS_OK);
    assert_false(place.answer.is_secure);
    assert_int_equal(look_up(&place, "broken.signed.test", DNS_A), DNS_OK);
    close_place(&place);
}

static void a_silent_server_costs_the_deadline_and_no_more_body(struct task *t, struct env *env) {
    uint16_t port;
    char address[32];
    int silent = loopback_socket(&port);
    (void)snprintf(address, sizeof address, "127.0.0.1@%d", port);
    struct place place = open_place(t, env, address, "");
    int64_t start_ms = env_now_ms(env);
    assert_int_equal(dns_lookup(t, place.dns, SLICE("mail.example.test"), DNS_A, place.arena, &place.answer,
                                start_ms + 300),
                     DNS_TIMEOUT);
    int64_t took_ms = env_now_ms(env) - start_ms;
    assert_in_range(took_ms, 300, 5000);
    assert_int_equal(dns_lookup(t, place.dns, SLICE("x.test"), DNS_A, place.arena, &place.answer, start_ms),
                     DNS_TIMEOUT);
    close_place(&place);
    (void)close(silent);
}

struct crowd {
    struct place *place;
    struct scope scope;
    size_t started;
    size_t counts[DNS_RESULTS];
    size_t wrong;
};

static void one_of_crowd(struct task *t, void *argument) {
    struct crowd *crowd = argument;
    char name[64];
    size_t i = crowd->started++;
    struct dns_answer answer;
    (void)snprintf(name, sizeof name, "h%zu.many.test", i);
    enum dns_result result =
        dns_lookup(t, crowd->place->dns, slice_from_text(name), DNS_A, crowd->place->arena, &answer,
                   env_now_ms(crowd->place->env) + TEST_PATIENCE_MS);
    crowd->counts[result]++;
    if (result != DNS_OK) return;
    uint8_t want[4] = {10, 1, (uint8_t)(i / 256), (uint8_t)(i % 256)};
    if (!slice_equal(answer.records[0], slice_of(want, sizeof want))) crowd->wrong++;
}

static void start_crowd(struct crowd *crowd, struct place *place) {
    *crowd = (struct crowd){.place = place};
    scope_init(&crowd->scope, place->env);
    for (int i = 0; i < NAME_SERVER_HOSTS; i++) assert_true(scope_spawn(&crowd->scope, one_of_crowd, crowd));
}

static void a_thousand_lookups_at_once_each_get_their_own_answer_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    struct crowd crowd;
    start_crowd(&crowd, &place);
    while (!scope_is_empty(&crowd.scope)) assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_int_equal(crowd.counts[DNS_OK], NAME_SERVER_HOSTS);
    assert_int_equal(crowd.wrong, 0);
    scope_close(t, &crowd.scope);
    close_place(&place);
}

static void lookups_end_at_once_when_their_scope_closes_body(struct task *t, struct env *env) {
    uint16_t port;
    char address[32];
    int silent = loopback_socket(&port);
    (void)snprintf(address, sizeof address, "127.0.0.1@%d", port);
    struct place place = open_place(t, env, address, "");
    struct crowd crowd;
    start_crowd(&crowd, &place);
    assert_int_equal(task_sleep(t, 50), WAIT_OK);
    int64_t start_ms = env_now_ms(env);
    scope_close(t, &crowd.scope);
    assert_int_equal(crowd.counts[DNS_CANCELLED], NAME_SERVER_HOSTS);
    assert_in_range(env_now_ms(env) - start_ms, 0, 5000);
    close_place(&place);
    (void)close(silent);
}

static void closing_the_resolver_ends_its_lookups_body(struct task *t, struct env *env) {
    uint16_t port;
    char address[32];
    int silent = loopback_socket(&port);
    (void)snprintf(address, sizeof address, "127.0.0.1@%d", port);
    struct place place = open_place(t, env, address, "");
    struct crowd crowd;
    start_crowd(&crowd, &place);
    assert_int_equal(task_sleep(t, 50), WAIT_OK);
    dns_close(&place.dns);
    while (!scope_is_empty(&crowd.scope)) assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_int_equal(crowd.counts[DNS_CANCELLED], NAME_SERVER_HOSTS);
    scope_close(t, &crowd.scope);
    close_place(&place);
    (void)close(silent);
}

static void an_answer_over_the_arenas_budget_is_a_failure_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, server.address, "");
    struct arena *small = arena_new(4096);
    assert_int_equal(dns_lookup(t, place.dns, SLICE("long.many.test"), DNS_TXT, small, &place.answer,
                                env_now_ms(env) + TEST_PATIENCE_MS),
                     DNS_SERVFAIL);
    assert_int_equal(place.answer.count, 0);
    arena_free(&small);
    close_place(&place);
}

static void wrong_servers_and_trust_anchors_are_refused_body(struct task *t, struct env *env) {
    (void)env;
    static const struct dns_options wrong[] = {
        {.servers = SLICE_INIT("ns.example.test")},
        {.servers = SLICE_INIT("192.0.2.1,192.0.2")},
        {.servers = SLICE_INIT("192.0.2.1"), .trust_anchors = SLICE_INIT("; a key\nwhat is this\n")},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *reason = NULL;
        struct dns *dns = dns_open(t, &wrong[i], &reason);
        assert_null(dns);
        assert_non_null(reason);
    }
}

static void wrong_servers_and_trust_anchors_are_refused(void **state) {
    (void)state;
    task_test_run(wrong_servers_and_trust_anchors_are_refused_body);
}

TEST_WITH_SERVER(records_come_with_ttl_and_canonical_name)
TEST_WITH_SERVER(each_type_is_answered)
TEST_WITH_SERVER(a_text_of_8000_bytes_comes_over_tcp)
TEST_WITH_SERVER(a_chain_of_cnames_is_followed)
TEST_WITH_SERVER(absence_is_told_apart)
TEST_WITH_SERVER(a_refusal_and_a_cname_loop_are_failures)
TEST_WITH_SERVER(names_that_cannot_be_do_not_exist)
TEST_WITH_SERVER(local_zones_are_asked_for_at_the_given_server)
TEST_WITH_SERVER(local_zones_are_answered_here_otherwise)
TEST_WITH_SERVER(signed_answers_are_secure_and_forged_ones_bogus)
TEST_WITH_SERVER(without_trust_anchors_nothing_is_secure)
TEST_WITH_SERVER(a_silent_server_costs_the_deadline_and_no_more)
TEST_WITH_SERVER(a_thousand_lookups_at_once_each_get_their_own_answer)
TEST_WITH_SERVER(lookups_end_at_once_when_their_scope_closes)
TEST_WITH_SERVER(closing_the_resolver_ends_its_lookups)
TEST_WITH_SERVER(an_answer_over_the_arenas_budget_is_a_failure)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_with_ttl_and_canonical_name),
        cmocka_unit_test(each_type_is_answered),
        cmocka_unit_test(a_text_of_8000_bytes_comes_over_tcp),
        cmocka_unit_test(a_chain_of_cnames_is_followed),
        cmocka_unit_test(absence_is_told_apart),
        cmocka_unit_test(a_refusal_and_a_cname_loop_are_failures),
        cmocka_unit_test(names_that_cannot_be_do_not_exist),
        cmocka_unit_test(local_zones_are_asked_for_at_the_given_server),
        cmocka_unit_test(local_zones_are_answered_here_otherwise),
        cmocka_unit_test(signed_answers_are_secure_and_forged_ones_bogus),
        cmocka_unit_test(without_trust_anchors_nothing_is_secure),
        cmocka_unit_test(a_silent_server_costs_the_deadline_and_no_more),
        cmocka_unit_test(a_thousand_lookups_at_once_each_get_their_own_answer),
        cmocka_unit_test(lookups_end_at_once_when_their_scope_closes),
        cmocka_unit_test(closing_the_resolver_ends_its_lookups),
        cmocka_unit_test(an_answer_over_the_arenas_budget_is_a_failure),
        cmocka_unit_test(wrong_servers_and_trust_anchors_are_refused),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
