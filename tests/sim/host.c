#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit/certificate.h"
#include "app/serve/supervisor.h"
#include "base/limits.h"
#include "base/limits_sender.h"
#include "spawner.h"

enum { LISTEN_PAUSE_MS = 100, RESTART_MS_MAX = 2000, SEGMENT_BYTES = 1024, THREADS_RECENT = 6 };

static const enum port_kind served_ports[] = {PORT_SMTP,  PORT_SUBMISSION, PORT_SUBMISSIONS, PORT_IMAP,
                                              PORT_IMAPS, PORT_POP3,       PORT_POP3S};
enum { SERVED_PORTS = sizeof served_ports / sizeof served_ports[0] };

/* The supervisor's process. */
struct service {
    struct host *host;
    struct env *env;
    struct task *waiter;
    struct listening listening;
    struct gate changed;
    bool is_stopping;
    bool is_done;
};

static void log_line(void *context, struct slice line) {
    struct host_process *process = context;
    struct host *host = process->host;
    sim_world_note(host->options.world, line);
    if (host->options.is_traced)
        (void)fprintf(stderr, "%lld %.*s\n", (long long)sim_world_now_ms(host->options.world),
                      SLICE_PRINT(line));
}

static int64_t log_wall_ms(void *context) { return env_wall_ms(((struct host_process *)context)->env); }

static void process_ended(void *context) {
    struct host_process *process = context;
    struct host *host = process->host;
    list_remove(&process->in_host);
    process->env->log = NULL;
    const struct host_options *options = &host->options;
    bool is_service = process->is_role || process == host->supervisor;
    if (is_service && options->on_end) options->on_end(options->context, options->number);
    if (process->on_end) process->on_end(process->context);
    free(process);
    host->ends++;
}

struct host_process *host_process_new(struct host *host, const char *name,
                                      void (*main)(struct task *t, void *argument), void *argument) {
    struct host_process *process = calloc(1, sizeof *process);
    if (!process) FATAL("out of memory for a process");
    process->host = host;
    process->log = (struct log){log_line, log_wall_ms, process, name, LOG_LEVEL_INFO};
    process->env = sim_process_start(host->machine, name, main, argument);
    process->env->log = &process->log;
    process->env->budgets = &host->budgets;
#ifdef PLANTED_FAULTS
    process->env->planted = host->options.planted;
#endif
    sim_process_on_end(process->env, process_ended, process);
    list_append(&host->processes, &process->in_host);
    host->starts++;
    return process;
}

struct env *host_process_start(struct host *host, const char *name,
                               void (*main)(struct task *t, void *argument), void *argument) {
    return host_process_new(host, name, main, argument)->env;
}

const char *host_address(unsigned number) {
    static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
    ASSERT(number < sizeof addresses / sizeof addresses[0]);
    return addresses[number];
}

const char *host_name(unsigned number) {
    static const char *const names[] = {"mail.one.test", "mail.two.test", "mail.three.test"};
    ASSERT(number < sizeof names / sizeof names[0]);
    return names[number];
}

struct host *host_new(const struct host_options *options) {
    struct host *host = calloc(1, sizeof *host);
    if (!host) FATAL("out of memory for a host");
    host->options = *options;
    host->machine = sim_machine_new(options->world, "host", host_address(options->number));
    sim_machine_copy_disk(options->plan, host->machine);
    list_init(&host->processes);
    host_budgets_mend(host);
    host->settings = (struct role_settings){
        .folder = HOST_FOLDER,
        .hostname = host_name(options->number),
        .message_bytes_max = MIB(2),
        .connections_per_account = 20,
        .plaintext = PLAINTEXT_NEVER,
        .mail_processes = options->mails,
        .log_level = options->is_traced ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
        .certificates_pem = slice_from_text(test_certificate),
        .key_pem = slice_from_text(test_key),
        .hash_memory_kib = HOST_HASH_MEMORY_KIB,
        /* So that segments fill, die and are compacted within a run. */
        .segment_bytes = SEGMENT_BYTES,
        .threads_recent = THREADS_RECENT,
        .log_room_bytes = HOST_LOG_ROOM_BYTES,
        .upkeep_pause_ms = options->upkeep_pause_ms,
        .outreach = {.poll_seconds = options->outreach_poll_s,
                     .check_seconds = options->outreach_check_s,
                     .copy_seconds = OUTREACH_COPY_MS / 1000},
        /* Whom outside mailboxes' certificates lead to. */
        .trusted_roots_pem = slice_from_text(options->outreach_poll_s ? test_certificate : ""),
        /* The clients' network (run.c). */
        .relay_networks = SLICE("198.51.100.0/24"),
        /* Hosts look at each other; whatever they find, mail is taken. */
        .trust = {.is_used = true, .exempt = ""},
        .outbound = {.port = ports[PORT_SMTP].number,
                     .allow_private = true,
                     .lifetime_hours = options->lifetime_hours,
                     .delay_warning_hours = options->delay_warning_hours},
    };
    return host;
}

void host_free(struct host **host) {
    free(*host);
    *host = NULL;
}

struct sim_machine *host_machine(struct host *host) {
    return host->machine;
}

struct budgets *host_budgets(struct host *host) {
    return &host->budgets;
}

void host_budgets_mend(struct host *host) {
    host->budgets = budgets_default;
    host->budgets.store_log_bytes = KIB(256);
}

