/*
 * What an import says. In words: a line for each of the first rows that are refused, suppressed or changed,
 * and a summary. With --json: a line for each such row, in a dry run for every row, and the summary last.
 * --errors gets all refused rows as separated values.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/contact/contact_import.h"
#include "app/settings/move_words.h"
#include "store/contact_fields.h"

static void print_line(json_t *document) {
    char *text = json_dumps(document, JSON_COMPACT);
    if (!text) FATAL("out of memory for a report");
    (void)puts(text);
    free(text);
    json_decref(document);
}

static json_t *row_json(const char *what, uint64_t line, struct slice address) {
    json_t *row = json_object();
    move_set_text(row, "row", slice_from_text(what));
    move_set_number(row, "line", line);
    if (address.len) move_set_text(row, "address", address);
    return row;
}

/* ---- the file of errors ---- */

static void write_errors(struct contact_run *run, const struct slice *fields, size_t count) {
    struct buffer row = buffer_new(4 * (size_t)CSV_ROW_BYTES_MAX);
    if (run->errors_bytes == 0) {
        const struct slice heads[] = {SLICE("line"), SLICE("column"), SLICE("value"), SLICE("reason")};
        csv_row_write(&row, heads, 4, ',');
    }
    csv_row_write(&row, fields, count, ',');
    int result = file_write(run->errors, buffer_slice(&row), run->errors_bytes);
    if (result && !run->stopped) run->stopped = "the file of errors cannot be written";
    run->errors_bytes += row.len;
    buffer_free(&row);
}

static void note_error(struct contact_run *run, uint64_t line, struct slice column, struct slice value,
                       const char *reason) {
    char number[24];
    (void)snprintf(number, sizeof number, "%" PRIu64, line);
    const struct slice fields[] = {slice_from_text(number), column, utf8_cut(value, 1000),
                                   slice_from_text(reason)};
    if (run->errors) write_errors(run, fields, 4);
}

/* ---- rows ---- */

static void print_fault(const struct contact_fault *fault) {
    struct slice value = utf8_cut(fault->value, 80);
    (void)fprintf(stderr, "line %" PRIu64 "%s%.*s%s", fault->line, fault->column.len ? ", column \"" : "",
                  SLICE_PRINT(fault->column), fault->column.len ? "\"" : "");
    if (value.len && contact_text_is_sound(value, CONTACT_VALUE_BYTES_MAX))
        (void)fprintf(stderr, ", \"%.*s\"", SLICE_PRINT(value));
    (void)fprintf(stderr, ": %s\n", fault->reason);
}

void contact_report_fault(struct contact_run *run, const struct contact_fault *fault) {
    run->faults++;
    note_error(run, fault->line, fault->column, fault->value, fault->reason);
    if (run->cli->is_json) {
        json_t *row = row_json("refused", fault->line, SLICE_EMPTY);
        move_set_text(row, "column", fault->column);
        move_set_text(row, "value", utf8_cut(fault->value, 1000));
        move_set_text(row, "reason", slice_from_text(fault->reason));
        print_line(row);
    } else if (run->shown_faults++ < CONTACT_FAULTS_SHOWN) {
        print_fault(fault);
    }
}

void contact_report_duplicate(struct contact_run *run, uint64_t line, struct slice address) {
    static const char reason[] = "the same address stands in an earlier row, which counts";
    run->duplicates++;
    note_error(run, line, SLICE_EMPTY, address, reason);
    if (run->cli->is_json) print_line(row_json("duplicate", line, address));
}

static void print_differences(const struct contact_difference *differences, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct slice before = utf8_cut(differences[i].before, 60);
        struct slice after = utf8_cut(differences[i].after, 60);
        (void)printf("%s%.*s: \"%.*s\" -> \"%.*s\"", i ? ", " : "  ", SLICE_PRINT(differences[i].field),
                     SLICE_PRINT(before), SLICE_PRINT(after));
    }
    (void)putchar('\n');
}

