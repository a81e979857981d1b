/* Which mail leaves when: the scheduler over a real store, in the simulated world, with a remote role that
   does as the test says. */
#include "test.h"

#include <stdlib.h>

#include "base/limits.h"
#include "io/sim/sim.h"
#include "ipc/channel.h"
#include "signing_key.h"
#include "store/body_pack.h"
#include "store/engine_queue.h"
#include "store/engine_state.h"
#include "store/tls_result.h"
#include "transit/protocol.h"
#include "transit/reporting.h"
#include "transit/scheduler.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS, GIVEN_MAX = 12000 };

struct given {
    int64_t at_ms;
    uint64_t message;
    enum queue_stream stream;
    bool is_report;
    enum queue_outcome outcome;
    char domain[64];
};

struct bench {
    struct sim_world *world;
    struct sim_machine *host;
    struct env *env;
    struct engine *engine;
    struct scheduler *scheduler;
    struct scheduler_settings settings;
    struct id_source ids;
    void (*body)(struct task *t, struct bench *bench);
    /* The remote role: */
    struct channel *remote;
    struct given given[GIVEN_MAX];
    size_t given_count;
    size_t sessions;
    size_t sessions_most;
    int64_t work_ms;
    enum queue_outcome outcome;
    /* A domain that cannot be reached; all of those that begin with "dead" if it is "dead*". */
    const char *unreachable;
    struct transit_in_hand in_hand;
    /* Keeps what it was given, and says nothing more. */
    bool is_stuck;
    /* Runs of reports to others, which all are put off. */
    size_t reporting_runs;
};

/* ---- the remote role ---- */

static bool is_reachable(const struct bench *bench, struct slice domain) {
    if (!bench->unreachable) return true;
    if (strcmp(bench->unreachable, "dead*") == 0) return !slice_starts(domain, SLICE("dead"));
    return !slice_equal(domain, slice_from_text(bench->unreachable));
}

static bool ask(struct task *t, struct bench *bench, enum transit_ask_of_remote type,
                const struct buffer *question, struct arena *arena, struct ipc_answer *answer,
                struct transit_work *work) {
    struct ipc_message message = {type, buffer_slice(question), HANDLE_NONE};
    *work = (struct transit_work){0};
    if (channel_call(t, bench->remote, &message, answer, DEADLINE_NONE) != IPC_OK) return false;
    struct unpacker in = unpacker_of(buffer_slice(&answer->body));
    transit_work_unpack(&in, arena, work);
    assert_true(unpack_is_done(&in));
    return true;
}

static struct given *note(struct bench *bench, const struct transit_session *session,
                          const struct transit_work *work) {
    assert_true(bench->given_count < GIVEN_MAX);
    struct given *given = &bench->given[bench->given_count++];
    *given = (struct given){.at_ms = sim_world_now_ms(bench->world),
                            .message = work->outgoing.message,
                            .stream = work->outgoing.stream,
                            .is_report = session->destination == DESTINATION_REPORTS,
                            .outcome = work->outgoing.recipients[0].outcome};
    (void)snprintf(given->domain, sizeof given->domain, "%.*s", SLICE_PRINT(session->domain));
    return given;
}

static bool tell_outcome(struct task *t, struct bench *bench, const struct transit_session *session,
                         struct arena *arena, enum queue_outcome outcome, bool is_last,
                         struct ipc_answer *answer, struct transit_work *work) {
    struct settled_recipient settled[TRANSIT_RECIPIENTS_MAX];
    size_t count = work->outgoing.recipient_count;
    for (size_t i = 0; i < count; i++)
        settled[i] = (struct settled_recipient){.number = work->outgoing.recipients[i].number,
                                                .outcome = outcome,
                                                .status = SLICE("4.0.0"),
                                                .reply = SLICE("so it is"),
                                                .host = SLICE("mx.test")};
    struct transit_next next = {.session = session->session, .is_last = is_last};
    next.settlement = (struct settlement){.message = work->outgoing.message,
                                          .destination = session->destination,
                                          .recipients = settled,
                                          .recipient_count = count,
                                          .began_ms = env_wall_ms(bench->env),
                                          .record = SLICE("a record")};
    struct buffer question = buffer_new(MIB(1));
    transit_next_pack(&question, &next);
    ipc_answer_free(answer);
    bool good = ask(t, bench, TRANSIT_NEXT, &question, arena, answer, work);
    buffer_free(&question);
    return good;
}

