/* What our host's store is given before it serves, and what is in it in the end. */
#include "outreach.h"

#include "base/limits_campaign.h"
#include "store/campaign.h"
#include "store/contact.h"
#include "store/db.h"
#include "store/engine_sender.h"
#include "store/schema.h"

enum { DOCUMENT_BYTES_MAX = 65536 };

static const struct engine_options options = {
    .folder = HOST_FOLDER, .hash_memory_kib = HOST_HASH_MEMORY_KIB, .log_room_bytes = HOST_LOG_ROOM_BYTES};

struct furnishing {
    struct task *t;
    struct engine *engine;
    struct arena *arena;
    struct outreach *outreach;
    struct sender sender;
};

/* ---- before it serves ---- */

static bool add_person(struct furnishing *furnishing, unsigned number) {
    const struct outreach_person *person = &furnishing->outreach->people[number];
    struct slice address = slice_from_text(person->address);
    struct contact_change change = {.tenant = TENANT_DEFAULT,
                                    .row = {.address = address,
                                            .written = address,
                                            .time_zone = slice_from_text(outreach_zone_name(person->zone))}};
    enum contact_outcome outcome;
    return engine_contact_set(furnishing->t, furnishing->engine, &change, &outcome) == STORE_OK &&
           outcome == CONTACT_ADDED;
}

static bool add_prospect(struct furnishing *furnishing, unsigned series, unsigned person) {
    struct campaign_addition addition = {0};
    struct slice address = slice_from_text(furnishing->outreach->people[person].address);
    return engine_campaign_add_addresses(furnishing->t, furnishing->engine,
                                         furnishing->outreach->series[series].id, &address, 1,
                                         &addition) == STORE_OK &&
           addition.added == 1;
}

static bool add_series(struct furnishing *furnishing, unsigned number) {
    struct outreach *outreach = furnishing->outreach;
    struct buffer document = buffer_new(DOCUMENT_BYTES_MAX);
    outreach_document(outreach, number, &document);
    struct campaign campaign = {.name = arena_printf(furnishing->arena, "series %u", number),
                                .tenant = TENANT_DEFAULT,
                                .sender = furnishing->sender.id,
                                .document = buffer_slice(&document)};
    bool is_good = engine_campaign_create(furnishing->t, furnishing->engine, &campaign,
                                          &outreach->series[number].id) == STORE_OK;
    buffer_free(&document);
    for (unsigned i = 0; i < outreach->people_count && is_good; i++)
        if (outreach->people[i].series >> number & 1) is_good = add_prospect(furnishing, number, i);
    return is_good;
}

static struct sender_login login_of(const struct outreach *outreach, enum port_kind port,
                                    enum sender_tls tls) {
    return (struct sender_login){.host = slice_from_text(host_name(1)),
                                 .port = ports[port].number,
                                 .tls = tls,
                                 .user = outreach_mailbox(outreach),
                                 .secret = SLICE(LEDGER_PASSWORD)};
}

/* An outside one was tested, and is good. */
static bool add_mailbox(struct furnishing *furnishing) {
    struct outreach *outreach = furnishing->outreach;
    furnishing->sender = (struct sender){.address = outreach_mailbox(outreach), .name = SLICE("Ann Example")};
    if (!outreach->is_outside) furnishing->sender.account = outreach->run->sites[0].plan->accounts[0];
    if (outreach->is_outside) {
        furnishing->sender.smtp = login_of(outreach, PORT_SUBMISSIONS, SENDER_TLS_IMPLICIT);
        furnishing->sender.imap = login_of(outreach, PORT_IMAPS, SENDER_TLS_IMPLICIT);
    }
    if (engine_sender_add(furnishing->t, furnishing->engine, &furnishing->sender) != STORE_OK) return false;
    if (!outreach->is_outside) return true;
    bool is_kept = outreach->provider->keeps_copies;
    struct sender_health health = {.sender = furnishing->sender.id,
                                   .state = SENDER_GREEN,
                                   .is_test = true,
                                   .copies = is_kept ? SENDER_COPIES_PROVIDER : SENDER_COPIES_OURS};
    bool is_changed;
    return engine_sender_health(furnishing->t, furnishing->engine, &health, &is_changed) == STORE_OK;
}

static bool furnish(struct furnishing *furnishing) {
    struct outreach *outreach = furnishing->outreach;
    if (!add_mailbox(furnishing)) return false;
    for (unsigned i = 0; i < outreach->people_count; i++)
        if (!add_person(furnishing, i)) return false;
    for (unsigned i = 0; i < outreach->series_count; i++)
        if (!add_series(furnishing, i)) return false;
    return true;
}

void outreach_furnish(struct task *t, void *argument) {
    struct outreach *outreach = argument;
    struct furnishing furnishing = {.t = t, .outreach = outreach};
    if (engine_open(task_env(t), &options, &furnishing.engine)) return;
    furnishing.arena = arena_new(MIB(16));
    outreach->is_furnished = furnish(&furnishing);
    arena_free(&furnishing.arena);
    engine_close(t, &furnishing.engine);
}

/* ---- in the end ---- */

static void note_fault(void *context, struct slice line) {
    ledger_fail(context, STORE_VERIFIES, "verify: %.*s", SLICE_PRINT(line));
}

static const char sent_rows[] =
    "SELECT contact.address, message_id, step, sent_ms, campaign FROM outreach_sent"
    " JOIN contact ON contact.id = outreach_sent.contact WHERE outreach_sent.state = 2";

static const char unknown_any[] = "SELECT 1 FROM outreach_sent WHERE state = 3 LIMIT 1";

static void look_at_sent(struct env *env, struct outreach *outreach) {
    struct db *db = NULL;
    int result = db_open(env, HOST_FOLDER "/store.db", DB_READ, &db);
    if (result == 0) {
        struct db_rows rows = db_rows_values(db, sent_rows, NULL, 0);
        while (db_rows_next(&rows))
            outreach_check_sent(outreach, db_rows_bytes(&rows, 0), db_rows_bytes(&rows, 1),
                                (unsigned)db_rows_number(&rows, 2), db_rows_number(&rows, 3),
                                db_rows_id(&rows, 4));
        outreach->is_stuck = DB_READ_NUMBER(db, unknown_any, 0) != 0;
        if (db_failure(db)) result = -1;
    }
    db_close(&db);
    if (result) ledger_fail(outreach->run->ledger, STORE_VERIFIES, "what was sent cannot be read");
}

void outreach_look_at_end(struct task *t, void *argument) {
    struct outreach *outreach = argument;
    struct ledger *ledger = outreach->run->ledger;
    struct engine *engine = NULL;
    struct verify_report report;
    if (engine_open(task_env(t), &options, &engine)) {
        ledger_fail(ledger, STORE_VERIFIES, "the store cannot be opened");
        return;
    }
    if (engine_verify(t, engine, note_fault, ledger, &report) != STORE_OK)
        ledger_fail(ledger, STORE_VERIFIES, "the store cannot be verified");
    look_at_sent(task_env(t), outreach);
    engine_close(t, &engine);
    outreach->run->sites[0].is_looked = true;
}
