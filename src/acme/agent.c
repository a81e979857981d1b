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

/* False: none is to be ordered, or the store did not say. */
static bool is_due(struct acme_run *run) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    acme_names_pack(&body, run->names, run->name_count);
    bool good = acme_run_ask_store(run, ACME_PLAN, buffer_slice(&body), &answer);
    buffer_free(&body);
    if (!good) return false;
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    bool is = unpack_bool(&in);
    ipc_answer_free(&answer);
    if (!is) run->outcome.result = ACME_NOT_DUE;
    return is;
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
    if (acme_run_find_names(&run) && is_due(&run)) (void)acme_run_order(&run);
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
