/* outreach preview: the messages as their recipients would read them. */
#include <stdio.h>

#include "app/command/command_outreach.h"
#include "app/outreach/outreach_contacts.h"
#include "app/outreach/outreach_file.h"
#include "outreach/compose.h"

enum { SHOWN_USUAL = 3, ID_BYTES = 64, CONDITION_WORDS_BYTES = 64 * 1024 };

/* A preview under way: of one contact the thread so far. */
struct preview {
    struct cli *cli;
    struct outreach_file file;
    struct outreach_contacts contacts;
    struct slice from;
    size_t shown_max;
    size_t blocked;
    json_t *messages;
    const struct planner_contact *contact;
    struct arena *arena;
    struct slice thread_subject;
    struct slice references[SEQUENCE_STEPS_MAX];
    size_t reference_count;
};

static const char *result_word(enum compose_result result) {
    static const char *const words[] = {"ok", "blocked", "refused", "too_long"};
    return words[result];
}

/* ---- one message ---- */

static json_t *text_json(struct slice text) {
    json_t *json = json_stringn(text.len ? (const char *)text.ptr : "", text.len);
    return json ? json : json_string("(not UTF-8)");
}

static json_t *message_json(const struct preview *preview, const struct compose_request *request,
                            enum compose_result result, const struct composed *composed) {
    const struct sequence_step *step = &request->sequence->steps[request->step];
    json_t *missing = json_array();
    for (size_t i = 0; i < composed->missing.count; i++)
        (void)json_array_append_new(missing, text_json(composed->missing.names[i]));
    return json_pack("{s:o, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "address",
                     text_json(preview->contact->address), "step", (int)request->step + 1, "version",
                     text_json(step->versions[request->version].name), "result", result_word(result), "words",
                     text_json(composed->words), "missing", missing, "subject", text_json(composed->subject),
                     "body", text_json(composed->body), "html", text_json(composed->html), "message",
                     text_json(composed->message));
}

static void print_condition(const struct sequence_condition *condition) {
    struct buffer words = buffer_new(CONDITION_WORDS_BYTES);
    sequence_condition_write(&words, condition);
    if (words.len) (void)printf(", for those %.*s", SLICE_PRINT(buffer_slice(&words)));
    buffer_free(&words);
}

static void print_message(const struct preview *preview, const struct compose_request *request,
                          enum compose_result result, const struct composed *composed) {
    const struct sequence_step *step = &request->sequence->steps[request->step];
    (void)printf("---- %.*s, step %zu", SLICE_PRINT(preview->contact->address), request->step + 1);
    if (step->version_count > 1)
        (void)printf(", version %.*s", SLICE_PRINT(step->versions[request->version].name));
    print_condition(&step->condition);
    if (result == COMPOSE_OK)
        (void)printf("\nSubject: %.*s\n\n%.*s\n", SLICE_PRINT(composed->subject),
                     SLICE_PRINT(composed->body));
    else
        (void)printf(": %s: %.*s\n", result_word(result), SLICE_PRINT(composed->words));
}

static void show(struct preview *preview, size_t i, const struct compose_request *request,
                 enum compose_result result, const struct composed *composed) {
    if (result != COMPOSE_OK) preview->blocked++;
    if (result == COMPOSE_OK && i >= preview->shown_max) return;
    if (preview->messages)
        (void)json_array_append_new(preview->messages, message_json(preview, request, result, composed));
    else
        print_message(preview, request, result, composed);
}

/* What the follow-ups are answers to. */
static void remember(struct preview *preview, const struct compose_request *request,
                     const struct composed *composed) {
    if (!request->sequence->steps[request->step].is_same_thread) {
        preview->thread_subject = composed->subject;
        preview->reference_count = 0;
    }
    preview->references[preview->reference_count++] = request->message_id;
}

/* ---- one contact ---- */

