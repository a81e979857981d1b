/* outreach check: whether a sequence can be read, and would be let start. */
#include <stdio.h>

#include "app/command/command_outreach.h"
#include "app/outreach/outreach_file.h"

/* A condition has a few classes and fields, of a line each. */
enum { CONDITION_WORDS_BYTES = 64 * 1024 };

/* One prospect tells how long it takes at least. */
static struct planner_summary plan_one(struct cli *cli, struct outreach_file *file) {
    struct planner_contact *one = ARENA_NEW(cli->arena, struct planner_contact);
    struct planner_summary summary;
    one->address = SLICE("prospect@example.test");
    struct planner_options options = outreach_file_plan(file, one, 1);
    planner_run(cli->arena, &options, NULL, NULL, &summary);
    law_check_plan(cli->arena, &summary, delivery_zone_minutes(file->zone, file->start_ms), &file->refusals);
    return summary;
}

static void print_step(const struct sequence *sequence, size_t i) {
    const struct sequence_step *step = &sequence->steps[i];
    (void)printf("  step %zu: ", i + 1);
    if (step->delay.count)
        (void)printf("%u %s%s later, ", step->delay.count, delivery_unit_word(step->delay.unit),
                     step->delay.count == 1 ? "" : "s");
    (void)printf("%s", step->is_same_thread ? "in the same thread" : "a new thread");
    if (step->version_count > 1) (void)printf(", %zu versions", step->version_count);
    struct buffer words = buffer_new(CONDITION_WORDS_BYTES);
    sequence_condition_write(&words, &step->condition);
    if (words.len) (void)printf(", for those %.*s", SLICE_PRINT(buffer_slice(&words)));
    buffer_free(&words);
    (void)printf("\n");
}

static void print_good(const struct outreach_file *file, const struct planner_summary *summary) {
    char text[OUTREACH_MOMENT_BYTES];
    const struct sequence *sequence = file->sequence;
    (void)printf("%s: fine: '%.*s', %zu step%s\n", file->path, SLICE_PRINT(sequence->name),
                 sequence->step_count, sequence->step_count == 1 ? "" : "s");
    for (size_t i = 0; i < sequence->step_count; i++) print_step(sequence, i);
    if (sequence->stops_company)
        (void)printf("One answer stops everybody of the same company (not at gmail.com and the like).\n");
    (void)printf("Who does not answer, and begins now, gets the last message on %s.\n",
                 outreach_moment_text(text, file, summary->last_ms));
}

static void print_json(const struct outreach_file *file) {
    json_t *json = outreach_file_json(file);
    struct buffer normal = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    if (file->sequence) {
        sequence_write(&normal, file->sequence);
        (void)json_object_set_new(json, "sequence",
                                  json_loadb((const char *)normal.ptr, normal.len, 0, NULL));
    }
    (void)json_dumpf(json, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    buffer_free(&normal);
    json_decref(json);
}

int command_outreach_check(struct cli *cli) {
    struct outreach_file file;
    struct planner_summary summary = {.contacts = 0};
    int status = outreach_file_open(cli, &file);
    if (status == 0) {
        if (file.sequence) summary = plan_one(cli, &file);
        if (cli->is_json)
            print_json(&file);
        else if (outreach_file_is_good(&file))
            print_good(&file, &summary);
        else
            outreach_file_complain(&file);
        status = outreach_file_is_good(&file) ? EXIT_DONE : EXIT_FAILED;
    }
    outreach_file_close(&file);
    return status;
}
