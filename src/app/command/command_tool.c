/* tool: looks at things as the server does. */
#include <errno.h>
#include <stdio.h>

#include "analyse/report.h"
#include "app/cli/cli.h"
#include "app/cli/tool_world.h"
#include "app/serve/probe.h"
#include "app/tool/tool_classify.h"
#include "app/tool/tool_dkim.h"
#include "app/tool/tool_dmarc.h"
#include "app/tool/tool_spf.h"
#include "app/tool/tool_tls.h"
#include "base/limits.h"
#include "io/real/read_file.h"
#include "trust/iprev.h"

static int tool_mime(struct cli *cli) {
    if (cli->word_count != 2) return cli_misuse(cli, "which file?");
    struct slice message;
    const char *path = (const char *)cli->words[1].ptr;
    int result = read_file(cli->arena, path, MIB(512), &message);
    if (result) return cli_fail("%s: %s", path, strerror(-result));
    struct buffer text = buffer_new(MIB(512));
    enum mime_report_result reported = mime_report(message, cli->is_json, &text);
    int status = EXIT_DONE;
    if (reported != MIME_REPORT_OK)
        status = cli_fail("%s: too much for one report", path);
    else
        (void)fwrite(text.ptr, 1, text.len, stdout);
    buffer_free(&text);
    return status;
}

/* ---- iprev ---- */

static void look_at_names(struct task *t, struct tool_world *world) {
    const struct dns_address *address = world->context;
    struct iprev iprev = iprev_check(t, &world->lookups, address);
    const char *word = trust_result_word(iprev.result);
    world->status = iprev.result == TRUST_PASS ? EXIT_DONE : EXIT_FAILED;
    if (world->cli->is_json) {
        json_t *json = json_pack("{s:s, s:o, s:o}", "result", word, "name", tool_text_json(iprev.name),
                                 "lookups", tool_lookups_json(world));
        tool_print_json(json);
        return;
    }
    (void)printf("iprev: %s %.*s\n", word, SLICE_PRINT(iprev.name));
    tool_lookups_print(world);
}

static int tool_iprev(struct cli *cli) {
    struct dns_address address;
    if (!cli->tool.ip) return cli_misuse(cli, "--ip is missing");
    if (!dns_address_parse(slice_from_text(cli->tool.ip), &address))
        return cli_misuse(cli, "'%s' is no address", cli->tool.ip);
    return tool_run(cli, look_at_names, &address);
}

int command_tool(struct cli *cli) {
    if (slice_equal(cli->words[0], SLICE("arc"))) return tool_arc(cli);
    if (slice_equal(cli->words[0], SLICE("classify"))) return tool_classify(cli);
    if (slice_equal(cli->words[0], SLICE("dkim"))) return tool_dkim(cli);
    if (slice_equal(cli->words[0], SLICE("dmarc"))) return tool_dmarc(cli);
    if (slice_equal(cli->words[0], SLICE("dane"))) return tool_dane(cli);
    if (slice_equal(cli->words[0], SLICE("mta-sts"))) return tool_mta_sts(cli);
    if (slice_equal(cli->words[0], SLICE("iprev"))) return tool_iprev(cli);
    if (slice_equal(cli->words[0], SLICE("mime"))) return tool_mime(cli);
    if (slice_equal(cli->words[0], SLICE("spf"))) return tool_spf(cli);
    if (slice_equal(cli->words[0], SLICE("walls"))) return probe_walls(cli);
    return cli_misuse(cli, "unknown tool '%.*s'", SLICE_PRINT(cli->words[0]));
}
