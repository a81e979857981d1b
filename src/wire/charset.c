#include "wire/charset.h"

#include <stdlib.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>

#include "base/fatal.h"

enum { NAME_BYTES_MAX = 64, UNITS = 2048, CHAR_BYTES_MAX = 4 };

struct charset_decoder {
    /* NULL: UTF-8, or a guess between it and windows-1252. */
    UConverter *converter;
    bool guess;
    /* The bytes of a character cut by the end of a piece. */
    uint8_t cut[CHAR_BYTES_MAX];
    size_t cut_len;
};

static const struct slice replacement = SLICE_INIT("\xef\xbf\xbd");

/* Names that ICU reads too narrowly or not at all. "" means: guess. */
static const struct {
    struct slice name;
    const char *icu;
} aliases[] = {
    {SLICE_INIT("iso-8859-1"), "windows-1252"},
    {SLICE_INIT("iso8859-1"), "windows-1252"},
    {SLICE_INIT("iso_8859-1"), "windows-1252"},
    {SLICE_INIT("latin1"), "windows-1252"},
    {SLICE_INIT("latin-1"), "windows-1252"},
    {SLICE_INIT("iso-8859-9"), "windows-1254"},
    {SLICE_INIT("iso-8859-11"), "windows-874"},
    {SLICE_INIT("gb2312"), "gb18030"},
    {SLICE_INIT("gbk"), "gb18030"},
    {SLICE_INIT("x-gbk"), "gb18030"},
    {SLICE_INIT("ks_c_5601-1987"), "windows-949"},
    {SLICE_INIT("euc-kr"), "windows-949"},
    {SLICE_INIT("iso-8859-8-i"), "iso-8859-8"},
    {SLICE_INIT("unicode-1-1-utf-7"), "utf-7"},
    {SLICE_INIT("us-ascii"), ""},
    {SLICE_INIT("ascii"), ""},
    {SLICE_INIT("ansi_x3.4-1968"), ""},
    {SLICE_INIT("unknown-8bit"), ""},
    {SLICE_INIT("x-unknown"), ""},
};

static const uint16_t windows_1252[32] = {0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                          0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
                                          0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                          0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};

/* The least and most a second byte may be after each lead byte (RFC 3629 4). */
static bool second_fits(uint8_t lead, uint8_t second) {
    uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return second >= least && second <= most;
}

size_t utf8_char_len(struct slice text, bool *cut) {
    if (cut) *cut = false;
    if (text.len == 0) return 0;
    uint8_t lead = text.ptr[0];
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < len && i < text.len; i++)
        if (i == 1 ? !second_fits(lead, text.ptr[1]) : (text.ptr[i] & 0xc0) != 0x80) return 0;
    if (len <= text.len) return len;
    if (cut) *cut = true;
    return 0;
}

/* The leading ASCII, eight bytes at a time: nearly all of most mail. */
static size_t ascii_run(struct slice text) {
    size_t len = 0;
    for (uint64_t eight; len + sizeof eight <= text.len; len += sizeof eight) {
        memcpy(&eight, text.ptr + len, sizeof eight);
        if (eight & 0x8080808080808080u) break;
    }
    while (len < text.len && text.ptr[len] < 0x80) len++;
    return len;
}

bool utf8_valid(struct slice text) {
    while (text.len) {
        text = slice_skip(text, ascii_run(text));
        if (text.len == 0) return true;
        size_t len = utf8_char_len(text, NULL);
        if (len == 0) return false;
        text = slice_skip(text, len);
    }
    return true;
}

struct slice utf8_cut(struct slice text, size_t len) {
    if (text.len <= len) return text;
    while (len && (text.ptr[len] & 0xc0) == 0x80) len--;
    return slice_sub(text, 0, len);
}

/* RFC 2231 and RFC 2047 names are short and of visible ASCII; all else is no charset. */
static const char *icu_name(struct slice charset, char name[NAME_BYTES_MAX]) {
    charset = slice_trim(charset);
    if (charset.len == 0 || charset.len >= NAME_BYTES_MAX) return "";
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (slice_equal_nocase(charset, aliases[i].name)) return aliases[i].icu;
    for (size_t i = 0; i < charset.len; i++) {
        uint8_t c = charset.ptr[i];
        if (!ascii_is_alnum(c) && !memchr("-_.:+()", c, 7)) return "";
        name[i] = (char)c;
    }
    name[charset.len] = 0;
    return name;
}

/* ICU would write U+001A for some single bytes; a replacement is a replacement. */
static void replace_bad(const void *context, UConverterToUnicodeArgs *args, const char *bytes, int32_t len,
                        UConverterCallbackReason reason, UErrorCode *error) {
    static const UChar unit = 0xfffd;
    if (reason > UCNV_IRREGULAR) return;
    *error = U_ZERO_ERROR;
    ucnv_cbToUWriteUChars(args, &unit, 1, 0, error);
}

/* Only names of ICU's own table: for others it would go and look for a file of that name. */
static UConverter *open_converter(const char *name) {
    UErrorCode error = U_ZERO_ERROR;
    if (ucnv_countAliases(name, &error) == 0) return NULL;
    UConverter *converter = ucnv_open(name, &error);
    if (U_FAILURE(error)) return NULL;
    ucnv_setToUCallBack(converter, replace_bad, NULL, NULL, NULL, &error);
    ASSERT(U_SUCCESS(error));
    return converter;
}

static bool is_utf8_name(const char *name) {
    struct slice s = slice_from_text(name);
    return slice_equal_nocase(s, SLICE("utf-8")) || slice_equal_nocase(s, SLICE("utf8"));
}

