#include "app/role/collect.h"

#include <stdlib.h>

#include "base/limits.h"

struct collect_call {
    struct collector *collector;
    size_t at;
    struct channel *control;
};

/* What is known of a role. */
struct collected {
    struct metrics live;
    bool answers;
    uint64_t answer_ms;
};

struct collector {
    struct collector_options options;
    struct scope scope;
    struct gate finished;
    struct collect_call calls[WEB_ROLES_MAX];
    struct collected roles[WEB_ROLES_MAX];
    /* Of processes that ended. */
    struct metrics kept;
    size_t under_way;
    bool has_result;
    int64_t result_at_ms;
    int64_t started_ms;
};

static void take_answer(struct collected *role, const struct ipc_answer *answer) {
    struct metrics metrics;
    role->answers = metrics_unpack(buffer_slice(&answer->body), &metrics);
    if (role->answers) role->live = metrics;
}

static void ask_role(struct task *t, void *argument) {
    struct collect_call *call = argument;
    struct collector *collector = call->collector;
    struct env *env = collector->options.env;
    struct collected *role = &collector->roles[call->at];
    struct ipc_message message = {ASK_MEASURE, SLICE_EMPTY, HANDLE_NONE};
    struct ipc_answer answer;
    int64_t begun_ms = env_now_ms(env);
    role->answers = false;
    if (channel_call(t, call->control, &message, &answer, begun_ms + COLLECT_ANSWER_MS_MAX) == IPC_OK)
        take_answer(role, &answer);
    ipc_answer_free(&answer);
    role->answer_ms = (uint64_t)(env_now_ms(env) - begun_ms);
    if (--collector->under_way) return;
    collector->has_result = true;
    collector->result_at_ms = env_now_ms(env);
    gate_open(&collector->finished);
}

static void begin_round(struct collector *collector) {
    for (size_t i = 0; i < collector->options.count; i++) {
        struct collect_source source = collector->options.source(collector->options.context, i);
        collector->roles[i].answers = false;
        collector->calls[i] = (struct collect_call){collector, i, source.control};
        if (source.is_ready && scope_spawn(&collector->scope, ask_role, &collector->calls[i]))
            collector->under_way++;
    }
}

static bool is_fresh(const struct collector *collector) {
    return collector->has_result &&
           env_now_ms(collector->options.env) - collector->result_at_ms < COLLECT_FRESH_MS;
}

static void wait_for_round(struct task *t, struct collector *collector) {
    int64_t until_ms = env_now_ms(collector->options.env) + COLLECT_REPORT_MS_MAX;
    if (is_fresh(collector)) return;
    if (collector->under_way == 0) begin_round(collector);
    while (collector->under_way)
        if (gate_wait(t, &collector->finished, until_ms) != WAIT_OK) return;
}

static struct web_role role_of(const struct collect_source *source, const struct collected *known) {
    struct web_role role = {.index = source->index,
                            .restarts = source->restarts,
                            .resident_bytes = source->resident_bytes,
                            .answers = known->answers,
                            .answer_ms = known->answer_ms};
    struct slice name = slice_from_text(role_kind_name(source->kind));
    memcpy(role.kind, name.ptr, name.len);
    return role;
}

static void fill_report(const struct collector *collector, struct web_report *report) {
    const struct collector_options *options = &collector->options;
    bool has_shared = false;
    *report = (struct web_report){
        .started_ms = collector->started_ms, .now_ms = env_wall_ms(options->env), .metrics = collector->kept};
    for (size_t i = 0; i < options->count; i++) {
        struct collect_source source = options->source(options->context, i);
        report->roles[report->role_count++] = role_of(&source, &collector->roles[i]);
        if (!source.is_shared || !has_shared) metrics_sum(&report->metrics, &collector->roles[i].live);
        has_shared = has_shared || source.is_shared;
    }
    report->roles[report->role_count++] =
        (struct web_role){"supervisor", 0, 0, options->resident_bytes(options->context), true, 0};
}

void collector_answer(struct task *t, struct collector *collector, struct ipc_request *request) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct web_report report;
    handle_close(collector->options.env, request->message.handle);
    if (request->message.type == ASK_REPORT) {
        wait_for_round(t, collector);
        fill_report(collector, &report);
        web_report_pack(&body, &report);
    }
    channel_reply(request, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
}

void collector_role_ended(struct collector *collector, size_t at) {
    metrics_keep(&collector->kept, &collector->roles[at].live);
    collector->roles[at] = (struct collected){0};
}

struct collector *collector_new(const struct collector_options *options) {
    struct collector *collector = calloc(1, sizeof *collector);
    if (!collector) FATAL("out of memory for the collector");
    ASSERT(options->count < WEB_ROLES_MAX);
    collector->options = *options;
    collector->started_ms = env_wall_ms(options->env);
    scope_init(&collector->scope, options->env);
    gate_init(&collector->finished);
    return collector;
}

void collector_stop(struct task *t, struct collector *collector) { scope_close(t, &collector->scope); }

void collector_free(struct collector **collector) {
    free(*collector);
    *collector = NULL;
}

bool collect_ask(struct task *t, struct env *env, struct channel *control, struct web_report *report) {
    struct ipc_message message = {ASK_REPORT, SLICE_EMPTY, HANDLE_NONE};
    struct ipc_answer answer;
    int64_t until_ms = env_now_ms(env) + COLLECT_REPORT_MS_MAX + 1000;
    bool is_good = channel_call(t, control, &message, &answer, until_ms) == IPC_OK &&
                   web_report_unpack(buffer_slice(&answer.body), report);
    ipc_answer_free(&answer);
    return is_good;
}
