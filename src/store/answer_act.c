/* What follows from an answer (store/answer.h), once it is known whose it is. */
#include "store/answer_act.h"

#include "base/limits_campaign.h"
#include "store/suppression.h"
#include "wire/address_split.h"

/* Those that are not over come first: they are the ones that could write again. */
static const char prospects_of[] =
    "SELECT id FROM prospect WHERE contact = $1 AND (last_sent_ms > 0 OR state = 1)"
    " ORDER BY state IN (0, 1, 3, 4, 9) DESC, id DESC LIMIT $2";

static const char sender_address[] = "SELECT address FROM outreach_sender WHERE id = $1";

struct acting {
    struct commit *commit;
    const struct answer_facts *facts;
    struct answer_found *found;
    enum answer_decision decision;
    /* A person said what it is. */
    bool is_by_person;
};

static bool is_over(enum prospect_state state) {
    return state == PROSPECT_BOUNCED || state == PROSPECT_SUPPRESSED || state == PROSPECT_UNSUBSCRIBED;
}

static void set_one(struct acting *acting, uint64_t id, enum prospect_state state, struct slice reason) {
    struct prospect_row row;
    if (!prospect_load(acting->commit->db, id, &row) || is_over(row.state)) return;
    /* What a person stopped stays so, and who has answered needs no pause. */
    bool is_weaker =
        state == PROSPECT_PAUSED &&
        (row.state == PROSPECT_REPLIED || row.state == PROSPECT_STOPPED || row.state == PROSPECT_FINISHED);
    if (is_weaker || row.state == state) return;
    prospect_set(acting->commit, &row, state, PROSPECT_NEVER, reason);
}

/* Everything that this person is in, and was written to, or is this moment: nobody who answered gets another.
 */
static void set_all(struct acting *acting, enum prospect_state state, struct slice reason) {
    uint64_t ids[ANSWER_PROSPECTS_MAX];
    size_t count = 0;
    set_one(acting, acting->found->prospect.id, state, reason);
    struct db_rows rows =
        DB_ROWS(acting->commit->db, prospects_of, DB_NUMBER(acting->found->prospect.contact),
                DB_NUMBER(ANSWER_PROSPECTS_MAX));
    while (db_rows_next(&rows)) ids[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++) set_one(acting, ids[i], state, reason);
}

static void note(struct acting *acting, enum outreach_event_kind kind) {
    const struct answer_facts *facts = acting->facts;
    prospect_note(acting->commit, &acting->found->prospect, kind,
                  arena_printf(acting->commit->arena, "%.*s (%s)", SLICE_PRINT(facts->from),
                               answer_match_word(acting->found->match)));
}

static void suppress(struct acting *acting, enum suppression_reason reason) {
    struct suppression suppression = {.kind = SUPPRESSION_ADDRESS,
                                      .value = acting->found->address,
                                      .reason = reason,
                                      .detail = SLICE("by what came back to a campaign")};
    (void)suppression_add(acting->commit, acting->found->prospect.tenant, &suppression);
}

static bool is_at(struct slice address, struct slice organisation) {
    struct slice domain = address_split_domain(address);
    if (domain.len <= organisation.len) return slice_equal_nocase(domain, organisation);
    struct slice tail = slice_skip(domain, domain.len - organisation.len);
    return slice_equal_nocase(tail, organisation) && domain.ptr[domain.len - organisation.len - 1] == '.';
}

/* Somebody of the sender's own organisation, which is not the prospect's: no answer of the prospect's,
   whatever thread it is in. Strangers who share a provider are of none. */
static bool is_of_our_own(struct acting *acting) {
    struct slice organisation = acting->facts->organisation;
    if (organisation.len == 0 || is_at(acting->found->address, organisation)) return false;
    struct db_rows rows =
        DB_ROWS(acting->commit->db, sender_address, DB_NUMBER(acting->found->prospect.sender));
    if (!db_rows_next(&rows)) return false;
    bool is = is_at(db_rows_bytes(&rows, 0), organisation);
    db_rows_end(&rows);
    return is;
}

static void wrote_too(struct acting *acting) {
    acting->decision = DECISION_PAUSED;
    set_all(acting, PROSPECT_PAUSED,
            arena_printf(acting->commit->arena, "%.*s of your own organisation wrote; a person decides",
                         SLICE_PRINT(acting->facts->from)));
    note(acting, OUTREACH_EVENT_BY_HAND);
}

static void replied(struct acting *acting) {
    if (is_of_our_own(acting) && !acting->is_by_person) {
        wrote_too(acting);
        return;
    }
    if (acting->found->match == MATCH_COLLEAGUE && !acting->is_by_person) {
        acting->decision = DECISION_PAUSED;
        set_all(acting, PROSPECT_PAUSED,
                arena_printf(acting->commit->arena,
                             "%.*s of the same organisation answered; a person decides",
                             SLICE_PRINT(acting->facts->from)));
        note(acting, OUTREACH_EVENT_COLLEAGUE);
        return;
    }
    acting->decision = DECISION_STOPPED;
    if (acting->facts->is_unsubscribe) {
        suppress(acting, SUPPRESSION_UNSUBSCRIBED);
        set_all(acting, PROSPECT_UNSUBSCRIBED, SLICE("asked not to be written to"));
        note(acting, OUTREACH_EVENT_UNSUBSCRIBED);
        return;
    }
    set_all(acting, PROSPECT_REPLIED,
            arena_printf(acting->commit->arena, "answered (%s)", answer_match_word(acting->found->match)));
    note(acting, OUTREACH_EVENT_REPLIED);
}

