/* What --help says: of a command, or of one of its words. And which of them was meant. */
#include <stdio.h>

#include "app/cli/cli.h"

enum { TOPIC_COLUMN = 16 };

/* "mailbox add" is meant by these two words; "add" by the first of them. */
static bool is_meant(const struct cli_topic *topic, const struct slice *words, size_t count) {
    struct slice rest = slice_from_text(topic->word);
    for (size_t i = 0; i < count && rest.len; i++) {
        struct slice word = slice_take_until(&rest, ' ');
        (void)slice_take_byte(&rest, ' ');
        if (!slice_equal(word, words[i])) return false;
    }
    return rest.len == 0 && topic->word[0] != '\0';
}

const struct cli_topic *cli_topic_find(const struct cli_command *command, const struct slice *words,
                                       size_t count) {
    for (const struct cli_topic *topic = command->topics; topic && topic->word; topic++)
        if (is_meant(topic, words, count)) return topic;
    return NULL;
}

/* ---- printing ---- */

static void print_topic(const struct cli_command *command, const struct cli_topic *topic) {
    bool has_data = topic->options & WITH(DATA);
    (void)printf("posthaste %s %s: %s\n\nusage: posthaste %s %s%s%s%s\n", command->name, topic->word,
                 topic->summary, command->name, topic->word, topic->usage[0] ? " " : "", topic->usage,
                 has_data ? " --data DIR [--json]" : " [--json]");
    if (topic->help) (void)printf("\n%s", topic->help);
}

/* Those that begin with `first`, or all of them. */
static void print_list(const struct cli_command *command, struct slice first) {
    for (const struct cli_topic *topic = command->topics; topic->word; topic++) {
        struct slice word = slice_from_text(topic->word);
        if (word.len == 0 && first.len == 0) (void)printf("\n%s\n", topic->summary);
        if (word.len && slice_starts(word, first))
            (void)printf("  %-*s  %s\n", TOPIC_COLUMN, topic->word, topic->summary);
    }
}

static bool is_group(const struct cli_command *command, struct slice first) {
    for (const struct cli_topic *topic = command->topics; topic->word; topic++) {
        struct slice word = slice_from_text(topic->word);
        if (first.len && slice_starts(word, first) && word.len > first.len && word.ptr[first.len] == ' ')
            return true;
    }
    return false;
}

static void print_words(const struct cli_command *command, struct slice first) {
    bool is_one = is_group(command, first);
    (void)printf("posthaste %s: %s\n\nusage: posthaste %s ", command->name, command->summary, command->name);
    if (is_one) (void)printf("%.*s ", SLICE_PRINT(first));
    bool has_heading = command->topics->word[0] == '\0';
    (void)printf("WORD ... --data DIR [--json]\n%s", is_one || !has_heading ? "\n" : "");
    print_list(command, is_one ? first : SLICE_EMPTY);
    if (command->help && !is_one) (void)printf("\n%s", command->help);
    (void)printf("\nposthaste %s WORD --help tells more of one.\n", command->name);
}

void cli_help_print(const struct cli_command *command, const struct slice *words, size_t count) {
    const struct cli_topic *topic = cli_topic_find(command, words, count);
    if (topic) {
        print_topic(command, topic);
        return;
    }
    if (command->topics) {
        print_words(command, count ? words[0] : SLICE_EMPTY);
        return;
    }
    (void)printf("posthaste %s: %s\n\nusage: posthaste %s %s\n", command->name, command->summary,
                 command->name, command->usage);
    if (command->help) (void)printf("\n%s", command->help);
}

void cli_usage_print(const struct cli_command *command, const struct cli_topic *topic) {
    if (topic)
        (void)fprintf(stderr, "usage: posthaste %s %s%s%s%s\n", command->name, topic->word,
                      topic->usage[0] ? " " : "", topic->usage,
                      topic->options & WITH(DATA) ? " --data DIR [--json]" : " [--json]");
    else if (command->topics)
        (void)fprintf(stderr, "usage: posthaste %s WORD ...; posthaste %s --help lists the words\n",
                      command->name, command->name);
    else
        (void)fprintf(stderr, "usage: posthaste %s %s\n", command->name, command->usage);
}

/* "mailbox" of "mailbox add" and others, by itself. */
int cli_word_check(const struct cli *cli) {
    const struct cli_command *command = cli->command;
    struct slice first = cli->word_count ? cli->words[0] : SLICE_EMPTY;
    if (!command->topics || cli->topic || cli->word_count > 1) return 0;
    if (first.len && !is_group(command, first)) return 0;
    (void)fprintf(stderr, "posthaste: %s", command->name);
    if (first.len) (void)fprintf(stderr, " %.*s", SLICE_PRINT(first));
    (void)fputs(" needs a word behind it:", stderr);
    for (const struct cli_topic *topic = command->topics; topic->word; topic++) {
        struct slice word = slice_from_text(topic->word);
        if (word.len && slice_starts(word, first)) (void)fprintf(stderr, " %s;", topic->word);
    }
    (void)fprintf(stderr, " posthaste %s --help tells of each\n", command->name);
    return EXIT_USAGE;
}
