/* Header fields and what stands in them: folding, encoded words, transfer encodings, charsets, ids. */
#include "corpus.h"

#include <jansson.h>

#include "wire/charset.h"
#include "wire/date.h"
#include "wire/encoded_word.h"
#include "wire/header.h"
#include "wire/html_text.h"
#include "wire/message_id.h"
#include "wire/parameter.h"
#include "wire/transfer.h"

static void fields_are_split_with_their_folds(void **state) {
    struct slice rest = SLICE("A: one\r\n two\r\nbroken line\r\n its fold\r\nB :\tthree \r\n\r\nC: body");
    struct header_field field;
    assert_true(header_next(&rest, &field));
    assert_slice(field.name, "A");
    assert_slice(field.value, "one\r\n two");
    assert_true(header_next(&rest, &field));
    assert_slice(field.name, "B");
    assert_slice(field.value, "three");
    assert_false(header_next(&rest, &field));
}

static void bare_line_feeds_end_lines_too(void **state) {
    struct slice value;
    assert_true(header_find(SLICE("a: 1\nB: 2\n 3\n\nB: 4"), SLICE("b"), &value));
    assert_slice(value, "2\n 3");
}

static void unfolding_takes_line_breaks_out_only(void **state) {
    struct buffer out = buffer_new(100);
    header_unfold(&out, SLICE("a\r\n\tb\n c"));
    assert_slice(buffer_slice(&out), "a\tb c");
    buffer_free(&out);
}

static void comments_nest_and_escape(void **state) {
    struct slice rest = SLICE(" (a (b) \\) c)\r\n x");
    struct slice comment = SLICE_EMPTY;
    header_skip_cfws(&rest, &comment);
    assert_slice(rest, "x");
    assert_slice(comment, "a (b) \\) c");
    rest = SLICE("(((((never closed");
    header_skip_cfws(&rest, &comment);
    assert_int_equal(rest.len, 0);
}

