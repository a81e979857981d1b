/* What keeps a campaign from starting: what the law asks for, a plan that does not end, a pace that nobody
   allowed, a mailbox whose answers cannot be heard. */
#include "app/admin/admin_outreach.h"

#include "app/admin/outreach_details.h"
#include "base/limits_campaign.h"
#include "io/lane.h"
#include "outreach/law.h"
#include "outreach/office.h"
#include "store/campaign.h"

/* A plan of as many as there can be; a page of prospects with all that they have. */
enum { PLAN_BYTES = 128 << 20, PAGE_BYTES = 64 << 20 };

/* What it is that does not happen. */
static const char *refused(const struct campaign *campaign) {
    return campaign->state == CAMPAIGN_RUNNING ? "takes nobody more in" : "does not start";
}

static json_t *refuse(struct admin *admin, const struct campaign *campaign,
                      const struct law_refusals *refusals) {
    json_t *list = json_array();
    for (size_t i = 0; i < refusals->count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:o}", "rule", law_kind_word(refusals->items[i].kind),
                                        "step", (json_int_t)refusals->items[i].step, "text",
                                        admin_text(refusals->items[i].words)));
    json_t *error =
        json_pack("{s:o, s:o}", "error",
                  admin_text(arena_printf(admin->arena, "%.*s %s: %.*s", SLICE_PRINT(campaign->name),
                                          refused(campaign), SLICE_PRINT(refusals->items[0].words))),
                  "refusals", list);
    return error;
}

static json_t *refuse_words(struct admin *admin, const struct campaign *campaign, const char *words) {
    return admin_error(
        arena_printf(admin->arena, "%.*s %s: %s", SLICE_PRINT(campaign->name), refused(campaign), words));
}

/* ---- who is to be written to ---- */

/* Who is left, with the steps they have had, and whoever is to come. As many as this are more than can be
   written to in time. */
struct plan_room {
    struct arena *arena;
    struct planner_contact *contacts;
    size_t count;
    /* Prospects that there are, those that have ended included. */
    size_t known;
};

static void put(struct plan_room *room, uint64_t contact, struct slice address, struct slice zone,
                size_t steps) {
    room->contacts[room->count++] = (struct planner_contact){.id = contact,
                                                             .address = arena_copy(room->arena, address),
                                                             .time_zone = arena_copy(room->arena, zone),
                                                             .steps_done = steps};
}

static bool is_left(enum prospect_state state) {
    return state == PROSPECT_WAITING || state == PROSPECT_CLAIMED || state == PROSPECT_OUT_OF_OFFICE ||
           state == PROSPECT_PAUSED || state == PROSPECT_BLOCKED;
}

/* A page at a time, so that others are served between. False: it was cancelled. */
static bool read_prospects(struct admin *admin, uint64_t campaign, struct plan_room *room) {
    uint64_t after = 0;
    size_t found = OUTREACH_LIST_MAX;
    struct arena *page = arena_new(PAGE_BYTES);
    bool goes_on = true;
    while (goes_on && found == OUTREACH_LIST_MAX && room->count < OUTREACH_PLAN_CONTACTS_MAX) {
        struct prospect *prospects = NULL;
        found = 0;
        arena_reset(page);
        if (engine_campaign_prospects(admin->engine, page, campaign, after, OUTREACH_LIST_MAX, &prospects,
                                      &found) != STORE_OK)
            break;
        room->known += found;
        for (size_t i = 0; i < found && room->count < OUTREACH_PLAN_CONTACTS_MAX; i++) {
            after = prospects[i].contact;
            if (is_left(prospects[i].state))
                put(room, after, prospects[i].address, prospects[i].time_zone, prospects[i].step);
        }
        goes_on = task_yield(admin->t) == WAIT_OK;
    }
    arena_free(&page);
    return goes_on;
}

static bool read_selected(struct admin *admin, uint64_t campaign, const struct contact_selection *selection,
                          struct plan_room *room) {
    uint64_t after = 0;
    bool goes_on = true;
    struct arena *page = arena_new(PAGE_BYTES);
    do {
        arena_reset(page);
        struct campaign_candidate *found =
            ARENA_NEW_ARRAY(page, struct campaign_candidate, OUTREACH_ADD_ROWS);
        size_t count = 0;
        if (engine_campaign_candidates(admin->engine, page, campaign, selection, &after, found, &count) !=
            STORE_OK)
            break;
        for (size_t i = 0; i < count && room->count < OUTREACH_PLAN_CONTACTS_MAX; i++)
            put(room, found[i].contact, found[i].address, found[i].time_zone, 0);
        goes_on = task_yield(admin->t) == WAIT_OK;
    } while (goes_on && after && room->count < OUTREACH_PLAN_CONTACTS_MAX);
    arena_free(&page);
    return goes_on;
}

/* Those that are in it already are counted twice: not more than a thousand are named at once. */
static void read_named(const struct addition_details *details, struct plan_room *room) {
    for (size_t i = 0; i < details->address_count && room->count < OUTREACH_PLAN_CONTACTS_MAX; i++)
        put(room, i, details->addresses[i], SLICE_EMPTY, 0);
}

