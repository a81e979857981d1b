#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit/signing_key.h"
#include "base/limits.h"
#include "imap/imap_login.h"
#include "imap/imap_server.h"
#include "io/tls.h"
#include "pop3/pop3_login.h"
#include "pop3/pop3_session.h"
#include "smtp/smtp_server.h"
#include "store/engine.h"
#include "store/service.h"

#define FOLDER "/data"
#define HOUSE_ADDRESS "192.0.2.1"
#define FAR_ADDRESS "198.51.100.9"

enum {
    HASH_MEMORY_KIB = 8,
    LOG_ROOM_BYTES = 8192,
    FULL_QUOTA_BYTES = 1500,
    LEAVE_MS_MAX = 15000,
    LEAVE_STEP_MS = 10,
    PLAY_MS_MAX = 24 * 3600 * 1000,
    STEPS_MS = 60000,
    SECRET_BYTES_MAX = 64 * 1024
};

/* ---- the plan ---- */

struct house_plan {
    struct sim_world *world;
    struct sim_machine *machine;
    bool is_made;
};

static const struct engine_options plan_options = {.folder = FOLDER,
                                                   .hash_memory_kib = HASH_MEMORY_KIB,
                                                   .log_room_bytes = LOG_ROOM_BYTES,
                                                   .signing_rsa_key = TEST_SIGNING_KEY};

static const struct {
    const char *address;
    uint64_t quota_bytes;
} accounts[] = {{"ann@example.org", 0},
                {"alice@example.test", 0},
                {"bob@example.test", 0},
                {"full@example.test", FULL_QUOTA_BYTES}};

static const struct {
    const char *address;
    const char *target;
} aliases[] = {
    {"team@example.test", "alice@example.test"},       {"team@example.test", "bob@example.test"},
    {"away@example.test", "alice@example.test"},       {"away@example.test", "a@far.test"},
    {"postmaster@example.test", "alice@example.test"}, {"out@example.test", "out@far.test"},
    {"circle@example.test", "round@example.test"},     {"round@example.test", "circle@example.test"},
    {"known@relayed.test", "alice@example.test"}};

static bool make_users(struct task *t, struct engine *engine) {
    bool is_good = engine_domain_add(t, engine, SLICE("example.org"), DOMAIN_LOCAL) == STORE_OK &&
                   engine_domain_add(t, engine, SLICE("example.test"), DOMAIN_LOCAL) == STORE_OK &&
                   engine_domain_add(t, engine, SLICE("relayed.test"), DOMAIN_RELAYED) == STORE_OK;
    uint64_t account = 0;
    for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++)
        is_good &= engine_account_add(t, engine, slice_from_text(accounts[i].address), SLICE("secret"),
                                      accounts[i].quota_bytes, &account) == STORE_OK;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        is_good &= engine_alias_add(t, engine,
                                    &(struct alias){slice_from_text(aliases[i].address),
                                                    slice_from_text(aliases[i].target)}) == STORE_OK;
    return is_good;
}

static void make_plan(struct task *t, void *argument) {
    struct house_plan *plan = argument;
    struct engine *engine = NULL;
    if (engine_create(task_env(t), FOLDER) || engine_open(task_env(t), &plan_options, &engine)) return;
    plan->is_made = make_users(t, engine);
    engine_close(t, &engine);
}

struct house_plan *house_plan_new(void) {
    struct house_plan *plan = calloc(1, sizeof *plan);
    if (!plan) FATAL("out of memory for a plan");
    plan->world = sim_world_new(1);
    plan->machine = sim_machine_new(plan->world, "plan", HOUSE_ADDRESS);
    sim_machine_make_folder(plan->machine, FOLDER);
    (void)sim_process_start(plan->machine, "plan", make_plan, plan);
    (void)sim_world_run_until(plan->world, NULL, NULL, STEPS_MS);
    if (!plan->is_made) FATAL("the store of the plan cannot be made");
    return plan;
}

