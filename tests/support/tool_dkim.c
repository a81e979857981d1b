/* DKIM and ARC over DNS of the simulated world, for comparison with what others say. Standard input is JSON:
   [{"zone": [[NAME, TYPE, TEXT], ...], "tasks": [TASK, ...]}, ...], with the types of sim_zone.h; standard
   output has a list of what came of each task. Messages are base64. A task is one of

   {"do": "dkim" | "arc", "message": M, "now": SECONDS}
   {"do": "sign", "message": M, "now": T, "algorithm": "rsa-sha256", "key": PEM, "domain": D, "selector": S,
    "forms": "relaxed/simple"}
   {"do": "seal", the same without forms, "results": TEXT, "status": "none"}
 */
#include <jansson.h>
#include <stdio.h>

#include "base/encode.h"
#include "dkim_signer.h"
#include "io/sim/sim.h"
#include "sim_zone.h"
#include "trust/arc_check.h"
#include "trust/dkim_check.h"

enum { CHECK_MS = 20 * 1000, WORLD_MS = 365 * 24 * 3600 * 1000LL, ARENA_BYTES = 16 << 20 };

struct run {
    const json_t *tasks;
    json_t *results;
    bool is_done;
};

static struct slice text_of(const json_t *task, const char *name) {
    const json_t *value = json_object_get(task, name);
    return slice_of(json_string_value(value), json_string_length(value));
}

static int64_t number_of(const json_t *task, const char *name) {
    return json_integer_value(json_object_get(task, name));
}

static struct buffer message_of(const json_t *task) {
    struct slice text = text_of(task, "message");
    struct buffer message = buffer_new(text.len + 1);
    ASSERT(base64_decode(&message, text));
    return message;
}

static json_t *text_json(struct slice text) {
    json_t *json = json_stringn(text.len ? (const char *)text.ptr : "", text.len);
    return json ? json : json_string("(not UTF-8)");
}

/* ---- checks ---- */

static json_t *dkim_json(const struct dkim_verdict *verdict) {
    json_t *signatures = json_array();
    for (size_t i = 0; i < verdict->count; i++) {
        const struct dkim_result *result = &verdict->signatures[i];
        (void)json_array_append_new(
            signatures,
            json_pack("{s:s, s:s, s:o, s:i, s:b}", "result", trust_result_word(result->result), "fault",
                      dkim_fault_words(result->fault), "domain", text_json(result->domain), "bits",
                      (int)result->key_bits, "testing", result->is_testing));
    }
    return json_pack("{s:s, s:s, s:i, s:o}", "result", trust_result_word(verdict->result), "fault",
                     dkim_fault_words(verdict->fault), "ignored", (int)verdict->ignored, "signatures",
                     signatures);
}

static json_t *check(struct task *t, struct dns *dns, const json_t *task) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct resolver *resolver = resolver_new_local(dns);
    struct trust_lookups lookups =
        trust_lookups_of(resolver, arena, env_now_ms(task_env(t)) + CHECK_MS, false);
    struct buffer bytes = message_of(task);
    struct dkim_message *message = dkim_message_new_to_check();
    json_t *json;
    dkim_message_write(message, buffer_slice(&bytes));
    dkim_message_end(message);
    if (slice_equal(text_of(task, "do"), SLICE("dkim"))) {
        struct dkim_verdict verdict = dkim_check(t, message, NULL, &lookups, number_of(task, "now"));
        json = dkim_json(&verdict);
    } else {
        struct arc_verdict verdict = arc_check(t, message, &lookups, number_of(task, "now"));
        json = json_pack("{s:s, s:s, s:i, s:i}", "result", trust_result_word(verdict.result), "fault",
                         dkim_fault_words(verdict.fault), "instance", (int)verdict.fault_instance, "count",
                         (int)verdict.count);
    }
    dkim_message_free(&message);
    buffer_free(&bytes);
    resolver_close(t, &resolver);
    arena_free(&arena);
    return json;
}

