/* DNS over ipc: the resolver of one role, the service of another. */
#include "test.h"

#include "base/limits.h"
#include "ipc/channel.h"
#include "name_server.h"
#include "resolve/resolver.h"
#include "resolve/service.h"
#include "task_test.h"

/* A name server that never answers, or the one that does. */
struct place {
    struct env *env;
    struct dns *dns;
    struct resolve_service *service;
    struct resolver *resolver;
    struct arena *arena;
    struct dns_answer answer;
};

static void attach(struct place *place) {
    struct handle pair[2];
    assert_int_equal(stream_pair(place->env, pair), 0);
    resolver_attach(place->resolver, stream_adopt(place->env, pair[0]));
    resolve_service_attach(place->service, stream_adopt(place->env, pair[1]));
}

static struct place open_place(struct task *t, struct env *env, const char *servers) {
    const char *reason;
    struct dns_options options = {slice_from_text(servers), true, SLICE_EMPTY};
    struct place place = {.env = env, .dns = dns_open(t, &options, &reason), .arena = arena_new(MIB(2))};
    assert_non_null(place.dns);
    place.resolver = resolver_new_remote(env);
    return place;
}

static void close_place(struct task *t, struct place *place) {
    resolver_close(t, &place->resolver);
    resolve_service_free(t, &place->service);
    dns_close(&place->dns);
    arena_free(&place->arena);
}

static enum dns_result look_up(struct task *t, struct place *place, const char *name, uint16_t type,
                               int64_t ms) {
    return resolver_lookup(t, place->resolver, slice_from_text(name), type, place->arena, &place->answer,
                           env_now_ms(place->env) + ms);
}

static void answers_cross_whole_body(struct task *t, struct env *env) {
    struct name_server server;
    if (!name_server_start(&server)) {
        print_message("skipped: there is no /usr/sbin/nsd\n");
        return;
    }
    struct place place = open_place(t, env, server.address);
    place.service = resolve_service_new(env, &place.dns);
    attach(&place);
    assert_int_equal(look_up(t, &place, "www.example.test", DNS_A, TEST_PATIENCE_MS), DNS_OK);
    assert_int_equal(place.answer.count, 2);
    assert_int_equal(place.answer.records[1].len, 4);
    assert_int_equal(place.answer.ttl_s, 30);
    assert_int_equal(place.answer.canonical_name.len, 19);
    assert_int_equal(look_up(t, &place, "long.many.test", DNS_TXT, TEST_PATIENCE_MS), DNS_OK);
    assert_int_equal(place.answer.records[0].len, NAME_SERVER_LONG_TEXTS * 201);
    assert_int_equal(look_up(t, &place, "nobody.example.test", DNS_A, TEST_PATIENCE_MS), DNS_NO_SUCH_NAME);
    assert_int_equal(look_up(t, &place, "mail.example.test", DNS_TXT, TEST_PATIENCE_MS), DNS_NO_DATA);
    struct resolver *local = resolver_new_local(place.dns);
    assert_int_equal(resolver_lookup(t, local, SLICE("mail.example.test"), DNS_AAAA, place.arena,
                                     &place.answer, env_now_ms(env) + TEST_PATIENCE_MS),
                     DNS_OK);
    resolver_close(t, &local);
    close_place(t, &place);
    name_server_stop(&server);
}

static void answers_cross_whole(void **state) {
    (void)state;
    task_test_run(answers_cross_whole_body);
}

struct silence {
    int fd;
    char address[32];
};

static struct silence silence_open(void) {
    struct silence silence;
    uint16_t port;
    silence.fd = loopback_socket(&port);
    (void)snprintf(silence.address, sizeof silence.address, "127.0.0.1@%d", port);
    return silence;
}

static void a_question_waits_for_the_remote_role_and_its_deadline_only_body(struct task *t, struct env *env) {
    struct silence silence = silence_open();
    struct place place = open_place(t, env, silence.address);
    assert_int_equal(look_up(t, &place, "mail.example.test", DNS_A, 50), DNS_TIMEOUT);
    place.service = resolve_service_new(env, &place.dns);
    attach(&place);
    assert_int_equal(look_up(t, &place, "mail.example.test", DNS_A, 50), DNS_TIMEOUT);
    close_place(t, &place);
    (void)close(silence.fd);
}

