/* Separated values: rows, separators, encodings, and what is written; countries and time zones of address
 * lists. */
#include "test.h"

#include "base/limits.h"
#include "wire/csv.h"
#include "wire/csv_text.h"
#include "wire/place.h"

/* ---- rows ---- */

/* Each field in brackets, a row a line; a fault as "!" and its number, with the line. */
static void read_rows(struct slice input, uint8_t separator, size_t step, struct buffer *out) {
    struct csv_reader *reader = malloc(sizeof *reader);
    struct csv_row row;
    assert_non_null(reader);
    csv_reader_init(reader, separator);
    bool at_end = false;
    while (!at_end) {
        struct slice piece = slice_take(&input, step);
        at_end = input.len == 0;
        while (csv_next(reader, &piece, at_end, &row)) {
            buffer_printf(out, "%llu:", (unsigned long long)row.line);
            if (row.fault) buffer_printf(out, "!%d.%zu", row.fault, row.fault_field);
            for (size_t i = 0; i < row.field_count; i++)
                buffer_printf(out, "[%.*s]", SLICE_PRINT(row.fields[i]));
            buffer_append_byte(out, '\n');
        }
        assert_int_equal(piece.len, 0);
    }
    csv_reader_free(reader);
    free(reader);
}

static void assert_rows(const char *input, uint8_t separator, const char *expected) {
    for (size_t step = 1; step < 40; step += 6) {
        struct buffer out = buffer_new(MIB(4));
        read_rows(slice_from_text(input), separator, step, &out);
        assert_slice(buffer_slice(&out), expected);
        buffer_free(&out);
    }
}

static void rows_are_read_as_rfc_4180_and_spreadsheets_have_them(void **state) {
    assert_rows("a,b\r\nc,d\r\n", ',', "1:[a][b]\n2:[c][d]\n");
    assert_rows("a,b\nc,d", ',', "1:[a][b]\n2:[c][d]\n");
    assert_rows("a,b\rc,d\r", ',', "1:[a][b]\n2:[c][d]\n");
    assert_rows("\"a,1\",\"say \"\"x\"\"\"\n", ',', "1:[a,1][say \"x\"]\n");
    assert_rows("\"two\r\nlines\",b\nnext,c\n", ',', "1:[two\r\nlines][b]\n3:[next][c]\n");
    assert_rows("a,,\n,\n", ',', "1:[a][][]\n2:[][]\n");
    assert_rows("\"\"\n", ',', "1:[]\n");
    /* RFC 4180 knows neither of these. */
    assert_rows("a,  \"b\"  ,c\n", ',', "1:[a][b][c]\n");
    assert_rows("\"a\" and more,b\n", ',', "1:[aand more][b]\n");
    assert_rows("5\" pipe,b\n", ',', "1:[5\" pipe][b]\n");
    assert_rows(" a ,b\n", ',', "1:[ a ][b]\n");
    assert_rows("a;b\tc|d,e\n", ';', "1:[a][b\tc|d,e]\n");
    assert_rows("a\tb\t\n", '\t', "1:[a][b][]\n");
}

static void empty_lines_are_no_rows_but_count(void **state) {
    assert_rows("\n\r\n  \na,b\n\n\nc,d\n\n", ',', "4:[a][b]\n7:[c][d]\n");
    assert_rows("", ',', "");
}

static void bytes_that_are_no_text_are_a_fault_of_their_row_alone(void **state) {
    assert_rows("a,b\nc,\xff\nd,e\n", ',', "1:[a][b]\n2:!1.1[c][\xff]\n3:[d][e]\n");
    assert_rows("\xef\xbf\xbd,b\nd,e\n", ',', "1:!1.0[\xef\xbf\xbd][b]\n2:[d][e]\n");
}

static void a_quote_that_is_never_closed_is_told(void **state) {
    assert_rows("a,b\nc,\"d\ne,f\n", ',', "1:[a][b]\n2:!4.1\n");
}

static void a_row_over_the_limit_is_passed_over_and_reading_goes_on(void **state) {
    struct buffer input = buffer_new(MIB(2));
    struct buffer out = buffer_new(MIB(1));
    buffer_append_text(&input, "a,b\n\"");
    for (size_t i = 0; i < CSV_ROW_BYTES_MAX / 10 + 100; i++) buffer_append_text(&input, "123456789\n");
    buffer_append_text(&input, "c,d\n");
    read_rows(buffer_slice(&input), ',', 1000, &out);
    assert_true(slice_starts(buffer_slice(&out), SLICE("1:[a][b]\n2:!2.0\n")));
    assert_true(slice_ends_nocase(buffer_slice(&out), SLICE("[c][d]\n")));
    buffer_clear(&input);
    buffer_clear(&out);
    for (size_t i = 0; i < CSV_FIELDS_MAX; i++) buffer_append_text(&input, "x,");
    buffer_append_text(&input, "y\nc,d\n");
    read_rows(buffer_slice(&input), ',', 1000, &out);
    assert_slice(buffer_slice(&out), "1:!3.0\n2:[c][d]\n");
    buffer_free(&input);
    buffer_free(&out);
}

