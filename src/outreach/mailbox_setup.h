/*
 * Sets a mailbox up, for who adds it, and tests it for real: finds what is missing of its settings, connects
 * by SMTP and IMAP, sends a message to itself and waits for it, sees who keeps the copy in Sent, whether news
 * come by themselves, which folders there are, whether address+tag arrives. Each step is told in words, with
 * its time; where one fails the cause is named and what to do. The test's own messages are taken away again.
 * Runs in the remote role.
 */
#ifndef OUTREACH_MAILBOX_SETUP_H
#define OUTREACH_MAILBOX_SETUP_H

#include "outreach/mailbox_protocol.h"

/* One at work; for the files that make it up: mailbox_setup.c (from beginning to end), mailbox_trial.c (the
   message to itself), discover.c (the settings). */
struct mailbox_setup {
    struct task *t;
    const struct outside_world *world;
    /* As long as the job: what it finds is in it. */
    struct arena *arena;
    const struct mailbox_job *job;
    struct mailbox_finding finding;
    struct mailbox_step *steps;
    struct outside *outside;
    int64_t step_began_ms;
    int64_t until_ms;
    /* Told of each step when it is done. May wait. */
    void (*tell)(struct task *t, void *context, const struct mailbox_step *step);
    void *context;
};

/* Runs it; setup->finding is what came of it. Waits, OUTREACH_JOB_MS at most and a little. */
void mailbox_setup_run(struct mailbox_setup *setup);

/* A step went well. */
void mailbox_setup_say(struct mailbox_setup *setup, struct slice text);
/* One did not. The first that is red is the finding's cause; with a cause that is not, it is only told.
   Always false. */
bool mailbox_setup_fail(struct mailbox_setup *setup, const char *what, const struct outside_trouble *trouble);

/* mailbox_trial.c: false: it failed, as the finding says. */
bool mailbox_setup_try(struct mailbox_setup *setup);
/* discover.c: fills finding.smtp and finding.imap in where their hosts are empty. */
bool mailbox_setup_discover(struct mailbox_setup *setup);

#endif