static void assert_decoded(const char *text, const char *expected) {
    struct buffer out = buffer_new(1000);
    encoded_word_decode(&out, slice_from_text(text));
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void encoded_words_decode_as_rfc_2047_8_shows(void **state) {
    assert_decoded("(=?ISO-8859-1?Q?a?=)", "(a)");
    assert_decoded("(=?ISO-8859-1?Q?a?= b)", "(a b)");
    assert_decoded("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)");
    assert_decoded("(=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=)", "(ab)");
    assert_decoded("=?ISO-8859-1?Q?a_b?= =?ISO-8859-2?Q?_c?=", "a b c");
    assert_decoded("=?US-ASCII*EN?Q?Keith_Moore?= <x>", "Keith Moore <x>");
    assert_decoded("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo");
}

static void a_character_split_between_words_comes_out_whole(void **state) {
    assert_decoded("=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "\xe2\x82\xac");
    assert_decoded("=?utf-8?Q?=E2=82?= =?UTF-8?B?rA==?=", "\xe2\x82\xac");
}

static void what_is_no_encoded_word_stays(void **state) {
    assert_decoded("=?utf-8?Q?open", "=?utf-8?Q?open");
    assert_decoded("=?utf-8?X?a?= a=?=b =?", "=?utf-8?X?a?= a=?=b =?");
    assert_decoded("=??Q?a?=", "=??Q?a?=");
    assert_decoded("", "");
}

static void raw_bytes_are_utf8_or_else_windows_1252(void **state) {
    assert_decoded("\xc3\xa4 \xe4 \x80", "\xc3\xa4 \xc3\xa4 \xe2\x82\xac");
}

static void assert_charset(const char *charset, const char *bytes, const char *expected) {
    struct buffer whole = buffer_new(1000);
    charset_to_utf8(slice_from_text(charset), slice_from_text(bytes), &whole);
    assert_slice(buffer_slice(&whole), expected);
    /* Byte by byte it is the same. */
    struct buffer pieces = buffer_new(1000);
    struct charset_decoder *decoder = charset_decoder_new(slice_from_text(charset));
    struct slice rest = slice_from_text(bytes);
    while (rest.len) charset_decode(decoder, slice_take(&rest, 1), false, &pieces);
    charset_decode(decoder, SLICE_EMPTY, true, &pieces);
    assert_slice(buffer_slice(&pieces), expected);
    charset_decoder_free(&decoder);
    buffer_free(&whole);
    buffer_free(&pieces);
}

static void charsets_become_utf8(void **state) {
    assert_charset("koi8-r", "\xf0\xd2\xc9", "\xd0\x9f\xd1\x80\xd0\xb8");
    assert_charset("ISO-2022-JP", "\x1b$B$\"\x1b(B", "\xe3\x81\x82");
    assert_charset("ks_c_5601-1987", "\xb0\xa1", "\xea\xb0\x80");
    assert_charset("iso-8859-1", "\x93x\x94", "\xe2\x80\x9cx\xe2\x80\x9d");
    assert_charset("no-such-charset", "\xe4", "\xc3\xa4");
    assert_charset("utf-16be\nx", "a", "a");
}

static void bad_bytes_become_replacement_characters(void **state) {
    assert_charset("utf-8", "a\xc0\xaf", "a\xef\xbf\xbd\xef\xbf\xbd");
    assert_charset("utf-8", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_charset("utf-8", "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
    assert_charset("shift_jis", "\x82", "\xef\xbf\xbd");
}

static void a_full_buffer_ends_in_a_whole_character(void **state) {
    struct buffer out = buffer_new(4);
    charset_to_utf8(SLICE("utf-8"), SLICE("ab\xe2\x82\xac\xe2\x82\xac"), &out);
    assert_slice(buffer_slice(&out), "ab");
    assert_true(buffer_overflowed(&out));
    buffer_free(&out);
}

static void assert_transfer(enum transfer_encoding encoding, const char *text, const char *expected) {
    for (size_t step = 1; step < 5; step++) {
        struct buffer out = buffer_new(1000);
        struct transfer_decoder decoder = transfer_decoder_new(encoding);
        struct slice rest = slice_from_text(text);
        while (rest.len) transfer_decode(&decoder, slice_take(&rest, step), &out);
        transfer_finish(&decoder, &out);
        assert_slice(buffer_slice(&out), expected);
        transfer_decoder_free(&decoder);
        buffer_free(&out);
    }
}

static void base64_is_read_liberally(void **state) {
    assert_transfer(TRANSFER_BASE64, "Zm9v\r\nYmFy", "foobar");
    assert_transfer(TRANSFER_BASE64, "Zg==Zm8=Zm9v", "ffofoo");
    assert_transfer(TRANSFER_BASE64, "Z!m 9*v", "foo");
    assert_transfer(TRANSFER_BASE64, "Zm9vYg", "foob");
    assert_transfer(TRANSFER_BASE64, "====", "");
}

static void quoted_printable_is_read_liberally(void **state) {
    assert_transfer(TRANSFER_QUOTED_PRINTABLE, "a=3D=\r\nb=\nc=  \r\nd", "a=bcd");
    assert_transfer(TRANSFER_QUOTED_PRINTABLE, "a=3db  \r\nc \t", "a=b\r\nc");
    assert_transfer(TRANSFER_QUOTED_PRINTABLE, "a=XYb=4", "a=XYb=4");
    assert_transfer(TRANSFER_QUOTED_PRINTABLE, "==3D=", "==");
}

static void html_becomes_its_text(void **state) {
    static const char *const pairs[][2] = {
        {"<p>Hello <b>world</b></p><p>again", "Hello world\nagain"},
        {"<style>p{}</style><script>if(a<b)</script>x<br>y", "x\ny"},
        {"a &amp; b&nbsp;&lt;&#65;&#x42;&bogus; &", "a & b <AB&bogus; &"},
        {"<!-- <p>no</p> -->yes<a href=\"x>y\">link</a>", "yeslink"},
        {"1 < 2 <", "1 < 2 <"},
        {"<title>t</title><table><tr><td>a</td><td>b", "a\nb"},
        {"<script>never closed", ""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buffer out = buffer_new(1000);
        html_text_append(&out, slice_from_text(pairs[i][0]));
        assert_slice(buffer_slice(&out), pairs[i][1]);
        buffer_free(&out);
    }
}

/* The table's header values are of a header, where a line that is no continuation ends the field. */
static struct slice as_field(struct arena *arena, const char *value) {
    struct slice header = arena_printf(arena, "X:%s\n", value);
    struct header_field field;
    return header_next(&header, &field) ? field.value : SLICE_EMPTY;
}

static json_t *load_table(struct arena *arena, const char *path) {
    struct slice text;
    if (!corpus_read(arena, path, &text)) return NULL;
    return json_loadb((const char *)text.ptr, text.len, JSON_ALLOW_NUL, NULL);
}

static int64_t number_at(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static bool date_agrees(struct arena *arena, const json_t *row) {
    const json_t *want = json_object_get(row, "expected");
    struct date date;
    enum date_result result =
        date_parse(as_field(arena, json_string_value(json_object_get(row, "header"))), &date);
    if (json_is_null(want) || result != DATE_OK) return json_is_null(want) && result != DATE_OK;
    int64_t zone = number_at(want, "tz_hour") * 60 + number_at(want, "tz_minute");
    if (json_is_true(json_object_get(want, "tz_before_gmt"))) zone = -zone;
    struct date_fields f = date_split(date.utc_ms + zone * 60000);
    return zone == date.zone_minutes && f.year == number_at(want, "year") &&
           f.month == number_at(want, "month") && f.day == number_at(want, "day") &&
           f.hour == number_at(want, "hour") && f.minute == number_at(want, "minute") &&
           f.second == number_at(want, "second");
}

static bool ids_agree(struct arena *arena, const json_t *row) {
    const json_t *want = json_object_get(row, "expected");
    struct slice rest = as_field(arena, json_string_value(json_object_get(row, "header")));
    struct slice id;
    size_t count = 0;
    while (message_id_next(&rest, &id)) {
        const char *expected = json_string_value(json_array_get(want, count++));
        if (!expected || !slice_equal(id, slice_from_text(expected))) return false;
    }
    return count == json_array_size(want);
}

static bool parameter_agrees(const struct media *media, const json_t *pair) {
    const char *name = json_string_value(json_array_get(pair, 0));
    const json_t *want = json_array_get(pair, 1);
    if (slice_ends_nocase(slice_from_text(name), SLICE("-language"))) return true;
    struct buffer got = buffer_new(10000);
    bool found = parameter_decode(&media->parameters, slice_from_text(name), &got);
    bool good =
        found && slice_equal(buffer_slice(&got), slice_of(json_string_value(want), json_string_length(want)));
    buffer_free(&got);
    return good;
}

static bool content_type_agrees(struct arena *arena, const json_t *row) {
    const json_t *want = json_object_get(row, "expected");
    struct media media;
    const json_t *header = json_object_get(row, "header");
    struct slice value = slice_of(json_string_value(header), json_string_length(header));
    enum parameter_result result = media_parse(arena, value, &media);
    if (json_is_null(want) || result != PARAMETER_OK) return json_is_null(want) && result != PARAMETER_OK;
    const char *subtype = json_string_value(json_object_get(want, "c_subtype"));
    if (!slice_equal_nocase(media.type, slice_from_text(json_string_value(json_object_get(want, "c_type")))))
        return false;
    if (!slice_equal_nocase(media.subtype, subtype ? slice_from_text(subtype) : SLICE_EMPTY)) return false;
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(want, "attributes"), i,
                       pair) if (!parameter_agrees(&media, pair)) return false;
    return true;
}

/* Rows whose answer is that parser's own taste, by the header they begin with: a charset named again
   in later pieces (RFC 2231 4.1 has it in the first only), blanks kept between encoded words (RFC 2047
   6.2 drops them), and names made of asterisks. */
static bool is_taste(const char *header) {
    static const char *const tastes[] = {
        "application/pdf\n   filename*0*=iso-8859-1'es'%D1and%FA\n",
        "image/jpeg;\n   name=\"=?iso-8859-1?B?4Q==?= ",
        "malicious/attempt; ",
    };
    for (size_t i = 0; i < sizeof tastes / sizeof tastes[0]; i++)
        if (strncmp(header, tastes[i], strlen(tastes[i])) == 0) return true;
    return false;
}

static void check_table(const char *path, bool (*agrees)(struct arena *arena, const json_t *row)) {
    struct arena *arena = arena_new(64u << 20);
    json_t *table = load_table(arena, path);
    if (!table) {
        arena_free(&arena);
        corpus_missing();
    }
    size_t failed = 0;
    size_t i;
    json_t *row;
    json_array_foreach(table, i, row) {
        const char *header = json_string_value(json_object_get(row, "header"));
        if (is_taste(header) || agrees(arena, row)) continue;
        failed++;
        char *text = json_dumps(row, 0);
        print_message("differs: %s\n", text);
        free(text);
    }
    json_decref(table);
    arena_free(&arena);
    assert_int_equal(failed, 0);
}

static void dates_are_read_as_the_table_has_them(void **state) {
    check_table("mime-corpus/mail-parser/date.json", date_agrees);
}
static void ids_are_read_as_the_table_has_them(void **state) {
    check_table("mime-corpus/mail-parser/id.json", ids_agree);
}
static void content_types_are_read_as_the_table_has_them(void **state) {
    check_table("mime-corpus/mail-parser/content_type.json", content_type_agrees);
}

static void a_written_date_reads_back(void **state) {
    static const struct date dates[] = {
        {0, 0}, {1057049557000, 120}, {-27000000000, -210}, {253402300799000, -1}};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct buffer text = buffer_new(100);
        date_write(&text, dates[i]);
        struct date again;
        assert_int_equal(date_parse(buffer_slice(&text), &again), DATE_OK);
        assert_int_equal(again.utc_ms, dates[i].utc_ms);
        assert_int_equal(again.zone_minutes, dates[i].zone_minutes);
        buffer_free(&text);
    }
    struct buffer text = buffer_new(100);
    date_write(&text, dates[1]);
    assert_slice(buffer_slice(&text), "Tue, 1 Jul 2003 10:52:37 +0200");
    buffer_free(&text);
}

/* RFC 3339. One before 1970 says nothing to anybody: a report of TLS begins then only by mistake. */
static void dates_of_the_internet_are_seconds_since_1970(void **state) {
    (void)state;
    assert_int_equal(date_internet_s(SLICE("1970-01-01T00:00:01Z")), 1);
    assert_int_equal(date_internet_s(SLICE("2016-04-01T02:00:00+02:00")), 1459468800);
    assert_int_equal(date_internet_s(SLICE("1969-12-31T23:59:59Z")), 0);
    assert_int_equal(date_internet_s(SLICE("1008-04-01T00:00:00Z")), 0);
    assert_int_equal(date_internet_s(SLICE("yesterday")), 0);
}

static void dates_that_do_not_exist_are_refused(void **state) {
    static const char *const bad[] = {"",
                                      "31 Feb 2020 10:00 +0000",
                                      "1 Jan 2020",
                                      "1 Jan 2020 24:00:00 +0000",
                                      "0 Jan 2020 1:00",
                                      "1 Jan 99999 1:00"};
    struct date date;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(date_parse(slice_from_text(bad[i]), &date), DATE_INVALID);
    assert_int_equal(date_parse(SLICE("Wed Feb 29 10:00:60 2020"), &date), DATE_OK);
    assert_int_equal(date.utc_ms, 1582970459000);
    assert_int_equal(date_parse(SLICE("21-Nov-1997 09:55:06 -0600 (a; b)"), &date), DATE_OK);
    assert_int_equal(date.zone_minutes, -360);
}

static void thousands_of_parameter_pieces_are_capped_and_joined_in_order(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct buffer field = buffer_new(1 << 20);
    buffer_append_text(&field, "a/b");
    for (int i = 0; i < 5000; i++) buffer_printf(&field, "; n*%d=%c", i, 'a' + i % 26);
    struct media media;
    assert_int_equal(media_parse(arena, buffer_slice(&field), &media), PARAMETER_OK);
    assert_int_equal(media.parameters.count, 256);
    struct buffer value = buffer_new(10000);
    assert_true(parameter_decode(&media.parameters, SLICE("n"), &value));
    assert_int_equal(value.len, 256);
    assert_memory_equal(value.ptr, "abcdefghijklmnopqrstuvwxyzab", 28);
    buffer_free(&value);
    buffer_free(&field);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_split_with_their_folds),
        cmocka_unit_test(bare_line_feeds_end_lines_too),
        cmocka_unit_test(unfolding_takes_line_breaks_out_only),
        cmocka_unit_test(comments_nest_and_escape),
        cmocka_unit_test(encoded_words_decode_as_rfc_2047_8_shows),
        cmocka_unit_test(a_character_split_between_words_comes_out_whole),
        cmocka_unit_test(what_is_no_encoded_word_stays),
        cmocka_unit_test(raw_bytes_are_utf8_or_else_windows_1252),
        cmocka_unit_test(charsets_become_utf8),
        cmocka_unit_test(bad_bytes_become_replacement_characters),
        cmocka_unit_test(a_full_buffer_ends_in_a_whole_character),
        cmocka_unit_test(base64_is_read_liberally),
        cmocka_unit_test(quoted_printable_is_read_liberally),
        cmocka_unit_test(html_becomes_its_text),
        cmocka_unit_test(dates_are_read_as_the_table_has_them),
        cmocka_unit_test(ids_are_read_as_the_table_has_them),
        cmocka_unit_test(content_types_are_read_as_the_table_has_them),
        cmocka_unit_test(a_written_date_reads_back),
        cmocka_unit_test(dates_of_the_internet_are_seconds_since_1970),
        cmocka_unit_test(dates_that_do_not_exist_are_refused),
        cmocka_unit_test(thousands_of_parameter_pieces_are_capped_and_joined_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
