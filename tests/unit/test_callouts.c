/* What an edge learns of recipients at a relay domain's own hosts, how often it asks, and what it remembers;
   over a channel to a remote role whose answers the test gives, in virtual time. */
#include "test.h"

#include "base/limits.h"
#include "io/sim/sim.h"
#include "resolve/service.h"
#include "smtp/callouts.h"

struct bench {
    struct env *env;
    struct dns *dns;
    struct resolve_service *service;
    struct resolver *resolver;
    struct callouts *callouts;
    struct arena *arena;
    struct scope scope;
    /* What the remote role answers, after so long; how often it was asked, and for whom last. */
    struct callout_answer says;
    int64_t takes_ms;
    size_t asked;
    char last[SMTP_ADDRESS_BYTES_MAX + 1];
    size_t refused;
    void (*body)(struct task *t, struct bench *bench);
    bool is_done;
};

static void call_out(struct task *t, void *context, struct slice address, struct arena *arena,
                     struct callout_answer *answer, int64_t deadline_ms) {
    struct bench *bench = context;
    bench->asked++;
    (void)snprintf(bench->last, sizeof bench->last, "%.*s", SLICE_PRINT(address));
    assert_true(deadline_ms <= env_now_ms(bench->env) + RESOLVE_CALLOUT_MS_MAX);
    if (bench->takes_ms) (void)!task_sleep(t, bench->takes_ms);
    *answer = bench->says;
}

static struct callout_answer ask(struct task *t, struct bench *bench, const char *address) {
    struct callout_answer answer;
    assert_true(callouts_ask(t, bench->callouts, slice_from_text(address), bench->arena, &answer));
    return answer;
}

static void attach(struct bench *bench) {
    struct handle pair[2];
    assert_int_equal(stream_pair(bench->env, pair), 0);
    resolver_attach(bench->resolver, stream_adopt(bench->env, pair[0]));
    resolve_service_attach(bench->service, stream_adopt(bench->env, pair[1]));
}

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    bench->env = task_env(t);
    bench->service = resolve_service_new(bench->env, &bench->dns);
    resolve_service_set_caller(bench->service, call_out, bench);
    bench->resolver = resolver_new_remote(bench->env);
    bench->callouts = callouts_new(bench->env, bench->resolver);
    bench->arena = arena_new(MIB(64));
    attach(bench);
    scope_init(&bench->scope, bench->env);
    bench->body(t, bench);
    scope_close(t, &bench->scope);
    callouts_free(&bench->callouts);
    assert_null(bench->callouts);
    resolver_close(t, &bench->resolver);
    resolve_service_free(t, &bench->service);
    arena_free(&bench->arena);
    bench->is_done = true;
}

static bool is_done(void *context) { return ((struct bench *)context)->is_done; }

static void run(void (*body)(struct task *t, struct bench *bench)) {
    struct bench bench = {.body = body};
    struct sim_world *world = sim_world_new(1);
    (void)sim_process_start(sim_machine_new(world, "host", "192.0.2.1"), "edge", bench_main, &bench);
    assert_true(sim_world_run_until(world, is_done, &bench, 10 * (int64_t)CALLOUT_TAKEN_KEPT_MS));
    sim_world_free(&world);
}

/* ---- what is remembered ---- */

static void taken_body(struct task *t, struct bench *bench) {
    bench->says = (struct callout_answer){.verdict = CALLOUT_TAKEN};
    assert_int_equal(ask(t, bench, "Ann@Relayed.test").verdict, CALLOUT_TAKEN);
    assert_string_equal(bench->last, "Ann@relayed.test");
    assert_int_equal(task_sleep(t, CALLOUT_TAKEN_KEPT_MS - 1000), WAIT_OK);
    assert_int_equal(ask(t, bench, "Ann@relayed.test").verdict, CALLOUT_TAKEN);
    assert_int_equal(bench->asked, 1);
    /* The host may tell letters apart. */
    (void)ask(t, bench, "ann@relayed.test");
    assert_int_equal(bench->asked, 2);
    assert_int_equal(task_sleep(t, 1001), WAIT_OK);
    (void)ask(t, bench, "Ann@relayed.test");
    assert_int_equal(bench->asked, 3);
}
static void who_is_taken_is_asked_for_once_a_day(void **state) { run(taken_body); }

static void refused_body(struct task *t, struct bench *bench) {
    bench->says = (struct callout_answer){CALLOUT_REFUSED, SLICE("5.1.1 who is that?")};
    struct callout_answer answer = ask(t, bench, "nobody@relayed.test");
    assert_int_equal(answer.verdict, CALLOUT_REFUSED);
    assert_slice(answer.words, "5.1.1 who is that?");
    assert_int_equal(ask(t, bench, "nobody@relayed.test").verdict, CALLOUT_REFUSED);
    assert_int_equal(bench->asked, 1);
    assert_int_equal(task_sleep(t, CALLOUT_REFUSED_KEPT_MS), WAIT_OK);
    bench->says = (struct callout_answer){.verdict = CALLOUT_TAKEN};
    assert_int_equal(ask(t, bench, "nobody@relayed.test").verdict, CALLOUT_TAKEN);
}
static void a_new_address_is_known_within_minutes(void **state) { run(refused_body); }

