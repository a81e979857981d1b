#include "store/account.h"

#include "base/limits.h"
#include "store/campaign_table.h"
#include "store/directory.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/import.h"
#include "store/listing.h"
#include "store/mailbox.h"
#include "store/schema.h"
#include "store/sending_limit.h"

static const char account_usage[] =
    "UPDATE account SET used_bytes = used_bytes + $2, message_count = message_count + $3 WHERE id = $1";
static const char account_limits[] = "SELECT quota_bytes, used_bytes FROM account WHERE id = $1";
static const char account_id[] = "SELECT id FROM account WHERE address = $1";
static const char account_insert[] =
    "INSERT INTO account (id, tenant, domain, address, inbox, quota_bytes, used_bytes, message_count,"
    " created_ms, is_disabled) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, 0)";
static const char account_switch[] =
    "UPDATE account SET is_disabled = (is_disabled & ~$2) | $3 WHERE id = $1";
static const char account_sender[] = "SELECT id FROM outreach_sender WHERE account = $1 LIMIT 1";
static const char account_delete[] = "DELETE FROM account WHERE id = $1";
static const char account_by_address[] =
    "SELECT id, tenant, address, quota_bytes, used_bytes, message_count, created_ms, is_disabled"
    " FROM account WHERE address = $1";
static const char account_all[] =
    "SELECT id, tenant, address, quota_bytes, used_bytes, message_count, created_ms, is_disabled"
    " FROM account ORDER BY address";
static const char account_count[] = "SELECT count(*) FROM account";
static const char credential_write[] =
    "INSERT INTO credential (account, tenant, generation, hash, scram_iterations, sha1_salt,"
    " sha1_stored_key, sha1_server_key, sha256_salt, sha256_stored_key, sha256_server_key)"
    " VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10)"
    " ON CONFLICT (account) DO UPDATE SET generation = credential.generation + 1, hash = $3,"
    " scram_iterations = $4, sha1_salt = $5, sha1_stored_key = $6, sha1_server_key = $7, sha256_salt = $8,"
    " sha256_stored_key = $9, sha256_server_key = $10";
static const char credential_delete[] = "DELETE FROM credential WHERE account = $1";
static const char credential_hash[] = "SELECT generation, hash FROM credential WHERE account = $1";
static const char credential_sha1[] =
    "SELECT scram_iterations, sha1_salt, sha1_stored_key, sha1_server_key FROM credential WHERE account = $1";
static const char credential_sha256[] =
    "SELECT scram_iterations, sha256_salt, sha256_stored_key, sha256_server_key FROM credential"
    " WHERE account = $1";

/* What is off, in the column is_disabled; it began as a yes or no. Stored. */
enum { OFF_ALL = 1, OFF_IMAP = 2, OFF_POP3 = 4 };

void account_use(struct db *db, uint64_t account, int64_t bytes, int64_t messages) {
    DB_RUN(db, account_usage, DB_NUMBER(account), DB_NUMBER(bytes), DB_NUMBER(messages));
}

bool account_quota(struct db *db, uint64_t account, int64_t *quota_bytes, int64_t *used_bytes) {
    struct db_rows rows = DB_ROWS(db, account_limits, DB_NUMBER(account));
    if (!db_rows_next(&rows)) return false;
    *quota_bytes = db_rows_number(&rows, 0);
    *used_bytes = db_rows_number(&rows, 1);
    db_rows_end(&rows);
    return true;
}

/* ---- adding, changing, removing ---- */

struct account_request {
    struct address address;
    uint64_t quota_bytes;
    struct password_secrets secrets;
    uint64_t account;
};

static void write_credential(struct db *db, uint64_t account, const struct password_secrets *secrets) {
    const struct scram_secret *sha1 = &secrets->sha1;
    const struct scram_secret *sha256 = &secrets->sha256;
    DB_RUN(db, credential_write, DB_NUMBER(account), DB_NUMBER(TENANT_DEFAULT),
           DB_TEXT(slice_from_text(secrets->hash)), DB_NUMBER(sha1->iterations),
           DB_BYTES(slice_of(sha1->salt, sizeof sha1->salt)),
           DB_BYTES(slice_of(sha1->stored_key, sha1->hash_bytes)),
           DB_BYTES(slice_of(sha1->server_key, sha1->hash_bytes)),
           DB_BYTES(slice_of(sha256->salt, sizeof sha256->salt)),
           DB_BYTES(slice_of(sha256->stored_key, sha256->hash_bytes)),
           DB_BYTES(slice_of(sha256->server_key, sha256->hash_bytes)));
}

