/* contact: reads what is asked, asks the store, and says the answer in words. */
#include "app/command/command_contact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/admin/contact_json.h"
#include "app/cli/command_ask.h"
#include "app/cli/door_task.h"
#include "app/settings/bytes_text.h"
#include "base/limits.h"
#include "base/map.h"
#include "store/contact_address.h"
#include "store/contact_fields.h"
#include "store/contact_select.h"
#include "wire/csv.h"
#include "wire/place.h"

enum { PAGE_ARENA_BYTES = 64 << 20, LIST_ROWS_MAX = 1000, HEADERS_MAX = CONTACT_FIELDS_MAX * 10 };

/* ---- answers in words ---- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static void print_contact(json_t *contact) {
    const char *key;
    json_t *value;
    (void)printf("%s", text_of(contact, "address"));
    json_object_foreach(json_object_get(contact, "fields"), key, value)(void)
        printf("  %s=%s", key, json_string_value(value));
    if (text_of(contact, "country")[0]) (void)printf("  country=%s", text_of(contact, "country"));
    if (text_of(contact, "time_zone")[0])
        (void)printf("  time_zone=%s%s", text_of(contact, "time_zone"),
                     json_is_true(json_object_get(contact, "time_zone_from_country")) ? " (from the country)"
                                                                                      : "");
    (void)putchar('\n');
}

static void print_suppression(const json_t *found) {
    char moment[WORDS_BYTES];
    if (json_is_object(found))
        (void)printf("  must not be written to: %s (%s), since %s\n", text_of(found, "reason"),
                     text_of(found, "kind"), moment_text(moment, number_of(found, "since_ms")));
}

static void print_import(const json_t *import) {
    char moment[WORDS_BYTES];
    (void)printf(
        "%" JSON_INTEGER_FORMAT "  %s  %s, \"%s\", %s: %" JSON_INTEGER_FORMAT " added, %" JSON_INTEGER_FORMAT
        " changed, %" JSON_INTEGER_FORMAT " the same, %" JSON_INTEGER_FORMAT
        " suppressed, %" JSON_INTEGER_FORMAT " refused%s%s\n",
        number_of(import, "id"), moment_text(moment, number_of(import, "at_ms")), text_of(import, "file"),
        text_of(import, "source"), text_of(import, "basis"), number_of(import, "added"),
        number_of(import, "changed"), number_of(import, "same"), number_of(import, "suppressed"),
        number_of(import, "refused"),
        json_is_true(json_object_get(import, "broken_off")) ? "; broken off: the same command goes on" : "",
        number_of(import, "undone_ms") ? "; undone" : "");
}

static void print_undone(const json_t *answer) {
    (void)printf("import %s is undone: %" JSON_INTEGER_FORMAT " removed, %" JSON_INTEGER_FORMAT
                 " as before, %" JSON_INTEGER_FORMAT " left as they are, because they were changed since\n",
                 text_of(answer, "undone"), number_of(answer, "removed"), number_of(answer, "restored"),
                 number_of(answer, "kept"));
}

static void print_answer(const json_t *answer) {
    size_t i;
    json_t *import;
    const json_t *imports = json_object_get(answer, "imports");
    if (json_object_get(answer, "undone")) {
        print_undone(answer);
    } else if (json_object_get(answer, "erased")) {
        (void)printf("erased %s%s; a hash stays, by which it is kept out\n", text_of(answer, "erased"),
                     json_is_true(json_object_get(answer, "was_known")) ? "" : ", who was not in the book");
    } else if (json_is_object(json_object_get(answer, "contact"))) {
        print_contact(json_object_get(answer, "contact"));
        print_suppression(json_object_get(answer, "suppression"));
    } else if (json_is_array(imports)) {
        if (json_array_size(imports) == 0) (void)printf("nothing was imported yet\n");
        json_array_foreach(imports, i, import) print_import(import);
    } else {
        const char *key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)answer));
        (void)printf("%s %s\n", key, text_of(answer, key));
    }
}

/* Everything that is known is shown as it is. */
static void print_known(const json_t *answer) {
    (void)(json_dumpf(answer, stdout, JSON_INDENT(2)), putchar('\n'));
}

/* ---- set ---- */

static int compare_fields(const void *left, const void *right) {
    const struct contact_field *a = left;
    const struct contact_field *b = right;
    return slice_compare(a->name, b->name);
}

/* 0, or the exit status. */
static int set_place(struct cli *cli, struct contact_row *row, struct slice name, struct slice value,
                     bool *is_place) {
    *is_place = true;
    if (slice_equal(name, SLICE("time_zone"))) {
        row->time_zone = value;
        return time_zone_is_known(value)
                   ? 0
                   : cli_fail("time_zone=%.*s: no time zone of the IANA database; such as Europe/Berlin",
                              SLICE_PRINT(value));
    }
    *is_place = slice_equal(name, SLICE("country"));
    if (!*is_place) return 0;
    struct country_book *book = country_book_new(1);
    row->country = arena_copy(cli->arena, country_find(book, value));
    country_book_free(&book);
    return row->country.len ? 0
                            : cli_fail("country=%.*s: no country; such as DE or Germany", SLICE_PRINT(value));
}

