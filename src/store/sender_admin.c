/* engine_sender_*: senders as an administrator changes them, as the remote role is told of them, and what it
   finds out. */
#include "base/limits_sender.h"
#include "ipc/pack.h"
#include "store/campaign_table.h"
#include "store/engine_sender.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/schema.h"
#include "store/sender_copy.h"
#include "store/sender_rows.h"

static const char sender_id[] = "SELECT id FROM outreach_sender WHERE tenant = $1 AND address = $2";
static const char sender_insert[] =
    "INSERT INTO outreach_sender (id, tenant, address, name, account, settings, secret, state, reason, "
    "detail,"
    " checked_ms, tested_ms, gap_min_ms, gap_max_ms, hourly_max, daily_max, ramp_start, ramp_step, added_ms,"
    " override_by, override_ms, version, time_zone) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, '', 0, 0, $8,"
    " $9, $10, $11, $12, $13, $14, $15, $16, $1, $17)";
static const char sender_zone[] =
    "UPDATE outreach_sender SET time_zone = $2 WHERE id = $1 AND time_zone = ''";
static const char sender_update[] =
    "UPDATE outreach_sender SET name = $2, settings = $3, secret = $4, state = $5, reason = $6, gap_min_ms = "
    "$7,"
    " gap_max_ms = $8, hourly_max = $9, daily_max = $10, ramp_start = $11, ramp_step = $12,"
    " override_by = $13, override_ms = $14, version = $15, time_zone = $16 WHERE id = $1";
static const char sender_secret[] = "UPDATE outreach_sender SET secret = $2 WHERE id = $1";
static const char sender_version[] = "UPDATE outreach_sender SET version = $2 WHERE id = $1";
static const char sender_delete[] = "DELETE FROM outreach_sender WHERE id = $1";
/* As of other folders of the same names: what came lately is looked at again. */
static const char folders_doubt[] = "UPDATE outreach_folder SET uidvalidity = 0 WHERE sender = $1";
static const char folders_delete[] = "DELETE FROM outreach_folder WHERE sender = $1";
static const char health_update[] =
    "UPDATE outreach_sender SET state = $2, reason = $3, detail = $4, checked_ms = $5 WHERE id = $1";
static const char test_update[] =
    "UPDATE outreach_sender SET state = $2, reason = $3, detail = $4, checked_ms = $5, tested_ms = $5,"
    " settings = $6 WHERE id = $1";

enum { WORK_BYTES = 128 * 1024, DETAIL_BYTES_MAX = 800 };