static uint64_t insert_mailboxes(struct commit *commit, uint64_t account) {
    static const struct {
        struct slice name;
        enum special_use use;
    } first[] = {
        {SLICE_INIT("INBOX"), SPECIAL_INBOX}, {SLICE_INIT("Drafts"), SPECIAL_DRAFTS},
        {SLICE_INIT("Sent"), SPECIAL_SENT},   {SLICE_INIT("Junk"), SPECIAL_JUNK},
        {SLICE_INIT("Trash"), SPECIAL_TRASH}, {SLICE_INIT("Archive"), SPECIAL_ARCHIVE},
    };
    uint64_t inbox = mailbox_insert(commit, account, first[0].name, first[0].use, true);
    for (size_t i = 1; i < sizeof first / sizeof first[0]; i++)
        (void)mailbox_insert(commit, account, first[i].name, first[i].use, true);
    return inbox;
}

static bool account_exists(struct db *db, struct slice address, uint64_t *account) {
    *account = (uint64_t)DB_READ_NUMBER(db, account_id, 0, DB_TEXT(address));
    return *account != 0;
}

static enum store_result account_add(struct commit *commit, void *argument) {
    commit->has_changed_directory = true;
    struct account_request *request = argument;
    struct slice address = request->address.whole;
    uint64_t other = 0;
    struct domain domain;
    if (!domain_find(commit->db, request->address.domain, &domain))
        return db_result(commit->db, STORE_NOT_FOUND);
    if (account_exists(commit->db, address, &other) || alias_exists(commit->db, address))
        return db_result(commit->db, STORE_EXISTS);
    request->account = commit_id_new(commit);
    uint64_t inbox = insert_mailboxes(commit, request->account);
    DB_RUN(commit->db, account_insert, DB_NUMBER(request->account), DB_NUMBER(domain.tenant),
           DB_NUMBER(domain.id), DB_TEXT(address), DB_NUMBER(inbox), DB_NUMBER(request->quota_bytes),
           DB_NUMBER(commit->now_ms));
    write_credential(commit->db, request->account, &request->secrets);
    event_add(commit, domain.tenant, EVENT_ACCOUNT_ADDED, request->account, 0);
    return STORE_OK;
}

static enum store_result account_password(struct commit *commit, void *argument) {
    struct account_request *request = argument;
    if (!account_exists(commit->db, request->address.whole, &request->account))
        return db_result(commit->db, STORE_NOT_FOUND);
    write_credential(commit->db, request->account, &request->secrets);
    event_add(commit, TENANT_DEFAULT, EVENT_PASSWORD_CHANGED, request->account, 0);
    return STORE_OK;
}

/* What was sent from it is paused, visibly. */
static void pause_campaigns(struct commit *commit, uint64_t account) {
    uint64_t sender = (uint64_t)DB_READ_NUMBER(commit->db, account_sender, 0, DB_NUMBER(account));
    if (sender) campaign_halt_sender(commit, sender, SLICE("the sender mailbox is not there any more"));
}

static enum store_result account_remove(struct commit *commit, void *argument) {
    commit->has_changed_directory = true;
    struct account_request *request = argument;
    if (!account_exists(commit->db, request->address.whole, &request->account))
        return db_result(commit->db, STORE_NOT_FOUND);
    mailbox_remove_all(commit, request->account);
    import_forget(commit->db, request->account);
    sending_limit_forget(commit->db, request->account);
    DB_RUN(commit->db, credential_delete, DB_NUMBER(request->account));
    DB_RUN(commit->db, account_delete, DB_NUMBER(request->account));
    pause_campaigns(commit, request->account);
    event_add(commit, TENANT_DEFAULT, EVENT_ACCOUNT_REMOVED, request->account, 0);
    return STORE_OK;
}

static enum store_result run_request(struct task *t, struct engine *engine, struct account_request *request,
                                     enum store_result (*run)(struct commit *commit, void *argument)) {
    struct commit_operation operation = {.run = run, .argument = request};
    return commit_run(t, &engine->queue, &operation);
}

/* Makes the secrets of a password, then runs the request. */
static enum store_result run_with_password(struct task *t, struct engine *engine,
                                           struct account_request *request, struct slice password,
                                           enum store_result (*run)(struct commit *commit, void *argument)) {
    enum store_result result = password_make(t, &engine->passwords, password, &request->secrets);
    if (result == STORE_OK) result = run_request(t, engine, request, run);
    return result;
}

