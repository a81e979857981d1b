/* Reports of others about our mail: packed files, DMARC's XML, TLS's JSON; the public ones where they are
 * there. */
#include "corpus.h"

#include <zlib.h>

#include "base/limits.h"
#include "wire/archive.h"
#include "wire/feedback.h"
#include "wire/feedback_write.h"
#include "wire/transfer.h"

enum { ARENA_BYTES = 16 << 20 };

/* ---- packing, for tests ---- */

static void put_little(struct buffer *out, uint32_t value, size_t len) {
    for (size_t i = 0; i < len; i++) buffer_append_byte(out, (uint8_t)(value >> 8 * i));
}

/* `bits`: 31 for gzip, -15 for what is in a zip. */
static void deflate_text(struct buffer *out, struct slice text, int bits) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, text.len) + 64;
    uint8_t *room = buffer_reserve(out, bound);
    assert_non_null(room);
    z.next_in = (Bytef *)(uintptr_t)text.ptr;
    z.avail_in = (uInt)text.len;
    z.next_out = room;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buffer_grew(out, z.total_out);
    deflateEnd(&z);
}

static void zip_text(struct buffer *out, struct slice text, uint32_t method, uint32_t flags) {
    struct buffer body = buffer_new(SIZE_MAX / 2);
    if (method == 8)
        deflate_text(&body, text, -15);
    else
        buffer_append(&body, text);
    bool is_later = flags & 8;
    buffer_append(out, SLICE("PK\x03\x04"));
    put_little(out, 20, 2);
    put_little(out, flags, 2);
    put_little(out, method, 2);
    put_little(out, 0, 4);
    put_little(out, is_later ? 0 : (uint32_t)crc32(0, text.ptr, (uInt)text.len), 4);
    put_little(out, is_later ? 0 : (uint32_t)body.len, 4);
    put_little(out, is_later ? 0 : (uint32_t)text.len, 4);
    put_little(out, 5, 2);
    put_little(out, 0, 2);
    buffer_append(out, SLICE("a.xml"));
    buffer_append(out, buffer_slice(&body));
    buffer_append(out, SLICE("PK\x01\x02 and so on"));
    buffer_free(&body);
}

static enum archive_status unpack(struct slice packed, size_t max, struct buffer *out) {
    struct archive *archive = archive_open(packed);
    enum archive_status status;
    *out = buffer_new(max);
    do {
        status = archive_next(archive, out);
        assert_true(out->len <= max);
    } while (status == ARCHIVE_MORE);
    archive_free(&archive);
    return status;
}

static void expect_unpacked(struct slice packed, struct slice text) {
    struct buffer out;
    assert_int_equal(unpack(packed, FEEDBACK_BYTES_MAX, &out), ARCHIVE_END);
    assert_true(slice_equal(buffer_slice(&out), text));
    buffer_free(&out);
}

static void packed_files_come_out_as_they_went_in(void **state) {
    (void)state;
    struct buffer packed = buffer_new(1 << 20);
    struct buffer text = buffer_new(1 << 20);
    for (unsigned i = 0; i < 30000; i++) buffer_printf(&text, "%u,", i);
    deflate_text(&packed, buffer_slice(&text), 31);
    expect_unpacked(buffer_slice(&packed), buffer_slice(&text));
    static const uint32_t ways[][2] = {{8, 0}, {8, 8}, {0, 0}};
    for (size_t i = 0; i < 3; i++) {
        buffer_clear(&packed);
        zip_text(&packed, buffer_slice(&text), ways[i][0], ways[i][1]);
        expect_unpacked(buffer_slice(&packed), buffer_slice(&text));
    }
    expect_unpacked(buffer_slice(&text), buffer_slice(&text));
    /* Two members, and padding behind them. */
    buffer_clear(&packed);
    deflate_text(&packed, SLICE("one "), 31);
    deflate_text(&packed, SLICE("two"), 31);
    buffer_append(&packed, slice_of("\0\0\0", 3));
    expect_unpacked(buffer_slice(&packed), SLICE("one two"));
    buffer_free(&packed);
    buffer_free(&text);
}