void house_plan_free(struct house_plan **plan) {
    sim_world_free(&(*plan)->world);
    free(*plan);
    *plan = NULL;
}

/* ---- sights ---- */

void house_sights_free(struct house_sights *sights) {
    free(sights->digests);
    *sights = (struct house_sights){0};
}

static bool sights_has(const struct house_sights *sights, uint64_t digest) {
    for (size_t i = 0; i < sights->count; i++)
        if (sights->digests[i] == digest) return true;
    return false;
}

static void sights_add(struct house_sights *sights, uint64_t digest) {
    if (sights_has(sights, digest)) return;
    if (sights->count == sights->capacity) {
        sights->capacity = sights->capacity ? 2 * sights->capacity : 64;
        sights->digests = realloc(sights->digests, sights->capacity * sizeof *sights->digests);
        if (!sights->digests) FATAL("out of memory for sights");
    }
    sights->digests[sights->count++] = digest;
}

/* ---- the house ---- */

enum { PORTS = 7 };

struct house_port {
    struct house *house;
    const char *name;
    uint16_t number;
    struct listener *listener;
};

struct house {
    const struct house_options *options;
    struct sim_world *world;
    struct sim_machine *machine;
    struct env *env;
    struct log log;
    struct task *waiter;
    struct engine *engine;
    struct reader *reader;
    struct store_service *service;
    struct store_client *edge_store;
    struct store_client *mail_store;
    struct conn_group edge_group;
    struct conn_group mail_group;
    struct pump_group pumps;
    struct login_context login;
    struct login_context mail_login;
    struct intake_pool *edge_intake;
    struct intake_pool *mail_intake;
    struct smtp_server edge_smtp;
    struct dns *dns;
    struct resolver *resolver;
    struct smtp_server mail_smtp;
    struct imap_server imap;
    struct pop3_server pop3;
    struct house_port ports[PORTS];
    struct arena *arena;
    struct buffer *failure;
    bool is_ready;
    bool is_played;
    bool is_down;
    /* The client's side. */
    bool is_far;
    bool (*drive)(struct task *t, void *context, const struct player_world *world);
    void *drive_context;
};

static void fail(struct house *house, const char *format, ...) PRINTF_LIKE(2, 3);
static void fail(struct house *house, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (house->failure->len) buffer_append_text(house->failure, "\n  ");
    buffer_append_text(house->failure, text);
}

static void log_line(void *context, struct slice line) {
    const struct house *house = context;
    if (house->options->is_traced)
        (void)fprintf(stderr, "%lld %.*s\n", (long long)sim_world_now_ms(house->world), SLICE_PRINT(line));
}
static int64_t log_wall_ms(void *context) { return env_wall_ms(((struct house *)context)->env); }

static void on_engine_news(void *context, const struct mailbox_news *news) {
    struct house *house = context;
    if (house->service) store_service_news(house->service, news);
}

static void on_mail_news(void *context, const struct mailbox_news *news) {
    imap_server_news(&((struct house *)context)->imap, news);
}

static void attach(struct house *house, struct store_client *client, bool wants_news) {
    struct handle pair[2];
    if (stream_pair(house->env, pair)) FATAL("no pair of streams");
    store_service_attach(house->service, stream_adopt(house->env, pair[0]), wants_news);
    store_client_attach(client, stream_adopt(house->env, pair[1]));
}

/* As over ipc: the stream as a handle, the rest as bytes. */
static bool hand_over(struct task *t, void *context, struct stream **stream,
                      const struct handover *handover) {
    struct house *house = context;
    struct buffer bytes = buffer_new(IPC_FRAME_BYTES_MAX);
    handover_pack(&bytes, handover);
    struct handle handle = stream_detach(stream);
    struct handover arrived;
    if (handover_unpack(buffer_slice(&bytes), &arrived) != HANDOVER_OK) FATAL("a hand-over is malformed");
    struct stream *taken = stream_adopt(house->env, handle);
    taken->peer = arrived.peer;
    if (arrived.protocol == LOGIN_IMAP)
        imap_session_start(&house->imap, taken, &arrived);
    else if (arrived.protocol == LOGIN_POP3)
        pop3_session_start(&house->pop3, taken, &arrived);
    else
        smtp_submission_start(&house->mail_smtp, taken, &arrived);
    buffer_free(&bytes);
    return true;
}

