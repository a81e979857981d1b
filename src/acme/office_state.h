/* What an office holds, for the files that make it up: office.c (when, and what came of it), office_desk.c
   (the remote role's questions during a run), office_names.c (which names are wanted), office_keys.c (what is
   sealed). */
#ifndef ACME_OFFICE_STATE_H
#define ACME_OFFICE_STATE_H

#include "acme/office.h"
#include "acme/protocol.h"
#include "base/limits_acme.h"

struct acme_office {
    struct acme_office_options options;
    struct acme_office_settings settings;
    struct arena *settings_arena;
    struct scope scope;
    /* Opened when there may be something to do, and when a run has ended. */
    struct gate changed;
    struct gate ended;
    bool is_begun;
    /* Somebody asked: look at once; order in any case. */
    bool is_asked;
    bool is_forced;
    /* The store could not read or keep the state, so many times in a row: nothing is done by itself before
       that, on the monotonic clock. */
    uint64_t troubles;
    int64_t not_before_ms;
    uint64_t runs;
    enum acme_order_result last;
    /* Under way, or NULL. */
    struct office_run *run;
};

struct office_run {
    struct acme_office *office;
    struct arena *arena;
    struct acme_state state;
    struct acme_job job;
    struct acme_point point;
    bool is_forced;
    /* PEM, wiped with the run; of the state's sealed ones. */
    struct slice account_pem;
    struct slice key_pem;
    /* As the settings had it when the run began. */
    struct slice email;
    /* The plan: what the remote role may ask signatures for. */
    struct slice names[ACME_NAMES_MAX];
    size_t name_count;
    bool is_planned;
    bool tells_contact;
    /* An optional name was refused: the next order goes without it, at once. So many went so. */
    bool goes_on;
    unsigned refusals;
};

/* office_names.c: run->job's names. */
void office_find_names(struct office_run *run);
/* office.c: keeps the state, durable. False: the store cannot (logged). */
bool office_keep(struct task *t, struct office_run *run);

/* office_keys.c: opens what the state has sealed, and seals what older folders have plainly. What another
   folder sealed is dropped. False: not now. Waits. */
bool office_open_keys(struct task *t, struct office_run *run);
/* These make the key where there is none, sealed in the state and open in the run; keeping it is the
   caller's. False: it cannot be made. Do not wait. */
bool office_make_account_key(struct office_run *run);
bool office_make_key(struct office_run *run);
void office_wipe_keys(struct office_run *run);

#endif