/* ---- the supervisor ---- */

static void all_ready(void *context) { ((struct service *)context)->host->is_ready = true; }

static void start_failed(void *context) {
    struct service *service = context;
    service->is_stopping = true;
    gate_open(&service->changed);
}

/* As app/settings/ports does: the edges of a server that was just killed may hold the ports for a moment. */
static bool listen_on(struct task *t, struct service *service, enum port_kind kind) {
    struct listen_request request = {"0.0.0.0", ports[kind].number};
    struct handle handle;
    while (!service->is_stopping) {
        if (listen_open(service->env, &request, &handle) == 0) {
            service->listening.sockets[service->listening.count].port = kind;
            service->listening.sockets[service->listening.count++].handle = handle;
            return true;
        }
        (void)!task_sleep(t, LISTEN_PAUSE_MS);
    }
    return false;
}

static bool listen_on_all(struct task *t, struct service *service) {
    struct listen_request control = {"127.0.0.1", 1};
    for (size_t i = 0; i < SERVED_PORTS; i++)
        if (!listen_on(t, service, served_ports[i])) return false;
    /* The simulator has no named local sockets: a port that nobody connects to stands for it. */
    while (!service->is_stopping && listen_open(service->env, &control, &service->listening.control))
        (void)!task_sleep(t, LISTEN_PAUSE_MS);
    return !service->is_stopping;
}

static void close_listening(struct service *service) {
    for (size_t i = 0; i < service->listening.count; i++)
        handle_close(service->env, service->listening.sockets[i].handle);
    handle_close(service->env, service->listening.control);
}

static void serve(struct task *t, void *argument) {
    struct service *service = argument;
    if (listen_on_all(t, service)) {
        struct supervisor_options options = {
            .env = service->env,
            .spawner = &spawner_of_simulation,
            .folder = HOST_FOLDER,
            .processes = {[ROLE_STORE] = 1,
                          [ROLE_REMOTE] = 1,
                          [ROLE_MAIL] = service->host->options.mails,
                          [ROLE_EDGE] = service->host->options.edges},
            .listening = &service->listening,
            .heartbeat_ms = service->host->options.heartbeat_ms,
            .on_ready = all_ready,
            .on_failed = start_failed,
            .context = service,
        };
        struct supervisor *supervisor = supervisor_new(&options, &service->host->settings);
        while (!service->is_stopping)
            if (gate_wait(t, &service->changed, DEADLINE_NONE) == WAIT_CANCELLED) break;
        supervisor_free(t, &supervisor);
    }
    close_listening(service);
    service->is_done = true;
    task_wake(service->waiter);
}

/* A killed supervisor's memory stays until its roles, which notice by themselves, are gone. So it unwinds
   in a scope that death does not cancel. */
static void supervisor_main(struct task *t, void *argument) {
    struct service service = {
        .host = argument, .env = task_env(t), .waiter = t, .listening.control = HANDLE_NONE};
    struct scope scope;
    gate_init(&service.changed);
    scope_init(&scope, service.env);
    if (!scope_spawn(&scope, serve, &service)) FATAL("a new scope is closed");
    while (!service.is_done && task_wait(t, DEADLINE_NONE) != WAIT_CANCELLED) continue;
    service.is_stopping = true;
    gate_open(&service.changed);
    while (!service.is_done) task_wait_firmly(t);
}

static void start_again(void *context);

static void supervisor_ended(void *context) {
    struct host *host = context;
    host->supervisor = NULL;
    host->is_ready = false;
    if (!host->is_wanted) return;
    int64_t pause_ms = (int64_t)sim_world_random(host->options.world, RESTART_MS_MAX);
    sim_world_after(host->options.world, pause_ms, start_again, host);
}

static void start_again(void *context) {
    struct host *host = context;
    if (!host->is_wanted || host->supervisor) return;
    host->supervisor = host_process_new(host, "supervisor", supervisor_main, host);
    host->supervisor->on_end = supervisor_ended;
    host->supervisor->context = host;
}

void host_start(struct host *host) {
    host->is_wanted = true;
    start_again(host);
}

void host_stop(struct host *host) {
    host->is_wanted = false;
    host->is_ready = false;
    if (host->supervisor) sim_process_stop(host->supervisor->env);
}

void host_cut_power(struct host *host) {
    host->is_wanted = false;
    sim_machine_power_cut(host->machine);
}

bool host_is_ready(const struct host *host) { return host->is_ready; }
bool host_is_down(const struct host *host) { return list_empty(&host->processes); }
uint64_t host_starts(const struct host *host) { return host->starts; }

struct env *host_supervisor(const struct host *host) {
    return host->supervisor ? host->supervisor->env : NULL;
}

struct env *host_role(const struct host *host, size_t number) {
    LIST_EACH(&host->processes, process, struct host_process, in_host) {
        if (process->is_role && number-- == 0) return process->env;
    }
    return NULL;
}

struct env *host_role_named(const struct host *host, const char *name) {
    LIST_EACH(&host->processes, process, struct host_process, in_host) {
        if (process->is_role && !process->env->is_dead && strcmp(process->log.role, name) == 0)
            return process->env;
    }
    return NULL;
}

size_t host_role_count(const struct host *host) {
    size_t count = 0;
    while (host_role(host, count)) count++;
    return count;
}
