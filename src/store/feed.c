#include "store/feed.h"

#include "base/limits_hook.h"
#include "store/campaign_model.h"
#include "store/engine_state.h"

#define FEED_QUERY                                                                                 \
    "SELECT outreach_event.id, at_ms, kind, coalesce(campaign.name, ''),"                          \
    " coalesce(contact.address, ''), coalesce(outreach_sender.address, ''), outreach_event.detail" \
    " FROM outreach_event LEFT JOIN campaign ON campaign.id = outreach_event.campaign"             \
    " LEFT JOIN contact ON contact.id = outreach_event.contact"                                    \
    " LEFT JOIN outreach_sender ON outreach_sender.id = outreach_event.sender WHERE "
static const char feed_after[] = FEED_QUERY "outreach_event.id > $1 ORDER BY outreach_event.id LIMIT $2";
static const char feed_one[] = FEED_QUERY "outreach_event.id = $1";

/* ---- types ---- */

static const struct {
    enum outreach_event_kind kind;
    const char *type;
} types[] = {
    {OUTREACH_EVENT_CREATED, "outreach.campaign.created"},
    {OUTREACH_EVENT_STARTED, "outreach.campaign.started"},
    {OUTREACH_EVENT_PAUSED, "outreach.campaign.paused"},
    {OUTREACH_EVENT_RESUMED, "outreach.campaign.resumed"},
    {OUTREACH_EVENT_STOPPED, "outreach.campaign.stopped"},
    {OUTREACH_EVENT_FINISHED, "outreach.campaign.finished"},
    {OUTREACH_EVENT_BREAKER, "outreach.campaign.breaker"},
    {OUTREACH_EVENT_ADDED, "outreach.added"},
    {OUTREACH_EVENT_SENT, "outreach.sent"},
    {OUTREACH_EVENT_CANCELLED, "outreach.cancelled"},
    {OUTREACH_EVENT_REFUSED, "outreach.refused"},
    {OUTREACH_EVENT_PUT_OFF, "outreach.put_off"},
    {OUTREACH_EVENT_UNKNOWN, "outreach.unknown"},
    {OUTREACH_EVENT_BLOCKED, "outreach.blocked"},
    {OUTREACH_EVENT_REPLIED, "outreach.replied"},
    {OUTREACH_EVENT_AUTO_REPLY, "outreach.auto_reply"},
    {OUTREACH_EVENT_OUT_OF_OFFICE, "outreach.out_of_office"},
    {OUTREACH_EVENT_BOUNCED, "outreach.bounced"},
    {OUTREACH_EVENT_SOFT_BOUNCE, "outreach.soft_bounce"},
    {OUTREACH_EVENT_COMPLAINT, "outreach.complaint"},
    {OUTREACH_EVENT_UNSUBSCRIBED, "outreach.unsubscribed"},
    {OUTREACH_EVENT_COLLEAGUE, "outreach.colleague_replied"},
    {OUTREACH_EVENT_BY_HAND, "outreach.written_by_hand"},
    {OUTREACH_EVENT_RECEIPT, "outreach.receipt"},
    {OUTREACH_EVENT_OTHER, "outreach.other"},
    {OUTREACH_EVENT_CORRECTED, "outreach.corrected"},
    {OUTREACH_EVENT_COMPANY, "outreach.company_stopped"},
    {OUTREACH_EVENT_MAILBOX_RED, "outreach.mailbox.red"},
    {OUTREACH_EVENT_MAILBOX_GREEN, "outreach.mailbox.green"},
};
enum { TYPE_COUNT = sizeof types / sizeof types[0] };

const char *feed_type_at(size_t index) { return index < TYPE_COUNT ? types[index].type : NULL; }

/* A kind that a later version wrote has no name here. */
static const char *type_of(int64_t kind) {
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if ((int64_t)types[i].kind == kind) return types[i].type;
    return "outreach.other";
}

/* ---- reading ---- */

static void take_member(struct feed_event *event, struct arena *arena, const char *name, struct slice text) {
    if (text.len == 0) return;
    event->members[event->member_count++] =
        (struct feed_member){name, arena_copy(arena, slice_sub(text, 0, FEED_TEXT_BYTES_MAX))};
}

static void read_event(const struct db_rows *rows, struct arena *arena, struct feed_event *event) {
    *event = (struct feed_event){.id = db_rows_id(rows, 0),
                                 .at_ms = db_rows_number(rows, 1),
                                 .type = type_of(db_rows_number(rows, 2))};
    take_member(event, arena, "campaign", db_rows_bytes(rows, 3));
    take_member(event, arena, "address", db_rows_bytes(rows, 4));
    take_member(event, arena, "mailbox", db_rows_bytes(rows, 5));
    take_member(event, arena, "detail", db_rows_bytes(rows, 6));
}

static enum store_result read_end(struct engine *engine) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

enum store_result engine_feed_read(struct engine *engine, struct arena *arena, uint64_t after, size_t max,
                                   struct feed_event **events, size_t *count) {
    *events = ARENA_NEW_ARRAY(arena, struct feed_event, max);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, feed_after, DB_NUMBER(after), DB_NUMBER(max));
    while (db_rows_next(&rows))
        if (*count < max) read_event(&rows, arena, &(*events)[(*count)++]);
    return read_end(engine);
}

enum store_result engine_feed_one(struct engine *engine, struct arena *arena, uint64_t id,
                                  struct feed_event *event) {
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, feed_one, DB_NUMBER(id));
    bool is_there = db_rows_next(&rows);
    if (is_there) read_event(&rows, arena, event);
    db_rows_end(&rows);
    enum store_result result = read_end(engine);
    return result == STORE_OK && !is_there ? STORE_NOT_FOUND : result;
}

void engine_feed_watch(struct engine *engine, void (*on_feed)(void *context), void *context) {
    engine->queue.on_feed = on_feed;
    engine->queue.feed_context = context;
}
