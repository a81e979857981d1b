/*
 * Webhooks in the store role: tells other programs of events (store/feed.h). Each webhook has a desk, and
 * each desk one request under way at most: events of one webhook go in their order, and a receiver that is
 * slow or down keeps nobody else waiting. An event that fails keeps the others of its webhook waiting for
 * WEBHOOK_HOLDING_ATTEMPTS; then it is set aside, and tried again beside them by hook/schedule.h.
 *
 * Every event comes at least once, and again with the same id where it is not known whether it came. Nothing
 * is remembered that is not in the store: events that wait cost no memory, however many there are.
 */
#ifndef HOOK_OFFICE_H
#define HOOK_OFFICE_H

#include "hook/protocol.h"
#include "ipc/channel.h"
#include "store/engine.h"

struct hook_office;

struct hook_office_settings {
    /* As of hook/agent.h. */
    bool allows_private;
};

struct hook_office_options {
    struct env *env;
    struct engine *engine;
    /* To the remote role. */
    struct channel *remote;
};

/* What the options point to outlives it. It watches the engine's feed. */
struct hook_office *hook_office_new(const struct hook_office_options *options,
                                    const struct hook_office_settings *settings);
void hook_office_set(struct hook_office *office, const struct hook_office_settings *settings);
/* Waits for the end of what is under way. NULL is fine. */
void hook_office_free(struct task *t, struct hook_office **office);
/* A webhook was added, enabled, replayed: there may be something to do. */
void hook_office_wake(struct hook_office *office);
bool hook_office_allows_private(const struct hook_office *office);

/* Sends an event "webhook.test" now, whatever the webhook's state; it counts for nothing. *report in `arena`.
   STORE_NOT_FOUND; STORE_FAILED: its secret cannot be opened; STORE_BUSY: the remote role does not answer.
   Waits, a little over HOOK_REQUEST_MS_MAX at most. */
enum store_result hook_office_test(struct task *t, struct hook_office *office, struct arena *arena,
                                   uint64_t webhook, struct hook_report *report);

#endif
