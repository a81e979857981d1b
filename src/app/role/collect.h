/*
 * How the whole server is: the supervisor asks every role what it counts, and gives the sum to a
 * role that asks (an edge, for /health and /metrics). At most one round is under way; who asks
 * within a second of the last one gets its result again, so that nobody can make work by asking.
 * Counters do not fall when a role's process ends: what was last known of it is kept.
 */
#ifndef APP_COLLECT_H
#define APP_COLLECT_H

#include "app/settings/orders.h"
#include "ipc/channel.h"
#include "web/web_report.h"

enum {
    COLLECT_ANSWER_MS_MAX = 2000,
    COLLECT_FRESH_MS = 1000,
    /* Whoever asks for a report waits this long. */
    COLLECT_REPORT_MS_MAX = 4000,
};

/* A role as the supervisor sees it. */
struct collect_source {
    enum role_kind kind;
    uint64_t index;
    uint64_t restarts;
    uint64_t resident_bytes;
    struct channel *control;
    bool is_ready;
    /* It counts together with others of this process (--single). */
    bool is_shared;
};

struct collector;

/* `source` tells of the role in place `at`, 0 to count - 1; `resident_bytes` of the supervisor itself. */
struct collector_options {
    struct env *env;
    size_t count;
    struct collect_source (*source)(void *context, size_t at);
    uint64_t (*resident_bytes)(void *context);
    void *context;
};

struct collector *collector_new(const struct collector_options *options);
/* Asks no more; before the roles' channels are closed. */
void collector_stop(struct task *t, struct collector *collector);
/* After the roles' channels were closed: their requests wait here. */
void collector_free(struct collector **collector);
/* The process of that role is gone. */
void collector_role_ended(struct collector *collector, size_t at);
/* Answers ASK_REPORT; anything else with nothing. Waits. */
void collector_answer(struct task *t, struct collector *collector, struct ipc_request *request);

/* For a role: asks its supervisor. Waits. False: no answer. */
bool collect_ask(struct task *t, struct env *env, struct channel *control, struct web_report *report);

#endif