static int set_field(struct cli *cli, struct contact_row *row, struct contact_field *fields,
                     struct slice word) {
    bool is_place = false;
    size_t equals = slice_find_byte(word, '=');
    if (equals == SLICE_NOT_FOUND)
        return cli_misuse(cli, "'%.*s': write a field as FIELD=VALUE", SLICE_PRINT(word));
    struct slice name = slice_sub(word, 0, equals);
    struct slice value = slice_trim(slice_skip(word, equals + 1));
    int status = set_place(cli, row, name, value, &is_place);
    if (status || is_place) return status;
    if (!contact_name_is_sound(name))
        return cli_fail("'%.*s' is no name of a field: small letters, digits and _", SLICE_PRINT(name));
    if (!contact_text_is_sound(value, CONTACT_VALUE_BYTES_MAX))
        return cli_fail("the value of %.*s has a line break or another control character, is no UTF-8, or is "
                        "longer than 4096 bytes",
                        SLICE_PRINT(name));
    fields[row->field_count++] = (struct contact_field){name, value};
    return 0;
}

static int contact_set(struct cli *cli) {
    struct contact_field fields[ADMIN_WORDS_MAX];
    struct contact_row row = {.fields = fields};
    struct slice domain;
    enum contact_address_fault fault =
        contact_address_read(cli->arena, cli->words[1], &row.address, &domain, &row.written);
    if (fault) return cli_fail("%.*s: %s", SLICE_PRINT(cli->words[1]), contact_address_fault_text(fault));
    for (size_t i = 2; i < cli->word_count; i++) {
        int status = set_field(cli, &row, fields, cli->words[i]);
        if (status) return status;
    }
    qsort(fields, row.field_count, sizeof *fields, compare_fields);
    struct buffer details = buffer_new(IPC_FRAME_BYTES_MAX);
    contact_row_pack(&details, &row);
    struct admin_request request = {
        .words = {SLICE("contact"), SLICE("set")}, .word_count = 2, .details = buffer_slice(&details)};
    int status = command_ask(cli, &request, print_answer, NULL);
    buffer_free(&details);
    return status;
}

/* ---- lists, through the door ---- */

struct listing {
    struct contact_query query;
    struct contact_selection selection;
    uint64_t rows_max;
    /* Called for each; may end it by setting task->stopped. */
    void (*take)(struct door_task *task, const struct contact *contact);
    /* The list of `list`; the columns of `export`. */
    json_t *list;
    struct map *names;
    struct slice headers[HEADERS_MAX];
    size_t header_count;
    bool has_more;
};

static void walk(struct task *t, struct door_task *task) {
    struct listing *listing = task->context;
    struct arena *arena = arena_new(PAGE_ARENA_BYTES);
    struct buffer after = buffer_new(STORE_ADDRESS_BYTES_MAX);
    uint64_t rows = 0;
    size_t count = 1;
    buffer_append(&after, listing->query.after);
    while (count && rows < listing->rows_max && !task->stopped) {
        struct contact *contacts = NULL;
        struct contact_query query = listing->query;
        query.after = buffer_slice(&after);
        arena_reset(arena);
        enum store_result result = store_contact_page(t, task->door->store, arena, &query, &contacts, &count);
        if (result != STORE_OK) task->stopped = "the store cannot be read; its log says why";
        if (result != STORE_OK || count == 0) break;
        for (size_t i = 0; i < count && !task->stopped; i++) {
            if (!contact_is_selected(&contacts[i], &listing->selection)) continue;
            listing->take(task, &contacts[i]);
            rows++;
        }
        buffer_clear(&after);
        buffer_append(&after, contacts[count - 1].address);
    }
    listing->has_more = count > 0 && rows >= listing->rows_max;
    buffer_free(&after);
    arena_free(&arena);
}

static void take_listed(struct door_task *task, const struct contact *contact) {
    struct listing *listing = task->context;
    json_t *object = contact_json(contact);
    if (task->cli->is_json) {
        json_array_append_new(listing->list, object);
        return;
    }
    print_contact(object);
    json_decref(object);
}

/* 0, or the exit status. */
static int read_filter(struct cli *cli, struct listing *listing, struct slice word) {
    struct slice after = word;
    if (slice_take_prefix(&after, SLICE("after="))) {
        listing->query.after = after;
        return 0;
    }
    enum contact_selection_fault fault = contact_selection_read(word, &listing->selection);
    if (fault) return cli_misuse(cli, "'%.*s': %s", SLICE_PRINT(word), contact_selection_fault_text(fault));
    listing->query.domain = listing->selection.domain;
    listing->query.import = listing->selection.import;
    return 0;
}

