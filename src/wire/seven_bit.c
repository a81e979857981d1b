#include "wire/seven_bit.h"

#include <stdlib.h>

#include "base/encode.h"
#include "wire/part_lines.h"
#include "wire/quoted_printable.h"
#include "wire/wire_text.h"

enum { BASE64_LINE_BYTES = 57 };

/* What the bytes of a line are part of. */
enum content {
    /* A preamble or an epilogue, which nobody is shown. */
    CONTENT_BETWEEN,
    /* A body that stays as it is. */
    CONTENT_KEPT,
    /* A body in base64 or quoted-printable, with stray bytes in it. */
    CONTENT_STRAY_BASE64,
    CONTENT_STRAY_QUOTED,
    CONTENT_TO_QUOTED,
    CONTENT_TO_BASE64,
};

/* How a part says that it is encoded. */
enum label { LABEL_IDENTITY, LABEL_BASE64, LABEL_QUOTED, LABEL_UNKNOWN };

struct seven_bit {
    struct part_lines lines;
    bool is_scan;
    /* Something is to be rewritten. */
    bool is_needed;

    /* Parts whose bodies have bytes beyond ASCII, by number; a bit each. */
    uint8_t parts[MIME_PARTS_MAX / 8 + 1];
    size_t part;

    /* Found by the first reading. */
    bool has_dkim;
    bool has_8bit_header;
    bool has_8bit_signed;
    bool has_unencodable;

    /* The part whose header is read. */
    bool is_message;
    bool has_encoding;
    bool has_version;
    bool is_relabelled;
    enum label label;
    /* Its body. */
    bool is_unencodable;
    enum content content;
    /* Something of the line came. */
    bool in_line;

    struct quoted_printable quoted;
    uint8_t to_encode[BASE64_LINE_BYTES];
    size_t to_encode_bytes;
    /* A CRLF was read that is the boundary's, if one follows. */
    bool is_line_end_held;
    struct buffer encoded;
};

static void give(struct seven_bit *m, struct slice bytes) { part_lines_give(&m->lines, bytes); }

/* ---- the first reading ---- */

static void mark(struct seven_bit *m) {
    if (m->part < MIME_PARTS_MAX)
        m->parts[m->part / 8] |= (uint8_t)(1U << m->part % 8);
    else
        m->has_unencodable = true;
}

static bool is_marked(const struct seven_bit *m) {
    return m->part < MIME_PARTS_MAX && m->parts[m->part / 8] >> m->part % 8 & 1;
}

static void scan_content(struct seven_bit *m, struct slice bytes) {
    if (wire_text_is_7bit(bytes)) return;
    m->is_needed = true;
    m->has_8bit_signed = m->has_8bit_signed || part_lines_is_signed(&m->lines);
    if (m->content == CONTENT_BETWEEN) return;
    m->has_unencodable = m->has_unencodable || m->is_unencodable;
    mark(m);
}

/* What comes out of the first reading beside content: headers, and the lines of boundaries. */
static void scan_header(void *context, struct slice bytes) {
    struct seven_bit *m = context;
    m->has_8bit_header = m->has_8bit_header || !wire_text_is_7bit(bytes);
}

/* ---- headers ---- */

static void begin_header(void *context, bool is_message) {
    struct seven_bit *m = context;
    m->part++;
    m->is_message = is_message;
    m->has_encoding = m->has_version = m->is_relabelled = false;
    m->label = LABEL_IDENTITY;
}

static enum label label_of(struct slice encoding) {
    if (slice_equal_nocase(encoding, SLICE("base64"))) return LABEL_BASE64;
    if (slice_equal_nocase(encoding, SLICE("quoted-printable"))) return LABEL_QUOTED;
    bool is_identity = !encoding.len || slice_equal_nocase(encoding, SLICE("7bit")) ||
                       slice_equal_nocase(encoding, SLICE("8bit")) ||
                       slice_equal_nocase(encoding, SLICE("binary"));
    return is_identity ? LABEL_IDENTITY : LABEL_UNKNOWN;
}

/* The first counts (mime.h). True: another takes the place of all of them. */
static bool is_label_replaced(struct seven_bit *m, struct slice encoding, bool is_cut) {
    if (m->has_encoding) return m->is_relabelled;
    m->has_encoding = true;
    m->label = is_cut ? LABEL_UNKNOWN : label_of(encoding);
    bool is_wrong = !slice_equal_nocase(encoding, SLICE("7bit"));
    m->is_relabelled =
        m->label == LABEL_IDENTITY && (is_wrong || is_marked(m)) && !part_lines_is_signed(&m->lines);
    return m->is_relabelled;
}

