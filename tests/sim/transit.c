#include "transit.h"

#include <stdlib.h>

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    SET_UP_MS_MAX = 60 * SECOND_MS,
    /* The longest that a session waits for an answer that will never come (smtp_client_times_default). */
    PATIENCE_MS = 16 * MINUTE_MS,
    CALM_SEND_MS_MAX = 2 * MINUTE_MS,
    LOOK_MS_MAX = 10 * SECOND_MS,
    STOP_MS_MAX = 5 * MINUTE_MS,
    MESSAGES_MIN = 3,
    MESSAGES_MAX = 8,
    CALM_MESSAGES = 1,
    /* So that hours in which nothing happens cost little. */
    UPKEEP_PAUSE_MS = 6 * HOUR_MS,
    HEARTBEAT_PAUSE_MS = 30 * MINUTE_MS,
};

static const unsigned calm_message_count = CALM_MESSAGES;

/* ---- addresses ---- */

struct slice transit_address(const struct transit *transit, unsigned target) {
    static const struct slice others[TARGETS - TARGET_UNKNOWN] = {
        SLICE_INIT("nobody@one.test"),     SLICE_INIT("nobody@two.test"),  SLICE_INIT("nobody@three.test"),
        SLICE_INIT("nobody@nowhere.test"), SLICE_INIT("nobody@null.test"), SLICE_INIT("nobody@dead.test")};
    if (target >= TARGET_UNKNOWN) return others[target - TARGET_UNKNOWN];
    return ledger_address(transit->run->ledger->layout, target);
}

unsigned transit_target(const struct transit *transit, struct slice address) {
    for (unsigned i = 0; i < TARGETS; i++) {
        bool is_one = i >= TARGET_UNKNOWN || i < transit->run->ledger->layout.accounts;
        if (is_one && slice_equal(transit_address(transit, i), address)) return i;
    }
    return TARGETS;
}

/* ---- what is drawn ---- */

static void host_ended(void *context, unsigned number) { transit_note(context, 1u << number, false, 0); }

static void connection_lost(void *context, const struct sim_machine *a, const struct sim_machine *b) {
    struct transit *transit = context;
    unsigned hosts = 0;
    for (unsigned i = 0; i < transit->run->site_count; i++) {
        const struct sim_machine *machine = host_machine(transit->run->sites[i].host);
        if (machine == a || machine == b) hosts |= 1u << i;
    }
    transit_note(transit, hosts, false, 0);
}

/* Some tell their senders of delays, some give up before the trouble ends. */
static struct transit *transit_new(struct run *run) {
    static const uint64_t lifetimes[] = {6, 12, 24, 24, 36, 48};
    static const uint64_t warnings[] = {0, 1, 4};
    struct transit *transit = calloc(1, sizeof *transit);
    if (!transit) FATAL("out of memory for a run of days");
    transit->run = run;
    transit->lifetime_hours = lifetimes[run_between(run, 0, sizeof lifetimes / sizeof lifetimes[0] - 1)];
    transit->warning_hours = warnings[run_between(run, 0, sizeof warnings / sizeof warnings[0] - 1)];
    transit->trouble_ms = (int64_t)run_between(run, HOUR_MS / 4, 8 * HOUR_MS);
    transit->messages = (unsigned)run_between(run, MESSAGES_MIN, MESSAGES_MAX);
    sim_network_on_loss(run->world, connection_lost, transit);
    return transit;
}

static void set_host(struct run *run, struct host_options *options) {
    if (!run->transit) run->transit = transit_new(run);
    options->lifetime_hours = run->transit->lifetime_hours;
    options->delay_warning_hours = run->transit->warning_hours;
    options->heartbeat_ms = HEARTBEAT_PAUSE_MS;
    options->upkeep_pause_ms = UPKEEP_PAUSE_MS;
    options->edges = options->mails = 1;
    options->on_end = host_ended;
    options->context = run->transit;
}

static void end(struct run *run) {
    free(run->transit);
    run->transit = NULL;
}

/* ---- conditions ---- */

static bool are_sent(void *context) {
    const struct run *run = context;
    return run->transit->senders_left == 0 || ledger_has_failed(run->ledger);
}
static bool have_looked(void *context) {
    const struct run *run = context;
    return run->transit->looks == 0 || ledger_has_failed(run->ledger);
}
static bool have_looked_last(void *context) {
    const struct run *run = context;
    if (ledger_has_failed(run->ledger)) return true;
    return run->transit->looked == run->site_count && run_are_down(context);
}

/* ---- queues ---- */

