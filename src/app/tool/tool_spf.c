#include "app/tool/tool_spf.h"

#include <stdio.h>

#include "app/cli/tool_world.h"
#include "trust/spf.h"
#include "trust/spf_audit.h"
#include "wire/smtp_address.h"

/* ---- a sender ---- */

static json_t *verdict_json(const struct spf_verdict *verdict) {
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i}", "result", trust_result_word(verdict->result),
        "identity", verdict->identity == SPF_IDENTITY_HELO ? "helo" : "mailfrom", "domain",
        tool_text_json(verdict->domain), "sender", tool_text_json(verdict->sender), "reason",
        tool_text_json(verdict->reason), "explanation", tool_text_json(verdict->explanation), "term",
        tool_text_json(verdict->term), "term_domain", tool_text_json(verdict->term_domain), "asking_terms",
        (int)verdict->asking_terms, "void_lookups", (int)verdict->void_lookups);
}

static void print_verdict(const struct spf_verdict *verdict) {
    const char *identity = verdict->identity == SPF_IDENTITY_HELO ? "helo" : "mailfrom";
    (void)printf("spf: %s (%s)\n  %.*s\n", trust_result_word(verdict->result), identity,
                 SLICE_PRINT(verdict->reason));
    if (verdict->explanation.len) (void)printf("  its owner says: %.*s\n", SLICE_PRINT(verdict->explanation));
}

static void check_sender(struct task *t, struct tool_world *world) {
    const struct spf_question *question = world->context;
    struct spf_verdict verdict = spf_check(t, &world->lookups, question);
    world->status = verdict.result == TRUST_PASS ? EXIT_DONE : EXIT_FAILED;
    if (world->cli->is_json) {
        json_t *json = verdict_json(&verdict);
        (void)json_object_set_new(json, "lookups", tool_lookups_json(world));
        tool_print_json(json);
        return;
    }
    print_verdict(&verdict);
    tool_lookups_print(world);
}

/* "<ann@example.org>" and "<>", too. */
static struct slice without_brackets(struct slice sender) {
    bool is_path = sender.len >= 2 && sender.ptr[0] == '<' && sender.ptr[sender.len - 1] == '>';
    return is_path ? slice_sub(sender, 1, sender.len - 2) : sender;
}

static int tool_spf_sender(struct cli *cli) {
    struct spf_question question = {.sender = without_brackets(slice_from_text(cli->tool.from)),
                                    .helo = slice_from_text(cli->tool.helo)};
    if (!cli->tool.ip) return cli_misuse(cli, "--ip is missing");
    if (!dns_address_parse(slice_from_text(cli->tool.ip), &question.address))
        return cli_misuse(cli, "'%s' is no address", cli->tool.ip);
    if (question.sender.len == 0 && question.helo.len == 0)
        return cli_misuse(cli, "--from ADDR or --helo NAME is missing");
    return tool_run(cli, check_sender, &question);
}

/* ---- a domain ---- */

static json_t *notes_json(const struct spf_audit *audit) {
    json_t *notes = json_array();
    for (size_t i = 0; i < audit->note_count; i++) {
        const struct spf_note *note = &audit->notes[i];
        (void)json_array_append_new(
            notes, json_pack("{s:s, s:b, s:o, s:o}", "kind", spf_note_name(note->kind), "error",
                             spf_note_is_error(note), "domain", tool_text_json(note->domain), "words",
                             tool_text_json(note->words)));
    }
    return notes;
}

static void print_audit(struct tool_world *world, const struct spf_audit *audit) {
    if (world->cli->is_json) {
        tool_print_json(json_pack("{s:o, s:i, s:i, s:i, s:i, s:o, s:o}", "record",
                                  tool_text_json(audit->record), "records", (int)audit->record_count,
                                  "asking_terms", (int)audit->asking_terms, "ip4_voids",
                                  (int)audit->ip4_voids, "ip6_voids", (int)audit->ip6_voids, "notes",
                                  notes_json(audit), "lookups", tool_lookups_json(world)));
        return;
    }
    (void)printf("spf: %.*s\n  %u of 10 terms that ask DNS\n", SLICE_PRINT(audit->record),
                 audit->asking_terms);
    for (size_t i = 0; i < audit->note_count; i++)
        (void)printf("  %s: %.*s: %.*s\n", spf_note_is_error(&audit->notes[i]) ? "wrong" : "better not",
                     SLICE_PRINT(audit->notes[i].domain), SLICE_PRINT(audit->notes[i].words));
    tool_lookups_print(world);
}

static void look_at_record(struct task *t, struct tool_world *world) {
    const struct slice *domain = world->context;
    struct spf_audit audit = spf_audit(t, &world->lookups, *domain);
    world->status = EXIT_DONE;
    for (size_t i = 0; i < audit.note_count; i++)
        if (spf_note_is_error(&audit.notes[i])) world->status = EXIT_FAILED;
    print_audit(world, &audit);
}

static int tool_spf_record(struct cli *cli) {
    struct slice shown;
    struct slice domain;
    if (smtp_domain_parse(cli->arena, cli->words[1], &shown, &domain) != SMTP_ADDRESS_OK)
        return cli_misuse(cli, "'%.*s' is no domain", SLICE_PRINT(cli->words[1]));
    return tool_run(cli, look_at_record, &domain);
}

int tool_spf(struct cli *cli) { return cli->word_count == 2 ? tool_spf_record(cli) : tool_spf_sender(cli); }
