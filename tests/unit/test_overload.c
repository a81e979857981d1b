/* Who goes first when there is too much to do: users before strangers, and whoever is known before who is
 * not. */
#include "test.h"

#include "base/limits.h"
#include "io/conn.h"
#include "login/delays.h"
#include "task_test.h"

/* ---- the loop ---- */

/* Strangers' work that never ends, and what users did meanwhile. */
struct crowd {
    struct scope strangers;
    struct scope users;
    int stranger_steps;
    int user_steps;
    /* The most that strangers did between two steps of a user. */
    int longest;
    bool is_over;
};

static void stranger_main(struct task *t, void *argument) {
    struct crowd *crowd = argument;
    while (!crowd->is_over) {
        crowd->stranger_steps++;
        if (task_yield(t) != WAIT_OK) return;
    }
}

static void user_main(struct task *t, void *argument) {
    struct crowd *crowd = argument;
    for (; crowd->user_steps < 100; crowd->user_steps++) {
        int before = crowd->stranger_steps;
        if (task_yield(t) != WAIT_OK) return;
        int steps = crowd->stranger_steps - before;
        if (steps > crowd->longest) crowd->longest = steps;
    }
    crowd->is_over = true;
}

static void patience_body(struct task *t, struct env *env) {
    struct crowd crowd = {.longest = 0};
    scope_init(&crowd.strangers, env);
    scope_init(&crowd.users, env);
    crowd.strangers.patience = PATIENCE_STRANGER;
    for (int i = 0; i < 1000; i++) assert_true(scope_spawn(&crowd.strangers, stranger_main, &crowd));
    assert_true(scope_spawn(&crowd.users, user_main, &crowd));
    while (!crowd.is_over) assert_int_equal(task_sleep(t, 1), WAIT_OK);
    assert_true(crowd.longest > 0 && crowd.longest <= STRANGER_WORKS_A_TURN);
    scope_close(t, &crowd.strangers);
    scope_close(t, &crowd.users);
}

static void a_crowd_of_strangers_leaves_the_loop_to_users(void **state) { task_test_run(patience_body); }

/* ---- connections that make room ---- */

static enum frame_state line_frame(void *session, struct slice input, size_t *len) {
    size_t end = slice_find_byte(input, '\n');
    if (end == SLICE_NOT_FOUND) return FRAME_MORE;
    *len = end + 1;
    return FRAME_COMMAND;
}
/* "WORK" is what it came for; "READ" reads on. */
static void line_command(struct task *t, void *session, struct slice command) {
    struct conn *conn = session;
    if (slice_equal(command, SLICE("WORK\n"))) conn_set_until_ms(conn, DEADLINE_NONE);
    conn_write(conn, command);
    if (slice_equal(command, SLICE("READ\n"))) (void)!conn_fill(t, conn);
}
static void line_closed(void *session) { free(session); }
static const struct session_ops line_ops = {
    .frame = line_frame, .command = line_command, .closed = line_closed, .shed = SLICE_INIT("busy\n")};

static struct stream *come(struct env *env, struct conn_group *group) {
    struct handle pair[2];
    struct conn *conn = calloc(1, sizeof *conn);
    assert_non_null(conn);
    assert_int_equal(stream_pair(env, pair), 0);
    conn_init(conn, stream_adopt(env, pair[0]), &line_ops, conn, group, 1024);
    conn_set_until_ms(conn, env_now_ms(env) + 60000);
    conn_start(conn, NULL);
    return stream_adopt(env, pair[1]);
}

/* NULL: it hangs up without a word. */
static void hear(struct task *t, struct stream *stream, const char *text) {
    char bytes[64];
    ssize_t got = stream_read(t, stream, bytes, sizeof bytes, env_now_ms(task_env(t)) + TEST_PATIENCE_MS);
    if (!text) {
        assert_true(got <= 0 && got != -ETIMEDOUT);
        return;
    }
    assert_int_equal(got, strlen(text));
    assert_memory_equal(bytes, text, strlen(text));
}

static void say(struct task *t, struct stream *stream, const char *text) {
    assert_int_equal(stream_write(t, stream, slice_from_text(text), DEADLINE_NONE), 0);
    hear(t, stream, text);
}

