/*
 * What a tool that looks at a sender works in: an env of the command's own and a resolver, asked as
 * --dns and --trust-anchors say, else as this machine asks.
 */
#ifndef APP_TOOL_WORLD_H
#define APP_TOOL_WORLD_H

#include <jansson.h>

#include "app/cli/cli.h"
#include "trust/lookup.h"

struct tool_world {
    struct cli *cli;
    struct env *env;
    /* For `work`, TOOL_LOOKUP_MS from its start; every lookup is written down. */
    struct trust_lookups lookups;
    void *context;
    int status;
};

/* Runs `work` as a task, and waits for it; it sets world->status, the exit status. Returns that, or the one
   of what kept it from running. Blocks. */
int tool_run(struct cli *cli, void (*work)(struct task *t, struct tool_world *world), void *context);

/* All lookups so far, as JSON for --json: [{"name", "type", "result", "secure", "records": [...]}]. */
json_t *tool_lookups_json(const struct tool_world *world);
/* A new string; bytes that are no UTF-8 are not shown. */
json_t *tool_text_json(struct slice text);
/* Prints and frees it. */
void tool_print_json(json_t *json);
/* The same, a line each, for people. */
void tool_lookups_print(const struct tool_world *world);

#endif
