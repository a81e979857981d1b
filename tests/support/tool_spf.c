/* Many SPF checks over DNS of the simulated world, for comparison with what others say. Standard input is
   JSON:
   [{"zone": [[NAME, TYPE, TEXT], ...], "checks": [{"ip": IP, "from": ADDRESS, "helo": NAME}, ...]}, ...],
   with the types of sim_zone.h and a character for each byte ("latin-1"); standard output has a list of
   verdicts for each.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/limits.h"
#include "io/sim/sim.h"
#include "sim_zone.h"
#include "trust/spf.h"

enum { CHECK_MS = 20 * 1000, WORLD_MS = 24 * 3600 * 1000 };

struct run {
    const json_t *checks;
    json_t *verdicts;
    bool is_done;
};

static struct slice bytes_of(struct arena *arena, const json_t *value) {
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

static json_t *text_json(struct slice text) {
    return json_stringn(text.len ? (const char *)text.ptr : "", text.len);
}

static json_t *verdict_json(const struct spf_verdict *verdict) {
    return json_pack("{s:s, s:o, s:o, s:o, s:i, s:i}", "result", trust_result_word(verdict->result),
                     "explanation", text_json(verdict->explanation), "reason", text_json(verdict->reason),
                     "term", text_json(verdict->term), "asking_terms", (int)verdict->asking_terms,
                     "void_lookups", (int)verdict->void_lookups);
}

static json_t *check_one(struct task *t, struct dns *dns, const json_t *check) {
    struct arena *arena = arena_new(2 * SPF_ARENA_BYTES_MAX);
    struct resolver *resolver = resolver_new_local(dns);
    struct trust_lookups lookups =
        trust_lookups_of(resolver, arena, env_now_ms(task_env(t)) + CHECK_MS, false);
    struct spf_question question = {.sender = bytes_of(arena, json_object_get(check, "from")),
                                    .helo = bytes_of(arena, json_object_get(check, "helo"))};
    ASSERT(dns_address_parse(bytes_of(arena, json_object_get(check, "ip")), &question.address));
    struct spf_verdict verdict = spf_check(t, &lookups, &question);
    json_t *json = verdict_json(&verdict);
    ASSERT(json);
    resolver_close(t, &resolver);
    arena_free(&arena);
    return json;
}

static void check_all(struct task *t, void *argument) {
    struct run *run = argument;
    const char *reason;
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    size_t i;
    const json_t *check;
    json_array_foreach(run->checks, i, check)(void)
        json_array_append_new(run->verdicts, check_one(t, dns, check));
    dns_close(&dns);
    run->is_done = true;
}

static bool is_done(void *context) { return ((struct run *)context)->is_done; }

static void fill(struct sim_world *world, const json_t *zone) {
    struct arena *arena = arena_new(MIB(16));
    size_t i;
    const json_t *record;
    json_array_foreach(zone, i, record) {
        const char *name = arena_text(arena, bytes_of(arena, json_array_get(record, 0)));
        const char *type = json_string_value(json_array_get(record, 1));
        sim_zone_add(world, name, type, bytes_of(arena, json_array_get(record, 2)));
    }
    arena_free(&arena);
}

static json_t *run_world(const json_t *description) {
    struct run run = {.checks = json_object_get(description, "checks"), .verdicts = json_array()};
    struct sim_world *world = sim_world_new(1);
    fill(world, json_object_get(description, "zone"));
    (void)sim_process_start(sim_machine_new(world, "host", "192.0.2.250"), "checker", check_all, &run);
    ASSERT(sim_world_run_until(world, is_done, &run, WORLD_MS));
    sim_world_free(&world);
    return run.verdicts;
}

int main(void) {
    json_t *worlds = json_loadf(stdin, JSON_ALLOW_NUL, NULL);
    json_t *answers = json_array();
    size_t i;
    const json_t *world;
    ASSERT(worlds);
    json_array_foreach(worlds, i, world)(void) json_array_append_new(answers, run_world(world));
    (void)json_dumpf(answers, stdout, JSON_INDENT(1));
    json_decref(worlds);
    json_decref(answers);
    return 0;
}
