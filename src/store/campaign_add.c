/* Contacts become prospects of a campaign (store/campaign.h), some hundred in one commit; and who would. */
#include "base/limits_campaign.h"
#include "store/answer_hold.h"
#include "store/campaign.h"
#include "store/campaign_lane.h"
#include "store/campaign_table.h"
#include "store/contact_address.h"
#include "store/contact_table.h"
#include "store/engine_state.h"
#include "store/schema.h"
#include "store/suppression.h"
#include "trust/organisation.h"

static const char campaign_state[] = "SELECT state, sender, tenant FROM campaign WHERE id = $1";
static const char contacts_all[] =
    "SELECT " CONTACT_COLUMNS " FROM contact WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";
static const char contacts_of_import[] =
    "SELECT " CONTACT_COLUMNS " FROM contact WHERE import = $1 AND id > $2 ORDER BY id LIMIT $3";
static const char contacts_of_domain[] =
    "SELECT " CONTACT_COLUMNS " FROM contact WHERE tenant = $4 AND domain = $1"
    " AND id > $2 ORDER BY id LIMIT $3";
static const char prospect_known[] = "SELECT 1 FROM prospect WHERE campaign = $1 AND contact = $2";
static const char prospect_insert[] =
    "INSERT INTO prospect (id, campaign, contact, state, is_follow, step, due_ms, last_sent_ms, tries,"
    " message_ids, thread_subject, reason, changed_ms, lane, organisation)"
    " VALUES ($1, $2, $3, 0, 0, 0, $4, 0, 0, '', '', '', $4, $5, $6) ON CONFLICT DO NOTHING";

enum { ROW_ARENA_BYTES = 1 << 20, LANES_TOUCHED_MAX = 16 };

/* ---- finding them ---- */

/* A part of the book, in the order of ids. */
struct walk {
    struct db *db;
    struct arena *arena;
    const struct contact_selection *selection;
    uint64_t after;
    struct campaign_candidate *found;
    size_t found_max;
    size_t found_count;
    size_t looked_max;
    size_t looked;
    /* There are none behind. */
    bool is_end;
};

static struct db_rows walk_rows(const struct walk *walk) {
    static const struct contact_selection all;
    const struct contact_selection *selection = walk->selection ? walk->selection : &all;
    struct db_value after = DB_NUMBER(walk->after);
    struct db_value max = DB_NUMBER(walk->looked_max);
    if (selection->import)
        return DB_ROWS(walk->db, contacts_of_import, DB_NUMBER(selection->import), after, max);
    if (selection->domain.len)
        return DB_ROWS(walk->db, contacts_of_domain, DB_TEXT(selection->domain), after, max,
                       DB_NUMBER(TENANT_DEFAULT));
    return DB_ROWS(walk->db, contacts_all, DB_NUMBER(TENANT_DEFAULT), after, max);
}

/* Without conditions nothing of the fields is read. */
static bool is_selected(const struct walk *walk, struct db_rows *rows, struct arena *row) {
    struct contact contact;
    const struct contact_selection *selection = walk->selection;
    if (!selection || (selection->match_count == 0 && (!selection->domain.len || !selection->import)))
        return true;
    arena_reset(row);
    return contact_row_read(rows, row, &contact) && contact_is_selected(&contact, selection);
}

static void walk_on(struct walk *walk) {
    struct arena *row = arena_new(ROW_ARENA_BYTES);
    struct db_rows rows = walk_rows(walk);
    bool is_full = false;
    while (!is_full && db_rows_next(&rows)) {
        walk->looked++;
        walk->after = db_rows_id(&rows, 0);
        if (!is_selected(walk, &rows, row)) continue;
        walk->found[walk->found_count++] =
            (struct campaign_candidate){walk->after, arena_copy(walk->arena, db_rows_bytes(&rows, 2)),
                                        arena_copy(walk->arena, db_rows_bytes(&rows, 6))};
        is_full = walk->found_count == walk->found_max;
    }
    db_rows_end(&rows);
    walk->is_end = !is_full && walk->looked < walk->looked_max;
    arena_free(&row);
}

/* ---- adding ---- */

struct add_request {
    uint64_t id;
    const struct contact_selection *selection;
    /* Or these. */
    const struct slice *addresses;
    size_t address_count;
    /* Where it begins, and where it came to. */
    uint64_t from;
    uint64_t after;
    struct campaign_addition addition;
};

/* One commit's work. */
struct adding {
    struct commit *commit;
    struct add_request *request;
    struct suppression_book *book;
    /* Lanes that have somebody new. */
    struct {
        struct slice zone;
        uint64_t lane;
    } lanes[LANES_TOUCHED_MAX];
    size_t lane_count;
};

static void mend_lanes(struct adding *adding) {
    for (size_t i = 0; i < adding->lane_count; i++)
        campaign_lane_mend(adding->commit, adding->request->id, adding->lanes[i].lane);
    adding->lane_count = 0;
}

static uint64_t lane_of(struct adding *adding, struct slice zone) {
    for (size_t i = 0; i < adding->lane_count; i++)
        if (slice_equal(adding->lanes[i].zone, zone)) return adding->lanes[i].lane;
    if (adding->lane_count == LANES_TOUCHED_MAX) mend_lanes(adding);
    uint64_t lane = campaign_lane_of(adding->commit, adding->request->id, zone, SLICE_EMPTY);
    adding->lanes[adding->lane_count].zone = zone;
    adding->lanes[adding->lane_count++].lane = lane;
    return lane;
}

