/* suppression: who must not be written to. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/cli/command_ask.h"
#include "app/cli/door_task.h"
#include "app/settings/bytes_text.h"
#include "app/settings/move_words.h"
#include "base/limits.h"
#include "io/file.h"
#include "store/suppression_model.h"
#include "wire/csv.h"
#include "wire/csv_text.h"

enum { ARENA_BYTES = 64 << 20 };

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* ---- add, remove, check ---- */

static void print_check(const json_t *answer) {
    char moment[WORDS_BYTES];
    const json_t *by = json_object_get(answer, "by");
    if (!json_is_object(by)) {
        (void)printf("%s may be written to, as far as suppression goes\n", text_of(answer, "address"));
        return;
    }
    json_int_t since_ms = json_integer_value(json_object_get(by, "since_ms"));
    (void)printf("%s must not be written to: %s (%s), since %s\n", text_of(answer, "address"),
                 text_of(by, "reason"), text_of(by, "kind"), moment_text(moment, since_ms));
}

static void print_answer(const json_t *answer) {
    const char *whom = text_of(answer, "suppressed");
    if (json_object_get(answer, "by"))
        print_check(answer);
    else if (whom[0])
        (void)printf("%s %s is %s\n", text_of(answer, "kind"), whom,
                     json_is_true(json_object_get(answer, "new")) ? "suppressed from now on"
                                                                  : "suppressed already");
    else
        (void)printf("removed %s\n", text_of(answer, "removed"));
}

static int suppression_add(struct cli *cli) {
    const struct contact_options *options = &cli->contact;
    struct buffer details = buffer_new(4096);
    struct admin_request request = command_request(cli);
    pack_slice(&details, slice_from_text(options->reason ? options->reason : "manual"));
    pack_slice(&details, slice_from_text(options->note));
    request.details = buffer_slice(&details);
    int status = command_ask(cli, &request, print_answer, NULL);
    buffer_free(&details);
    return status;
}

static int ask_plainly(struct cli *cli) {
    struct admin_request request = command_request(cli);
    if (cli->is_forced) request.words[request.word_count++] = SLICE("force");
    return command_ask(cli, &request, print_answer, NULL);
}

/* ---- list, export ---- */

struct listing {
    void (*take)(struct listing *listing, const struct suppression *row);
    json_t *list;
};

static void walk(struct task *t, struct door_task *task) {
    struct listing *listing = task->context;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer after = buffer_new(STORE_ADDRESS_BYTES_MAX);
    struct suppression_query query = {.tenant = 1, .max = SUPPRESSION_PAGE_ROWS};
    size_t count = 1;
    while (count) {
        struct suppression *rows = NULL;
        arena_reset(arena);
        query.after = buffer_slice(&after);
        if (store_suppression_page(t, task->door->store, arena, &query, &rows, &count) != STORE_OK) {
            task->stopped = "the store cannot be read; its log says why";
            break;
        }
        for (size_t i = 0; i < count; i++) listing->take(listing, &rows[i]);
        buffer_clear(&after);
        if (count) buffer_append(&after, rows[count - 1].value);
        if (count) query.after_kind = rows[count - 1].kind;
    }
    buffer_free(&after);
    arena_free(&arena);
}

static void take_words(struct listing *listing, const struct suppression *row) {
    char moment[WORDS_BYTES];
    (void)listing;
    (void)printf("%-14s  %.*s  %s%s%.*s, since %s\n", suppression_kind_name(row->kind),
                 SLICE_PRINT(row->value), suppression_reason_name(row->reason), row->detail.len ? ": " : "",
                 SLICE_PRINT(row->detail), moment_text(moment, row->at_ms));
}

static void take_json(struct listing *listing, const struct suppression *row) {
    json_t *object = json_object();
    move_set_text(object, "kind", slice_from_text(suppression_kind_name(row->kind)));
    move_set_text(object, "value", row->value);
    move_set_text(object, "reason", slice_from_text(suppression_reason_name(row->reason)));
    move_set_text(object, "note", row->detail);
    move_set_number(object, "since_ms", (uint64_t)row->at_ms);
    (void)json_array_append_new(listing->list, object);
}

