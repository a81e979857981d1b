/* What follows from an answer (store/answer.h), once it is known whose it is. */
#include "store/answer_act.h"

#include "base/limits_campaign.h"
#include "store/answer_hold.h"
#include "store/suppression.h"
#include "wire/address_split.h"

/* Those that are not over come first: they are the ones that could write again. */
static const char prospects_of[] =
    "SELECT id FROM prospect WHERE contact = $1 AND (last_sent_ms > 0 OR state = 1)"
    " ORDER BY state IN (0, 1, 3, 4, 9) DESC, id DESC LIMIT $2";
static const char prospect_replies[] =
    "UPDATE prospect SET has_replied = 1, line_step = step WHERE id = $1 AND has_replied = 0";
static const char organisation_of_prospect[] = "SELECT organisation FROM prospect WHERE id = $1";
static const char organisation_of_sent[] = "SELECT organisation FROM outreach_sent WHERE id = $1";

static const char sender_address[] = "SELECT address FROM outreach_sender WHERE id = $1";

struct acting {
    struct commit *commit;
    uint64_t answer;
    const struct answer_facts *facts;
    struct answer_found *found;
    enum answer_decision decision;
    /* A person said what it is; or it names a letter of ours. */
    bool is_by_person;
    bool is_proven;
};

/* ---- what it comes to ---- */

static enum answer_decision decide_reply(const struct answer_question *question) {
    bool waits = question->match == MATCH_COLLEAGUE && !question->stops_company && !question->is_by_person;
    return waits ? DECISION_PAUSED : DECISION_STOPPED;
}

/* It names a letter of ours, which nobody knows but who got it or carried it; or a person says so. */
static bool is_proven(const struct answer_question *question) {
    return question->is_by_person || question->match == MATCH_TOKEN || question->match == MATCH_IN_REPLY_TO ||
           question->match == MATCH_BODY_ID;
}

/* Anybody can write that an address failed, or that its owner complains: by that alone no address is given
   up, and no breaker moves. */
static enum answer_decision decide_bounce(const struct answer_facts *facts,
                                          const struct answer_question *question) {
    if (!answer_is_hard(facts, question->address)) return DECISION_NOTHING;
    return is_proven(question) ? DECISION_BOUNCED : DECISION_PAUSED;
}

/* Who presses his program's button for it writes from his own address, as with any wish. */
static enum answer_decision decide_complaint(const struct answer_facts *facts,
                                             const struct answer_question *question) {
    bool is_wish = facts->is_unsubscribe && question->match == MATCH_ADDRESS;
    return is_proven(question) || is_wish ? DECISION_SUPPRESSED : DECISION_PAUSED;
}

static enum answer_decision decide_away(const struct answer_facts *facts,
                                        const struct answer_question *question) {
    enum { DAY_MS = 24 * 3600 * 1000 };
    int64_t last_ms = question->now_ms + (int64_t)ANSWER_AWAY_DAYS_MAX * DAY_MS;
    bool is_ahead = facts->return_ms > question->now_ms && facts->return_ms <= last_ms;
    return is_ahead ? DECISION_PUT_OFF : DECISION_NOTHING;
}

/* In the thread it may be a person after all; else it is some other mail of theirs. */
static enum answer_decision decide_other(enum answer_match match) {
    return match == MATCH_TOKEN || match == MATCH_IN_REPLY_TO ? DECISION_PAUSED : DECISION_NOTHING;
}

static const struct answer_recipient *recipient_of(const struct answer_facts *facts, struct slice address) {
    for (size_t i = 0; i < facts->recipient_count; i++)
        if (slice_equal_nocase(facts->recipients[i].address, address)) return &facts->recipients[i];
    return NULL;
}

bool answer_is_hard(const struct answer_facts *facts, struct slice address) {
    const struct answer_recipient *recipient = recipient_of(facts, address);
    if (recipient) return recipient->is_hard;
    return facts->recipient_count == 0 && facts->is_hard;
}

bool answer_is_of_others(const struct answer_facts *facts, struct slice address) {
    bool is_report = facts->kind == ANSWER_BOUNCE || facts->kind == ANSWER_DELAY;
    return is_report && facts->recipient_count && !recipient_of(facts, address);
}

enum answer_decision answer_decide(const struct answer_facts *facts, const struct answer_question *question) {
    switch (facts->kind) {
    case ANSWER_REPLY:
        return decide_reply(question);
    case ANSWER_OUT_OF_OFFICE:
        return decide_away(facts, question);
    case ANSWER_BOUNCE:
        return decide_bounce(facts, question);
    case ANSWER_COMPLAINT:
        return decide_complaint(facts, question);
    case ANSWER_OTHER:
        return decide_other(question->match);
    default:
        return DECISION_NOTHING;
    }
}