static int contact_list(struct cli *cli) {
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing) FATAL("out of memory for a list");
    listing->query = (struct contact_query){.tenant = 1, .max = CONTACT_PAGE_ROWS};
    listing->rows_max = LIST_ROWS_MAX;
    listing->take = take_listed;
    listing->list = json_array();
    int status = 0;
    for (size_t i = 1; i < cli->word_count && !status; i++) status = read_filter(cli, listing, cli->words[i]);
    if (status == 0) status = door_task_run(cli, "contact", walk, listing);
    if (status == 0 && cli->is_json) {
        json_t *answer = json_pack("{s:O, s:b}", "contacts", listing->list, "more", listing->has_more);
        print_known(answer);
        json_decref(answer);
    } else if (status == 0 && listing->has_more) {
        (void)fprintf(stderr, "there are more: after=ADDRESS goes on behind the last\n");
    }
    json_decref(listing->list);
    free(listing);
    return status;
}

/* ---- the book as separated values ---- */

static void take_names(struct door_task *task, const struct contact *contact) {
    struct listing *listing = task->context;
    for (size_t i = 0; i < contact->field_count; i++) {
        if (map_get(listing->names, contact->fields[i].name)) continue;
        if (listing->header_count == HEADERS_MAX) {
            task->stopped = "the book has more than 1000 different fields; export it in parts, as JSON";
            return;
        }
        struct slice *header = &listing->headers[listing->header_count++];
        *header = arena_copy(task->cli->arena, contact->fields[i].name);
        (void)map_put(listing->names, *header, header);
    }
}

static int compare_slices(const void *left, const void *right) {
    return slice_compare(*(const struct slice *)left, *(const struct slice *)right);
}

static void write_row(const struct slice *values, size_t count) {
    struct buffer row = buffer_new(4 * (size_t)CSV_ROW_BYTES_MAX);
    csv_row_write(&row, values, count, ',');
    (void)fwrite(row.ptr, 1, row.len, stdout);
    buffer_free(&row);
}

enum { FIXED_COLUMNS = 5 };

static void write_head(const struct listing *listing) {
    struct slice values[FIXED_COLUMNS + HEADERS_MAX] = {SLICE("address")};
    for (size_t i = 0; i < listing->header_count; i++) values[1 + i] = listing->headers[i];
    values[1 + listing->header_count] = SLICE("time_zone");
    values[2 + listing->header_count] = SLICE("country");
    write_row(values, 3 + listing->header_count);
}

static void take_written(struct door_task *task, const struct contact *contact) {
    const struct listing *listing = task->context;
    struct slice values[FIXED_COLUMNS + HEADERS_MAX] = {contact->written};
    size_t at = 0;
    for (size_t i = 0; i < listing->header_count; i++) {
        bool is_here =
            at < contact->field_count && slice_equal(contact->fields[at].name, listing->headers[i]);
        values[1 + i] = is_here ? contact->fields[at++].value : SLICE_EMPTY;
    }
    values[1 + listing->header_count] = contact->is_zone_guessed ? SLICE_EMPTY : contact->time_zone;
    values[2 + listing->header_count] = contact->country;
    write_row(values, 3 + listing->header_count);
}

/* Twice through the book: which fields there are, then the rows. */
static void export_book(struct task *t, struct door_task *task) {
    struct listing *listing = task->context;
    listing->take = take_names;
    walk(t, task);
    if (task->stopped) return;
    qsort(listing->headers, listing->header_count, sizeof *listing->headers, compare_slices);
    write_head(listing);
    listing->take = take_written;
    walk(t, task);
}

static int contact_export_book(struct cli *cli) {
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing) FATAL("out of memory for a list");
    listing->query = (struct contact_query){.tenant = 1, .max = CONTACT_PAGE_ROWS};
    listing->rows_max = UINT64_MAX;
    listing->names = map_new(1);
    int status = door_task_run(cli, "contact", export_book, listing);
    map_free(&listing->names);
    free(listing);
    return status;
}

/* ---- the command ---- */

static const struct {
    const char *verb;
    size_t words_min;
    size_t words_max;
    int (*run)(struct cli *cli);
} verbs[] = {
    {"import", 2, 2, command_contact_import},
    {"list", 1, ADMIN_WORDS_MAX, contact_list},
    {"set", 2, ADMIN_WORDS_MAX, contact_set},
    {"export", 1, 1, contact_export_book},
    /* The others are asked as they stand. */
    {"export", 2, 2, NULL},
    {"imports", 1, 1, NULL},
    {"undo", 2, 2, NULL},
    {"show", 2, 2, NULL},
    {"remove", 2, 2, NULL},
    {"erase", 2, 2, NULL},
};

static int ask_plainly(struct cli *cli) {
    struct admin_request request = command_request(cli);
    bool is_export = slice_equal(cli->words[0], SLICE("export"));
    return command_ask(cli, &request, is_export ? print_known : print_answer, NULL);
}

int command_contact(struct cli *cli) {
    bool is_known = false;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!slice_equal(cli->words[0], slice_from_text(verbs[i].verb))) continue;
        is_known = true;
        if (cli->word_count < verbs[i].words_min || cli->word_count > verbs[i].words_max) continue;
        return verbs[i].run ? verbs[i].run(cli) : ask_plainly(cli);
    }
    if (is_known)
        return cli_misuse(cli, "contact %.*s: too few words, or too many", SLICE_PRINT(cli->words[0]));
    return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[0]));
}