static bool note_field(void *context, const struct header_field *field, bool is_cut) {
    struct seven_bit *m = context;
    bool is_root = m->part == 1;
    if (is_root && slice_equal_nocase(field->name, SLICE("DKIM-Signature"))) m->has_dkim = true;
    if (slice_equal_nocase(field->name, SLICE("MIME-Version"))) m->has_version = true;
    if (!slice_equal_nocase(field->name, SLICE("Content-Transfer-Encoding"))) return true;
    bool is_replaced = is_label_replaced(m, mime_part_encoding(field->value), is_cut);
    return m->is_scan || !m->is_needed || !is_replaced;
}

static enum content content_of(const struct seven_bit *m, const struct mime_part *part) {
    if (!is_marked(m)) return CONTENT_KEPT;
    if (m->label == LABEL_BASE64) return CONTENT_STRAY_BASE64;
    if (m->label == LABEL_QUOTED) return CONTENT_STRAY_QUOTED;
    return mime_part_is_type(part, "text") ? CONTENT_TO_QUOTED : CONTENT_TO_BASE64;
}

static void give_encoding(struct seven_bit *m, const struct mime_part *part) {
    enum content content = content_of(m, part);
    if (content == CONTENT_TO_QUOTED)
        give(m, SLICE("Content-Transfer-Encoding: quoted-printable\r\n"));
    else if (content == CONTENT_TO_BASE64)
        give(m, SLICE("Content-Transfer-Encoding: base64\r\n"));
    else if (m->is_relabelled)
        give(m, SLICE("Content-Transfer-Encoding: 7bit\r\n"));
}

static void end_header(void *context, const struct mime_part *part, bool has_type) {
    struct seven_bit *m = context;
    if (m->is_scan || !m->is_needed || part_lines_is_signed(&m->lines)) return;
    bool is_encoded = is_marked(m) && m->label == LABEL_IDENTITY;
    /* RFC 2045 4: without it, nobody looks at the encoding. */
    if (m->is_message && !m->has_version && (is_encoded || m->is_relabelled))
        give(m, SLICE("MIME-Version: 1.0\r\n"));
    if (is_encoded && !has_type) give(m, SLICE("Content-Type: text/plain; charset=unknown-8bit\r\n"));
    give_encoding(m, part);
}

/* ---- bodies ---- */

static void begin_body(void *context, const struct mime_part *part, bool is_opened) {
    struct seven_bit *m = context;
    m->content = is_opened ? CONTENT_BETWEEN : content_of(m, part);
    /* RFC 2045 6.4; RFC 6532 3.7 allows it for message/global, which is looked into. */
    m->is_unencodable = part_lines_is_composite(part) || m->label == LABEL_UNKNOWN;
    m->quoted.len = 0;
    m->to_encode_bytes = 0;
    m->is_line_end_held = m->in_line = false;
}

static void encode_line(struct seven_bit *m) {
    if (m->to_encode_bytes == 0) return;
    buffer_clear(&m->encoded);
    base64_encode(&m->encoded, slice_of(m->to_encode, m->to_encode_bytes));
    buffer_append(&m->encoded, SLICE("\r\n"));
    give(m, buffer_slice(&m->encoded));
    m->to_encode_bytes = 0;
}

static void encode(struct seven_bit *m, struct slice bytes) {
    while (bytes.len) {
        struct slice some = slice_take(&bytes, BASE64_LINE_BYTES - m->to_encode_bytes);
        memcpy(m->to_encode + m->to_encode_bytes, some.ptr, some.len);
        m->to_encode_bytes += some.len;
        if (m->to_encode_bytes == BASE64_LINE_BYTES) encode_line(m);
    }
}

static void release_line_end(struct seven_bit *m) {
    if (m->is_line_end_held) encode(m, SLICE("\r\n"));
    m->is_line_end_held = false;
}

/* Where a byte means nothing, in base64 and where nobody looks, '?' stands for it. */
static void give_replaced(struct seven_bit *m, uint8_t c) { give(m, SLICE("?")); }

static void give_escaped(struct seven_bit *m, uint8_t c) {
    struct quoted_printable q = {0};
    quoted_printable_write(&q, slice_of(&c, 1), m->lines.sink);
    quoted_printable_end(&q, m->lines.sink);
}

/* What is 7-bit stays. */
static void give_mended(struct seven_bit *m, struct slice bytes,
                        void (*instead)(struct seven_bit *m, uint8_t c)) {
    while (bytes.len) {
        size_t clean = 0;
        while (clean < bytes.len && bytes.ptr[clean] < 0x80 && bytes.ptr[clean]) clean++;
        give(m, slice_take(&bytes, clean));
        if (bytes.len) instead(m, slice_take(&bytes, 1).ptr[0]);
    }
}

