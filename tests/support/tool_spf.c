/* Many SPF checks (world_tool.h), for comparison with what others say. A task is
   {"ip": IP, "from": ADDRESS, "helo": NAME}, with a character for each byte.
 */
#include "base/limits.h"
#include "trust/spf.h"
#include "world_tool.h"

static json_t *verdict_json(const struct spf_verdict *verdict) {
    return json_pack("{s:s, s:o, s:o, s:o, s:i, s:i}", "result", trust_result_word(verdict->result),
                     "explanation", world_tool_json(verdict->explanation), "reason",
                     world_tool_json(verdict->reason), "term", world_tool_json(verdict->term), "asking_terms",
                     (int)verdict->asking_terms, "void_lookups", (int)verdict->void_lookups);
}

static json_t *check(struct task *t, struct trust_lookups *lookups, const json_t *task) {
    struct arena *arena = lookups->arena;
    struct spf_question question = {.sender = world_tool_bytes(arena, json_object_get(task, "from")),
                                    .helo = world_tool_bytes(arena, json_object_get(task, "helo"))};
    ASSERT(dns_address_parse(world_tool_bytes(arena, json_object_get(task, "ip")), &question.address));
    struct spf_verdict verdict = spf_check(t, lookups, &question);
    return verdict_json(&verdict);
}

int main(void) { return world_tool_run(check, 2 * SPF_ARENA_BYTES_MAX); }