static bool tell_report(struct task *t, struct bench *bench, const struct transit_session *session,
                        struct arena *arena, struct ipc_answer *answer, struct transit_work *work) {
    uint32_t numbers[TRANSIT_RECIPIENTS_MAX];
    size_t count = work->outgoing.recipient_count;
    for (size_t i = 0; i < count; i++) numbers[i] = work->outgoing.recipients[i].number;
    struct transit_report report = {.session = session->session,
                                    .done = {.kind = work->report_kind,
                                             .message = work->outgoing.message,
                                             .numbers = numbers,
                                             .number_count = count}};
    struct buffer question = buffer_new(MIB(1));
    transit_report_pack(&question, &report);
    ipc_answer_free(answer);
    bool good = ask(t, bench, TRANSIT_REPORT, &question, arena, answer, work);
    buffer_free(&question);
    return good;
}

static bool first(struct task *t, struct bench *bench, const struct transit_session *session,
                  struct arena *arena, struct ipc_answer *answer, struct transit_work *work) {
    struct transit_next next = {.session = session->session};
    struct buffer question = buffer_new(MIB(1));
    transit_next_pack(&question, &next);
    bool good = ask(t, bench, TRANSIT_NEXT, &question, arena, answer, work);
    buffer_free(&question);
    return good;
}

static struct transit_session_end serve(struct task *t, struct bench *bench,
                                        const struct transit_session *session) {
    struct transit_session_end end = {.result = TRANSIT_SESSION_DONE};
    struct arena *arena = arena_new(MIB(64));
    struct ipc_answer answer = {0};
    struct transit_work work;
    bool goes_on = first(t, bench, session, arena, &answer, &work);
    while (goes_on && work.outgoing.message) {
        const struct given *given = note(bench, session, &work);
        if (bench->is_stuck) {
            (void)!task_sleep(t, DAY_MS);
            break;
        }
        if (task_sleep(t, bench->work_ms) != WAIT_OK) break;
        bool is_reached = is_reachable(bench, session->domain);
        if (given->is_report)
            goes_on = tell_report(t, bench, session, arena, &answer, &work);
        else
            goes_on = tell_outcome(t, bench, session, arena, is_reached ? bench->outcome : QUEUE_DEFERRED,
                                   !is_reached, &answer, &work);
        if (is_reached) continue;
        end = (struct transit_session_end){TRANSIT_SESSION_UNREACHABLE, SLICE("connection refused")};
        break;
    }
    ipc_answer_free(&answer);
    arena_free(&arena);
    return end;
}

