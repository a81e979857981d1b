#include "world_tool.h"

#include <stdio.h>

#include "base/limits.h"
#include "io/sim/sim.h"
#include "sim_zone.h"

enum { CHECK_MS = 20 * 1000, WORLD_MS = 365 * 24 * 3600 * 1000LL };

struct run {
    world_tool_fn *do_task;
    size_t arena_bytes;
    const json_t *tasks;
    json_t *results;
    bool is_done;
};

struct slice world_tool_text(const json_t *task, const char *name) {
    const json_t *value = json_object_get(task, name);
    return slice_of(json_string_value(value), json_string_length(value));
}

struct slice world_tool_bytes(struct arena *arena, const json_t *value) {
    struct slice utf8 = slice_of(json_string_value(value), json_string_length(value));
    uint8_t *bytes = arena_alloc(arena, utf8.len + 1);
    size_t len = 0;
    while (utf8.len) {
        uint32_t c = slice_take(&utf8, 1).ptr[0];
        if (c >= 0xc2 && utf8.len) c = (c << 6 | (slice_take(&utf8, 1).ptr[0] & 0x3f)) & 0xff;
        bytes[len++] = (uint8_t)c;
    }
    return slice_of(bytes, len);
}

json_t *world_tool_json(struct slice text) {
    json_t *json = json_stringn(text.len ? (const char *)text.ptr : "", text.len);
    return json ? json : json_string("(not UTF-8)");
}

static json_t *do_one(struct task *t, struct dns *dns, const struct run *run, const json_t *task) {
    struct arena *arena = arena_new(run->arena_bytes);
    struct resolver *resolver = resolver_new_local(dns);
    struct trust_lookups lookups =
        trust_lookups_of(resolver, arena, env_now_ms(task_env(t)) + CHECK_MS, false);
    json_t *json = run->do_task(t, &lookups, task);
    ASSERT(json);
    resolver_close(t, &resolver);
    arena_free(&arena);
    return json;
}

static void do_all(struct task *t, void *argument) {
    struct run *run = argument;
    const char *reason;
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    size_t i;
    const json_t *task;
    json_array_foreach(run->tasks, i, task)(void)
        json_array_append_new(run->results, do_one(t, dns, run, task));
    dns_close(&dns);
    run->is_done = true;
}

static bool is_done(void *context) { return ((struct run *)context)->is_done; }

static void fill(struct sim_world *world, const json_t *zone) {
    struct arena *arena = arena_new(MIB(16));
    size_t i;
    const json_t *record;
    json_array_foreach(zone, i, record) {
        const char *name = arena_text(arena, world_tool_bytes(arena, json_array_get(record, 0)));
        const char *type = json_string_value(json_array_get(record, 1));
        sim_zone_add(world, name, type, world_tool_bytes(arena, json_array_get(record, 2)));
    }
    arena_free(&arena);
}

static json_t *run_world(struct run run, const json_t *description) {
    run.tasks = json_object_get(description, "tasks");
    run.results = json_array();
    struct sim_world *world = sim_world_new(1);
    fill(world, json_object_get(description, "zone"));
    (void)sim_process_start(sim_machine_new(world, "host", "192.0.2.250"), "checker", do_all, &run);
    ASSERT(sim_world_run_until(world, is_done, &run, WORLD_MS));
    sim_world_free(&world);
    return run.results;
}

int world_tool_run(world_tool_fn *do_task, size_t arena_bytes) {
    struct run run = {.do_task = do_task, .arena_bytes = arena_bytes};
    json_t *worlds = json_loadf(stdin, JSON_ALLOW_NUL, NULL);
    json_t *answers = json_array();
    size_t i;
    const json_t *world;
    ASSERT(worlds);
    json_array_foreach(worlds, i, world)(void) json_array_append_new(answers, run_world(run, world));
    (void)json_dumpf(answers, stdout, JSON_INDENT(1));
    json_decref(worlds);
    json_decref(answers);
    return 0;
}