static void add_one(struct adding *adding, const struct campaign_candidate *contact) {
    struct suppression_found found;
    struct commit *commit = adding->commit;
    struct campaign_addition *addition = &adding->request->addition;
    if (suppression_book_find(adding->book, contact->address, &found)) {
        addition->suppressed++;
        return;
    }
    uint64_t lane = lane_of(adding, contact->time_zone);
    uint64_t id = commit_id_new(commit);
    struct slice organisation = organisation_of(commit->arena, contact_address_domain(contact->address));
    DB_RUN(commit->db, prospect_insert, DB_NUMBER(id), DB_NUMBER(adding->request->id),
           DB_NUMBER(contact->contact), DB_NUMBER(commit->now_ms), DB_NUMBER(lane), DB_TEXT(organisation));
    bool is_new = db_changed(commit->db) != 0;
    if (is_new && organisation.len) answer_company_join(commit, adding->request->id, id, organisation);
    addition->added += is_new;
    addition->known += !is_new;
}

static void add_listed(struct adding *adding) {
    struct add_request *request = adding->request;
    for (size_t i = 0; i < request->address_count; i++) {
        struct contact contact;
        enum store_result result = contact_find(adding->commit->db, adding->commit->arena, TENANT_DEFAULT,
                                                request->addresses[i], &contact);
        struct campaign_candidate found = {contact.id, contact.address, contact.time_zone};
        if (result == STORE_OK) add_one(adding, &found);
        request->addition.unknown += result == STORE_NOT_FOUND;
    }
}

static void add_selected(struct adding *adding) {
    struct add_request *request = adding->request;
    struct commit *commit = adding->commit;
    struct walk walk = {.db = commit->db,
                        .arena = commit->arena,
                        .selection = request->selection,
                        .after = request->from,
                        .found = ARENA_NEW_ARRAY(commit->arena, struct campaign_candidate, OUTREACH_ADD_ROWS),
                        .found_max = OUTREACH_ADD_ROWS,
                        .looked_max = OUTREACH_ADD_LOOKED_ROWS};
    walk_on(&walk);
    for (size_t i = 0; i < walk.found_count; i++) add_one(adding, &walk.found[i]);
    request->after = walk.is_end ? 0 : walk.after;
    request->addition.looked += walk.looked;
}

static void note_added(struct commit *commit, const struct add_request *request, uint64_t sender,
                       uint64_t tenant) {
    struct outreach_note note = {
        .kind = OUTREACH_EVENT_ADDED,
        .campaign = request->id,
        .sender = sender,
        .detail = arena_printf(commit->arena, "%llu", (unsigned long long)request->addition.added)};
    prospect_count(commit, request->id, PROSPECT_WAITING, (int64_t)request->addition.added);
    outreach_note(commit, tenant, &note);
}

static enum store_result add(struct commit *commit, void *argument) {
    struct add_request *request = argument;
    request->addition = (struct campaign_addition){0};
    struct db_rows rows = DB_ROWS(commit->db, campaign_state, DB_NUMBER(request->id));
    if (!db_rows_next(&rows)) return db_result(commit->db, STORE_NOT_FOUND);
    enum campaign_state state = (enum campaign_state)db_rows_number(&rows, 0);
    uint64_t sender = db_rows_id(&rows, 1);
    uint64_t tenant = db_rows_id(&rows, 2);
    db_rows_end(&rows);
    if (state == CAMPAIGN_STOPPED) return STORE_REFUSED;
    struct adding adding = {.commit = commit,
                            .request = request,
                            .book = suppression_book_open(commit->db, commit->arena, TENANT_DEFAULT)};
    if (request->addresses)
        add_listed(&adding);
    else
        add_selected(&adding);
    mend_lanes(&adding);
    if (request->addition.added) note_added(commit, request, sender, tenant);
    return STORE_OK;
}

static enum store_result run_add(struct task *t, struct engine *engine, struct add_request *request,
                                 struct campaign_addition *addition) {
    struct commit_operation operation = {.run = add, .argument = request};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    if (result != STORE_OK) return result;
    addition->added += request->addition.added;
    addition->known += request->addition.known;
    addition->suppressed += request->addition.suppressed;
    addition->unknown += request->addition.unknown;
    addition->looked += request->addition.looked;
    return STORE_OK;
}

enum store_result engine_campaign_add(struct task *t, struct engine *engine, uint64_t id,
                                      const struct contact_selection *selection, uint64_t *after,
                                      struct campaign_addition *addition) {
    struct add_request request = {.id = id, .selection = selection, .from = *after};
    enum store_result result = run_add(t, engine, &request, addition);
    *after = request.after;
    return result;
}

enum store_result engine_campaign_add_addresses(struct task *t, struct engine *engine, uint64_t id,
                                                const struct slice *addresses, size_t count,
                                                struct campaign_addition *addition) {
    struct add_request request = {.id = id, .addresses = addresses, .address_count = count};
    return run_add(t, engine, &request, addition);
}

/* ---- who would come ---- */

enum store_result engine_campaign_candidates(struct engine *engine, struct arena *arena, uint64_t id,
                                             const struct contact_selection *selection, uint64_t *after,
                                             struct campaign_candidate *candidates, size_t *count) {
    struct walk walk = {.db = engine->db,
                        .arena = arena,
                        .selection = selection,
                        .after = *after,
                        .found = candidates,
                        .found_max = OUTREACH_ADD_ROWS,
                        .looked_max = OUTREACH_ADD_LOOKED_ROWS};
    *count = 0;
    db_begin_read(engine->db);
    walk_on(&walk);
    for (size_t i = 0; i < walk.found_count; i++)
        if (!DB_READ_NUMBER(engine->db, prospect_known, 0, DB_NUMBER(id), DB_NUMBER(candidates[i].contact)))
            candidates[(*count)++] = candidates[i];
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    *after = walk.is_end ? 0 : walk.after;
    return result;
}