static enum store_result run(struct task *t, struct engine *engine,
                             enum store_result (*operate)(struct commit *commit, void *argument),
                             void *argument) {
    struct commit_operation operation = {.run = operate, .argument = argument};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- secrets ---- */

static struct slice seal_name(struct arena *arena, struct slice address) {
    return arena_printf(arena, "outreach_sender/%.*s", SLICE_PRINT(address));
}

/* Both of them, sealed under the address; empty where there is neither. */
static bool seal(struct task *t, struct engine *engine, struct arena *arena, const struct sender *sender,
                 struct slice *sealed) {
    *sealed = SLICE_EMPTY;
    if (sender->smtp.secret.len == 0 && sender->imap.secret.len == 0) return true;
    struct buffer secrets = buffer_new(3 * OUTREACH_SECRET_BYTES_MAX);
    pack_slice(&secrets, sender->smtp.secret);
    pack_slice(&secrets, sender->imap.secret);
    bool good = dkim_room_seal(t, &engine->dkim, arena, seal_name(arena, sender->address),
                               buffer_slice(&secrets), sealed);
    if (secrets.ptr) explicit_bzero(secrets.ptr, secrets.len);
    buffer_free(&secrets);
    return good;
}

static bool unseal(struct task *t, struct engine *engine, struct arena *arena, struct sender_row *row) {
    struct slice secrets;
    if (row->sealed.len == 0) return true;
    if (!dkim_room_unseal(t, &engine->dkim, arena, seal_name(arena, row->sender.address), row->sealed,
                          &secrets))
        return false;
    struct unpacker in = unpacker_of(secrets);
    row->sender.smtp.secret = unpack_slice(&in);
    row->sender.imap.secret = unpack_slice(&in);
    return unpack_is_done(&in);
}

/* ---- adding ---- */

struct sender_change {
    struct sender *sender;
    struct slice sealed;
    struct buffer settings;
    bool has_new_way;
    /* Its IMAP account is another, or at another host. */
    bool has_new_folders;
    bool is_override;
};

static enum store_result add(struct commit *commit, void *argument) {
    struct sender_change *change = argument;
    struct sender *sender = change->sender;
    const struct sender_limits *limits = &sender->limits;
    struct db *db = commit->db;
    if (DB_READ_NUMBER(db, sender_id, 0, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(sender->address)))
        return STORE_EXISTS;
    if (sender_rows_count(db) >= OUTREACH_SENDERS_MAX) return STORE_OVER_QUOTA;
    sender->id = commit_id_new(commit);
    DB_RUN(db, sender_insert, DB_NUMBER(sender->id), DB_NUMBER(TENANT_DEFAULT), DB_TEXT(sender->address),
           DB_TEXT(sender->name), DB_NUMBER(sender->account), DB_BYTES(buffer_slice(&change->settings)),
           DB_BYTES(change->sealed), DB_NUMBER(limits->gap_min_ms), DB_NUMBER(limits->gap_max_ms),
           DB_NUMBER(limits->hourly_max), DB_NUMBER(limits->daily_max), DB_NUMBER(limits->ramp_start),
           DB_NUMBER(limits->ramp_step), DB_NUMBER(commit->now_ms), DB_TEXT(limits->override_by),
           DB_NUMBER(limits->override_by.len ? commit->now_ms : 0), DB_TEXT(limits->time_zone));
    event_add(commit, TENANT_DEFAULT, EVENT_SENDER_ADDED, sender->id, 0);
    if (limits->override_by.len)
        event_add(commit, TENANT_DEFAULT, EVENT_SENDER_OVERRIDE, sender->id, limits->daily_max);
    return STORE_OK;
}

enum store_result engine_sender_add(struct task *t, struct engine *engine, struct sender *sender) {
    if (sender_check(sender)) return STORE_REFUSED;
    struct arena *arena = arena_new(WORK_BYTES);
    struct sender_change change = {.sender = sender, .settings = buffer_new(WORK_BYTES)};
    enum store_result result = STORE_FAILED;
    sender_settings_pack(&change.settings, sender);
    if (seal(t, engine, arena, sender, &change.sealed)) result = run(t, engine, add, &change);
    buffer_free(&change.settings);
    arena_free(&arena);
    return result;
}

/* ---- changing ---- */

static enum store_result change_row(struct commit *commit, void *argument) {
    const struct sender_change *change = argument;
    const struct sender *sender = change->sender;
    const struct sender_limits *limits = &sender->limits;
    struct sender now;
    if (!sender_row_read(commit->db, commit->arena, sender->id, &now))
        return db_result(commit->db, STORE_NOT_FOUND);
    bool is_same = !change->has_new_way;
    DB_RUN(commit->db, sender_update, DB_NUMBER(sender->id), DB_TEXT(sender->name),
           DB_BYTES(buffer_slice(&change->settings)), DB_BYTES(change->sealed),
           DB_NUMBER(is_same ? now.state : SENDER_UNTESTED), DB_NUMBER(is_same ? now.cause : 0),
           DB_NUMBER(limits->gap_min_ms), DB_NUMBER(limits->gap_max_ms), DB_NUMBER(limits->hourly_max),
           DB_NUMBER(limits->daily_max), DB_NUMBER(limits->ramp_start), DB_NUMBER(limits->ramp_step),
           DB_TEXT(limits->override_by),
           DB_NUMBER(change->is_override ? commit->now_ms : limits->override_ms),
           DB_NUMBER(commit_id_new(commit)), DB_TEXT(limits->time_zone));
    if (change->has_new_folders) DB_RUN(commit->db, folders_doubt, DB_NUMBER(sender->id));
    event_add(commit, TENANT_DEFAULT, EVENT_SENDER_CHANGED, sender->id, 0);
    if (change->is_override)
        event_add(commit, TENANT_DEFAULT, EVENT_SENDER_OVERRIDE, sender->id, limits->daily_max);
    return STORE_OK;
}

static bool is_same_way(const struct sender_login *a, const struct sender_login *b) {
    return slice_equal(a->host, b->host) && a->port == b->port && a->tls == b->tls &&
           slice_equal(a->user, b->user) && a->auth == b->auth && slice_equal(a->provider, b->provider) &&
           slice_equal(a->secret, b->secret);
}

static enum store_result change_it(struct task *t, struct engine *engine, struct arena *arena,
                                   const struct sender *sender) {
    struct sender_row row;
    struct sender next = *sender;
    db_begin_read(engine->db);
    bool is_there = sender_sealed_read(engine->db, arena, sender->id, &row);
    enum store_result result = db_commit(engine->db);
    if (result == STORE_OK && !is_there) return STORE_NOT_FOUND;
    if (result != STORE_OK) return result;
    if (!unseal(t, engine, arena, &row)) row.sender.smtp.secret = row.sender.imap.secret = SLICE_EMPTY;
    if (next.smtp.secret.len == 0) next.smtp.secret = row.sender.smtp.secret;
    if (next.imap.secret.len == 0) next.imap.secret = row.sender.imap.secret;
    next.address = row.sender.address;
    next.account = row.sender.account;
    if (sender_check(&next)) return STORE_REFUSED;
    struct sender_change change = {.sender = &next,
                                   .settings = buffer_new(WORK_BYTES),
                                   .has_new_way = !is_same_way(&next.smtp, &row.sender.smtp) ||
                                                  !is_same_way(&next.imap, &row.sender.imap),
                                   .has_new_folders = !slice_equal(next.imap.host, row.sender.imap.host) ||
                                                      !slice_equal(next.imap.user, row.sender.imap.user),
                                   .is_override = next.limits.override_by.len > 0 &&
                                                  next.limits.daily_max != row.sender.limits.daily_max};
    next.copies = change.has_new_way ? SENDER_COPIES_UNKNOWN : row.sender.copies;
    next.has_plus = row.sender.has_plus && !change.has_new_way;
    next.has_passed = row.sender.has_passed && !change.has_new_way;
    next.test_cause = change.has_new_way ? SENDER_CAUSE_NONE : row.sender.test_cause;
    sender_settings_pack(&change.settings, &next);
    result =
        seal(t, engine, arena, &next, &change.sealed) ? run(t, engine, change_row, &change) : STORE_FAILED;
    buffer_free(&change.settings);
    return result;
}

enum store_result engine_sender_change(struct task *t, struct engine *engine, const struct sender *sender) {
    struct arena *arena = arena_new(WORK_BYTES);
    enum store_result result = change_it(t, engine, arena, sender);
    arena_free(&arena);
    return result;
}

/* ---- its zone ---- */

struct zone_request {
    uint64_t sender;
    struct slice zone;
};

static enum store_result keep_zone(struct commit *commit, void *argument) {
    const struct zone_request *request = argument;
    DB_RUN(commit->db, sender_zone, DB_NUMBER(request->sender), DB_TEXT(request->zone));
    return STORE_OK;
}

enum store_result engine_sender_zone(struct task *t, struct engine *engine, uint64_t sender,
                                     struct slice zone) {
    struct zone_request request = {sender, zone};
    return run(t, engine, keep_zone, &request);
}

/* ---- removing ---- */

static enum store_result remove_row(struct commit *commit, void *argument) {
    const struct slice *address = argument;
    uint64_t id =
        (uint64_t)DB_READ_NUMBER(commit->db, sender_id, 0, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(*address));
    if (id == 0) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, sender_delete, DB_NUMBER(id));
    DB_RUN(commit->db, folders_delete, DB_NUMBER(id));
    sender_copy_forget(commit, id);
    /* Nobody would look at them any more. */
    campaign_halt_sender(commit, id, SLICE("the sender mailbox was removed"));
    event_add(commit, TENANT_DEFAULT, EVENT_SENDER_REMOVED, id, 0);
    return STORE_OK;
}

