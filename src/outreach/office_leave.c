/* A letter that the queue is about to begin with: asked once more, by what holds now. */
#include "outreach/office_state.h"
#include "store/campaign_leave.h"

enum { LEAVE_BYTES = 64 << 20 };

/* False: it is no letter of a campaign that is still there. */
static bool plan(struct outreach_office *office, struct arena *arena, struct outreach_leave *leave) {
    struct engine *engine = office->options.engine;
    struct outreach_message message;
    struct campaign campaign;
    struct prospect prospect;
    struct sender sender;
    struct sequence_faults faults;
    int64_t now_ms = env_wall_ms(office->options.env);
    /* Its id in the queue is that of its row. */
    if (engine_outreach_message(engine, arena, leave->message, &message) != STORE_OK ||
        engine_campaign_get(engine, arena, message.campaign, &campaign) != STORE_OK ||
        engine_outreach_prospect(engine, arena, message.prospect, &prospect) != STORE_OK ||
        engine_sender_read(engine, arena, message.sender, &sender) != STORE_OK)
        return false;
    struct sequence *sequence = sequence_read(arena, campaign.document, &faults);
    if (sequence)
        leave->at_ms = office_moment(engine, arena, &sender, sequence, &prospect, now_ms, &leave->gap_ms);
    return true;
}

bool outreach_office_leave(struct task *t, struct outreach_office *office, uint64_t message, bool is_again) {
    struct outreach_leave leave = {.message = message, .is_again = is_again};
    bool may_leave = true;
    if (!office) return false;
    struct arena *arena = arena_new(LEAVE_BYTES);
    bool is_ours = plan(office, arena, &leave);
    /* At the next host of the same attempt its own last try is no reason to wait. */
    if (is_again || IS_PLANTED(office->options.env, PLANTED_PACE_FORGOTTEN)) leave.at_ms = 0;
    if (is_ours && engine_outreach_leave(t, office->options.engine, &leave, &may_leave) != STORE_OK)
        may_leave = false;
    arena_free(&arena);
    return may_leave;
}
