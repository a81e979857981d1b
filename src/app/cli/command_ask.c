#include "app/cli/command_ask.h"

#include <stdio.h>

struct admin_request command_request(const struct cli *cli) {
    struct admin_request request = {.words = {slice_from_text(cli->command->name)},
                                    .word_count = 1 + cli->word_count};
    for (size_t i = 0; i < cli->word_count; i++) request.words[i + 1] = cli->words[i];
    return request;
}

int command_ask(struct cli *cli, const struct admin_request *request, void (*print)(const json_t *answer),
                const char *verdict) {
    json_t *answer = admin_ask(cli->data, request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = EXIT_DONE;
    if (error)
        status = cli_fail("%s", error);
    else if (cli->is_json)
        (void)(json_dumpf(answer, stdout, JSON_INDENT(2)), putchar('\n'));
    else
        print(answer);
    if (verdict && json_is_false(json_object_get(answer, verdict))) status = EXIT_FAILED;
    json_decref(answer);
    return status;
}