static void damaged_files_are_told(void **state) {
    (void)state;
    struct buffer packed = buffer_new(1 << 20);
    struct buffer out;
    deflate_text(&packed, SLICE("a text that is long enough to be cut off"), 31);
    for (size_t cut = 2; cut < packed.len; cut++) {
        assert_int_equal(unpack(slice_sub(buffer_slice(&packed), 0, cut), 4096, &out), ARCHIVE_DAMAGED);
        buffer_free(&out);
    }
    packed.ptr[packed.len - 6] ^= 1;
    assert_int_equal(unpack(buffer_slice(&packed), 4096, &out), ARCHIVE_DAMAGED);
    buffer_free(&out);
    static const uint32_t bad[][2] = {{8, 1}, {12, 0}, {0, 8}};
    for (size_t i = 0; i < 3; i++) {
        buffer_clear(&packed);
        zip_text(&packed, SLICE("abc"), bad[i][0], bad[i][1]);
        assert_int_equal(unpack(buffer_slice(&packed), 4096, &out), ARCHIVE_DAMAGED);
        buffer_free(&out);
    }
    buffer_clear(&packed);
    zip_text(&packed, SLICE("abcabcabc"), 8, 0);
    packed.ptr[14] ^= 1;
    assert_int_equal(unpack(buffer_slice(&packed), 4096, &out), ARCHIVE_DAMAGED);
    buffer_free(&out);
    assert_int_equal(unpack(SLICE("PK\x03\x04"), 4096, &out), ARCHIVE_DAMAGED);
    buffer_free(&out);
    buffer_free(&packed);
}

/* A bomb: what comes out is a thousand times what came. */
static void what_is_too_long_stops(void **state) {
    (void)state;
    struct buffer zeros = buffer_new(FEEDBACK_BYTES_MAX + 1);
    struct buffer packed = buffer_new(8 << 20);
    struct buffer out;
    uint8_t *room = buffer_reserve(&zeros, FEEDBACK_BYTES_MAX + 1);
    memset(room, 'a', FEEDBACK_BYTES_MAX + 1);
    buffer_grew(&zeros, FEEDBACK_BYTES_MAX + 1);
    deflate_text(&packed, buffer_slice(&zeros), 31);
    assert_true(packed.len < 8192);
    assert_int_equal(unpack(buffer_slice(&packed), FEEDBACK_BYTES_MAX, &out), ARCHIVE_TOO_LONG);
    buffer_free(&out);
    assert_int_equal(unpack(buffer_slice(&packed), FEEDBACK_BYTES_MAX + 1, &out), ARCHIVE_END);
    buffer_free(&out);
    assert_int_equal(unpack(buffer_slice(&zeros), 100, &out), ARCHIVE_TOO_LONG);
    buffer_free(&out);
    buffer_free(&zeros);
    buffer_free(&packed);
}

/* ---- DMARC ---- */

#define HEAD                                                                                               \
    "<report_metadata><org_name> Re\tporter </org_name><email>dmarc@r.example</email>"                     \
    "<report_id>id-1</report_id><date_range><begin>1700000000</begin><end>1700086400.0</end></date_range>" \
    "</report_metadata>"
#define ENDS(s)                                                                                         \
    "<report_metadata><report_id>id-1</report_id><date_range><begin>1700000000</begin><end>" s "</end>" \
    "</date_range></report_metadata>"
#define POLICY                                                                                        \
    "<policy_published><domain>d.example</domain><adkim>s</adkim><aspf>r</aspf><p>Reject</p><sp>none" \
    "</sp><np>quarantine</np><testing>y</testing></policy_published>"
#define RECORD                                                                                            \
    "<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated><disposition>none"    \
    "</disposition><dkim>fail</dkim><spf>pass</spf><reason><type>forwarded</type><comment>list</comment>" \
    "</reason></policy_evaluated></row><identifiers><header_from>d.example</header_from><envelope_from>"  \
    "b.d.example</envelope_from></identifiers><auth_results><dkim><domain>x.example</domain><selector>s1" \
    "</selector><result>fail</result><human_result>bad &amp; ugly</human_result></dkim><spf><domain>"     \
    "b.d.example</domain><scope>mfrom</scope><result>pass</result></spf></auth_results></record>"