static void accepted(void *context, struct stream *stream) {
    struct house_port *port = context;
    struct house *house = port->house;
    switch (port->number) {
    case 25:
        smtp_accept(&house->edge_smtp, SMTP_PORT_MX, stream);
        return;
    case 587:
        smtp_accept(&house->edge_smtp, SMTP_PORT_SUBMISSION, stream);
        return;
    case 465:
        smtp_accept(&house->edge_smtp, SMTP_PORT_SUBMISSIONS, stream);
        return;
    case 143:
    case 993:
        imap_login_start(&house->login, stream, port->number == 993);
        return;
    default:
        pop3_login_start(&house->login, stream, port->number == 995);
    }
}

static const struct house_port port_rows[PORTS] = {
    {NULL, "smtp", 25, NULL},  {NULL, "submission", 587, NULL}, {NULL, "submissions", 465, NULL},
    {NULL, "imap", 143, NULL}, {NULL, "imaps", 993, NULL},      {NULL, "pop3", 110, NULL},
    {NULL, "pop3s", 995, NULL}};

static void open_ports(struct house *house) {
    for (size_t i = 0; i < PORTS; i++) {
        struct house_port *port = &house->ports[i];
        struct handle handle;
        *port = port_rows[i];
        port->house = house;
        if (listen_open(house->env, &(struct listen_request){"0.0.0.0", port->number}, &handle))
            FATAL("cannot listen");
        port->listener = listener_adopt(house->env, handle, accepted, port);
    }
}

/* A number that the script sets, or `otherwise`. */
static uint64_t setting(const struct house *house, const char *name, uint64_t otherwise) {
    uint64_t value = otherwise;
    if (house->options->script)
        (void)slice_to_number(script_setting(house->options->script, name), UINT64_MAX, &value);
    return value;
}

static bool setting_is(const struct house *house, const char *name, const char *value) {
    return house->options->script &&
           slice_equal(script_setting(house->options->script, name), slice_from_text(value));
}

static void open_store(struct house *house) {
    struct engine_options options = plan_options;
    options.node = 1;
    options.on_news = on_engine_news;
    options.context = house;
    if (engine_open(house->env, &options, &house->engine) || reader_open(house->env, FOLDER, &house->reader))
        FATAL("the store of a house cannot be opened");
    house->service = store_service_new(house->env, house->engine);
    house->edge_store = store_client_new(house->env, 3, NULL, NULL);
    house->mail_store = store_client_new(house->env, 4, on_mail_news, house);
    attach(house, house->edge_store, false);
    attach(house, house->mail_store, true);
}

static struct smtp_settings smtp_settings_of(const struct house *house) {
    struct smtp_settings settings = smtp_settings_default();
    settings.message_bytes_max = setting(house, "message_bytes_max", MESSAGE_BYTES_MAX_DEFAULT);
    settings.errors_max = (unsigned)setting(house, "errors_max", settings.errors_max);
    if (house->options->script)
        settings.relay_networks = script_setting(house->options->script, "relay_networks");
    settings.is_greylisting = setting_is(house, "greylist", "yes");
    return settings;
}

