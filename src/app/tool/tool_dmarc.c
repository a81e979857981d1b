#include "app/tool/tool_dmarc.h"

#include <errno.h>
#include <stdio.h>

#include "app/cli/tool_world.h"
#include "app/settings/config.h"
#include "base/limits.h"
#include "io/real/read_file.h"
#include "trust/inbound_policy.h"
#include "wire/canonical_lines.h"
#include "wire/smtp_address.h"

enum { MESSAGE_BYTES_READ_MAX = 512 * 1024 * 1024, WORDS_BYTES_MAX = 8192 };

struct dmarc_tool {
    struct slice message;
    struct inbound_question question;
    /* What came of it. */
    const struct inbound_findings *findings;
    struct inbound_decision decision;
    struct buffer words;
    struct buffer field;
    /* By the tree walk, and by the list of public suffixes; or empty. */
    struct slice organization;
    struct slice listed_organization;
};

/* ---- for programs ---- */

static json_t *spf_json(const struct spf_verdict *spf) {
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "result", trust_result_word(spf->result), "identity",
                     spf->identity == SPF_IDENTITY_HELO ? "helo" : "mailfrom", "domain",
                     tool_text_json(spf->domain), "sender", tool_text_json(spf->sender), "reason",
                     tool_text_json(spf->reason), "explanation", tool_text_json(spf->explanation));
}

static json_t *dkim_json(const struct dkim_verdict *dkim) {
    json_t *signatures = json_array();
    for (size_t i = 0; i < dkim->count; i++) {
        const struct dkim_result *signature = &dkim->signatures[i];
        (void)json_array_append_new(signatures, json_pack("{s:s, s:o, s:o, s:o, s:s}", "result",
                                                          trust_result_word(signature->result), "domain",
                                                          tool_text_json(signature->domain), "selector",
                                                          tool_text_json(signature->selector), "algorithm",
                                                          tool_text_json(signature->algorithm), "reason",
                                                          dkim_fault_words(signature->fault)));
    }
    return json_pack("{s:s, s:s, s:o}", "result", trust_result_word(dkim->result), "reason",
                     dkim_fault_words(dkim->fault), "signatures", signatures);
}

static json_t *faults_json(const struct dmarc_verdict *dmarc) {
    json_t *faults = json_array();
    struct dmarc_record record;
    struct dmarc_faults found = {.count = 0};
    if (!dmarc_record_parse(dmarc->record_text, &record, &found)) return faults;
    for (size_t i = 0; i < found.count; i++) {
        struct buffer words = buffer_new(WORDS_BYTES_MAX + TRUST_TXT_BYTES_MAX);
        dmarc_fault_write(&words, &found.items[i]);
        (void)json_array_append_new(faults, tool_text_json(buffer_slice(&words)));
        buffer_free(&words);
    }
    return faults;
}

static json_t *dmarc_json(const struct dmarc_tool *tool) {
    const struct dmarc_verdict *dmarc = &tool->findings->dmarc;
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:b, s:b, s:o}", "result",
        trust_result_word(dmarc->result), "reason", tool_text_json(dmarc->why), "domain",
        tool_text_json(dmarc->domain), "organizational_domain", tool_text_json(tool->organization),
        "organizational_domain_by_public_suffix_list", tool_text_json(tool->listed_organization),
        "policy_domain", tool_text_json(dmarc->policy_domain), "record", tool_text_json(dmarc->record_text),
        "policy", dmarc_policy_word(dmarc->policy), "policy_tag", dmarc->policy_tag, "disposition",
        dmarc_policy_word(dmarc->disposition), "spf_aligned", dmarc->is_spf_aligned, "dkim_aligned",
        dmarc->is_dkim_aligned, "faults", faults_json(dmarc));
}

static const char *const action_words[] = {[INBOUND_ACCEPT] = "accept",
                                           [INBOUND_JUNK] = "junk",
                                           [INBOUND_DEFER] = "defer",
                                           [INBOUND_REJECT] = "reject"};

static void print_json(const struct tool_world *world, const struct dmarc_tool *tool) {
    const struct inbound_findings *findings = tool->findings;
    tool_print_json(json_pack(
        "{s:s, s:o, s:s, s:o, s:o, s:o, s:{s:s}, s:{s:s, s:o}, s:o, s:o}", "result",
        trust_result_word(findings->dmarc.result), "explanation", tool_text_json(findings->dmarc.why),
        "action", action_words[tool->decision.action], "spf", spf_json(&findings->spf), "dkim",
        dkim_json(&findings->dkim), "dmarc", dmarc_json(tool), "arc", "result",
        trust_result_word(findings->arc.result), "iprev", "result", trust_result_word(findings->iprev.result),
        "name", tool_text_json(findings->iprev.name), "authentication_results",
        tool_text_json(buffer_slice(&tool->field)), "lookups", tool_lookups_json(world)));
}

/* ---- for people ---- */

static void print_dkim(const struct dkim_verdict *dkim) {
    if (dkim->count == 0)
        (void)printf("dkim: %s %s\n", trust_result_word(dkim->result), dkim_fault_words(dkim->fault));
    for (size_t i = 0; i < dkim->count; i++)
        (void)printf("dkim: %s for %.*s, selector %.*s %s\n", trust_result_word(dkim->signatures[i].result),
                     SLICE_PRINT(dkim->signatures[i].domain), SLICE_PRINT(dkim->signatures[i].selector),
                     dkim_fault_words(dkim->signatures[i].fault));
}

static void print_organization(const struct dmarc_tool *tool) {
    if (tool->organization.len == 0) return;
    (void)printf("  organisation: %.*s\n", SLICE_PRINT(tool->organization));
    if (!slice_equal(tool->organization, tool->listed_organization))
        (void)printf("  the list of public suffixes, which older receivers go by, says: %.*s\n",
                     SLICE_PRINT(tool->listed_organization));
}

