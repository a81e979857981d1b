#include "store/answer_match.h"

#include "base/limits_campaign.h"
#include "store/answer.h"

/* How far a provider's clock may be from ours. */
enum { CLOCKS_MS = 24 * 3600 * 1000 };

static const char sent_by_id[] =
    "SELECT id, prospect, address, sender, sent_ms FROM outreach_sent WHERE id = $1 AND sent_ms > 0";
static const char sent_by_name[] =
    "SELECT id, prospect, address, sender, sent_ms FROM outreach_sent WHERE message_id = $1 AND sent_ms > 0";
static const char sent_by_address[] = "SELECT id, prospect, address, sender, sent_ms FROM outreach_sent"
                                      " WHERE address = $1 AND sent_ms > 0 ORDER BY sent_ms DESC LIMIT $2";
static const char sent_by_named[] = "SELECT id, prospect, address, sender, sent_ms FROM outreach_sent WHERE "
                                    "address = $1 AND organisation = $2"
                                    " AND sent_ms > 0 ORDER BY sent_ms DESC, id DESC LIMIT $3";
/* Who waits still comes first; of those, and of the others, who was written to last. */
static const char sent_by_company[] =
    "SELECT outreach_sent.id, prospect, address, outreach_sent.sender, sent_ms FROM outreach_sent"
    " JOIN prospect ON prospect.id = outreach_sent.prospect"
    " WHERE outreach_sent.organisation = $1 AND subject_base = $2 AND sent_ms > 0"
    " ORDER BY prospect.state IN (0, 1, 4, 9) DESC, sent_ms DESC, outreach_sent.id DESC LIMIT $3";
static const char others_of_company[] =
    "SELECT other.prospect FROM outreach_sent AS one JOIN outreach_sent AS other"
    " ON other.organisation = one.organisation AND other.subject_base = one.subject_base"
    " AND other.campaign = one.campaign JOIN prospect ON prospect.id = other.prospect"
    " WHERE one.id = $1 AND one.organisation <> '' AND other.sent_ms > 0 AND other.prospect <> one.prospect"
    " AND prospect.state IN (0, 1, 4, 9) GROUP BY other.prospect"
    " ORDER BY max(other.sent_ms) DESC, other.prospect DESC LIMIT $2";
static const char sender_read[] = "SELECT address, account FROM outreach_sender WHERE id = $1";

struct candidate {
    uint64_t sent;
    uint64_t prospect;
    uint64_t sender;
    struct slice address;
    int64_t sent_ms;
};

/* Who sent it: its own address, and whether the message came in where its answers come. */
struct owner {
    bool is_own_word;
    bool is_here;
};

static struct owner owner_of(struct commit *commit, uint64_t sender, const struct answer_facts *facts,
                             const struct answer_place *place) {
    struct owner owner = {false, facts->sender == sender};
    struct db_rows rows = DB_ROWS(commit->db, sender_read, DB_NUMBER(sender));
    if (!db_rows_next(&rows)) return owner;
    owner.is_own_word = slice_equal_nocase(db_rows_bytes(&rows, 0), facts->from);
    uint64_t account = db_rows_id(&rows, 1);
    db_rows_end(&rows);
    for (size_t i = 0; i < place->account_count && account; i++)
        if (place->accounts[i] == account) owner.is_here = true;
    return owner;
}

bool answer_is_here(struct commit *commit, uint64_t sender, const struct answer_facts *facts,
                    const struct answer_place *place) {
    return owner_of(commit, sender, facts, place).is_here;
}

static size_t read_candidates(struct commit *commit, struct db_rows rows, struct candidate *candidates) {
    size_t count = 0;
    while (db_rows_next(&rows)) {
        if (count == ANSWER_PROSPECTS_MAX) continue;
        candidates[count++] =
            (struct candidate){db_rows_id(&rows, 0), db_rows_id(&rows, 1), db_rows_id(&rows, 3),
                               arena_copy(commit->arena, db_rows_bytes(&rows, 2)), db_rows_number(&rows, 4)};
    }
    return count;
}

/* What a mailbox got before a letter left answers something else; clocks differ. */
static bool is_older(const struct answer_facts *facts, const struct candidate *candidate) {
    return facts->received_ms && facts->received_ms + CLOCKS_MS < candidate->sent_ms;
}

/* The first that will do. */
static bool choose(struct commit *commit, struct db_rows rows, const struct answer_facts *facts,
                   const struct answer_place *place, enum answer_match match, struct answer_found *found) {
    struct candidate candidates[ANSWER_PROSPECTS_MAX];
    bool wants_place = match == MATCH_ADDRESS || match == MATCH_COLLEAGUE || match == MATCH_FAILED_RECIPIENT;
    size_t count = read_candidates(commit, rows, candidates);
    for (size_t i = 0; i < count; i++) {
        struct owner owner = owner_of(commit, candidates[i].sender, facts, place);
        if (owner.is_own_word) continue;
        if (wants_place && (!owner.is_here || is_older(facts, &candidates[i]))) continue;
        if (!prospect_load(commit->db, candidates[i].prospect, &found->prospect)) continue;
        found->match = match;
        found->sent = candidates[i].sent;
        found->address = candidates[i].address;
        return true;
    }
    return false;
}

