/*
 * Breakers: too many hard bounces or complaints among the last messages of a campaign, of its sender, or of
 * the sending domain stop what may do more harm: the campaign, or every campaign of the sender or the domain
 * that runs. They stay paused, with the reason, until a person resumes them.
 */
#include "base/limits_campaign.h"
#include "store/campaign_table.h"

static const char fate_write[] = "UPDATE outreach_sent SET fate = $2 WHERE id = $1 AND fate < $2";
static const char fate_clear[] = "UPDATE outreach_sent SET fate = 0 WHERE id = $1";
static const char owners_read[] = "SELECT campaign, sender, from_domain FROM outreach_sent WHERE id = $1";
static const char bad_of_campaign[] =
    "SELECT count(*) FROM (SELECT fate FROM outreach_sent WHERE campaign = $1 AND sent_ms > 0"
    " ORDER BY sent_ms DESC LIMIT $2) AS lately WHERE fate = $3";
static const char bad_of_sender[] =
    "SELECT count(*) FROM (SELECT fate FROM outreach_sent WHERE sender = $1 AND sent_ms > 0"
    " ORDER BY sent_ms DESC LIMIT $2) AS lately WHERE fate = $3";
static const char bad_of_domain[] =
    "SELECT count(*) FROM (SELECT fate FROM outreach_sent WHERE from_domain = $1 AND sent_ms > 0"
    " ORDER BY sent_ms DESC LIMIT $2) AS lately WHERE fate = $3";
static const char running_of_sender[] = "SELECT id FROM campaign WHERE sender = $1"
                                        " AND (state = 1 OR is_held = 1) LIMIT $2";
static const char running_of_domain[] =
    "SELECT campaign.id FROM campaign JOIN outreach_sender ON outreach_sender.id = campaign.sender"
    " WHERE (campaign.state = 1 OR is_held = 1)"
    " AND lower(substr(outreach_sender.address, -1 - length($1))) IN ('@' || lower($1), '.' || lower($1))"
    " LIMIT $2";

struct owners {
    uint64_t campaign;
    uint64_t sender;
    struct slice domain;
};

static bool owners_of(struct commit *commit, uint64_t sent, struct owners *owners) {
    struct db_rows rows = DB_ROWS(commit->db, owners_read, DB_NUMBER(sent));
    if (!db_rows_next(&rows)) return false;
    *owners = (struct owners){db_rows_id(&rows, 0), db_rows_id(&rows, 1),
                              arena_copy(commit->arena, db_rows_bytes(&rows, 2))};
    db_rows_end(&rows);
    return true;
}

static int64_t bad_lately(struct commit *commit, const char *sql, struct db_value whose,
                          enum sent_fate fate) {
    return DB_READ_NUMBER(commit->db, sql, 0, whose, DB_NUMBER(OUTREACH_BREAKER_MESSAGES), DB_NUMBER(fate));
}

static void halt(struct commit *commit, const struct owners *owners, uint64_t campaign, struct slice reason) {
    struct outreach_note note = {
        .kind = OUTREACH_EVENT_BREAKER, .campaign = campaign, .sender = owners->sender, .detail = reason};
    outreach_note(commit, 1, &note);
    campaign_halt(commit, campaign, reason);
}

static void halt_all(struct commit *commit, const struct owners *owners, const char *sql,
                     struct db_value whose, struct slice reason) {
    uint64_t running[OUTREACH_LIST_MAX];
    size_t count = 0;
    struct db_rows rows = DB_ROWS(commit->db, sql, whose, DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows))
        if (count < OUTREACH_LIST_MAX) running[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++) halt(commit, owners, running[i], reason);
}

static struct slice reason_of(struct commit *commit, const char *whose, int64_t count, enum sent_fate fate) {
    return arena_printf(commit->arena,
                        "%lld of the last %d messages of %s %s; look at the list before resuming",
                        (long long)count, OUTREACH_BREAKER_MESSAGES, whose,
                        fate == FATE_HARD_BOUNCE ? "bounced" : "were complained about");
}

void campaign_fate_undo(struct commit *commit, uint64_t sent) {
    DB_RUN(commit->db, fate_clear, DB_NUMBER(sent));
}

void campaign_fate(struct commit *commit, uint64_t sent, enum sent_fate fate) {
    struct owners owners;
    int64_t most = fate == FATE_COMPLAINT ? OUTREACH_BREAKER_COMPLAINTS : OUTREACH_BREAKER_BOUNCES;
    DB_RUN(commit->db, fate_write, DB_NUMBER(sent), DB_NUMBER(fate));
    if (db_changed(commit->db) == 0 || !owners_of(commit, sent, &owners)) return;
    int64_t count = bad_lately(commit, bad_of_campaign, DB_NUMBER(owners.campaign), fate);
    if (count >= most)
        halt(commit, &owners, owners.campaign, reason_of(commit, "this campaign", count, fate));
    count = bad_lately(commit, bad_of_sender, DB_NUMBER(owners.sender), fate);
    if (count >= most)
        halt_all(commit, &owners, running_of_sender, DB_NUMBER(owners.sender),
                 reason_of(commit, "this mailbox", count, fate));
    count = bad_lately(commit, bad_of_domain, DB_TEXT(owners.domain), fate);
    if (count >= most)
        halt_all(commit, &owners, running_of_domain, DB_TEXT(owners.domain),
                 reason_of(commit, "this domain", count, fate));
}