/* NULL: *room has them. */
static bool read_all(struct admin *admin, uint64_t campaign, const struct addition_details *details,
                     struct plan_room *room) {
    room->contacts = ARENA_NEW_ARRAY(room->arena, struct planner_contact, OUTREACH_PLAN_CONTACTS_MAX);
    if (!read_prospects(admin, campaign, room)) return false;
    if (!details) return true;
    if (!details->addresses) return read_selected(admin, campaign, &details->selection, room);
    read_named(details, room);
    return true;
}

/* The first that is under no .test domain, or NULL. */
static const struct planner_contact *first_real(const struct plan_room *room) {
    for (size_t i = 0; i < room->count; i++)
        if (!outreach_is_test_address(room->contacts[i].address)) return &room->contacts[i];
    return NULL;
}

/* ---- the plan ---- */

struct planning {
    struct arena *arena;
    const struct planner_options *options;
    struct planner_summary summary;
};

static void plan(void *argument) {
    struct planning *planning = argument;
    planner_run(planning->arena, planning->options, NULL, NULL, &planning->summary);
}

/* Off the loop: tens of thousands of messages take a second. */
static void check_plan(struct admin *admin, const struct sequence *sequence, const struct sender *sender,
                       const struct plan_room *room, struct law_refusals *refusals) {
    struct env *env = task_env(admin->t);
    const struct planner_contact *real = first_real(room);
    struct slice own_zone = sender->limits.time_zone;
    struct planner_options options = {
        .sequence = sequence,
        .limits = outreach_limits_of(sender, sequence, real ? real->address : room->contacts[0].address),
        .sender_zone = own_zone.len ? own_zone : sequence->time_zone,
        .start_ms = env_wall_ms(env),
        .seed = 1,
        .contacts = room->contacts,
        .contact_count = room->count};
    struct planning planning = {.arena = room->arena, .options = &options};
    struct lane *lane = lane_open_patient(env, "plan", 1);
    lane_run(admin->t, lane, plan, &planning);
    lane_close(&lane);
    law_check_plan(admin->arena, &planning.summary, 0, refusals);
}

static json_t *check_sender(struct admin *admin, const struct campaign *campaign, struct sender *sender) {
    if (engine_sender_read(admin->engine, admin->arena, campaign->sender, sender) != STORE_OK)
        return refuse_words(admin, campaign, "its mailbox is not there any more");
    if (engine_outreach_sender_is_good(admin->engine, sender->id)) return NULL;
    if (sender->account) return refuse_words(admin, campaign, "the account that is its mailbox was removed");
    if (campaign->state == CAMPAIGN_RUNNING) return NULL;
    return admin_error(
        arena_printf(admin->arena,
                     "%.*s does not start: its mailbox %.*s is %s (%s); posthaste outreach mailbox test says "
                     "what to do",
                     SLICE_PRINT(campaign->name), SLICE_PRINT(sender->address),
                     sender_state_name(sender->state), sender_cause_name(sender->cause)));
}

static json_t *judge(struct admin *admin, const struct campaign *campaign, const struct sender *sender,
                     const struct sequence *sequence, const struct plan_room *room) {
    struct law_refusals *refusals = ARENA_NEW(admin->arena, struct law_refusals);
    bool is_fast =
        sequence->pace.gap_max_ms != PACER_GAP_UNSAID && sequence->pace.gap_min_ms < PACER_GAP_MIN_MS;
    if (room->count == 0 && room->known == 0)
        return refuse_words(admin, campaign, "it has no prospects; posthaste outreach add puts some in");
    if (is_fast && first_real(room))
        return refuse_words(
            admin, campaign,
            "its gaps are shorter than 95 seconds, which is for sequences whose every recipient is "
            "under the reserved .test domain");
    if (sequence_has_seconds(sequence) && first_real(room))
        return refuse_words(
            admin, campaign,
            "one of its delays is in seconds, which is for sequences whose every recipient is "
            "under the reserved .test domain");
    law_check(admin->arena, sequence, refusals);
    if (room->count) check_plan(admin, sequence, sender, room, refusals);
    return refusals->count ? refuse(admin, campaign, refusals) : NULL;
}

json_t *admin_campaign_refusal(struct admin *admin, const struct campaign *campaign,
                               const struct addition_details *details) {
    struct sequence_faults faults;
    struct sender sender;
    struct sequence *sequence = sequence_read(admin->arena, campaign->document, &faults);
    if (!sequence) return refuse_words(admin, campaign, "its sequence cannot be read");
    json_t *error = check_sender(admin, campaign, &sender);
    if (error) return error;
    struct plan_room room = {.arena = arena_new(PLAN_BYTES)};
    if (read_all(admin, campaign->id, details, &room))
        error = judge(admin, campaign, &sender, sequence, &room);
    else
        error = refuse_words(admin, campaign, "the server stops");
    arena_free(&room.arena);
    return error;
}
