/* outreach: campaigns. Reads what is wanted, asks the store, and says the answer in words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "app/admin/outreach_details.h"
#include "app/cli/command_ask.h"
#include "app/command/command_outreach.h"
#include "base/limits_campaign.h"
#include "base/limits_outreach.h"
#include "outreach/sequence.h"
#include "wire/csv.h"

enum { WORDS_BYTES = 40, CSV_BYTES_MAX = 64 * 1024 };

/* ---- words ---- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

/* In UTC, to the second. */
static const char *moment_of(char words[WORDS_BYTES], const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    time_t seconds = (time_t)(json_integer_value(value) / 1000);
    struct tm parts;
    if (!json_is_integer(value) || !gmtime_r(&seconds, &parts) ||
        strftime(words, WORDS_BYTES, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        return "-";
    return words;
}

/* ---- create ---- */

static int read_file(struct cli *cli, const char *path, struct slice *bytes) {
    FILE *file = fopen(path, "rb");
    if (!file) return cli_fail("%s: %s", path, strerror(errno));
    uint8_t *all = arena_alloc(cli->arena, SEQUENCE_DOCUMENT_BYTES_MAX + 1);
    size_t len = fread(all, 1, SEQUENCE_DOCUMENT_BYTES_MAX + 1, file);
    bool is_bad = ferror(file) != 0;
    (void)fclose(file);
    if (is_bad) return cli_fail("%s: it cannot be read", path);
    if (len > SEQUENCE_DOCUMENT_BYTES_MAX) return cli_fail("%s: a sequence has at most 512 KiB", path);
    *bytes = slice_of(all, len);
    return 0;
}

static int tell_faults(const char *path, const struct sequence_faults *faults) {
    for (size_t i = 0; i < faults->count; i++)
        (void)cli_fail("%s:%u: %.*s%s%.*s", path, faults->items[i].line, SLICE_PRINT(faults->items[i].where),
                       faults->items[i].where.len ? ": " : "", SLICE_PRINT(faults->items[i].words));
    return EXIT_FAILED;
}

static void print_created(const json_t *answer) {
    (void)printf("created %s, a draft; add prospects to it, then start it\n", text_of(answer, "created"));
}

static int create(struct cli *cli) {
    struct sequence_faults faults;
    struct slice document;
    const char *path = arena_text(cli->arena, cli->words[1]);
    if (!cli->plan.mailbox) return cli_misuse(cli, "--mailbox says which mailbox it is sent from");
    int status = read_file(cli, path, &document);
    if (status) return status;
    struct arena *arena = arena_new(SEQUENCE_ARENA_BYTES_MAX);
    struct sequence *sequence = sequence_read(arena, document, &faults);
    if (!sequence) {
        status = tell_faults(path, &faults);
        arena_free(&arena);
        return status;
    }
    struct buffer normal = buffer_new(2 * SEQUENCE_DOCUMENT_BYTES_MAX);
    struct buffer details = buffer_new(4 * SEQUENCE_DOCUMENT_BYTES_MAX);
    sequence_write(&normal, sequence);
    struct campaign_details packed = {slice_from_text(cli->plan.mailbox), buffer_slice(&normal)};
    campaign_details_pack(&details, &packed);
    struct slice name = cli->mailbox.name ? slice_from_text(cli->mailbox.name) : sequence->name;
    struct admin_request request = {.words = {SLICE("outreach"), SLICE("create"), name},
                                    .word_count = 3,
                                    .details = buffer_slice(&details)};
    status = command_ask(cli, &request, print_created, NULL);
    buffer_free(&details);
    buffer_free(&normal);
    arena_free(&arena);
    return status;
}

/* ---- orders ---- */

static void print_order(const json_t *answer) {
    bool is_person = json_object_get(answer, "address") != NULL;
    (void)printf("%s: %s\n", text_of(answer, is_person ? "address" : "campaign"), text_of(answer, "state"));
}

static int order(struct cli *cli) {
    struct admin_request request = {.words = {SLICE("outreach"), cli->words[0], cli->words[1]},
                                    .word_count = 3};
    return command_ask(cli, &request, print_order, NULL);
}

/* ---- status ---- */

static void print_campaign(const json_t *campaign) {
    char next[WORDS_BYTES];
    const char *state;
    json_t *count;
    (void)printf("%s: %s, from %s", text_of(campaign, "name"), text_of(campaign, "state"),
                 text_of(campaign, "mailbox"));
    if (text_of(campaign, "reason")[0]) (void)printf(" (%s)", text_of(campaign, "reason"));
    (void)printf("\n   ");
    json_object_foreach(json_object_get(campaign, "prospects"), state, count)(void)
        printf(" %s %lld", state, (long long)json_integer_value(count));
    if (json_is_integer(json_object_get(campaign, "next_ms")))
        (void)printf("; the next is due %s", moment_of(next, campaign, "next_ms"));
    (void)printf("\n");
}

/* A letter that only a person can decide about, or that is being looked for. */
static void print_unsettled(const json_t *letter) {
    char since[WORDS_BYTES];
    bool is_persons = json_is_true(json_object_get(letter, "needs_person"));
    (void)printf("%s: nobody knows whether step %lld to %s left (%s, since %s)\n    %s\n",
                 is_persons ? "NEEDS A PERSON" : "unknown", number_of(letter, "step"),
                 text_of(letter, "address"), text_of(letter, "campaign"),
                 moment_of(since, letter, "since_ms"), text_of(letter, "advice"));
    if (is_persons)
        (void)printf("    its ID: %s, Message-ID <%s>, from %s\n", text_of(letter, "id"),
                     text_of(letter, "message_id"), text_of(letter, "mailbox"));
}

/* Local ones are accounts, of which account list tells. */
static void print_mailbox(const json_t *mailbox) {
    char since[WORDS_BYTES];
    if (strcmp(text_of(mailbox, "kind"), "local") == 0) return;
    const char *detail = text_of(mailbox, "detail");
    (void)printf("mailbox %s: %s", text_of(mailbox, "address"), text_of(mailbox, "state"));
    if (strcmp(text_of(mailbox, "state"), "red") == 0)
        (void)printf(" since %s: %s%s%s\n    %s", moment_of(since, mailbox, "checked_ms"),
                     text_of(mailbox, "words"), detail[0] ? ": " : "", detail, text_of(mailbox, "advice"));
    (void)putchar('\n');
    command_outreach_print_copies(mailbox);
}

void command_outreach_print_copies(const json_t *mailbox) {
    const json_t *copies = json_object_get(mailbox, "not_in_sent");
    if (!json_is_object(copies)) return;
    long long given_up = number_of(copies, "given_up");
    (void)printf("    %lld of its letters %s not in Sent yet", number_of(copies, "waiting"),
                 number_of(copies, "waiting") == 1 ? "is" : "are");
    if (given_up) (void)printf(", %lld will not be", given_up);
    (void)printf("%s%s%s%s\n", text_of(copies, "words")[0] ? ": " : "", text_of(copies, "words"),
                 text_of(copies, "detail")[0] ? ": " : "", text_of(copies, "detail"));
    if (text_of(copies, "advice")[0]) (void)printf("    %s\n", text_of(copies, "advice"));
}

static void print_status(const json_t *answer) {
    size_t i;
    json_t *campaign;
    json_t *item;
    json_array_foreach(json_object_get(answer, "campaigns"), i, campaign) print_campaign(campaign);
    if (json_array_size(json_object_get(answer, "campaigns")) == 0)
        (void)printf("no campaigns; posthaste outreach create makes one\n");
    json_array_foreach(json_object_get(answer, "unsettled"), i, item) print_unsettled(item);
    json_array_foreach(json_object_get(answer, "mailboxes"), i, item) print_mailbox(item);
}

/* ---- why ---- */

static void print_message(const json_t *message) {
    char moment[WORDS_BYTES];
    const json_t *copy = json_object_get(message, "not_in_sent");
    (void)printf("    step %lld %s %s  <%s> %s\n", number_of(message, "step"), text_of(message, "state"),
                 moment_of(moment, message, "sent_ms"), text_of(message, "message_id"),
                 text_of(message, "detail"));
    if (json_is_object(copy))
        (void)printf("        its copy is not in Sent%s%s%s\n", number_of(copy, "given_up") ? "" : " yet",
                     text_of(copy, "words")[0] ? ": " : "", text_of(copy, "words"));
}

static void print_why_one(const json_t *one) {
    char moment[WORDS_BYTES];
    size_t i;
    json_t *item;
    (void)printf("%s: %s, step %lld%s%s\n", text_of(one, "campaign"), text_of(one, "state"),
                 number_of(one, "step"), text_of(one, "reason")[0] ? ": " : "", text_of(one, "reason"));
    json_array_foreach(json_object_get(one, "messages"), i, item) print_message(item);
    json_array_foreach(json_object_get(one, "answers"), i, item)(void)
        printf("    %s %s from %s, found by %s: %s (answer %s)\n", moment_of(moment, item, "at_ms"),
               text_of(item, "kind"), text_of(item, "from"), text_of(item, "found_by"),
               text_of(item, "decision"), text_of(item, "id"));
    json_array_foreach(json_object_get(one, "gates"), i, item)(void)
        printf("    %-4s %-12s %s\n", json_is_true(json_object_get(item, "open")) ? "open" : "SHUT",
               text_of(item, "gate"), text_of(item, "detail"));
    bool has_next = json_is_integer(json_object_get(one, "next_allowed_ms"));
    (void)printf("    next: %s\n", has_next ? moment_of(moment, one, "next_allowed_ms") : "nothing leaves");
}

static void print_why(const json_t *answer) {
    size_t i;
    json_t *one;
    (void)printf("%s\n", text_of(answer, "address"));
    json_array_foreach(json_object_get(answer, "campaigns"), i, one) print_why_one(one);
    if (json_array_size(json_object_get(answer, "campaigns")) == 0) (void)printf("is in no campaign\n");
}

/* ---- events, answers, figures ---- */

static void print_events(const json_t *answer) {
    char moment[WORDS_BYTES];
    size_t i;
    json_t *event;
    json_array_foreach(json_object_get(answer, "events"), i, event)(void)
        printf("%s %s  %-26s %s  %s  %s\n", text_of(event, "id"), moment_of(moment, event, "at_ms"),
               text_of(event, "kind"), text_of(event, "campaign")[0] ? text_of(event, "campaign") : "-",
               text_of(event, "address")[0] ? text_of(event, "address") : "-", text_of(event, "detail"));
}

static void print_answers(const json_t *answer) {
    char moment[WORDS_BYTES];
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(answer, "answers"), i, item)(void)
        printf("%s %s  %-13s %-8s %s  from %s, found by %s: %s%s%s\n", text_of(item, "id"),
               moment_of(moment, item, "at_ms"), text_of(item, "kind"), text_of(item, "interest"),
               text_of(item, "prospect"), text_of(item, "from"), text_of(item, "found_by"),
               text_of(item, "decision"), text_of(item, "corrected_to")[0] ? ", corrected to " : "",
               text_of(item, "corrected_to"));
}

static void print_stats(const json_t *answer) {
    (void)printf("%s\n  %lld people were written to, %lld messages accepted, %lld of them follow-ups\n"
                 "  %lld bounced, %lld delivered (written to - bounced)\n"
                 "  %lld replied (%.1f %% of those delivered), %lld of them asked not to be written to\n"
                 "  %lld answered by machine only counts as no reply; %lld complained\n",
                 text_of(answer, "campaign"), number_of(answer, "contacted"), number_of(answer, "accepted"),
                 number_of(answer, "follow_ups"), number_of(answer, "bounced"),
                 number_of(answer, "delivered"), number_of(answer, "replied"),
                 100 * json_real_value(json_object_get(answer, "reply_rate")),
                 number_of(answer, "unsubscribed"), number_of(answer, "auto_replied"),
                 number_of(answer, "complained"));
}

static void print_corrected(const json_t *answer) {
    (void)printf("%s: %s\n", text_of(answer, "corrected"), text_of(answer, "kind"));
}

static void print_settled(const json_t *answer) {
    (void)printf("<%s>: %s\n", text_of(answer, "settled"),
                 strcmp(text_of(answer, "state"), "sent") == 0
                     ? "it left; the next step's delay begins now"
                     : "it did not leave, and is written anew when it is its turn");
}

static int ask_words(struct cli *cli, void (*print)(const json_t *answer)) {
    struct admin_request request = command_request(cli);
    return command_ask(cli, &request, print, NULL);
}

static int status(struct cli *cli) { return ask_words(cli, print_status); }
static int why(struct cli *cli) { return ask_words(cli, print_why); }
static int events(struct cli *cli) { return ask_words(cli, print_events); }
static int answers(struct cli *cli) { return ask_words(cli, print_answers); }
static int stats(struct cli *cli) { return ask_words(cli, print_stats); }
static int correct(struct cli *cli) { return ask_words(cli, print_corrected); }
static int settle(struct cli *cli) { return ask_words(cli, print_settled); }

/* ---- export ---- */

static void write_row(const json_t *prospect) {
    static const char *const names[] = {"address", "state", "step", "reason", "last_sent_ms", "due_ms"};
    struct buffer row = buffer_new(CSV_BYTES_MAX);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json_t *value = json_object_get(prospect, names[i]);
        if (i) buffer_append_byte(&row, ',');
        if (json_is_integer(value))
            buffer_printf(&row, "%lld", (long long)json_integer_value(value));
        else
            csv_field_write(&row, slice_from_text(text_of(prospect, names[i])), ',');
    }
    (void)printf("%.*s\r\n", SLICE_PRINT(buffer_slice(&row)));
    buffer_free(&row);
}

