#include "acme/agent.h"

#include <stdlib.h>

#include "acme/agent_run.h"

enum { RUN_BYTES = 32 << 20, REQUEST_BYTES = 2 << 20, SETTINGS_BYTES = 1 << 20 };

static struct acme_agent_settings copy_settings(struct arena *arena,
                                                const struct acme_agent_settings *settings) {
    return (struct acme_agent_settings){
        .hostname = arena_copy(arena, settings->hostname),
        .own_addresses = arena_copy(arena, settings->own_addresses),
        .roots_pem = arena_copy(arena, settings->roots_pem),
        .allows_private = settings->allows_private,
    };
}

void acme_agent_set(struct acme_agent *agent, const struct acme_agent_settings *settings) {
    struct arena *arena = arena_new(SETTINGS_BYTES);
    agent->settings = copy_settings(arena, settings);
    arena_free(&agent->settings_arena);
    agent->settings_arena = arena;
}

struct acme_agent *acme_agent_new(const struct acme_agent_options *options,
                                  const struct acme_agent_settings *settings) {
    struct acme_agent *agent = calloc(1, sizeof *agent);
    if (!agent) FATAL("out of memory for ACME");
    agent->options = *options;
    agent->resolver = resolver_new_following(options->env, options->dns);
    acme_agent_set(agent, settings);
    return agent;
}

/* Its resolver has no channel, and so nothing to wait for. */
void acme_agent_free(struct acme_agent **agent) {
    if (!*agent) return;
    resolver_close(NULL, &(*agent)->resolver);
    arena_free(&(*agent)->settings_arena);
    free(*agent);
    *agent = NULL;
}

/* False: the store did not say (the outcome says so). */
static bool ask_plan(struct acme_run *run) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    acme_findings_pack(&body, &run->findings);
    bool good = acme_run_ask_store(run, ACME_PLAN, buffer_slice(&body), &answer);
    buffer_free(&body);
    if (!good) return false;
    good = acme_plan_unpack(buffer_slice(&answer.body), &run->plan);
    ipc_answer_free(&answer);
    return good || acme_run_failed(run, SLICE("the store role did not say what to do"), SLICE_EMPTY);
}

/* A contact that the CA does not take is no reason to be without a certificate. */
static void tell_contact_beside(struct acme_run *run) {
    struct acme_outcome outcome = run->outcome;
    if (!acme_run_tell_contact(run))
        LOG_WARN(run->agent->options.env->log, "acme.contact_not_told",
                 LOG_TEXT("reason", run->outcome.words), LOG_TEXT("advice", run->outcome.advice));
    run->outcome = outcome;
}

static void carry_out(struct acme_run *run) {
    acme_run_find_window(run);
    if (!ask_plan(run)) return;
    if (!run->plan.is_due) run->outcome.result = ACME_NOT_DUE;
    if (run->plan.is_due && acme_run_open(run) && acme_run_order(run) && run->plan.tells_contact)
        tell_contact_beside(run);
    else if (!run->plan.is_due && run->plan.tells_contact && acme_run_open(run))
        (void)acme_run_tell_contact(run);
}

static void run_job(struct task *t, struct acme_agent *agent, const struct acme_job *job,
                    struct ipc_request *request) {
    struct acme_run run = {.t = t,
                           .agent = agent,
                           .arena = arena_new(RUN_BYTES),
                           .scratch = arena_new(REQUEST_BYTES),
                           .job = job,
                           .account = job->account,
                           .nonce = buffer_new(ACME_TOKEN_BYTES_MAX),
                           .deadline_ms = env_now_ms(agent->options.env) + ACME_RUN_MS_MAX};
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    run.settings = copy_settings(run.arena, &agent->settings);
    if (acme_run_find_names(&run)) carry_out(&run);
    acme_outcome_pack(&out, &run.outcome);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    buffer_free(&run.nonce);
    arena_free(&run.scratch);
    arena_free(&run.arena);
}

void acme_agent_answer(struct task *t, struct acme_agent *agent, struct ipc_request *request) {
    struct acme_job *job = malloc(sizeof *job);
    if (!job) FATAL("out of memory for ACME");
    if (agent->is_running || !acme_job_unpack(request->message.body, job)) {
        channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
    } else {
        agent->is_running = true;
        run_job(t, agent, job, request);
        agent->is_running = false;
    }
    free(job);
}
