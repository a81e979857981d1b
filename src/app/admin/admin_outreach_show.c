/* What is to be seen of campaigns, as JSON. */
#include "analyse/classify.h"
#include "app/admin/admin_outreach.h"
#include "base/limits_campaign.h"
#include "outreach/office.h"
#include "store/answer.h"
#include "store/contact.h"
#include "store/contact_address.h"
#include "store/engine_sender.h"
#include "store/id.h"
#include "store/schema.h"
#include "store/suppression.h"

/* A condition has a few classes and fields, of a line each. */
enum { STEP_WORDS_BYTES = 64 * 1024 };

static struct slice word(const struct admin *admin, size_t at) {
    return at < admin->request->word_count ? admin->request->words[at] : SLICE_EMPTY;
}

static json_t *id_text(struct admin *admin, uint64_t id) {
    return admin_text(arena_printf(admin->arena, "%016llx", (unsigned long long)id));
}

/* ---- status ---- */

static json_t *counts_of(const struct campaign *campaign) {
    json_t *counts = json_object();
    for (int state = 0; state < PROSPECT_STATES; state++)
        if (campaign->prospects[state])
            json_object_set_new(counts, prospect_state_word((enum prospect_state)state),
                                json_integer((json_int_t)campaign->prospects[state]));
    return counts;
}

static json_t *sender_text(struct admin *admin, uint64_t id) {
    struct sender sender;
    bool is_there = engine_sender_read(admin->engine, admin->arena, id, &sender) == STORE_OK;
    return admin_text(is_there ? sender.address : SLICE("(removed)"));
}

static json_t *campaign_json(struct admin *admin, const struct campaign *campaign) {
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "name", admin_text(campaign->name),
                     "id", id_text(admin, campaign->id), "mailbox", sender_text(admin, campaign->sender),
                     "state", campaign_state_word(campaign->state), "reason", admin_text(campaign->reason),
                     "created_ms", admin_moment(campaign->created_ms), "started_ms",
                     admin_moment(campaign->started_ms), "next_ms",
                     campaign->state == CAMPAIGN_RUNNING ? admin_moment(campaign->next_ms) : json_null(),
                     "prospects", counts_of(campaign));
}

json_t *admin_outreach_status(struct admin *admin) {
    struct campaign *campaigns;
    struct campaign one;
    size_t count = 1;
    json_t *list = json_array();
    if (word(admin, 2).len) {
        json_t *error = admin_campaign_find(admin, 2, &one);
        if (error) {
            json_decref(list);
            return error;
        }
        campaigns = &one;
    } else if (engine_campaign_list(admin->engine, admin->arena, &campaigns, &count) != STORE_OK) {
        json_decref(list);
        return admin_failure(admin, STORE_FAILED, SLICE("the list"), "", "");
    }
    for (size_t i = 0; i < count; i++) json_array_append_new(list, campaign_json(admin, &campaigns[i]));
    json_t *mailboxes = admin_mailboxes_json(admin);
    return json_pack("{s:o, s:b, s:o, s:o}", "campaigns", list, "has_more", count == OUTREACH_CAMPAIGNS_SHOWN,
                     "unsettled", admin_outreach_unsettled(admin), "mailboxes",
                     mailboxes ? mailboxes : json_array());
}

/* ---- why ---- */

static void gate(json_t *gates, const char *name, bool is_open, struct slice detail) {
    json_array_append_new(
        gates, json_pack("{s:s, s:b, s:o}", "gate", name, "open", is_open, "detail", admin_text(detail)));
}

static void sender_gate(struct admin *admin, json_t *gates, uint64_t id) {
    struct sender sender;
    if (engine_sender_read(admin->engine, admin->arena, id, &sender) != STORE_OK) {
        gate(gates, "mailbox", false, SLICE("it was removed"));
        return;
    }
    bool is_good = engine_outreach_sender_is_good(admin->engine, id);
    const char *account = is_good ? "an account here" : "an account that was removed";
    bool has_cause = !is_good && sender.account == 0;
    gate(gates, "mailbox", is_good,
         arena_printf(admin->arena, "%.*s is %s%s%s", SLICE_PRINT(sender.address),
                      sender.account ? account : sender_state_name(sender.state), has_cause ? ": " : "",
                      has_cause ? sender_cause_name(sender.cause) : ""));
}

static void suppression_gate(struct admin *admin, json_t *gates, struct slice address) {
    struct suppression_found found;
    bool is = engine_suppression_find(admin->engine, TENANT_DEFAULT, address, &found) == STORE_OK;
    gate(gates, "suppression", !is,
         is ? slice_from_text(suppression_reason_name(found.reason)) : SLICE("may be written to"));
}