enum store_result engine_account_add(struct task *t, struct engine *engine, struct slice address,
                                     struct slice password, uint64_t quota_bytes, uint64_t *account) {
    struct arena *arena = arena_new(KIB(4));
    struct account_request request = {.quota_bytes = quota_bytes};
    enum store_result result = STORE_REFUSED;
    if (address_read(arena, address, &request.address) && address_is_proper(&request.address) &&
        quota_bytes <= INT64_MAX)
        result = run_with_password(t, engine, &request, password, account_add);
    if (result == STORE_OK) *account = request.account;
    arena_free(&arena);
    return result;
}

enum store_result engine_account_password(struct task *t, struct engine *engine, struct slice address,
                                          struct slice password) {
    struct arena *arena = arena_new(KIB(4));
    struct account_request request = {0};
    enum store_result result = STORE_NOT_FOUND;
    if (address_read(arena, address, &request.address))
        result = run_with_password(t, engine, &request, password, account_password);
    arena_free(&arena);
    return result;
}

enum store_result engine_account_remove(struct task *t, struct engine *engine, struct slice address) {
    struct arena *arena = arena_new(KIB(4));
    struct account_request request = {0};
    enum store_result result = STORE_NOT_FOUND;
    if (address_read(arena, address, &request.address))
        result = run_request(t, engine, &request, account_remove);
    arena_free(&arena);
    return result;
}

struct account_switching {
    struct address address;
    unsigned which;
    unsigned off;
};

static enum store_result account_switch_services(struct commit *commit, void *argument) {
    const struct account_switching *switching = argument;
    uint64_t account;
    if (!account_exists(commit->db, switching->address.whole, &account))
        return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, account_switch, DB_NUMBER(account), DB_NUMBER(switching->which),
           DB_NUMBER(switching->off));
    event_add(commit, TENANT_DEFAULT, EVENT_ACCOUNT_CHANGED, account, switching->off);
    return STORE_OK;
}

enum store_result engine_account_switch(struct task *t, struct engine *engine, struct slice address,
                                        const struct account_services *services) {
    struct arena *arena = arena_new(KIB(4));
    struct account_switching switching = {.which = (services->has_imap ? OFF_IMAP : 0) |
                                                   (services->has_pop3 ? OFF_POP3 : 0)};
    switching.off = (services->is_imap_off ? OFF_IMAP : 0) | (services->is_pop3_off ? OFF_POP3 : 0);
    struct commit_operation operation = {.run = account_switch_services, .argument = &switching};
    enum store_result result = STORE_NOT_FOUND;
    switching.off &= switching.which;
    if (address_read(arena, address, &switching.address)) result = commit_run(t, &engine->queue, &operation);
    arena_free(&arena);
    return result;
}

/* ---- reading ---- */

static bool read_account(const struct db_rows *row, struct arena *arena, void *item) {
    struct account *account = item;
    unsigned off = (unsigned)db_rows_number(row, 7);
    *account = (struct account){.id = db_rows_id(row, 0),
                                .tenant = db_rows_id(row, 1),
                                .quota_bytes = db_rows_id(row, 3),
                                .used_bytes = db_rows_id(row, 4),
                                .message_count = db_rows_id(row, 5),
                                .created_ms = db_rows_number(row, 6),
                                .is_disabled = off & OFF_ALL,
                                .is_imap_off = off & OFF_IMAP,
                                .is_pop3_off = off & OFF_POP3};
    return arena_try_copy(arena, db_rows_bytes(row, 2), &account->address);
}

enum store_result engine_account_find(struct engine *engine, struct arena *arena, struct slice address,
                                      struct account *account) {
    struct address canonical;
    if (!address_read(arena, address, &canonical)) return STORE_NOT_FOUND;
    db_failure_clear(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, account_by_address, DB_TEXT(canonical.whole));
    bool is_found = db_rows_next(&rows);
    bool has_room = is_found && read_account(&rows, arena, account);
    db_rows_end(&rows);
    db_complain(engine->db, engine->env->log);
    if (!is_found) return db_result(engine->db, STORE_NOT_FOUND);
    return has_room ? STORE_OK : STORE_FAILED;
}

enum store_result engine_account_list(struct engine *engine, struct arena *arena, struct account **accounts,
                                      size_t *count) {
    static const struct listing listing = {account_count, account_all, sizeof **accounts, read_account};
    enum store_result result;
    *accounts = listing_read(engine, arena, &listing, count, &result);
    return result;
}

