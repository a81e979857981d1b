#include "app/tool/tool_classify.h"

#include <errno.h>
#include <stdio.h>

#include "analyse/classify_report.h"
#include "base/limits.h"
#include "base/limits_classify.h"
#include "io/real/read_file.h"

static int classify_file(struct cli *cli, const char *path, enum classify_report_form form) {
    struct slice message;
    int result = read_file(cli->arena, path, MIB(512), &message);
    if (result) return cli_fail("%s: %s", path, strerror(-result));
    struct arena *arena = arena_new(CLASSIFY_ARENA_BYTES_MAX);
    struct buffer text = buffer_new(MIB(16));
    int status = EXIT_DONE;
    const struct classification *c = classify_message(arena, message);
    if (classify_report(c, slice_from_text(path), form, &text) != CLASSIFY_REPORT_OK)
        status = cli_fail("%s: too much for one report", path);
    else
        (void)fwrite(text.ptr, 1, text.len, stdout);
    buffer_free(&text);
    arena_free(&arena);
    return status;
}

int tool_classify(struct cli *cli) {
    if (cli->word_count < 2) return cli_misuse(cli, "which file?");
    bool is_only = cli->word_count == 2;
    enum classify_report_form form = CLASSIFY_WORDS;
    if (cli->is_json) form = is_only ? CLASSIFY_JSON : CLASSIFY_JSON_LINE;
    int status = EXIT_DONE;
    for (size_t i = 1; i < cli->word_count; i++) {
        const char *path = (const char *)cli->words[i].ptr;
        if (!is_only && !cli->is_json) (void)printf("%s%s:\n", i > 1 ? "\n" : "", path);
        int one = classify_file(cli, path, form);
        if (one != EXIT_DONE) status = one;
    }
    return status;
}
