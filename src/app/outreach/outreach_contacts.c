#include "app/outreach/outreach_contacts.h"

#include <errno.h>
#include <stdio.h>

#include "app/cli/admin_client.h"
#include "app/contact/contact_import.h"
#include "io/real/read_file.h"
#include "store/contact_address.h"

enum { ROW_ARENA_BYTES = 4 << 20, FILE_BYTES_MAX = 256 << 20, FAULTS_SHOWN_MAX = 20, MAP_SEED = 1 };

/* Versions are chosen by it; of a contact in the book its own id does that. */
static uint64_t id_of(struct slice address) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < address.len; i++) hash = (hash ^ address.ptr[i]) * 1099511628211u;
    return hash;
}

static struct planner_contact *add(struct cli *cli, struct outreach_contacts *contacts) {
    contacts->items = arena_try_grow(cli->arena, contacts->items, contacts->count, &contacts->capacity,
                                     sizeof *contacts->items);
    if (!contacts->items || contacts->count == PLANNER_CONTACTS_MAX) return NULL;
    struct planner_contact *contact = &contacts->items[contacts->count++];
    *contact = (struct planner_contact){.id = 0};
    return contact;
}

/* ---- a file ---- */

struct csv_run {
    struct cli *cli;
    const char *path;
    struct outreach_contacts *contacts;
    struct contact_columns columns;
    struct contact_reading reading;
    struct csv_reader reader;
    struct csv_text text;
};

static struct snippet_fields copy_fields(struct arena *arena, const struct contact_row *row) {
    struct snippet_field *items = ARENA_NEW_ARRAY(arena, struct snippet_field, row->field_count + 1);
    for (size_t i = 0; i < row->field_count; i++)
        items[i] = (struct snippet_field){arena_copy(arena, row->fields[i].name),
                                          arena_copy(arena, row->fields[i].value)};
    return (struct snippet_fields){items, row->field_count};
}

static void complain(struct csv_run *run, const struct contact_fault *fault) {
    if (run->contacts->refused++ >= FAULTS_SHOWN_MAX) return;
    (void)fprintf(stderr, "%s:%llu: %.*s%s%s\n", run->path, (unsigned long long)fault->line,
                  SLICE_PRINT(fault->column), fault->column.len ? " " : "", fault->reason);
}

static int take_row(struct csv_run *run, const struct csv_row *csv) {
    struct contact_row row;
    struct contact_fault fault;
    enum contact_reading_result result = contact_row_read_csv(&run->reading, csv, &row, &fault);
    if (result == CONTACT_READ_FAULT) complain(run, &fault);
    if (result != CONTACT_READ) return 0;
    struct planner_contact *contact = add(run->cli, run->contacts);
    if (!contact) return cli_fail("%s: more than %d contacts", run->path, PLANNER_CONTACTS_MAX);
    contact->address = arena_copy(run->cli->arena, row.address);
    contact->time_zone = arena_copy(run->cli->arena, row.time_zone);
    contact->fields = copy_fields(run->cli->arena, &row);
    contact->id = id_of(contact->address);
    return 0;
}

static int take_head(struct csv_run *run, const struct csv_row *csv) {
    const char *wrong =
        contact_columns_read(run->cli->arena, csv->fields, csv->field_count, NULL, 0, &run->columns);
    return wrong ? cli_fail("%s: %s", run->path, wrong) : 0;
}

static int read_rows(struct csv_run *run, struct slice input, bool at_end) {
    struct csv_row row;
    int status = 0;
    while (status == 0 && csv_next(&run->reader, &input, at_end, &row))
        status = run->columns.columns ? take_row(run, &row) : take_head(run, &row);
    return status;
}

static int read_pieces(struct csv_run *run, struct slice bytes) {
    int status = 0;
    do {
        struct slice piece = slice_take(&bytes, CSV_SAMPLE_BYTES);
        bool is_last = bytes.len == 0;
        status = read_rows(run, csv_text_next(&run->text, piece, is_last), is_last);
    } while (status == 0 && bytes.len);
    if (status == 0 && !run->columns.columns)
        status = cli_fail("%s: the first line names the columns; there is none", run->path);
    return status;
}

/* Separator and encoding are found out; the text is begun anew for the reading itself. */
static int begin(struct csv_run *run, struct slice *bytes) {
    size_t mark_bytes = 0;
    struct slice sample = slice_sub(*bytes, 0, CSV_SAMPLE_BYTES);
    struct slice encoding = csv_encoding_find(sample, &mark_bytes);
    *bytes = slice_skip(*bytes, mark_bytes);
    if (!csv_text_init(&run->text, encoding)) return cli_fail("%s: its encoding is not known", run->path);
    bool is_whole = bytes->len <= CSV_SAMPLE_BYTES;
    uint8_t separator =
        csv_separator_find(csv_text_next(&run->text, slice_skip(sample, mark_bytes), is_whole), is_whole);
    csv_text_free(&run->text);
    csv_reader_init(&run->reader, separator);
    return csv_text_init(&run->text, encoding) ? 0 : cli_fail("%s: its encoding is not known", run->path);
}

