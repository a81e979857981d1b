/*
 * Importing contacts: a file of separated values is read once, piece by piece. Its first row names the
 * columns (contact_columns.c), each further one becomes a row for the store or is refused here
 * (contact_row.c); rows go to the store sorted, in batches, a commit each, several under way at a time
 * (contact_batch.c). What is said of it all: contact_report.c. Memory does not grow with the file but for a
 * set of hashes of addresses, by which a second row of the same address is known.
 *
 * Broken off, the next run with the same file and settings finds how far the store got, reads up to there
 * without sending, and goes on.
 */
#ifndef APP_CONTACT_IMPORT_H
#define APP_CONTACT_IMPORT_H

#include "app/cli/cli.h"
#include "app/cli/store_door.h"
#include "base/limits.h"
#include "base/map.h"
#include "io/file.h"
#include "store/contact_model.h"
#include "wire/csv.h"
#include "wire/csv_text.h"
#include "wire/place.h"

/* ---- contact_columns.c: what the header says ---- */

enum contact_column_kind {
    CONTACT_COLUMN_IGNORED,
    CONTACT_COLUMN_ADDRESS,
    CONTACT_COLUMN_TIME_ZONE,
    CONTACT_COLUMN_COUNTRY,
    CONTACT_COLUMN_FIELD,
};

struct contact_column {
    enum contact_column_kind kind;
    /* As the file has it. */
    struct slice header;
    /* With CONTACT_COLUMN_FIELD. */
    struct slice field;
};

struct contact_columns {
    struct contact_column *columns;
    size_t count;
    /* The columns of fields, ascending by field. */
    size_t *order;
    size_t field_count;
    size_t address;
    /* SIZE_MAX: there is none. */
    size_t time_zone;
    size_t country;
};

/* Finds out what each column is: as --map says ("Header=field", "3=field", "Header=-"), else by names that
   are known in five languages, else a field of its own name. In `arena`. NULL, or what is wrong and what to
   do. */
NODISCARD const char *contact_columns_read(struct arena *arena, const struct slice *headers, size_t count,
                                           const char *const *maps, size_t map_count,
                                           struct contact_columns *columns);
/* "first_name" for "First Name"; empty where nothing is left. In `arena`. */
struct slice contact_field_name(struct arena *arena, struct slice header);
const char *contact_column_kind_name(const struct contact_column *column);

/* ---- contact_row.c: one row ---- */

struct contact_fault {
    uint64_t line;
    /* Empty: the whole row. */
    struct slice column;
    struct slice value;
    const char *reason;
};

struct contact_reading {
    /* Of the row at work. */
    struct arena *arena;
    /* Of the whole import. */
    struct arena *kept;
    const struct contact_columns *columns;
    struct country_book *countries;
    /* Zones that are known, and a country's: name or code to text. */
    struct map *zones;
    struct map *country_zones;
    uint64_t guessed_zones;
    uint64_t guessed_of_several;
    uint64_t unknown_countries;
    struct slice first_unknown_country;
    struct contact_field fields[CSV_FIELDS_MAX];
};

enum contact_reading_result { CONTACT_READ, CONTACT_READ_NOTHING, CONTACT_READ_FAULT };

/* A row of the file as one for the store. All borrows from the row and reading->arena. */
NODISCARD enum contact_reading_result contact_row_read_csv(struct contact_reading *reading,
                                                           const struct csv_row *csv, struct contact_row *row,
                                                           struct contact_fault *fault);

/* ---- the import ---- */

struct contact_send;

struct contact_run {
    struct env *env;
    struct store_door *door;
    struct arena *arena;
    const struct cli *cli;
    const char *path;
    struct slice name;
    struct file *file;
    struct file *errors;
    uint64_t errors_bytes;
    struct slice encoding;
    bool is_encoding_given;
    uint8_t separator;
    size_t mark_bytes;
    struct csv_text text;
    struct csv_reader reader;
    struct contact_columns columns;
    struct contact_reading reading;
    /* Hashes of the addresses that came. */
    uint64_t *seen;
    size_t seen_size;
    size_t seen_count;
    uint64_t seed;
    /* Of the store; id 0 where nothing is written. */
    struct contact_import import;
    uint64_t resumed_rows;
    uint64_t chain;
    struct scope scope;
    struct gate batch_ended;
    size_t batches_under_way;
    struct contact_send *send;
    uint64_t batches_sent;
    uint64_t rows_sent;
    uint64_t chain_sent;
    /* What became of rows. */
    uint64_t rows;
    uint64_t outcomes[CONTACT_OUTCOMES];
    uint64_t faults;
    uint64_t duplicates;
    /* Of refused rows since the last batch. */
    uint64_t faults_unsent;
    uint64_t shown_faults;
    uint64_t shown_suppressed;
    uint64_t shown_changed;
    uint64_t told_ms;
    /* NULL, or where the addresses of all rows go (command_contact.h). */
    struct buffer *addresses;
    /* One line, or NULL. */
    const char *stopped;
};

/* ---- contact_batch.c ---- */

/* Adds a row that stands at this place of the file. Waits while too many batches are under way. */
void contact_send_row(struct task *t, struct contact_run *run, const struct contact_row *row,
                      const struct csv_row *csv);
/* Sends what is left, up to this row of the file, and waits for all. */
void contact_send_finish(struct task *t, struct contact_run *run, uint64_t rows);
void contact_send_free(struct contact_send **send);
/* In words, for a person. */
const char *contact_send_words(enum store_result result);

/* ---- contact_report.c ---- */

void contact_report_fault(struct contact_run *run, const struct contact_fault *fault);
void contact_report_duplicate(struct contact_run *run, uint64_t line, struct slice address);
void contact_report_judgement(struct contact_run *run, uint64_t line, struct slice address,
                              const struct contact_judgement *judgement,
                              const struct contact_difference *differences, size_t count);
void contact_report_progress(struct contact_run *run);
/* The end: in words, or as JSON. The exit status. */
int contact_report_end(struct contact_run *run);

#endif