static void preview_step(struct preview *preview, size_t i, size_t step_number) {
    const struct sequence *sequence = preview->file.sequence;
    const struct sequence_step *step = &sequence->steps[step_number];
    struct composed composed;
    /* Also what is only for those who answer: it must have all it needs by then. */
    if (!sequence_condition_fits(&step->condition, preview->contact->fields)) return;
    struct compose_request request = {
        .sequence = sequence,
        .step = step_number,
        .version = sequence_version_choose(step, step_number, preview->contact->id),
        .fields = preview->contact->fields,
        .from_address = preview->from,
        .to_address = preview->contact->address,
        .message_id = arena_printf(preview->arena, "preview-%zu-%zu@example.test", i + 1, step_number + 1),
        .date_ms = preview->file.start_ms,
        .zone_minutes = delivery_zone_minutes(preview->file.zone, preview->file.start_ms),
        .thread_subject = preview->thread_subject,
        .references = preview->references,
        .reference_count = preview->reference_count,
    };
    enum compose_result result = compose_message(preview->arena, &request, &composed);
    show(preview, i, &request, result, &composed);
    remember(preview, &request, &composed);
    /* A thread whose first message is blocked: what comes later is looked at all the same. */
    if (result != COMPOSE_OK && !step->is_same_thread) preview->thread_subject = SLICE("(blocked)");
}

static void preview_contact(struct preview *preview, size_t i) {
    preview->contact = &preview->contacts.items[i];
    preview->reference_count = 0;
    preview->arena = arena_new((size_t)COMPOSE_ARENA_BYTES * SEQUENCE_STEPS_MAX);
    for (size_t step = 0; step < preview->file.sequence->step_count; step++) preview_step(preview, i, step);
    arena_free(&preview->arena);
}

/* ---- all of it ---- */

static int find_contacts(struct cli *cli, struct preview *preview) {
    if (!cli->plan.contact == !cli->plan.csv)
        return cli_misuse(cli, "for whom? --contact ADDRESS or --csv FILE");
    if (cli->plan.csv) return outreach_contacts_read_csv(cli, cli->plan.csv, &preview->contacts);
    return outreach_contacts_find(cli, cli->plan.contact, &preview->contacts);
}

static void end(const struct preview *preview) {
    size_t count = preview->contacts.count;
    if (preview->messages) {
        json_t *json = outreach_file_json(&preview->file);
        (void)json_object_set(json, "messages", preview->messages);
        (void)json_object_set_new(json, "blocked", json_integer((json_int_t)preview->blocked));
        (void)json_dumpf(json, stdout, JSON_INDENT(2));
        (void)putchar('\n');
        json_decref(json);
        return;
    }
    if (count > preview->shown_max)
        (void)printf("and %zu more; --contacts N shows N of them\n", count - preview->shown_max);
    if (preview->blocked) (void)printf("%zu messages would be blocked\n", preview->blocked);
    outreach_file_complain(&preview->file);
}

static int run(struct cli *cli, struct preview *preview) {
    int status = outreach_file_open(cli, &preview->file);
    if (status == 0) status = find_contacts(cli, preview);
    if (status) return status;
    preview->cli = cli;
    preview->from = slice_from_text(cli->plan.mailbox ? cli->plan.mailbox : "you@example.test");
    preview->shown_max = cli->plan.contacts ? cli->plan.contacts : SHOWN_USUAL;
    if (cli->is_json) preview->messages = json_array();
    for (size_t i = 0; preview->file.sequence && i < preview->contacts.count; i++)
        preview_contact(preview, i);
    end(preview);
    json_decref(preview->messages);
    return outreach_file_is_good(&preview->file) && preview->blocked == 0 ? EXIT_DONE : EXIT_FAILED;
}

int command_outreach_preview(struct cli *cli) {
    struct preview *preview = ARENA_NEW(cli->arena, struct preview);
    int status = run(cli, preview);
    outreach_file_close(&preview->file);
    return status;
}
