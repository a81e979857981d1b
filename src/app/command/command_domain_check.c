/* domain check: looks at what the world sees of a domain, and says a line for each thing. */
#include <stdio.h>

#include "app/cli/tool_world.h"
#include "app/command/command_domain.h"
#include "app/domain/publish_shapes.h"
#include "app/domain/reach.h"

struct checking {
    struct domain_facts *facts;
    struct publish_rows rows;
    struct check_lines *lines;
};

/* ---- looking ---- */

static void add_records(struct task *t, struct tool_world *world, struct checking *checking) {
    struct dnscheck check = {&world->lookups, &checking->facts->publish, &checking->rows};
    struct dnscheck_row *rows = ARENA_NEW_ARRAY(world->cli->arena, struct dnscheck_row, checking->rows.count);
    dnscheck_run(t, &check, rows);
    world->lookups.deadline_ms = env_now_ms(world->env) + DNSCHECK_ROW_MS;
    for (size_t i = 0; i < checking->rows.count; i++) {
        const struct publish_row *wanted = rows[i].wanted;
        struct check_line *line =
            check_line_add(checking->lines, publish_kind_word(wanted->kind), wanted->name, wanted->necessity);
        line->type = publish_type_name(wanted->type);
        line->wanted = wanted->value;
        line->state = rows[i].state;
        line->found = rows[i].found;
        line->words = rows[i].words;
        line->advice = rows[i].advice;
    }
}

/* Whether the zone is signed, and its signatures hold (RFC 4035 5). */
static void add_dnssec(struct task *t, struct tool_world *world, struct checking *checking) {
    struct dns_answer answer;
    struct slice domain = checking->facts->publish.domain;
    enum dns_result result = trust_look_up(t, &world->lookups, domain, DNS_SOA, &answer);
    struct check_line *line = check_line_add(checking->lines, "dnssec", domain, PUBLISH_MAY);
    if (result == DNS_BOGUS)
        check_line_wrong(
            line, SLICE("the zone's signatures do not hold: many see nothing of the domain"),
            SLICE("look at the DS record at the registrar, and at the zone's keys and signatures"));
    else if (trust_is_unsure(result)) {
        line->state = DNSCHECK_UNKNOWN;
        line->words = SLICE("DNS gave no answer");
    } else if (answer.is_secure)
        line->found = SLICE("signed");
    else {
        line->state = DNSCHECK_MISSING;
        line->words = SLICE("the zone is not signed, or there are no trust anchors here to see it by");
        line->advice = SLICE("sign it where your DNS provider can: then TLSA records count");
    }
}

/* ---- saying it ---- */

static size_t count_failing(const struct check_lines *lines) {
    size_t count = 0;
    for (size_t i = 0; i < lines->count; i++) count += check_line_fails(&lines->items[i]);
    return count;
}

static void print_line(const struct check_line *line) {
    static const char *const words[DNSCHECK_STATES] = {"right", "WRONG", "MISSING", "UNKNOWN"};
    bool is_optional = line->state == DNSCHECK_MISSING && line->necessity == PUBLISH_MAY;
    (void)printf("%-8s %-12s %-5s %.*s\n", is_optional ? "-" : words[line->state], line->kind, line->type,
                 SLICE_PRINT(line->name));
    if (line->state == DNSCHECK_RIGHT && line->words.len)
        (void)printf("           (%.*s)\n", SLICE_PRINT(line->words));
    if (line->state == DNSCHECK_RIGHT) return;
    if (line->words.len) (void)printf("           %.*s\n", SLICE_PRINT(line->words));
    if (line->wanted.len) (void)printf("           should be: %.*s\n", SLICE_PRINT(line->wanted));
    if (line->found.len && line->state == DNSCHECK_WRONG)
        (void)printf("           is:        %.*s\n", SLICE_PRINT(line->found));
    if (line->advice.len) (void)printf("           -> %.*s\n", SLICE_PRINT(line->advice));
}

static void print_words(const struct check_lines *lines) {
    size_t failing = count_failing(lines);
    for (size_t i = 0; i < lines->count; i++) print_line(&lines->items[i]);
    if (failing == 0)
        (void)printf("\nAll is right.\n");
    else
        (void)printf("\n%zu of %zu to mend.\n", failing, lines->count);
}

static json_t *line_json(const struct check_line *line) {
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o}", "kind", line->kind, "name",
                     tool_text_json(line->name), "type", line->type, "necessity",
                     publish_necessity_word(line->necessity), "state", dnscheck_state_word(line->state),
                     "fails", check_line_fails(line), "wanted", tool_text_json(line->wanted), "found",
                     tool_text_json(line->found), "words", tool_text_json(line->words), "advice",
                     tool_text_json(line->advice));
}

static void print_json(const struct tool_world *world, const struct checking *checking) {
    json_t *list = json_array();
    for (size_t i = 0; i < checking->lines->count; i++)
        (void)json_array_append_new(list, line_json(&checking->lines->items[i]));
    tool_print_json(
        json_pack("{s:o, s:o, s:b, s:o, s:o}", "domain", tool_text_json(checking->facts->publish.domain),
                  "host", tool_text_json(checking->facts->publish.host), "right",
                  count_failing(checking->lines) == 0, "lines", list, "lookups", tool_lookups_json(world)));
}

static void look(struct task *t, struct tool_world *world) {
    struct checking *checking = world->context;
    add_records(t, world, checking);
    add_dnssec(t, world, checking);
    reach_look(t, world->cli->arena, checking->facts, checking->lines);
    reach_policy(t, world->cli->arena, checking->facts, checking->lines);
    if (world->cli->is_json)
        print_json(world, checking);
    else
        print_words(checking->lines);
    world->status = count_failing(checking->lines) ? EXIT_FAILED : EXIT_DONE;
}

int command_domain_check(struct cli *cli) {
    struct checking checking = {.facts = ARENA_NEW(cli->arena, struct domain_facts),
                                .lines = ARENA_NEW(cli->arena, struct check_lines)};
    int status = domain_facts_read(cli, cli->words[1], checking.facts);
    if (status) return status;
    checking.rows = publish_rows(cli->arena, &checking.facts->publish);
    return tool_run(cli, look, &checking);
}