enum store_result engine_sender_remove(struct task *t, struct engine *engine, struct slice address) {
    return run(t, engine, remove_row, &address);
}

/* ---- a new token ---- */

struct token {
    uint64_t id;
    struct slice sealed;
    bool is_other;
};

static enum store_result keep_token(struct commit *commit, void *argument) {
    const struct token *token = argument;
    DB_RUN(commit->db, sender_secret, DB_NUMBER(token->id), DB_BYTES(token->sealed));
    if (db_changed(commit->db) == 0) return db_result(commit->db, STORE_NOT_FOUND);
    if (token->is_other)
        DB_RUN(commit->db, sender_version, DB_NUMBER(token->id), DB_NUMBER(commit_id_new(commit)));
    return STORE_OK;
}

static enum store_result change_token(struct task *t, struct engine *engine, struct arena *arena,
                                      struct token *token, struct slice provider, struct slice secret) {
    struct sender sender;
    enum store_result result = engine_sender_open(t, engine, arena, token->id, &sender);
    if (result != STORE_OK) return result;
    struct sender_login *ways[] = {&sender.smtp, &sender.imap};
    for (size_t i = 0; i < 2; i++)
        if (ways[i]->auth == SENDER_AUTH_OAUTH && slice_equal(ways[i]->provider, provider))
            ways[i]->secret = secret;
    return seal(t, engine, arena, &sender, &token->sealed) ? run(t, engine, keep_token, token) : STORE_FAILED;
}

