/* Contacts become prospects of a campaign: one, some that are named, those of an import, those that fit, or
   all. A campaign that runs takes nobody in with whom it could not end in time. */
#include "app/admin/admin_outreach.h"

#include "app/admin/outreach_details.h"
#include "base/limits_campaign.h"
#include "outreach/office.h"
#include "store/contact.h"
#include "store/contact_address.h"

static struct slice word(const struct admin *admin, size_t at) {
    return at < admin->request->word_count ? admin->request->words[at] : SLICE_EMPTY;
}

/* ---- who is meant ---- */

static json_t *read_one(struct admin *admin, struct addition_details *details) {
    struct slice domain;
    struct slice written;
    details->addresses = ARENA_NEW(admin->arena, struct slice);
    details->address_count = 1;
    enum contact_address_fault fault =
        contact_address_read(admin->arena, word(admin, 4), &details->addresses[0], &domain, &written);
    return fault ? admin_error(arena_printf(admin->arena, "%.*s: %s", SLICE_PRINT(word(admin, 4)),
                                            contact_address_fault_text(fault)))
                 : NULL;
}

static json_t *read_import(struct admin *admin, struct addition_details *details) {
    struct slice text = word(admin, 4);
    if (slice_to_number(text, INT64_MAX, &details->selection.import) && details->selection.import)
        return NULL;
    return admin_error(arena_printf(admin->arena, "%.*s is no import; posthaste contact imports lists them",
                                    SLICE_PRINT(text)));
}

/* NULL: *details say it. */
static json_t *read_whom(struct admin *admin, struct addition_details *details) {
    struct slice by = word(admin, 3);
    *details = (struct addition_details){.address_count = 0};
    if (slice_equal(by, SLICE("all"))) return NULL;
    if (slice_equal(by, SLICE("contact"))) return read_one(admin, details);
    if (slice_equal(by, SLICE("import"))) return read_import(admin, details);
    bool is_where = slice_equal(by, SLICE("where"));
    bool is_list = slice_equal(by, SLICE("addresses"));
    bool is_good = (is_where || is_list) &&
                   addition_details_unpack(admin->request->details, admin->arena, details) &&
                   is_list == (details->addresses != NULL);
    if (is_good) return NULL;
    return admin_error(
        SLICE("whom to add is contact ADDRESS, import ID, where with conditions, addresses with a "
              "list of them, or all"));
}

/* ---- adding ---- */

static void tell(struct admin *admin, const struct campaign_addition *addition) {
    if (!admin->context->progress) return;
    admin->context->progress(admin->context->context,
                             arena_printf(admin->arena, "%llu contacts looked at, %llu added",
                                          (unsigned long long)addition->looked,
                                          (unsigned long long)addition->added));
}

/* A commit after the other, so that mail goes on between; whoever is cut off may begin anew. */
static enum store_result add_selected(struct admin *admin, uint64_t campaign,
                                      const struct contact_selection *selection,
                                      struct campaign_addition *addition) {
    uint64_t after = 0;
    uint64_t told = 0;
    enum store_result result = STORE_OK;
    do {
        result = engine_campaign_add(admin->t, admin->engine, campaign, selection, &after, addition);
        if (addition->looked < told + OUTREACH_ADD_TOLD_ROWS) continue;
        told = addition->looked;
        tell(admin, addition);
    } while (result == STORE_OK && after && !task_is_cancelled(admin->t));
    return result;
}

static enum store_result add(struct admin *admin, uint64_t campaign, const struct addition_details *details,
                             struct campaign_addition *addition) {
    if (details->addresses)
        return engine_campaign_add_addresses(admin->t, admin->engine, campaign, details->addresses,
                                             details->address_count, addition);
    return add_selected(admin, campaign, &details->selection, addition);
}

json_t *admin_campaign_add(struct admin *admin) {
    struct campaign campaign;
    struct addition_details details;
    struct campaign_addition addition = {0};
    json_t *error = admin_campaign_find(admin, 2, &campaign);
    if (!error) error = read_whom(admin, &details);
    if (!error && campaign.state == CAMPAIGN_RUNNING)
        error = admin_campaign_refusal(admin, &campaign, &details);
    if (error) return error;
    enum store_result result = add(admin, campaign.id, &details, &addition);
    if (admin->context->outreach) outreach_office_wake(admin->context->outreach);
    bool is_one = slice_equal(word(admin, 3), SLICE("contact"));
    if (result == STORE_OK && is_one && addition.unknown) result = STORE_NOT_FOUND;
    if (result != STORE_OK)
        return admin_failure(admin, result, is_one ? word(admin, 4) : campaign.name,
                             "is not in the address book; posthaste contact import or contact set first",
                             "takes nobody in: the campaign is stopped");
    return json_pack("{s:o, s:I, s:I, s:I, s:I}", "campaign", admin_text(campaign.name), "added",
                     (json_int_t)addition.added, "known", (json_int_t)addition.known, "suppressed",
                     (json_int_t)addition.suppressed, "not_in_book", (json_int_t)addition.unknown);
}
