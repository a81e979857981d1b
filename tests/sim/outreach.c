#include "outreach.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    FURNISH_MS_MAX = 60 * SECOND_MS,
    SET_UP_MS_MAX = 60 * SECOND_MS,
    STOP_MS_MAX = 5 * MINUTE_MS,
    /* The longest that a session waits for an answer that will never come. */
    PATIENCE_MS = 16 * MINUTE_MS,
    WEEKS_DAYS_MIN = 8,
    WEEKS_DAYS_MAX = 24,
    YEAR_DAYS = 365,
    OUTSIDE_PARTS = 8,
    /* After that nobody waits for anything. */
    REST_DAYS_MAX = 45,
    LOOK_MS = 4 * HOUR_MS,
    UPKEEP_PAUSE_MS = 12 * HOUR_MS,
    HEARTBEAT_PAUSE_MS = 6 * HOUR_MS,
    /* Of an outside mailbox: its other folders are looked at before each letter anyway. */
    POLL_S = 3600,
    CHECK_S = 24 * 3600,
};
static const int64_t day_ms = 24LL * HOUR_MS;

static void host_ended(void *context, unsigned number) {
    (void)number;
    outreach_happened(context, 0);
}

static void connection_lost(void *context, const struct sim_machine *a, const struct sim_machine *b) {
    (void)a;
    (void)b;
    outreach_happened(context, 0);
}

static struct outreach *outreach_new(struct run *run) {
    struct outreach *outreach = calloc(1, sizeof *outreach);
    if (!outreach) FATAL("out of memory for a run of campaigns");
    outreach->run = run;
    outreach->is_forty = run->scenario == &scenario_forty;
    outreach->is_year = run->scenario == &scenario_year;
    bool may_be_outside = outreach->is_year || run->scenario == &scenario_outreach;
    outreach->is_outside =
        run->scenario == &scenario_outside || (may_be_outside && run_between(run, 1, OUTSIDE_PARTS) == 1);
    uint64_t days = outreach->is_year ? YEAR_DAYS : run_between(run, WEEKS_DAYS_MIN, WEEKS_DAYS_MAX);
    outreach->trouble_ms = (int64_t)days * day_ms;
    sim_network_on_loss(run->world, connection_lost, outreach);
    return outreach;
}

static void set_host(struct run *run, struct host_options *options) {
    if (!run->outreach) run->outreach = outreach_new(run);
    options->heartbeat_ms = HEARTBEAT_PAUSE_MS;
    options->upkeep_pause_ms = UPKEEP_PAUSE_MS;
    options->edges = options->mails = 1;
    options->outreach_poll_s = run->outreach->is_outside ? POLL_S : 0;
    options->outreach_check_s = run->outreach->is_outside ? CHECK_S : 0;
    options->on_end = host_ended;
    options->context = run->outreach;
}

static void end(struct run *run) {
    provider_free(&run->outreach->provider);
    free(run->outreach);
    run->outreach = NULL;
}

/* ---- conditions ---- */

static bool is_furnished(void *context) { return ((const struct run *)context)->outreach->is_furnished; }

static bool is_complete(const struct run *run) {
    return ledger_has_failed(run->ledger) || outreach_is_complete(run->outreach);
}

static bool is_looked(void *context) {
    const struct run *run = context;
    return ledger_has_failed(run->ledger) || (run->sites[0].is_looked && run_are_down(context));
}

/* ---- phases ---- */

static bool set_up(struct run *run) {
    struct outreach *outreach = run->outreach;
    outreach->receiver = sim_machine_new(run->world, "receiver", "192.0.2.7");
    outreach_dns(outreach);
    if (outreach->is_forty)
        outreach_draw_forty(outreach);
    else
        outreach_draw(outreach);
    if (outreach->is_outside) outreach->provider = provider_new(outreach);
    outreach->receiver_env =
        sim_process_start(outreach->receiver, "receiver", outreach_receiver_main, outreach);
    (void)host_process_start(run->sites[0].host, "furnish", outreach_furnish, outreach);
    if (!run_wait_for(run, is_furnished, FURNISH_MS_MAX, "the store cannot be furnished") ||
        !run_wait_for(run, run_are_down, SET_UP_MS_MAX, "furnishing does not end"))
        return false;
    for (unsigned i = 0; i < run->site_count; i++) host_start(run->sites[i].host);
    if (!run_wait_for(run, run_are_ready, SET_UP_MS_MAX, "the roles do not start")) return false;
    outreach_owner_start(outreach);
    return true;
}

