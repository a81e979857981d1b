/* preflight: what receivers conclude about a message before it is sent. */
#include <stdio.h>

#include "app/cli/message_source.h"
#include "app/domain/preflight_look.h"
#include "trust/difference.h"

enum { SHOWN_BYTES_MAX = 300 };

/* ---- findings ---- */

struct judged {
    struct preflight_findings findings[PREFLIGHT_RECEIVERS];
    bool is_asked[PREFLIGHT_RECEIVERS];
};

/* DNS did not say what a conclusion would rest on. */
static bool is_unsure(const struct preflight_look *look) {
    return look->judged.spf == TRUST_TEMPERROR || look->judged.dkim == TRUST_TEMPERROR ||
           look->judged.iprev == TRUST_TEMPERROR || look->dmarc.result == TRUST_TEMPERROR;
}

static void judge(struct cli *cli, const struct preflight_look *look, struct judged *judged) {
    for (size_t i = 0; i < PREFLIGHT_RECEIVERS; i++) {
        judged->is_asked[i] = !is_unsure(look) && (look->recipient.len == 0 || look->receiver == i);
        if (judged->is_asked[i])
            judged->findings[i] = preflight_judge(cli->arena, &look->judged, (enum preflight_receiver)i);
    }
}

/* The first answer that it would be refused or put off with, or NULL. */
static const struct preflight_finding *answer_of(const struct preflight_findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].weight == PREFLIGHT_REFUSED) return &findings->items[i];
    return NULL;
}

static struct slice code_of(const struct preflight_finding *finding) {
    return finding->code.len ? finding->code : finding->put_off;
}

static bool is_refused(const struct judged *judged) {
    for (size_t i = 0; i < PREFLIGHT_RECEIVERS; i++)
        if (answer_of(&judged->findings[i])) return true;
    return false;
}

static const char *result_word(const struct preflight_look *look, const struct judged *judged) {
    if (is_unsure(look)) return "unknown";
    return is_refused(judged) ? "refused" : "taken";
}

/* ---- in words ---- */

/* What the message says, fit for a terminal. */
static struct slice shown(struct cli *cli, struct slice text) {
    return difference_shown(cli->arena, text, SHOWN_BYTES_MAX);
}

static void print_check(struct cli *cli, const char *name, enum trust_result result, struct slice words) {
    (void)printf("%-6s %-9s %.*s\n", name, trust_result_word(result), SLICE_PRINT(shown(cli, words)));
}

static void print_ways(struct cli *cli, const struct preflight_look *look) {
    for (size_t i = 0; i < look->way_count; i++) {
        const struct preflight_way *way = &look->ways[i];
        struct buffer address = buffer_new(64);
        dns_address_text(&way->address, &address);
        print_check(cli, "SPF", way->spf.result, way->spf.reason);
        print_check(cli, "PTR", way->iprev.result,
                    arena_printf(cli->arena, "%.*s: %.*s", SLICE_PRINT(buffer_slice(&address)),
                                 SLICE_PRINT(way->iprev.name)));
        buffer_free(&address);
    }
}

static void print_signatures(struct cli *cli, const struct preflight_look *look) {
    for (size_t i = 0; i < look->dkim.count; i++) {
        const struct dkim_result *result = &look->dkim.signatures[i];
        print_check(cli, "DKIM", result->result,
                    arena_printf(cli->arena, "%.*s (%.*s)%s%s", SLICE_PRINT(result->domain),
                                 SLICE_PRINT(result->selector), result->fault ? ": " : "",
                                 dkim_fault_words(result->fault)));
    }
    if (look->is_to_be_signed)
        print_check(cli, "DKIM", look->planned,
                    arena_printf(cli->arena, "%.*s will be signed for when it leaves%s%.*s",
                                 SLICE_PRINT(look->facts.publish.domain), look->planned_words.len ? "; " : "",
                                 SLICE_PRINT(look->planned_words)));
    else if (look->dkim.count == 0)
        print_check(cli, "DKIM", TRUST_NONE, SLICE("it has no signature, and this host does not sign it"));
}

static void print_finding(const struct preflight_finding *finding) {
    struct slice code = code_of(finding);
    bool has_both = finding->code.len && finding->put_off.len;
    (void)printf("  %-11.*s %.*s", (int)code.len, code.len ? (const char *)code.ptr : "",
                 SLICE_PRINT(finding->text));
    if (has_both) (void)printf(" (or %.*s)", SLICE_PRINT(finding->put_off));
    (void)printf("\n              -> %.*s\n", SLICE_PRINT(finding->advice));
}

static void print_receiver(enum preflight_receiver receiver, const struct preflight_findings *findings) {
    const struct preflight_finding *answer = answer_of(findings);
    const char *verdict = answer                ? "would not take it"
                          : findings->count > 0 ? "would take it, and not like it"
                                                : "would take it";
    (void)printf("\n%s: %s\n", preflight_receiver_word(receiver), verdict);
    for (size_t i = 0; i < findings->count; i++) print_finding(&findings->items[i]);
}

