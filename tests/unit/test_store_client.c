/* The store over ipc: what edges and mail roles may ask, and what happens when it dies. */
#include "test.h"

#include "role_bench.h"
#include "store/protocol.h"

static const char raw[] = "Subject: hello\r\n\r\nbody\r\n";

static void ask_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    struct address_route route = {0};
    struct account account = {0};
    bench_add_account(t, bench, 0);
    role_open(&role, bench);
    assert_int_equal(
        store_address_resolve(t, role.edge_store, bench->arena, SLICE("ann+x@example.org"), &route),
        STORE_OK);
    assert_int_equal(route.kind, ADDRESS_LOCAL);
    assert_int_equal(route.target_count, 1);
    assert_true(route.targets[0].account == bench->account);
    assert_slice(route.targets[0].address, "ann@example.org");
    assert_int_equal(store_password_check(t, role.edge_store, bench->arena, SLICE("ann@example.org"),
                                          SLICE("secret"), &account),
                     STORE_OK);
    assert_true(account.id == bench->account);
    assert_int_equal(store_password_check(t, role.edge_store, bench->arena, SLICE("ann@example.org"),
                                          SLICE("wrong"), &account),
                     STORE_DENIED);
    assert_int_equal(
        store_password_check(t, role.edge_store, bench->arena, SLICE("nobody@x"), SLICE("secret"), &account),
        STORE_DENIED);
    role_close(t, &role);
}

static void an_edge_resolves_addresses_and_checks_passwords(void **state) { bench_run(ask_body, NULL); }

static void sender_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    uint64_t other = 0;
    bench_add_account(t, bench, 0);
    assert_int_equal(
        engine_account_add(t, bench->engine, SLICE("bob@example.org"), SLICE("secret"), 0, &other), STORE_OK);
    struct alias alias = {SLICE("sales@example.org"), SLICE("ann@example.org")};
    assert_int_equal(engine_alias_add(t, bench->engine, &alias), STORE_OK);
    role_open(&role, bench);
    static const char *const own[] = {"ann@example.org", "Ann+news@example.org", "sales@example.org"};
    static const char *const foreign[] = {"bob@example.org", "nobody@example.org", "ann@elsewhere.test", ""};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(store_sender_check(t, role.edge_store, bench->account, slice_from_text(own[i])),
                         STORE_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(store_sender_check(t, role.edge_store, bench->account, slice_from_text(foreign[i])),
                         STORE_DENIED);
    assert_int_equal(store_sender_check(t, role.edge_store, other, SLICE("sales@example.org")), STORE_DENIED);
    role_close(t, &role);
}

static void a_user_sends_as_his_own_addresses_only(void **state) { bench_run(sender_body, NULL); }

static void forbidden_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    struct uid_range all = {1, UINT32_MAX};
    struct uid_ranges uids = {&all, 1};
    struct entry *entries = NULL;
    uint64_t number = 0;
    bench_add_account(t, bench, 0);
    bench_deliver(t, bench, slice_from_text(raw));
    role_open(&role, bench);
    assert_int_equal(store_expunge(t, role.edge_store, bench->inbox, uids, false, &number), STORE_REFUSED);
    assert_int_equal(
        store_mailbox_create(t, role.edge_store, bench->account, SLICE("x"), SPECIAL_NONE, &number),
        STORE_REFUSED);
    assert_int_equal(store_mailbox_delete(t, role.edge_store, bench->account, SLICE("Junk")), STORE_REFUSED);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    assert_int_equal(store_expunge(t, role.mail_store, bench->inbox, uids, false, &number), STORE_OK);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 0);
    role_close(t, &role);
}

static void an_edge_may_not_touch_mailboxes(void **state) { bench_run(forbidden_body, NULL); }

static void spilled_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    struct entry *entries = NULL;
    bench_add_account(t, bench, 0);
    role_open(&role, bench);
    uint8_t *structure = arena_alloc(bench->arena, MIB(2));
    memset(structure, 's', MIB(2));
    struct delivery delivery = bench_delivery(bench, slice_from_text(raw));
    delivery.facts.structure = slice_of(structure, MIB(2));
    delivery.id = store_client_new_id(role.edge_store);
    assert_int_equal(store_deliver(t, role.edge_store, &delivery), STORE_OK);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    assert_int_equal(entries[0].structure.len, MIB(2));
    assert_memory_equal(entries[0].structure.ptr, structure, MIB(2));
    role_close(t, &role);
}