static void session_asked(struct task *t, struct bench *bench, struct ipc_request *request) {
    struct arena *arena = arena_new(MIB(1));
    struct transit_session session;
    struct unpacker in = unpacker_of(request->message.body);
    transit_session_unpack(&in, arena, &session);
    assert_true(unpack_is_done(&in));
    if (++bench->sessions > bench->sessions_most) bench->sessions_most = bench->sessions;
    struct transit_session_end end = serve(t, bench, &session);
    bench->sessions--;
    struct buffer body = buffer_new(KIB(4));
    transit_session_end_pack(&body, &end);
    channel_reply(request, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
    arena_free(&arena);
}

static void reporting_asked(struct bench *bench, struct ipc_request *request) {
    struct buffer body = buffer_new(KIB(1));
    bench->reporting_runs++;
    reporting_result_pack(&body, &(struct reporting_result){.put_off = 1});
    channel_reply(request, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
}

static void remote_asked(struct task *t, void *context, struct ipc_request *request) {
    struct bench *bench = context;
    if (request->message.type == TRANSIT_SESSION) {
        session_asked(t, bench, request);
        return;
    }
    if (request->message.type == TRANSIT_REPORTING) {
        reporting_asked(bench, request);
        return;
    }
    assert_int_equal(request->message.type, TRANSIT_HELLO);
    struct buffer body = buffer_new(KIB(4));
    transit_in_hand_pack(&body, &bench->in_hand);
    channel_reply(request, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
}

static const struct channel_handlers remote_handlers = {remote_asked, NULL, NULL};

static void remote_start(struct bench *bench) {
    struct handle pair[2];
    bench->remote = channel_new(bench->env, &remote_handlers, bench);
    assert_int_equal(stream_pair(bench->env, pair), 0);
    channel_attach(bench->remote, stream_adopt(bench->env, pair[0]));
    scheduler_attach(bench->scheduler, stream_adopt(bench->env, pair[1]));
}

/* ---- the store role ---- */

static void store_open(struct bench *bench) {
    struct engine_options options = {.folder = "/data",
                                     .node = 1,
                                     .hash_memory_kib = 64,
                                     .signing_rsa_key = TEST_SIGNING_KEY,
                                     .segment_bytes = KIB(64),
                                     .threads_recent = 8,
                                     .log_room_bytes = 8192};
    assert_int_equal(engine_open(bench->env, &options, &bench->engine), 0);
    bench->scheduler = scheduler_new(bench->env, bench->engine, &bench->settings);
}

static void store_close(struct task *t, struct bench *bench) {
    scheduler_free(t, &bench->scheduler);
    engine_close(t, &bench->engine);
}

static void run_body(struct task *t, void *argument) {
    struct bench *bench = argument;
    bench->env = task_env(t);
    assert_int_equal(engine_create(bench->env, "/data"), 0);
    store_open(bench);
    remote_start(bench);
    bench->body(t, bench);
    channel_close(t, &bench->remote);
    store_close(t, bench);
}

static bool has_ended(void *process) { return sim_process_has_ended(process); }

static void run(void (*body)(struct task *t, struct bench *bench)) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->world = sim_world_new(7);
    bench->host = sim_machine_new(bench->world, "host", "192.0.2.1");
    sim_machine_make_folder(bench->host, "/data");
    bench->ids.node = 2;
    bench->body = body;
    bench->outcome = QUEUE_DELIVERED;
    bench->work_ms = 5;
    struct env *process = sim_process_start(bench->host, "body", run_body, bench);
    assert_true(sim_world_run_until(bench->world, has_ended, process, (int64_t)30 * DAY_MS));
    sim_world_free(&bench->world);
    free(bench);
}

static uint64_t submit(struct task *t, struct bench *bench, const char *from, const char *to,
                       enum queue_stream stream) {
    struct body_packer *packer = body_packer_new(NULL);
    struct buffer packed = buffer_new(MIB(1));
    body_packer_feed(packer, SLICE("Subject: x\r\n\r\ntext\r\n"), &packed);
    struct queue_recipient recipient = {.address = slice_from_text(to)};
    struct delivery delivery = {.id = store_id_new(&bench->ids, bench->env),
                                .tenant = 1,
                                .mail_from = slice_from_text(from),
                                .received_ms = env_wall_ms(bench->env),
                                .stream = stream,
                                .queue = &recipient,
                                .queue_count = 1};
    delivery.body.raw_bytes = body_packer_finish(packer, &packed);
    delivery.body.packed = buffer_slice(&packed);
    delivery.facts.raw_bytes = delivery.body.raw_bytes;
    delivery.facts.envelope = SLICE("envelope");
    delivery.facts.structure = SLICE("structure");
    delivery.facts.preview = SLICE("preview");
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    buffer_free(&packed);
    body_packer_free(&packer);
    return delivery.id;
}

static uint64_t submit_to(struct task *t, struct bench *bench, const char *to) {
    return submit(t, bench, "ann@example.org", to, QUEUE_PERSONAL);
}

static void pass(struct task *t, int64_t ms) { assert_int_equal(task_sleep(t, ms), WAIT_OK); }

/* ---- what must hold ---- */

static void fresh(struct task *t, struct bench *bench) {
    pass(t, 10 * 1000);
    int64_t at_ms = sim_world_now_ms(bench->world);
    uint64_t id = submit_to(t, bench, "bob@one.test");
    pass(t, 1000);
    assert_int_equal(bench->given_count, 1);
    assert_int_equal(bench->given[0].message, id);
    assert_string_equal(bench->given[0].domain, "one.test");
    assert_in_range(bench->given[0].at_ms, at_ms, at_ms + 50);
    pass(t, DAY_MS);
    assert_int_equal(bench->given_count, 1);
    assert_int_equal(engine_queue_next_due(bench->engine), QUEUE_NEVER);
}
static void a_fresh_message_leaves_at_once(void **state) { run(fresh); }

/* Sessions go on while deliveries are recorded, and what waits is read again meanwhile. */
static void many(struct task *t, struct bench *bench) {
    enum { MANY = 500 };
    bench->work_ms = 3;
    channel_close(t, &bench->remote);
    for (size_t i = 0; i < MANY; i++) (void)submit_to(t, bench, "bob@one.test");
    remote_start(bench);
    pass(t, HOUR_MS);
    assert_int_equal(bench->given_count, MANY);
    for (size_t i = 0; i < MANY; i++)
        for (size_t other = 0; other < i; other++)
            assert_true(bench->given[i].message != bench->given[other].message);
    assert_int_equal(engine_queue_next_due(bench->engine), QUEUE_NEVER);
}
static void each_of_many_is_given_once(void **state) { run(many); }

static void deferred(struct task *t, struct bench *bench) {
    bench->outcome = QUEUE_DEFERRED;
    (void)submit_to(t, bench, "bob@one.test");
    pass(t, 30 * MINUTE_MS);
    assert_int_equal(bench->given_count, 4);
    const int64_t minutes[] = {1, 5, 15};
    for (size_t i = 0; i < 3; i++) {
        int64_t pause_ms = bench->given[i + 1].at_ms - bench->given[i].at_ms;
        assert_in_range(pause_ms, minutes[i] * MINUTE_MS * 8 / 10, minutes[i] * MINUTE_MS * 12 / 10 + 2000);
    }
    bench->outcome = QUEUE_DELIVERED;
    pass(t, HOUR_MS);
    assert_int_equal(bench->given_count, 5);
    pass(t, DAY_MS);
    assert_int_equal(bench->given_count, 5);
}
static void what_is_deferred_comes_again_later_each_time(void **state) { run(deferred); }

static size_t count_given(const struct bench *bench, const char *domain, size_t from) {
    size_t count = 0;
    for (size_t i = from; i < bench->given_count; i++) count += !strcmp(bench->given[i].domain, domain);
    return count;
}

static void unreachable(struct task *t, struct bench *bench) {
    bench->unreachable = "dead.test";
    for (int i = 0; i < 200; i++) (void)submit_to(t, bench, "bob@dead.test");
    pass(t, HOUR_MS);
    /* Sessions that began before the first one failed, and then one at a time. */
    assert_in_range(bench->given_count, 3, 12);
    size_t before = bench->given_count;
    (void)submit_to(t, bench, "bob@dead.test");
    (void)submit_to(t, bench, "bob@good.test");
    pass(t, 1000);
    assert_int_equal(count_given(bench, "good.test", before), 1);
    assert_int_equal(count_given(bench, "dead.test", before), 0);
    bench->unreachable = NULL;
    before = bench->given_count;
    pass(t, 3 * HOUR_MS);
    assert_int_equal(count_given(bench, "dead.test", before), 201);
    assert_in_range(bench->sessions_most, 2, TRANSIT_SITE_SESSIONS_MAX + TRANSIT_SITE_SESSIONS_EXTRA);
}
static void an_unreachable_destination_is_tried_with_little(void **state) { run(unreachable); }

static void streams(struct task *t, struct bench *bench) {
    bench->work_ms = 500;
    for (int i = 0; i < 300; i++) (void)submit(t, bench, "news@example.org", "bob@one.test", QUEUE_BULK);
    pass(t, 2000);
    size_t before = bench->given_count;
    int64_t at_ms = sim_world_now_ms(bench->world);
    uint64_t id = submit_to(t, bench, "eve@one.test");
    pass(t, 2000);
    size_t i = before;
    while (i < bench->given_count && bench->given[i].message != id) i++;
    assert_true(i < bench->given_count);
    assert_in_range(bench->given[i].at_ms, at_ms, at_ms + 550);
    pass(t, HOUR_MS);
    assert_int_equal(bench->given_count, 301);
}
static void personal_mail_does_not_wait_for_bulk(void **state) { run(streams); }

/* All sessions that bulk mail may have are taken, and its destination is one of those that wait for one. */
static void bulk_everywhere(struct task *t, struct bench *bench) {
    char address[40];
    bench->work_ms = 30 * 1000;
    for (int i = 0; i < 500; i++) {
        (void)snprintf(address, sizeof address, "bob@host%d.test", i);
        (void)submit(t, bench, "news@example.org", address, QUEUE_BULK);
    }
    pass(t, 2000);
    size_t before = bench->given_count;
    assert_in_range(before, 50, 450);
    int64_t at_ms = sim_world_now_ms(bench->world);
    uint64_t id = submit_to(t, bench, "eve@host499.test");
    pass(t, 1000);
    /* And perhaps what waited there. */
    assert_in_range(bench->given_count, before + 1, before + 2);
    assert_int_equal(bench->given[before].message, id);
    assert_in_range(bench->given[before].at_ms, at_ms, at_ms + 50);
}
static void personal_mail_does_not_wait_where_bulk_waits_for_a_session(void **state) { run(bulk_everywhere); }

static int64_t wait_of(const struct bench *bench, uint64_t message, int64_t since_ms) {
    for (size_t i = 0; i < bench->given_count; i++)
        if (bench->given[i].message == message) return bench->given[i].at_ms - since_ms;
    return INT64_MAX;
}

static void many_dead(struct task *t, struct bench *bench) {
    bench->unreachable = "dead*";
    (void)submit_to(t, bench, "bob@good.test");
    pass(t, 10 * 1000);
    /* A connection to them takes its time to fail. */
    bench->work_ms = 30 * 1000;
    for (int i = 0; i < 1000; i++) {
        char to[64];
        (void)snprintf(to, sizeof to, "bob@dead%d.test", i);
        (void)submit_to(t, bench, to);
    }
    pass(t, 1000);
    int64_t at_ms = sim_world_now_ms(bench->world);
    uint64_t known = submit_to(t, bench, "bob@good.test");
    uint64_t unknown = submit_to(t, bench, "bob@other.test");
    pass(t, HOUR_MS);
    assert_in_range(wait_of(bench, known, at_ms), 0, 50);
    /* It might be dead as well. */
    assert_in_range(wait_of(bench, unknown, at_ms), 0, 3 * MINUTE_MS);
}
static void dead_destinations_do_not_stop_good_ones(void **state) { run(many_dead); }

/* A million messages for a dead domain beside a thousand good ones, at a five hundredth of its size; whole:
   bench, row relay-queue. */
static void one_dead(struct task *t, struct bench *bench) {
    enum { FLOOD = 2000, GOOD = 10 };
    bench->unreachable = "dead*";
    (void)submit_to(t, bench, "bob@good.test");
    pass(t, 10 * 1000);
    bench->work_ms = 30 * 1000;
    for (int i = 0; i < FLOOD; i++) (void)submit_to(t, bench, "bob@dead.test");
    pass(t, 1000);
    bench->work_ms = 1;
    for (int i = 0; i < GOOD; i++) {
        int64_t at_ms = sim_world_now_ms(bench->world);
        uint64_t id = submit_to(t, bench, "bob@good.test");
        pass(t, 500);
        assert_in_range(wait_of(bench, id, at_ms), 0, 50);
    }
}
static void a_flood_for_a_dead_domain_keeps_good_ones_as_quick(void **state) { run(one_dead); }

static void expired(struct task *t, struct bench *bench) {
    bench->outcome = QUEUE_DEFERRED;
    uint64_t id = submit_to(t, bench, "bob@one.test");
    pass(t, 6 * DAY_MS);
    /* First that it is late, at last that it could not be delivered. */
    size_t reports = 0;
    for (size_t i = 0; i < bench->given_count; i++)
        if (bench->given[i].is_report) {
            assert_int_equal(bench->given[i].message, id);
            reports++;
        }
    assert_int_equal(reports, 2);
    assert_true(bench->given[bench->given_count - 1].is_report);
    assert_int_equal(bench->given[bench->given_count - 1].outcome, QUEUE_EXPIRED);
    size_t count = bench->given_count;
    assert_in_range(count, 25, 50);
    pass(t, 6 * DAY_MS);
    assert_int_equal(bench->given_count, count);
    assert_int_equal(engine_queue_next_due(bench->engine), QUEUE_NEVER);
}
static void what_is_too_old_is_reported(void **state) { run(expired); }

static void expired_unreachable(struct task *t, struct bench *bench) {
    bench->unreachable = "dead.test";
    for (int i = 0; i < 20; i++) (void)submit_to(t, bench, "bob@dead.test");
    pass(t, 6 * DAY_MS);
    size_t failed = 0;
    for (size_t i = 0; i < bench->given_count; i++)
        failed += bench->given[i].is_report && bench->given[i].outcome == QUEUE_EXPIRED;
    assert_int_equal(failed, 20);
    assert_int_equal(engine_queue_next_due(bench->engine), QUEUE_NEVER);
}
static void all_that_waits_for_the_unreachable_expires(void **state) { run(expired_unreachable); }

static void remote_dies(struct task *t, struct bench *bench) {
    bench->is_stuck = true;
    uint64_t id = submit_to(t, bench, "bob@one.test");
    pass(t, 1000);
    assert_int_equal(bench->given_count, 1);
    channel_close(t, &bench->remote);
    bench->is_stuck = false;
    pass(t, 1000);
    remote_start(bench);
    pass(t, 5000);
    assert_int_equal(bench->given_count, 2);
    assert_int_equal(bench->given[1].message, id);
    pass(t, HOUR_MS);
    assert_int_equal(bench->given_count, 2);
}
static void what_a_remote_role_died_with_is_given_to_its_successor(void **state) { run(remote_dies); }

static uint64_t due_destination(struct bench *bench) {
    struct arena *arena = arena_new(MIB(1));
    struct destination *destinations;
    size_t count = 0;
    assert_int_equal(
        engine_queue_destinations(bench->engine, arena, env_wall_ms(bench->env), 10, &destinations, &count),
        STORE_OK);
    assert_int_equal(count, 1);
    uint64_t destination = destinations[0].id;
    arena_free(&arena);
    return destination;
}

/* The same remote role has session 77 there, with that message; 0: with none. The destination. */
static uint64_t store_again(struct task *t, struct bench *bench, uint64_t message) {
    channel_close(t, &bench->remote);
    store_close(t, bench);
    store_open(bench);
    bench->in_hand.items = calloc(1, sizeof *bench->in_hand.items);
    bench->in_hand.items[0].session = 77;
    bench->in_hand.items[0].destination = due_destination(bench);
    bench->in_hand.items[0].message = message;
    bench->in_hand.count = 1;
    bench->is_stuck = false;
    remote_start(bench);
    return bench->in_hand.items[0].destination;
}

static void store_dies(struct task *t, struct bench *bench) {
    bench->is_stuck = true;
    uint64_t id = submit_to(t, bench, "bob@one.test");
    pass(t, 1000);
    assert_int_equal(bench->given_count, 1);
    uint64_t destination = store_again(t, bench, id);
    pass(t, 10 * MINUTE_MS);
    assert_int_equal(bench->given_count, 1);
    /* And now it is done with it. */
    struct outgoing_recipient recipient = {.number = 0};
    struct transit_work work = {.outgoing = {.message = id, .recipients = &recipient, .recipient_count = 1}};
    struct transit_session session = {.session = 77, .destination = destination};
    struct ipc_answer answer = {0};
    struct arena *arena = arena_new(MIB(1));
    assert_true(tell_outcome(t, bench, &session, arena, QUEUE_DELIVERED, false, &answer, &work));
    assert_int_equal(work.outgoing.message, 0);
    arena_free(&arena);
    ipc_answer_free(&answer);
    pass(t, HOUR_MS);
    assert_int_equal(bench->given_count, 1);
    assert_int_equal(engine_queue_next_due(bench->engine), QUEUE_NEVER);
    free(bench->in_hand.items);
}
static void what_is_in_hand_is_not_given_twice_by_a_new_store(void **state) { run(store_dies); }

/* A session that ends, and says its farewell to the host just now, is heard of by nobody later. */
static void store_dies_at_the_end(struct task *t, struct bench *bench) {
    bench->is_stuck = true;
    (void)submit_to(t, bench, "bob@one.test");
    pass(t, 1000);
    (void)store_again(t, bench, 0);
    pass(t, 5000);
    assert_int_equal(bench->given_count, 2);
    uint64_t id = submit_to(t, bench, "carol@one.test");
    pass(t, 5000);
    assert_int_equal(bench->given_count, 3);
    assert_int_equal(bench->given[2].message, id);
    free(bench->in_hand.items);
}
static void a_session_without_a_message_keeps_nobody_waiting(void **state) { run(store_dies_at_the_end); }

static size_t count_reports(const struct bench *bench) {
    size_t count = 0;
    for (size_t i = 0; i < bench->given_count; i++) count += bench->given[i].is_report;
    return count;
}

static void full_disk(struct task *t, struct bench *bench) {
    bench->outcome = QUEUE_FAILED;
    bench->work_ms = 2000;
    (void)submit_to(t, bench, "bob@one.test");
    pass(t, 3000);
    assert_int_equal(count_reports(bench), 1);
    sim_machine_faults(bench->host)->no_space_chance = SIM_ALWAYS;
    pass(t, 2 * MINUTE_MS);
    assert_in_range(count_reports(bench), 3, 6);
    sim_machine_faults(bench->host)->no_space_chance = 0;
    pass(t, MINUTE_MS);
    size_t before = count_reports(bench);
    assert_int_equal(engine_queue_next_due(bench->engine), QUEUE_NEVER);
    pass(t, HOUR_MS);
    assert_int_equal(count_reports(bench), before);
}
static void a_report_that_cannot_be_stored_is_made_again_in_a_while(void **state) { run(full_disk); }

/* ---- reports to others ---- */

static enum store_result count_connection(struct commit *commit, void *argument) {
    (void)argument;
    struct tls_result result = {.policy = TLS_POLICY_NONE, .host = SLICE("mx.far.test")};
    tls_results_add(commit, SLICE("far.test"), &result, 1);
    return STORE_OK;
}

static void see_connection(struct task *t, struct bench *bench) {
    struct commit_operation operation = {.run = count_connection};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
}

/* Nothing of a kind that is not sent has anybody asked. */
static void unsent_kind(struct task *t, struct bench *bench) {
    bench->settings.reports_dmarc = true;
    scheduler_set(bench->scheduler, &bench->settings);
    see_connection(t, bench);
    pass(t, DAY_MS + DAY_MS / 4);
    assert_int_equal(bench->reporting_runs, 0);
}
static void kinds_of_reports_that_are_not_sent_make_no_run(void **state) { run(unsent_kind); }

/* Some times a day, not every ten minutes, and not for longer than four days. */
static void put_off(struct task *t, struct bench *bench) {
    bench->settings.reports_tls = true;
    scheduler_set(bench->scheduler, &bench->settings);
    see_connection(t, bench);
    pass(t, 2 * DAY_MS);
    assert_in_range(bench->reporting_runs, 4, 12);
    pass(t, 3 * DAY_MS);
    size_t runs = bench->reporting_runs;
    assert_in_range(runs, 8, 30);
    pass(t, DAY_MS);
    assert_int_equal(bench->reporting_runs, runs);
}
static void reports_that_are_put_off_are_tried_less_and_less(void **state) { run(put_off); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_message_leaves_at_once),
        cmocka_unit_test(each_of_many_is_given_once),
        cmocka_unit_test(what_is_deferred_comes_again_later_each_time),
        cmocka_unit_test(an_unreachable_destination_is_tried_with_little),
        cmocka_unit_test(personal_mail_does_not_wait_for_bulk),
        cmocka_unit_test(personal_mail_does_not_wait_where_bulk_waits_for_a_session),
        cmocka_unit_test(dead_destinations_do_not_stop_good_ones),
        cmocka_unit_test(a_flood_for_a_dead_domain_keeps_good_ones_as_quick),
        cmocka_unit_test(what_is_too_old_is_reported),
        cmocka_unit_test(all_that_waits_for_the_unreachable_expires),
        cmocka_unit_test(what_a_remote_role_died_with_is_given_to_its_successor),
        cmocka_unit_test(what_is_in_hand_is_not_given_twice_by_a_new_store),
        cmocka_unit_test(a_session_without_a_message_keeps_nobody_waiting),
        cmocka_unit_test(a_report_that_cannot_be_stored_is_made_again_in_a_while),
        cmocka_unit_test(kinds_of_reports_that_are_not_sent_make_no_run),
        cmocka_unit_test(reports_that_are_put_off_are_tried_less_and_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
