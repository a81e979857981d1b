/* engine_mailbox_*: making, removing, renaming and subscribing mailboxes. */
#include "base/limits.h"
#include "store/copy.h"
#include "store/engine_state.h"
#include "store/mailbox_name.h"

/* Everything below "name/" lies between "name/" and "name0", 0 being the byte after the slash. */
static const char mailbox_child[] =
    "SELECT 1 FROM mailbox WHERE account = $1 AND name > $2 AND name < $3 LIMIT 1";
static const char mailbox_children[] =
    "SELECT id, name FROM mailbox WHERE account = $1 AND name > $2 AND name < $3 ORDER BY name";
static const char mailbox_rename[] = "UPDATE mailbox SET name = $2 WHERE id = $1";
static const char mailbox_subscribe[] = "UPDATE mailbox SET is_subscribed = $2 WHERE id = $1";
static const char mailbox_count[] = "SELECT count(*) FROM mailbox WHERE account = $1";
static const char account_exists[] = "SELECT 1 FROM account WHERE id = $1";

struct mailbox_request {
    uint64_t account;
    struct slice name;
    struct slice to;
    enum special_use special_use;
    bool is_subscribed;
    uint64_t mailbox;
};

static enum store_result run_request(struct task *t, struct engine *engine, struct mailbox_request *request,
                                     enum store_result (*run)(struct commit *commit, void *argument)) {
    struct commit_operation operation = {.run = run, .argument = request};
    return commit_run(t, &engine->queue, &operation);
}

struct below {
    struct slice from;
    struct slice to;
};

static struct below below_of(struct arena *arena, struct slice name) {
    return (struct below){arena_printf(arena, "%.*s/", SLICE_PRINT(name)),
                          arena_printf(arena, "%.*s0", SLICE_PRINT(name))};
}

/* ---- create ---- */

/* Makes the levels above the name that are missing. */
static void insert_levels(struct commit *commit, uint64_t account, struct slice name) {
    for (size_t i = 0; i < name.len; i++) {
        struct slice level = slice_sub(name, 0, i);
        if (name.ptr[i] == '/' && !mailbox_find(commit->db, account, level))
            (void)mailbox_insert(commit, account, level, SPECIAL_NONE, false);
    }
}

static bool has_room(struct db *db, uint64_t account) {
    return DB_READ_NUMBER(db, mailbox_count, 0, DB_NUMBER(account)) <
           STORE_MAILBOXES_MAX - STORE_MAILBOX_LEVELS_MAX;
}

static enum store_result create(struct commit *commit, void *argument) {
    struct mailbox_request *request = argument;
    if (!DB_READ_NUMBER(commit->db, account_exists, 0, DB_NUMBER(request->account)))
        return db_result(commit->db, STORE_NOT_FOUND);
    if (mailbox_find(commit->db, request->account, request->name)) return STORE_EXISTS;
    if (!has_room(commit->db, request->account)) return STORE_REFUSED;
    insert_levels(commit, request->account, request->name);
    request->mailbox = mailbox_insert(commit, request->account, request->name, request->special_use, false);
    return STORE_OK;
}

enum store_result engine_mailbox_create(struct task *t, struct engine *engine, uint64_t account,
                                        struct slice name, enum special_use special_use, uint64_t *mailbox) {
    struct arena *arena = arena_new(KIB(16));
    struct mailbox_request request = {.account = account, .special_use = special_use};
    enum store_result result = STORE_REFUSED;
    if (mailbox_name_read(arena, name, &request.name)) result = run_request(t, engine, &request, create);
    if (result == STORE_OK) *mailbox = request.mailbox;
    arena_free(&arena);
    return result;
}

/* ---- delete ---- */

static enum store_result delete (struct commit *commit, void *argument) {
    struct mailbox_request *request = argument; struct mailbox_state mailbox;
    uint64_t id = mailbox_find(commit->db, request->account, request->name);
    if (!id || !mailbox_load(commit->db, id, &mailbox)) return db_result(commit->db, STORE_NOT_FOUND);
    struct below below = below_of(commit->arena, request->name);
    if (DB_READ_NUMBER(commit->db, mailbox_child, 0, DB_NUMBER(request->account), DB_TEXT(below.from),
                       DB_TEXT(below.to))) return STORE_REFUSED;
    mailbox_remove(commit, &mailbox);
    return STORE_OK;
}

enum store_result engine_mailbox_delete(struct task *t, struct engine *engine, uint64_t account,
                                        struct slice name) {
    struct arena *arena = arena_new(KIB(16));
    struct mailbox_request request = {.account = account};
    enum store_result result = STORE_NOT_FOUND;
    if (mailbox_name_is_inbox(name))
        result = STORE_REFUSED;
    else if (mailbox_name_read(arena, name, &request.name))
        result = run_request(t, engine, &request, delete);
    arena_free(&arena);
    return result;
}

/* ---- rename ---- */