static void open_edge(struct house *house) {
    house->login = (struct login_context){
        .env = house->env,
        .store = house->edge_store,
        .group = &house->edge_group,
        .hostname = "mail.example.test",
        .plaintext = setting_is(house, "plaintext", "never") ? PLAINTEXT_NEVER : PLAINTEXT_LOOPBACK,
        .tls = setting_is(house, "tls", "none") ? NULL : sim_tls_context(house->world),
        .hand_over = hand_over,
        .hand_over_context = house,
        .delays = login_delays_new(house->env),
        .pumps = &house->pumps};
    house->edge_intake = intake_pool_new(house->env, house->edge_store, INTAKE_BUDGET_BYTES);
    house->edge_smtp = (struct smtp_server){.login = &house->login,
                                            .intake = house->edge_intake,
                                            .store = house->edge_store,
                                            .settings = smtp_settings_of(house)};
    smtp_server_init(&house->edge_smtp);
}

static void add_dns(struct house *house, const char *name, uint8_t last_but_one, uint8_t last) {
    uint8_t address[4] = {127, last_but_one, last_but_one, last};
    sim_dns_add(house->world, name, DNS_A, slice_of(address, sizeof address), 60);
}

/* Lists that the script may name: list.test has FAR_ADDRESS, all.test everybody, none.test nobody at all, and
   closed.test does not answer about it. */
static void open_lists(struct task *t, struct house *house) {
    const char *reason;
    add_dns(house, "2.0.0.127.list.test", 0, 2);
    add_dns(house, "9.100.51.198.list.test", 0, 4);
    sim_dns_add(house->world, "9.100.51.198.list.test", DNS_TXT, SLICE("\x0bSee\r\n250 us"), 60);
    add_dns(house, "2.0.0.127.all.test", 0, 2);
    add_dns(house, "1.0.0.127.all.test", 0, 2);
    add_dns(house, "9.100.51.198.all.test", 0, 2);
    add_dns(house, "9.100.51.198.none.test", 0, 2);
    add_dns(house, "2.0.0.127.closed.test", 0, 2);
    add_dns(house, "9.100.51.198.closed.test", 255, 254);
    house->dns = dns_open(t, &(struct dns_options){0}, &reason);
    house->resolver = resolver_new_local(house->dns);
    house->edge_smtp.blocklist = blocklist_new(house->env, house->resolver);
    blocklist_set(t, house->edge_smtp.blocklist, script_setting(house->options->script, "dnsbl"));
}

static void add_text(struct house *house, const char *name, const char *text) {
    uint8_t data[256];
    size_t len = strlen(text);
    data[0] = (uint8_t)len;
    memcpy(data + 1, text, len);
    sim_dns_add(house->world, name, DNS_TXT, slice_of(data, len + 1), 60);
}

/* Records of SPF that ask too much: the eleventh term, the third void lookup, an end that never comes. */
static void add_endless(struct house *house) {
    add_text(house, "neutral.test", "v=spf1 ?all");
    add_text(house, "ten.test",
             "v=spf1 include:neutral.test include:neutral.test include:neutral.test include:neutral.test "
             "include:neutral.test include:neutral.test include:neutral.test include:neutral.test "
             "include:neutral.test include:neutral.test ~all");
    add_text(house, "eleven.test", "v=spf1 include:ten.test -all");
    add_text(house, "voids.test", "v=spf1 a:no1.test a:no2.test a:no3.test ~all");
    add_text(house, "loop.test", "v=spf1 include:loop.test -all");
    sim_dns_fail(house->world, "lost.test", DNS_SERVFAIL);
}

/* Who far hosts may send as: good.test; not strict.test and mild.test, which say so; of silent.test DNS says
   nothing. */