/* ---- signatures ---- */

static struct test_key key_of(const json_t *task) {
    bool is_rsa = slice_equal(text_of(task, "algorithm"), SLICE("rsa-sha256"));
    return test_key_of_pem(is_rsa ? DKIM_RSA_SHA256 : DKIM_ED25519_SHA256, text_of(task, "key"));
}

static struct dkim_signer signer_of(const json_t *task) {
    return (struct dkim_signer){.domain = text_of(task, "domain"),
                                .selector = text_of(task, "selector"),
                                .signed_at_s = number_of(task, "now")};
}

static json_t *sign(const json_t *task) {
    struct slice body = text_of(task, "forms");
    struct slice header = slice_take_until(&body, '/');
    struct dkim_forms forms = {slice_equal(header, SLICE("relaxed")) ? DKIM_RELAXED : DKIM_SIMPLE,
                               slice_equal(slice_skip(body, 1), SLICE("relaxed")) ? DKIM_RELAXED
                                                                                  : DKIM_SIMPLE};
    struct test_key key = key_of(task);
    struct buffer message = message_of(task);
    struct buffer field = buffer_new(MIB(1));
    int result = (int)test_sign(&key, &forms, signer_of(task), buffer_slice(&message), &field);
    json_t *json = json_pack("{s:i, s:o}", "result", result, "field", text_json(buffer_slice(&field)));
    buffer_free(&field);
    buffer_free(&message);
    test_key_free(&key);
    return json;
}

static enum arc_status status_of(const json_t *task) {
    if (slice_equal(text_of(task, "status"), SLICE("none"))) return ARC_STATUS_NONE;
    return slice_equal(text_of(task, "status"), SLICE("pass")) ? ARC_STATUS_PASS : ARC_STATUS_FAIL;
}

static json_t *seal(const json_t *task) {
    struct arc_sealer sealer = {signer_of(task), text_of(task, "results"), status_of(task)};
    struct test_key key = key_of(task);
    struct buffer message = message_of(task);
    struct buffer fields = buffer_new(MIB(1));
    int result = (int)test_seal(&key, sealer, buffer_slice(&message), &fields);
    json_t *json = json_pack("{s:i, s:o}", "result", result, "field", text_json(buffer_slice(&fields)));
    buffer_free(&fields);
    buffer_free(&message);
    test_key_free(&key);
    return json;
}

/* ---- all of it ---- */

static json_t *do_task(struct task *t, struct dns *dns, const json_t *task) {
    if (slice_equal(text_of(task, "do"), SLICE("sign"))) return sign(task);
    if (slice_equal(text_of(task, "do"), SLICE("seal"))) return seal(task);
    return check(t, dns, task);
}

static void do_all(struct task *t, void *argument) {
    struct run *run = argument;
    const char *reason;
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    size_t i;
    const json_t *task;
    json_array_foreach(run->tasks, i, task)(void) json_array_append_new(run->results, do_task(t, dns, task));
    dns_close(&dns);
    run->is_done = true;
}

static bool is_done(void *context) { return ((struct run *)context)->is_done; }

static void fill(struct sim_world *world, const json_t *zone) {
    size_t i;
    const json_t *record;
    json_array_foreach(zone, i, record) {
        const json_t *text = json_array_get(record, 2);
        sim_zone_add(world, json_string_value(json_array_get(record, 0)),
                     json_string_value(json_array_get(record, 1)),
                     slice_of(json_string_value(text), json_string_length(text)));
    }
}

static json_t *run_world(const json_t *description) {
    struct run run = {.tasks = json_object_get(description, "tasks"), .results = json_array()};
    struct sim_world *world = sim_world_new(1);
    fill(world, json_object_get(description, "zone"));
    (void)sim_process_start(sim_machine_new(world, "host", "192.0.2.250"), "checker", do_all, &run);
    ASSERT(sim_world_run_until(world, is_done, &run, WORLD_MS));
    sim_world_free(&world);
    return run.results;
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
