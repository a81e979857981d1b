/* tool: looks at things as the server does. */
#include <errno.h>
#include <stdio.h>

#include "analyse/report.h"
#include "app/cli.h"
#include "app/probe.h"
#include "base/limits.h"
#include "io/real/read_file.h"

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

int command_tool(struct cli *cli) {
    if (slice_equal(cli->words[0], SLICE("mime"))) return tool_mime(cli);
    if (slice_equal(cli->words[0], SLICE("walls"))) return probe_walls(cli);
    return cli_misuse(cli, "unknown tool '%.*s'", SLICE_PRINT(cli->words[0]));
}