/* As if they had come before. */
static void grow_old(struct conn_group *group) {
    LIST_EACH(&group->conns, conn, struct conn, in_group) conn->since_ms -= CONN_SHED_GRACE_MS;
}

static void shed_body(struct task *t, struct env *env) {
    struct conn_group group;
    struct stream *streams[4];
    conn_group_init(&group, env);
    for (int i = 0; i < 4; i++) streams[i] = come(env, &group);
    LIST_EACH(&group.conns, conn, struct conn, in_group) conn->since_ms = env_now_ms(env);
    assert_false(conn_group_shed(&group));
    grow_old(&group);
    /* The first works, and is busy with it; the second does what strangers do, and waits in it. */
    say(t, streams[0], "WORK\n");
    say(t, streams[1], "HALLO\n");
    assert_int_equal(stream_write(t, streams[1], SLICE("READ\n"), DEADLINE_NONE), 0);
    hear(t, streams[1], "READ\n");
    assert_true(conn_group_shed(&group));
    hear(t, streams[1], NULL);
    /* Then whoever came first of those that did nothing yet. */
    assert_true(conn_group_shed(&group));
    hear(t, streams[2], "busy\n");
    hear(t, streams[2], NULL);
    assert_true(conn_group_shed(&group));
    hear(t, streams[3], "busy\n");
    /* Who works is spared as long as he is at it, and no longer. */
    assert_int_equal(stream_write(t, streams[0], SLICE("READ\n"), DEADLINE_NONE), 0);
    hear(t, streams[0], "READ\n");
    grow_old(&group);
    assert_false(conn_group_shed(&group));
    say(t, streams[0], "on\n");
    bool is_shed = false;
    for (int i = 0; i < TEST_PATIENCE_MS / 5 && !is_shed; i++) {
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
        is_shed = conn_group_shed(&group);
    }
    assert_true(is_shed);
    hear(t, streams[0], "busy\n");
    for (int i = 0; i < 4; i++) stream_close(&streams[i]);
    conn_group_close(t, &group);
}

static void who_does_nothing_makes_room_first(void **state) { task_test_run(shed_body); }

/* ---- passwords ---- */

struct asker {
    struct login_turns *turns;
    struct login_turn turn;
    /* Which turn it had among all; 0: none yet. */
    int *count;
    int place;
    enum login_turn_result result;
    int64_t patience_ms;
};

static void ask(struct task *t, void *argument) {
    struct asker *asker = argument;
    int64_t deadline_ms = env_now_ms(task_env(t)) + asker->patience_ms;
    asker->result = login_turn_take(t, asker->turns, &asker->turn, deadline_ms);
    asker->place = ++*asker->count;
}

static struct asker asker_from(struct login_turns *turns, const char *address, const char *user, int *count) {
    return (struct asker){.turns = turns,
                          .turn = {.address = slice_from_text(address), .user = slice_from_text(user)},
                          .count = count,
                          .patience_ms = 60000};
}

enum { CROWD = 3 * LOGIN_CHECKS_MAX, NAME_BYTES = 32 };

