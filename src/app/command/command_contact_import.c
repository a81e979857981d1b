/* contact import: a file of separated values into the address book. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "app/command/command_contact.h"
#include "app/contact/contact_import.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "io/real/tree.h"

enum { RUN_ARENA_BYTES = 64 << 20, ROW_ARENA_BYTES = 2 << 20, FINGERPRINT_BYTES = 32, SEEN_FIRST = 1 << 12 };

/* ---- which addresses came ---- */

static uint64_t mix(uint64_t number) {
    number = (number ^ (number >> 32)) * 0xd6e8feb86659fd93u;
    number = (number ^ (number >> 32)) * 0xd6e8feb86659fd93u;
    return number ^ (number >> 32);
}

static uint64_t hash_of(uint64_t seed, struct slice bytes) {
    uint64_t hash = mix(seed ^ bytes.len);
    while (bytes.len) {
        struct slice piece = slice_take(&bytes, sizeof(uint64_t));
        uint64_t word = 0;
        memcpy(&word, piece.ptr, piece.len);
        hash = mix(hash ^ word) + seed;
    }
    return hash ? hash : 1;
}

static size_t seen_slot(const struct contact_run *run, uint64_t hash) {
    size_t slot = (size_t)hash & (run->seen_size - 1);
    while (run->seen[slot] && run->seen[slot] != hash) slot = (slot + 1) & (run->seen_size - 1);
    return slot;
}

static void seen_grow(struct contact_run *run) {
    uint64_t *old = run->seen;
    size_t old_size = run->seen_size;
    run->seen_size = old_size ? 2 * old_size : SEEN_FIRST;
    run->seen = calloc(run->seen_size, sizeof *run->seen);
    if (!run->seen) FATAL("out of memory for %zu addresses", run->seen_count);
    for (size_t i = 0; i < old_size; i++)
        if (old[i]) run->seen[seen_slot(run, old[i])] = old[i];
    free(old);
}

/* True: it came before in this file. */
static bool seen_before(struct contact_run *run, struct slice address) {
    uint64_t hash = hash_of(run->seed, address);
    if (run->seen_count * 3 >= run->seen_size * 2) seen_grow(run);
    size_t slot = seen_slot(run, hash);
    if (run->seen[slot]) return true;
    run->seen[slot] = hash;
    run->seen_count++;
    return false;
}

/* ---- rows ---- */

static bool is_replayed(const struct contact_run *run, const struct csv_row *csv) {
    return csv->number <= run->resumed_rows;
}

static void note_fault(struct contact_run *run, const struct csv_row *csv,
                       const struct contact_fault *fault) {
    contact_report_fault(run, fault);
    if (!is_replayed(run, csv)) run->faults_unsent++;
}

static void collect(struct contact_run *run, struct slice address) {
    if (!run->addresses) return;
    buffer_append(run->addresses, address);
    buffer_append_byte(run->addresses, '\n');
    if (buffer_overflowed(run->addresses))
        run->stopped = "the file has too many addresses to be added in one go; contact import takes it, and "
                       "outreach add --import adds them";
}

static void take_contact(struct task *t, struct contact_run *run, const struct contact_row *row,
                         const struct csv_row *csv) {
    collect(run, row->address);
    if (!is_replayed(run, csv)) contact_send_row(t, run, row, csv);
}

static void take_row(struct task *t, struct contact_run *run, const struct csv_row *csv) {
    struct contact_row row;
    struct contact_fault fault;
    enum contact_reading_result result = contact_row_read_csv(&run->reading, csv, &row, &fault);
    if (result == CONTACT_READ_NOTHING) return;
    run->rows++;
    run->chain = mix(run->chain ^ hash_of(csv->number, result == CONTACT_READ ? row.address : SLICE("?")));
    if (result == CONTACT_READ_FAULT)
        note_fault(run, csv, &fault);
    else if (seen_before(run, row.address))
        contact_report_duplicate(run, csv->line, row.address);
    else
        take_contact(t, run, &row, csv);
    if (csv->number == run->resumed_rows && run->chain != run->import.chain)
        run->stopped =
            "the file is another one than when the import was broken off; take that one back first, "
            "with posthaste contact undo";
    if (csv->number >= CONTACT_IMPORT_ROWS_MAX)
        run->stopped = "the file has more than 10,000,000 rows; split it";
}

/* A line "sep=;" in front is for spreadsheets. */
static bool is_separator_line(const struct csv_row *csv) {
    return csv->number == 1 && csv->field_count && slice_starts_nocase(csv->fields[0], SLICE("sep=")) &&
           csv->fields[0].len <= sizeof "sep=";
}

static void take_header(struct contact_run *run, const struct csv_row *csv) {
    const struct contact_options *options = &run->cli->contact;
    if (csv->fault)
        run->stopped = csv_fault_text(csv->fault);
    else if (!is_separator_line(csv))
        run->stopped = contact_columns_read(run->arena, csv->fields, csv->field_count, options->maps,
                                            options->map_count, &run->columns);
}