static int read_bytes(struct csv_run *run, struct slice bytes) {
    run->columns.address = SIZE_MAX;
    run->reading = (struct contact_reading){.arena = arena_new(ROW_ARENA_BYTES),
                                            .kept = run->cli->arena,
                                            .columns = &run->columns,
                                            .countries = country_book_new(MAP_SEED),
                                            .zones = map_new(MAP_SEED),
                                            .country_zones = map_new(MAP_SEED)};
    int status = begin(run, &bytes);
    if (status == 0) status = read_pieces(run, bytes);
    arena_free(&run->reading.arena);
    country_book_free(&run->reading.countries);
    map_free(&run->reading.zones);
    map_free(&run->reading.country_zones);
    csv_reader_free(&run->reader);
    csv_text_free(&run->text);
    return status;
}

int outreach_contacts_read_csv(struct cli *cli, const char *path, struct outreach_contacts *contacts) {
    struct slice bytes;
    struct csv_run *run = ARENA_NEW(cli->arena, struct csv_run);
    int result = read_file(cli->arena, path, FILE_BYTES_MAX, &bytes);
    if (result) return cli_fail("%s: %s", path, strerror(-result));
    *contacts = (struct outreach_contacts){.count = 0};
    run->cli = cli;
    run->path = path;
    run->contacts = contacts;
    int status = read_bytes(run, bytes);
    if (status == 0 && contacts->refused)
        (void)fprintf(stderr, "%s: %zu row%s left out\n", path, contacts->refused,
                      contacts->refused == 1 ? "" : "s");
    return status;
}

/* ---- one of the book ---- */

static struct slice copy_text(struct arena *arena, const json_t *text) {
    return json_is_string(text)
               ? arena_copy(arena, slice_of(json_string_value(text), json_string_length(text)))
               : SLICE_EMPTY;
}

static void copy_book(struct arena *arena, const json_t *known, struct planner_contact *contact) {
    const char *name;
    json_t *value;
    json_t *fields = json_object_get(known, "fields");
    struct snippet_field *items = ARENA_NEW_ARRAY(arena, struct snippet_field, json_object_size(fields) + 1);
    size_t count = 0;
    json_object_foreach(fields, name, value) {
        items[count].name = arena_copy(arena, slice_from_text(name));
        items[count++].value = copy_text(arena, value);
    }
    contact->id = (uint64_t)json_integer_value(json_object_get(known, "id"));
    contact->time_zone = copy_text(arena, json_object_get(known, "time_zone"));
    contact->fields = (struct snippet_fields){items, count};
}

static int ask_book(struct cli *cli, struct planner_contact *contact) {
    struct admin_request request = {.words = {SLICE("contact"), SLICE("show"), contact->address},
                                    .word_count = 3};
    json_t *answer = admin_ask(cli->data, &request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = error ? cli_fail("%s", error) : 0;
    if (status == 0) copy_book(cli->arena, json_object_get(answer, "contact"), contact);
    json_decref(answer);
    return status;
}

int outreach_contacts_find(struct cli *cli, const char *address, struct outreach_contacts *contacts) {
    struct slice domain;
    struct slice written;
    *contacts = (struct outreach_contacts){.count = 0};
    struct planner_contact *contact = add(cli, contacts);
    enum contact_address_fault fault =
        contact_address_read(cli->arena, slice_from_text(address), &contact->address, &domain, &written);
    if (fault) return cli_fail("%s: %s", address, contact_address_fault_text(fault));
    contact->id = id_of(contact->address);
    return cli->data ? ask_book(cli, contact) : 0;
}

/* ---- made up ---- */

int outreach_contacts_make(struct cli *cli, uint64_t count, struct outreach_contacts *contacts) {
    *contacts = (struct outreach_contacts){.count = 0};
    if (count > PLANNER_CONTACTS_MAX) return cli_fail("at most %d contacts", PLANNER_CONTACTS_MAX);
    for (uint64_t i = 1; i <= count; i++) {
        struct planner_contact *contact = add(cli, contacts);
        contact->address = arena_printf(cli->arena, "prospect-%llu@company-%llu.test", (unsigned long long)i,
                                        (unsigned long long)i);
        contact->id = id_of(contact->address);
    }
    return 0;
}