static void open_trust(struct task *t, struct house *house) {
    const char *reason;
    add_text(house, "good.test", "v=spf1 ip4:198.51.100.9 -all");
    add_text(house, "_dmarc.good.test", "v=DMARC1; p=reject");
    add_text(house, "_dmarc.strict.test", "v=DMARC1; p=reject");
    add_text(house, "_dmarc.mild.test", "v=DMARC1; p=quarantine");
    sim_dns_fail(house->world, "_dmarc.silent.test", DNS_TIMEOUT);
    add_endless(house);
    house->dns = dns_open(t, &(struct dns_options){0}, &reason);
    house->resolver = resolver_new_local(house->dns);
    house->edge_smtp.resolver = house->resolver;
    house->edge_smtp.settings.trust = (struct smtp_trust_settings){
        .is_used = true,
        .exempt = SLICE("127.0.0.0/8"),
        .policy = {.dmarc_reject = INBOUND_REJECT,
                   .dmarc_quarantine = INBOUND_JUNK,
                   .author_fault = INBOUND_JUNK,
                   .unsure = setting_is(house, "trust", "defer") ? INBOUND_DEFER : INBOUND_ACCEPT}};
}

static void close_lists(struct task *t, struct house *house) {
    blocklist_free(t, &house->edge_smtp.blocklist);
    resolver_close(t, &house->resolver);
    dns_close(&house->dns);
}

static void open_mail(struct house *house) {
    house->mail_login = (struct login_context){.env = house->env,
                                               .store = house->mail_store,
                                               .group = &house->mail_group,
                                               .hostname = "mail.example.test"};
    house->mail_intake = intake_pool_new(house->env, house->mail_store, INTAKE_BUDGET_BYTES);
    house->mail_smtp = (struct smtp_server){.login = &house->mail_login,
                                            .intake = house->mail_intake,
                                            .store = house->mail_store,
                                            .settings = smtp_settings_of(house)};
    smtp_server_init(&house->mail_smtp);
    pop3_server_init(&house->pop3, house->env, house->mail_store, house->reader, &house->mail_group);
    uint64_t connections_max = setting(house, "connections_max", 0);
    house->imap =
        (struct imap_server){.env = house->env,
                             .store = house->mail_store,
                             .reader = house->reader,
                             .intake = house->mail_intake,
                             .group = &house->mail_group,
                             .settings = {.message_bytes_max = setting(house, "message_bytes_max", MIB(20)),
                                          .account_connections_max = connections_max,
                                          .account_connections_loopback_max = connections_max}};
    imap_server_init(&house->imap);
}

static void open_house(struct task *t, struct house *house) {
    house->arena = arena_new(MIB(256));
    conn_group_init(&house->edge_group, house->env);
    conn_group_init(&house->mail_group, house->env);
    pump_group_init(&house->pumps, house->env);
    open_store(house);
    open_edge(house);
    if (house->options->script && script_setting(house->options->script, "dnsbl").len) open_lists(t, house);
    if (house->options->script && script_setting(house->options->script, "trust").len) open_trust(t, house);
    open_mail(house);
    open_ports(house);
}

static void close_house(struct task *t, struct house *house) {
    for (size_t i = 0; i < PORTS; i++) listener_close(&house->ports[i].listener);
    conn_group_close(t, &house->edge_group);
    conn_group_close(t, &house->mail_group);
    pump_group_close(&house->pumps);
    imap_server_free(&house->imap);
    pop3_server_fini(&house->pop3);
    smtp_server_fini(&house->edge_smtp);
    close_lists(t, house);
    smtp_server_fini(&house->mail_smtp);
    intake_pool_free(&house->edge_intake);
    intake_pool_free(&house->mail_intake);
    store_client_free(t, &house->edge_store);
    store_client_free(t, &house->mail_store);
    store_service_free(t, &house->service);
    login_delays_free(&house->login.delays);
    reader_close(&house->reader);
    engine_close(t, &house->engine);
    arena_free(&house->arena);
}

/* ---- looking at what is stored ---- */

static uint64_t hash(uint64_t state, struct slice bytes) {
    for (size_t i = 0; i < bytes.len; i++) state = (state ^ bytes.ptr[i]) * 0x100000001b3u;
    return state;
}

/* Ids and times in the header differ from replay to replay, but not in their lengths. */
static uint64_t digest_of(struct slice raw) {
    size_t header_end = slice_find(raw, SLICE("\r\n\r\n"));
    uint64_t digest = 0xcbf29ce484222325u ^ raw.len;
    return header_end == SLICE_NOT_FOUND ? digest : hash(digest, slice_skip(raw, header_end));
}

