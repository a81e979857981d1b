#include "app/outreach/outreach_file.h"

#include <errno.h>
#include <stdio.h>

#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "io/real/read_file.h"
#include "wire/date.h"

enum { SEED = 20260101 };

/* ---- the moment ---- */

static int64_t now_ms(void) {
    struct log_sink sink;
    log_sink_init(&sink, "outreach");
    struct env *env = real_env_new(&sink.log);
    int64_t at_ms = env_wall_ms(env);
    real_env_free(&env);
    return at_ms;
}

/* "2026-07-01 09:00", with "T" or seconds too; "Z" behind it: UTC, else as the mailbox's clock shows it. */
static bool read_moment(const char *text, const struct delivery_zone *zone, int64_t *at_ms) {
    struct date_fields f = {0};
    char between = 0;
    char end = 0;
    int used = 0;
    int found = sscanf(text, "%4d-%2d-%2d%c%2d:%2d%n", &f.year, &f.month, &f.day, &between, &f.hour,
                       &f.minute, &used);
    if (found < 6 || (between != 'T' && between != ' ')) return false;
    const char *rest = text + used;
    if (sscanf(rest, ":%2d%n", &f.second, &used) == 1) rest += used;
    bool is_utc = strcmp(rest, "Z") == 0;
    if (!is_utc && sscanf(rest, "%c", &end) == 1) return false;
    if (f.year < 1970 || f.month < 1 || f.month > 12 || f.day < 1 || f.day > 31 || f.hour > 23 ||
        f.minute > 59)
        return false;
    int64_t minutes = date_days(f.year, f.month, f.day) * 1440 + f.hour * 60 + f.minute;
    int64_t local_ms = minutes * 60000 + f.second * 1000;
    *at_ms = is_utc ? local_ms : delivery_zone_moment_ms(zone, local_ms);
    return true;
}

static int read_start(struct cli *cli, struct outreach_file *file) {
    if (!cli->plan.start) {
        file->start_ms = now_ms();
        return 0;
    }
    if (read_moment(cli->plan.start, file->zone, &file->start_ms)) return 0;
    return cli_misuse(cli, "--start '%s': write 2026-07-01T09:00, or with Z behind it for UTC",
                      cli->plan.start);
}

const char *outreach_moment_text(char text[OUTREACH_MOMENT_BYTES], const struct outreach_file *file,
                                 int64_t at_ms) {
    static const char days[] = "ThuFriSatSunMonTueWed";
    int64_t local_ms = at_ms + (int64_t)delivery_zone_minutes(file->zone, at_ms) * 60000;
    struct date_fields f = date_split(local_ms);
    (void)snprintf(text, OUTREACH_MOMENT_BYTES, "%.3s %04d-%02d-%02d %02d:%02d:%02d",
                   days + 3 * (local_ms / 86400000 % 7), f.year, f.month, f.day, f.hour, f.minute, f.second);
    return text;
}

/* ---- the mailbox ---- */

static int read_mailbox(struct cli *cli, struct outreach_file *file) {
    file->zone_name = cli->plan.zone   ? slice_from_text(cli->plan.zone)
                      : file->sequence ? file->sequence->time_zone
                                       : SLICE("UTC");
    file->zone = delivery_zone_new(file->zone_name);
    if (!file->zone)
        return cli_misuse(cli, "--zone '%s': no such time zone; such as Europe/Berlin", cli->plan.zone);
    file->limits = pacer_limits_usual();
    if (cli->plan.daily_cap) file->limits.daily_max = (unsigned)cli->plan.daily_cap;
    enum pacer_limits_fault fault = pacer_limits_check(&file->limits, false);
    return fault ? cli_misuse(cli, "--daily-cap: %s", pacer_limits_fault_words(fault)) : 0;
}

/* ---- the file ---- */

