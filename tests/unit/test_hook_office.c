/* The store role's side of webhooks: which event is posted when, by the schedule and in order, signed,
   whatever comes of it; with a remote role that the test plays and a clock that jumps. */
#include "store_bench.h"

#include "base/limits_hook.h"
#include "hook/office.h"
#include "hook/schedule.h"
#include "hook/signature.h"
#include "io/stream.h"
#include "store/campaign.h"
#include "store/webhook.h"

enum { POSTS_MAX = 64, TEXT_BYTES = 256, WAIT_MS = TEST_PATIENCE_MS, HOUR_MS = 3600 * 1000 };
static const struct slice secret = SLICE_INIT("0123456789abcdef0123456789abcdef");

struct posted {
    char url[TEXT_BYTES];
    char id[TEXT_BYTES];
    char campaign[TEXT_BYTES];
    int64_t at_ms;
};

struct scene {
    struct env_ops ops;
    const struct env_ops *real;
    int64_t ahead_ms;
    struct store_bench *bench;
    struct task *t;
    struct hook_office *office;
    struct channel *near;
    struct channel *far;
    /* What is answered to events for "https://bad.example/", and to all others. */
    struct hook_report bad;
    struct hook_report good;
    struct posted posts[POSTS_MAX];
    size_t post_count;
    uint64_t webhook;
};

/* ---- a clock that jumps ---- */

static struct scene *scene_of(struct env *env) {
    return (struct scene *)((uintptr_t)env->ops - offsetof(struct scene, ops));
}

static int64_t jumping_wall_ms(struct env *env) {
    struct scene *scene = scene_of(env);
    return scene->real->wall_ms(env) + scene->ahead_ms;
}

static int64_t now_ms(const struct scene *scene) { return env_wall_ms(scene->bench->env); }

static void jump(struct scene *scene, int64_t ms) {
    scene->ahead_ms += ms;
    hook_office_wake(scene->office);
}

/* ---- the remote role ---- */

static void keep(char text[TEXT_BYTES], struct slice bytes) {
    assert_true(bytes.len < TEXT_BYTES);
    memcpy(text, bytes.ptr, bytes.len);
    text[bytes.len] = 0;
}

static void check_signature(const struct hook_post *post) {
    struct buffer right = buffer_new(TEXT_BYTES);
    uint64_t timestamp = 0;
    assert_true(slice_to_number(post->timestamp, INT64_MAX, &timestamp));
    struct hook_stamp stamp = {post->id, (int64_t)timestamp};
    hook_signature_write(&right, secret, &stamp, post->payload);
    assert_true(slice_equal(buffer_slice(&right), post->signatures));
    buffer_free(&right);
}

static void far_requested(struct task *t, void *context, struct ipc_request *request) {
    struct scene *scene = context;
    struct hook_post post;
    struct buffer out = buffer_new(4096);
    assert_true(hook_post_unpack(request->message.body, &post));
    check_signature(&post);
    assert_true(scene->post_count < POSTS_MAX);
    struct posted *posted = &scene->posts[scene->post_count++];
    keep(posted->url, post.url);
    keep(posted->id, post.id);
    size_t at = slice_find(post.payload, SLICE("\"campaign\":\""));
    struct slice rest = slice_skip(post.payload, at + strlen("\"campaign\":\""));
    keep(posted->campaign, slice_take_until(&rest, '"'));
    posted->at_ms = now_ms(scene);
    bool is_bad = slice_equal(post.url, SLICE("https://bad.example/"));
    hook_report_pack(&out, is_bad ? &scene->bad : &scene->good);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}
static const struct channel_handlers far_handlers = {far_requested, NULL, NULL};

static void near_requested(struct task *t, void *context, struct ipc_request *request) {
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}
static const struct channel_handlers near_handlers = {near_requested, NULL, NULL};

/* ---- the scene ---- */

static void open_office(struct scene *scene) {
    struct hook_office_settings settings = {0};
    struct hook_office_options options = {
        .env = scene->bench->env, .engine = scene->bench->engine, .remote = scene->near};
    scene->office = hook_office_new(&options, &settings);
}

static void scene_open(struct task *t, struct store_bench *bench, struct scene *scene) {
    struct handle pair[2];
    *scene = (struct scene){.ops = *bench->env->ops,
                            .real = bench->env->ops,
                            .bench = bench,
                            .t = t,
                            .bad = {.end = HOOK_ANSWERED, .status = 500},
                            .good = {.end = HOOK_ANSWERED, .status = 204}};
    scene->ops.wall_ms = jumping_wall_ms;
    bench->env->ops = &scene->ops;
    scene->near = channel_new(bench->env, &near_handlers, scene);
    scene->far = channel_new(bench->env, &far_handlers, scene);
    assert_int_equal(stream_pair(bench->env, pair), 0);
    channel_attach(scene->near, stream_adopt(bench->env, pair[0]));
    channel_attach(scene->far, stream_adopt(bench->env, pair[1]));
    open_office(scene);
}

