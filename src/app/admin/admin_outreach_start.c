/* What keeps a campaign from starting: what the law asks for, a plan that does not end, a pace that nobody
   allowed, a mailbox whose answers cannot be heard. */
#include "app/admin/admin_outreach.h"
#include "base/limits_campaign.h"
#include "outreach/law.h"
#include "outreach/office.h"
#include "store/campaign.h"

static json_t *refuse(struct admin *admin, const struct campaign *campaign,
                      const struct law_refusals *refusals) {
    json_t *list = json_array();
    for (size_t i = 0; i < refusals->count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:o}", "rule", law_kind_word(refusals->items[i].kind),
                                        "step", (json_int_t)refusals->items[i].step, "text",
                                        admin_text(refusals->items[i].words)));
    json_t *error = json_pack(
        "{s:o, s:o}", "error",
        admin_text(arena_printf(admin->arena, "%.*s does not start: %.*s", SLICE_PRINT(campaign->name),
                                SLICE_PRINT(refusals->items[0].words))),
        "refusals", list);
    return error;
}

static json_t *refuse_words(struct admin *admin, const struct campaign *campaign, const char *words) {
    return admin_error(
        arena_printf(admin->arena, "%.*s does not start: %s", SLICE_PRINT(campaign->name), words));
}

/* ---- the plan ---- */

static size_t read_contacts(struct admin *admin, uint64_t campaign, struct planner_contact *contacts,
                            size_t max) {
    size_t count = 0;
    uint64_t after = 0;
    size_t found;
    do {
        struct prospect *prospects;
        found = 0;
        if (engine_campaign_prospects(admin->engine, admin->arena, campaign, after, OUTREACH_LIST_MAX,
                                      &prospects, &found) != STORE_OK)
            break;
        for (size_t i = 0; i < found && count < max; i++) {
            contacts[count++] = (struct planner_contact){.id = prospects[i].contact,
                                                         .address = prospects[i].address,
                                                         .time_zone = prospects[i].time_zone};
            after = prospects[i].id;
        }
    } while (found == OUTREACH_LIST_MAX && count < max);
    return count;
}

static bool are_test_addresses(const struct planner_contact *contacts, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!outreach_is_test_address(contacts[i].address)) return false;
    return true;
}

static void check_plan(struct admin *admin, const struct sequence *sequence,
                       const struct planner_contact *contacts, size_t count,
                       const struct pacer_limits *limits, struct law_refusals *refusals) {
    struct planner_summary summary;
    struct planner_options options = {.sequence = sequence,
                                      .limits = *limits,
                                      .sender_zone = sequence->time_zone,
                                      .start_ms = env_wall_ms(task_env(admin->t)),
                                      .seed = 1,
                                      .contacts = contacts,
                                      .contact_count = count};
    planner_run(admin->arena, &options, NULL, NULL, &summary);
    law_check_plan(admin->arena, &summary, 0, refusals);
}

static json_t *check_sender(struct admin *admin, const struct campaign *campaign, struct sender *sender) {
    if (engine_sender_read(admin->engine, admin->arena, campaign->sender, sender) != STORE_OK)
        return refuse_words(admin, campaign, "its mailbox is not there any more");
    if (engine_outreach_sender_is_good(admin->engine, sender->id)) return NULL;
    if (sender->account) return refuse_words(admin, campaign, "the account that is its mailbox was removed");
    return admin_error(
        arena_printf(admin->arena,
                     "%.*s does not start: its mailbox %.*s is %s (%s); posthaste outreach mailbox test says "
                     "what to do",
                     SLICE_PRINT(campaign->name), SLICE_PRINT(sender->address),
                     sender_state_name(sender->state), sender_cause_name(sender->cause)));
}

json_t *admin_campaign_refusal(struct admin *admin, const struct campaign *campaign) {
    struct sequence_faults faults;
    struct sender sender;
    struct law_refusals *refusals = ARENA_NEW(admin->arena, struct law_refusals);
    struct sequence *sequence = sequence_read(admin->arena, campaign->document, &faults);
    if (!sequence) return refuse_words(admin, campaign, "its sequence cannot be read");
    json_t *error = check_sender(admin, campaign, &sender);
    if (error) return error;
    struct planner_contact *contacts =
        ARENA_NEW_ARRAY(admin->arena, struct planner_contact, OUTREACH_PLAN_CONTACTS_MAX);
    size_t count = read_contacts(admin, campaign->id, contacts, OUTREACH_PLAN_CONTACTS_MAX);
    if (count == 0)
        return refuse_words(admin, campaign, "it has no prospects; posthaste outreach add puts some in");
    bool is_test = are_test_addresses(contacts, count);
    struct pacer_limits limits = outreach_limits_of(&sender, sequence, contacts[0].address);
    if (sequence->pace.gap_max_ms && sequence->pace.gap_min_ms < PACER_GAP_MIN_MS && !is_test)
        return refuse_words(
            admin, campaign,
            "its gaps are shorter than 95 seconds, which is for sequences whose every recipient is "
            "under the reserved .test domain");
    if (sequence_has_seconds(sequence) && !is_test)
        return refuse_words(
            admin, campaign,
            "one of its delays is in seconds, which is for sequences whose every recipient is "
            "under the reserved .test domain");
    law_check(admin->arena, sequence, refusals);
    check_plan(admin, sequence, contacts, count, &limits, refusals);
    return refusals->count ? refuse(admin, campaign, refusals) : NULL;
}