int outreach_file_open(struct cli *cli, struct outreach_file *file) {
    *file = (struct outreach_file){.path = ""};
    if (cli->word_count != 2) return cli_misuse(cli, "which file?");
    file->path = (const char *)cli->words[1].ptr;
    struct slice document;
    int result = read_file(cli->arena, file->path, SEQUENCE_DOCUMENT_BYTES_MAX, &document);
    if (result) return cli_fail("%s: %s", file->path, strerror(-result));
    file->sequence = sequence_read(cli->arena, document, &file->faults);
    if (file->sequence) law_check(cli->arena, file->sequence, &file->refusals);
    int status = read_mailbox(cli, file);
    return status ? status : read_start(cli, file);
}

void outreach_file_close(struct outreach_file *file) { delivery_zone_free(&file->zone); }

bool outreach_file_is_good(const struct outreach_file *file) {
    return file->sequence && file->refusals.count == 0;
}

struct planner_options outreach_file_plan(const struct outreach_file *file,
                                          const struct planner_contact *contacts, size_t count) {
    return (struct planner_options){.sequence = file->sequence,
                                    .limits = file->limits,
                                    .sender_zone = file->zone_name,
                                    .start_ms = file->start_ms,
                                    .seed = SEED,
                                    .contacts = contacts,
                                    .contact_count = count};
}

/* ---- what is wrong with it ---- */

static void complain_of_refusal(const struct outreach_file *file, const struct law_refusal *refusal) {
    (void)fprintf(stderr, "%s: refused: ", file->path);
    if (refusal->step) (void)fprintf(stderr, "step %zu", refusal->step);
    if (refusal->version.len) (void)fprintf(stderr, ", version %.*s", SLICE_PRINT(refusal->version));
    (void)fprintf(stderr, "%s%.*s\n", refusal->step ? ": " : "", SLICE_PRINT(refusal->words));
}

void outreach_file_complain(const struct outreach_file *file) {
    for (size_t i = 0; i < file->faults.count; i++) {
        const struct sequence_fault *fault = &file->faults.items[i];
        (void)fprintf(stderr, "%s:", file->path);
        if (fault->line) (void)fprintf(stderr, "%u:%u:", fault->line, fault->column);
        (void)fprintf(stderr, " %.*s%s%.*s\n", SLICE_PRINT(fault->where), fault->where.len ? ": " : "",
                      SLICE_PRINT(fault->words));
    }
    if (file->faults.more) (void)fprintf(stderr, "%s: and %zu more\n", file->path, file->faults.more);
    for (size_t i = 0; i < file->refusals.count; i++) complain_of_refusal(file, &file->refusals.items[i]);
}

static json_t *text_json(struct slice text) {
    json_t *json = json_stringn(text.len ? (const char *)text.ptr : "", text.len);
    return json ? json : json_string("(not UTF-8)");
}

static json_t *faults_json(const struct outreach_file *file) {
    json_t *list = json_array();
    for (size_t i = 0; i < file->faults.count; i++) {
        const struct sequence_fault *fault = &file->faults.items[i];
        (void)json_array_append_new(
            list, json_pack("{s:i, s:i, s:o, s:o}", "line", (int)fault->line, "column", (int)fault->column,
                            "where", text_json(fault->where), "words", text_json(fault->words)));
    }
    return list;
}

static json_t *refusals_json(const struct outreach_file *file) {
    json_t *list = json_array();
    for (size_t i = 0; i < file->refusals.count; i++) {
        const struct law_refusal *refusal = &file->refusals.items[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:i, s:o, s:o}", "kind",
                                                    law_kind_word(refusal->kind), "step", (int)refusal->step,
                                                    "version", text_json(refusal->version), "words",
                                                    text_json(refusal->words)));
    }
    return list;
}

json_t *outreach_file_json(const struct outreach_file *file) {
    return json_pack("{s:b, s:o, s:o}", "ok", outreach_file_is_good(file), "faults", faults_json(file),
                     "refusals", refusals_json(file));
}