static void take_text(struct task *t, struct contact_run *run, struct slice text, bool at_end) {
    struct csv_row csv;
    while (!run->stopped && csv_next(&run->reader, &text, at_end, &csv)) {
        if (!run->columns.columns)
            take_header(run, &csv);
        else
            take_row(t, run, &csv);
        contact_report_progress(run);
    }
}

/* ---- the file ---- */

static int read_piece(struct contact_run *run, uint8_t *bytes, uint64_t at, struct slice *piece) {
    int64_t got = file_read(run->file, bytes, CSV_SAMPLE_BYTES, at);
    *piece = slice_of(bytes, got > 0 ? (size_t)got : 0);
    return got < 0 ? (int)got : 0;
}

static void read_all(struct task *t, struct contact_run *run) {
    uint8_t *bytes = malloc(CSV_SAMPLE_BYTES);
    uint64_t at = run->mark_bytes;
    struct slice piece;
    bool at_end = false;
    if (!bytes) FATAL("out of memory for reading");
    while (!run->stopped && !at_end) {
        int result = read_piece(run, bytes, at, &piece);
        if (result) run->stopped = strerror(-result);
        at += piece.len;
        at_end = piece.len < CSV_SAMPLE_BYTES;
        if (!result) take_text(t, run, csv_text_next(&run->text, piece, at_end), at_end);
    }
    free(bytes);
}

/* Encoding and separator, where nobody said. */
static const char *look_at_sample(struct contact_run *run) {
    uint8_t *bytes = malloc(CSV_SAMPLE_BYTES);
    struct slice sample;
    if (!bytes) FATAL("out of memory for a sample");
    int result = read_piece(run, bytes, 0, &sample);
    struct slice found = csv_encoding_find(sample, &run->mark_bytes);
    /* A mark says it for sure. */
    if (!run->is_encoding_given || run->mark_bytes) run->encoding = found;
    bool is_known = result == 0 && csv_text_init(&run->text, run->encoding);
    if (is_known && !run->separator) {
        bool is_whole = sample.len < CSV_SAMPLE_BYTES;
        struct slice text = csv_text_next(&run->text, slice_skip(sample, run->mark_bytes), is_whole);
        run->separator = csv_separator_find(text, is_whole);
        csv_text_free(&run->text);
        is_known = csv_text_init(&run->text, run->encoding);
    }
    free(bytes);
    if (result) return strerror(-result);
    if (sample.len == 0) return "the file is empty";
    return is_known ? NULL : "there is no such encoding; utf-8, utf-16, windows-1252, iso-8859-2 are some";
}

/* ---- beginning and end ---- */

/* What makes a run the same one as before: the file as it is, and everything it was told. */
static void fingerprint(struct contact_run *run, const struct tree_facts *facts,
                        uint8_t print[FINGERPRINT_BYTES]) {
    const struct contact_options *options = &run->cli->contact;
    struct buffer text = buffer_new(1 << 20);
    buffer_printf(&text, "%.*s\n%llu\n%lld\n%s\n%s\n%.*s\n%c\n", SLICE_PRINT(run->name),
                  (unsigned long long)facts->bytes, (long long)facts->changed_ms, options->source,
                  options->basis, SLICE_PRINT(run->encoding), run->separator);
    for (size_t i = 0; i < options->map_count; i++) buffer_printf(&text, "%s\n", options->maps[i]);
    if (EVP_Digest(text.ptr, text.len, print, NULL, EVP_sha256(), NULL) != 1) FATAL("libcrypto cannot hash");
    buffer_free(&text);
}

static const char *open_import(struct task *t, struct contact_run *run) {
    uint8_t print[FINGERPRINT_BYTES];
    struct tree_facts facts;
    int looked = tree_look(run->path, &facts);
    if (looked) return strerror(-looked);
    if (run->cli->is_dry_run) return NULL;
    fingerprint(run, &facts, print);
    struct contact_import_start start = {.tenant = 1,
                                         .name = run->name,
                                         .source = slice_from_text(run->cli->contact.source),
                                         .basis = slice_from_text(run->cli->contact.basis),
                                         .fingerprint = slice_of(print, sizeof print)};
    enum store_result result =
        store_contact_import_open(t, run->door->store, run->arena, &start, &run->import);
    if (result == STORE_REFUSED)
        return "--source, --basis or the file's name have characters that cannot be kept";
    run->resumed_rows = run->rows_sent = run->import.rows;
    run->chain_sent = run->import.chain;
    run->batches_sent = run->import.batches;
    return result == STORE_OK ? NULL : contact_send_words(result);
}

static void run_import(struct task *t, struct contact_run *run) {
    scope_init(&run->scope, run->env);
    gate_init(&run->batch_ended);
    read_all(t, run);
    if (!run->stopped && !run->columns.columns) run->stopped = "the file has no line with names of columns";
    contact_send_finish(t, run, run->reader.number);
    scope_close(t, &run->scope);
    if (run->stopped || run->cli->is_dry_run) return;
    enum store_result result = store_contact_import_close(t, run->door->store, run->import.id);
    if (result != STORE_OK) run->stopped = contact_send_words(result);
}

