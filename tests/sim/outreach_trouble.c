/* What goes wrong in weeks of campaigns. Most of the time nothing is under way, so that what is to go wrong
   comes when the receiving machine sees somebody come, and now and then by itself. */
#include "outreach.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DNS_TTL_S = 3600,
    STEPS_MAX = 150,
    JOBS_MAX = 14,
    WAITS_MAX = 200,
    /* A process's start costs as much as a letter does: in weeks, who has died so often dies no more. */
    STARTS_MAX = 60,
    RARE_CHANCE = 20000,
    /* A line that the network cuts into pieces takes so long, now and then. */
    WAY_MS = 300,
    /* From the last look into an outside INBOX to the transaction. */
    OUTSIDE_HEARING_MS = 10 * SECOND_MS,
    PARTS = 30,
};
static const int64_t day_ms = 24LL * HOUR_MS;
static const int64_t wall_start_ms = 1767225600000 - 1000000;

#define BYTES(literal) slice_of(literal, sizeof(literal) - 1)

int64_t outreach_wall_ms(const struct outreach *outreach) {
    return outreach_now_ms(outreach) + wall_start_ms + outreach->clock_ms;
}

void outreach_dns(struct outreach *outreach) {
    static const char *const hosts[] = {"one.test", "mail.one.test", "two.test", "mail.two.test"};
    static const char *const domains[] = {"d0.test", "d1.test", "d2.test", "d3.test", "d4.test", "d5.test"};
    struct sim_world *world = outreach->run->world;
    sim_dns_forget(world, "mx.d0.test");
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) sim_dns_forget(world, hosts[i]);
    sim_dns_add(world, "one.test", DNS_MX, BYTES("\0\12\4mail\3one\4test\0"), DNS_TTL_S);
    sim_dns_add(world, "mail.one.test", DNS_A, BYTES("\300\0\2\1"), DNS_TTL_S);
    sim_dns_add(world, "two.test", DNS_MX, BYTES("\0\12\4mail\3two\4test\0"), DNS_TTL_S);
    sim_dns_add(world, "mail.two.test", DNS_A, BYTES("\300\0\2\2"), DNS_TTL_S);
    sim_dns_add(world, "mx.d0.test", DNS_A, BYTES("\300\0\2\7"), DNS_TTL_S);
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        sim_dns_forget(world, domains[i]);
        sim_dns_add(world, domains[i], DNS_MX, BYTES("\0\12\2mx\2d0\4test\0"), DNS_TTL_S);
    }
}

/* ---- what happened ---- */

void outreach_happened(struct outreach *outreach, int64_t ms) {
    int64_t wall_ms = outreach_wall_ms(outreach);
    ASSERT(outreach->event_count < OUTREACH_EVENTS_MAX);
    outreach->events[outreach->event_count++] = (struct outreach_doubt){wall_ms, wall_ms + ms};
}

void outreach_jump_clock(struct outreach *outreach, int64_t by_ms) {
    ASSERT(outreach->jump_count < OUTREACH_JUMPS_MAX);
    outreach->clock_ms += by_ms;
    outreach->jumps[outreach->jump_count++] = (struct outreach_jump){outreach_now_ms(outreach), by_ms};
    sim_machine_jump_clock(host_machine(outreach->run->sites[0].host), by_ms);
}

/* Seconds, minutes, hours or days. */
enum { FOR_MINUTES = 1, FOR_HOURS = 2, FOR_DAYS = 3 };
static int64_t up_to_ms(struct run *run, unsigned widest) {
    static const int64_t most_ms[] = {30 * SECOND_MS, 20 * MINUTE_MS, 3 * HOUR_MS, 40LL * HOUR_MS};
    return (int64_t)run_between(run, 1, (uint64_t)most_ms[run_between(run, 0, widest)]);
}
static int64_t how_long_ms(struct run *run) { return up_to_ms(run, FOR_DAYS); }

/* ---- processes ---- */

static struct env *choose_role(struct site *site) {
    static const char *const roles[] = {"store", "store", "remote", "remote", "remote", "edge", "mail"};
    return host_role_named(site->host, roles[run_between(site->run, 0, sizeof roles / sizeof roles[0] - 1)]);
}

static void kill_at_step(struct site *site) {
    struct env *role = choose_role(site);
    if (role) sim_kill_after_steps(role, run_between(site->run, 1, STEPS_MAX));
}

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

struct sim_machine *outreach_other_machine(const struct outreach *outreach) {
    return outreach->is_outside ? outreach->provider->machine : outreach->receiver;
}

static void join(void *context) {
    struct site *site = context;
    sim_network_part(host_machine(site->host), outreach_other_machine(site->run->outreach), false);
}

static void part(struct site *site) {
    int64_t ms = how_long_ms(site->run);
    sim_network_part(host_machine(site->host), outreach_other_machine(site->run->outreach), true);
    outreach_happened(site->run->outreach, ms);
    sim_world_after(site->run->world, ms, join, site);
}