/* Calls `see` with every entry of every mailbox. */
static void look_at_entries(struct house *house,
                            void (*see)(struct house *house, const struct entry *entry)) {
    struct account *all = NULL;
    size_t account_count = 0;
    arena_reset(house->arena);
    if (engine_account_list(house->engine, house->arena, &all, &account_count)) return;
    for (size_t a = 0; a < account_count; a++) {
        struct mailbox *mailboxes = NULL;
        size_t mailbox_count = 0;
        if (reader_mailbox_list(house->reader, house->arena, all[a].id, &mailboxes, &mailbox_count)) return;
        for (size_t m = 0; m < mailbox_count; m++) {
            struct uid_range every = {1, UINT32_MAX};
            struct entry *entries = NULL;
            size_t count = 0;
            if (mailboxes[m].message_count == 0) continue;
            if (reader_entries(house->reader, house->arena, mailboxes[m].id, (struct uid_ranges){&every, 1},
                               1, ENTRY_MESSAGE, mailboxes[m].message_count, &entries, &count))
                return;
            for (size_t e = 0; e < count; e++) see(house, &entries[e]);
        }
    }
}

static uint64_t digest_of_entry(struct house *house, const struct entry *entry) {
    struct buffer raw = buffer_new(MIB(64));
    uint64_t digest = 0;
    if (reader_body(house->reader, entry->body, 0, UINT64_MAX, &raw))
        fail(house, "a stored message cannot be read");
    else
        digest = digest_of(buffer_slice(&raw));
    buffer_free(&raw);
    return digest;
}

static void note_entry(struct house *house, const struct entry *entry) {
    sights_add(house->options->sights, digest_of_entry(house, entry));
}

static void check_entry(struct house *house, const struct entry *entry) {
    if (!sights_has(house->options->sights, digest_of_entry(house, entry)))
        fail(house, "after the cut a message is stored that no whole replay had (UID %u)", entry->uid);
}

static void observe(void *context) {
    struct house *house = context;
    if (house->options->cut != SIZE_MAX || house->options->mode != PLAYER_WHOLE || !house->options->sights)
        return;
    look_at_entries(house, note_entry);
}

static size_t stored(struct task *t, void *context) {
    struct house *house = context;
    struct store_status status;
    (void)t;
    if (engine_status(house->engine, &status)) return SIZE_MAX;
    return (size_t)status.messages;
}

static void jump_clock(void *context, int64_t by_ms) {
    sim_machine_jump_clock(((struct house *)context)->machine, by_ms);
}

/* ---- after the play ---- */

static size_t sessions(const struct house *house) {
    return house->edge_group.count + house->mail_group.count + house->pumps.count;
}

static void print_fault(void *context, struct slice line) { fail(context, "store: %.*s", SLICE_PRINT(line)); }

static void look_after(struct task *t, struct house *house) {
    for (int64_t ms = 0; sessions(house) && ms < LEAVE_MS_MAX; ms += LEAVE_STEP_MS)
        if (task_sleep(t, LEAVE_STEP_MS)) return;
    if (sessions(house))
        fail(house, "%zu connections at the edge, %zu in the mail role and %zu pumps are left",
             house->edge_group.count, house->mail_group.count, house->pumps.count);
    struct verify_report report = {0};
    if (engine_verify(t, house->engine, print_fault, house, &report))
        fail(house, "the store cannot be verified");
    if (house->options->cut != SIZE_MAX && house->options->sights) look_at_entries(house, check_entry);
}

static void house_main(struct task *t, void *argument) {
    struct house *house = argument;
    house->waiter = t;
    open_house(t, house);
    house->is_ready = true;
    while (!house->is_played && task_wait(t, DEADLINE_NONE) != WAIT_CANCELLED) continue;
    look_after(t, house);
    close_house(t, house);
    house->is_down = true;
}