static void a_question_too_long_for_a_frame_arrives_by_a_file(void **state) { bench_run(spilled_body, NULL); }

/* Puts the packed body into a spool, as an intake does. */
static void spool_write(struct task *t, struct store_client *store, struct env *env,
                        struct body_source *body) {
    struct handle handle;
    assert_int_equal(store_spool_open(t, store, &body->spool, &handle), STORE_OK);
    struct file *file = file_adopt(env, handle);
    assert_int_equal(file_write(file, body->packed, 0), 0);
    file_close(&file);
    body->spool_bytes = body->packed.len;
    body->packed = SLICE_EMPTY;
}

/* Asks for a spool and does not wait for it. */
static void give_up(struct task *t, void *argument) {
    struct role_bench *role = argument;
    uint64_t spool = 0;
    struct handle handle = HANDLE_NONE;
    if (store_spool_open(t, role->edge_store, &spool, &handle) == STORE_OK) abort();
}

static void given_up_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    role_open(&role, bench);
    for (int i = 0; i < 2 * STORE_PEER_SPOOLS_MAX; i++) {
        struct scope scope;
        scope_init(&scope, bench->env);
        assert_true(scope_spawn(&scope, give_up, &role));
        assert_int_equal(task_yield(t), WAIT_OK);
        scope_close(t, &scope);
        assert_int_equal(task_sleep(t, 1), WAIT_OK);
    }
    uint64_t spool = 0;
    struct handle handle = HANDLE_NONE;
    assert_int_equal(store_spool_open(t, role.edge_store, &spool, &handle), STORE_OK);
    handle_close(bench->env, handle);
    role_close(t, &role);
}

static void a_spool_whose_asker_went_away_is_free_again(void **state) { bench_run(given_up_body, NULL); }

static void spool_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    struct entry *entries = NULL;
    struct buffer got = buffer_new(KIB(64));
    bench_add_account(t, bench, 0);
    role_open(&role, bench);
    struct delivery delivery = bench_delivery(bench, slice_from_text(raw));
    spool_write(t, role.edge_store, bench->env, &delivery.body);
    /* Another role cannot have it. */
    assert_int_not_equal(store_deliver(t, role.mail_store, &delivery), STORE_OK);
    assert_int_equal(store_deliver(t, role.edge_store, &delivery), STORE_OK);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    assert_int_equal(reader_body(bench->reader, entries[0].body, 0, KIB(64), &got), STORE_OK);
    assert_slice(buffer_slice(&got), raw);
    buffer_free(&got);
    role_close(t, &role);
}

static void a_spooled_body_is_its_role_s_own(void **state) { bench_run(spool_body, NULL); }

struct asker {
    struct role_bench *role;
    const struct delivery *delivery;
    enum store_result delivered;
    enum store_result expunged;
    bool is_done;
};

static void deliver_task(struct task *t, void *argument) {
    struct asker *asker = argument;
    asker->delivered = store_deliver(t, asker->role->mail_store, asker->delivery);
    asker->is_done = true;
}

static void expunge_task(struct task *t, void *argument) {
    struct asker *asker = argument;
    uint64_t modseq = 0;
    struct uid_range all = {1, UINT32_MAX};
    asker->expunged = store_expunge(t, asker->role->mail_store, asker->role->bench->inbox,
                                    (struct uid_ranges){&all, 1}, false, &modseq);
    asker->is_done = true;
}

/* The question is sent, and the store is gone before it answers. */
static void ask_and_die(struct task *t, struct role_bench *role, struct scope *scope,
                        void (*ask)(struct task *t, void *argument), struct asker *asker) {
    struct handle pair[2];
    assert_int_equal(stream_pair(role->env, pair), 0);
    struct stream *deaf = stream_adopt(role->env, pair[0]);
    store_client_attach(role->mail_store, stream_adopt(role->env, pair[1]));
    assert_true(scope_spawn(scope, ask, asker));
    assert_int_equal(task_sleep(t, 10), WAIT_OK);
    stream_close(&deaf);
    assert_int_equal(task_sleep(t, 10), WAIT_OK);
}

