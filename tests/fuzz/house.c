#include "house.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/signing_key.h"
#include "client.h"
#include "image.h"
#include "imap/imap_login.h"
#include "pop3/pop3_login.h"

enum {
    SEED = 1,
    /* The busiest honest input needs a hundredth of it. */
    TURNS_MAX = 500000,
    RUN_MS_MAX = 24 * 3600 * 1000,
    DAY_MS = 24 * 3600 * 1000,
    SETTLE_STEPS = 600,
    SETTLE_STEP_MS = 100,
    FORGET_MS = 10 * 60 * 1000,
    HASH_MEMORY_KIB = 8,
    SEGMENT_BYTES = 16 * 1024,
    LOG_ROOM_BYTES = 8192,
};

/* The sanitizer's own memory of what was freed would be most of a run's cost. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "quarantine_size_mb=16:malloc_context_size=8:allocator_release_to_os_interval_ms=-1";
}

struct running {
    struct house house;
    void (*body)(struct task *t, struct house *house, void *argument);
    void *argument;
    uint64_t turns;
    bool is_served;
    bool is_first;
    /* The body returned, nothing changed, and the next may come. */
    bool is_idle;
    struct task *main;
};

void house_wrong(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("fuzz: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    abort();
}

/* ---- the server ---- */

static void pass_news(void *context, const struct mailbox_news *news) {
    struct house *house = context;
    house->news_count++;
    if (house->service) store_service_news(house->service, news);
}

static void hear_news(void *context, const struct mailbox_news *news) {
    imap_server_news(&((struct house *)context)->imap, news);
}

static void attach(struct house *house, struct store_client *client, bool wants_news) {
    struct handle pair[2];
    if (stream_pair(house->env, pair)) house_wrong("no pair of streams");
    store_service_attach(house->service, stream_adopt(house->env, pair[0]), wants_news);
    store_client_attach(client, stream_adopt(house->env, pair[1]));
}

static void serve_handed_over(struct house *house, struct stream *stream, const struct handover *handover) {
    stream->peer = handover->peer;
    if (handover->protocol == LOGIN_IMAP)
        imap_session_start(&house->imap, stream, handover);
    else if (handover->protocol == LOGIN_POP3)
        pop3_session_start(&house->pop3, stream, handover);
    else
        smtp_submission_start(&house->mail_smtp, stream, handover);
}

/* As over ipc: the stream as a handle, the rest as bytes. */
static bool hand_over(struct task *t, void *context, struct stream **stream,
                      const struct handover *handover) {
    (void)t;
    struct house *house = context;
    struct buffer bytes = buffer_new(IPC_FRAME_BYTES_MAX);
    struct handover arrived;
    handover_pack(&bytes, handover);
    struct handle handle = stream_detach(stream);
    if (handover_unpack(buffer_slice(&bytes), &arrived)) house_wrong("a hand-over does not unpack");
    serve_handed_over(house, stream_adopt(house->env, handle), &arrived);
    buffer_free(&bytes);
    return true;
}

static void open_edge(struct house *house) {
    house->login = (struct login_context){.env = house->env,
                                          .store = house->edge_store,
                                          .group = &house->edge_group,
                                          .hostname = "mail.example.test",
                                          .tls = sim_tls_context(house->world),
                                          .hand_over = hand_over,
                                          .hand_over_context = house,
                                          .delays = login_delays_new(house->env),
                                          .pumps = &house->pumps};
    house->edge_smtp = (struct smtp_server){.login = &house->login,
                                            .intake = house->edge_intake,
                                            .store = house->edge_store,
                                            .settings = smtp_settings_default()};
    house->edge_smtp.settings.message_bytes_max = HOUSE_MESSAGE_BYTES_MAX;
    smtp_server_init(&house->edge_smtp);
}

static void open_mail(struct house *house) {
    house->mail_login = (struct login_context){.env = house->env,
                                               .store = house->mail_store,
                                               .group = &house->mail_group,
                                               .hostname = "mail.example.test"};
    house->mail_smtp = (struct smtp_server){.login = &house->mail_login,
                                            .intake = house->mail_intake,
                                            .store = house->mail_store,
                                            .settings = house->edge_smtp.settings};
    house->imap = (struct imap_server){.env = house->env,
                                       .store = house->mail_store,
                                       .reader = house->reader,
                                       .intake = house->mail_intake,
                                       .group = &house->mail_group,
                                       .settings = {.message_bytes_max = HOUSE_MESSAGE_BYTES_MAX}};
    smtp_server_init(&house->mail_smtp);
    imap_server_init(&house->imap);
    pop3_server_init(&house->pop3, house->env, house->mail_store, house->reader, &house->mail_group);
}

static bool open_store(struct house *house) {
    struct engine_options options = {.folder = HOUSE_FOLDER,
                                     .node = 1,
                                     .on_news = pass_news,
                                     .context = house,
                                     .hash_memory_kib = HASH_MEMORY_KIB,
                                     .signing_rsa_key = TEST_SIGNING_KEY,
                                     .segment_bytes = SEGMENT_BYTES,
                                     .log_room_bytes = LOG_ROOM_BYTES};
    return engine_open(house->env, &options, &house->engine) == 0 &&
           reader_open(house->env, HOUSE_FOLDER, &house->reader) == 0;
}

bool house_open(struct house *house) {
    if (!open_store(house)) return false;
    house->service = store_service_new(house->env, house->engine);
    house->edge_store = store_client_new(house->env, 2, NULL, NULL);
    house->mail_store = store_client_new(house->env, 3, hear_news, house);
    attach(house, house->edge_store, false);
    attach(house, house->mail_store, true);
    conn_group_init(&house->edge_group, house->env);
    conn_group_init(&house->mail_group, house->env);
    pump_group_init(&house->pumps, house->env);
    house->edge_intake = intake_pool_new(house->env, house->edge_store, INTAKE_BUDGET_BYTES);
    house->mail_intake = intake_pool_new(house->env, house->mail_store, INTAKE_BUDGET_BYTES);
    open_edge(house);
    open_mail(house);
    return true;
}

static void close_servers(struct task *t, struct house *house) {
    conn_group_close(t, &house->edge_group);
    conn_group_close(t, &house->mail_group);
    pump_group_close(&house->pumps);
    smtp_server_fini(&house->edge_smtp);
    smtp_server_fini(&house->mail_smtp);
    imap_server_free(&house->imap);
    pop3_server_fini(&house->pop3);
    intake_pool_free(&house->edge_intake);
    intake_pool_free(&house->mail_intake);
    login_delays_free(&house->login.delays);
    store_client_free(t, &house->edge_store);
    store_client_free(t, &house->mail_store);
    store_service_free(t, &house->service);
}

void house_close(struct task *t, struct house *house) {
    if (house->service) close_servers(t, house);
    reader_close(&house->reader);
    if (house->engine) engine_close(t, &house->engine);
}

struct stream *house_connect(struct house *house, enum house_port port) {
    struct handle pair[2];
    if (stream_pair(house->env, pair)) house_wrong("no pair of streams");
    struct stream *server = stream_adopt(house->env, pair[0]);
    struct stream *client = stream_adopt(house->env, pair[1]);
    server->peer.is_loopback = true;
    (void)snprintf(server->peer.address, sizeof server->peer.address, "127.0.0.1");
    if (port == HOUSE_IMAP)
        imap_login_start(&house->login, server, false);
    else if (port == HOUSE_POP3)
        pop3_login_start(&house->login, server, false);
    else
        smtp_accept(&house->edge_smtp, port == HOUSE_MX ? SMTP_PORT_MX : SMTP_PORT_SUBMISSION, server);
    return client;
}

void house_settle(struct task *t, struct house *house) {
    for (int i = 0; i < SETTLE_STEPS; i++) {
        if (house->edge_group.count + house->mail_group.count == 0 &&
            scope_is_empty(&house->edge_group.scope) && scope_is_empty(&house->mail_group.scope))
            return;
        if (task_sleep(t, SETTLE_STEP_MS) != WAIT_OK) return;
    }
    house_wrong("a session, or a task of it, outlives its connection");
}

static void print_fault(void *context, struct slice line) {
    (void)context;
    (void)fprintf(stderr, "fault: %.*s\n", SLICE_PRINT(line));
}

void house_verify(struct task *t, struct house *house) {
    struct verify_report report;
    if (engine_verify(t, house->engine, print_fault, NULL, &report)) house_wrong("verify does not end");
    if (report.faults) house_wrong("the store has faults");
}

typedef void look_fn(void *context, const struct mailbox *mailbox, const struct entry *entry,
                     enum store_result result, struct slice text);

static void each_of_mailbox(struct house *house, const struct mailbox *mailbox, look_fn *look,
                            void *context) {
    struct uid_range all = {1, UINT32_MAX};
    struct entry *entries = NULL;
    size_t count = 0;
    struct buffer text = buffer_new(2 * HOUSE_MESSAGE_BYTES_MAX);
    if (reader_entries(house->reader, house->arena, mailbox->id, (struct uid_ranges){&all, 1}, 1,
                       ENTRY_FLAGS | ENTRY_MESSAGE, mailbox->message_count, &entries, &count))
        count = 0;
    for (size_t i = 0; i < count; i++) {
        enum store_result result = reader_body(house->reader, entries[i].body, 0, UINT64_MAX, &text);
        look(context, mailbox, &entries[i], result, buffer_slice(&text));
        buffer_clear(&text);
    }
    buffer_free(&text);
}

void house_each_message(struct house *house, look_fn *look, void *context) {
    struct mailbox *mailboxes = NULL;
    size_t count = 0;
    if (reader_mailbox_list(house->reader, house->arena, house->account, &mailboxes, &count)) return;
    for (size_t i = 0; i < count; i++) each_of_mailbox(house, &mailboxes[i], look, context);
}

/* ---- the prepared store ---- */

static const char preparation[] =
    "EHLO client.example.test\r\n\1"
    "MAIL FROM:<bob@example.test>\r\nRCPT TO:<ann@example.test>\r\nDATA\r\n\1"
    "From: Bob <bob@example.test>\r\nTo: ann@example.test\r\nSubject: lunch\r\n"
    "Message-ID: <1@example.test>\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\n"
    "Hello Ann,\r\n..dots\r\nat noon?\r\n.\r\n\1"
    "MAIL FROM:<bob@example.test>\r\nRCPT TO:<ann@example.test>\r\nDATA\r\n\1"
    "From: \"Bob, the builder\" <bob@example.test>\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n"
    "In-Reply-To: <1@example.test>\r\nReferences: <1@example.test>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\npreamble\r\n--b1\r\n"
    "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "sch=F6n\r\n--b1\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--b1\r\n"
    "Content-Type: application/octet-stream; name=x.bin\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename*=utf-8''%c3%a4.bin\r\n\r\nAAECAw==\r\n--b1--\r\n.\r\n\1"
    "MAIL FROM:<>\r\nRCPT TO:<ann@example.test>\r\nDATA\r\n\1"
    "Subject: no body at all\r\n.\r\n\1"
    "MAIL FROM:<list@example.test>\r\nRCPT TO:<ann@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n\1"
    "From: list@example.test\r\nList-Id: <list.example.test>\r\nContent-Type: text/html\r\n"
    "Subject: news\r\n\r\n<p>Hello &amp; welcome</p>\r\n.\r\n\1"
    "MAIL FROM:<bob@example.test> SIZE=60\r\nRCPT TO:<ann@example.test>\r\nBDAT 60 LAST\r\n"
    "Subject: chunk\r\n\r\n0123456789012345678901234567890123456789\r\n\1QUIT\r\n\1";

static const char marking[] =
    "a LOGIN ann@example.test secret\r\n\1b SELECT INBOX\r\n\1c STORE 1 +FLAGS (\\Seen $work)\r\n\1"
    "d STORE 2 +FLAGS (\\Deleted)\r\n\1e COPY 1 Archive\r\n\1f CREATE one/two\r\n\1g LOGOUT\r\n\1";

static void play(struct task *t, struct house *house, enum house_port port, struct slice text) {
    struct client client;
    client_open(t, &client, house_connect(house, port));
    client_say_all(t, &client, text, 0);
    client_close(t, &client);
    house_settle(t, house);
}

static void note_message(void *context, const struct mailbox *mailbox, const struct entry *entry,
                         enum store_result result, struct slice text) {
    uint64_t *last = context;
    (void)mailbox;
    (void)text;
    if (result) house_wrong("a prepared message cannot be read");
    if (entry->message > *last) *last = entry->message;
}

static void prepare(struct task *t, struct house *house, void *argument) {
    uint64_t bob = 0;
    if (engine_create(house->env, HOUSE_FOLDER) || !house_open(house)) house_wrong("no store can be made");
    if (engine_domain_add(t, house->engine, SLICE("example.test"), DOMAIN_LOCAL) ||
        engine_account_add(t, house->engine, SLICE("ann@example.test"), SLICE("secret"), 0,
                           &house->account) ||
        engine_account_add(t, house->engine, SLICE("bob@example.test"), SLICE("secret"), 0, &bob))
        house_wrong("no account can be made");
    play(t, house, HOUSE_MX, slice_from_text(preparation));
    play(t, house, HOUSE_IMAP, slice_from_text(marking));
    struct store_status status;
    if (engine_status(house->engine, &status) || status.messages != HOUSE_MESSAGES)
        house_wrong("the prepared store has not the messages it should have");
    house_each_message(house, note_message, argument);
    house_verify(t, house);
}

/* ---- a run ---- */

/* The prepared store: made once, then never changed. */
static struct image image;
static uint64_t image_account;
static uint64_t image_last_message;
/* A house that is still open, because the run before changed nothing in it; or NULL. */
static struct running *open_house;

uint64_t house_last_message(void) { return image_last_message; }

/* So long after the last word nothing is remembered: delays of failed logins, cached passwords. */
static void forget(struct task *t) { (void)!task_sleep(t, FORGET_MS); }

static uint64_t commits_of(struct house *house) {
    struct store_status status;
    if (engine_status(house->engine, &status)) house_wrong("the store's status cannot be read");
    return status.commits;
}

/* Runs one body after the other, for as long as none of them changes the store. */
static void serve_bodies(struct task *t, struct running *running) {
    struct house *house = &running->house;
    if (!house_open(house)) house_wrong("the prepared store cannot be opened");
    forget(t);
    uint64_t commits = commits_of(house);
    while (running->body) {
        running->body(t, house, running->argument);
        running->body = NULL;
        if (commits_of(house) != commits || house->env->is_dead) break;
        forget(t);
        running->is_idle = true;
        while (running->is_idle) task_wait_firmly(t);
    }
}

static void house_main(struct task *t, void *argument) {
    struct running *running = argument;
    running->house.env = task_env(t);
    running->main = t;
    if (running->is_served)
        serve_bodies(t, running);
    else
        running->body(t, &running->house, running->argument);
    house_close(t, &running->house);
}

static bool is_over(void *context) {
    struct running *running = context;
    if (++running->turns > TURNS_MAX) house_wrong("busy: more turns than any honest input needs");
    return running->is_idle || sim_process_has_ended(running->house.env);
}

static void run_on(struct running *running) {
    running->turns = 0;
    arena_reset(running->house.arena);
    if (!sim_world_run_until(running->house.world, is_over, running, RUN_MS_MAX))
        house_wrong("a run does not end");
}

static struct running *running_new(const struct running *wanted) {
    struct running *running = malloc(sizeof *running);
    if (!running) house_wrong("out of memory");
    *running = *wanted;
    struct house *house = &running->house;
    house->world = sim_world_new(SEED);
    struct sim_network *network = sim_world_network(house->world);
    *network = (struct sim_network){.window_bytes = network->window_bytes};
    house->machine = sim_machine_new(house->world, "house", "192.0.2.1");
    house->account = image_account;
    house->arena = arena_new(MIB(64));
    if (running->is_first) {
        sim_machine_make_folder(house->machine, HOUSE_FOLDER);
    } else {
        /* Later than what is stored: ids rise with time. */
        sim_machine_jump_clock(house->machine, DAY_MS);
        image_restore(&image, house->machine);
    }
    house->env = sim_process_start(house->machine, "house", house_main, running);
    return running;
}

static void running_free(struct running **running) {
    sim_world_free(&(*running)->house.world);
    arena_free(&(*running)->house.arena);
    free(*running);
    *running = NULL;
}

static void make_image(void) {
    if (image.count) return;
    struct running *first =
        running_new(&(struct running){.body = prepare, .argument = &image_last_message, .is_first = true});
    run_on(first);
    image_take(&image, first->house.machine);
    image_account = first->house.account;
    running_free(&first);
}

/* With nothing more to run, it closes. */
static void close_open_house(void) {
    if (!open_house) return;
    open_house->is_idle = false;
    task_wake(open_house->main);
    run_on(open_house);
    running_free(&open_house);
}

static void run_in_open_house(void (*body)(struct task *t, struct house *house, void *argument),
                              void *argument) {
    open_house->body = body;
    open_house->argument = argument;
    open_house->house.news_count = 0;
    open_house->is_idle = false;
    task_wake(open_house->main);
}

void house_run(void (*body)(struct task *t, struct house *house, void *argument), void *argument,
               bool is_served) {
    if (!image.count && atexit(close_open_house)) house_wrong("no exit handler");
    make_image();
    if (!is_served) close_open_house();
    struct running *running = open_house;
    if (running)
        run_in_open_house(body, argument);
    else
        running = running_new(&(struct running){.body = body, .argument = argument, .is_served = is_served});
    run_on(running);
    open_house = running->is_idle ? running : NULL;
    if (!open_house) running_free(&running);
    if (getenv("FUZZ_FRESH")) close_open_house();
}

const char *house_file(size_t number) {
    make_image();
    return number < image.count ? image.files[number].path : NULL;
}
