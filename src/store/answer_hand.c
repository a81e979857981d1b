/*
 * What the owner writes by hand to somebody whom a campaign writes to (store/answer.h): submitted through us,
 * put into a Sent mailbox by a mail program, or seen in an outside one. The campaign waits then until a
 * person decides, whether it has written to that person already or not. Mail that was written long ago, and
 * is only moved about, is no news; neither are our own letters.
 */
#include "store/answer_hand.h"
#include "base/limits_campaign.h"
#include "store/answer_match.h"
#include "store/contact_address.h"

static const char own_message[] = "SELECT 1 FROM outreach_sent WHERE message_id = $1";
/* A provider may give it another Message-ID; nobody writes the same line to the same person in that second.
 */
static const char own_renamed[] =
    "SELECT 1 FROM outreach_sent WHERE address = $1 AND subject_base = $2 AND sent_ms > 0"
    " AND decided_ms BETWEEN $3 AND $4 LIMIT 1";
static const char account_address[] = "SELECT address FROM account WHERE id = $1";
static const char prospects_of[] =
    "SELECT prospect.id, campaign.sender, prospect.last_sent_ms FROM contact"
    " JOIN prospect ON prospect.contact = contact.id JOIN campaign ON campaign.id = prospect.campaign"
    " WHERE contact.tenant = $1 AND contact.domain = $2 AND contact.address = $3 LIMIT $4";

struct written {
    struct commit *commit;
    const struct answer_facts *facts;
    const struct answer_place *place;
};

static void pause(struct commit *commit, uint64_t prospect, struct slice address) {
    struct prospect_row row;
    struct slice reason = SLICE("was written to by hand; a person decides");
    if (!prospect_load(commit->db, prospect, &row)) return;
    switch (row.state) {
    case PROSPECT_WAITING:
    case PROSPECT_CLAIMED:
    case PROSPECT_OUT_OF_OFFICE:
    case PROSPECT_BLOCKED:
        prospect_set(commit, &row, PROSPECT_PAUSED, PROSPECT_NEVER, reason);
        break;
    case PROSPECT_REPLIED:
        if (row.due_ms == PROSPECT_NEVER) return;
        prospect_set(commit, &row, PROSPECT_REPLIED, PROSPECT_NEVER, reason);
        break;
    default:
        return;
    }
    prospect_note(commit, &row, OUTREACH_EVENT_BY_HAND, address);
}

struct candidate {
    uint64_t prospect;
    uint64_t sender;
    bool was_written_to;
};

static size_t candidates_of(const struct written *written, struct slice address, struct slice domain,
                            struct candidate *candidates) {
    size_t count = 0;
    struct db_rows rows = DB_ROWS(written->commit->db, prospects_of, DB_NUMBER(written->place->tenant),
                                  DB_TEXT(domain), DB_TEXT(address), DB_NUMBER(ANSWER_PROSPECTS_MAX));
    while (db_rows_next(&rows))
        candidates[count++] =
            (struct candidate){db_rows_id(&rows, 0), db_rows_id(&rows, 1), db_rows_number(&rows, 2) > 0};
    return count;
}

/* The person is a prospect of this mailbox: then of its campaigns, and of all that wrote already. */
static void written_to(const struct written *written, struct slice text) {
    struct candidate candidates[ANSWER_PROSPECTS_MAX];
    bool is_here[ANSWER_PROSPECTS_MAX] = {false};
    bool is_any = false;
    struct slice address;
    struct slice domain;
    struct slice spelling;
    if (contact_address_read(written->commit->arena, text, &address, &domain, &spelling) !=
        CONTACT_ADDRESS_OK)
        return;
    size_t count = candidates_of(written, address, domain, candidates);
    for (size_t i = 0; i < count; i++) {
        is_here[i] = answer_is_here(written->commit, candidates[i].sender, written->facts, written->place);
        is_any |= is_here[i];
    }
    for (size_t i = 0; i < count && is_any; i++)
        if (is_here[i] || candidates[i].was_written_to)
            pause(written->commit, candidates[i].prospect, address);
}

/* ---- where it was seen ---- */

void answer_hand_submitted(struct commit *commit, const struct delivery *delivery) {
    struct answer_facts facts = {.is_by_hand = true};
    struct answer_place place = {delivery->tenant, delivery->id, &delivery->account, 1};
    struct written written = {commit, &facts, &place};
    for (size_t i = 0; i < delivery->queue_count && i < ANSWER_RECIPIENTS_MAX; i++)
        written_to(&written, delivery->queue[i].address);
    for (size_t i = 0; i < delivery->account_count && i < ANSWER_RECIPIENTS_MAX; i++) {
        struct db_rows rows = DB_ROWS(commit->db, account_address, DB_NUMBER(delivery->accounts[i]));
        if (!db_rows_next(&rows)) continue;
        struct slice address = arena_copy(commit->arena, db_rows_bytes(&rows, 0));
        db_rows_end(&rows);
        written_to(&written, address);
    }
}

static bool is_own(struct commit *commit, const struct answer_facts *facts, struct slice address) {
    return facts->date_ms &&
           DB_READ_NUMBER(commit->db, own_renamed, 0, DB_TEXT(address), DB_TEXT(facts->subject_base),
                          DB_NUMBER(facts->date_ms - OUTREACH_OWN_DATE_MS),
                          DB_NUMBER(facts->date_ms + OUTREACH_OWN_DATE_MS));
}

void answer_hand_seen(struct commit *commit, const struct answer_facts *facts,
                      const struct answer_place *place) {
    struct written written = {commit, facts, place};
    bool is_old = facts->date_ms && facts->date_ms < commit->now_ms - OUTREACH_BY_HAND_MS;
    if (is_old || DB_READ_NUMBER(commit->db, own_message, 0, DB_TEXT(facts->message_id))) return;
    for (size_t i = 0; i < facts->recipient_count; i++)
        if (!is_own(commit, facts, facts->recipients[i].address))
            written_to(&written, facts->recipients[i].address);
}

void answer_of_append(struct commit *commit, uint64_t tenant, uint64_t account, const struct append *append) {
    struct answer_facts facts;
    struct answer_place place = {tenant, append->id, &account, 1};
    if (!commit->judges_answers || append->judged.len == 0) return;
    if (!answer_facts_unpack(append->judged, commit->arena, &facts) || !facts.is_by_hand) return;
    facts.sender = 0;
    answer_hand_seen(commit, &facts, &place);
}