/* A crowd that has one address in common, or one name. */
static void turns_among(struct task *t, struct env *env, bool is_one_address) {
    struct login_turns turns;
    struct scope scope;
    int count = 0;
    scope_init(&scope, env);
    login_turns_init(&turns, env);
    struct asker crowd[CROWD];
    char names[CROWD][NAME_BYTES];
    for (int i = 0; i < CROWD; i++) {
        (void)snprintf(names[i], sizeof names[i], "%d", i);
        crowd[i] = is_one_address ? asker_from(&turns, "192.0.2.1", names[i], &count)
                                  : asker_from(&turns, names[i], "Ann", &count);
        assert_true(scope_spawn(&scope, ask, &crowd[i]));
    }
    struct asker stranger = asker_from(&turns, "198.51.100.1", "bob", &count);
    struct asker known = asker_from(&turns, "192.0.2.1", "ann", &count);
    struct asker hasty = asker_from(&turns, "198.51.100.2", "eve", &count);
    known.turn.is_known = true;
    hasty.patience_ms = 1;
    assert_true(scope_spawn(&scope, ask, &stranger));
    assert_true(scope_spawn(&scope, ask, &known));
    assert_true(scope_spawn(&scope, ask, &hasty));
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    /* As many as there may be, the one who is known, and the one who would not wait. */
    assert_int_equal(count, LOGIN_CHECKS_MAX + 2);
    assert_true(known.place > 0 && known.result == LOGIN_TURN_OK);
    assert_int_equal(hasty.result, LOGIN_TURN_CROWD);
    login_turn_give(&turns, &known.turn);
    /* The next turn is not the crowd's, however many of it came before. */
    login_turn_give(&turns, &crowd[0].turn);
    assert_int_equal(task_sleep(t, 1), WAIT_OK);
    assert_int_equal(stranger.place, LOGIN_CHECKS_MAX + 3);
    login_turn_give(&turns, &stranger.turn);
    /* And where nobody else waits it has all of them. */
    for (int i = 1; i < CROWD; i++) {
        assert_int_equal(task_sleep(t, 1), WAIT_OK);
        assert_true(crowd[i].place > 0);
        login_turn_give(&turns, &crowd[i].turn);
    }
    assert_int_equal(turns.under_way_count + turns.waiting_count, 0);
    scope_close(t, &scope);
}

static void one_address_body(struct task *t, struct env *env) { turns_among(t, env, true); }
static void turns_go_to_the_known_and_then_to_other_addresses(void **state) {
    task_test_run(one_address_body);
}

static void one_user_body(struct task *t, struct env *env) { turns_among(t, env, false); }
static void turns_go_to_the_known_and_then_to_other_users(void **state) { task_test_run(one_user_body); }

static void known_body(struct task *t, struct env *env) {
    (void)t;
    struct login_delays *delays = login_delays_new(env);
    struct login_attempt at_home = {SLICE("192.0.2.1"), SLICE("ann@example.org")};
    struct login_attempt abroad = {SLICE("198.51.100.7"), SLICE("ann@example.org")};
    struct login_attempt guess = {SLICE("203.0.113.9"), SLICE("Ann@example.org")};
    assert_false(login_delay_is_known(delays, &at_home));
    login_delay_succeeded(delays, &at_home);
    for (int i = 0; i < 10; i++) (void)login_delay_note_failure(delays, &guess);
    assert_true(login_delay_ms(delays, &abroad) > 0);
    assert_true(login_delay_is_known(delays, &at_home));
    assert_int_equal(login_delay_ms(delays, &at_home), 0);
    /* Guesses from his own address count against him as against anybody. */
    (void)login_delay_note_failure(delays, &at_home);
    assert_true(login_delay_ms(delays, &at_home) > 0);
    login_delays_free(&delays);
}

static void guesses_elsewhere_do_not_delay_a_user_at_his_address(void **state) { task_test_run(known_body); }

static void memory_body(struct task *t, struct env *env) {
    (void)t;
    struct login_delays *delays = login_delays_new(env);
    struct login_attempt first = {SLICE("192.0.2.1"), SLICE("user0")};
    struct login_attempt last = {SLICE("192.0.2.1"), SLICE("user20000")};
    for (uint32_t i = 0; i <= LOGIN_KNOWN_MAX; i++) {
        char user[32];
        (void)snprintf(user, sizeof user, "user%u", i);
        login_delay_succeeded(delays, &(struct login_attempt){SLICE("192.0.2.1"), slice_from_text(user)});
    }
    assert_false(login_delay_is_known(delays, &first));
    assert_true(login_delay_is_known(delays, &last));
    login_delays_free(&delays);
}

static void the_longest_unseen_user_is_forgotten(void **state) { task_test_run(memory_body); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_of_strangers_leaves_the_loop_to_users),
        cmocka_unit_test(who_does_nothing_makes_room_first),
        cmocka_unit_test(turns_go_to_the_known_and_then_to_other_addresses),
        cmocka_unit_test(turns_go_to_the_known_and_then_to_other_users),
        cmocka_unit_test(guesses_elsewhere_do_not_delay_a_user_at_his_address),
        cmocka_unit_test(the_longest_unseen_user_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