/* ---- the client ---- */

static int connect_to(struct task *t, void *context, struct slice port, struct stream **stream) {
    const struct house *house = context;
    for (size_t i = 0; i < PORTS; i++) {
        if (!slice_equal(port, slice_from_text(port_rows[i].name))) continue;
        const char *address = house->is_far ? HOUSE_ADDRESS : "127.0.0.1";
        struct connect_request request = {.address = address, .port = port_rows[i].number};
        return stream_connect(t, task_env(t), &request, env_now_ms(task_env(t)) + STEPS_MS, stream);
    }
    return -ENOENT;
}

static void client_main(struct task *t, void *argument) {
    struct house *house = argument;
    struct player_world world = {.connect = connect_to,
                                 .stored = stored,
                                 .jump_clock = jump_clock,
                                 .observe = observe,
                                 .context = house};
    if (!house->drive(t, house->drive_context, &world) && house->failure->len == 0)
        fail(house, "it failed without a word");
    house->is_played = true;
    task_wake(house->waiter);
}

static bool is_ready(void *context) { return ((struct house *)context)->is_ready; }
static bool is_down(void *context) { return ((struct house *)context)->is_down; }

static struct sim_machine *client_machine(struct house *house, struct sim_machine *machine) {
    return house->is_far ? sim_machine_new(house->world, "far", FAR_ADDRESS) : machine;
}

/* What a transcript says must come does; and what is about one packet is not torn apart. */
static void calm_network(struct house *house) {
    struct sim_network *network = sim_world_network(house->world);
    network->unread_reset_chance = 0;
    if (setting_is(house, "replays", "whole")) network->split_chance = 0;
}

bool house_drive(const struct house_plan *plan, const struct house_options *options,
                 bool (*drive)(struct task *t, void *context, const struct player_world *world),
                 void *context, struct buffer *failure) {
    struct house house = {.options = options, .failure = failure, .drive = drive, .drive_context = context};
    house.world = sim_world_new(options->seed);
    calm_network(&house);
    struct sim_machine *machine = sim_machine_new(house.world, "house", HOUSE_ADDRESS);
    house.machine = machine;
    sim_machine_copy_disk(plan->machine, machine);
    house.is_far = setting_is(&house, "peer", "far");
    house.env = sim_process_start(machine, "house", house_main, &house);
    house.log = (struct log){log_line, log_wall_ms, &house, "house", LOG_LEVEL_INFO};
    if (options->is_traced) house.env->log = &house.log;
    bool is_good = sim_world_run_until(house.world, is_ready, &house, STEPS_MS);
    if (is_good) {
        (void)sim_process_start(client_machine(&house, machine), "client", client_main, &house);
        is_good = sim_world_run_until(house.world, is_down, &house, PLAY_MS_MAX);
    }
    if (!is_good) fail(&house, "the play does not end");
    sim_world_free(&house.world);
    return failure->len == 0;
}

struct play {
    const struct house_options *options;
    struct house_result *result;
    struct buffer *failure;
};

static bool drive_script(struct task *t, void *context, const struct player_world *world) {
    struct play *play = context;
    struct player player;
    player_init(&player, world, play->options->script);
    player.mode = play->options->mode;
    player.cut = play->options->cut;
    player.is_slow_cut = play->options->is_slow_cut;
    player.is_shown = play->options->is_shown;
    bool is_good = player_run(t, &player);
    buffer_append(play->failure, buffer_slice(&player.failure));
    play->result->sent = player.sent;
    play->result->virtual_ms = env_now_ms(task_env(t));
    player_free(&player);
    return is_good;
}

bool house_play(const struct house_plan *plan, const struct house_options *options,
                struct house_result *result, struct buffer *failure) {
    struct play play = {options, result, failure};
    *result = (struct house_result){0};
    return house_drive(plan, options, drive_script, &play, failure);
}