static void the_separator_is_found_out(void **state) {
    assert_int_equal(csv_separator_find(SLICE("a,b,c\n1,2,3\n"), true), ',');
    assert_int_equal(csv_separator_find(SLICE("a;b;c\n1,5;2;3\n7,5;2;3\n"), true), ';');
    assert_int_equal(csv_separator_find(SLICE("a\tb\n1,2,3\t4\n"), true), '\t');
    assert_int_equal(csv_separator_find(SLICE("a|b|c\n1|2|3\n"), true), '|');
    assert_int_equal(csv_separator_find(SLICE("email\nann@example.org\n"), true), ',');
    assert_int_equal(csv_separator_find(SLICE("name,note\n\"a;b;c\",\"d;e\"\n"), true), ',');
    assert_int_equal(csv_separator_find(SLICE("sep=|\na,b\n"), true), '|');
    uint8_t separator = 0;
    assert_true(csv_separator_read(SLICE("Tab"), &separator) && separator == '\t');
    assert_false(csv_separator_read(SLICE("x"), &separator));
}

/* ---- writing ---- */

static void assert_written(const char *value, const char *expected) {
    struct buffer out = buffer_new(1000);
    csv_field_write(&out, slice_from_text(value), ',');
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void what_is_written_is_no_formula(void **state) {
    assert_written("plain", "plain");
    assert_written("a,b", "\"a,b\"");
    assert_written("say \"x\"", "\"say \"\"x\"\"\"");
    assert_written("=1+1", "\"'=1+1\"");
    assert_written("+49 30", "\"'+49 30\"");
    assert_written("-x", "\"'-x\"");
    assert_written("@SUM(A1)", "\"'@SUM(A1)\"");
    assert_written("\t=1", "\"'\t=1\"");
    assert_written("\r=1", "\"'\r=1\"");
    assert_written("'tis", "'tis");
    assert_written("'=1", "\"''=1\"");
    assert_written(" x", "\" x\"");
}

static void what_is_written_is_read_again(void **state) {
    static const char *const values[] = {"plain", "a,b",          "=1+1",      "'=1",     "''+1",
                                         "'tis",  "two\r\nlines", "say \"x\"", " blank ", "",
                                         "@x",    "\xc3\xbc",     "'"};
    enum { COUNT = sizeof values / sizeof values[0] };
    struct slice fields[COUNT];
    struct buffer out = buffer_new(10000);
    struct csv_reader *reader = malloc(sizeof *reader);
    struct csv_row row;
    assert_non_null(reader);
    for (size_t i = 0; i < COUNT; i++) fields[i] = slice_from_text(values[i]);
    csv_row_write(&out, fields, COUNT, ';');
    struct slice input = buffer_slice(&out);
    csv_reader_init(reader, ';');
    assert_true(csv_next(reader, &input, true, &row));
    assert_int_equal(row.field_count, COUNT);
    for (size_t i = 0; i < COUNT; i++) assert_slice(csv_plain(row.fields[i]), values[i]);
    csv_reader_free(reader);
    free(reader);
    buffer_free(&out);
}

/* ---- encodings ---- */

#define BYTES(text) slice_of(text, sizeof text - 1)

static void assert_text(struct slice bytes, const char *encoding, const char *expected) {
    for (size_t step = 1; step < 12; step++) {
        struct csv_text text;
        struct buffer out = buffer_new(1000);
        size_t mark = 0;
        struct slice found = csv_encoding_find(bytes, &mark);
        if (encoding) assert_slice(found, encoding);
        assert_true(csv_text_init(&text, found));
        struct slice rest = slice_skip(bytes, mark);
        while (rest.len) {
            struct slice piece = slice_take(&rest, step);
            buffer_append(&out, csv_text_next(&text, piece, rest.len == 0));
        }
        assert_slice(buffer_slice(&out), expected);
        csv_text_free(&text);
        buffer_free(&out);
    }
}

static void the_encoding_is_found_out(void **state) {
    assert_text(BYTES("\xef\xbb\xbf"
                      "Zo\xc3\xab"),
                "utf-8", "Zo\xc3\xab");
    assert_text(BYTES("Zo\xc3\xab,M\xc3\xbcller"), "utf-8", "Zo\xc3\xab,M\xc3\xbcller");
    assert_text(BYTES("Zo\xeb,M\xfcller,\x80 5"), "windows-1252", "Zo\xc3\xab,M\xc3\xbcller,\xe2\x82\xac 5");
    assert_text(BYTES("\xff\xfe"
                      "a\0,\0\xeb\0"),
                "utf-16le", "a,\xc3\xab");
    assert_text(BYTES("\xfe\xff"
                      "\0a\0,\0\xeb"),
                "utf-16be", "a,\xc3\xab");
    assert_text(BYTES("e\0m\0a\0i\0l\0\n\0"), "utf-16le", "email\n");
    assert_text(BYTES("\0e\0m\0a\0i\0l\0\n"), "utf-16be", "email\n");
    assert_text(BYTES("only ascii"), "", "only ascii");
}

/* The sample was ASCII; what came behind it decides. */
static void an_undecided_text_is_decided_at_its_first_other_character(void **state) {
    static const struct {
        const char *bytes;
        const char *expected;
    } cases[] = {{"abc\xc3\xab\xff", "abc\xc3\xab\xff"},
                 {"abc\xeb"
                  "d\xc3\xab",
                  "abc\xc3\xab"
                  "d\xc3\x83\xc2\xab"},
                 {"abc\xc3", "abc\xc3\x83"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t step = 1; step < 8; step++) {
            struct csv_text text;
            struct buffer out = buffer_new(1000);
            struct slice rest = slice_from_text(cases[i].bytes);
            assert_true(csv_text_init(&text, SLICE_EMPTY));
            while (rest.len) {
                struct slice piece = slice_take(&rest, step);
                buffer_append(&out, csv_text_next(&text, piece, rest.len == 0));
            }
            assert_slice(buffer_slice(&out), cases[i].expected);
            csv_text_free(&text);
            buffer_free(&out);
        }
}

static void an_encoding_can_be_named(void **state) {
    struct csv_text text;
    assert_true(csv_text_init(&text, SLICE("ISO-8859-2")));
    assert_slice(csv_text_next(&text, BYTES("\xb1"), true), "\xc4\x85");
    csv_text_free(&text);
    assert_false(csv_text_init(&text, SLICE("klingon")));
}

/* ---- places ---- */

static void countries_are_known_in_five_languages(void **state) {
    struct country_book *book = country_book_new(1);
    assert_slice(country_find(book, SLICE("de")), "DE");
    assert_slice(country_find(book, SLICE("DEU")), "DE");
    assert_slice(country_find(book, SLICE(" Germany ")), "DE");
    assert_slice(country_find(book, SLICE("DEUTSCHLAND")), "DE");
    assert_slice(country_find(book, SLICE("Allemagne")), "DE");
    assert_slice(country_find(book, SLICE("Alemania")), "DE");
    assert_slice(country_find(book, SLICE("Niemcy")), "DE");
    assert_slice(country_find(book, SLICE("\xc3\x96STERREICH")), "AT");
    assert_slice(country_find(book, SLICE("USA")), "US");
    assert_slice(country_find(book, SLICE("UK")), "GB");
    assert_slice(country_find(book, SLICE("Atlantis")), "");
    assert_slice(country_find(book, SLICE("")), "");
    country_book_free(&book);
}

static void time_zones_are_those_of_the_database(void **state) {
    assert_true(time_zone_is_known(SLICE("Europe/Berlin")));
    assert_true(time_zone_is_known(SLICE("Asia/Kolkata")));
    assert_true(time_zone_is_known(SLICE("UTC")));
    assert_false(time_zone_is_known(SLICE("Europe/Atlantis")));
    assert_false(time_zone_is_known(SLICE("GMT+3")));
    assert_false(time_zone_is_known(SLICE("Europe/Berlin\n")));
    assert_false(time_zone_is_known(SLICE("")));
}

static void a_country_has_the_zone_of_most_of_its_people(void **state) {
    struct arena *arena = arena_new(MIB(1));
    bool is_one = false;
    assert_slice(time_zone_of_country(arena, SLICE("PL"), &is_one), "Europe/Warsaw");
    assert_true(is_one);
    assert_slice(time_zone_of_country(arena, SLICE("US"), &is_one), "America/New_York");
    assert_false(is_one);
    assert_slice(time_zone_of_country(arena, SLICE("IN"), &is_one), "Asia/Kolkata");
    assert_slice(time_zone_of_country(arena, SLICE("XX"), &is_one), "");
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_as_rfc_4180_and_spreadsheets_have_them),
        cmocka_unit_test(empty_lines_are_no_rows_but_count),
        cmocka_unit_test(bytes_that_are_no_text_are_a_fault_of_their_row_alone),
        cmocka_unit_test(a_quote_that_is_never_closed_is_told),
        cmocka_unit_test(a_row_over_the_limit_is_passed_over_and_reading_goes_on),
        cmocka_unit_test(the_separator_is_found_out),
        cmocka_unit_test(what_is_written_is_no_formula),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(the_encoding_is_found_out),
        cmocka_unit_test(an_undecided_text_is_decided_at_its_first_other_character),
        cmocka_unit_test(an_encoding_can_be_named),
        cmocka_unit_test(countries_are_known_in_five_languages),
        cmocka_unit_test(time_zones_are_those_of_the_database),
        cmocka_unit_test(a_country_has_the_zone_of_most_of_its_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