/* A spreadsheet takes no cell of it for a formula. */
static int export(struct cli *cli) {
    struct slice after = SLICE_EMPTY;
    bool has_more = true;
    while (has_more) {
        struct admin_request request = {
            .words = {SLICE("outreach"), SLICE("prospects"), cli->words[1], after},
            .word_count = after.len ? 4 : 3};
        json_t *answer = admin_ask(cli->data, &request);
        const char *error = json_string_value(json_object_get(answer, "error"));
        if (error) {
            int failed = cli_fail("%s", error);
            json_decref(answer);
            return failed;
        }
        size_t i;
        json_t *prospect;
        if (after.len == 0) (void)printf("address,state,step,reason,last_sent_ms,due_ms\r\n");
        json_array_foreach(json_object_get(answer, "prospects"), i, prospect) write_row(prospect);
        after = arena_copy(cli->arena, slice_from_text(text_of(answer, "after")));
        has_more = json_is_true(json_object_get(answer, "has_more"));
        json_decref(answer);
    }
    return EXIT_DONE;
}

/* ---- which ---- */

struct outreach_row {
    struct slice word;
    /* Words in all, this one included. */
    size_t words_min;
    size_t words_max;
    int (*run)(struct cli *cli);
    /* Behind the word, for who gets it wrong. */
    const char *usage;
};