static void wait_until_done(struct task *t, const struct asker *asker) {
    for (int i = 0; i < TEST_PATIENCE_MS / 5 && !asker->is_done; i++)
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_true(asker->is_done);
}

static void death_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    struct scope scope;
    struct entry *entries = NULL;
    bench_add_account(t, bench, 0);
    role_open(&role, bench);
    scope_init(&scope, bench->env);
    struct delivery delivery = bench_delivery(bench, slice_from_text(raw));
    struct asker asker = {.role = &role, .delivery = &delivery};
    assert_int_equal(store_deliver(t, role.mail_store, &delivery), STORE_OK);

    ask_and_die(t, &role, &scope, deliver_task, &asker);
    assert_false(asker.is_done);
    role_attach(&role, role.mail_store, true);
    wait_until_done(t, &asker);
    assert_int_equal(asker.delivered, STORE_OK);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);

    asker.is_done = false;
    ask_and_die(t, &role, &scope, expunge_task, &asker);
    wait_until_done(t, &asker);
    assert_int_equal(asker.expunged, STORE_GONE);
    scope_close(t, &scope);
    role_close(t, &role);
}

static void deliveries_are_asked_again_and_changes_are_not(void **state) { bench_run(death_body, NULL); }

/* Its store dies before it answers; the next one is asked. Returns what came of it. */
static enum store_result deliver_through_death(struct task *t, struct role_bench *role, struct scope *scope,
                                               const struct delivery *delivery) {
    struct asker asker = {.role = role, .delivery = delivery};
    ask_and_die(t, role, scope, deliver_task, &asker);
    assert_false(asker.is_done);
    role_attach(role, role->mail_store, true);
    wait_until_done(t, &asker);
    return asker.delivered;
}

static void spooled_death_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    struct scope scope;
    struct entry *entries = NULL;
    struct buffer got = buffer_new(KIB(64));
    struct handle handle;
    bench_add_account(t, bench, 0);
    role_open(&role, bench);
    scope_init(&scope, bench->env);
    struct delivery delivery = bench_delivery(bench, slice_from_text(raw));
    assert_int_equal(store_spool_open(t, role.mail_store, &delivery.body.spool, &handle), STORE_OK);
    delivery.body.file = file_adopt(bench->env, handle);
    assert_int_equal(file_write(delivery.body.file, delivery.body.packed, 0), 0);
    delivery.body.spool_bytes = delivery.body.packed.len;
    delivery.body.packed = SLICE_EMPTY;
    /* Before it was committed; then once more, as if the answer had been lost after the commit. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(deliver_through_death(t, &role, &scope, &delivery), STORE_OK);
        assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    }
    assert_int_equal(reader_body(bench->reader, entries[0].body, 0, KIB(64), &got), STORE_OK);
    assert_slice(buffer_slice(&got), raw);
    file_close(&delivery.body.file);
    buffer_free(&got);
    scope_close(t, &scope);
    role_close(t, &role);
}

static void a_spooled_delivery_outlives_its_store_and_is_stored_once(void **state) {
    bench_run(spooled_death_body, NULL);
}

static void news_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    bench_add_account(t, bench, 0);
    role_open(&role, bench);
    struct mailbox_news news = {.account = bench->account, .mailbox = bench->inbox, .highest_modseq = 7};
    store_service_news(role.service, &news);
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    /* One of the two clients is a mail role. */
    assert_int_equal(role.news_count, 1);
    role_close(t, &role);
}

static void news_goes_to_mail_roles_only(void **state) { bench_run(news_body, NULL); }

static void unasked(struct task *t, void *context, struct ipc_request *request) { assert_null(request); }