static void write_row(const struct slice fields[4]) {
    struct buffer row = buffer_new(CSV_ROW_BYTES_MAX);
    csv_row_write(&row, fields, 4, ',');
    (void)fwrite(row.ptr, 1, row.len, stdout);
    buffer_free(&row);
}

static void take_csv(struct listing *listing, const struct suppression *row) {
    (void)listing;
    const struct slice fields[] = {row->value, slice_from_text(suppression_reason_name(row->reason)),
                                   row->detail, slice_from_text(suppression_kind_name(row->kind))};
    write_row(fields);
}

static int suppression_list(struct cli *cli) {
    struct listing listing = {cli->is_json ? take_json : take_words, json_array()};
    int status = door_task_run(cli, "suppression", walk, &listing);
    json_t *answer = json_pack("{s:o}", "suppressions", listing.list);
    if (status == 0 && cli->is_json)
        move_print_json(answer);
    else
        json_decref(answer);
    return status;
}

static int suppression_export(struct cli *cli) {
    static const struct slice heads[] = {SLICE_INIT("whom"), SLICE_INIT("reason"), SLICE_INIT("note"),
                                         SLICE_INIT("kind")};
    struct listing listing = {take_csv, NULL};
    if (cli->is_json) return suppression_list(cli);
    write_row(heads);
    return door_task_run(cli, "suppression", walk, &listing);
}

/* ---- import ---- */

struct importing {
    const char *path;
    enum suppression_reason reason;
    struct arena *arena;
    struct suppression rows[SUPPRESSION_BATCH_ROWS];
    size_t count;
    uint64_t read;
    uint64_t added;
    uint64_t refused;
};

static void submit(struct task *t, struct door_task *task, struct importing *importing) {
    struct suppression_batch batch = {1, importing->rows, importing->count};
    uint64_t added = 0;
    if (importing->count == 0 || task->stopped) return;
    enum store_result result = store_suppression_add(t, task->door->store, &batch, &added);
    if (result == STORE_OVER_QUOTA)
        task->stopped = "there would be more than 1000 patterns; name domains instead";
    else if (result != STORE_OK)
        task->stopped = "the store failed; its log says why";
    importing->added += added;
    importing->count = 0;
    arena_reset(importing->arena);
}

/* An export's own rows of erased addresses come back as what they are. */
static bool read_whom(struct importing *importing, const struct csv_row *csv, struct suppression *row) {
    struct slice whom = slice_trim(csv_plain(csv->fields[0]));
    bool is_hash = csv->field_count > 3 &&
                   slice_equal(csv->fields[3], slice_from_text(suppression_kind_name(SUPPRESSION_HASH)));
    if (!is_hash) return suppression_read(importing->arena, whom, row);
    row->kind = SUPPRESSION_HASH;
    return arena_try_copy(importing->arena, whom, &row->value);
}

static bool is_header(const struct csv_row *csv) {
    return csv->number == 1 && (slice_find_byte(csv->fields[0], '@') == SLICE_NOT_FOUND) &&
           (slice_find_byte(csv->fields[0], '.') == SLICE_NOT_FOUND);
}

static void take_row(struct task *t, struct door_task *task, const struct csv_row *csv) {
    struct importing *importing = task->context;
    struct suppression row = {.reason = importing->reason};
    if (!csv->fault && is_header(csv)) return;
    importing->read++;
    if (csv->fault || !read_whom(importing, csv, &row)) {
        importing->refused++;
        (void)fprintf(stderr, "line %" PRIu64 ": %s\n", csv->line,
                      csv->fault ? csv_fault_text(csv->fault) : "is no address, no domain and no pattern");
        return;
    }
    /* Another word there is no reason, and the usual one stays. */
    if (csv->field_count > 1 && !suppression_reason_read(csv->fields[1], &row.reason))
        row.reason = importing->reason;
    if (csv->field_count > 2)
        row.detail =
            arena_copy(importing->arena, slice_sub(csv_plain(csv->fields[2]), 0, CONTACT_TEXT_BYTES_MAX));
    importing->rows[importing->count++] = row;
    if (importing->count == SUPPRESSION_BATCH_ROWS) submit(t, task, importing);
}

