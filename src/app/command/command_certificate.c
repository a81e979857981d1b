/* certificate: what is known of the one that ACME brought, and having one ordered now. */
#include <stdio.h>

#include "app/cli/command_ask.h"
#include "app/settings/bytes_text.h"

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static void print_moment(const char *title, const json_t *object, const char *key) {
    char text[WORDS_BYTES];
    json_int_t at_ms = number_of(object, key);
    if (at_ms) (void)printf("%-12s%s\n", title, moment_text(text, at_ms));
}

static void print_names(const json_t *names) {
    size_t i;
    const json_t *name;
    json_array_foreach(names, i, name)(void) printf("%-12s%s\n", i ? "" : "names", json_string_value(name));
}

static void print_left_out(const json_t *list) {
    size_t i;
    const json_t *item;
    char text[WORDS_BYTES];
    json_array_foreach(list, i, item)(void)
        printf("%-12s%s, until %s: the CA could not check it\n", i ? "" : "left out", text_of(item, "name"),
               moment_text(text, number_of(item, "until_ms")));
}

static void print_trouble(const json_t *state) {
    if (!number_of(state, "failures")) return;
    (void)printf("%-12s%s\n", "problem", text_of(state, "problem"));
    if (*text_of(state, "advice")) (void)printf("%-12s%s\n", "to do", text_of(state, "advice"));
    (void)printf("%-12s%" JSON_INTEGER_FORMAT " time%s\n", "failed", number_of(state, "failures"),
                 number_of(state, "failures") == 1 ? "" : "s");
}

static void print_state(const json_t *state) {
    const json_t *enabled = json_object_get(state, "enabled");
    bool has_one = json_array_size(json_object_get(state, "names")) > 0;
    if (json_is_false(enabled)) (void)printf("acme.enabled is not set: certificates are the owner's own\n");
    if (*text_of(state, "directory")) (void)printf("%-12s%s\n", "CA", text_of(state, "directory"));
    if (!has_one) (void)printf("no certificate was got by ACME yet\n");
    print_names(json_object_get(state, "names"));
    if (has_one) (void)printf("%-12s%s\n", "issuer", text_of(state, "issuer"));
    print_moment("from", state, "not_before_ms");
    print_moment("until", state, "not_after_ms");
    print_moment("renewal", state, "renew_ms");
    print_left_out(json_object_get(state, "left_out"));
    print_moment("last tried", state, "tried_ms");
    print_trouble(state);
    if (!json_is_false(enabled)) print_moment("next look", state, "next_ms");
}

static void print_answer(const json_t *answer) {
    const char *result = text_of(answer, "result");
    if (strcmp(result, "issued") == 0) (void)printf("a new certificate is installed\n");
    if (strcmp(result, "not due") == 0) (void)printf("nothing to do: all names are on the certificate\n");
    if (strcmp(result, "failed") == 0) (void)printf("no new certificate; the one that was there stays\n");
    print_state(json_object_get(answer, "certificate"));
}

int command_certificate(struct cli *cli) {
    static const char *const verbs[] = {"status", "order", "renew"};
    struct admin_request request = command_request(cli);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (slice_equal(cli->words[0], slice_from_text(verbs[i])))
            return command_ask(cli, &request, print_answer, "good");
    return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[0]));
}
