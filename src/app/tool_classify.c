#include "app/tool_classify.h"

#include <errno.h>
#include <stdio.h>

#include "analyse/classify_report.h"
#include "base/limits.h"
#include "base/limits_classify.h"
#include "io/real/read_file.h"

int tool_classify(struct cli *cli) {
    if (cli->word_count != 2) return cli_misuse(cli, "which file?");
    struct slice message;
    const char *path = (const char *)cli->words[1].ptr;
    int result = read_file(cli->arena, path, MIB(512), &message);
    if (result) return cli_fail("%s: %s", path, strerror(-result));
    struct arena *arena = arena_new(CLASSIFY_ARENA_BYTES_MAX);
    struct buffer text = buffer_new(MIB(16));
    int status = EXIT_DONE;
    if (classify_report(classify_message(arena, message), cli->is_json, &text) != CLASSIFY_REPORT_OK)
        status = cli_fail("%s: too much for one report", path);
    else
        (void)fwrite(text.ptr, 1, text.len, stdout);
    buffer_free(&text);
    arena_free(&arena);
    return status;
}
