/* webhook: events for other programs. Reads what is wanted, asks the store, and says the answer in words. */
#include <stdio.h>

#include "app/cli/command_ask.h"
#include "app/settings/bytes_text.h"

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static const char *moment_of(char words[WORDS_BYTES], const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? moment_text(words, json_integer_value(value)) : "never";
}

static struct admin_request request_of(const struct cli *cli, struct slice third, struct slice fourth) {
    struct admin_request request = {.words = {SLICE("webhook"), cli->words[0], cli->words[1], third, fourth}};
    request.word_count = 1 + cli->word_count;
    if (third.len) request.word_count++;
    if (fourth.len) request.word_count++;
    return request;
}

/* ---- add, rotate ---- */

static void print_secret(const json_t *answer, const char *done) {
    (void)printf(
        "%s\nThat is the secret of webhook %s. It is shown this once; give it to the receiver, which\n"
        "checks signatures with it (docs/webhooks.md).\n",
        text_of(answer, "secret"), text_of(answer, done));
}

static void print_added(const json_t *answer) { print_secret(answer, "added"); }

static int add(struct cli *cli) {
    const char *kinds = cli->webhook.kinds;
    struct admin_request request = request_of(cli, kinds ? slice_from_text(kinds) : SLICE("*"), SLICE_EMPTY);
    return command_ask(cli, &request, print_added, NULL);
}

static void print_rotated(const json_t *answer) {
    char words[WORDS_BYTES];
    print_secret(answer, "rotated");
    if (json_is_integer(json_object_get(answer, "old_until_ms")))
        (void)printf("The old secret signs beside it until %s.\n", moment_of(words, answer, "old_until_ms"));
    else
        (void)printf("The old secret signs no more.\n");
}

static int rotate(struct cli *cli) {
    struct admin_request request = request_of(cli, slice_from_text(cli->webhook.overlap), SLICE_EMPTY);
    return command_ask(cli, &request, print_rotated, NULL);
}

/* ---- orders ---- */

static void print_order(const json_t *answer) {
    static const char *const done[] = {"enabled", "disabled", "removed"};
    for (size_t i = 0; i < sizeof done / sizeof done[0]; i++)
        if (text_of(answer, done[i])[0]) (void)printf("%s: %s\n", text_of(answer, done[i]), done[i]);
}

static int order(struct cli *cli) {
    struct admin_request request = request_of(cli, SLICE_EMPTY, SLICE_EMPTY);
    return command_ask(cli, &request, print_order, NULL);
}

static void print_replayed(const json_t *answer) {
    char words[WORDS_BYTES];
    if (text_of(answer, "event")[0])
        (void)printf("%s: event %s is sent again\n", text_of(answer, "replayed"), text_of(answer, "event"));
    else
        (void)printf("%s: all events since %s are sent again\n", text_of(answer, "replayed"),
                     moment_of(words, answer, "since_ms"));
}

static int replay(struct cli *cli) {
    const struct webhook_options *options = &cli->webhook;
    if (!options->since == !options->event)
        return cli_misuse(cli, "say what is to be sent again: --since TIME, or --event EVENT");
    struct admin_request request = options->since
                                       ? request_of(cli, SLICE("since"), slice_from_text(options->since))
                                       : request_of(cli, SLICE("event"), slice_from_text(options->event));
    return command_ask(cli, &request, print_replayed, NULL);
}

static void print_test(const json_t *answer) {
    (void)printf("%s: %s, %s\n", text_of(answer, "url"),
                 json_is_true(json_object_get(answer, "good")) ? "good" : "NOT TAKEN",
                 text_of(answer, "detail"));
}

static int test(struct cli *cli) {
    struct admin_request request = request_of(cli, SLICE_EMPTY, SLICE_EMPTY);
    return command_ask(cli, &request, print_test, "good");
}

/* ---- what is to be seen ---- */

