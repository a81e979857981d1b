/* queue, trace: ask the store, then say in words what waits, and what happened. */
#include <inttypes.h>
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

/* "at no time" where there is none. */
static const char *moment_of(char text[WORDS_BYTES], const json_t *object, const char *key) {
    const json_t *moment = json_object_get(object, key);
    return json_is_integer(moment) ? moment_text(text, json_integer_value(moment)) : "at no time";
}

/* Further lines of a text stand below its first. */
static void print_indented(const char *text, const char *indent) {
    for (const char *c = text; *c; c++) {
        (void)putchar(*c);
        if (*c == '\n' && c[1]) (void)fputs(indent, stdout);
    }
    (void)putchar('\n');
}

/* ---- list ---- */

/* A domain, or a route's name. */
enum { NAME_BYTES = 300 };

static void name_destination(char out[NAME_BYTES], const json_t *line) {
    const char *domain = text_of(line, "domain");
    const char *route = text_of(line, "route");
    if (domain[0])
        (void)snprintf(out, NAME_BYTES, "%s", domain);
    else
        (void)snprintf(out, NAME_BYTES, "route %s", route[0] ? route : "that is gone");
}

static void print_destination(const json_t *line) {
    char oldest[WORDS_BYTES];
    char next[WORDS_BYTES];
    char where[NAME_BYTES];
    name_destination(where, line);
    (void)printf("%-30s %8" JSON_INTEGER_FORMAT " waiting %8" JSON_INTEGER_FORMAT
                 " held   oldest %s   next try %s\n",
                 where, number_of(line, "waiting"), number_of(line, "held"),
                 moment_of(oldest, line, "oldest_ms"), moment_of(next, line, "next_ms"));
    if (!text_of(line, "reason")[0]) return;
    (void)printf("    not reached %" JSON_INTEGER_FORMAT " time%s: ", number_of(line, "failures"),
                 number_of(line, "failures") == 1 ? "" : "s");
    print_indented(text_of(line, "reason"), "    ");
}

static void print_destinations(const json_t *answer) {
    size_t i;
    json_t *line;
    const json_t *list = json_object_get(answer, "destinations");
    json_array_foreach(list, i, line) print_destination(line);
    json_int_t more = number_of(answer, "destination_count") - (json_int_t)json_array_size(list);
    if (more > 0) (void)printf("and %" JSON_INTEGER_FORMAT " more\n", more);
    (void)printf("%" JSON_INTEGER_FORMAT " waiting, %" JSON_INTEGER_FORMAT " held, %" JSON_INTEGER_FORMAT
                 " of which the sender is to be told\n",
                 number_of(answer, "waiting"), number_of(answer, "held"), number_of(answer, "reporting"));
}

static const char *sender_of(const json_t *object) {
    const char *from = text_of(object, "from");
    return from[0] ? from : "<> (a report)";
}

static void print_message(const json_t *line) {
    char accepted[WORDS_BYTES];
    char next[WORDS_BYTES];
    char bytes[WORDS_BYTES];
    json_int_t recipients =
        number_of(line, "waiting") + number_of(line, "held") + number_of(line, "reporting");
    (void)printf("%s  %s  %s  %s to %s", text_of(line, "id"), moment_of(accepted, line, "accepted_ms"),
                 bytes_text(bytes, (uint64_t)number_of(line, "bytes")), sender_of(line), text_of(line, "to"));
    if (recipients > 1) (void)printf(" and %" JSON_INTEGER_FORMAT " more", recipients - 1);
    if (number_of(line, "waiting")) (void)printf("; next try %s", moment_of(next, line, "next_ms"));
    if (number_of(line, "held")) (void)printf("; %" JSON_INTEGER_FORMAT " held", number_of(line, "held"));
    if (number_of(line, "reporting")) (void)printf("; its sender is to be told");
    (void)putchar('\n');
}

static void print_messages(const json_t *answer) {
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(answer, "queued"), i, line) print_message(line);
    if (i == 0) (void)printf("nothing\n");
    const char *more = text_of(answer, "more_after");
    if (more[0]) (void)printf("and more: posthaste queue list messages after=%s\n", more);
}

/* ---- history ---- */

static void print_outcome(const json_t *recipient) {
    char next[WORDS_BYTES];
    (void)printf("    %s: %s", text_of(recipient, "address"), text_of(recipient, "outcome"));
    if (text_of(recipient, "host")[0]) (void)printf(" by %s", text_of(recipient, "host"));
    if (json_is_integer(json_object_get(recipient, "next_ms")))
        (void)printf(", again %s", moment_of(next, recipient, "next_ms"));
    (void)printf(" (%s)\n      ", text_of(recipient, "status"));
    print_indented(text_of(recipient, "reply"), "      ");
    const json_t *explanation = json_object_get(recipient, "explanation");
    if (!explanation) return;
    (void)printf("      = %s\n", text_of(explanation, "what"));
    (void)printf("      > %s\n", text_of(explanation, "postmaster"));
}

