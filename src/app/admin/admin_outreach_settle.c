/* Letters of which nobody knows whether they left: shown, and settled by a person. */
#include "app/admin/admin_outreach.h"
#include "outreach/office.h"
#include "store/campaign.h"
#include "store/engine_sender.h"

static const char nobody_knows[] =
    "look for it in the mailbox, or ask the recipient; then posthaste outreach "
    "settle ID sent, or not-sent: then it is written anew";

/* ---- what is to be seen ---- */

/* Where the provider keeps a copy of what it takes, looking tells by itself. */
static bool needs_person(struct admin *admin, uint64_t id, struct slice *address) {
    struct sender sender;
    *address = SLICE("(removed)");
    if (engine_sender_read(admin->engine, admin->arena, id, &sender) != STORE_OK) return true;
    *address = sender.address;
    return !sender.account && sender.copies != SENDER_COPIES_PROVIDER;
}

static json_t *unsettled_json(struct admin *admin, const struct outreach_message *message) {
    struct slice mailbox;
    struct prospect prospect = {.address = SLICE("(erased)")};
    struct campaign campaign = {.name = SLICE("(removed)")};
    bool is_persons = needs_person(admin, message->sender, &mailbox);
    (void)engine_outreach_prospect(admin->engine, admin->arena, message->prospect, &prospect);
    (void)engine_campaign_get(admin->engine, admin->arena, message->campaign, &campaign);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:b, s:s}", "id",
                     admin_text(arena_printf(admin->arena, "%016llx", (unsigned long long)message->id)),
                     "message_id", admin_text(message->message_id), "campaign", admin_text(campaign.name),
                     "address", admin_text(prospect.address), "mailbox", admin_text(mailbox), "step",
                     (json_int_t)message->step + 1, "since_ms", admin_moment(message->sent_ms), "detail",
                     admin_text(message->detail), "needs_person", is_persons, "advice",
                     is_persons ? nobody_knows
                                : "it is being looked for in the mailbox; nothing is to be done");
}

json_t *admin_outreach_unsettled(struct admin *admin) {
    struct outreach_message *messages;
    size_t count = 0;
    json_t *list = json_array();
    if (engine_outreach_unsettled(admin->engine, admin->arena, &messages, &count) != STORE_OK) return list;
    for (size_t i = 0; i < count; i++) json_array_append_new(list, unsettled_json(admin, &messages[i]));
    return list;
}

/* ---- deciding ---- */

json_t *admin_outreach_settle(struct admin *admin) {
    struct slice name = admin->request->words[2];
    struct slice word = admin->request->words[3];
    struct outreach_message message;
    bool is_sent = slice_equal(word, SLICE("sent"));
    if (!is_sent && !slice_equal(word, SLICE("not-sent")))
        return admin_error(SLICE("it was either sent or not-sent"));
    enum store_result result = engine_outreach_message_find(admin->engine, admin->arena, name, &message);
    if (result == STORE_OK && message.state != SENT_UNKNOWN)
        return admin_error(arena_printf(admin->arena, "%.*s is known: it is %s; nothing is to be settled",
                                        SLICE_PRINT(name), sent_state_word(message.state)));
    struct outreach_outcome outcome = {.sent = message.id,
                                       .result = is_sent ? OUTREACH_SENT : OUTREACH_NOT_SENT,
                                       .due_ms = env_wall_ms(task_env(admin->t)),
                                       .detail = is_sent ? SLICE("a person says that it left")
                                                         : SLICE("a person says that it did not leave")};
    if (result == STORE_OK) result = engine_outreach_outcome(admin->t, admin->engine, &outcome);
    if (admin->context->outreach) outreach_office_wake(admin->context->outreach);
    if (result != STORE_OK)
        return admin_failure(
            admin, result, name,
            "is no letter of outreach; posthaste outreach status lists those that are unknown", "");
    return json_pack("{s:o, s:s}", "settled", admin_text(message.message_id), "state",
                     is_sent ? "sent" : "not-sent");
}
