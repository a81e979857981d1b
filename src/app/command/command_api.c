/* api: keys for the JSON API, and its document. */
#include <stdio.h>

#include "app/api/api_routes.h"
#include "app/cli/command_ask.h"
#include "app/settings/bytes_text.h"

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_key(const json_t *key) {
    char created[WORDS_BYTES];
    char used[WORDS_BYTES];
    json_int_t used_ms = json_integer_value(json_object_get(key, "used_ms"));
    (void)printf("%s  %s, begins %s, made %s, %s%s\n", text_of(key, "name"), text_of(key, "scope"),
                 text_of(key, "begins"),
                 moment_text(created, json_integer_value(json_object_get(key, "created_ms"))),
                 used_ms ? "last used about " : "never used", used_ms ? moment_text(used, used_ms) : "");
}

static void print_answer(const json_t *answer) {
    const json_t *keys = json_object_get(answer, "keys");
    size_t i;
    const json_t *key;
    json_array_foreach(keys, i, key) print_key(key);
    if (keys && json_array_size(keys) == 0) (void)printf("no keys; posthaste api key add NAME makes one\n");
    if (*text_of(answer, "removed"))
        (void)printf("removed: %s opens nothing any more\n", text_of(answer, "removed"));
    if (*text_of(answer, "key"))
        (void)printf("%s\nThat is the key \"%s\", scope %s. It is shown this once; keep it as a password.\n",
                     text_of(answer, "key"), text_of(answer, "added"), text_of(answer, "scope"));
}

static int print_document(void) {
    json_t *document = api_openapi();
    int result = json_dumpf(document, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(document);
    return result == 0 && printf("\n") > 0 ? EXIT_DONE : EXIT_FAILED;
}

/* "key add NAME [SCOPE]" becomes "api add NAME SCOPE". */
static int ask_keys(struct cli *cli) {
    struct admin_request request = {.word_count = cli->word_count};
    request.words[0] = SLICE("api");
    for (size_t i = 1; i < cli->word_count; i++) request.words[i] = cli->words[i];
    bool is_add = slice_equal(cli->words[1], SLICE("add"));
    bool is_list = slice_equal(cli->words[1], SLICE("list"));
    if (is_add && cli->word_count == 3) request.words[request.word_count++] = SLICE("read");
    if (is_add ? request.word_count != 4 : cli->word_count != (is_list ? 2U : 3U))
        return cli_misuse(cli, "key add NAME [read|write|admin], key list, or key remove NAME");
    return command_ask(cli, &request, print_answer, NULL);
}

int command_api(struct cli *cli) {
    if (slice_equal(cli->words[0], SLICE("openapi")) && cli->word_count == 1) return print_document();
    if (!slice_equal(cli->words[0], SLICE("key")) || cli->word_count < 2)
        return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[0]));
    if (!cli->data) return cli_misuse(cli, "--data DIR is missing");
    return ask_keys(cli);
}