static void cut_connections(struct site *site) {
    sim_network_cut(host_machine(site->host));
    outreach_happened(site->run->outreach, 0);
}

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
}

static void slow_network(struct site *site) {
    struct sim_network *network = trouble_network(site);
    network->latency_us_max = (int64_t)run_between(site->run, 1000, 400000);
    network->window_bytes = (size_t)run_between(site->run, 500, 65536);
    int64_t way_ms = WAY_MS + 8 * network->latency_us_max / 1000;
    if (way_ms > site->run->outreach->way_ms) site->run->outreach->way_ms = way_ms;
}

static void trouble_dns(struct site *site) {
    struct sim_network *network = trouble_network(site);
    network->dns_failure_chance = (uint32_t)run_between(site->run, 1, SIM_ALWAYS / 2);
    network->dns_silence_chance = (uint32_t)run_between(site->run, 1, SIM_ALWAYS / 4);
}

/* ---- disk ---- */

static void mend_disk(void *context) {
    struct site *site = context;
    if (!site->run->is_healed) *sim_machine_faults(host_machine(site->host)) = site->disk;
}

static void fill_disk(struct site *site) {
    sim_machine_faults(host_machine(site->host))->no_space_chance =
        run_between(site->run, 0, 1) ? SIM_ALWAYS : RARE_CHANCE * 5;
    /* In more hours nothing but the same is tried again. */
    sim_world_after(site->run->world, up_to_ms(site->run, FOR_HOURS), mend_disk, site);
}

static void fail_disk(struct site *site) {
    struct sim_faults *faults = sim_machine_faults(host_machine(site->host));
    faults->sync_error_chance = (uint32_t)run_between(site->run, 0, RARE_CHANCE);
    faults->write_error_chance = (uint32_t)run_between(site->run, 0, RARE_CHANCE);
    /* A store that cannot write is started again and again. */
    sim_world_after(site->run->world, up_to_ms(site->run, FOR_MINUTES), mend_disk, site);
}

/* ---- the clock ---- */

/* By seconds, an hour, days; and back, sooner or later. */
static void jump_clock(struct site *site) {
    static const int64_t widths_ms[] = {5 * SECOND_MS, 1 * HOUR_MS, 60LL * HOUR_MS};
    struct outreach *outreach = site->run->outreach;
    int64_t by_ms = (int64_t)run_between(site->run, 1, (uint64_t)widths_ms[run_between(site->run, 0, 2)]);
    if (outreach->jump_count > OUTREACH_JUMPS_MAX - 8) return;
    outreach_jump_clock(outreach, run_between(site->run, 0, 1) ? by_ms : -by_ms);
}

/* ---- all of it ---- */

/* The first five come just before something is sent, too; of six processes die. Bit 0 is of the receiving
   machine, which drops connections. */
static void (*const kinds[])(struct site *site) = {
    NULL, cut_connections,  kill_at_step,       kill_at_job,  kill_at_wait, cut_power, kill_all,  go_down,
    part, lose_connections, refuse_connections, slow_network, trouble_dns,  fill_disk, fail_disk, jump_clock};
enum { KINDS = sizeof kinds / sizeof kinds[0], SHAKES = 5, DEADLY_FIRST = 2, DEADLY_LAST = 7 };

static bool may_die(const struct outreach *outreach) {
    return outreach->is_year || host_starts(outreach->run->sites[0].host) < STARTS_MAX;
}

static void happen(struct outreach *outreach, unsigned kind) {
    if (!kinds[kind] || !(outreach->faults >> kind & 1)) return;
    if (kind >= DEADLY_FIRST && kind <= DEADLY_LAST && !may_die(outreach)) return;
    outreach->run->trouble_count++;
    kinds[kind](&outreach->run->sites[0]);
}

void outreach_shake(struct outreach *outreach) {
    struct run *run = outreach->run;
    if (run->is_healed || run_between(run, 0, 3)) return;
    happen(outreach, (unsigned)run_between(run, 1, SHAKES));
}

static void trouble(void *context) {
    struct run *run = context;
    struct outreach *outreach = run->outreach;
    if (run->is_healed) return;
    happen(outreach, (unsigned)run_between(run, 0, KINDS - 1));
    int64_t most_ms = run_between(run, 0, 1) ? 30 * SECOND_MS : outreach->trouble_ms / PARTS;
    if (most_ms > 4 * day_ms) most_ms = 4 * day_ms;
    sim_world_after(run->world, (int64_t)run_between(run, 1, (uint64_t)most_ms), trouble, run);
}

void outreach_trouble_start(struct run *run) {
    for (unsigned i = 0; i < KINDS; i++)
        if (run_between(run, 0, 1)) run->outreach->faults |= 1u << i;
    run->outreach->way_ms = WAY_MS;
    run->outreach->hearing_ms = run->outreach->is_outside ? OUTSIDE_HEARING_MS : 0;
    trouble(run);
}