enum { DAY_MS = 24 * 3600 * 1000 };

/* Who is back already, or does not say when, is written to as planned. */
static void is_away(struct acting *acting) {
    struct prospect_row *row = &acting->found->prospect;
    int64_t return_ms = acting->facts->return_ms;
    int64_t last_ms = acting->commit->now_ms + (int64_t)ANSWER_AWAY_DAYS_MAX * DAY_MS;
    bool can_wait = row->state == PROSPECT_WAITING || row->state == PROSPECT_OUT_OF_OFFICE ||
                    row->state == PROSPECT_CLAIMED;
    note(acting, OUTREACH_EVENT_OUT_OF_OFFICE);
    if (return_ms <= acting->commit->now_ms || return_ms > last_ms || !can_wait) return;
    bool is_later = row->state != PROSPECT_CLAIMED && row->due_ms > return_ms;
    acting->decision = DECISION_PUT_OFF;
    prospect_set(acting->commit, row, PROSPECT_OUT_OF_OFFICE, is_later ? row->due_ms : return_ms,
                 SLICE("out of office"));
}

static bool is_hard(const struct acting *acting) {
    const struct answer_facts *facts = acting->facts;
    for (size_t i = 0; i < facts->recipient_count; i++)
        if (slice_equal_nocase(facts->recipients[i].address, acting->found->address))
            return facts->recipients[i].is_hard;
    return facts->is_hard;
}

/* It names a letter of ours, which nobody knows but who got it or carried it; or a person says so. */
static bool is_proven(const struct acting *acting) {
    enum answer_match match = acting->found->match;
    return acting->is_by_person || match == MATCH_TOKEN || match == MATCH_IN_REPLY_TO ||
           match == MATCH_BODY_ID;
}

/* Anybody can write that an address failed, or that its owner complains: by that alone no address is given
   up, and no breaker moves. */
static void is_doubtful(struct acting *acting, const char *what) {
    acting->decision = DECISION_PAUSED;
    note(acting, OUTREACH_EVENT_OTHER);
    set_all(
        acting, PROSPECT_PAUSED,
        arena_printf(acting->commit->arena, "%s came that names no letter of ours; a person decides", what));
}

static void bounced(struct acting *acting) {
    if (!is_hard(acting)) {
        note(acting, OUTREACH_EVENT_SOFT_BOUNCE);
        return;
    }
    if (!is_proven(acting)) {
        is_doubtful(acting, "a bounce");
        return;
    }
    acting->decision = DECISION_BOUNCED;
    suppress(acting, SUPPRESSION_HARD_BOUNCE);
    set_all(acting, PROSPECT_BOUNCED, SLICE("the address does not exist"));
    note(acting, OUTREACH_EVENT_BOUNCED);
    campaign_fate(acting->commit, acting->found->sent, FATE_HARD_BOUNCE);
}

static void complained(struct acting *acting) {
    /* Who presses his program's button for it writes from his own address, as with any wish. */
    bool is_wish = acting->facts->is_unsubscribe && acting->found->match == MATCH_ADDRESS;
    if (!is_proven(acting) && !is_wish) {
        is_doubtful(acting, "a complaint");
        return;
    }
    acting->decision = DECISION_SUPPRESSED;
    suppress(acting, SUPPRESSION_COMPLAINT);
    set_all(acting, PROSPECT_SUPPRESSED, SLICE("complained"));
    note(acting, OUTREACH_EVENT_COMPLAINT);
    if (is_proven(acting)) campaign_fate(acting->commit, acting->found->sent, FATE_COMPLAINT);
}

/* In the thread it may be a person after all; else it is some other mail of theirs. */
static void is_other(struct acting *acting) {
    enum answer_match match = acting->found->match;
    note(acting, OUTREACH_EVENT_OTHER);
    if (match != MATCH_TOKEN && match != MATCH_IN_REPLY_TO) return;
    acting->decision = DECISION_PAUSED;
    set_all(acting, PROSPECT_PAUSED, SLICE("something came back in the thread; a person decides"));
}

static void act(struct acting *acting) {
    switch (acting->facts->kind) {
    case ANSWER_REPLY:
        replied(acting);
        return;
    case ANSWER_AUTO_REPLY:
        note(acting, OUTREACH_EVENT_AUTO_REPLY);
        return;
    case ANSWER_OUT_OF_OFFICE:
        is_away(acting);
        return;
    case ANSWER_BOUNCE:
        bounced(acting);
        return;
    case ANSWER_COMPLAINT:
        complained(acting);
        return;
    case ANSWER_RECEIPT:
        note(acting, OUTREACH_EVENT_RECEIPT);
        return;
    case ANSWER_OTHER:
        is_other(acting);
        return;
    default:
        return;
    }
}

enum answer_decision answer_act(struct commit *commit, const struct answer_facts *facts,
                                struct answer_found *found) {
    struct acting acting = {.commit = commit, .facts = facts, .found = found};
    act(&acting);
    return acting.decision;
}

enum answer_decision answer_act_by_person(struct commit *commit, const struct answer_facts *facts,
                                          struct answer_found *found) {
    struct acting acting = {.commit = commit, .facts = facts, .found = found, .is_by_person = true};
    act(&acting);
    return acting.decision;
}

void answer_pause(struct commit *commit, struct answer_found *found, struct slice reason) {
    struct answer_facts facts = {.kind = ANSWER_REPLY};
    struct acting acting = {.commit = commit, .facts = &facts, .found = found};
    set_all(&acting, PROSPECT_PAUSED, reason);
}