static bool find_token(struct commit *commit, const struct answer_facts *facts,
                       const struct answer_place *place, struct answer_found *found) {
    uint64_t sent = answer_token_read(commit->outreach_secret, facts->token);
    return sent &&
           choose(commit, DB_ROWS(commit->db, sent_by_id, DB_NUMBER(sent)), facts, place, MATCH_TOKEN, found);
}

static bool find_ids(struct commit *commit, const struct answer_facts *facts,
                     const struct answer_place *place, struct answer_found *found) {
    for (size_t i = 0; i < facts->id_count; i++) {
        enum answer_match match = i < facts->header_id_count ? MATCH_IN_REPLY_TO : MATCH_BODY_ID;
        struct db_rows rows = DB_ROWS(commit->db, sent_by_name, DB_TEXT(facts->ids[i]));
        if (choose(commit, rows, facts, place, match, found)) return true;
    }
    return false;
}

static bool find_by_address(struct commit *commit, struct slice address, const struct answer_facts *facts,
                            const struct answer_place *place, enum answer_match match,
                            struct answer_found *found) {
    if (address.len == 0) return false;
    struct db_rows rows =
        DB_ROWS(commit->db, sent_by_address, DB_TEXT(address), DB_NUMBER(ANSWER_PROSPECTS_MAX));
    return choose(commit, rows, facts, place, match, found);
}

/* Of a report: who failed, or was complained about. */
static bool find_failed(struct commit *commit, const struct answer_facts *facts,
                        const struct answer_place *place, struct answer_found *found) {
    if (facts->kind != ANSWER_BOUNCE && facts->kind != ANSWER_COMPLAINT) return false;
    for (size_t i = 0; i < facts->recipient_count; i++)
        if (find_by_address(commit, facts->recipients[i].address, facts, place, MATCH_FAILED_RECIPIENT,
                            found))
            return true;
    return false;
}

/* ---- colleagues ---- */

static bool is_other(const struct answer_found *found, uint64_t prospect) {
    if (found->prospect.id == prospect) return false;
    for (size_t i = 0; i < found->other_count; i++)
        if (found->others[i] == prospect) return false;
    return true;
}

static bool find_one_named(struct commit *commit, struct slice named, const struct answer_facts *facts,
                           const struct answer_place *place, struct answer_found *found) {
    struct db_rows rows = DB_ROWS(commit->db, sent_by_named, DB_TEXT(named), DB_TEXT(facts->organisation),
                                  DB_NUMBER(ANSWER_PROSPECTS_MAX));
    return choose(commit, rows, facts, place, MATCH_COLLEAGUE, found);
}

/* Of his colleagues those whom he names: the first has the answer, and it may be about each. */
static bool find_named(struct commit *commit, const struct answer_facts *facts,
                       const struct answer_place *place, struct answer_found *found) {
    bool is_found = false;
    found->others = ARENA_NEW_ARRAY(commit->arena, uint64_t, ANSWER_NAMED_MAX);
    for (size_t i = 0; i < facts->named_count; i++) {
        struct answer_found next;
        if (!find_one_named(commit, facts->named[i], facts, place, is_found ? &next : found)) continue;
        if (is_found && is_other(found, next.prospect.id))
            found->others[found->other_count++] = next.prospect.id;
        is_found = true;
    }
    if (is_found) found->why = SLICE("a colleague who names the prospect");
    return is_found;
}

static bool find_same_subject(struct commit *commit, const struct answer_facts *facts,
                              const struct answer_place *place, struct answer_found *found) {
    if (facts->subject_base.len == 0) return false;
    struct db_rows rows = DB_ROWS(commit->db, sent_by_company, DB_TEXT(facts->organisation),
                                  DB_TEXT(facts->subject_base), DB_NUMBER(ANSWER_PROSPECTS_MAX));
    if (!choose(commit, rows, facts, place, MATCH_COLLEAGUE, found)) return false;
    answer_find_others(commit, found);
    found->why = SLICE("a colleague with the same subject: of those who wait the one written to last");
    return true;
}

void answer_find_others(struct commit *commit, struct answer_found *found) {
    found->others = ARENA_NEW_ARRAY(commit->arena, uint64_t, ANSWER_COLLEAGUES_MAX);
    found->other_count = 0;
    struct db_rows rows =
        DB_ROWS(commit->db, others_of_company, DB_NUMBER(found->sent), DB_NUMBER(ANSWER_COLLEAGUES_MAX));
    while (db_rows_next(&rows))
        if (found->other_count < ANSWER_COLLEAGUES_MAX)
            found->others[found->other_count++] = db_rows_id(&rows, 0);
}

static bool find_colleague(struct commit *commit, const struct answer_facts *facts,
                           const struct answer_place *place, struct answer_found *found) {
    if (facts->kind != ANSWER_REPLY || facts->organisation.len == 0) return false;
    return find_named(commit, facts, place, found) || find_same_subject(commit, facts, place, found);
}

struct answer_found answer_find(struct commit *commit, const struct answer_facts *facts,
                                const struct answer_place *place) {
    struct answer_found found = {.match = MATCH_NONE};
    bool is_found = find_token(commit, facts, place, &found) || find_ids(commit, facts, place, &found) ||
                    find_failed(commit, facts, place, &found) ||
                    find_by_address(commit, facts->from, facts, place, MATCH_ADDRESS, &found) ||
                    find_colleague(commit, facts, place, &found);
    if (!is_found) found.match = MATCH_NONE;
    return found;
}