static void print_step_recipients(const json_t *step) {
    size_t i;
    json_t *recipient;
    const json_t *list = json_object_get(step, "recipients");
    json_array_foreach(list, i, recipient) {
        if (json_object_get(recipient, "outcome"))
            print_outcome(recipient);
        else
            (void)printf("    %s\n", text_of(recipient, "address"));
    }
    json_int_t more = number_of(step, "recipient_count") - (json_int_t)json_array_size(list);
    if (more > 0) (void)printf("    and %" JSON_INTEGER_FORMAT " more\n", more);
}

static void print_step(const json_t *step) {
    char at[WORDS_BYTES];
    char bytes[WORDS_BYTES];
    (void)printf("%s  %s", moment_of(at, step, "at_ms"), text_of(step, "what"));
    if (json_object_get(step, "from"))
        (void)printf(" from %s, %s, Message-ID <%s>", sender_of(step),
                     bytes_text(bytes, (uint64_t)number_of(step, "bytes")), text_of(step, "message_id"));
    if (text_of(step, "domain")[0]) (void)printf(" at %s", text_of(step, "domain"));
    if (text_of(step, "report")[0]) (void)printf(" by %s", text_of(step, "report"));
    (void)putchar('\n');
    print_step_recipients(step);
    if (!text_of(step, "record")[0]) return;
    (void)printf("      | ");
    print_indented(text_of(step, "record"), "      | ");
}

static void print_history(const json_t *answer) {
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(answer, "history"), i, step) print_step(step);
}

static void print_mailboxes(const json_t *answer) {
    char at[WORDS_BYTES];
    char bytes[WORDS_BYTES];
    size_t i;
    json_t *place;
    const json_t *mailboxes = json_object_get(answer, "mailboxes");
    if (!mailboxes) return;
    (void)printf("%s  stored, %s\n", moment_of(at, answer, "received_ms"),
                 bytes_text(bytes, (uint64_t)number_of(answer, "bytes")));
    json_array_foreach(mailboxes, i, place)(void)
        printf("    %s: %s, UID %" JSON_INTEGER_FORMAT ", since %s\n", text_of(place, "address"),
               text_of(place, "mailbox"), number_of(place, "uid"), moment_of(at, place, "saved_ms"));
    if (i == 0) (void)printf("    in no mailbox\n");
}

/* ---- one message ---- */

static void print_waiting(const json_t *recipient) {
    char next[WORDS_BYTES];
    (void)printf("    %s: %s, %" JSON_INTEGER_FORMAT " attempt%s", text_of(recipient, "address"),
                 text_of(recipient, "state"), number_of(recipient, "attempts"),
                 number_of(recipient, "attempts") == 1 ? "" : "s");
    if (json_is_integer(json_object_get(recipient, "next_ms")))
        (void)printf(", next %s", moment_of(next, recipient, "next_ms"));
    (void)putchar('\n');
    if (!text_of(recipient, "reply")[0]) return;
    (void)printf("      %s: ", text_of(recipient, "host"));
    print_indented(text_of(recipient, "reply"), "      ");
}

static void print_shown(const json_t *answer) {
    char accepted[WORDS_BYTES];
    char bytes[WORDS_BYTES];
    size_t i;
    json_t *recipient;
    (void)printf("%s from %s, %s, %s, accepted %s\n", text_of(answer, "id"), sender_of(answer),
                 bytes_text(bytes, (uint64_t)number_of(answer, "bytes")), text_of(answer, "stream"),
                 moment_of(accepted, answer, "accepted_ms"));
    json_array_foreach(json_object_get(answer, "recipients"), i, recipient) print_waiting(recipient);
    (void)printf("history\n");
    print_history(answer);
}

static void print_trace(const json_t *answer) {
    (void)printf("%s\n", text_of(answer, "id"));
    print_mailboxes(answer);
    print_history(answer);
}

/* ---- asking ---- */

static void print_answer(const json_t *answer) {
    if (json_object_get(answer, "destinations"))
        print_destinations(answer);
    else if (json_object_get(answer, "queued"))
        print_messages(answer);
    else if (json_is_array(json_object_get(answer, "recipients")))
        print_shown(answer);
    else if (json_object_get(answer, "history"))
        print_trace(answer);
    else
        (void)printf("%" JSON_INTEGER_FORMAT " recipient%s %s\n", number_of(answer, "recipients"),
                     number_of(answer, "recipients") == 1 ? "" : "s", text_of(answer, "done"));
}

static int ask(struct cli *cli) {
    struct admin_request request = command_request(cli);
    return command_ask(cli, &request, print_answer, NULL);
}

int command_queue(struct cli *cli) {
    static const struct {
        const char *verb;
        size_t words_min;
        size_t words_max;
    } verbs[] = {{"list", 1, 5},    {"show", 2, 2},   {"retry", 2, 3},  {"hold", 2, 3},
                 {"release", 2, 3}, {"remove", 2, 3}, {"bounce", 2, 3}, {"stream", 3, 3}};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!slice_equal(cli->words[0], slice_from_text(verbs[i].verb))) continue;
        if (cli->word_count < verbs[i].words_min) return cli_misuse(cli, "queue %s: of what?", verbs[i].verb);
        if (cli->word_count > verbs[i].words_max)
            return cli_misuse(cli, "queue %s: too many words", verbs[i].verb);
        return ask(cli);
    }
    return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[0]));
}

int command_trace(struct cli *cli) { return ask(cli); }