/* Every kind of question with nonsense behind it: one answer each, and the store lives. */
static void hostile_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    struct handle pair[2];
    static const struct channel_handlers handlers = {.request = unasked};
    bench_add_account(t, bench, 0);
    role_open(&role, bench);
    assert_int_equal(stream_pair(bench->env, pair), 0);
    store_service_attach(role.service, stream_adopt(bench->env, pair[0]), true);
    struct channel *channel = channel_new(bench->env, &handlers, NULL);
    channel_attach(channel, stream_adopt(bench->env, pair[1]));
    uint64_t random = 88172645463325252u;
    for (uint32_t round = 0; round < 40; round++) {
        for (uint32_t type = 0; type < STORE_ASK_COUNT + 3; type++) {
            uint8_t bytes[96];
            for (size_t i = 0; i < sizeof bytes; i++) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                bytes[i] = (uint8_t)(random >> (round & 1 ? 60 : 32));
            }
            struct ipc_answer answer;
            struct ipc_message message = {type, slice_of(bytes, (random >> 40) % sizeof bytes), HANDLE_NONE};
            assert_int_equal(
                channel_call(t, channel, &message, &answer, env_now_ms(bench->env) + TEST_PATIENCE_MS),
                IPC_OK);
            assert_true(answer.body.len > 0);
            handle_close(bench->env, answer.handle);
            ipc_answer_free(&answer);
        }
    }
    channel_close(t, &channel);
    role_close(t, &role);
}

static void nonsense_gets_one_answer_each(void **state) { bench_run(hostile_body, NULL); }

static void ranges_come_back_at_every_cut_or_are_bad(void **state) {
    static const struct uid_range list[] = {{1, 5}, {7, 7}, {4, 4}, {100000, UINT32_MAX}};
    struct buffer packed = buffer_new(KIB(1));
    struct arena *arena = arena_new(KIB(64));
    struct uid_ranges got;
    pack_ranges(&packed, (struct uid_ranges){list, 4});
    struct unpacker in = unpacker_of(buffer_slice(&packed));
    unpack_ranges(&in, arena, &got);
    assert_true(unpack_is_done(&in));
    assert_int_equal(got.count, 4);
    assert_memory_equal(got.ranges, list, sizeof list);
    for (size_t cut = 0; cut < packed.len; cut++) {
        in = unpacker_of(slice_sub(buffer_slice(&packed), 0, cut));
        unpack_ranges(&in, arena, &got);
        assert_true(in.is_bad);
        assert_int_equal(got.count, 0);
    }
    buffer_free(&packed);
    arena_free(&arena);
}

static void as_many_ranges_as_a_command_can_name_fit_a_frame(void **state) {
    struct uid_range *list = calloc(IMAP_SEQUENCE_RANGES_MAX, sizeof *list);
    struct buffer packed = buffer_new(MIB(8));
    assert_non_null(list);
    for (uint32_t i = 0; i < IMAP_SEQUENCE_RANGES_MAX; i++)
        list[i] = (struct uid_range){i * 42949 + 1, i * 42949 + 20000};
    pack_ranges(&packed, (struct uid_ranges){list, IMAP_SEQUENCE_RANGES_MAX});
    assert_true(packed.len < STORE_FRAME_BODY_BYTES_MAX);
    buffer_free(&packed);
    free(list);
}

static void times_before_1970_come_back(void **state) {
    static const int64_t times[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1700000000000};
    struct buffer packed = buffer_new(KIB(1));
    for (size_t i = 0; i < 6; i++) pack_time(&packed, times[i]);
    struct unpacker in = unpacker_of(buffer_slice(&packed));
    for (size_t i = 0; i < 6; i++) assert_true(unpack_time(&in) == times[i]);
    assert_true(unpack_is_done(&in));
    buffer_free(&packed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edge_resolves_addresses_and_checks_passwords),
        cmocka_unit_test(a_user_sends_as_his_own_addresses_only),
        cmocka_unit_test(an_edge_may_not_touch_mailboxes),
        cmocka_unit_test(a_spool_whose_asker_went_away_is_free_again),
        cmocka_unit_test(a_question_too_long_for_a_frame_arrives_by_a_file),
        cmocka_unit_test(a_spooled_body_is_its_role_s_own),
        cmocka_unit_test(deliveries_are_asked_again_and_changes_are_not),
        cmocka_unit_test(a_spooled_delivery_outlives_its_store_and_is_stored_once),
        cmocka_unit_test(news_goes_to_mail_roles_only),
        cmocka_unit_test(nonsense_gets_one_answer_each),
        cmocka_unit_test(ranges_come_back_at_every_cut_or_are_bad),
        cmocka_unit_test(as_many_ranges_as_a_command_can_name_fit_a_frame),
        cmocka_unit_test(times_before_1970_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
