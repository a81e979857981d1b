/* Campaigns are made, filled, started, paused and stopped. */
#include "app/admin/admin_outreach.h"

#include "app/admin/outreach_details.h"
#include "base/limits_campaign.h"
#include "outreach/office.h"
#include "store/contact.h"
#include "store/contact_address.h"
#include "store/engine_sender.h"
#include "store/id.h"
#include "store/schema.h"

static struct slice word(const struct admin *admin, size_t at) {
    return at < admin->request->word_count ? admin->request->words[at] : SLICE_EMPTY;
}

static void wake(struct admin *admin) {
    if (admin->context->outreach) outreach_office_wake(admin->context->outreach);
}

json_t *admin_moment(int64_t ms) { return ms > 0 && ms != INT64_MAX ? json_integer(ms) : json_null(); }

json_t *admin_campaign_find(struct admin *admin, size_t at, struct campaign *campaign) {
    struct slice name = word(admin, at);
    enum store_result result = engine_campaign_find(admin->engine, admin->arena, name, campaign);
    if (result == STORE_OK) return NULL;
    return admin_failure(admin, result, name, "is not a campaign; posthaste outreach status shows them", "");
}

/* ---- create ---- */

static enum store_result find_sender(struct admin *admin, struct slice text, struct sender *sender) {
    struct slice address;
    if (!sender_address_read(admin->arena, text, &address)) return STORE_REFUSED;
    enum store_result result = engine_sender_find(admin->engine, admin->arena, address, sender);
    if (result != STORE_NOT_FOUND) return result;
    struct account account;
    result = engine_account_find(admin->engine, admin->arena, address, &account);
    if (result != STORE_OK) return result;
    *sender = (struct sender){.address = address, .account = account.id};
    result = engine_sender_add(admin->t, admin->engine, sender);
    if (result != STORE_OK) return result;
    /* That the account is there is all that a test would find. */
    bool is_changed;
    struct sender_health health = {.sender = sender->id, .state = SENDER_GREEN, .is_test = true};
    return engine_sender_health(admin->t, admin->engine, &health, &is_changed);
}

static bool is_name(struct slice name) {
    bool is_good = name.len > 0 && name.len <= OUTREACH_NAME_BYTES_MAX;
    for (size_t i = 0; i < name.len; i++)
        is_good = is_good && name.ptr[i] >= 0x20 && !memchr("@/\x7f", name.ptr[i], 3);
    return is_good;
}

json_t *admin_campaign_create(struct admin *admin) {
    struct campaign_details details;
    struct sender sender;
    struct sequence_faults faults;
    struct campaign campaign = {.name = word(admin, 2)};
    uint64_t id = 0;
    if (!campaign_details_unpack(admin->request->details, &details))
        return admin_error(SLICE("this server does not understand that campaign; is it of another version?"));
    if (!is_name(campaign.name))
        return admin_error(SLICE("a campaign's name has 1 to 100 bytes, on one line, without @ and /"));
    const struct sequence *sequence = sequence_read(admin->arena, details.document, &faults);
    if (!sequence)
        return admin_error(SLICE("its sequence is not in order; posthaste outreach check FILE says why"));
    enum store_result result = find_sender(admin, details.mailbox, &sender);
    if (result != STORE_OK)
        return admin_failure(
            admin, result, details.mailbox,
            "is neither an account nor a mailbox of outreach; posthaste outreach mailbox add",
            "is not an address");
    campaign.sender = sender.id;
    campaign.document = details.document;
    campaign.has_answer_steps = sequence_has_answer_steps(sequence);
    campaign.stops_company = sequence->stops_company;
    result = engine_campaign_create(admin->t, admin->engine, &campaign, &id);
    if (result != STORE_OK) return admin_failure(admin, result, campaign.name, "cannot be made", "");
    return json_pack("{s:o, s:o}", "created", admin_text(campaign.name), "id",
                     admin_text(arena_printf(admin->arena, "%016llx", (unsigned long long)id)));
}

/* ---- start, pause, resume, stop ---- */