enum store_result engine_sender_token(struct task *t, struct engine *engine, uint64_t id,
                                      struct slice provider, struct slice token, bool is_other) {
    struct arena *arena = arena_new(WORK_BYTES);
    struct token kept = {.id = id, .is_other = is_other};
    enum store_result result = token.len && token.len <= OUTREACH_SECRET_BYTES_MAX
                                   ? change_token(t, engine, arena, &kept, provider, token)
                                   : STORE_REFUSED;
    arena_free(&arena);
    return result;
}

/* ---- reading ---- */

static enum store_result read_end(struct engine *engine) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

enum store_result engine_sender_list(struct engine *engine, struct arena *arena, struct sender **senders,
                                     size_t *count) {
    db_begin_read(engine->db);
    size_t most = sender_rows_count(engine->db);
    *senders = ARENA_NEW_ARRAY(arena, struct sender, most);
    *count = sender_rows_read(engine->db, arena, *senders, most);
    return read_end(engine);
}

enum store_result engine_sender_find(struct engine *engine, struct arena *arena, struct slice address,
                                     struct sender *sender) {
    db_begin_read(engine->db);
    bool is_there = sender_row_find(engine->db, arena, address, sender);
    enum store_result result = read_end(engine);
    return result == STORE_OK && !is_there ? STORE_NOT_FOUND : result;
}

static enum store_result read_sealed(struct engine *engine, struct arena *arena, uint64_t id,
                                     struct sender_row *row) {
    db_begin_read(engine->db);
    bool is_there = sender_sealed_read(engine->db, arena, id, row);
    enum store_result result = read_end(engine);
    return result == STORE_OK && !is_there ? STORE_NOT_FOUND : result;
}

enum store_result engine_sender_read(struct engine *engine, struct arena *arena, uint64_t id,
                                     struct sender *sender) {
    struct sender_row row;
    enum store_result result = read_sealed(engine, arena, id, &row);
    if (result == STORE_OK) *sender = row.sender;
    return result;
}

enum store_result engine_sender_open(struct task *t, struct engine *engine, struct arena *arena, uint64_t id,
                                     struct sender *sender) {
    struct sender_row row;
    enum store_result result = read_sealed(engine, arena, id, &row);
    if (result != STORE_OK) return result;
    if (!unseal(t, engine, arena, &row)) return STORE_FAILED;
    *sender = row.sender;
    return STORE_OK;
}

/* ---- what was found ---- */

struct finding {
    const struct sender_health *health;
    bool is_changed;
};

/* A test that went well, or not: what only a test finds stays until the next. */
static void note_test(const struct sender_health *health, struct sender *sender) {
    if (health->cause == SENDER_CAUSE_NONE) sender->has_passed = true;
    if (sender_cause_is_of_test(health->cause)) sender->has_passed = false;
    sender->test_cause = sender_cause_is_of_test(health->cause) ? health->cause : SENDER_CAUSE_NONE;
    sender->copies = health->copies;
    sender->has_plus = health->has_plus;
}

/* That it can be reached does not make a mailbox good that no test has passed. */
static struct sender_health judge(const struct sender_health *health, const struct sender *sender) {
    struct sender_health judged = *health;
    if (health->is_test || health->state != SENDER_GREEN || sender->has_passed) return judged;
    judged.state = sender->test_cause == SENDER_CAUSE_NONE ? SENDER_UNTESTED : SENDER_RED;
    judged.cause = sender->test_cause;
    if (judged.cause != SENDER_CAUSE_NONE) judged.detail = sender->detail;
    return judged;
}