static void judgement_json(uint64_t line, struct slice address, const struct contact_judgement *judgement,
                           const struct contact_difference *differences, size_t count) {
    json_t *row = row_json(contact_outcome_name(judgement->outcome), line, address);
    if (judgement->outcome == CONTACT_SUPPRESSED) {
        move_set_text(row, "kind", slice_from_text(suppression_kind_name(judgement->found.kind)));
        move_set_text(row, "reason", slice_from_text(suppression_reason_name(judgement->found.reason)));
        move_set_number(row, "since_ms", (uint64_t)judgement->found.at_ms);
    }
    if (judgement->outcome == CONTACT_CHANGED) {
        json_t *changes = json_array();
        for (size_t i = 0; i < count; i++) {
            json_t *change = json_object();
            move_set_text(change, "field", differences[i].field);
            move_set_text(change, "before", differences[i].before);
            move_set_text(change, "after", differences[i].after);
            (void)json_array_append_new(changes, change);
        }
        (void)json_object_set_new(row, "changes", changes);
    }
    print_line(row);
}

static void judgement_words(struct contact_run *run, uint64_t line, struct slice address,
                            const struct contact_judgement *judgement,
                            const struct contact_difference *differences, size_t count) {
    if (judgement->outcome == CONTACT_SUPPRESSED && run->shown_suppressed++ < CONTACT_FAULTS_SHOWN)
        (void)fprintf(stderr, "line %" PRIu64 ": %.*s is suppressed (%s: %s) and stays out\n", line,
                      SLICE_PRINT(address), suppression_kind_name(judgement->found.kind),
                      suppression_reason_name(judgement->found.reason));
    bool is_told = judgement->outcome == CONTACT_CHANGED && run->cli->is_dry_run;
    if (!is_told || run->shown_changed++ >= CONTACT_DIFFERENCES_SHOWN) return;
    (void)printf("line %" PRIu64 ": %.*s", line, SLICE_PRINT(address));
    print_differences(differences, count);
}

static const char suppressed_words[] =
    "must not be written to (posthaste suppression check ADDRESS says why), and stays out of the book";

void contact_report_judgement(struct contact_run *run, uint64_t line, struct slice address,
                              const struct contact_judgement *judgement,
                              const struct contact_difference *differences, size_t count) {
    bool is_plain = judgement->outcome == CONTACT_ADDED || judgement->outcome == CONTACT_SAME;
    if (judgement->outcome == CONTACT_SUPPRESSED)
        note_error(run, line, SLICE_EMPTY, address, suppressed_words);
    if (judgement->outcome == CONTACT_REFUSED)
        contact_report_fault(
            run, &(struct contact_fault){
                     .line = line, .value = address, .reason = "would have more fields than a contact can"});
    else if (run->cli->is_json && (!is_plain || run->cli->is_dry_run))
        judgement_json(line, address, judgement, differences, count);
    else if (!run->cli->is_json)
        judgement_words(run, line, address, judgement, differences, count);
}

void contact_report_progress(struct contact_run *run) {
    if (!move_is_time_to_tell(run->env, &run->told_ms)) return;
    (void)fprintf(stderr,
                  "%" PRIu64 " rows read, %" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " refused\n",
                  run->rows, run->outcomes[CONTACT_ADDED], run->outcomes[CONTACT_CHANGED], run->faults);
}

/* ---- the end ---- */

static const char *encoding_of(const struct contact_run *run) {
    return run->encoding.len ? (const char *)run->encoding.ptr : "utf-8";
}

static json_t *columns_json(const struct contact_run *run) {
    json_t *columns = json_array();
    for (size_t i = 0; i < run->columns.count; i++) {
        json_t *column = json_object();
        move_set_text(column, "column", run->columns.columns[i].header);
        move_set_text(column, "becomes", slice_from_text(contact_column_kind_name(&run->columns.columns[i])));
        (void)json_array_append_new(columns, column);
    }
    return columns;
}