/* Who answered is written to only where a step that is for such an answer is due. */
static bool is_open(const struct prospect *prospect) {
    return prospect->state == PROSPECT_WAITING || prospect->state == PROSPECT_OUT_OF_OFFICE ||
           prospect->state == PROSPECT_CLAIMED ||
           (prospect->state == PROSPECT_REPLIED && prospect->due_ms != PROSPECT_NEVER);
}

/* Which step it would be, and for whom that is. True: there is one. */
static bool step_gate(struct admin *admin, json_t *gates, const struct outreach_outlook *outlook) {
    if (outlook->step >= outlook->sequence->step_count) {
        gate(gates, "step", false, SLICE("no step that is left is for this prospect"));
        return false;
    }
    struct buffer words = buffer_new(STEP_WORDS_BYTES);
    sequence_condition_write(&words, &outlook->sequence->steps[outlook->step].condition);
    gate(gates, "step", true,
         words.len ? arena_printf(admin->arena, "step %zu, for those %.*s", outlook->step + 1,
                                  SLICE_PRINT(buffer_slice(&words)))
                   : arena_printf(admin->arena, "step %zu", outlook->step + 1));
    buffer_free(&words);
    return true;
}

/* When the next message to this prospect may leave; 0: none will. */
static int64_t next_allowed(struct admin *admin, json_t *gates, const struct prospect_shown *shown) {
    struct outreach_outlook outlook;
    int64_t now_ms = env_wall_ms(task_env(admin->t));
    enum store_result result =
        outreach_outlook(admin->engine, admin->arena, &shown->campaign, &shown->prospect, now_ms, &outlook);
    if (result != STORE_OK || !is_open(&shown->prospect)) return 0;
    if (!step_gate(admin, gates, &outlook)) return 0;
    gate(gates, "due", outlook.due_ms <= now_ms,
         outlook.due_ms <= now_ms ? SLICE("the step is due, and its window is open")
                                  : SLICE("the delay, or the delivery window"));
    gate(gates, "pace", outlook.gate == PACER_OPEN, slice_from_text(pacer_gate_word(outlook.gate)));
    if (shown->campaign.state != CAMPAIGN_RUNNING) return 0;
    return outlook.due_ms > outlook.next_ms ? outlook.due_ms : outlook.next_ms;
}

/* Null: it is in Sent, or nobody but the provider sees to that. */
static json_t *copy_of(struct admin *admin, const struct outreach_message *message) {
    struct sender_copy_state state;
    if (engine_copy_state(admin->engine, admin->arena, 0, message->id, &state) != STORE_OK)
        return json_null();
    return admin_copies_json(&state);
}

static json_t *messages_of(struct admin *admin, uint64_t prospect) {
    struct outreach_message *messages;
    size_t count = 0;
    json_t *list = json_array();
    if (engine_outreach_messages(admin->engine, admin->arena, prospect, &messages, &count) != STORE_OK)
        return list;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:I, s:s, s:o, s:o, s:o, s:o}", "id", id_text(admin, messages[i].id),
                            "not_in_sent", copy_of(admin, &messages[i]), "step",
                            (json_int_t)messages[i].step + 1, "state", sent_state_word(messages[i].state),
                            "message_id", admin_text(messages[i].message_id), "subject",
                            admin_text(messages[i].subject), "sent_ms", admin_moment(messages[i].sent_ms),
                            "detail", admin_text(messages[i].detail)));
    return list;
}

/* Of a reply; else it says nothing. */
static const char *interest_word(const struct outreach_answer *answer) {
    bool is_known = answer_kind_now(answer) == ANSWER_REPLY && answer->interest < INTERESTS;
    return is_known ? interest_name((enum interest)answer->interest) : "";
}

static json_t *answer_json(struct admin *admin, const struct outreach_answer *answer) {
    json_t *evidence = json_loadb((const char *)answer->evidence.ptr, answer->evidence.len, 0, NULL);
    json_t *object =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:o}", "id", id_text(admin, answer->id), "at_ms",
                  admin_moment(answer->at_ms), "campaign", admin_text(answer->campaign_name), "prospect",
                  admin_text(answer->address), "from", admin_text(answer->from), "kind",
                  answer_kind_word(answer->kind), "found_by", answer_match_word(answer->match), "decision",
                  answer_decision_word(answer->decision), "evidence", evidence ? evidence : json_array());
    json_object_set_new(object, "interest", json_string(interest_word(answer)));
    json_object_set_new(object, "unsubscribe", json_boolean(answer->is_unsubscribe));
    json_object_set_new(object, "classifier", json_integer(answer->classifier));
    if (answer->corrected_kind != ANSWER_KINDS) {
        json_object_set_new(object, "corrected_to", json_string(answer_kind_word(answer->corrected_kind)));
        json_object_set_new(object, "corrected_by", admin_text(answer->corrected_by));
    }
    return object;
}

