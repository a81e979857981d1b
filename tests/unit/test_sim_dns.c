/* DNS of the simulated world: the table, its faults, and replay. */
#include "test.h"

#include "base/limits.h"
#include "io/sim/sim.h"

#define BYTES(literal) slice_of(literal, sizeof(literal) - 1)

struct bench {
    struct sim_world *world;
    struct dns *dns;
    struct arena *arena;
    struct dns_answer answer;
    bool is_done;
};

static enum dns_result look_up(struct task *t, struct bench *bench, const char *name, uint16_t type) {
    return dns_lookup(t, bench->dns, slice_from_text(name), type, bench->arena, &bench->answer,
                      env_now_ms(task_env(t)) + 5000);
}

static void ask(struct task *t, void *argument) {
    struct bench *bench = argument;
    const char *reason;
    bench->dns = dns_open(t, &(struct dns_options){0}, &reason);
    assert_int_equal(look_up(t, bench, "Mail.Example.Test.", DNS_A), DNS_OK);
    assert_int_equal(bench->answer.count, 2);
    assert_true(slice_equal(bench->answer.records[1], BYTES("\300\0\2\2")));
    assert_int_equal(look_up(t, bench, "www.example.test", DNS_A), DNS_OK);
    assert_int_equal(bench->answer.ttl_s, 5);
    assert_true(slice_equal(bench->answer.canonical_name, BYTES("\4mail\7example\4test\0")));
    assert_int_equal(look_up(t, bench, "loop.test", DNS_A), DNS_SERVFAIL);
    assert_int_equal(look_up(t, bench, "mail.example.test", DNS_MX), DNS_NO_DATA);
    assert_int_equal(look_up(t, bench, "nobody.test", DNS_A), DNS_NO_SUCH_NAME);
    sim_dns_fail(bench->world, "mail.example.test", DNS_SERVFAIL);
    assert_int_equal(look_up(t, bench, "www.example.test", DNS_A), DNS_SERVFAIL);
    sim_dns_forget(bench->world, "mail.example.test");
    sim_dns_fail(bench->world, "mail.example.test", DNS_TIMEOUT);
    assert_int_equal(look_up(t, bench, "mail.example.test", DNS_A), DNS_TIMEOUT);
    sim_world_network(bench->world)->dns_silence_chance = SIM_ALWAYS;
    assert_int_equal(look_up(t, bench, "nobody.test", DNS_A), DNS_TIMEOUT);
    sim_world_network(bench->world)->dns_silence_chance = 0;
    sim_world_network(bench->world)->dns_failure_chance = SIM_ALWAYS;
    assert_int_equal(look_up(t, bench, "nobody.test", DNS_A), DNS_SERVFAIL);
    dns_close(&bench->dns);
    bench->is_done = true;
}

static bool is_done(void *context) { return ((struct bench *)context)->is_done; }

static uint64_t run(uint64_t seed) {
    struct bench bench = {.world = sim_world_new(seed), .arena = arena_new(MIB(1))};
    struct sim_machine *host = sim_machine_new(bench.world, "host", "192.0.2.1");
    sim_dns_add(bench.world, "mail.example.test", DNS_A, BYTES("\300\0\2\1"), 60);
    sim_dns_add(bench.world, "mail.example.test", DNS_A, BYTES("\300\0\2\2"), 60);
    sim_dns_add(bench.world, "www.example.test", DNS_CNAME, BYTES("\4mail\7example\4test\0"), 5);
    sim_dns_add(bench.world, "loop.test", DNS_CNAME, BYTES("\4loop\4test\0"), 5);
    (void)sim_process_start(host, "asker", ask, &bench);
    assert_true(sim_world_run_until(bench.world, is_done, &bench, 60000));
    uint64_t trace = sim_world_trace(bench.world);
    sim_world_free(&bench.world);
    arena_free(&bench.arena);
    return trace;
}

static void the_table_answers_and_the_same_seed_replays(void **state) {
    (void)state;
    assert_true(run(1) == run(1));
    assert_true(run(1) != run(2));
}

static void ask_for_ever(struct task *t, void *argument) {
    struct bench *bench = argument;
    const char *reason;
    bench->dns = dns_open(t, &(struct dns_options){0}, &reason);
    (void)look_up(t, bench, "silent.test", DNS_A);
    bench->is_done = true;
    dns_close(&bench->dns);
}

static void a_process_that_dies_in_a_lookup_unwinds(void **state) {
    (void)state;
    struct bench bench = {.world = sim_world_new(3), .arena = arena_new(MIB(1))};
    struct sim_machine *host = sim_machine_new(bench.world, "host", "192.0.2.1");
    sim_dns_fail(bench.world, "silent.test", DNS_TIMEOUT);
    struct env *env = sim_process_start(host, "asker", ask_for_ever, &bench);
    sim_world_run_for(bench.world, 1000);
    assert_false(bench.is_done);
    sim_process_kill(env);
    sim_world_run_for(bench.world, 1000);
    assert_true(sim_process_has_ended(env));
    assert_int_equal(bench.answer.result, DNS_CANCELLED);
    sim_world_free(&bench.world);
    arena_free(&bench.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_answers_and_the_same_seed_replays),
        cmocka_unit_test(a_process_that_dies_in_a_lookup_unwinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