static void rename_one(struct commit *commit, uint64_t account, uint64_t id, struct slice name) {
    struct mailbox_state mailbox;
    DB_RUN(commit->db, mailbox_rename, DB_NUMBER(id), DB_TEXT(name));
    if (mailbox_load(commit->db, id, &mailbox)) commit_news(commit, account, id, mailbox.modseq, false);
}

struct child {
    uint64_t id;
    struct slice name;
};

/* Read first, then renamed: a row that is renamed may come up again. */
static size_t read_children(struct commit *commit, const struct mailbox_request *request,
                            struct child **children) {
    size_t count = 0;
    struct below below = below_of(commit->arena, request->name);
    *children = ARENA_NEW_ARRAY(commit->arena, struct child, STORE_MAILBOXES_MAX);
    struct db_rows rows = DB_ROWS(commit->db, mailbox_children, DB_NUMBER(request->account),
                                  DB_TEXT(below.from), DB_TEXT(below.to));
    while (count < STORE_MAILBOXES_MAX && db_rows_next(&rows)) {
        struct slice rest = slice_skip(db_rows_bytes(&rows, 1), request->name.len);
        (*children)[count++] =
            (struct child){db_rows_id(&rows, 0), arena_printf(commit->arena, "%.*s%.*s",
                                                              SLICE_PRINT(request->to), SLICE_PRINT(rest))};
    }
    db_rows_end(&rows);
    return count;
}

/* False: a name would become too long or too deep. */
static bool names_are_good(struct commit *commit, const struct child *children, size_t count) {
    struct slice name;
    for (size_t i = 0; i < count; i++)
        if (!mailbox_name_read(commit->arena, children[i].name, &name)) return false;
    return true;
}

static enum store_result rename_tree(struct commit *commit, struct mailbox_request *request, uint64_t id) {
    struct child *children = NULL;
    size_t count = read_children(commit, request, &children);
    if (mailbox_name_is_below(request->to, request->name) || !names_are_good(commit, children, count))
        return STORE_REFUSED;
    insert_levels(commit, request->account, request->to);
    rename_one(commit, request->account, id, request->to);
    for (size_t i = 0; i < count; i++) rename_one(commit, request->account, children[i].id, children[i].name);
    return STORE_OK;
}

/* RFC 9051 6.3.6: INBOX stays; its messages move to a new mailbox. */
static enum store_result rename_inbox(struct commit *commit, struct mailbox_request *request, uint64_t id) {
    struct mailbox_state from;
    struct mailbox_state to;
    struct copy_result result;
    struct uid_range all = {1, UINT32_MAX};
    insert_levels(commit, request->account, request->to);
    uint64_t target = mailbox_insert(commit, request->account, request->to, SPECIAL_NONE, false);
    if (!mailbox_load(commit->db, id, &from) || !mailbox_load(commit->db, target, &to)) return STORE_FAILED;
    return copy_entries(commit, &from, &to, (struct uid_ranges){&all, 1}, true, commit->arena, &result);
}

static enum store_result rename_mailbox(struct commit *commit, void *argument) {
    struct mailbox_request *request = argument;
    uint64_t id = mailbox_find(commit->db, request->account, request->name);
    if (!id) return db_result(commit->db, STORE_NOT_FOUND);
    if (mailbox_find(commit->db, request->account, request->to)) return STORE_EXISTS;
    if (!has_room(commit->db, request->account)) return STORE_REFUSED;
    if (mailbox_name_is_inbox(request->name)) return rename_inbox(commit, request, id);
    return rename_tree(commit, request, id);
}

enum store_result engine_mailbox_rename(struct task *t, struct engine *engine, uint64_t account,
                                        struct slice from, struct slice to) {
    struct arena *arena = arena_new(KIB(16));
    struct mailbox_request request = {.account = account};
    enum store_result result = STORE_REFUSED;
    if (!mailbox_name_read(arena, from, &request.name))
        result = STORE_NOT_FOUND;
    else if (mailbox_name_read(arena, to, &request.to))
        result = run_request(t, engine, &request, rename_mailbox);
    arena_free(&arena);
    return result;
}

/* ---- subscribe ---- */

static enum store_result subscribe(struct commit *commit, void *argument) {
    struct mailbox_request *request = argument;
    uint64_t id = mailbox_find(commit->db, request->account, request->name);
    if (!id) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, mailbox_subscribe, DB_NUMBER(id), DB_NUMBER(request->is_subscribed));
    return STORE_OK;
}

enum store_result engine_mailbox_subscribe(struct task *t, struct engine *engine, uint64_t account,
                                           struct slice name, bool is_subscribed) {
    struct arena *arena = arena_new(KIB(16));
    struct mailbox_request request = {.account = account, .is_subscribed = is_subscribed};
    enum store_result result = STORE_NOT_FOUND;
    if (mailbox_name_read(arena, name, &request.name)) result = run_request(t, engine, &request, subscribe);
    arena_free(&arena);
    return result;
}
