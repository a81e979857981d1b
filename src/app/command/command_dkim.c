/* domain dkim: asks the store, and says what is to be published. */
#include <stdio.h>

#include "app/cli/command_ask.h"
#include "app/settings/bytes_text.h"

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const char *moment_of(char text[WORDS_BYTES], const json_t *object, const char *key) {
    return moment_text(text, json_integer_value(json_object_get(object, key)));
}

static void print_state(const json_t *key) {
    char since[WORDS_BYTES];
    char until[WORDS_BYTES];
    const char *state = text_of(key, "state");
    (void)moment_of(since, key, "since_ms");
    if (strcmp(state, "waiting") == 0)
        (void)printf("to be published; signs as soon as that is seen\n");
    else if (strcmp(state, "signing") == 0)
        (void)printf("signs since %s; must be published\n", since);
    else if (strcmp(state, "retired") == 0)
        (void)printf("signed until %s; must stay published until %s\n", since,
                     moment_of(until, key, "until_ms"));
    else
        (void)printf("was used before; need not be published\n");
}

static void print_key(const json_t *key) {
    (void)printf("%s  ", text_of(key, "name"));
    print_state(key);
    if (json_object_get(key, "record")) (void)printf("    TXT %s\n", text_of(key, "record"));
}

static void print_look(const json_t *look) {
    const char *result = text_of(look, "result");
    const char *words = strcmp(result, "seen") == 0    ? "is published, and signs from now on"
                        : strcmp(result, "other") == 0 ? "has another record still"
                        : strcmp(result, "missing") == 0
                            ? "is not published yet"
                            : "could not be looked up; it is tried again every 10 minutes";
    (void)printf("%s %s\n", text_of(look, "name"), words);
}

static void print_answer(const json_t *answer) {
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(answer, "looks"), i, item) print_look(item);
    json_array_foreach(json_object_get(answer, "keys"), i, item) print_key(item);
}

int command_domain_dkim(struct cli *cli) {
    bool is_rotation = cli->word_count > 1 && slice_equal(cli->words[1], SLICE("rotate"));
    bool is_list = cli->word_count > 1 && slice_equal(cli->words[1], SLICE("list"));
    if (!is_rotation && !is_list) return cli_misuse(cli, "domain dkim is followed by list or rotate");
    if (cli->word_count < 3) return cli_misuse(cli, "domain dkim needs a domain");
    if (is_list && (cli->is_now || cli->is_forced))
        return cli_misuse(cli, "--now and --force belong to domain dkim rotate");
    if (cli->is_now && cli->is_forced) return cli_misuse(cli, "--now and --force are two different things");
    struct admin_request request = command_request(cli);
    if (cli->is_now) request.words[request.word_count++] = SLICE("now");
    if (cli->is_forced) request.words[request.word_count++] = SLICE("force");
    return command_ask(cli, &request, print_answer, NULL);
}