static struct feedback dmarc_of(struct arena *arena, const char *text) {
    struct feedback feedback;
    enum feedback_result result = feedback_read(arena, slice_from_text(text), &feedback);
    if (result != FEEDBACK_OK) fail_msg("%s: %s", feedback_result_name(result), text);
    return feedback;
}

static void a_dmarc_report_is_read(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct feedback f = dmarc_of(arena, "\xef\xbb\xbf<?xml version='1.0'?>\n<x:feedback xmlns:x='urn:a'>" HEAD
                                        "<unknown><p>none</p></unknown>" POLICY RECORD RECORD
                                        "<record><row><count>2</count></row></record></x:feedback>\n");
    assert_int_equal(f.kind, FEEDBACK_DMARC);
    assert_slice(f.organization, "Re?porter");
    assert_slice(f.contact, "dmarc@r.example");
    assert_slice(f.id, "id-1");
    assert_slice(f.domain, "d.example");
    assert_int_equal(f.begin_s, 1700000000);
    assert_int_equal(f.end_s, 1700086400);
    assert_int_equal(f.policy.policy, DMARC_REJECT);
    assert_int_equal(f.policy.subdomain_policy, DMARC_NONE);
    assert_int_equal(f.policy.absent_policy, DMARC_QUARANTINE);
    assert_true(f.policy.is_dkim_strict && !f.policy.is_spf_strict && f.policy.is_test);
    assert_int_equal(f.record_count, 3);
    assert_int_equal(f.passed, 6);
    assert_int_equal(f.failed, 2);
    const struct feedback_record *r = &f.records[1];
    assert_slice(r->source, "192.0.2.1");
    assert_int_equal(r->count, 3);
    assert_true(!r->is_dkim_aligned && r->is_spf_aligned);
    assert_slice(r->reason, "forwarded");
    assert_slice(r->comment, "list");
    assert_slice(r->header_from, "d.example");
    assert_slice(r->envelope_from, "b.d.example");
    assert_int_equal(r->auth_count, 2);
    assert_slice(r->auths[0].words, "bad & ugly");
    assert_slice(r->auths[0].selector, "s1");
    assert_true(r->auths[1].is_spf);
    assert_slice(r->auths[1].selector, "mfrom");
    arena_free(&arena);
}

static void what_is_no_dmarc_report_says_why(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum feedback_result result;
    } rows[] = {
        {"", FEEDBACK_FOREIGN},
        {"hello", FEEDBACK_FOREIGN},
        {"<html/>", FEEDBACK_FOREIGN},
        {"<feedback>", FEEDBACK_MALFORMED},
        {"<feedback>" HEAD POLICY "</feedback><x/>", FEEDBACK_MALFORMED},
        {"<feedback>" HEAD "</feedback>", FEEDBACK_INCOMPLETE},
        {"<feedback>" POLICY "</feedback>", FEEDBACK_INCOMPLETE},
        {"<feedback>" ENDS("253402300799") POLICY "</feedback>", FEEDBACK_OK},
        {"<feedback>" ENDS("253402300800") POLICY "</feedback>", FEEDBACK_INCOMPLETE},
        {"<feedback>" ENDS("2000000000000000000") POLICY "</feedback>", FEEDBACK_INCOMPLETE},
        {"<!DOCTYPE feedback [<!ENTITY a 'b'>]><feedback>" HEAD POLICY "</feedback>", FEEDBACK_MALFORMED},
        {"<feedback>" HEAD POLICY "&a;</feedback>", FEEDBACK_MALFORMED},
        {"<?xml version='1.0' encoding='koi8-x'?><feedback>" HEAD POLICY "</feedback>", FEEDBACK_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_new(ARENA_BYTES);
        struct feedback feedback;
        enum feedback_result result = feedback_read(arena, slice_from_text(rows[i].text), &feedback);
        if (result != rows[i].result) fail_msg("%s: %s", rows[i].text, feedback_result_name(result));
        arena_free(&arena);
    }
}

