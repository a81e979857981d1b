#include "app/tool/tool_dkim.h"

#include <errno.h>
#include <stdio.h>

#include "app/cli/tool_world.h"
#include "base/limits.h"
#include "io/real/read_file.h"
#include "trust/arc_check.h"
#include "trust/dkim_check.h"
#include "wire/canonical_lines.h"

/* ---- the message ---- */

static void write_to_message(void *message, struct slice bytes) { dkim_message_write(message, bytes); }

static struct dkim_message *message_of(struct slice bytes) {
    struct dkim_message *message = dkim_message_new_to_check();
    struct canonical_lines lines = canonical_lines_new();
    struct byte_sink sink = {write_to_message, message};
    canonical_lines_write(&lines, bytes, sink);
    canonical_lines_finish(&lines, sink);
    dkim_message_end(message);
    return message;
}

static int look_at_message(struct cli *cli, void (*look)(struct task *t, struct tool_world *world)) {
    struct slice bytes;
    if (cli->word_count != 2) return cli_misuse(cli, "which file?");
    const char *path = (const char *)cli->words[1].ptr;
    int result = read_file(cli->arena, path, MIB(512), &bytes);
    if (result) return cli_fail("%s: %s", path, strerror(-result));
    struct dkim_message *message = message_of(bytes);
    int status = tool_run(cli, look, message);
    dkim_message_free(&message);
    return status;
}

static int64_t now_s(const struct tool_world *world) { return env_wall_ms(world->env) / 1000; }

static json_t *reason_json(enum dkim_fault fault) { return json_string(dkim_fault_words(fault)); }

/* ---- dkim ---- */

static json_t *time_json(int64_t seconds) { return seconds ? json_integer(seconds) : json_null(); }

static json_t *signature_json(struct arena *arena, const struct dkim_result *result) {
    struct slice forms =
        arena_printf(arena, "%s/%s", dkim_form_word(result->header_form), dkim_form_word(result->body_form));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:b, s:b, s:b}", "result",
                     trust_result_word(result->result), "reason", reason_json(result->fault), "domain",
                     tool_text_json(result->domain), "selector", tool_text_json(result->selector),
                     "algorithm", tool_text_json(result->algorithm), "identity",
                     tool_text_json(result->identity), "canonicalization", tool_text_json(forms), "signed_at",
                     time_json(result->signed_at_s), "expires_at", time_json(result->expires_at_s),
                     "key_bits", (int)result->key_bits, "testing", result->is_testing, "strict",
                     result->is_strict, "secure", result->is_secure);
}

static json_t *dkim_json(const struct tool_world *world, const struct dkim_verdict *verdict) {
    json_t *signatures = json_array();
    for (size_t i = 0; i < verdict->count; i++)
        (void)json_array_append_new(signatures, signature_json(world->cli->arena, &verdict->signatures[i]));
    return json_pack("{s:s, s:o, s:o, s:i, s:o}", "result", trust_result_word(verdict->result), "reason",
                     reason_json(verdict->fault), "signatures", signatures, "ignored", (int)verdict->ignored,
                     "lookups", tool_lookups_json(world));
}

static void print_signature(const struct dkim_result *result) {
    (void)printf("  %s: d=%.*s s=%.*s a=%.*s", trust_result_word(result->result), SLICE_PRINT(result->domain),
                 SLICE_PRINT(result->selector), SLICE_PRINT(result->algorithm));
    if (result->key_bits) (void)printf(", a key of %u bits", result->key_bits);
    if (result->is_testing) (void)printf(", in test mode");
    if (result->fault) (void)printf(": %s", dkim_fault_words(result->fault));
    (void)putchar('\n');
}

static void print_dkim(const struct dkim_verdict *verdict) {
    (void)printf("dkim: %s%s%s\n", trust_result_word(verdict->result), verdict->fault ? ": " : "",
                 dkim_fault_words(verdict->fault));
    for (size_t i = 0; i < verdict->count; i++) print_signature(&verdict->signatures[i]);
    if (verdict->ignored)
        (void)printf("  and %zu more: %s\n", verdict->ignored, dkim_fault_words(DKIM_FAULT_TOO_MANY));
}

static void check_dkim(struct task *t, struct tool_world *world) {
    struct dkim_verdict verdict = dkim_check(t, world->context, NULL, &world->lookups, now_s(world));
    world->status = verdict.result == TRUST_PASS ? EXIT_DONE : EXIT_FAILED;
    if (world->cli->is_json) {
        tool_print_json(dkim_json(world, &verdict));
        return;
    }
    print_dkim(&verdict);
    tool_lookups_print(world);
}

int tool_dkim(struct cli *cli) { return look_at_message(cli, check_dkim); }

/* ---- arc ---- */

static json_t *hops_json(const struct arc_verdict *verdict) {
    json_t *hops = json_array();
    for (unsigned i = 0; i < verdict->count; i++) {
        const struct arc_hop *hop = &verdict->hops[i];
        (void)json_array_append_new(
            hops, json_pack("{s:i, s:o, s:o, s:s, s:i, s:o}", "instance", (int)i + 1, "domain",
                            tool_text_json(hop->domain), "selector", tool_text_json(hop->selector), "cv",
                            arc_status_word(hop->status), "key_bits", (int)hop->key_bits, "results",
                            tool_text_json(hop->results)));
    }
    return hops;
}

static void print_arc(const struct tool_world *world, const struct arc_verdict *verdict) {
    (void)printf("arc: %s", trust_result_word(verdict->result));
    if (verdict->fault) (void)printf(": %s", dkim_fault_words(verdict->fault));
    if (verdict->fault_instance) (void)printf(" (i=%u)", verdict->fault_instance);
    if (verdict->oldest_pass) (void)printf(", changed before i=%u (oldest-pass)", verdict->oldest_pass);
    if (verdict->result == TRUST_PASS && !verdict->is_from_sealed) (void)printf(", From is not sealed");
    (void)putchar('\n');
    for (unsigned i = 0; i < verdict->count; i++)
        (void)printf("  %u: d=%.*s cv=%s: %.*s\n", i + 1, SLICE_PRINT(verdict->hops[i].domain),
                     arc_status_word(verdict->hops[i].status), SLICE_PRINT(verdict->hops[i].results));
    tool_lookups_print(world);
}

static void check_arc(struct task *t, struct tool_world *world) {
    struct arc_verdict verdict = arc_check(t, world->context, &world->lookups, now_s(world));
    world->status = verdict.result == TRUST_PASS ? EXIT_DONE : EXIT_FAILED;
    if (!world->cli->is_json) {
        print_arc(world, &verdict);
        return;
    }
    tool_print_json(json_pack("{s:s, s:o, s:i, s:i, s:b, s:o, s:o}", "result",
                              trust_result_word(verdict.result), "reason", reason_json(verdict.fault),
                              "instance", (int)verdict.fault_instance, "oldest_pass",
                              (int)verdict.oldest_pass, "from_sealed", verdict.is_from_sealed, "hops",
                              hops_json(&verdict), "lookups", tool_lookups_json(world)));
}

int tool_arc(struct cli *cli) { return look_at_message(cli, check_arc); }
