/*
 * Administration: what the command line asks of the store, executed where the store is open
 * (the store role, or the command itself when no server runs). The answer is a JSON document;
 * the command line prints it, or says it in words.
 */
#ifndef APP_ADMIN_H
#define APP_ADMIN_H

#include <jansson.h>

#include "acme/office.h"
#include "app/settings/orders.h"
#include "ipc/channel.h"
#include "store/engine.h"

enum { ADMIN_HEALTH_LOGINS = 6, ADMIN_WORDS_MAX = 6, ADMIN_REPORTS_MAX = 2 + 2 * CONFIG_PROCESSES_MAX };

struct outreach_office;
struct hook_office;

struct admin_request {
    /* "account", "add", "alice@example.test" */
    struct slice words[ADMIN_WORDS_MAX];
    size_t word_count;
    /* A new password, or empty. */
    struct slice password;
    /* 0: none. */
    uint64_t quota_bytes;
    /* What a verb needs beyond that, packed (app/admin/route_details.h), or empty. */
    struct slice details;
};

/* What the store role knows of its siblings, for `status`; none where no server runs. */
struct admin_roles {
    struct role_report reports[ADMIN_REPORTS_MAX];
    size_t count;
};

struct admin_context {
    struct engine *engine;
    const struct admin_roles *roles;
    /* Lines for a person while a long command works. */
    void (*progress)(void *context, struct slice line);
    void *context;
    /* To the remote role; NULL where no server runs. */
    struct channel *remote;
    /* NULL where no server runs. */
    struct acme_office *acme;
    struct outreach_office *outreach;
    /* NULL where no server runs. */
    struct mailbox_desk *mailboxes;
    struct hook_office *hooks;
};

/* Does it and returns a new document: what was asked for, or {"error": "one line"}. Waits. */
json_t *admin_execute(struct task *t, const struct admin_context *context,
                      const struct admin_request *request);

void admin_request_pack(struct buffer *out, const struct admin_request *request);
/* Borrows from `body`. */
NODISCARD bool admin_request_unpack(struct slice body, struct admin_request *request);

#endif
