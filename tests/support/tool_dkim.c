/* DKIM and ARC (world_tool.h), for comparison with what others say. Messages are base64. A task is one of

   {"do": "dkim" | "arc", "message": M, "now": SECONDS}
   {"do": "sign", "message": M, "now": T, "algorithm": "rsa-sha256", "key": PEM, "domain": D, "selector": S,
    "forms": "relaxed/simple"}
   {"do": "seal", the same without forms, "results": TEXT, "status": "none"}
 */
#include "base/encode.h"
#include "base/limits.h"
#include "dkim_signer.h"
#include "trust/arc_check.h"
#include "trust/dkim_check.h"
#include "world_tool.h"

static int64_t number_of(const json_t *task, const char *name) {
    return json_integer_value(json_object_get(task, name));
}

static struct buffer message_of(const json_t *task) {
    struct slice text = world_tool_text(task, "message");
    struct buffer message = buffer_new(text.len + 1);
    ASSERT(base64_decode(&message, text));
    return message;
}

/* ---- checks ---- */

static json_t *dkim_json(const struct dkim_verdict *verdict) {
    json_t *signatures = json_array();
    for (size_t i = 0; i < verdict->count; i++) {
        const struct dkim_result *result = &verdict->signatures[i];
        (void)json_array_append_new(
            signatures,
            json_pack("{s:s, s:s, s:o, s:i, s:b}", "result", trust_result_word(result->result), "fault",
                      dkim_fault_words(result->fault), "domain", world_tool_json(result->domain), "bits",
                      (int)result->key_bits, "testing", result->is_testing));
    }
    return json_pack("{s:s, s:s, s:i, s:o}", "result", trust_result_word(verdict->result), "fault",
                     dkim_fault_words(verdict->fault), "ignored", (int)verdict->ignored, "signatures",
                     signatures);
}

static json_t *arc_json(const struct arc_verdict *verdict) {
    return json_pack("{s:s, s:s, s:i, s:i}", "result", trust_result_word(verdict->result), "fault",
                     dkim_fault_words(verdict->fault), "instance", (int)verdict->fault_instance, "count",
                     (int)verdict->count);
}

static json_t *check(struct task *t, struct trust_lookups *lookups, const json_t *task) {
    struct buffer bytes = message_of(task);
    struct dkim_message *message = dkim_message_new_to_check();
    json_t *json;
    dkim_message_write(message, buffer_slice(&bytes));
    dkim_message_end(message);
    if (slice_equal(world_tool_text(task, "do"), SLICE("dkim"))) {
        struct dkim_verdict verdict = dkim_check(t, message, NULL, lookups, number_of(task, "now"));
        json = dkim_json(&verdict);
    } else {
        struct arc_verdict verdict = arc_check(t, message, lookups, number_of(task, "now"));
        json = arc_json(&verdict);
    }
    dkim_message_free(&message);
    buffer_free(&bytes);
    return json;
}

/* ---- signatures ---- */

static struct test_key key_of(const json_t *task) {
    bool is_rsa = slice_equal(world_tool_text(task, "algorithm"), SLICE("rsa-sha256"));
    return test_key_of_pem(is_rsa ? DKIM_RSA_SHA256 : DKIM_ED25519_SHA256, world_tool_text(task, "key"));
}

static struct dkim_signer signer_of(const json_t *task) {
    return (struct dkim_signer){.domain = world_tool_text(task, "domain"),
                                .selector = world_tool_text(task, "selector"),
                                .signed_at_s = number_of(task, "now")};
}

static json_t *sign(const json_t *task) {
    struct slice body = world_tool_text(task, "forms");
    struct slice header = slice_take_until(&body, '/');
    struct dkim_forms forms = {slice_equal(header, SLICE("relaxed")) ? DKIM_RELAXED : DKIM_SIMPLE,
                               slice_equal(slice_skip(body, 1), SLICE("relaxed")) ? DKIM_RELAXED
                                                                                  : DKIM_SIMPLE};
    struct test_key key = key_of(task);
    struct buffer message = message_of(task);
    struct buffer field = buffer_new(MIB(1));
    int result = (int)test_sign(&key, &forms, signer_of(task), buffer_slice(&message), &field);
    json_t *json = json_pack("{s:i, s:o}", "result", result, "field", world_tool_json(buffer_slice(&field)));
    buffer_free(&field);
    buffer_free(&message);
    test_key_free(&key);
    return json;
}

static enum arc_status status_of(const json_t *task) {
    if (slice_equal(world_tool_text(task, "status"), SLICE("none"))) return ARC_STATUS_NONE;
    return slice_equal(world_tool_text(task, "status"), SLICE("pass")) ? ARC_STATUS_PASS : ARC_STATUS_FAIL;
}

static json_t *seal(const json_t *task) {
    struct arc_sealer sealer = {signer_of(task), world_tool_text(task, "results"), status_of(task)};
    struct test_key key = key_of(task);
    struct buffer message = message_of(task);
    struct buffer fields = buffer_new(MIB(1));
    int result = (int)test_seal(&key, sealer, buffer_slice(&message), &fields);
    json_t *json = json_pack("{s:i, s:o}", "result", result, "field", world_tool_json(buffer_slice(&fields)));
    buffer_free(&fields);
    buffer_free(&message);
    test_key_free(&key);
    return json;
}

/* ---- all of it ---- */

static json_t *do_task(struct task *t, struct trust_lookups *lookups, const json_t *task) {
    if (slice_equal(world_tool_text(task, "do"), SLICE("sign"))) return sign(task);
    if (slice_equal(world_tool_text(task, "do"), SLICE("seal"))) return seal(task);
    return check(t, lookups, task);
}

int main(void) { return world_tool_run(do_task, MIB(16)); }
