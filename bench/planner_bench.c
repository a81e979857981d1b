/*
 * Measures what the store role's office spends for one message of outreach: it chooses, claims, gives its
 * word and records, as it does in the server; the remote role is played, and says at once that a message was
 * sent. Prints processor time and steps of the database's machine for a message, as JSON.
 *
 *   planner_bench CONTACTS CAMPAIGNS MAILBOXES [MESSAGES [FOLDER]]
 *
 * All contacts are in the book, and in the first campaign as many as can be. Each further campaign, and each
 * further mailbox's, has people of its own who are due, too.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tests/unit/signing_key.h"
#include "base/limits_campaign.h"
#include "io/real/loop.h"
#include "io/stream.h"
#include "outreach/office.h"
#include "outreach/protocol.h"
#include "store/contact.h"
#include "store/engine_state.h"

enum { WARM_UP = 20, BATCH = 1000, EACH = 40 };

static const char document[] =
    "{\"name\": \"bench\", \"sender\": {\"name\": \"Ann\", \"company\": \"Example\", \"address\": \"Street "
    "1\"},"
    "\"opt_out\": {\"sentence\": \"Just say no.\"}, \"windows\": [{\"days\": \"Mon-Sun\", \"from\": \"0:00\","
    "\"to\": \"24:00\"}], \"pace\": {\"hourly\": 1000, \"daily\": 1000,"
    "\"recipient_domain_daily\": 1000, \"sending_domain_daily\": 1000}, \"steps\": [{\"subject\": \"Hello\","
    "\"body\": \"Hello.\"}, {\"delay\": \"3 days\", \"body\": \"Again.\"}]}";

struct bench {
    struct env *env;
    struct engine *engine;
    struct arena *arena;
    struct outreach_office *office;
    struct channel *near;
    struct channel *far;
    struct gate sent_some;
    char folder[512];
    long contacts;
    long campaigns;
    long mailboxes;
    long messages;
    long sent;
};

static void must(bool holds, const char *what) {
    if (holds) return;
    (void)fprintf(stderr, "planner_bench: %s\n", what);
    abort();
}

/* ---- the remote role ---- */

static bool may_go(struct task *t, struct bench *bench, const struct outreach_job *job) {
    struct buffer body = buffer_new(1 << 16);
    struct ipc_answer answer;
    struct outreach_word word = {
        .sent = job->sent, .subject = SLICE("Hello"), .subject_base = SLICE("HELLO")};
    outreach_word_pack(&body, &word);
    struct ipc_message question = {OUTREACH_GO, buffer_slice(&body), HANDLE_NONE};
    must(channel_call(t, bench->far, &question, &answer, DEADLINE_NONE) == IPC_OK, "no word");
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    bool is_open = unpack_number(&in) == GATE_OPEN;
    ipc_answer_free(&answer);
    buffer_free(&body);
    return is_open;
}

static void play_remote(struct task *t, void *context, struct ipc_request *request) {
    struct bench *bench = context;
    struct outreach_job job;
    struct buffer out = buffer_new(4096);
    must(request->message.type == OUTREACH_SEND && outreach_job_unpack(request->message.body, &job),
         "no job");
    struct outreach_report report = {.end =
                                         may_go(t, bench, &job) ? OUTREACH_END_SENT : OUTREACH_END_CANCELLED};
    bench->sent += report.end == OUTREACH_END_SENT;
    outreach_report_pack(&out, &report);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    gate_open(&bench->sent_some);
}