/* For who looks at campaigns, and for other programs. */
static void note_change(struct commit *commit, const struct sender *sender,
                        const struct sender_health *health) {
    bool is_green = health->state == SENDER_GREEN;
    struct slice words = arena_printf(commit->arena, "%.*s is %s", SLICE_PRINT(sender->address),
                                      sender_state_name(health->state));
    if (!is_green)
        words = arena_printf(commit->arena, "%.*s (%s)%s%.*s", SLICE_PRINT(words),
                             sender_cause_name(health->cause), health->detail.len ? ": " : "",
                             SLICE_PRINT(slice_sub(health->detail, 0, SENDER_DETAIL_BYTES_MAX)));
    struct outreach_note note = {.kind = is_green ? OUTREACH_EVENT_MAILBOX_GREEN : OUTREACH_EVENT_MAILBOX_RED,
                                 .sender = sender->id,
                                 .detail = words};
    event_add(commit, TENANT_DEFAULT, is_green ? EVENT_SENDER_GREEN : EVENT_SENDER_RED, sender->id,
              health->cause);
    outreach_note(commit, TENANT_DEFAULT, &note);
}

static enum store_result note_health(struct commit *commit, void *argument) {
    struct finding *finding = argument;
    uint64_t id = finding->health->sender;
    struct sender sender;
    if (!sender_row_read(commit->db, commit->arena, id, &sender))
        return db_result(commit->db, STORE_NOT_FOUND);
    struct sender_health health = judge(finding->health, &sender);
    finding->is_changed = sender.state != health.state || sender.cause != health.cause;
    if (health.is_test) {
        struct buffer settings = buffer_new(WORK_BYTES);
        note_test(&health, &sender);
        sender_settings_pack(&settings, &sender);
        DB_RUN(commit->db, test_update, DB_NUMBER(id), DB_NUMBER(health.state), DB_NUMBER(health.cause),
               DB_TEXT(health.detail), DB_NUMBER(commit->now_ms), DB_BYTES(buffer_slice(&settings)));
        buffer_free(&settings);
    } else {
        DB_RUN(commit->db, health_update, DB_NUMBER(id), DB_NUMBER(health.state), DB_NUMBER(health.cause),
               DB_TEXT(health.detail), DB_NUMBER(commit->now_ms));
    }
    if (health.state == SENDER_GREEN) campaign_release(commit, id);
    bool is_news = finding->is_changed && health.state != SENDER_UNTESTED;
    /* An account of ours that can be used is nothing new. */
    if (is_news && (sender.account == 0 || health.state == SENDER_RED)) note_change(commit, &sender, &health);
    return STORE_OK;
}

enum store_result engine_sender_health(struct task *t, struct engine *engine,
                                       const struct sender_health *health, bool *changed) {
    struct finding finding = {health, false};
    enum store_result result = run(t, engine, note_health, &finding);
    *changed = result == STORE_OK && finding.is_changed;
    return result;
}

struct looked {
    uint64_t sender;
    const struct sender_folder *folders;
    size_t count;
};

static enum store_result keep_looked(struct commit *commit, void *argument) {
    const struct looked *looked = argument;
    struct sender sender;
    if (!sender_row_read(commit->db, commit->arena, looked->sender, &sender))
        return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, folders_delete, DB_NUMBER(looked->sender));
    for (size_t i = 0; i < looked->count; i++) sender_folder_put(commit, looked->sender, &looked->folders[i]);
    return STORE_OK;
}

enum store_result engine_sender_looked(struct task *t, struct engine *engine, uint64_t sender,
                                       const struct sender_folder *folders, size_t count) {
    struct looked looked = {sender, folders, count};
    return run(t, engine, keep_looked, &looked);
}

enum store_result engine_sender_folders(struct engine *engine, struct arena *arena, uint64_t sender,
                                        struct sender_folder **folders, size_t *count) {
    *folders = ARENA_NEW_ARRAY(arena, struct sender_folder, OUTREACH_FOLDERS_MAX);
    db_begin_read(engine->db);
    *count = sender_folders_read(engine->db, arena, sender, *folders, OUTREACH_FOLDERS_MAX);
    return read_end(engine);
}