static void end_json(const struct contact_run *run) {
    json_t *end = json_object();
    move_set_text(end, "row", SLICE("summary"));
    move_set_text(end, "file", run->name);
    (void)json_object_set_new(end, "dry_run", json_boolean(run->cli->is_dry_run));
    if (run->import.id) move_set_number(end, "import", run->import.id);
    move_set_text(end, "encoding", slice_from_text(encoding_of(run)));
    move_set_text(end, "separator", slice_from_text(csv_separator_name(run->separator)));
    (void)json_object_set_new(end, "columns", columns_json(run));
    move_set_number(end, "rows", run->rows);
    move_set_number(end, "resumed_rows", run->resumed_rows);
    move_set_number(end, "added", run->outcomes[CONTACT_ADDED]);
    move_set_number(end, "changed", run->outcomes[CONTACT_CHANGED]);
    move_set_number(end, "same", run->outcomes[CONTACT_SAME]);
    move_set_number(end, "suppressed", run->outcomes[CONTACT_SUPPRESSED]);
    move_set_number(end, "duplicates", run->duplicates);
    move_set_number(end, "refused", run->faults);
    move_set_number(end, "zones_from_country", run->reading.guessed_zones);
    move_set_number(end, "zones_of_several", run->reading.guessed_of_several);
    move_set_number(end, "unknown_countries", run->reading.unknown_countries);
    if (run->stopped) move_set_text(end, "error", slice_from_text(run->stopped));
    print_line(end);
}

static void end_columns(const struct contact_run *run) {
    (void)printf("%.*s: %s, separator %s\n", SLICE_PRINT(run->name), encoding_of(run),
                 csv_separator_name(run->separator));
    for (size_t i = 0; i < run->columns.count; i++) {
        const struct contact_column *column = &run->columns.columns[i];
        bool is_ignored = column->kind == CONTACT_COLUMN_IGNORED;
        (void)printf("  \"%.*s\" %s%s\n", SLICE_PRINT(column->header), is_ignored ? "is left out" : "-> ",
                     is_ignored ? "" : contact_column_kind_name(column));
    }
}

static void end_notices(const struct contact_run *run) {
    const struct contact_reading *reading = &run->reading;
    if (reading->guessed_zones)
        (void)printf("%" PRIu64 " time zones come from the country, %" PRIu64
                     " of them where it has several: the one with most people\n",
                     reading->guessed_zones, reading->guessed_of_several);
    if (reading->unknown_countries)
        (void)printf("%" PRIu64 " rows have no country that is known, first \"%.*s\"; it stays as text\n",
                     reading->unknown_countries, SLICE_PRINT(reading->first_unknown_country));
    if (run->shown_faults > CONTACT_FAULTS_SHOWN)
        (void)printf("%" PRIu64 " more rows were refused; --errors FILE or --json lists all\n",
                     run->shown_faults - CONTACT_FAULTS_SHOWN);
    if (run->resumed_rows)
        (void)printf("went on behind line %" PRIu64 " of a run that was broken off\n", run->resumed_rows);
}

static void end_words(const struct contact_run *run) {
    const char *would = run->cli->is_dry_run ? "would be " : "";
    end_columns(run);
    end_notices(run);
    (void)printf("%" PRIu64 " rows: %" PRIu64 " %sadded, %" PRIu64 " %schanged, %" PRIu64
                 " the same, %" PRIu64 " suppressed, %" PRIu64 " doubled, %" PRIu64 " refused\n",
                 run->rows, run->outcomes[CONTACT_ADDED], would, run->outcomes[CONTACT_CHANGED], would,
                 run->outcomes[CONTACT_SAME], run->outcomes[CONTACT_SUPPRESSED], run->duplicates,
                 run->faults);
    if (run->import.id && !run->stopped)
        (void)printf("import %" PRIu64 "; posthaste contact undo %" PRIu64 " takes it back\n", run->import.id,
                     run->import.id);
}

int contact_report_end(struct contact_run *run) {
    if (run->stopped && run->columns.address == SIZE_MAX) return cli_fail("%s: %s", run->path, run->stopped);
    if (run->cli->is_json)
        end_json(run);
    else
        end_words(run);
    if (run->stopped) return cli_fail("%s: %s", run->path, run->stopped);
    if (run->faults) return cli_fail("%" PRIu64 " rows were refused; all others are dealt with", run->faults);
    return EXIT_DONE;
}
