/* outreach simulate: when each message would leave, by the pacer that will decide it. */
#include <stdio.h>

#include "app/command/command_outreach.h"
#include "app/outreach/outreach_contacts.h"
#include "app/outreach/outreach_file.h"
#include "wire/date.h"

enum { PROSPECTS_USUAL = 40, DATE_BYTES = 14, CONDITION_WORDS_BYTES = 64 * 1024 };

/* A run under way. */
struct simulation {
    const struct cli *cli;
    struct outreach_file file;
    struct outreach_contacts contacts;
    struct planner_summary summary;
    int64_t day;
    json_t *leaves;
};

/* ---- a message ---- */

static json_t *leave_json(const struct simulation *simulation, const struct planner_leave *leave) {
    const struct sequence_step *step = &simulation->file.sequence->steps[leave->step];
    struct slice address = simulation->contacts.items[leave->contact].address;
    struct slice version = step->versions[leave->version].name;
    char text[OUTREACH_MOMENT_BYTES];
    return json_pack("{s:I, s:s, s:s%, s:i, s:s%}", "at_ms", (json_int_t)leave->at_ms, "at",
                     outreach_moment_text(text, &simulation->file, leave->at_ms), "address", address.ptr,
                     address.len, "step", (int)leave->step + 1, "version", version.ptr, version.len);
}

static void print_leave(struct simulation *simulation, const struct planner_leave *leave) {
    const struct outreach_file *file = &simulation->file;
    const struct sequence_step *step = &file->sequence->steps[leave->step];
    char text[OUTREACH_MOMENT_BYTES];
    (void)outreach_moment_text(text, file, leave->at_ms);
    int64_t day = delivery_day_number(file->zone, leave->at_ms);
    if (day != simulation->day) (void)printf("%.*s\n", DATE_BYTES, text);
    simulation->day = day;
    int there = (int)((leave->at_ms / 60000 + leave->prospect_zone_minutes) % 1440);
    (void)printf("  %s  step %zu  %.*s", text + DATE_BYTES + 1, leave->step + 1,
                 SLICE_PRINT(simulation->contacts.items[leave->contact].address));
    if (step->version_count > 1)
        (void)printf("  version %.*s", SLICE_PRINT(step->versions[leave->version].name));
    if (leave->prospect_zone_minutes != delivery_zone_minutes(file->zone, leave->at_ms))
        (void)printf("  (%02d:%02d there)", there / 60, there % 60);
    (void)putchar('\n');
}

static void tell(void *context, const struct planner_leave *leave) {
    struct simulation *simulation = context;
    if (simulation->leaves)
        (void)json_array_append_new(simulation->leaves, leave_json(simulation, leave));
    else
        print_leave(simulation, leave);
}

/* ---- the end ---- */

/* "14:07", and with its date where that is another day than the first. */
static void print_at(const struct outreach_file *file, int64_t first_ms, int64_t at_ms) {
    char text[OUTREACH_MOMENT_BYTES];
    bool is_same_day = delivery_day_number(file->zone, first_ms) == delivery_day_number(file->zone, at_ms);
    (void)outreach_moment_text(text, file, at_ms);
    if (is_same_day)
        (void)printf("at %.5s", text + DATE_BYTES + 1);
    else
        (void)printf("on %.*s at %.5s", DATE_BYTES, text, text + DATE_BYTES + 1);
}

/* Those that nobody gets who does not answer. */
static void print_answer_steps(const struct sequence *sequence) {
    for (size_t i = 0; i < sequence->step_count; i++) {
        struct buffer words = buffer_new(CONDITION_WORDS_BYTES);
        sequence_condition_write(&words, &sequence->steps[i].condition);
        if (sequence->steps[i].condition.replied == SEQUENCE_YES)
            (void)printf("step %zu is for those %.*s, and not in this plan\n", i + 1,
                         SLICE_PRINT(buffer_slice(&words)));
        buffer_free(&words);
    }
}

static void print_summary(const struct simulation *simulation) {
    const struct planner_summary *summary = &simulation->summary;
    const struct outreach_file *file = &simulation->file;
    if (summary->messages == 0) {
        (void)printf("%zu prospects: nothing would leave\n", summary->contacts);
        return;
    }
    (void)printf("%zu prospect%s: the last ", summary->contacts, summary->contacts == 1 ? "" : "s");
    print_at(file, summary->first_ms, summary->last_opener_ms);
    if (file->sequence->step_count > 1) {
        (void)printf("\n%zu messages if nobody answers: the last ", summary->messages);
        print_at(file, summary->first_ms, summary->last_ms);
    }
    (void)putchar('\n');
    print_answer_steps(file->sequence);
}

static void print_json(const struct simulation *simulation) {
    const struct planner_summary *summary = &simulation->summary;
    json_t *json = outreach_file_json(&simulation->file);
    json_t *more = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:O}", "prospects",
                             (json_int_t)summary->contacts, "messages", (json_int_t)summary->messages,
                             "first_ms", (json_int_t)summary->first_ms, "last_opener_ms",
                             (json_int_t)summary->last_opener_ms, "last_ms", (json_int_t)summary->last_ms,
                             "end_ms", (json_int_t)(summary->end_ms == DELIVERY_NEVER ? 0 : summary->end_ms),
                             "ends_in_time", summary->ends_in_time, "leaves", simulation->leaves);
    (void)json_object_update(json, more);
    (void)json_dumpf(json, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(more);
    json_decref(json);
}

/* ---- the run ---- */

static int find_contacts(struct cli *cli, struct outreach_contacts *contacts) {
    if (cli->plan.csv && cli->plan.contacts) return cli_misuse(cli, "either --csv or --contacts");
    if (cli->plan.csv) return outreach_contacts_read_csv(cli, cli->plan.csv, contacts);
    return outreach_contacts_make(cli, cli->plan.contacts ? cli->plan.contacts : PROSPECTS_USUAL, contacts);
}

static void run_plan(struct cli *cli, struct simulation *simulation) {
    struct outreach_file *file = &simulation->file;
    struct planner_options options =
        outreach_file_plan(file, simulation->contacts.items, simulation->contacts.count);
    planner_run(cli->arena, &options, tell, simulation, &simulation->summary);
    law_check_plan(cli->arena, &simulation->summary, delivery_zone_minutes(file->zone, file->start_ms),
                   &file->refusals);
    /* Of what was not run through to its end the refusal says more. */
    if (!cli->is_json && simulation->summary.ends_in_time) print_summary(simulation);
}

static int simulate(struct cli *cli, struct simulation *simulation) {
    int status = outreach_file_open(cli, &simulation->file);
    if (status == 0) status = find_contacts(cli, &simulation->contacts);
    if (status) return status;
    simulation->cli = cli;
    if (cli->is_json) simulation->leaves = json_array();
    if (simulation->file.sequence) run_plan(cli, simulation);
    if (cli->is_json)
        print_json(simulation);
    else
        outreach_file_complain(&simulation->file);
    json_decref(simulation->leaves);
    return outreach_file_is_good(&simulation->file) ? EXIT_DONE : EXIT_FAILED;
}

int command_outreach_simulate(struct cli *cli) {
    struct simulation *simulation = ARENA_NEW(cli->arena, struct simulation);
    int status = simulate(cli, simulation);
    outreach_file_close(&simulation->file);
    return status;
}
