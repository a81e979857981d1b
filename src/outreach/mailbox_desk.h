/*
 * The store role's side of sender mailboxes (outreach/watch.h is the remote role's): answers what the remote
 * role asks and tells about them, has mailboxes set up and tested there, and shows the steps meanwhile.
 */
#ifndef OUTREACH_MAILBOX_DESK_H
#define OUTREACH_MAILBOX_DESK_H

#include "ipc/channel.h"
#include "outreach/mailbox_protocol.h"
#include "store/engine_sender.h"

struct mailbox_desk;

struct mailbox_desk_options {
    struct env *env;
    struct engine *engine;
    /* To the remote role. */
    struct channel *remote;
};

/* What the options point to outlives it. */
struct mailbox_desk *mailbox_desk_new(const struct mailbox_desk_options *options);
/* NULL is fine. Waits. */
void mailbox_desk_free(struct task *t, struct mailbox_desk **desk);
/* A question of the remote role. False: it is none of ours. */
bool mailbox_desk_answer(struct task *t, struct mailbox_desk *desk, struct ipc_request *request);

/* Told of each change of a mailbox's health, after it is durable. One listener. `context` outlives the desk.
 */
typedef void mailbox_desk_health_fn(void *context, const struct sender_health *health);
void mailbox_desk_on_health(struct mailbox_desk *desk, mailbox_desk_health_fn *health, void *context);
/* Takes news instead of the desk, which only logs them: true when they are durable, with sender_folder_put in
   the same commit. One listener. */
typedef bool mailbox_desk_news_fn(struct task *t, void *context, const struct outside_news *news);
void mailbox_desk_on_news(struct mailbox_desk *desk, mailbox_desk_news_fn *news, void *context);

/* Something about senders was changed: the remote role is told. */
void mailbox_desk_changed(struct mailbox_desk *desk);

enum mailbox_desk_result {
    MAILBOX_DESK_DONE,
    /* The remote role is not there, or went away. */
    MAILBOX_DESK_GONE,
    MAILBOX_DESK_TIMEOUT,
};
/* Called with each step while a job runs; does not wait. */
typedef void mailbox_desk_step_fn(void *context, const struct mailbox_step *step);
/* Has the remote role find what is missing of the sender's settings, and test it: some minutes at most. What
   it finds is in `arena`. Nothing is stored. Waits. */
enum mailbox_desk_result mailbox_desk_run(struct task *t, struct mailbox_desk *desk, struct arena *arena,
                                          struct mailbox_job *job, mailbox_desk_step_fn *step, void *context,
                                          struct mailbox_finding *finding);
/* Keeps what a test of the sender found: health, and a token that changed meanwhile. Waits. */
enum store_result mailbox_desk_keep(struct task *t, struct mailbox_desk *desk, const struct sender *sender,
                                    const struct mailbox_finding *finding);
/* Has it trade a code for a refresh token. */
enum mailbox_desk_result mailbox_desk_redeem(struct task *t, struct mailbox_desk *desk, struct arena *arena,
                                             const struct mailbox_code *code, struct mailbox_grant *grant);

#endif
