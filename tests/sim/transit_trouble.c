/* What goes wrong in the run of days. Most of the time nothing is under way, so that a process which is to
   die dies at some step, commit or wait of what comes next. */
#include "transit.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    STEPS_MAX = 80,
    JOBS_MAX = 8,
    WAITS_MAX = 80,
    /* A process's start costs as much as a message does: who has died so often dies no more. */
    STARTS_MAX = 75,
    RARE_CHANCE = 20000,
    PART_OF_TIME = 12,
    DNS_TTL_S = 300,
};

#define BYTES(literal) slice_of(literal, sizeof(literal) - 1)

/* ---- DNS ---- */

static const char *const names[] = {"one.test",      "mail.one.test", "two.test",
                                    "mail.two.test", "three.test",    "mail.three.test",
                                    "null.test",     "dead.test",     "mail.dead.test"};
enum { NAMES = sizeof names / sizeof names[0] };

/* The third domain has no MX: its own address counts (RFC 5321 5.1). */
void transit_dns(struct transit *transit) {
    struct sim_world *world = transit->run->world;
    for (size_t i = 0; i < NAMES; i++) sim_dns_forget(world, names[i]);
    sim_dns_add(world, "one.test", DNS_MX, BYTES("\0\12\4mail\3one\4test\0"), DNS_TTL_S);
    sim_dns_add(world, "mail.one.test", DNS_A, BYTES("\300\0\2\1"), DNS_TTL_S);
    sim_dns_add(world, "two.test", DNS_MX, BYTES("\0\12\4mail\3two\4test\0"), DNS_TTL_S);
    sim_dns_add(world, "mail.two.test", DNS_A, BYTES("\300\0\2\2"), DNS_TTL_S);
    sim_dns_add(world, "three.test", DNS_A, BYTES("\300\0\2\3"), DNS_TTL_S);
    sim_dns_add(world, "null.test", DNS_MX, BYTES("\0\0\0"), DNS_TTL_S);
    sim_dns_add(world, "dead.test", DNS_MX, BYTES("\0\12\4mail\4dead\4test\0"), DNS_TTL_S);
    sim_dns_add(world, "mail.dead.test", DNS_A, BYTES("\300\0\2\143"), DNS_TTL_S);
}

/* ---- what happened ---- */

void transit_note(struct transit *transit, unsigned hosts, bool is_disk, int64_t to_ms) {
    ASSERT(transit->event_count < TRANSIT_EVENTS_MAX);
    int64_t now_ms = transit_now_ms(transit);
    transit->events[transit->event_count++] =
        (struct transit_event){hosts, is_disk, now_ms, to_ms > now_ms ? to_ms : now_ms};
}

static unsigned bit(const struct site *site) { return 1u << site->number; }

static struct sim_faults *faults_of(struct site *site) {
    return sim_machine_faults(host_machine(site->host));
}

/* Seconds, minutes or hours. */
static int64_t how_long_ms(struct run *run) {
    static const int64_t most_ms[] = {30 * SECOND_MS, 20 * MINUTE_MS, 3 * HOUR_MS};
    return (int64_t)run_between(run, 1, (uint64_t)most_ms[run_between(run, 0, 2)]);
}

/* ---- processes ---- */

static struct env *choose_role(struct site *site) {
    static const char *const roles[] = {"store", "store", "remote", "remote", "edge", "mail"};
    return host_role_named(site->host, roles[run_between(site->run, 0, sizeof roles / sizeof roles[0] - 1)]);
}

static void kill_at_step(struct site *site) {
    struct env *role = choose_role(site);
    if (role) sim_kill_after_steps(role, run_between(site->run, 1, STEPS_MAX));
}

/* Each commit is one. */
static void kill_at_job(struct site *site) {
    struct env *store = host_role_named(site->host, "store");
    if (store) sim_kill_after_jobs(store, run_between(site->run, 1, JOBS_MAX));
}

static void kill_at_wait(struct site *site) {
    struct env *role = choose_role(site);
    if (role) sim_kill_after_waits(role, run_between(site->run, 1, WAITS_MAX));
}

static void kill_all(struct site *site) {
    if (host_supervisor(site->host)) sim_process_kill(host_supervisor(site->host));
    for (size_t i = 0; host_role(site->host, i); i++) sim_process_kill(host_role(site->host, i));
}

static void cut_power(struct site *site) {
    sim_power_cut_after_steps(host_machine(site->host), run_between(site->run, 1, STEPS_MAX));
}

static void come_back(void *context) {
    struct site *site = context;
    if (!site->run->is_healed) host_start(site->host);
}

static void go_down(struct site *site) {
    if (run_between(site->run, 0, 1))
        host_stop(site->host);
    else
        host_cut_power(site->host);
    sim_world_after(site->run->world, how_long_ms(site->run), come_back, site);
}

/* ---- network ---- */

static struct site *next_site(struct site *site) {
    return &site->run->sites[(site->number + 1) % site->run->site_count];
}

static void part(struct site *site, bool is_parted) {
    struct site *other = next_site(site);
    sim_network_part(host_machine(site->host), host_machine(other->host), is_parted);
    transit_note(site->run->transit, bit(site) | bit(other), false, 0);
}

static void join(void *context) {
    struct site *site = context;
    if (!site->run->is_healed) part(site, false);
}

static void part_hosts(struct site *site) {
    part(site, true);
    sim_world_after(site->run->world, how_long_ms(site->run), join, site);
}