static void print_words(struct cli *cli, const struct preflight_look *look, const struct judged *judged) {
    (void)printf("From %.*s, envelope <%.*s>, %llu bytes\n", SLICE_PRINT(shown(cli, look->author.address)),
                 SLICE_PRINT(shown(cli, look->sender)), (unsigned long long)look->form.bytes);
    print_ways(cli, look);
    print_signatures(cli, look);
    print_check(cli, "DMARC", look->dmarc.result, look->dmarc.why);
    if (look->facts.route.len)
        (void)printf("It leaves through the route \"%.*s\", whose host has an address and name of its own.\n",
                     SLICE_PRINT(look->facts.route));
    if (is_unsure(look))
        (void)printf("\nDNS gave no answer to some of it, so nothing can be concluded: try again later.\n");
    for (size_t i = 0; i < PREFLIGHT_RECEIVERS; i++)
        if (judged->is_asked[i]) print_receiver((enum preflight_receiver)i, &judged->findings[i]);
}

/* ---- as JSON ---- */

static json_t *finding_json(const struct preflight_finding *finding) {
    static const char *const weights[] = {"refused", "disliked", "advice"};
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "weight", weights[finding->weight], "code",
                     tool_text_json(finding->code), "put_off", tool_text_json(finding->put_off), "text",
                     tool_text_json(finding->text), "advice", tool_text_json(finding->advice));
}

static json_t *receiver_json(enum preflight_receiver receiver, const struct preflight_findings *findings) {
    const struct preflight_finding *answer = answer_of(findings);
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++)
        (void)json_array_append_new(list, finding_json(&findings->items[i]));
    return json_pack("{s:s, s:b, s:o, s:o}", "receiver", preflight_receiver_word(receiver), "takes",
                     answer == NULL, "answer", tool_text_json(answer ? code_of(answer) : SLICE("")),
                     "findings", list);
}

static json_t *checks_json(const struct preflight_look *look) {
    const struct preflight_facts *judged = &look->judged;
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b}", "spf", trust_result_word(judged->spf), "dkim",
                     trust_result_word(judged->dkim), "dmarc", trust_result_word(look->dmarc.result), "iprev",
                     trust_result_word(judged->iprev), "tls", judged->is_tls, "will_be_signed",
                     look->is_to_be_signed, "aligned", judged->is_spf_aligned || judged->is_dkim_aligned);
}

static void print_json(const struct tool_world *world, const struct preflight_look *look,
                       const struct judged *judged) {
    json_t *receivers = json_array();
    for (size_t i = 0; i < PREFLIGHT_RECEIVERS; i++)
        if (judged->is_asked[i])
            (void)json_array_append_new(receivers,
                                        receiver_json((enum preflight_receiver)i, &judged->findings[i]));
    tool_print_json(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "result", result_word(look, judged), "from",
                              tool_text_json(look->author.address), "sender", tool_text_json(look->sender),
                              "checks", checks_json(look), "receivers", receivers, "lookups",
                              tool_lookups_json(world)));
}

/* ---- what is looked at ---- */

static void look_at_message(struct task *t, struct tool_world *world) {
    struct preflight_look *look = world->context;
    struct judged judged = {0};
    preflight_look_at(t, world, look);
    judge(world->cli, look, &judged);
    if (world->cli->is_json)
        print_json(world, look, &judged);
    else
        print_words(world->cli, look, &judged);
    world->status = is_unsure(look) || is_refused(&judged) ? EXIT_FAILED : EXIT_DONE;
}

static int read_address(struct cli *cli, struct preflight_look *look) {
    struct publish_facts *facts = &look->facts.publish;
    if (!cli->tool.ip && facts->address_count == 0)
        return cli_fail(
            "this host's address is not known: say --ip, or set dns.public_addresses in posthaste.conf");
    if (!cli->tool.ip) return EXIT_DONE;
    if (!dns_address_parse(slice_from_text(cli->tool.ip), &look->facts.addresses[0]))
        return cli_misuse(cli, "'%s' is no address", cli->tool.ip);
    facts->address_count = 1;
    return EXIT_DONE;
}

static struct slice sender_of(const struct cli *cli, const struct preflight_look *look,
                              struct slice return_path, bool has_return_path) {
    if (cli->tool.from) return slice_from_text(strcmp(cli->tool.from, "<>") == 0 ? "" : cli->tool.from);
    return has_return_path ? return_path : look->author.address;
}

int command_preflight(struct cli *cli) {
    struct preflight_look *it = ARENA_NEW(cli->arena, struct preflight_look);
    struct slice return_path = SLICE("");
    bool has_return_path = false;
    int status = message_source_read(cli, cli->words[0], &it->message, &return_path, &has_return_path);
    if (status) return status;
    it->form = preflight_message_read(it->message);
    it->author = author_of_header(cli->arena, slice_sub(it->message, 0, it->form.header_bytes));
    it->sender = sender_of(cli, it, return_path, has_return_path);
    status =
        domain_facts_of_host(cli, it->author.domain_count ? it->author.domains[0] : SLICE(""), &it->facts);
    if (status == EXIT_DONE) status = read_address(cli, it);
    if (status) return status;
    (void)domain_facts_of_store(cli, &it->facts);
    it->helo = cli->tool.helo ? slice_from_text(cli->tool.helo) : it->facts.publish.host;
    it->recipient = slice_from_text(cli->preflight.to);
    it->is_bulk = cli->preflight.is_bulk;
    it->volume = cli->preflight.volume;
    it->usual = cli->preflight.usual;
    return tool_run(cli, look_at_message, it);
}