static json_t *answers_of(struct admin *admin, uint64_t prospect) {
    struct outreach_answer *answers;
    size_t count = 0;
    json_t *list = json_array();
    if (engine_outreach_answers(admin->engine, admin->arena, prospect, &answers, &count) != STORE_OK)
        return list;
    for (size_t i = 0; i < count; i++) json_array_append_new(list, answer_json(admin, &answers[i]));
    return list;
}

static json_t *why_one(struct admin *admin, const struct prospect_shown *shown) {
    const struct prospect *prospect = &shown->prospect;
    json_t *gates = json_array();
    gate(gates, "campaign", shown->campaign.state == CAMPAIGN_RUNNING,
         shown->campaign.reason.len ? shown->campaign.reason
                                    : slice_from_text(campaign_state_word(shown->campaign.state)));
    sender_gate(admin, gates, shown->campaign.sender);
    gate(gates, "prospect", is_open(prospect),
         prospect->reason.len ? prospect->reason : slice_from_text(prospect_state_word(prospect->state)));
    suppression_gate(admin, gates, prospect->address);
    int64_t next_ms = next_allowed(admin, gates, shown);
    return json_pack("{s:o, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "campaign",
                     admin_text(shown->campaign.name), "state", prospect_state_word(prospect->state), "step",
                     (json_int_t)prospect->step + 1, "reason", admin_text(prospect->reason), "due_ms",
                     admin_moment(prospect->due_ms), "next_allowed_ms", admin_moment(next_ms), "gates", gates,
                     "messages", messages_of(admin, prospect->id), "answers",
                     answers_of(admin, prospect->id));
}

static enum store_result find_contact(struct admin *admin, struct slice text, struct contact *contact) {
    struct slice address;
    struct slice domain;
    struct slice written;
    if (contact_address_read(admin->arena, text, &address, &domain, &written) != CONTACT_ADDRESS_OK)
        return STORE_REFUSED;
    return engine_contact_find(admin->engine, admin->arena, TENANT_DEFAULT, address, contact);
}

json_t *admin_outreach_why(struct admin *admin) {
    struct contact contact;
    struct prospect_shown *prospects;
    size_t count = 0;
    enum store_result result = find_contact(admin, word(admin, 2), &contact);
    if (result == STORE_OK)
        result = engine_outreach_of_contact(admin->engine, admin->arena, contact.id, &prospects, &count);
    if (result != STORE_OK)
        return admin_failure(admin, result, word(admin, 2),
                             "is not in the address book; posthaste contact list shows who is",
                             "is not an address");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, why_one(admin, &prospects[i]));
    return json_pack("{s:o, s:o}", "address", admin_text(contact.address), "campaigns", list);
}

/* ---- events, answers, figures ---- */

json_t *admin_outreach_events(struct admin *admin) {
    struct outreach_event *events;
    struct campaign campaign = {0};
    size_t count = 0;
    uint64_t after = 0;
    if (word(admin, 2).len) {
        json_t *error = admin_campaign_find(admin, 2, &campaign);
        if (error) return error;
    }
    if (word(admin, 3).len && !id_read(word(admin, 3), &after))
        return admin_error(SLICE("after= wants an id that outreach events shows"));
    if (engine_outreach_events(admin->engine, admin->arena, campaign.id, after, OUTREACH_LIST_MAX, &events,
                               &count) != STORE_OK)
        return admin_failure(admin, STORE_FAILED, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "id", id_text(admin, events[i].id), "at_ms",
                            admin_moment(events[i].at_ms), "kind", outreach_event_word(events[i].kind),
                            "campaign", admin_text(events[i].campaign_name), "address",
                            admin_text(events[i].address), "detail", admin_text(events[i].detail)));
    return json_pack("{s:o, s:b}", "events", list, "has_more", count == OUTREACH_LIST_MAX);
}

json_t *admin_outreach_answers(struct admin *admin) {
    struct contact contact;
    struct prospect_shown *prospects;
    size_t count = 0;
    if (word(admin, 2).len == 0) return json_pack("{s:o}", "answers", answers_of(admin, 0));
    enum store_result result = find_contact(admin, word(admin, 2), &contact);
    if (result == STORE_OK)
        result = engine_outreach_of_contact(admin->engine, admin->arena, contact.id, &prospects, &count);
    if (result != STORE_OK)
        return admin_failure(admin, result, word(admin, 2),
                             "is not in the address book; posthaste contact list shows who is",
                             "is not an address");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *more = answers_of(admin, prospects[i].prospect.id);
        json_array_extend(list, more);
        json_decref(more);
    }
    return json_pack("{s:o}", "answers", list);
}