static void reading_open(struct contact_run *run) {
    run->seed = env_random_u64(run->env);
    run->columns.address = SIZE_MAX;
    run->reading.arena = arena_new(ROW_ARENA_BYTES);
    run->reading.kept = run->arena;
    run->reading.columns = &run->columns;
    run->reading.countries = country_book_new(run->seed);
    run->reading.zones = map_new(run->seed);
    run->reading.country_zones = map_new(run->seed);
    csv_reader_init(&run->reader, run->separator);
}

static void reading_close(struct contact_run *run) {
    arena_free(&run->reading.arena);
    country_book_free(&run->reading.countries);
    map_free(&run->reading.zones);
    map_free(&run->reading.country_zones);
    csv_reader_free(&run->reader);
    free(run->seen);
    if (run->encoding.len == 0 && run->text.decoder) run->encoding = SLICE("windows-1252");
}

static void work(struct task *t, void *argument) {
    struct contact_run *run = argument;
    run->stopped = store_door_open(t, run->door);
    if (!run->stopped) run->stopped = open_import(t, run);
    if (!run->stopped) run_import(t, run);
    store_door_close(t, run->door);
    real_env_stop(run->env);
}

static const char *open_files(struct contact_run *run) {
    const char *errors = run->cli->contact.errors;
    int result = file_open(run->env, run->path, FILE_READ, &run->file);
    if (result) return strerror(-result);
    const char *fault = look_at_sample(run);
    if (fault || !errors) return fault;
    result = file_open(run->env, errors, FILE_CREATE, &run->errors);
    if (result == -EEXIST) return "the file for --errors is there already; name a new one";
    return result ? strerror(-result) : NULL;
}

static void run_loop(struct contact_run *run) {
    struct scope scope;
    reading_open(run);
    scope_init(&scope, run->env);
    if (!scope_spawn(&scope, work, run)) FATAL("a new scope is closed");
    real_env_run(run->env);
    reading_close(run);
}

static int import_all(struct contact_run *run) {
    struct store_door door;
    struct log_sink sink;
    if (!store_door_prepare(&door, run->cli->data)) return EXIT_FAILED;
    log_sink_init(&sink, "import");
    sink.log.least = LOG_LEVEL_WARN;
    run->env = real_env_new(&sink.log);
    run->door = &door;
    const char *fault = open_files(run);
    if (!fault) run_loop(run);
    int status = fault ? cli_fail("%s: %s", run->path, fault) : contact_report_end(run);
    csv_text_free(&run->text);
    file_close(&run->file);
    file_close(&run->errors);
    real_env_free(&run->env);
    store_door_end(&door);
    return status;
}

/* ---- what was asked for ---- */

static int check_options(struct cli *cli, struct contact_run *run) {
    const struct contact_options *options = &cli->contact;
    if (!options->source)
        return cli_misuse(
            cli, "--source is missing: say where these addresses come from, such as \"trade fair Hanover "
                 "2026\"; the law asks whoever keeps personal data to be able to tell each person");
    if (!options->basis)
        return cli_misuse(cli,
                          "--basis is missing: say by which right these people may be written to (consent, "
                          "contract, legitimate_interest, soft_opt_in ...); without one nothing may be sent, "
                          "and docs/contacts.md says which fits where");
    if (!contact_basis_is_known(slice_from_text(options->basis)))
        return cli_misuse(cli,
                          "--basis is consent, contract, legitimate_interest, soft_opt_in, legal_obligation, "
                          "public_task or vital_interest, not '%s'",
                          options->basis);
    if (options->separator && !csv_separator_read(slice_from_text(options->separator), &run->separator))
        return cli_misuse(cli, "--separator is comma, semicolon, tab or bar, not '%s'", options->separator);
    run->is_encoding_given = options->encoding != NULL;
    run->encoding = slice_from_text(options->encoding);
    return 0;
}

int command_contact_import_collect(struct cli *cli, const char *path, struct buffer *addresses,
                                   bool *is_whole) {
    struct contact_run *run = calloc(1, sizeof *run);
    if (!run) FATAL("out of memory for an import");
    struct slice name = slice_from_text(path);
    size_t slash = slice_find_last_byte(name, '/');
    run->arena = arena_new(RUN_ARENA_BYTES);
    run->cli = cli;
    run->path = path;
    run->name = slash == SLICE_NOT_FOUND ? name : slice_skip(name, slash + 1);
    run->addresses = addresses;
    *is_whole = false;
    int status = check_options(cli, run);
    if (status == 0) {
        status = import_all(run);
        *is_whole = !run->stopped && run->columns.columns;
    }
    arena_free(&run->arena);
    free(run);
    return status;
}

int command_contact_import(struct cli *cli) {
    bool is_whole;
    return command_contact_import_collect(cli, (const char *)cli->words[1].ptr, NULL, &is_whole);
}