static void cut_connections(struct site *site) {
    sim_network_cut(host_machine(site->host));
    transit_note(site->run->transit, bit(site), false, 0);
}

/* These are everywhere, for a while. */
static void calm_network(void *context) {
    struct site *site = context;
    if (!site->run->is_healed) *sim_world_network(site->run->world) = site->run->network;
}

static struct sim_network *trouble_network(struct site *site) {
    sim_world_after(site->run->world, how_long_ms(site->run), calm_network, site);
    return sim_world_network(site->run->world);
}

static void lose_connections(struct site *site) {
    trouble_network(site)->cut_chance = (uint32_t)run_between(site->run, 1, RARE_CHANCE);
}

static void refuse_connections(struct site *site) {
    struct sim_network *network = trouble_network(site);
    network->refuse_chance = (uint32_t)run_between(site->run, 1, SIM_ALWAYS / 2);
    network->silence_chance = (uint32_t)run_between(site->run, 1, SIM_ALWAYS / 4);
    network->tls_failure_chance = (uint32_t)run_between(site->run, 1, SIM_ALWAYS / 4);
}

static void slow_network(struct site *site) {
    struct sim_network *network = trouble_network(site);
    network->latency_us_max = (int64_t)run_between(site->run, 1000, 400000);
    network->window_bytes = (size_t)run_between(site->run, 500, 65536);
}

static void trouble_dns(struct site *site) {
    struct sim_network *network = trouble_network(site);
    network->dns_failure_chance = (uint32_t)run_between(site->run, 1, SIM_ALWAYS / 2);
    network->dns_silence_chance = (uint32_t)run_between(site->run, 1, SIM_ALWAYS / 4);
}

static void mend_dns(void *context) {
    struct site *site = context;
    if (!site->run->is_healed) transit_dns(site->run->transit);
}

static void fail_name(struct site *site) {
    static const enum dns_result results[] = {DNS_SERVFAIL, DNS_BOGUS, DNS_TIMEOUT};
    sim_dns_fail(site->run->world, names[run_between(site->run, 0, NAMES - 1)],
                 results[run_between(site->run, 0, 2)]);
    sim_world_after(site->run->world, how_long_ms(site->run), mend_dns, site);
}

/* ---- disk ---- */

static void mend_disk(void *context) {
    struct site *site = context;
    if (!site->run->is_healed) *faults_of(site) = site->disk;
}

static struct sim_faults *trouble_disk(struct site *site) {
    int64_t ms = how_long_ms(site->run);
    transit_note(site->run->transit, bit(site), true, transit_now_ms(site->run->transit) + ms);
    sim_world_after(site->run->world, ms, mend_disk, site);
    return faults_of(site);
}

static void fill_disk(struct site *site) {
    bool is_full = run_between(site->run, 0, 1);
    trouble_disk(site)->no_space_chance = is_full ? SIM_ALWAYS : RARE_CHANCE * 5;
}

static void fail_disk(struct site *site) {
    struct sim_faults *faults = trouble_disk(site);
    faults->sync_error_chance = (uint32_t)run_between(site->run, 0, RARE_CHANCE);
    faults->write_error_chance = (uint32_t)run_between(site->run, 0, RARE_CHANCE);
    faults->read_error_chance = (uint32_t)run_between(site->run, 0, RARE_CHANCE / 10);
}

/* ---- all of it ---- */

/* The first four also come just before something is sent; of the first six processes die. */
static void (*const kinds[])(struct site *) = {
    kill_at_step, kill_at_job, kill_at_wait,     cut_power,       kill_all,
    go_down,      part_hosts,  lose_connections, cut_connections, refuse_connections,
    slow_network, trouble_dns, fail_name,        fill_disk,       fail_disk};
enum { KINDS = sizeof kinds / sizeof kinds[0], SHAKES = 4, DEADLY = 6 };

static bool has(const struct transit *transit, unsigned kind) {
    return transit->run->sites[0].faults >> kind & 1;
}

static bool may_die(const struct run *run) {
    uint64_t starts = 0;
    for (unsigned i = 0; i < run->site_count; i++) starts += host_starts(run->sites[i].host);
    return starts < STARTS_MAX;
}

static void happen(struct transit *transit, struct site *site, unsigned kind) {
    if (!has(transit, kind) || (kind < DEADLY && !may_die(transit->run))) return;
    transit->run->trouble_count++;
    kinds[kind](site);
}

void transit_shake(struct transit *transit, unsigned hosts) {
    struct run *run = transit->run;
    if (run->is_healed || run_between(run, 0, 1)) return;
    struct site *site = run_site(run);
    while (!(hosts & bit(site))) site = next_site(site);
    happen(transit, site, (unsigned)run_between(run, 0, SHAKES - 1));
}

static void trouble(void *context) {
    struct run *run = context;
    if (run->is_healed) return;
    happen(run->transit, run_site(run), (unsigned)run_between(run, 0, KINDS - 1));
    int64_t most_ms = run_between(run, 0, 1) ? 10 * SECOND_MS : run->transit->trouble_ms / PART_OF_TIME;
    sim_world_after(run->world, (int64_t)run_between(run, 1, (uint64_t)most_ms), trouble, run);
}

void transit_trouble_start(struct run *run) {
    for (unsigned i = 0; i < KINDS; i++)
        if (run_between(run, 0, 1)) run->sites[0].faults |= 1u << i;
    trouble(run);
}