static void old_encodings_are_read(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct feedback f =
        dmarc_of(arena, "<?xml version='1.0' encoding='windows-1252'?><feedback>" HEAD POLICY "</feedback>");
    assert_slice(f.domain, "d.example");
    arena_free(&arena);
}

static void nesting_has_an_end(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer text = buffer_new(1 << 20);
    struct feedback feedback;
    for (unsigned i = 0; i < 40000; i++) buffer_append_text(&text, "<a>");
    assert_int_equal(feedback_read(arena, buffer_slice(&text), &feedback), FEEDBACK_MALFORMED);
    buffer_clear(&text);
    for (unsigned i = 0; i < 40000; i++) buffer_append_text(&text, "{\"a\":[");
    assert_int_equal(feedback_read(arena, buffer_slice(&text), &feedback), FEEDBACK_MALFORMED);
    buffer_free(&text);
    arena_free(&arena);
}

/* What is too much is counted all the same, also where the arena is the limit. */
static void records_are_bounded(void **state) {
    (void)state;
    static const size_t budgets[] = {ARENA_BYTES, 100 * 1024};
    for (size_t b = 0; b < 2; b++) {
        struct arena *arena = arena_new(budgets[b]);
        struct buffer text = buffer_new(FEEDBACK_BYTES_MAX);
        struct feedback feedback;
        buffer_append_text(&text, "<feedback>" HEAD POLICY);
        for (unsigned i = 0; i < FEEDBACK_RECORDS_MAX + 10; i++) buffer_append_text(&text, RECORD);
        buffer_append_text(&text, "</feedback>");
        assert_false(buffer_overflowed(&text));
        assert_int_equal(feedback_read(arena, buffer_slice(&text), &feedback), FEEDBACK_OK);
        assert_int_equal(feedback.passed, 3 * (FEEDBACK_RECORDS_MAX + 10));
        assert_int_equal(feedback.left_out + 3 * feedback.record_count, feedback.passed);
        assert_true(feedback.record_count <= FEEDBACK_RECORDS_MAX && feedback.record_count > 10);
        buffer_free(&text);
        arena_free(&arena);
    }
}

static void pieces_do_not_matter(void **state) {
    (void)state;
    static const char text[] = "<feedback>" HEAD POLICY RECORD "</feedback>";
    struct arena *arena = arena_new(ARENA_BYTES);
    struct dmarc_reader *reader = dmarc_reader_new(arena);
    struct feedback feedback;
    for (size_t i = 0; i + 1 < sizeof text; i++)
        assert_true(dmarc_reader_feed(reader, slice_of(text + i, 1)));
    assert_int_equal(dmarc_reader_finish(&reader, &feedback), FEEDBACK_OK);
    assert_slice(feedback.organization, "Re?porter");
    assert_int_equal(feedback.records[0].auth_count, 2);
    arena_free(&arena);
}

/* ---- TLS ---- */

static void a_tls_report_is_read(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct feedback f;
    static const char plain[] =
        "{\"organization-name\":\"O\",\"date-range\":{\"start-datetime\":\"2016-04-01T00:00:00Z\","
        "\"end-datetime\":\"2016-04-01T23:59:59.5+01:00\"},\"contact-info\":\"c@o.example\",\"report-id\":"
        "\"i\",\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"d.example\"},"
        "\"summary\":{\"total-successful-session-count\":\"7\",\"total-failure-session-count\":3},"
        "\"failure-details\":[{\"result-type\":\"certificate-expired\",\"receiving-mx-hostname\":"
        "\"mx.d.example\",\"failed-session-count\":2,\"sending-mta-ip\":\"192.0.2.9\"},{\"result-type\":"
        "\"weird\",\"failed-session-count\":-1}]},7]}";
    assert_int_equal(feedback_read(arena, slice_from_text(plain), &f), FEEDBACK_OK);
    assert_int_equal(f.kind, FEEDBACK_TLS);
    assert_slice(f.organization, "O");
    assert_slice(f.domain, "d.example");
    assert_int_equal(f.begin_s, 1459468800);
    assert_int_equal(f.end_s, 1459468800 + 86399 - 3600);
    assert_int_equal(f.passed, 7);
    assert_int_equal(f.failed, 3);
    assert_int_equal(f.way_count, 2);
    assert_int_equal(f.ways[0].type, TLS_POLICY_STS);
    assert_int_equal(f.ways[0].failure_count, 2);
    assert_int_equal(f.ways[0].failures[0].type, TLS_RESULT_EXPIRED);
    assert_slice(f.ways[0].failures[0].host, "mx.d.example");
    assert_int_equal(f.ways[0].failures[0].count, 2);
    assert_int_equal(f.ways[0].failures[1].type, TLS_RESULT_TYPES);
    assert_slice(f.ways[0].failures[1].type_text, "weird");
    assert_int_equal(f.ways[0].failures[1].count, 0);
    arena_free(&arena);
}