struct charset_decoder *charset_decoder_new(struct slice charset) {
    struct charset_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) FATAL("out of memory for a charset decoder");
    char storage[NAME_BYTES_MAX];
    const char *name = icu_name(charset, storage);
    if (is_utf8_name(name)) return decoder;
    if (name[0]) decoder->converter = open_converter(name);
    decoder->guess = !decoder->converter;
    return decoder;
}

void charset_decoder_free(struct charset_decoder **decoder) {
    if (!*decoder) return;
    if ((*decoder)->converter) ucnv_close((*decoder)->converter);
    free(*decoder);
    *decoder = NULL;
}

bool charset_known(struct slice charset) {
    struct charset_decoder *decoder = charset_decoder_new(charset);
    bool known = !decoder->guess || slice_starts_nocase(charset, SLICE("us-ascii"));
    charset_decoder_free(&decoder);
    return known;
}

size_t utf8_encode(uint32_t code, uint8_t bytes[4]) {
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; code >>= 6) bytes[i] = (uint8_t)(0x80 | (code & 0x3f));
    bytes[0] = (uint8_t)(leads[len] | code);
    return len;
}

static void append_char(struct buffer *out, uint32_t code) {
    uint8_t bytes[4];
    buffer_append(out, slice_of(bytes, utf8_encode(code, bytes)));
}

static void append_bad(const struct charset_decoder *decoder, uint8_t byte, struct buffer *out) {
    if (!decoder->guess)
        buffer_append(out, replacement);
    else
        append_char(out, byte < 0xa0 ? windows_1252[byte & 31] : byte);
}

/* What does not fit is cut between characters. */
static void append_cut(struct buffer *out, struct slice good) {
    size_t room = out->max_bytes - out->len;
    buffer_append(out, utf8_cut(good, room));
    if (good.len > room) out->overflowed = true;
}

/* Appends whole characters; what is left in the end is a cut one. */
static struct slice decode_whole(const struct charset_decoder *decoder, struct slice bytes, bool last,
                                 struct buffer *out) {
    struct slice good = slice_of(bytes.ptr, 0);
    while (bytes.len && !buffer_overflowed(out)) {
        bool cut = false;
        size_t ascii = ascii_run(bytes);
        size_t len = ascii ? ascii : utf8_char_len(bytes, &cut);
        if (cut && !last) break;
        if (len) {
            good.len += len;
            bytes = slice_skip(bytes, len);
            continue;
        }
        append_cut(out, good);
        if (!buffer_overflowed(out)) append_bad(decoder, bytes.ptr[0], out);
        bytes = slice_skip(bytes, 1);
        good = slice_of(bytes.ptr, 0);
    }
    append_cut(out, good);
    return bytes;
}

/* The character that the last piece cut is completed first, byte by byte. */
static void decode_utf8(struct charset_decoder *decoder, struct slice bytes, bool last, struct buffer *out) {
    while (decoder->cut_len && (bytes.len || last)) {
        if (bytes.len) decoder->cut[decoder->cut_len++] = slice_take(&bytes, 1).ptr[0];
        struct slice rest =
            decode_whole(decoder, slice_of(decoder->cut, decoder->cut_len), last && bytes.len == 0, out);
        memmove(decoder->cut, rest.ptr, rest.len);
        decoder->cut_len = rest.len;
        if (buffer_overflowed(out)) return;
    }
    struct slice rest = decode_whole(decoder, bytes, last, out);
    if (buffer_overflowed(out) || rest.len == 0) return;
    memcpy(decoder->cut, rest.ptr, rest.len);
    decoder->cut_len = rest.len;
}

static void append_units(struct buffer *out, const UChar *units, size_t count) {
    for (size_t i = 0; i < count && !buffer_overflowed(out); i++) {
        uint32_t c = units[i];
        bool pair = (c & 0xfc00) == 0xd800 && i + 1 < count && (units[i + 1] & 0xfc00) == 0xdc00;
        if (pair) c = 0x10000 + ((c & 0x3ff) << 10) + (units[++i] & 0x3ff);
        append_char(out, (c & 0xfffff800) == 0xd800 ? 0xfffd : c);
    }
}

static void decode_icu(UConverter *converter, struct slice bytes, bool last, struct buffer *out) {
    const char *from = (const char *)bytes.ptr;
    const char *end = from + bytes.len;
    UChar units[UNITS];
    UErrorCode error;
    size_t kept = 0;
    do {
        error = U_ZERO_ERROR;
        UChar *to = units + kept;
        ucnv_toUnicode(converter, &to, units + UNITS, &from, end, NULL, last, &error);
        size_t count = (size_t)(to - units);
        /* A surrogate pair may be cut by the end of the units: its first half goes round again. */
        kept = error == U_BUFFER_OVERFLOW_ERROR && count && (units[count - 1] & 0xfc00) == 0xd800;
        append_units(out, units, count - kept);
        if (kept) units[0] = units[count - 1];
    } while (error == U_BUFFER_OVERFLOW_ERROR && !buffer_overflowed(out));
}

void charset_decode(struct charset_decoder *decoder, struct slice bytes, bool last, struct buffer *out) {
    if (bytes.len == 0 && !last) return;
    if (decoder->converter)
        decode_icu(decoder->converter, bytes.ptr ? bytes : SLICE(""), last, out);
    else
        decode_utf8(decoder, bytes, last, out);
}

void charset_to_utf8(struct slice charset, struct slice bytes, struct buffer *out) {
    struct charset_decoder *decoder = charset_decoder_new(charset);
    charset_decode(decoder, bytes, true, out);
    charset_decoder_free(&decoder);
}