static bool look_at_queues(struct transit *transit) {
    struct run *run = transit->run;
    for (size_t i = 0; i < transit->row_count; i++) transit->rows[i].is_there = false;
    for (unsigned i = 0; i < run->site_count; i++) {
        transit->looks++;
        (void)host_process_start(run->sites[i].host, "look", transit_look_at_queue, &run->sites[i]);
    }
    return run_wait_for(run, have_looked, LOOK_MS_MAX, "a queue cannot be read");
}

/* The next time at which one must have gone; 0: nothing is there. */
static int64_t next_until_ms(struct transit *transit) {
    int64_t next_ms = 0;
    for (size_t i = 0; i < transit->row_count; i++) {
        const struct transit_row *row = &transit->rows[i];
        if (row->is_there && (next_ms == 0 || row->until_ms < next_ms)) next_ms = row->until_ms;
    }
    return next_ms;
}

static void check_rows(struct transit *transit) {
    for (size_t i = 0; i < transit->row_count; i++) {
        const struct transit_row *row = &transit->rows[i];
        if (!row->is_there || row->until_ms > transit_now_ms(transit)) continue;
        ledger_fail(
            transit->run->ledger, QUEUES_MOVE,
            "host %u has %s (%llx/%u, state %lld) in its queue, which had to go by %lld; its destination "
            "has %lld failures and is due at %lld",
            row->host, row->address, (unsigned long long)row->message, row->number, (long long)row->state,
            (long long)row->until_ms, (long long)row->failures, (long long)row->destination_due_ms);
    }
}

/* All works: each goes by its next retry. */
static bool drain(struct transit *transit) {
    struct run *run = transit->run;
    while (look_at_queues(transit)) {
        check_rows(transit);
        int64_t until_ms = next_until_ms(transit);
        if (until_ms == 0 || ledger_has_failed(run->ledger)) break;
        sim_world_run_for(run->world, until_ms + 1 - transit_now_ms(transit));
    }
    return !ledger_has_failed(run->ledger);
}

/* ---- phases ---- */

static void start_senders(struct transit *transit, struct transit_client *clients) {
    for (unsigned i = 0; i < TRANSIT_SENDERS; i++) {
        clients[i] = (struct transit_client){transit, i};
        (void)sim_process_start(run_client_machine(transit->run, "sender"), "sender", transit_sender_main,
                                &clients[i]);
    }
    transit->senders_left = TRANSIT_SENDERS;
}

static bool trouble(struct transit *transit) {
    struct run *run = transit->run;
    if (!run_wait_for(run, run_are_ready, SET_UP_MS_MAX, "the roles do not start")) return false;
    run_note_health(run);
    run->is_begun = true;
    run->scenario->start(run);
    sim_world_run_for(run->world, transit->trouble_ms);
    run_heal(run);
    transit_dns(transit);
    return !ledger_has_failed(run->ledger);
}

static bool settle(struct transit *transit) {
    struct run *run = transit->run;
    sim_world_run_for(run->world, PATIENCE_MS);
    if (!run_wait_for(run, run_are_ready, 1, "long after all was healed not all roles serve")) return false;
    if (!run_wait_for(run, are_sent, SET_UP_MS_MAX, "senders do not end")) return false;
    transit->senders_left = TRANSIT_SENDERS * calm_message_count;
    transit->is_calm = true;
    if (!run_wait_for(run, are_sent, CALM_SEND_MS_MAX, "in calm times senders are not served")) return false;
    if (!drain(transit)) return false;
    for (unsigned i = 0; i < run->site_count; i++) host_stop(run->sites[i].host);
    return run_wait_for(run, run_are_down, STOP_MS_MAX, "a host does not stop");
}

static void look_last(struct transit *transit) {
    struct run *run = transit->run;
    for (unsigned i = 0; i < run->site_count; i++)
        (void)host_process_start(run->sites[i].host, "last look", transit_look_at_end, &run->sites[i]);
    if (run_wait_for(run, have_looked_last, SET_UP_MS_MAX, "the last look does not end"))
        transit_settle(transit);
}

static void work(struct run *run) {
    struct transit_client clients[TRANSIT_SENDERS];
    struct transit *transit = run->transit;
    transit_dns(transit);
    for (unsigned i = 0; i < run->site_count; i++) host_start(run->sites[i].host);
    start_senders(transit, clients);
    if (trouble(transit) && settle(transit)) look_last(transit);
    run->is_closing = true;
    for (unsigned i = 0; i < run->site_count; i++) host_stop(run->sites[i].host);
    sim_world_run_for(run->world, SECOND_MS);
}

static const struct scenario_course course = {set_host, work, end};

const struct scenario scenario_transit = {.name = "transit",
                                          .layouts = {{3, 3}, {3, 4}},
                                          .layout_count = 2,
                                          .senders = TRANSIT_SENDERS,
                                          .start = transit_trouble_start,
                                          .course = &course};