static void what_is_no_tls_report_says_why(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct feedback f;
    assert_int_equal(feedback_read(arena, SLICE("{"), &f), FEEDBACK_MALFORMED);
    assert_int_equal(feedback_read(arena, SLICE("{}"), &f), FEEDBACK_FOREIGN);
    assert_int_equal(feedback_read(arena, SLICE("{\"policies\":[]}"), &f), FEEDBACK_INCOMPLETE);
    assert_int_equal(feedback_read(arena, SLICE("{\"policies\":{}}"), &f), FEEDBACK_FOREIGN);
    /* Its end is in the year 10000. */
    static const char endless[] =
        "{\"date-range\":{\"start-datetime\":\"2016-04-01T00:00:00Z\",\"end-datetime\":"
        "\"9999-12-31T23:59:59-01:00\"},\"report-id\":\"i\",\"policies\":[{\"policy\":{\"policy-type\":"
        "\"sts\",\"policy-domain\":\"d.example\"}}]}";
    assert_int_equal(feedback_read(arena, slice_from_text(endless), &f), FEEDBACK_INCOMPLETE);
    arena_free(&arena);
}

/* ---- writing ---- */

static void what_is_written_reads_as_the_same(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct feedback f = dmarc_of(arena, "<feedback>" HEAD POLICY RECORD RECORD "</feedback>");
    struct buffer text = buffer_new(1 << 20);
    struct buffer packed = buffer_new(1 << 20);
    struct feedback again;
    f.records[0].header_from = SLICE("<a&b>\xc3\xbc.example");
    dmarc_report_write(&text, &f);
    archive_gzip(&packed, buffer_slice(&text));
    expect_unpacked(buffer_slice(&packed), buffer_slice(&text));
    assert_int_equal(feedback_read(arena, buffer_slice(&text), &again), FEEDBACK_OK);
    assert_slice(again.id, "id-1");
    assert_int_equal(again.end_s, f.end_s);
    assert_int_equal(again.passed, 6);
    assert_int_equal(again.policy.policy, DMARC_REJECT);
    assert_int_equal(again.policy.absent_policy, DMARC_QUARANTINE);
    assert_true(again.policy.is_test && again.policy.is_dkim_strict);
    assert_slice(again.records[0].header_from, "<a&b>\xc3\xbc.example");
    assert_slice(again.records[1].auths[0].words, "bad & ugly");
    assert_slice(again.records[1].reason, "forwarded");
    buffer_free(&text);
    buffer_free(&packed);
    arena_free(&arena);
}

/* As much of bytes that cannot be packed as they take, in whatever pieces. */
static void what_is_packed_takes_what_it_takes(void **state) {
    (void)state;
    enum { LONG = 3 << 20, ROOM = 64 << 10 };
    struct buffer text = buffer_new(LONG);
    struct buffer packed = buffer_new(ROOM);
    struct buffer pieces = buffer_new(ROOM);
    struct archive_packer *packer = archive_packer_new();
    for (unsigned i = 0; text.len < LONG - 64; i++)
        buffer_printf(&text, "<record><source_ip>192.0.2.%u</source_ip></record>\n", i % 7);
    archive_gzip(&packed, buffer_slice(&text));
    assert_false(buffer_overflowed(&packed));
    expect_unpacked(buffer_slice(&packed), buffer_slice(&text));
    struct slice rest = buffer_slice(&text);
    while (rest.len) archive_packer_feed(packer, slice_take(&rest, 100001), &pieces);
    archive_packer_finish(&packer, &pieces);
    expect_unpacked(buffer_slice(&pieces), buffer_slice(&text));
    struct buffer small = buffer_new(100);
    archive_gzip(&small, buffer_slice(&text));
    assert_true(buffer_overflowed(&small));
    buffer_free(&small);
    buffer_free(&pieces);
    buffer_free(&packed);
    buffer_free(&text);
}