/* ---- passwords ---- */

/* What could not be read is not what is not there: a right password must not be called wrong for it. */
static enum store_result end_credential(struct engine *engine, struct db_rows *rows) {
    db_rows_end(rows);
    db_complain(engine->db, engine->env->log);
    return db_result(engine->db, STORE_OK);
}

/* The hash of a user who may log in, and the name that a remembered login has; both empty else. STORE_OK, or
   what went wrong. */
static enum store_result find_credential(struct engine *engine, struct arena *arena,
                                         const struct account *account, struct slice *name,
                                         struct slice *hash) {
    db_failure_clear(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, credential_hash, DB_NUMBER(account->id));
    if (db_rows_next(&rows)) {
        if (!arena_try_copy(arena, db_rows_bytes(&rows, 1), hash)) *hash = SLICE_EMPTY;
        *name = arena_printf(arena, "%llu %llu", (unsigned long long)account->id,
                             (unsigned long long)db_rows_id(&rows, 0));
    }
    return end_credential(engine, &rows);
}

void engine_grant(struct engine *engine, struct arena *arena, struct slice *user, struct slice *secret) {
    const struct grant *grant = grant_make(&engine->grants, engine->env);
    *user = arena_copy(arena, slice_from_text(grant->user));
    *secret = arena_copy(arena, slice_from_text(grant->secret));
}

enum store_result engine_password_check(struct task *t, struct engine *engine, struct arena *arena,
                                        struct slice user, struct slice password, struct account *account) {
    struct slice name = SLICE_EMPTY;
    struct slice hash = SLICE_EMPTY;
    enum store_result granted = grant_use(&engine->grants, engine->env, arena, user, password, account);
    if (granted != STORE_NOT_FOUND) return granted;
    enum store_result found = engine_account_find(engine, arena, user, account);
    if (found != STORE_OK && found != STORE_NOT_FOUND) return found;
    if (found == STORE_OK && !account->is_disabled)
        found = find_credential(engine, arena, account, &name, &hash);
    if (found != STORE_OK && found != STORE_NOT_FOUND) return found;
    enum store_result result = password_check(t, &engine->passwords, name, password, hash);
    if (result != STORE_OK) *account = (struct account){0};
    return result;
}

static bool copy_scram(struct db_rows *rows, uint8_t hash_bytes, struct scram_secret *secret) {
    *secret =
        (struct scram_secret){.iterations = (uint32_t)db_rows_number(rows, 0), .hash_bytes = hash_bytes};
    struct slice salt = db_rows_bytes(rows, 1);
    struct slice stored_key = db_rows_bytes(rows, 2);
    struct slice server_key = db_rows_bytes(rows, 3);
    bool is_good =
        salt.len == sizeof secret->salt && stored_key.len == hash_bytes && server_key.len == hash_bytes;
    if (is_good) {
        memcpy(secret->salt, salt.ptr, salt.len);
        memcpy(secret->stored_key, stored_key.ptr, hash_bytes);
        memcpy(secret->server_key, server_key.ptr, hash_bytes);
    }
    return is_good;
}

/* *is_there: the secret is. STORE_OK, or what went wrong. */
static enum store_result read_scram(struct engine *engine, uint64_t account, uint8_t hash_bytes,
                                    struct scram_secret *secret, bool *is_there) {
    db_failure_clear(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, hash_bytes == 20 ? credential_sha1 : credential_sha256, DB_NUMBER(account));
    *is_there = db_rows_next(&rows) && copy_scram(&rows, hash_bytes, secret);
    return end_credential(engine, &rows);
}

enum store_result engine_scram_secret(struct engine *engine, struct arena *arena, struct slice user,
                                      uint8_t hash_bytes, struct scram_secret *secret,
                                      struct account *account) {
    if (hash_bytes != 20 && hash_bytes != 32) return STORE_REFUSED;
    enum store_result found = engine_account_find(engine, arena, user, account);
    if (found != STORE_OK && found != STORE_NOT_FOUND) return found;
    bool is_there = false;
    if (found == STORE_OK && !account->is_disabled)
        found = read_scram(engine, account->id, hash_bytes, secret, &is_there);
    if (found != STORE_OK && found != STORE_NOT_FOUND) return found;
    if (is_there) return STORE_OK;
    *account = (struct account){0};
    struct address address;
    struct slice name = address_read(arena, user, &address) ? address.whole : user;
    password_scram_unknown(&engine->passwords, name, hash_bytes, secret);
    return STORE_OK;
}