/* A kind, or the interest of a reply. ANSWER_KINDS: neither. */
static enum answer_kind kind_read(struct slice text, uint32_t *interest) {
    for (unsigned i = 0; i < INTERESTS; i++) {
        if (!slice_equal(text, slice_from_text(interest_name((enum interest)i)))) continue;
        *interest = i;
        return ANSWER_REPLY;
    }
    return answer_kind_read(text);
}

json_t *admin_outreach_correct(struct admin *admin) {
    uint64_t answer = 0;
    uint32_t interest = INTEREST_NEUTRAL;
    enum answer_kind kind = kind_read(word(admin, 3), &interest);
    if (!id_read(word(admin, 2), &answer))
        return admin_error(SLICE("an answer's id is what outreach answers shows"));
    if (kind == ANSWER_KINDS)
        return admin_error(
            SLICE("a kind is reply (or what it wants: positive, negative, referral, later, neutral), "
                  "auto_reply, out_of_office, bounce, delay, complaint, receipt or other"));
    enum store_result result =
        engine_outreach_correct(admin->t, admin->engine, answer, kind, interest, SLICE("an administrator"));
    if (admin->context->outreach) outreach_office_wake(admin->context->outreach);
    if (result != STORE_OK)
        return admin_failure(admin, result, word(admin, 2), "is not an answer; outreach answers shows them",
                             "");
    return json_pack("{s:o, s:s}", "corrected", admin_text(word(admin, 2)), "kind", answer_kind_word(kind));
}

static double share(uint64_t part, uint64_t whole) { return whole ? (double)part / (double)whole : 0; }

json_t *admin_outreach_stats(struct admin *admin) {
    struct campaign campaign;
    struct campaign_figures figures;
    json_t *error = admin_campaign_find(admin, 2, &campaign);
    if (error) return error;
    enum store_result result = engine_campaign_figures(admin->t, admin->engine, campaign.id, &figures);
    if (result != STORE_OK) return admin_failure(admin, result, campaign.name, "", "");
    uint64_t bounced = figures.bounced < figures.contacted ? figures.bounced : figures.contacted;
    uint64_t delivered = figures.contacted - bounced;
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "campaign",
                     admin_text(campaign.name), "contacted", (json_int_t)figures.contacted, "accepted",
                     (json_int_t)figures.accepted, "follow_ups", (json_int_t)figures.follow_ups, "bounced",
                     (json_int_t)figures.bounced, "delivered", (json_int_t)delivered, "replied",
                     (json_int_t)figures.replied, "auto_replied", (json_int_t)figures.auto_replied,
                     "unsubscribed", (json_int_t)figures.unsubscribed, "complained",
                     (json_int_t)figures.complained, "reply_rate", share(figures.replied, delivered),
                     "bounce_rate", share(figures.bounced, figures.contacted));
}

/* For export: all prospects, page by page. */
json_t *admin_outreach_prospects(struct admin *admin) {
    struct campaign campaign;
    struct prospect *prospects;
    size_t count = 0;
    uint64_t after = 0;
    json_t *error = admin_campaign_find(admin, 2, &campaign);
    if (error) return error;
    if (word(admin, 3).len && !id_read(word(admin, 3), &after))
        return admin_error(SLICE("after is what the page before said as \"after\""));
    if (engine_campaign_prospects(admin->engine, admin->arena, campaign.id, after, OUTREACH_LIST_MAX,
                                  &prospects, &count) != STORE_OK)
        return admin_failure(admin, STORE_FAILED, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:s, s:I, s:o, s:o, s:o}", "id", id_text(admin, prospects[i].id), "address",
                      admin_text(prospects[i].address), "state", prospect_state_word(prospects[i].state),
                      "step", (json_int_t)prospects[i].step + 1, "reason", admin_text(prospects[i].reason),
                      "due_ms", admin_moment(prospects[i].due_ms), "last_sent_ms",
                      admin_moment(prospects[i].last_sent_ms)));
    bool has_more = count == OUTREACH_LIST_MAX;
    return json_pack("{s:o, s:b, s:o}", "prospects", list, "has_more", has_more, "after",
                     has_more ? id_text(admin, prospects[count - 1].contact) : json_null());
}
