/* What the verbs of administration share (app/admin/admin.h): a command at work, and answers. */
#ifndef APP_ADMIN_VERBS_H
#define APP_ADMIN_VERBS_H

#include "app/admin/admin.h"

/* One command at work. */
struct admin {
    struct task *t;
    const struct admin_context *context;
    const struct admin_request *request;
    struct engine *engine;
    struct arena *arena;
};

/* JSON is UTF-8: what the asker wrote otherwise is shown with a ? for each byte outside of ASCII. */
json_t *admin_text(struct slice s);
json_t *admin_error(struct slice line);
/* What a failed command says, and as "code" which failure it is; `subject` is the address or name it was
   about. */
json_t *admin_failure(struct admin *admin, enum store_result result, struct slice subject,
                      const char *not_found, const char *refused);

/* admin_api.c */
json_t *admin_api_add(struct admin *admin);
json_t *admin_api_list(struct admin *admin);
json_t *admin_api_remove(struct admin *admin);

/* admin_body.c */
json_t *admin_queue_body(struct admin *admin);

/* admin_domain.c */
json_t *admin_domain_facts(struct admin *admin);
/* admin_dkim.c */
json_t *admin_domain_dkim(struct admin *admin);

/* admin_certificate.c: the first is for `status`, too. */
json_t *admin_certificate_state(struct admin *admin);
json_t *admin_certificate_status(struct admin *admin);
json_t *admin_certificate_order(struct admin *admin);

/* admin_queue.c */
json_t *admin_queue_list(struct admin *admin);
json_t *admin_queue_show(struct admin *admin);
json_t *admin_queue_order(struct admin *admin);
json_t *admin_trace(struct admin *admin);

/* admin_route.c */
json_t *admin_route_add(struct admin *admin);
json_t *admin_route_enable(struct admin *admin);
json_t *admin_route_list(struct admin *admin);
json_t *admin_route_password(struct admin *admin);
json_t *admin_route_remove(struct admin *admin);
json_t *admin_route_show(struct admin *admin);
json_t *admin_route_test(struct admin *admin);

/* admin_contact.c */
json_t *admin_contact_erase(struct admin *admin);
json_t *admin_contact_export(struct admin *admin);
json_t *admin_contact_imports(struct admin *admin);
/* admin_contact_list.c */
json_t *admin_contact_list(struct admin *admin);
json_t *admin_contact_remove(struct admin *admin);
json_t *admin_contact_set(struct admin *admin);
json_t *admin_contact_show(struct admin *admin);
json_t *admin_contact_undo(struct admin *admin);
json_t *admin_suppression_add(struct admin *admin);
json_t *admin_suppression_check(struct admin *admin);
json_t *admin_suppression_remove(struct admin *admin);
/* admin_mailbox.c, admin_oauth.c */
json_t *admin_outreach_mailbox(struct admin *admin);
json_t *admin_outreach_oauth(struct admin *admin);

/* admin_webhook.c */
json_t *admin_webhook_add(struct admin *admin);
json_t *admin_webhook_deliveries(struct admin *admin);
json_t *admin_webhook_disable(struct admin *admin);
json_t *admin_webhook_enable(struct admin *admin);
json_t *admin_webhook_list(struct admin *admin);
json_t *admin_webhook_remove(struct admin *admin);
json_t *admin_webhook_replay(struct admin *admin);
json_t *admin_webhook_rotate(struct admin *admin);
json_t *admin_webhook_test(struct admin *admin);
json_t *admin_webhook_types(struct admin *admin);

/* admin_reports.c */
json_t *admin_reports_send(struct admin *admin);
json_t *admin_reports_list(struct admin *admin);
json_t *admin_reports_show(struct admin *admin);
json_t *admin_reports_summary(struct admin *admin);

#endif
