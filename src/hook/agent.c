#include "hook/agent.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/limits_hook.h"
#include "hook/protocol.h"
#include "hook/url.h"
#include "trust/web_fetch.h"
#include "wire/retry_after.h"

enum { RUN_BYTES = 4 << 20, SETTINGS_BYTES = 1 << 20, REPORT_BYTES = 4096, FIELD_COUNT = 4 };

struct hook_agent {
    struct hook_agent_options options;
    struct hook_agent_settings settings;
    struct arena *settings_arena;
    struct resolver *resolver;
};

/* ---- its life ---- */

void hook_agent_set(struct hook_agent *agent, const struct hook_agent_settings *settings) {
    struct arena *arena = arena_new(SETTINGS_BYTES);
    agent->settings = *settings;
    agent->settings.roots_pem = arena_copy(arena, settings->roots_pem);
    arena_free(&agent->settings_arena);
    agent->settings_arena = arena;
}

struct hook_agent *hook_agent_new(const struct hook_agent_options *options,
                                  const struct hook_agent_settings *settings) {
    struct hook_agent *agent = calloc(1, sizeof *agent);
    if (!agent) FATAL("out of memory for webhooks");
    agent->options = *options;
    agent->resolver = resolver_new_following(options->env, options->dns);
    hook_agent_set(agent, settings);
    return agent;
}

/* Its resolver has no channel, and so nothing to wait for. */
void hook_agent_free(struct hook_agent **agent) {
    if (!*agent) return;
    resolver_close(NULL, &(*agent)->resolver);
    arena_free(&(*agent)->settings_arena);
    free(*agent);
    *agent = NULL;
}

/* ---- one request ---- */

/* An answer whose body is too long is one all the same: what counts is its status. */
static void take_answer(struct hook_agent *agent, const struct web_fetched *fetched,
                        struct hook_report *report) {
    const struct fetch_answer *answer = &fetched->answer;
    report->words = fetched->reason;
    report->end = HOOK_UNANSWERED;
    if (answer->result == FETCH_CANCELLED) report->end = HOOK_INTERRUPTED;
    if (answer->status == 0) return;
    report->end = HOOK_ANSWERED;
    report->status = answer->status;
    report->retry_after_ms = retry_after_ms(fetch_answer_field(answer, SLICE("Retry-After")),
                                            env_wall_ms(agent->options.env), HOOK_RETRY_AFTER_MS_MAX);
}

static void post(struct task *t, struct hook_agent *agent, struct arena *arena,
                 const struct hook_post *wanted, struct hook_report *report) {
    int64_t until_ms = env_now_ms(agent->options.env) + HOOK_REQUEST_MS_MAX;
    struct trust_lookups lookups = trust_lookups_of(agent->resolver, arena, until_ms, false);
    struct web_world world = {.lookups = &lookups,
                              .roots_pem = arena_copy(arena, agent->settings.roots_pem),
                              .allows_private = agent->settings.allows_private};
    struct fetch_field fields[FIELD_COUNT] = {{SLICE("Content-Type"), SLICE("application/json")},
                                              {SLICE("webhook-id"), wanted->id},
                                              {SLICE("webhook-timestamp"), wanted->timestamp},
                                              {SLICE("webhook-signature"), wanted->signatures}};
    struct fetch_request request = {.method = "POST",
                                    .url = wanted->url,
                                    .fields = fields,
                                    .field_count = FIELD_COUNT,
                                    .body = wanted->payload,
                                    .body_bytes_max = HOOK_ANSWER_BYTES_MAX};
    struct web_fetched fetched;
    web_ask(t, &world, &request, until_ms, &fetched);
    take_answer(agent, &fetched, report);
}

/* The store asks for what an administrator named, which is looked at here once more: the setting may have
   changed since. */
static void run(struct task *t, struct hook_agent *agent, struct arena *arena, const struct hook_post *wanted,
                struct hook_report *report) {
    struct hook_url url;
    report->end = HOOK_REFUSED;
    if (hook_url_read(wanted->url, &url) != HOOK_URL_OK)
        report->words = SLICE("it is no URL of a webhook");
    else if (!hook_url_is_allowed(&url, agent->settings.allows_private))
        report->words = SLICE("http:// is for this machine alone (127.0.0.1), and only with "
                              "webhooks.allow_private = yes");
    else
        post(t, agent, arena, wanted, report);
}

bool hook_agent_answer(struct task *t, struct hook_agent *agent, struct ipc_request *request) {
    struct hook_post wanted;
    struct hook_report report = {.end = HOOK_REFUSED,
                                 .words = SLICE("the remote role does not understand it")};
    if (request->message.type != HOOK_POST) return false;
    struct arena *arena = arena_new(RUN_BYTES);
    struct buffer out = buffer_new(REPORT_BYTES);
    if (hook_post_unpack(request->message.body, &wanted)) run(t, agent, arena, &wanted, &report);
    hook_report_pack(&out, &report);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    arena_free(&arena);
    return true;
}
