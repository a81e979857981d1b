/* What an office holds, for the files that make it up: office.c (when, and what came of it), office_desk.c
   (the remote role's questions during a run), office_names.c (which names are wanted). */
#ifndef ACME_OFFICE_STATE_H
#define ACME_OFFICE_STATE_H

#include "acme/office.h"
#include "acme/protocol.h"

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
    /* The plan: what the remote role may ask signatures for. */
    struct slice names[ACME_NAMES_MAX];
    size_t name_count;
    bool is_planned;
};

/* office_names.c: run->job's names. */
void office_find_names(struct office_run *run);
/* office.c: keeps the state, durable. False: the store cannot (logged). */
bool office_keep(struct task *t, struct office_run *run);

#endif