static void a_question_waits_for_the_remote_role_and_its_deadline_only(void **state) {
    (void)state;
    task_test_run(a_question_waits_for_the_remote_role_and_its_deadline_only_body);
}

static void ask_in_vain(struct task *t, void *argument) {
    assert_int_equal(look_up(t, argument, "mail.example.test", DNS_A, 20000), DNS_SERVFAIL);
}

static void a_remote_role_that_dies_is_a_failure_and_its_successor_serves_body(struct task *t,
                                                                               struct env *env) {
    struct silence silence = silence_open();
    struct place place = open_place(t, env, silence.address);
    struct scope scope;
    scope_init(&scope, env);
    place.service = resolve_service_new(env, &place.dns);
    attach(&place);
    assert_true(scope_spawn(&scope, ask_in_vain, &place));
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    resolve_service_free(t, &place.service);
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    assert_true(scope_is_empty(&scope));
    place.service = resolve_service_new(env, &place.dns);
    attach(&place);
    assert_int_equal(look_up(t, &place, "no..name", DNS_A, 5000), DNS_NO_SUCH_NAME);
    scope_close(t, &scope);
    close_place(t, &place);
    (void)close(silence.fd);
}

static void a_remote_role_that_dies_is_a_failure_and_its_successor_serves(void **state) {
    (void)state;
    task_test_run(a_remote_role_that_dies_is_a_failure_and_its_successor_serves_body);
}

static void an_asker_that_goes_away_leaves_nothing_behind_body(struct task *t, struct env *env) {
    struct silence silence = silence_open();
    struct place place = open_place(t, env, silence.address);
    place.service = resolve_service_new(env, &place.dns);
    for (int i = 0; i < 5; i++) {
        attach(&place);
        assert_int_equal(look_up(t, &place, "mail.example.test", DNS_A, 10), DNS_TIMEOUT);
    }
    resolver_close(t, &place.resolver);
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    close_place(t, &place);
    (void)close(silence.fd);
}

static void an_asker_that_goes_away_leaves_nothing_behind(void **state) {
    (void)state;
    task_test_run(an_asker_that_goes_away_leaves_nothing_behind_body);
}

/* ---- what is told to all ---- */

struct told {
    unsigned count;
    uint32_t type;
    char body[16];
};

static void take_notice(void *context, const struct ipc_message *notice) {
    struct told *told = context;
    told->count++;
    told->type = notice->type;
    (void)snprintf(told->body, sizeof told->body, "%.*s", SLICE_PRINT(notice->body));
}

static void await_notice(struct task *t, const struct told *told, unsigned count) {
    for (int i = 0; i < 1000 && told->count < count; i++) assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_int_equal(told->count, count);
    assert_int_equal(told->type, 7);
}

/* Who comes later, and who comes again after a loss, is told the last of it. */
static void a_notice_reaches_all_and_those_who_come_later_body(struct task *t, struct env *env) {
    struct place place = open_place(t, env, "127.0.0.1@9");
    struct told told = {0};
    place.service = resolve_service_new(env, &place.dns);
    resolver_on_notice(place.resolver, take_notice, &told);
    attach(&place);
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    assert_int_equal(told.count, 0);
    resolve_service_tell(place.service, 7, SLICE("one"));
    await_notice(t, &told, 1);
    assert_string_equal(told.body, "one");
    resolve_service_tell(place.service, 7, SLICE("two"));
    await_notice(t, &told, 2);
    attach(&place);
    await_notice(t, &told, 3);
    assert_string_equal(told.body, "two");
    close_place(t, &place);
}

static void a_notice_reaches_all_and_those_who_come_later(void **state) {
    (void)state;
    task_test_run(a_notice_reaches_all_and_those_who_come_later_body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_cross_whole),
        cmocka_unit_test(a_question_waits_for_the_remote_role_and_its_deadline_only),
        cmocka_unit_test(a_remote_role_that_dies_is_a_failure_and_its_successor_serves),
        cmocka_unit_test(an_asker_that_goes_away_leaves_nothing_behind),
        cmocka_unit_test(a_notice_reaches_all_and_those_who_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