static void scene_close(struct scene *scene) {
    hook_office_free(scene->t, &scene->office);
    channel_close(scene->t, &scene->near);
    channel_close(scene->t, &scene->far);
    scene->bench->env->ops = scene->real;
}

static uint64_t add(struct scene *scene, const char *url, const char *kinds) {
    uint64_t id = 0;
    assert_int_equal(engine_webhook_add(scene->t, scene->bench->engine, slice_from_text(url),
                                        slice_from_text(kinds), secret, &id),
                     STORE_OK);
    hook_office_wake(scene->office);
    return id;
}

static void happen(struct scene *scene, const char *name) {
    uint64_t id = 0;
    struct campaign campaign = {.name = slice_from_text(name), .document = SLICE("{}")};
    assert_int_equal(engine_campaign_create(scene->t, scene->bench->engine, &campaign, &id), STORE_OK);
}

static struct webhook webhook_of(struct scene *scene, uint64_t id) {
    struct webhook webhook = {0};
    assert_int_equal(engine_webhook_read(scene->bench->engine, scene->bench->arena, id, &webhook), STORE_OK);
    return webhook;
}

static uint64_t attempts_of(struct scene *scene, uint64_t id) {
    struct webhook webhook = webhook_of(scene, id);
    return webhook.delivered + webhook.failures;
}

/* So many attempts were settled. */
static void await_attempts(struct scene *scene, uint64_t id, uint64_t count) {
    int64_t until_ms = env_now_ms(scene->bench->env) + WAIT_MS;
    while (attempts_of(scene, id) < count) {
        assert_true(env_now_ms(scene->bench->env) < until_ms);
        assert_int_equal(task_sleep(scene->t, 2), WAIT_OK);
    }
}

/* Long enough for all desks to have looked. */
static void settle_down(struct scene *scene) {
    hook_office_wake(scene->office);
    for (int i = 0; i < 20; i++) assert_int_equal(task_sleep(scene->t, 2), WAIT_OK);
}

static int64_t due_of(struct scene *scene, uint64_t id) {
    struct webhook_work work;
    assert_int_equal(engine_webhook_work(scene->bench->engine, scene->bench->arena, id, now_ms(scene), &work),
                     STORE_OK);
    return work.next_ms;
}

/* ---- tests ---- */

static void schedule_body(struct task *t, struct store_bench *bench) {
    struct scene *scene = bench->extra;
    scene_open(t, bench, scene);
    uint64_t id = add(scene, "https://bad.example/", "*");
    happen(scene, "one");
    for (uint64_t attempt = 1; attempt < HOOK_ATTEMPTS_MAX; attempt++) {
        await_attempts(scene, id, attempt);
        settle_down(scene);
        assert_int_equal(scene->post_count, attempt);
        int64_t pause_ms = due_of(scene, id) - now_ms(scene);
        assert_true(pause_ms <= hook_schedule_pause_ms(attempt, 0) * 11 / 9);
        jump(scene, pause_ms + 1);
    }
    await_attempts(scene, id, HOOK_ATTEMPTS_MAX);
    settle_down(scene);
    jump(scene, 1000 * (int64_t)HOUR_MS);
    settle_down(scene);
    assert_int_equal(scene->post_count, HOOK_ATTEMPTS_MAX);
    struct webhook webhook = webhook_of(scene, id);
    assert_int_equal(webhook.state, WEBHOOK_DISABLED);
    assert_true(slice_find(webhook.reason, SLICE("the answer was 500")) != SLICE_NOT_FOUND);
    for (size_t i = 1; i < scene->post_count; i++)
        assert_string_equal(scene->posts[i].id, scene->posts[0].id);
    int64_t all_ms = scene->posts[HOOK_ATTEMPTS_MAX - 1].at_ms - scene->posts[0].at_ms;
    assert_true(all_ms > 66 * (int64_t)HOUR_MS && all_ms < 85 * (int64_t)HOUR_MS);
    /* Mended: nothing is lost. */
    scene->bad.status = 200;
    happen(scene, "two");
    assert_int_equal(engine_webhook_enable(t, bench->engine, id), STORE_OK);
    hook_office_wake(scene->office);
    int64_t until_ms = env_now_ms(bench->env) + WAIT_MS;
    while (webhook_of(scene, id).delivered < 2 && env_now_ms(bench->env) < until_ms)
        assert_int_equal(task_sleep(t, 2), WAIT_OK);
    assert_int_equal(scene->post_count, HOOK_ATTEMPTS_MAX + 2);
    assert_string_equal(scene->posts[HOOK_ATTEMPTS_MAX].campaign, "one");
    assert_string_equal(scene->posts[HOOK_ATTEMPTS_MAX + 1].campaign, "two");
    scene_close(scene);
}

