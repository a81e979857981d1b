/*
 * What the queue says of a message that a local sender sent, in the commit in which it says it: then the next
 * step's delay begins, or the address is known to be bad. A refusal whose code says that the mailbox or the
 * domain does not exist is hard; any other may be about us, and kills no address.
 */
#include "base/limits_campaign.h"
#include "store/campaign_table.h"
#include "store/queue_model.h"

static const char sent_of[] =
    "SELECT id FROM outreach_sent WHERE message = $1 AND message <> 0 AND state IN (1, 3)";
static const char leaving_of[] = "SELECT leaving_ms FROM outreach_sent WHERE id = $1";
static const char prospect_of[] = "SELECT prospect FROM outreach_sent WHERE id = $1";
static const char sent_waits[] = "UPDATE outreach_sent SET leaving_ms = 0 WHERE id = $1";

const struct slice campaign_in_doubt =
    SLICE_INIT("it is not known whether it arrived: it counts as sent, and is not sent again");
static const char sender_read[] =
    "SELECT outreach_sender.state, account, account.id FROM outreach_sender LEFT JOIN account"
    " ON account.id = outreach_sender.account WHERE outreach_sender.id = $1";

enum { GREEN = 1 };

bool campaign_sender_is_good(struct db *db, uint64_t sender) {
    struct db_rows rows = DB_ROWS(db, sender_read, DB_NUMBER(sender));
    if (!db_rows_next(&rows)) return false;
    bool is_green = db_rows_number(&rows, 0) == GREEN;
    uint64_t account = db_rows_id(&rows, 1);
    bool is_there = account != 0 && db_rows_id(&rows, 2) == account;
    db_rows_end(&rows);
    return account ? is_there : is_green;
}

/* RFC 3463 3.2, and what RFC 7505 says of a domain that takes no mail. */
static bool is_hard(const struct settled_recipient *settled) {
    static const struct slice codes[] = {SLICE_INIT("5.1.1"), SLICE_INIT("5.1.2"),  SLICE_INIT("5.1.3"),
                                         SLICE_INIT("5.1.6"), SLICE_INIT("5.1.10"), SLICE_INIT("5.4.4")};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (slice_equal(settled->status, codes[i])) return settled->outcome == QUEUE_FAILED;
    return false;
}

static bool counts_as_sent(struct commit *commit, uint64_t sent, int64_t leaving_ms) {
    struct prospect_row row;
    uint64_t prospect = (uint64_t)DB_READ_NUMBER(commit->db, prospect_of, 0, DB_NUMBER(sent));
    if (!prospect_load(commit->db, prospect, &row)) return false;
    prospect_note(commit, &row, OUTREACH_EVENT_UNKNOWN, campaign_in_doubt);
    campaign_message_left(commit, sent, leaving_ms);
    return true;
}

/* An attempt that never came to its transaction says nothing of one before it that nobody settled. Lost after
   all of it had been said, the host may have it (RFC 1047). */
static bool is_in_doubt(const struct settled_recipient *settled, int64_t leaving_ms) {
    if (leaving_ms == 0 || settled->outcome == QUEUE_DELIVERED) return false;
    if (settled->outcome == QUEUE_DEFERRED) return settled->same_host.len;
    return !settled->was_let_go;
}

bool campaign_settled(struct commit *commit, uint64_t message, const struct settled_recipient *settled) {
    if (!commit->judges_answers) return false;
    uint64_t sent = (uint64_t)DB_READ_NUMBER(commit->db, sent_of, 0, DB_NUMBER(message));
    if (sent == 0) return false;
    int64_t leaving_ms = DB_READ_NUMBER(commit->db, leaving_of, 0, DB_NUMBER(sent));
    if (is_in_doubt(settled, leaving_ms)) return counts_as_sent(commit, sent, leaving_ms);
    if (settled->outcome == QUEUE_DEFERRED) {
        /* It asks again before it leaves. */
        if (settled->was_let_go) DB_RUN(commit->db, sent_waits, DB_NUMBER(sent));
        commit->has_moved_campaigns = true;
        return false;
    }
    if (settled->outcome == QUEUE_DELIVERED) {
        campaign_message_left(commit, sent, commit->now_ms);
        return false;
    }
    struct outreach_outcome outcome = {
        .sent = sent,
        .result = is_hard(settled) ? OUTREACH_REFUSED : OUTREACH_PUT_OFF,
        .due_ms = commit->now_ms + OUTREACH_AGAIN_MS,
        .detail = arena_printf(commit->arena, "%.*s %.*s", SLICE_PRINT(settled->status),
                               SLICE_PRINT(slice_sub(settled->reply, 0, OUTREACH_DETAIL_BYTES_MAX)))};
    campaign_outcome(commit, &outcome);
    return false;
}

void campaign_taken_back(struct commit *commit, uint64_t message) {
    if (!commit->judges_answers) return;
    uint64_t sent = (uint64_t)DB_READ_NUMBER(commit->db, sent_of, 0, DB_NUMBER(message));
    struct outreach_outcome outcome = {.sent = sent,
                                       .result = OUTREACH_BLOCKED,
                                       .detail = SLICE("its letter was taken out of the queue by hand")};
    if (sent) campaign_outcome(commit, &outcome);
}
