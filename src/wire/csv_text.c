#include "wire/csv_text.h"

#include "base/limits_contact.h"

/* Each byte may become a character of four. */
enum { OUT_BYTES_MAX = 4 * CSV_SAMPLE_BYTES + 64 };

static const struct slice utf8_mark = SLICE_INIT("\xef\xbb\xbf");
static const struct slice utf16le_mark = SLICE_INIT("\xff\xfe");
static const struct slice utf16be_mark = SLICE_INIT("\xfe\xff");

/* ---- finding out ---- */

/* Text of a European language has a zero in nearly every second byte. */
static size_t count_zeros(struct slice sample, size_t from) {
    size_t count = 0;
    for (size_t i = from; i < sample.len; i += 2) count += sample.ptr[i] == 0;
    return count;
}

static bool is_utf16(struct slice sample, size_t zeros_at) {
    size_t pairs = sample.len / 2;
    return pairs >= 4 && count_zeros(sample, zeros_at) * 2 > pairs &&
           count_zeros(sample, 1 - zeros_at) * 10 < pairs;
}

/* Which there are more of: characters of UTF-8, or bytes that are none. */
static struct slice by_characters(struct slice sample) {
    size_t good = 0;
    size_t bad = 0;
    while (sample.len) {
        bool is_cut = false;
        size_t len = utf8_char_len(sample, &is_cut);
        if (is_cut) break;
        good += len > 1;
        bad += len == 0;
        sample = slice_skip(sample, len ? len : 1);
    }
    if (good == 0 && bad == 0) return SLICE_EMPTY;
    return good >= bad ? SLICE("utf-8") : SLICE("windows-1252");
}

struct slice csv_encoding_find(struct slice sample, size_t *mark_bytes) {
    *mark_bytes = 0;
    if (slice_starts(sample, utf8_mark)) {
        *mark_bytes = utf8_mark.len;
        return SLICE("utf-8");
    }
    bool has_le_mark = slice_starts(sample, utf16le_mark);
    bool has_be_mark = slice_starts(sample, utf16be_mark);
    if (has_le_mark || has_be_mark) *mark_bytes = utf16le_mark.len;
    if (has_le_mark || (!has_be_mark && is_utf16(sample, 1))) return SLICE("utf-16le");
    if (has_be_mark || is_utf16(sample, 0)) return SLICE("utf-16be");
    return by_characters(sample);
}

/* ---- decoding ---- */

bool csv_text_init(struct csv_text *text, struct slice encoding) {
    *text = (struct csv_text){.is_undecided = encoding.len == 0, .out = buffer_new(OUT_BYTES_MAX)};
    if (text->is_undecided || slice_equal_nocase(encoding, SLICE("utf-8")) ||
        slice_equal_nocase(encoding, SLICE("utf8")))
        return true;
    if (!charset_known(encoding)) return false;
    text->decoder = charset_decoder_new(encoding);
    return true;
}

void csv_text_free(struct csv_text *text) {
    charset_decoder_free(&text->decoder);
    buffer_free(&text->out);
}

static size_t ascii_bytes(struct slice piece) {
    size_t len = 0;
    while (len < piece.len && piece.ptr[len] < 0x80) len++;
    return len;
}

/* The piece begins with a character that is not ASCII. False: too little of it is there. */
static bool decide(struct csv_text *text, struct slice piece, bool last) {
    bool is_cut = false;
    size_t len = utf8_char_len(piece, &is_cut);
    if (is_cut && !last) return false;
    text->is_undecided = false;
    if (len == 0) text->decoder = charset_decoder_new(SLICE("windows-1252"));
    return true;
}

/* ASCII first; then what is left, once it is decided. */
static struct slice next_undecided(struct csv_text *text, struct slice piece, bool last) {
    struct buffer whole = buffer_new(CSV_SAMPLE_BYTES + sizeof text->cut);
    buffer_append(&whole, slice_of(text->cut, text->cut_len));
    buffer_append(&whole, piece);
    struct slice rest = buffer_slice(&whole);
    text->cut_len = 0;
    buffer_append(&text->out, slice_take(&rest, ascii_bytes(rest)));
    if (rest.len && !decide(text, rest, last)) {
        memcpy(text->cut, rest.ptr, rest.len);
        text->cut_len = rest.len;
    } else if (text->decoder) {
        charset_decode(text->decoder, rest, last, &text->out);
    } else {
        buffer_append(&text->out, rest);
    }
    buffer_free(&whole);
    return buffer_slice(&text->out);
}

struct slice csv_text_next(struct csv_text *text, struct slice piece, bool last) {
    ASSERT(piece.len <= CSV_SAMPLE_BYTES);
    buffer_clear(&text->out);
    if (text->is_undecided) return next_undecided(text, piece, last);
    if (!text->decoder) return piece;
    charset_decode(text->decoder, piece, last, &text->out);
    return buffer_slice(&text->out);
}