/* ---- prospects ---- */

static bool is_over(enum prospect_state state) {
    return state == PROSPECT_BOUNCED || state == PROSPECT_SUPPRESSED || state == PROSPECT_UNSUBSCRIBED;
}

/* What a person stopped stays so, and who has answered needs no pause. */
static bool is_weaker(enum prospect_state state, enum prospect_state held) {
    return state == PROSPECT_PAUSED &&
           (held == PROSPECT_REPLIED || held == PROSPECT_STOPPED || held == PROSPECT_FINISHED);
}

/* Whether the campaign goes on with who answered it: only where its document has steps for that, and no
   person has put this prospect aside. */
static bool has_turn(const struct acting *acting, const struct prospect_row *row) {
    bool is_open = row->state == PROSPECT_WAITING || row->state == PROSPECT_CLAIMED ||
                   row->state == PROSPECT_OUT_OF_OFFICE || row->state == PROSPECT_FINISHED ||
                   row->state == PROSPECT_REPLIED;
    return row->id == acting->found->prospect.id && row->has_answer_steps && is_open;
}

static void set_replied(struct acting *acting, struct prospect_row *row, struct slice reason) {
    bool is_turn = has_turn(acting, row);
    if (row->state == PROSPECT_REPLIED && !is_turn) return;
    prospect_set(acting->commit, row, PROSPECT_REPLIED, is_turn ? acting->commit->now_ms : PROSPECT_NEVER,
                 reason);
    if (!is_turn) return;
    acting->commit->has_hurried_campaigns = true;
    campaign_reopen(acting->commit, row->campaign, SLICE("an answer has a step of its own"));
}

static void set_one(struct acting *acting, uint64_t id, enum prospect_state state, struct slice reason) {
    struct prospect_row row;
    if (!prospect_load(acting->commit->db, id, &row)) return;
    struct answer_hold hold = {acting->answer, state, PROSPECT_NEVER, reason};
    answer_hold_add(acting->commit, &row, &hold);
    if (state == PROSPECT_REPLIED) DB_RUN(acting->commit->db, prospect_replies, DB_NUMBER(id));
    if (is_over(row.state) || is_weaker(state, row.state)) return;
    if (state == PROSPECT_REPLIED)
        set_replied(acting, &row, reason);
    else if (row.state != state)
        prospect_set(acting->commit, &row, state, PROSPECT_NEVER, reason);
}

/* Everything that this person is in, and was written to, or is this moment: nobody who answered gets another.
 */