static void print_webhook(const json_t *webhook) {
    char success[WORDS_BYTES];
    char failing[WORDS_BYTES];
    (void)printf("%s  %s  %s\n    %s", text_of(webhook, "id"), text_of(webhook, "state"),
                 text_of(webhook, "url"), text_of(webhook, "kinds"));
    (void)printf("; %lld delivered, %lld waiting, %lld given up; last success %s\n",
                 number_of(webhook, "delivered"), number_of(webhook, "waiting"),
                 number_of(webhook, "given_up"), moment_of(success, webhook, "success_ms"));
    if (json_is_integer(json_object_get(webhook, "failing_since_ms")))
        (void)printf("    %lld attempts failed in a row, since %s\n", number_of(webhook, "failures"),
                     moment_of(failing, webhook, "failing_since_ms"));
    if (text_of(webhook, "reason")[0])
        (void)printf("    disabled: %s; posthaste webhook enable goes on\n", text_of(webhook, "reason"));
}

static void print_list(const json_t *answer) {
    const json_t *list = json_object_get(answer, "webhooks");
    size_t i;
    json_t *webhook;
    json_array_foreach(list, i, webhook) print_webhook(webhook);
    if (json_array_size(list) == 0) (void)printf("no webhooks; posthaste webhook add URL makes one\n");
}

static void print_delivery(const json_t *delivery) {
    char last[WORDS_BYTES];
    char next[WORDS_BYTES];
    (void)printf("%s  %-9s  %lld attempts, last %s", text_of(delivery, "event"), text_of(delivery, "state"),
                 number_of(delivery, "attempts"), moment_of(last, delivery, "last_ms"));
    if (json_is_integer(json_object_get(delivery, "next_ms")))
        (void)printf(", next %s", moment_of(next, delivery, "next_ms"));
    (void)printf("  %s\n", text_of(delivery, "detail"));
}

static void print_deliveries(const json_t *answer) {
    size_t i;
    json_t *delivery;
    print_webhook(json_object_get(answer, "webhook"));
    json_array_foreach(json_object_get(answer, "deliveries"), i, delivery) print_delivery(delivery);
    if (json_is_true(json_object_get(answer, "has_more")))
        (void)printf("there are more: --before with the last event above\n");
}

static int deliveries(struct cli *cli) {
    struct admin_request request = request_of(cli, slice_from_text(cli->webhook.before), SLICE_EMPTY);
    return command_ask(cli, &request, print_deliveries, NULL);
}

static void print_types(const json_t *answer) {
    size_t i;
    json_t *type;
    json_array_foreach(json_object_get(answer, "types"), i, type)(void)
        printf("%s\n", json_string_value(type));
}

static int list(struct cli *cli) {
    struct admin_request request = request_of(cli, SLICE_EMPTY, SLICE_EMPTY);
    return command_ask(cli, &request, print_list, NULL);
}

static int types(struct cli *cli) {
    struct admin_request request = request_of(cli, SLICE_EMPTY, SLICE_EMPTY);
    return command_ask(cli, &request, print_types, NULL);
}

/* ---- which ---- */

struct webhook_row {
    struct slice word;
    /* Words in all, this one included. */
    size_t word_count;
    int (*run)(struct cli *cli);
    const char *usage;
};

static const struct webhook_row rows[] = {
    {SLICE_INIT("add"), 2, add, "URL"},
    {SLICE_INIT("list"), 1, list, ""},
    {SLICE_INIT("types"), 1, types, ""},
    {SLICE_INIT("test"), 2, test, "ID"},
    {SLICE_INIT("deliveries"), 2, deliveries, "ID"},
    {SLICE_INIT("replay"), 2, replay, "ID --since TIME"},
    {SLICE_INIT("rotate"), 2, rotate, "ID"},
    {SLICE_INIT("enable"), 2, order, "ID"},
    {SLICE_INIT("disable"), 2, order, "ID"},
    {SLICE_INIT("remove"), 2, order, "ID"},
};

int command_webhook(struct cli *cli) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!slice_equal(rows[i].word, cli->words[0])) continue;
        if (cli->word_count == rows[i].word_count) return rows[i].run(cli);
        return cli_misuse(cli, "webhook %.*s %s", SLICE_PRINT(rows[i].word), rows[i].usage);
    }
    return cli_misuse(cli, "'%.*s' is nothing that webhook does", SLICE_PRINT(cli->words[0]));
}
