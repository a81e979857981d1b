/*
 * An mbox: the messages do not depend on how the bytes come in pieces, headers are read within their
 * bounds, and a message that is written as mboxrd is read back as it was.
 */
#include "base/limits.h"
#include "wire/canonical_lines.h"
#include "wire/mbox.h"
#include "wire/mbox_header.h"
#include "wire/mbox_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_BYTES_MAX = 8 * 1024 * 1024, MESSAGES_MAX = 100000 };

struct whole {
    struct buffer bytes;
    size_t messages;
    size_t ended;
};

static void take_header(struct mbox_reader *reader, const struct mbox_event *event, struct slice rest,
                        struct buffer *out) {
    struct mbox_header header;
    mbox_header_read(event->bytes, &header);
    ASSERT(header.block_bytes <= event->bytes.len && header.keyword_count <= MBOX_KEYWORDS_MAX);
    struct buffer stripped = buffer_new(OUT_BYTES_MAX);
    mbox_header_strip(event->bytes, &header, true, &stripped);
    ASSERT(stripped.len <= event->bytes.len);
    buffer_free(&stripped);
    bool may_trust = header.has_content_length && event->offset && header.content_length <= rest.len;
    if (may_trust && mbox_is_boundary(slice_skip(rest, (size_t)header.content_length), true))
        mbox_trust(reader, header.content_length);
    buffer_append(out, event->bytes);
}

/* Reads all of it, `step` bytes at a time. */
static struct whole read_all(struct slice all, size_t step, enum mbox_quoting quoting) {
    struct whole whole = {.bytes = buffer_new(OUT_BYTES_MAX)};
    struct mbox_reader reader;
    struct mbox_event event = {.kind = MBOX_MORE};
    struct slice rest = all;
    mbox_init(&reader, quoting);
    while (event.kind != MBOX_DONE) {
        struct slice piece = slice_take(&rest, step);
        do {
            mbox_next(&reader, &piece, rest.len == 0, &event);
            if (event.kind == MBOX_BEGIN) whole.messages++;
            if (event.kind == MBOX_END) whole.ended++;
            if (event.kind == MBOX_HEADER)
                take_header(&reader, &event, slice_skip(all, (size_t)event.offset), &whole.bytes);
            if (event.kind == MBOX_BYTES) buffer_append(&whole.bytes, event.bytes);
            ASSERT(whole.messages < MESSAGES_MAX);
        } while (event.kind != MBOX_MORE && event.kind != MBOX_DONE);
    }
    ASSERT(whole.messages == whole.ended);
    mbox_free(&reader);
    return whole;
}

static void check_pieces(struct slice all) {
    struct whole once = read_all(all, all.len + 1, MBOX_QUOTING_RD);
    struct whole bytewise = read_all(all, 1, MBOX_QUOTING_RD);
    struct whole sevens = read_all(all, 7, MBOX_QUOTING_RD);
    ASSERT(once.messages == bytewise.messages && once.messages == sevens.messages);
    ASSERT(slice_equal(buffer_slice(&once.bytes), buffer_slice(&bytewise.bytes)));
    ASSERT(slice_equal(buffer_slice(&once.bytes), buffer_slice(&sevens.bytes)));
    buffer_free(&once.bytes);
    buffer_free(&bytewise.bytes);
    buffer_free(&sevens.bytes);
}

/* The body is the input; the header cannot be misread. */
static void check_round_trip(struct slice body) {
    static const struct slice header = SLICE_INIT("Subject: x\n\n");
    struct canonical_lines lines = canonical_lines_new();
    struct buffer canonical = buffer_new(OUT_BYTES_MAX);
    struct buffer text = buffer_new(OUT_BYTES_MAX);
    struct buffer plain = buffer_new(OUT_BYTES_MAX);
    canonical_lines_write(&lines, body, byte_sink_of_buffer(&canonical));
    canonical_lines_finish(&lines, byte_sink_of_buffer(&canonical));
    mbox_from_write(&text, SLICE("a@b"), 1000);
    buffer_append(&text, header);
    buffer_append(&plain, header);
    struct mbox_quote quoted = mbox_quote_new(true);
    mbox_quote_write(&quoted, buffer_slice(&canonical), byte_sink_of_buffer(&text));
    mbox_quote_finish(&quoted, byte_sink_of_buffer(&text));
    struct mbox_quote unquoted = mbox_quote_new(false);
    mbox_quote_write(&unquoted, buffer_slice(&canonical), byte_sink_of_buffer(&plain));
    mbox_quote_finish(&unquoted, byte_sink_of_buffer(&plain));
    struct whole again = read_all(buffer_slice(&text), 100, MBOX_QUOTING_RD);
    /* The blank line that ends the header section came with it, or was given by itself. */
    ASSERT(again.messages == 1);
    struct buffer expected = buffer_new(OUT_BYTES_MAX);
    buffer_append(&expected, buffer_slice(&plain));
    ASSERT(slice_equal(buffer_slice(&again.bytes), buffer_slice(&expected)));
    buffer_free(&again.bytes);
    buffer_free(&expected);
    buffer_free(&canonical);
    buffer_free(&text);
    buffer_free(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice all = slice_of(data, size);
    if (size > 256 * 1024) return 0;
    check_pieces(all);
    check_round_trip(all);
    return 0;
}