static void set_all(struct acting *acting, enum prospect_state state, struct slice reason) {
    uint64_t ids[ANSWER_PROSPECTS_MAX];
    size_t count = 0;
    uint64_t own = acting->found->prospect.id;
    set_one(acting, own, state, reason);
    struct db_rows rows =
        DB_ROWS(acting->commit->db, prospects_of, DB_NUMBER(acting->found->prospect.contact),
                DB_NUMBER(ANSWER_PROSPECTS_MAX));
    while (db_rows_next(&rows)) ids[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++)
        if (ids[i] != own) set_one(acting, ids[i], state, reason);
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

/* ---- a person's word ---- */

static struct slice text_of(struct commit *commit, const char *sql, uint64_t id) {
    struct slice text = SLICE_EMPTY;
    struct db_rows rows = DB_ROWS(commit->db, sql, DB_NUMBER(id));
    if (!db_rows_next(&rows)) return text;
    text = arena_copy(commit->arena, db_rows_bytes(&rows, 0));
    db_rows_end(&rows);
    return text;
}

/* The organisation that was written to, whoever of it answered, and from where. */
static void stop_company(struct acting *acting) {
    struct commit *commit = acting->commit;
    struct slice organisation = text_of(commit, organisation_of_prospect, acting->found->prospect.id);
    if (organisation.len == 0) organisation = text_of(commit, organisation_of_sent, acting->found->sent);
    answer_stop_company(commit, acting->answer, organisation, &acting->found->prospect);
}

/* Nothing says that the answer is not theirs. Who wrote it is named with the answer alone. */
static void pause_others(struct acting *acting) {
    struct slice reason = SLICE("somebody of the same organisation answered; a person decides");
    for (size_t i = 0; i < acting->found->other_count; i++) {
        struct prospect_row row;
        set_one(acting, acting->found->others[i], PROSPECT_PAUSED, reason);
        if (prospect_load(acting->commit->db, acting->found->others[i], &row))
            prospect_note(acting->commit, &row, OUTREACH_EVENT_COLLEAGUE, reason);
    }
}

static void is_colleague(struct acting *acting) {
    note(acting, OUTREACH_EVENT_COLLEAGUE);
    if (acting->decision != DECISION_PAUSED) return;
    pause_others(acting);
    set_all(acting, PROSPECT_PAUSED,
            arena_printf(acting->commit->arena, "%.*s of the same organisation answered; a person decides",
                         SLICE_PRINT(acting->facts->from)));
}

static void replied(struct acting *acting) {
    if (is_of_our_own(acting) && !acting->is_by_person) {
        wrote_too(acting);
        return;
    }
    if (acting->found->match == MATCH_COLLEAGUE && !acting->is_by_person) {
        is_colleague(acting);
    } else if (acting->facts->is_unsubscribe) {
        suppress(acting, SUPPRESSION_UNSUBSCRIBED);
        set_all(acting, PROSPECT_UNSUBSCRIBED, SLICE("asked not to be written to"));
        note(acting, OUTREACH_EVENT_UNSUBSCRIBED);
    } else {
        set_all(
            acting, PROSPECT_REPLIED,
            arena_printf(acting->commit->arena, "answered (%s)", answer_match_word(acting->found->match)));
        note(acting, OUTREACH_EVENT_REPLIED);
    }
    stop_company(acting);
}

/* ---- machines ---- */

/* Who is back already, or does not say when, is written to as planned. */
static void is_away(struct acting *acting) {
    struct prospect_row row = acting->found->prospect;
    int64_t return_ms = acting->facts->return_ms;
    bool can_wait = row.state == PROSPECT_WAITING || row.state == PROSPECT_OUT_OF_OFFICE ||
                    (row.state == PROSPECT_CLAIMED && !row.has_replied);
    note(acting, OUTREACH_EVENT_OUT_OF_OFFICE);
    if (acting->decision != DECISION_PUT_OFF) return;
    if (!can_wait) {
        acting->decision = DECISION_NOTHING;
        return;
    }
    bool is_later = row.state != PROSPECT_CLAIMED && row.due_ms > return_ms;
    struct answer_hold hold = {acting->answer, PROSPECT_OUT_OF_OFFICE, is_later ? row.due_ms : return_ms,
                               SLICE("out of office")};
    answer_hold_add(acting->commit, &row, &hold);
    prospect_set(acting->commit, &row, hold.state, hold.due_ms, hold.reason);
}

static void is_doubtful(struct acting *acting, const char *what) {
    note(acting, OUTREACH_EVENT_OTHER);
    set_all(
        acting, PROSPECT_PAUSED,
        arena_printf(acting->commit->arena, "%s came that names no letter of ours; a person decides", what));
}

static void bounced(struct acting *acting) {
    if (acting->decision == DECISION_NOTHING) {
        note(acting, OUTREACH_EVENT_SOFT_BOUNCE);
        return;
    }
    if (acting->decision == DECISION_PAUSED) {
        is_doubtful(acting, "a bounce");
        return;
    }
    suppress(acting, SUPPRESSION_HARD_BOUNCE);
    set_all(acting, PROSPECT_BOUNCED, SLICE("the address does not exist"));
    note(acting, OUTREACH_EVENT_BOUNCED);
    campaign_fate(acting->commit, acting->found->sent, FATE_HARD_BOUNCE);
}

static void complained(struct acting *acting) {
    if (acting->decision == DECISION_PAUSED) {
        is_doubtful(acting, "a complaint");
        return;
    }
    suppress(acting, SUPPRESSION_COMPLAINT);
    set_all(acting, PROSPECT_SUPPRESSED, SLICE("complained"));
    note(acting, OUTREACH_EVENT_COMPLAINT);
    if (acting->is_proven) campaign_fate(acting->commit, acting->found->sent, FATE_COMPLAINT);
}

static void is_other(struct acting *acting) {
    note(acting, OUTREACH_EVENT_OTHER);
    if (acting->decision == DECISION_PAUSED)
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

enum answer_decision answer_act(struct commit *commit, uint64_t answer, const struct answer_facts *facts,
                                struct answer_found *found, bool is_by_person) {
    struct answer_question question = {found->match, found->address, found->prospect.stops_company,
                                       is_by_person, commit->now_ms};
    struct acting acting = {
        commit, answer, facts, found, answer_decide(facts, &question), is_by_person, is_proven(&question)};
    act(&acting);
    return acting.decision;
}