static void down_for_days_it_is_tried_by_the_schedule_then_disabled_and_nothing_lost(void **state) {
    struct scene scene;
    bench_run(schedule_body, &scene);
}

static void beside_body(struct task *t, struct store_bench *bench) {
    struct scene *scene = bench->extra;
    scene_open(t, bench, scene);
    uint64_t bad = add(scene, "https://bad.example/", "*");
    uint64_t good = add(scene, "https://good.example/", "*");
    happen(scene, "one");
    happen(scene, "two");
    await_attempts(scene, good, 2);
    await_attempts(scene, bad, 1);
    settle_down(scene);
    assert_int_equal(webhook_of(scene, bad).failures, 1);
    /* Four attempts, then the next goes before it. */
    for (uint64_t attempt = 2; attempt <= WEBHOOK_HOLDING_ATTEMPTS; attempt++) {
        jump(scene, due_of(scene, bad) - now_ms(scene) + 1);
        await_attempts(scene, bad, attempt);
    }
    await_attempts(scene, bad, WEBHOOK_HOLDING_ATTEMPTS + 1);
    assert_string_equal(scene->posts[scene->post_count - 1].campaign, "two");
    assert_int_equal(webhook_of(scene, good).delivered, 2);
    scene_close(scene);
}

static void who_is_down_holds_his_own_events_for_a_while_and_no_others(void **state) {
    struct scene scene;
    bench_run(beside_body, &scene);
}

static void interrupted_body(struct task *t, struct store_bench *bench) {
    struct scene *scene = bench->extra;
    scene_open(t, bench, scene);
    uint64_t id = add(scene, "https://good.example/", "*");
    scene->good.end = HOOK_INTERRUPTED;
    happen(scene, "one");
    int64_t until_ms = env_now_ms(bench->env) + WAIT_MS;
    while (scene->post_count == 0 && env_now_ms(bench->env) < until_ms)
        assert_int_equal(task_sleep(t, 2), WAIT_OK);
    settle_down(scene);
    assert_int_equal(attempts_of(scene, id), 0);
    /* A store role that begins anew knows no more than what is committed. */
    hook_office_free(t, &scene->office);
    scene->good.end = HOOK_ANSWERED;
    open_office(scene);
    await_attempts(scene, id, 1);
    assert_int_equal(webhook_of(scene, id).delivered, 1);
    assert_string_equal(scene->posts[scene->post_count - 1].id, scene->posts[0].id);
    scene_close(scene);
}

static void what_was_interrupted_is_no_attempt_and_comes_again_with_its_id(void **state) {
    struct scene scene;
    bench_run(interrupted_body, &scene);
}

struct one_of_many {
    struct scene *scene;
    int number;
};

static void create_one(struct task *t, void *argument) {
    const struct one_of_many *one = argument;
    char name[32];
    uint64_t id = 0;
    (void)snprintf(name, sizeof name, "campaign %d", one->number);
    struct campaign campaign = {.name = slice_from_text(name), .document = SLICE("{}")};
    assert_int_equal(engine_campaign_create(t, one->scene->bench->engine, &campaign, &id), STORE_OK);
}

/* In as few commits as there may be. */
static void happen_often(struct scene *scene, int count) {
    struct one_of_many *many = ARENA_NEW_ARRAY(scene->bench->arena, struct one_of_many, count);
    struct scope scope;
    scope_init(&scope, scene->bench->env);
    for (int i = 0; i < count; i++) {
        many[i] = (struct one_of_many){scene, i};
        assert_true(scope_spawn(&scope, create_one, &many[i]));
    }
    scope_close(scene->t, &scope);
}

static void unwanted_body(struct task *t, struct store_bench *bench) {
    struct scene *scene = bench->extra;
    scene_open(t, bench, scene);
    uint64_t id = add(scene, "https://good.example/", "outreach.campaign.paused");
    happen_often(scene, FEED_PASSED_MAX + 10);
    settle_down(scene);
    assert_int_equal(scene->post_count, 0);
    /* What nobody wants is passed for good. */
    int64_t until_ms = env_now_ms(bench->env) + WAIT_MS;
    while (webhook_of(scene, id).cursor == id && env_now_ms(bench->env) < until_ms)
        assert_int_equal(task_sleep(t, 2), WAIT_OK);
    assert_true(webhook_of(scene, id).cursor > id);
    scene_close(scene);
}

static void what_is_not_wanted_is_passed_over(void **state) {
    struct scene scene;
    bench_run(unwanted_body, &scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(down_for_days_it_is_tried_by_the_schedule_then_disabled_and_nothing_lost),
        cmocka_unit_test(who_is_down_holds_his_own_events_for_a_while_and_no_others),
        cmocka_unit_test(what_was_interrupted_is_no_attempt_and_comes_again_with_its_id),
        cmocka_unit_test(what_is_not_wanted_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