static void ask_office(struct task *t, void *context, struct ipc_request *request) {
    struct bench *bench = context;
    if (!outreach_office_answer(t, bench->office, request)) channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers far_handlers = {play_remote, NULL, NULL};
static const struct channel_handlers near_handlers = {ask_office, NULL, NULL};

/* ---- the store ---- */

static void fill_book(struct task *t, struct bench *bench) {
    struct contact_import import;
    struct contact_import_start start = {1, SLICE("list"), SLICE("bench"), SLICE("consent"), SLICE("bench")};
    must(engine_contact_import_open(t, bench->engine, bench->arena, &start, &import) == STORE_OK,
         "no import");
    for (long at = 0; at < bench->contacts; at += BATCH) {
        struct arena *arena = arena_new(64 << 20);
        struct contact_batch_result result;
        size_t count = (size_t)(bench->contacts - at < BATCH ? bench->contacts - at : BATCH);
        struct contact_row *rows = ARENA_NEW_ARRAY(arena, struct contact_row, count);
        for (size_t i = 0; i < count; i++)
            rows[i].address = rows[i].written =
                arena_printf(arena, "person%07ld@company%ld.test", at + (long)i, (at + (long)i) / 20);
        struct contact_batch batch = {.tenant = 1,
                                      .import = import.id,
                                      .number = (uint64_t)(at / BATCH),
                                      .rows_after = (uint64_t)at + count,
                                      .rows = rows,
                                      .row_count = count};
        must(engine_contact_batch(t, bench->engine, arena, &batch, &result) == STORE_OK, "no batch");
        arena_free(&arena);
    }
}

/* An outside mailbox that is well. */
static uint64_t add_mailbox(struct task *t, struct bench *bench, long number) {
    bool changed;
    struct sender_login login = {
        .host = SLICE("127.0.0.1"), .port = 1, .user = SLICE("ann"), .secret = SLICE("secret")};
    struct sender sender = {.address = arena_printf(bench->arena, "ann@sender%ld.test", number),
                            .smtp = login,
                            .imap = login,
                            .limits = {.gap_max_ms = 1, .hourly_max = 1000, .daily_max = 1000}};
    must(engine_sender_add(t, bench->engine, &sender) == STORE_OK, "no mailbox");
    struct sender_health health = {.sender = sender.id, .state = SENDER_GREEN, .is_test = true};
    must(engine_sender_health(t, bench->engine, &health, &changed) == STORE_OK, "no health");
    return sender.id;
}

static void add_campaign(struct task *t, struct bench *bench, uint64_t sender, long number, long first,
                         long most) {
    uint64_t id;
    struct campaign campaign = {.name = arena_printf(bench->arena, "campaign %ld", number),
                                .sender = sender,
                                .document = slice_from_text(document)};
    struct campaign_addition addition = {0};
    must(engine_campaign_create(t, bench->engine, &campaign, &id) == STORE_OK, "no campaign");
    for (long at = 0; at < most; at += BATCH) {
        struct arena *arena = arena_new(16 << 20);
        struct slice *addresses = ARENA_NEW_ARRAY(arena, struct slice, BATCH);
        size_t count = 0;
        for (; count < BATCH && at + (long)count < most; count++) {
            long person = (first + at + (long)count) % bench->contacts;
            addresses[count] = arena_printf(arena, "person%07ld@company%ld.test", person, person / 20);
        }
        must(engine_campaign_add_addresses(t, bench->engine, id, addresses, count, &addition) == STORE_OK,
             "no add");
        arena_free(&arena);
    }
    must((long)addition.added == most, "not all are in it");
    must(engine_campaign_order(t, bench->engine, id, CAMPAIGN_RUNNING, SLICE_EMPTY) == STORE_OK, "no start");
}

/* The others' people are taken from the end of the book: nobody is in two campaigns before that is many. */
static void fill(struct task *t, struct bench *bench) {
    long most = bench->contacts < 60000 ? bench->contacts / 2 : 60000;
    long place = bench->contacts / 2;
    fill_book(t, bench);
    uint64_t first = add_mailbox(t, bench, 0);
    add_campaign(t, bench, first, 0, 0, most);
    for (long i = 1; i < bench->campaigns; i++, place += 1) add_campaign(t, bench, first, i, place, 1);
    for (long i = 1; i < bench->mailboxes; i++, place += EACH)
        add_campaign(t, bench, add_mailbox(t, bench, i), bench->campaigns + i, place, EACH);
}

/* ---- measuring ---- */

struct usage {
    double cpu_s;
    uint64_t steps;
};

static struct usage usage_now(const struct bench *bench) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (struct usage){(double)now.tv_sec + (double)now.tv_nsec / 1e9,
                          db_work(bench->engine->db).steps + db_work(bench->engine->queue.commit.db).steps};
}

static void wait_for(struct task *t, struct bench *bench, long sent) {
    while (bench->sent < sent) must(gate_wait(t, &bench->sent_some, DEADLINE_NONE) == WAIT_OK, "stopped");
}

static void run(struct task *t, struct bench *bench) {
    struct handle pair[2];
    bench->near = channel_new(bench->env, &near_handlers, bench);
    bench->far = channel_new(bench->env, &far_handlers, bench);
    must(stream_pair(bench->env, pair) == 0, "no pair");
    channel_attach(bench->near, stream_adopt(bench->env, pair[0]));
    channel_attach(bench->far, stream_adopt(bench->env, pair[1]));
    struct outreach_office_options options = {bench->env, bench->engine, bench->near};
    bench->office = outreach_office_new(&options);
    wait_for(t, bench, WARM_UP);
    struct usage before = usage_now(bench);
    wait_for(t, bench, WARM_UP + bench->messages);
    struct usage after = usage_now(bench);
    (void)printf("{\"messages\": %ld, \"cpu_us\": %.1f, \"steps\": %.0f}\n", bench->messages,
                 (after.cpu_s - before.cpu_s) / (double)bench->messages * 1e6,
                 (double)(after.steps - before.steps) / (double)bench->messages);
    (void)fflush(stdout);
}

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    struct engine_options options = {
        .folder = bench->folder, .node = 1, .hash_memory_kib = 64, .signing_rsa_key = TEST_SIGNING_KEY};
    must(engine_open(bench->env, &options, &bench->engine) == 0, "the store does not open");
    fill(t, bench);
    run(t, bench);
    /* The rest is of no interest, and its ends would take their time. */
    _exit(0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static long argument_of(int argc, char **argv, int place, long otherwise) {
    uint64_t number = 0;
    if (argc <= place || !slice_to_number(slice_from_text(argv[place]), 100000000, &number)) return otherwise;
    return (long)number;
}

static void work(struct bench *bench) {
    struct scope scope;
    bench->env = real_env_new(NULL);
    must(engine_create(bench->env, bench->folder) == 0, "no store");
    scope_init(&scope, bench->env);
    must(scope_spawn(&scope, bench_main, bench), "no task");
    real_env_run(bench->env);
}

int main(int argc, char **argv) {
    struct bench bench = {.arena = arena_new(MIB(256)),
                          .contacts = argument_of(argc, argv, 1, 1000),
                          .campaigns = argument_of(argc, argv, 2, 1),
                          .mailboxes = argument_of(argc, argv, 3, 1),
                          .messages = argument_of(argc, argv, 4, 400)};
    gate_init(&bench.sent_some);
    (void)snprintf(bench.folder, sizeof bench.folder, "%s/planner-bench-%d", argc > 5 ? argv[5] : "/tmp",
                   (int)getpid());
    pid_t child = fork();
    if (child == 0) work(&bench);
    int status = 0;
    must(child > 0 && waitpid(child, &status, 0) == child, "no child");
    (void)nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(&bench.arena);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