static void what_is_left_out_is_said(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct feedback f = dmarc_of(arena, "<feedback>" HEAD POLICY RECORD RECORD "</feedback>");
    struct buffer text = buffer_new(1 << 20);
    dmarc_report_write(&text, &f);
    assert_true(slice_find(buffer_slice(&text), SLICE("<error>")) == SLICE_NOT_FOUND);
    buffer_clear(&text);
    f.left_out = 12;
    dmarc_report_write(&text, &f);
    assert_true(slice_find(buffer_slice(&text), SLICE("<error>12 more messages")) != SLICE_NOT_FOUND);
    assert_int_equal(feedback_read(arena, buffer_slice(&text), &f), FEEDBACK_OK);
    buffer_free(&text);
    arena_free(&arena);
}

static void a_tls_report_that_is_written_reads_as_the_same(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer text = buffer_new(1 << 20);
    struct feedback_failure failure = {
        .type = TLS_RESULT_NOT_TRUSTED, .host = SLICE("mx.d.example"), .count = 4};
    struct feedback_way way = {.type = TLS_POLICY_STS,
                               .domain = SLICE("d.example"),
                               .succeeded = 9,
                               .failed = 4,
                               .failures = &failure,
                               .failure_count = 1};
    struct feedback f = {.kind = FEEDBACK_TLS,
                         .organization = SLICE("O \"q\""),
                         .contact = SLICE("c@o.example"),
                         .id = SLICE("i"),
                         .begin_s = 1459468800,
                         .end_s = 1459468800 + 86399,
                         .ways = &way,
                         .way_count = 1};
    struct feedback again;
    tls_report_write(&text, &f, SLICE("version: STSv1\r\nmode: enforce\r\nmx: *.d.example\r\n"));
    assert_true(slice_find(buffer_slice(&text), SLICE("\"mx-host\":[\"*.d.example\"]")) != SLICE_NOT_FOUND);
    assert_true(slice_find(buffer_slice(&text), SLICE("\"mode: enforce\"")) != SLICE_NOT_FOUND);
    assert_int_equal(feedback_read(arena, buffer_slice(&text), &again), FEEDBACK_OK);
    assert_slice(again.organization, "O \"q\"");
    assert_int_equal(again.begin_s, f.begin_s);
    assert_int_equal(again.end_s, f.end_s);
    assert_int_equal(again.ways[0].type, TLS_POLICY_STS);
    assert_int_equal(again.ways[0].failures[0].type, TLS_RESULT_NOT_TRUSTED);
    assert_int_equal(again.passed, 9);
    buffer_free(&text);
    arena_free(&arena);
}

