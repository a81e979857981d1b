#include "app/cli/tool_world.h"

#include <errno.h>
#include <stdio.h>

#include "app/settings/dns_settings.h"
#include "base/limits.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "io/real/read_file.h"

enum { TOOL_LOOKUP_MS = 30 * 1000, TRUST_ANCHORS_BYTES_MAX = 64 * 1024 };

struct run {
    struct tool_world world;
    struct dns_options options;
    void (*work)(struct task *t, struct tool_world *world);
    struct scope scope;
};

/* ---- whom to ask ---- */

static int options_of_system(struct cli *cli, struct log *log, struct dns_options *options) {
    struct config config;
    struct role_settings *settings = ARENA_NEW(cli->arena, struct role_settings);
    struct slice error;
    config_defaults(&config);
    if (!dns_settings_read(cli->arena, log, &config, settings, &error))
        return cli_fail("%.*s", SLICE_PRINT(error));
    *options = (struct dns_options){settings->dns_servers, false, settings->dns_trust_anchors};
    return EXIT_DONE;
}

static int read_options(struct cli *cli, struct log *log, struct dns_options *options) {
    int status = EXIT_DONE;
    if (cli->tool.dns)
        *options = (struct dns_options){slice_from_text(cli->tool.dns), true, SLICE_EMPTY};
    else
        status = options_of_system(cli, log, options);
    if (status != EXIT_DONE || !cli->tool.trust_anchors) return status;
    int result =
        read_file(cli->arena, cli->tool.trust_anchors, TRUST_ANCHORS_BYTES_MAX, &options->trust_anchors);
    return result ? cli_fail("%s: %s", cli->tool.trust_anchors, strerror(-result)) : EXIT_DONE;
}

/* ---- the run ---- */

static void look_up_with(struct task *t, struct run *run, struct dns *dns) {
    struct tool_world *world = &run->world;
    struct resolver *resolver = resolver_new_local(dns);
    world->lookups =
        trust_lookups_of(resolver, world->cli->arena, env_now_ms(world->env) + TOOL_LOOKUP_MS, true);
    run->work(t, world);
    resolver_close(t, &resolver);
}

static void run_task(struct task *t, void *argument) {
    struct run *run = argument;
    const char *reason = NULL;
    struct dns *dns = dns_open(t, &run->options, &reason);
    if (dns)
        look_up_with(t, run, dns);
    else
        run->world.status =
            cli_fail("DNS cannot be asked: %.*s: %s", SLICE_PRINT(run->options.servers), reason);
    dns_close(&dns);
    real_env_stop(run->world.env);
}

int tool_run(struct cli *cli, void (*work)(struct task *t, struct tool_world *world), void *context) {
    struct log_sink sink;
    log_sink_init(&sink, "tool");
    sink.log.least = LOG_LEVEL_WARN;
    struct run run = {.world = {.cli = cli, .context = context, .status = EXIT_FAILED}, .work = work};
    int status = read_options(cli, &sink.log, &run.options);
    if (status != EXIT_DONE) return status;
    run.world.env = real_env_new(&sink.log);
    scope_init(&run.scope, run.world.env);
    if (!scope_spawn(&run.scope, run_task, &run)) FATAL("a new scope is closed");
    real_env_run(run.world.env);
    real_env_free(&run.world.env);
    return run.world.status;
}

/* ---- what was asked ---- */

json_t *tool_text_json(struct slice text) {
    json_t *json = json_stringn(text.len ? (const char *)text.ptr : "", text.len);
    return json ? json : json_string("(not UTF-8)");
}

static json_t *records_json(const struct trust_lookup *lookup) {
    json_t *records = json_array();
    for (size_t i = 0; i < lookup->record_count; i++)
        (void)json_array_append_new(records, tool_text_json(lookup->records[i]));
    return records;
}

json_t *tool_lookups_json(const struct tool_world *world) {
    json_t *all = json_array();
    for (size_t i = 0; i < world->lookups.told_count; i++) {
        const struct trust_lookup *lookup = &world->lookups.told[i];
        struct slice type = trust_type_name(lookup->type, world->cli->arena);
        (void)json_array_append_new(all, json_pack("{s:o, s:o, s:s, s:b, s:o}", "name",
                                                   tool_text_json(lookup->name), "type", tool_text_json(type),
                                                   "result", dns_result_name(lookup->result), "secure",
                                                   lookup->is_secure, "records", records_json(lookup)));
    }
    return all;
}

void tool_print_json(json_t *json) {
    (void)json_dumpf(json, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(json);
}

void tool_lookups_print(const struct tool_world *world) {
    for (size_t i = 0; i < world->lookups.told_count; i++) {
        const struct trust_lookup *lookup = &world->lookups.told[i];
        struct slice type = trust_type_name(lookup->type, world->cli->arena);
        (void)printf("  asked %.*s %.*s: %s%s\n", SLICE_PRINT(lookup->name), SLICE_PRINT(type),
                     dns_result_name(lookup->result), lookup->is_secure ? " (secure)" : "");
        for (size_t j = 0; j < lookup->record_count; j++)
            (void)printf("    %.*s\n", SLICE_PRINT(lookup->records[j]));
    }
}
