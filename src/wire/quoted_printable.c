#include "wire/quoted_printable.h"

static void flush(struct quoted_printable *q, struct byte_sink sink) {
    byte_sink_write(sink, slice_of(q->line, q->len));
    q->len = 0;
}

/* RFC 2045 6.7 (5) */
static void break_line(struct quoted_printable *q, struct byte_sink sink) {
    memcpy(q->line + q->len, "=\r\n", 3);
    byte_sink_write(sink, slice_of(q->line, q->len + 3));
    q->len = 0;
}

/* As many characters as stand for one byte: they stay together. The last place is kept for a soft break. */
static void put(struct quoted_printable *q, const uint8_t *text, size_t len, struct byte_sink sink) {
    if (q->len + len > QUOTED_PRINTABLE_LINE_BYTES - 1) break_line(q, sink);
    memcpy(q->line + q->len, text, len);
    q->len += len;
}

static void put_escape(struct quoted_printable *q, uint8_t c, struct byte_sink sink) {
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t escape[3] = {'=', (uint8_t)digits[c >> 4], (uint8_t)digits[c & 15]};
    put(q, escape, sizeof escape, sink);
}

static bool is_literal(const struct quoted_printable *q, uint8_t c) {
    if (c == '-') return q->len > 0 && q->len < QUOTED_PRINTABLE_LINE_BYTES - 1;
    return (c >= ' ' && c < 0x7f && c != '=') || c == '\t';
}

void quoted_printable_write(struct quoted_printable *q, struct slice bytes, struct byte_sink sink) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (is_literal(q, bytes.ptr[i]))
            put(q, bytes.ptr + i, 1, sink);
        else
            put_escape(q, bytes.ptr[i], sink);
    }
}

void quoted_printable_end(struct quoted_printable *q, struct byte_sink sink) {
    uint8_t last = q->len ? q->line[q->len - 1] : 0;
    /* RFC 2045 6.7 (3) */
    if (last == ' ' || last == '\t') {
        q->len--;
        put_escape(q, last, sink);
    }
    flush(q, sink);
}

void quoted_printable_text(struct buffer *out, struct slice text) {
    struct quoted_printable q = {0};
    struct byte_sink sink = byte_sink_of_buffer(out);
    while (text.len) {
        struct slice line = slice_take_until(&text, '\n');
        (void)slice_take_byte(&text, '\n');
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        quoted_printable_write(&q, line, sink);
        quoted_printable_end(&q, sink);
        buffer_append(out, SLICE("\r\n"));
    }
}