static bool trouble(struct run *run) {
    run_note_health(run);
    run->is_begun = true;
    if (run->scenario->start) {
        run->scenario->start(run);
        sim_world_run_for(run->world, run->outreach->trouble_ms);
        run_heal(run);
        sim_network_part(host_machine(run->sites[0].host), outreach_other_machine(run->outreach), false);
        sim_world_run_for(run->world, PATIENCE_MS);
    }
    run->is_healed = true;
    return !ledger_has_failed(run->ledger) &&
           run_wait_for(run, run_are_ready, 1, "long after all was healed not all roles serve");
}

static bool settle(struct run *run) {
    int64_t until_ms = sim_world_now_ms(run->world) + REST_DAYS_MAX * day_ms;
    while (!is_complete(run) && sim_world_now_ms(run->world) < until_ms)
        sim_world_run_for(run->world, LOOK_MS);
    /* Whoever got all gets nothing more. */
    sim_world_run_for(run->world, 3 * day_ms);
    run->outreach->is_over = true;
    sim_world_run_for(run->world, MINUTE_MS);
    for (unsigned i = 0; i < run->site_count; i++) host_stop(run->sites[i].host);
    return run_wait_for(run, run_are_down, STOP_MS_MAX, "a host does not stop") &&
           !ledger_has_failed(run->ledger);
}

static void look_last(struct run *run) {
    (void)host_process_start(run->sites[0].host, "last look", outreach_look_at_end, run->outreach);
    if (run_wait_for(run, is_looked, SET_UP_MS_MAX, "the last look does not end"))
        outreach_check_all(run->outreach);
}

static void work(struct run *run) {
    if (set_up(run) && trouble(run) && settle(run)) look_last(run);
    run->is_closing = true;
    for (unsigned i = 0; i < run->site_count; i++) host_stop(run->sites[i].host);
    sim_process_stop(run->outreach->receiver_env);
    if (run->outreach->provider) sim_process_stop(run->outreach->provider->env);
    sim_world_run_for(run->world, SECOND_MS);
}

static const struct scenario_course course = {set_host, work, end};

const struct scenario scenario_outreach = {.name = "outreach",
                                           .layouts = {{1, 1}, {1, 2}},
                                           .layout_count = 2,
                                           .start = outreach_trouble_start,
                                           .course = &course};

const struct scenario scenario_outside = {.name = "outside",
                                          .layouts = {{1, 1}, {1, 2}},
                                          .layout_count = 2,
                                          .start = outreach_trouble_start,
                                          .course = &course};

/* As much as ten of the others. */
const struct scenario scenario_year = {.name = "year",
                                       .layouts = {{1, 1}, {1, 2}},
                                       .layout_count = 2,
                                       .start = outreach_trouble_start,
                                       .course = &course};

/* ---- forty people, all defaults ---- */

static void tell_forty(const struct outreach *outreach) {
    for (unsigned i = 0; i < outreach->letter_count; i++) {
        const struct outreach_letter *letter = &outreach->letters[i];
        (void)printf("%2u %s from %lld to %lld ms\n", i + 1, outreach->people[letter->person].address,
                     (long long)letter->mail_ms, (long long)letter->end_ms);
    }
}

static void work_forty(struct run *run) {
    work(run);
    const struct outreach *outreach = run->outreach;
    if (ledger_has_failed(run->ledger)) return;
    tell_forty(outreach);
    int64_t took_ms = outreach->letters[outreach->letter_count - 1].mail_ms - outreach->letters[0].mail_ms;
    if (outreach->letter_count != outreach->people_count || took_ms < HOUR_MS)
        ledger_fail(run->ledger, PACE_HOLDS, "%u letters left within %lld ms", outreach->letter_count,
                    (long long)took_ms);
}

static const struct scenario_course course_forty = {set_host, work_forty, end};

const struct scenario scenario_forty = {
    .name = "forty", .layouts = {{1, 1}}, .layout_count = 1, .course = &course_forty};