static void unreachable_body(struct task *t, struct bench *bench) {
    assert_int_equal(ask(t, bench, "a@relayed.test").verdict, CALLOUT_UNREACHABLE);
    assert_int_equal(ask(t, bench, "b@relayed.test").verdict, CALLOUT_UNREACHABLE);
    assert_int_equal(bench->asked, 1);
    /* Other domains have other hosts. */
    assert_int_equal(ask(t, bench, "a@other.test").verdict, CALLOUT_UNREACHABLE);
    assert_int_equal(bench->asked, 2);
    assert_int_equal(task_sleep(t, CALLOUT_UNREACHABLE_KEPT_MS), WAIT_OK);
    bench->says = (struct callout_answer){.verdict = CALLOUT_UNCLEAR};
    assert_int_equal(ask(t, bench, "b@relayed.test").verdict, CALLOUT_UNCLEAR);
    /* What is not clear is asked again. */
    assert_int_equal(ask(t, bench, "b@relayed.test").verdict, CALLOUT_UNCLEAR);
    assert_int_equal(bench->asked, 4);
}
static void hosts_that_are_down_are_not_waited_for_again_and_again(void **state) { run(unreachable_body); }

static void unasked_body(struct task *t, struct bench *bench) {
    bench->says = (struct callout_answer){.verdict = CALLOUT_UNASKED};
    assert_int_equal(ask(t, bench, "a@relayed.test").verdict, CALLOUT_UNASKED);
    bench->says = (struct callout_answer){.verdict = CALLOUT_REFUSED};
    assert_int_equal(ask(t, bench, "a@relayed.test").verdict, CALLOUT_REFUSED);
    assert_int_equal(bench->asked, 2);
}
static void a_question_that_was_not_asked_is_asked_again(void **state) { run(unasked_body); }

/* ---- bounds ---- */

static void ask_slowly(struct task *t, void *argument) {
    struct bench *bench = argument;
    struct callout_answer answer;
    char address[64];
    (void)snprintf(address, sizeof address, "%zu@relayed.test", bench->asked + bench->refused);
    if (!callouts_ask(t, bench->callouts, slice_from_text(address), bench->arena, &answer)) bench->refused++;
}

static void many_body(struct task *t, struct bench *bench) {
    bench->says = (struct callout_answer){.verdict = CALLOUT_TAKEN};
    bench->takes_ms = 1000;
    for (size_t i = 0; i < RESOLVE_CALLOUTS_MAX + 3; i++) {
        assert_true(scope_spawn(&bench->scope, ask_slowly, bench));
        assert_int_equal(task_sleep(t, 1), WAIT_OK);
    }
    assert_int_equal(bench->asked, RESOLVE_CALLOUTS_MAX);
    assert_int_equal(bench->refused, 3);
    assert_int_equal(task_sleep(t, 2000), WAIT_OK);
    assert_int_equal(ask(t, bench, "later@relayed.test").verdict, CALLOUT_TAKEN);
}
static void no_more_than_some_are_under_way_at_once(void **state) { run(many_body); }

static void silent_body(struct task *t, struct bench *bench) {
    bench->says = (struct callout_answer){.verdict = CALLOUT_TAKEN};
    bench->takes_ms = 10 * (int64_t)RESOLVE_CALLOUT_MS_MAX;
    int64_t before_ms = env_now_ms(bench->env);
    assert_int_equal(ask(t, bench, "a@relayed.test").verdict, CALLOUT_UNREACHABLE);
    assert_true(env_now_ms(bench->env) - before_ms <= RESOLVE_CALLOUT_MS_MAX);
}
static void nobody_waits_longer_than_half_a_minute(void **state) { run(silent_body); }

static void flood_body(struct task *t, struct bench *bench) {
    char address[64];
    bench->says = (struct callout_answer){.verdict = CALLOUT_TAKEN};
    for (size_t i = 0; i <= CALLOUTS_KEPT_MAX; i++) {
        (void)snprintf(address, sizeof address, "%zu@relayed.test", i);
        (void)ask(t, bench, address);
    }
    bench->asked = 0;
    (void)ask(t, bench, "1@relayed.test");
    assert_int_equal(bench->asked, 0);
    (void)ask(t, bench, "0@relayed.test");
    assert_int_equal(bench->asked, 1);
}
static void a_flood_of_addresses_takes_bounded_memory(void **state) { run(flood_body); }

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_taken_is_asked_for_once_a_day),
        cmocka_unit_test(a_new_address_is_known_within_minutes),
        cmocka_unit_test(hosts_that_are_down_are_not_waited_for_again_and_again),
        cmocka_unit_test(a_question_that_was_not_asked_is_asked_again),
        cmocka_unit_test(no_more_than_some_are_under_way_at_once),
        cmocka_unit_test(nobody_waits_longer_than_half_a_minute),
        cmocka_unit_test(a_flood_of_addresses_takes_bounded_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