static bool order_of(struct slice verb, enum campaign_state *campaign, enum prospect_state *prospect) {
    static const struct {
        struct slice verb;
        enum campaign_state campaign;
        enum prospect_state prospect;
    } orders[] = {
        {SLICE_INIT("start"), CAMPAIGN_RUNNING, PROSPECT_WAITING},
        {SLICE_INIT("resume"), CAMPAIGN_RUNNING, PROSPECT_WAITING},
        {SLICE_INIT("pause"), CAMPAIGN_PAUSED, PROSPECT_PAUSED},
        {SLICE_INIT("stop"), CAMPAIGN_STOPPED, PROSPECT_STOPPED},
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (!slice_equal(verb, orders[i].verb)) continue;
        *campaign = orders[i].campaign;
        *prospect = orders[i].prospect;
        return true;
    }
    return false;
}

/* All prospects of one person, in whatever campaigns. */
static json_t *order_person(struct admin *admin, enum prospect_state to) {
    struct slice address = word(admin, 2);
    struct slice domain;
    struct slice written;
    struct contact contact;
    struct prospect_shown *prospects;
    size_t count = 0;
    json_int_t changed = 0;
    enum store_result result = STORE_REFUSED;
    if (contact_address_read(admin->arena, word(admin, 2), &address, &domain, &written) == CONTACT_ADDRESS_OK)
        result = engine_contact_find(admin->engine, admin->arena, TENANT_DEFAULT, address, &contact);
    if (result == STORE_OK)
        result = engine_outreach_of_contact(admin->engine, admin->arena, contact.id, &prospects, &count);
    if (result != STORE_OK)
        return admin_failure(admin, result, address,
                              "is not in the address book; posthaste contact list shows who is",
                              "is not an address");
    for (size_t i = 0; i < count; i++)
        changed += engine_prospect_order(admin->t, admin->engine, prospects[i].prospect.id, to,
                                         SLICE("by hand")) == STORE_OK;
    wake(admin);
    if (changed == 0)
        return admin_error(arena_printf(admin->arena, "%.*s is in no campaign in which that can be done",
                                        SLICE_PRINT(address)));
    return json_pack("{s:o, s:s, s:I}", "address", admin_text(address), "state", prospect_state_word(to),
                     "prospects", changed);
}

static json_t *order_refused(struct admin *admin, const struct campaign *campaign) {
    static const char *const words[CAMPAIGN_STATES] = {
        [CAMPAIGN_DRAFT] = "is a draft; posthaste outreach start begins it",
        [CAMPAIGN_RUNNING] = "is running already",
        [CAMPAIGN_PAUSED] = "is paused already",
        [CAMPAIGN_STOPPED] = "was stopped, which is for good; posthaste outreach create makes another",
        [CAMPAIGN_FINISHED] = "is finished: nobody in it waits for a letter",
    };
    return admin_error(
        arena_printf(admin->arena, "%.*s %s", SLICE_PRINT(campaign->name), words[campaign->state]));
}

json_t *admin_campaign_order(struct admin *admin) {
    struct campaign campaign;
    enum campaign_state to;
    enum prospect_state person;
    if (!order_of(word(admin, 1), &to, &person)) return admin_error(SLICE("no such order"));
    if (slice_find_byte(word(admin, 2), '@') != SLICE_NOT_FOUND) return order_person(admin, person);
    json_t *error = admin_campaign_find(admin, 2, &campaign);
    if (!error && to == CAMPAIGN_RUNNING) error = admin_campaign_refusal(admin, &campaign, NULL);
    if (error) return error;
    enum store_result result = engine_campaign_order(admin->t, admin->engine, campaign.id, to,
                                                     to == CAMPAIGN_PAUSED ? SLICE("by hand") : SLICE_EMPTY);
    wake(admin);
    if (result == STORE_REFUSED) return order_refused(admin, &campaign);
    if (result != STORE_OK) return admin_failure(admin, result, campaign.name, "is not a campaign", "");
    return json_pack("{s:o, s:s}", "campaign", admin_text(campaign.name), "state", campaign_state_word(to));
}