/* With other bytes behind it than there were, a dash that begins a line may begin a boundary's. */
static bool is_first_dash(const struct seven_bit *m, struct slice bytes) {
    return !m->in_line && bytes.ptr[0] == '-';
}

static void mend_replacing(struct seven_bit *m, struct slice bytes) {
    if (is_first_dash(m, bytes)) give(m, SLICE("?"));
    give_mended(m, bytes, give_replaced);
}

static void mend_escaping(struct seven_bit *m, struct slice bytes) {
    if (is_first_dash(m, bytes)) give_escaped(m, slice_take(&bytes, 1).ptr[0]);
    give_mended(m, bytes, give_escaped);
}

static void give_between(struct seven_bit *m, struct slice bytes) {
    if (m->is_needed && !part_lines_is_signed(&m->lines))
        mend_replacing(m, bytes);
    else
        give(m, bytes);
}

static void rewrite(struct seven_bit *m, struct slice bytes) {
    switch (m->content) {
    case CONTENT_BETWEEN:
        give_between(m, bytes);
        break;
    case CONTENT_KEPT:
        give(m, bytes);
        break;
    case CONTENT_STRAY_BASE64:
        mend_replacing(m, bytes);
        break;
    case CONTENT_STRAY_QUOTED:
        mend_escaping(m, bytes);
        break;
    case CONTENT_TO_QUOTED:
        quoted_printable_write(&m->quoted, bytes, m->lines.sink);
        break;
    case CONTENT_TO_BASE64:
        release_line_end(m);
        encode(m, bytes);
        break;
    }
}

static void take_content(void *context, struct slice bytes) {
    struct seven_bit *m = context;
    if (m->is_scan)
        scan_content(m, bytes);
    else
        rewrite(m, bytes);
    m->in_line = true;
}

static void end_line(void *context) {
    struct seven_bit *m = context;
    m->in_line = false;
    if (m->is_scan) return;
    if (m->content == CONTENT_TO_BASE64) {
        release_line_end(m);
        m->is_line_end_held = true;
        return;
    }
    if (m->content == CONTENT_TO_QUOTED) quoted_printable_end(&m->quoted, m->lines.sink);
    give(m, SLICE("\r\n"));
}

/* In base64 the CRLF before a boundary, which is not the part's, is that of the last line. */
static void end_body(struct seven_bit *m) {
    if (m->content == CONTENT_TO_BASE64 && !m->is_scan) encode_line(m);
    m->content = CONTENT_BETWEEN;
    m->in_line = false;
}

static void meet_boundary(void *context, bool opens) {
    struct seven_bit *m = context;
    end_body(m);
}

/* ---- the two readings ---- */

static void begin(struct seven_bit *m, bool is_scan) {
    m->is_scan = is_scan;
    m->part = 0;
    m->content = CONTENT_BETWEEN;
    part_lines_begin(&m->lines, (struct part_lines_hooks){m, begin_header, note_field, end_header, begin_body,
                                                          take_content, end_line, meet_boundary});
    m->lines.sink = (struct byte_sink){scan_header, m};
}

struct seven_bit *seven_bit_new(void) {
    struct seven_bit *m = calloc(1, sizeof *m);
    if (!m) FATAL("out of memory for a message to be made 7-bit");
    m->encoded = buffer_new(2 * (size_t)BASE64_LINE_BYTES);
    begin(m, true);
    return m;
}

void seven_bit_free(struct seven_bit **message) {
    struct seven_bit *m = *message;
    if (!m) return;
    part_lines_free(&m->lines);
    buffer_free(&m->encoded);
    free(m);
    *message = NULL;
}

void seven_bit_scan(struct seven_bit *message, struct slice input) {
    while (input.len) part_lines_take(&message->lines, &input);
}

enum seven_bit_result seven_bit_scan_finish(struct seven_bit *message) {
    struct seven_bit *m = message;
    part_lines_finish(&m->lines);
    begin(m, false);
    if (m->has_8bit_header) return SEVEN_BIT_HEADER;
    if (!m->is_needed) return SEVEN_BIT_ALREADY;
    if (m->has_dkim || m->has_8bit_signed) return SEVEN_BIT_SIGNED;
    return m->has_unencodable ? SEVEN_BIT_UNENCODABLE : SEVEN_BIT_POSSIBLE;
}

void seven_bit_write(struct seven_bit *message, struct slice input, struct byte_sink sink) {
    message->lines.sink = sink;
    while (input.len) part_lines_take(&message->lines, &input);
}

void seven_bit_finish(struct seven_bit *message, struct byte_sink sink) {
    struct seven_bit *m = message;
    m->lines.sink = sink;
    part_lines_finish(&m->lines);
    if (m->content == CONTENT_TO_BASE64) {
        release_line_end(m);
        end_body(m);
    }
}