static void read_rows(struct task *t, struct door_task *task, struct file *file) {
    struct csv_reader *reader = calloc(1, sizeof *reader);
    uint8_t *bytes = malloc(CSV_SAMPLE_BYTES);
    struct csv_text text = {0};
    struct csv_row csv;
    size_t mark_bytes = 0;
    uint64_t at = 0;
    bool at_end = false;
    if (!reader || !bytes) FATAL("out of memory for reading");
    while (!at_end && !task->stopped) {
        int64_t got = file_read(file, bytes, CSV_SAMPLE_BYTES, at + mark_bytes);
        if (got < 0) task->stopped = strerror((int)-got);
        if (got < 0) break;
        struct slice piece = slice_of(bytes, (size_t)got);
        at_end = piece.len < CSV_SAMPLE_BYTES;
        if (at == 0) {
            bool is_known = csv_text_init(&text, csv_encoding_find(piece, &mark_bytes));
            ASSERT(is_known);
            piece = slice_skip(piece, mark_bytes);
            csv_reader_init(reader, csv_separator_find(piece, at_end));
        }
        at += piece.len;
        struct slice rest = csv_text_next(&text, piece, at_end);
        while (!task->stopped && csv_next(reader, &rest, at_end, &csv)) take_row(t, task, &csv);
    }
    csv_text_free(&text);
    csv_reader_free(reader);
    free(reader);
    free(bytes);
}

static void import_file(struct task *t, struct door_task *task) {
    struct importing *importing = task->context;
    struct file *file = NULL;
    int result = file_open(task->env, importing->path, FILE_READ, &file);
    if (result) {
        task->stopped = strerror(-result);
        return;
    }
    read_rows(t, task, file);
    submit(t, task, importing);
    file_close(&file);
}

static int say_imported(const struct cli *cli, const struct importing *importing) {
    if (cli->is_json)
        move_print_json(json_pack("{s:I, s:I, s:I}", "rows", (json_int_t)importing->read, "added",
                                  (json_int_t)importing->added, "refused", (json_int_t)importing->refused));
    else
        (void)printf("%" PRIu64 " rows: %" PRIu64 " new, %" PRIu64 " refused\n", importing->read,
                     importing->added, importing->refused);
    return importing->refused ? cli_fail("%" PRIu64 " rows were refused", importing->refused) : EXIT_DONE;
}

static int suppression_import(struct cli *cli) {
    struct importing *importing = calloc(1, sizeof *importing);
    if (!importing) FATAL("out of memory for an import");
    importing->path = (const char *)cli->words[1].ptr;
    importing->reason = SUPPRESSION_IMPORTED;
    importing->arena = arena_new(ARENA_BYTES);
    int status = 0;
    if (cli->contact.reason &&
        !suppression_reason_read(slice_from_text(cli->contact.reason), &importing->reason))
        status = cli_misuse(cli, "--reason is unsubscribed, complaint, hard_bounce, manual or imported");
    if (status == 0) status = door_task_run(cli, "suppression", import_file, importing);
    if (status == 0) status = say_imported(cli, importing);
    arena_free(&importing->arena);
    free(importing);
    return status;
}

/* ---- the command ---- */

static const struct {
    const char *verb;
    size_t words;
    int (*run)(struct cli *cli);
} verbs[] = {
    {"add", 2, suppression_add},   {"remove", 2, ask_plainly},        {"check", 2, ask_plainly},
    {"list", 1, suppression_list}, {"export", 1, suppression_export}, {"import", 2, suppression_import},
};

int command_suppression(struct cli *cli) {
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!slice_equal(cli->words[0], slice_from_text(verbs[i].verb))) continue;
        if (cli->word_count == verbs[i].words) return verbs[i].run(cli);
        return cli_misuse(cli, "suppression %s: too few words, or too many", verbs[i].verb);
    }
    return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[0]));
}