static void print_words(const struct tool_world *world, const struct dmarc_tool *tool) {
    const struct inbound_findings *findings = tool->findings;
    (void)printf("dmarc: %s\n  %.*s\n", trust_result_word(findings->dmarc.result),
                 SLICE_PRINT(findings->dmarc.why));
    if (findings->dmarc.record_text.len)
        (void)printf("  %.*s: %.*s\n", SLICE_PRINT(findings->dmarc.policy_domain),
                     SLICE_PRINT(findings->dmarc.record_text));
    print_organization(tool);
    (void)printf("  action: %s\n", action_words[tool->decision.action]);
    (void)printf("spf: %s\n  %.*s\n", trust_result_word(findings->spf.result),
                 SLICE_PRINT(findings->spf.reason));
    print_dkim(&findings->dkim);
    (void)printf("arc: %s\niprev: %s %.*s\n", trust_result_word(findings->arc.result),
                 trust_result_word(findings->iprev.result), SLICE_PRINT(findings->iprev.name));
    tool_lookups_print(world);
}

/* ---- the check ---- */

static struct inbound_policy usual_policy(void) {
    struct config config;
    config_defaults(&config);
    return (struct inbound_policy){.dmarc_reject = (enum inbound_action)config.trust.dmarc_reject,
                                   .dmarc_quarantine = (enum inbound_action)config.trust.dmarc_quarantine,
                                   .spf_fail = (enum inbound_action)config.trust.spf_fail,
                                   .author_fault = (enum inbound_action)config.trust.from_invalid,
                                   .unsure = (enum inbound_action)config.trust.temperror};
}

struct sinking {
    struct inbound_check *check;
    struct buffer out;
};

static void take_piece(void *context, struct slice bytes) {
    struct sinking *sinking = context;
    inbound_check_write(sinking->check, bytes, &sinking->out);
    buffer_clear(&sinking->out);
}

/* Line breaks without CR are read as CRLF. */
static void feed(struct sinking *sinking, struct slice message) {
    struct canonical_lines lines = canonical_lines_new();
    struct byte_sink sink = {take_piece, sinking};
    canonical_lines_write(&lines, message, sink);
    canonical_lines_finish(&lines, sink);
}

static void find_organizations(struct task *t, struct tool_world *world, struct dmarc_tool *tool) {
    struct slice domain = tool->findings->dmarc.domain;
    if (domain.len == 0) return;
    if (!dmarc_organization(t, &world->lookups, domain, &tool->organization))
        tool->organization = SLICE_EMPTY;
    tool->listed_organization = dmarc_listed_organization(world->cli->arena, domain);
}

static void look(struct task *t, struct tool_world *world) {
    struct dmarc_tool *tool = world->context;
    struct resolver *resolver = world->lookups.resolver;
    struct sinking sinking = {.out = buffer_new(MESSAGE_BYTES_READ_MAX)};
    struct inbound_policy policy = usual_policy();
    sinking.check = inbound_check_new(world->env, resolver, &tool->question, true);
    feed(&sinking, tool->message);
    tool->findings = inbound_check_finish(t, sinking.check, &sinking.out, env_wall_ms(world->env) / 1000);
    tool->decision = inbound_decide(&policy, tool->findings, &tool->words);
    inbound_results_write(&tool->field, &tool->question, tool->findings);
    world->lookups = *inbound_check_lookups(sinking.check);
    find_organizations(t, world, tool);
    world->status = tool->findings->dmarc.result == TRUST_PASS ? EXIT_DONE : EXIT_FAILED;
    if (world->cli->is_json)
        print_json(world, tool);
    else
        print_words(world, tool);
    inbound_check_free(&sinking.check);
    buffer_free(&sinking.out);
}

/* "<ann@example.org>" and "<>", too. */
static struct slice sender_of(struct cli *cli) {
    struct slice sender = slice_from_text(cli->tool.from);
    if (sender.len >= 2 && sender.ptr[0] == '<' && sender.ptr[sender.len - 1] == '>')
        sender = slice_sub(sender, 1, sender.len - 2);
    return sender;
}

static int read_question(struct cli *cli, struct inbound_question *question) {
    if (!cli->tool.ip) return cli_misuse(cli, "--ip is missing");
    if (!dns_address_parse(slice_from_text(cli->tool.ip), &question->address))
        return cli_misuse(cli, "'%s' is no address", cli->tool.ip);
    question->address = dns_address_unmapped(question->address);
    question->sender = sender_of(cli);
    question->helo = slice_from_text(cli->tool.helo);
    question->host = SLICE("tool.invalid");
    if (question->sender.len || question->helo.len) return EXIT_DONE;
    return cli_misuse(cli, "--from ADDR or --helo NAME is missing");
}

int tool_dmarc(struct cli *cli) {
    struct dmarc_tool tool = {0};
    if (cli->word_count != 2) return cli_misuse(cli, "which file?");
    int status = read_question(cli, &tool.question);
    if (status != EXIT_DONE) return status;
    const char *path = (const char *)cli->words[1].ptr;
    int result = read_file(cli->arena, path, MESSAGE_BYTES_READ_MAX, &tool.message);
    if (result) return cli_fail("%s: %s", path, strerror(-result));
    tool.words = buffer_new(WORDS_BYTES_MAX);
    tool.field = buffer_new(AUTH_RESULTS_BYTES_MAX);
    status = tool_run(cli, look, &tool);
    buffer_free(&tool.words);
    buffer_free(&tool.field);
    return status;
}
