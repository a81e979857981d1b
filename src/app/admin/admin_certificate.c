/* The verbs of certificates by ACME (app/admin/admin.h). No answer has a key. */
#include "acme/office.h"
#include "app/admin/admin_verbs.h"

static json_t *names_of(const struct acme_leaf *leaf) {
    json_t *list = json_array();
    for (size_t i = 0; i < leaf->name_count; i++) json_array_append_new(list, admin_text(leaf->names[i]));
    return list;
}

static json_t *left_out_of(const struct acme_state *state) {
    json_t *list = json_array();
    for (size_t i = 0; i < state->left_out_count; i++)
        json_array_append_new(list, json_pack("{s:o, s:I}", "name", admin_text(state->left_out[i].name),
                                              "until_ms", (json_int_t)state->left_out[i].until_ms));
    return list;
}

/* What cannot be read is told as if it were not there: `status` has more to tell than this. */
static json_t *state_of(struct admin *admin) {
    struct acme_state *state = ARENA_NEW(admin->arena, struct acme_state);
    if (acme_office_state(admin->engine, admin->arena, state) != STORE_OK)
        state->words = SLICE("the store cannot read what it keeps of ACME; its log tells why");
    json_t *told = json_pack("{s:o, s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "directory",
                             admin_text(state->directory), "account", state->account.len != 0, "names",
                             names_of(&state->leaf), "issuer", admin_text(state->leaf.issuer),
                             "not_before_ms", (json_int_t)state->leaf.not_before_ms, "not_after_ms",
                             (json_int_t)state->leaf.not_after_ms, "renew_ms", (json_int_t)state->renew_ms,
                             "tried_ms", (json_int_t)state->tried_ms, "next_ms", (json_int_t)state->next_ms,
                             "failures", (json_int_t)state->failures, "problem", admin_text(state->words),
                             "advice", admin_text(state->advice), "left_out", left_out_of(state));
    /* Of a server that does not run it is not known whether it is meant to. */
    if (admin->context->acme)
        (void)json_object_set_new(told, "enabled",
                                  json_boolean(acme_office_is_enabled(admin->context->acme)));
    return told;
}

json_t *admin_certificate_state(struct admin *admin) { return state_of(admin); }

json_t *admin_certificate_status(struct admin *admin) {
    return json_pack("{s:o}", "certificate", state_of(admin));
}

json_t *admin_certificate_order(struct admin *admin) {
    static const char *const words[] = {[ACME_ORDER_DONE] = "issued",
                                        [ACME_ORDER_OFF] = "off",
                                        [ACME_ORDER_FAILED] = "failed",
                                        [ACME_ORDER_NOT_DUE] = "not due"};
    bool is_forced = slice_equal(admin->request->words[1], SLICE("renew"));
    if (!admin->context->acme) return admin_error(SLICE("no server runs on this folder"));
    enum acme_order_result result = acme_office_order(admin->t, admin->context->acme, is_forced);
    if (result == ACME_ORDER_OFF)
        return admin_error(SLICE("acme.enabled is not set in posthaste.conf; docs/acme.md tells more"));
    return json_pack("{s:s, s:b, s:o}", "result", words[result], "good", result != ACME_ORDER_FAILED,
                     "certificate", state_of(admin));
}