/* RFC 8460 3. */
static void a_record_says_where_tls_reports_go(void **state) {
    (void)state;
    static const struct {
        const char *texts[2];
        const char *uris;
    } rows[] = {
        {{"v=TLSRPTv1; rua=mailto:reports@example.com", NULL}, "mailto:reports@example.com"},
        {{"v=TLSRPTv1;rua=https://r.example/v1/t,mailto:a@b;", "other"}, "https://r.example/v1/t,mailto:a@b"},
        {{"v=TLSRPTv1;", NULL}, NULL},
        {{"v=TLSRPTv10; rua=mailto:a@b", NULL}, NULL},
        {{"rua=mailto:a@b; v=TLSRPTv1", NULL}, NULL},
        {{"v=TLSRPTv1; rua=mailto:a@b", "v=TLSRPTv1; rua=mailto:a@b"}, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice texts[2] = {slice_from_text(rows[i].texts[0]), slice_from_text(rows[i].texts[1])};
        struct slice uris;
        bool is_read = tls_report_record_read(texts, rows[i].texts[1] ? 2 : 1, &uris);
        if (is_read != (rows[i].uris != NULL)) fail_msg("%s", rows[i].texts[0]);
        if (is_read) assert_slice(uris, rows[i].uris);
    }
}

/* ---- the public ones ---- */

/* Decodes and unpacks the part that holds the report. */
static struct slice document_of(struct arena *arena, struct slice message) {
    const struct mime_part *part = feedback_part(mime_parse(arena, message));
    if (!part) return SLICE_EMPTY;
    struct transfer_decoder decoder = transfer_decoder_new(transfer_encoding_of(part->encoding));
    struct buffer packed = buffer_new(FEEDBACK_PACKED_BYTES_MAX);
    struct buffer out;
    transfer_decode(&decoder, slice_sub(message, part->body_offset, part->body_len), &packed);
    transfer_finish(&decoder, &packed);
    transfer_decoder_free(&decoder);
    assert_int_equal(unpack(buffer_slice(&packed), FEEDBACK_BYTES_MAX, &out), ARCHIVE_END);
    struct slice document = arena_copy(arena, buffer_slice(&out));
    buffer_free(&packed);
    buffer_free(&out);
    return document;
}

static void public_reports_say_what_they_are_said_to(void **state) {
    (void)state;
    static const struct {
        const char *path;
        const char *organization;
        const char *id;
        const char *domain;
        uint64_t records;
        uint64_t messages;
        uint64_t passed;
    } rows[] = {
#include "feedback_vectors.h"
    };
    size_t seen = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_new(64 << 20);
        struct slice bytes;
        struct feedback f;
        if (!corpus_read(arena, rows[i].path, &bytes)) {
            arena_free(&arena);
            continue;
        }
        seen++;
        if (slice_ends_nocase(slice_from_text(rows[i].path), SLICE(".eml")))
            bytes = document_of(arena, corpus_crlf(arena, bytes));
        enum feedback_result result = feedback_read(arena, bytes, &f);
        if (result != FEEDBACK_OK) fail_msg("%s: %s", rows[i].path, feedback_result_name(result));
        assert_slice(f.organization, rows[i].organization);
        assert_slice(f.id, rows[i].id);
        assert_slice(f.domain, rows[i].domain);
        assert_int_equal(f.record_count + f.way_count, rows[i].records);
        assert_int_equal(f.passed + f.failed, rows[i].messages);
        assert_int_equal(f.passed, rows[i].passed);
        arena_free(&arena);
    }
    if (seen == 0) corpus_missing();
}

static void a_public_one_that_is_not_well_formed_is_refused(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct slice bytes;
    struct feedback f;
    if (!corpus_read(arena, "dmarc/opendmarc/bad.com!example.com!1337140800!1337227200.xml", &bytes)) {
        arena_free(&arena);
        corpus_missing();
        return;
    }
    assert_int_equal(feedback_read(arena, bytes, &f), FEEDBACK_MALFORMED);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_files_come_out_as_they_went_in),
        cmocka_unit_test(damaged_files_are_told),
        cmocka_unit_test(what_is_too_long_stops),
        cmocka_unit_test(a_dmarc_report_is_read),
        cmocka_unit_test(what_is_no_dmarc_report_says_why),
        cmocka_unit_test(old_encodings_are_read),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(records_are_bounded),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(a_tls_report_is_read),
        cmocka_unit_test(what_is_no_tls_report_says_why),
        cmocka_unit_test(what_is_written_reads_as_the_same),
        cmocka_unit_test(what_is_packed_takes_what_it_takes),
        cmocka_unit_test(what_is_left_out_is_said),
        cmocka_unit_test(a_tls_report_that_is_written_reads_as_the_same),
        cmocka_unit_test(a_record_says_where_tls_reports_go),
        cmocka_unit_test(public_reports_say_what_they_are_said_to),
        cmocka_unit_test(a_public_one_that_is_not_well_formed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