static const struct outreach_row rows[] = {
    {SLICE_INIT("create"), 2, 2, create, "FILE"},
    {SLICE_INIT("add"), 2, 2, command_outreach_add, "CAMPAIGN"},
    {SLICE_INIT("start"), 2, 2, order, "CAMPAIGN"},
    {SLICE_INIT("pause"), 2, 2, order, "CAMPAIGN or ADDRESS"},
    {SLICE_INIT("resume"), 2, 2, order, "CAMPAIGN or ADDRESS"},
    {SLICE_INIT("stop"), 2, 2, order, "CAMPAIGN or ADDRESS"},
    {SLICE_INIT("status"), 1, 2, status, "[CAMPAIGN]"},
    {SLICE_INIT("why"), 2, 2, why, "ADDRESS"},
    {SLICE_INIT("events"), 1, 3, events, "[CAMPAIGN [AFTER-ID]]"},
    {SLICE_INIT("answers"), 1, 2, answers, "[ADDRESS]"},
    {SLICE_INIT("correct"), 3, 3, correct, "ANSWER-ID KIND"},
    {SLICE_INIT("settle"), 3, 3, settle, "MESSAGE sent|not-sent"},
    {SLICE_INIT("stats"), 2, 2, stats, "CAMPAIGN"},
    {SLICE_INIT("export"), 2, 2, export, "CAMPAIGN"},
};

int command_outreach_campaign(struct cli *cli) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct outreach_row *row = &rows[i];
        if (!slice_equal(row->word, cli->words[0])) continue;
        if (cli->word_count >= row->words_min && cli->word_count <= row->words_max) return row->run(cli);
        return cli_misuse(cli, "outreach %.*s %s", SLICE_PRINT(row->word), row->usage);
    }
    return cli_misuse(cli, "'%.*s' is nothing that outreach does; posthaste outreach --help lists it",
                      SLICE_PRINT(cli->words[0]));
}
