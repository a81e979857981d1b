#include "wire/html_text.h"

#include "wire/charset.h"

enum { REFERENCE_BYTES_MAX = 12, TAG_NAME_BYTES_MAX = 12 };

static const struct {
    struct slice name;
    uint32_t code;
} references[] = {
    {SLICE_INIT("amp"), '&'},      {SLICE_INIT("lt"), '<'},        {SLICE_INIT("gt"), '>'},
    {SLICE_INIT("quot"), '"'},     {SLICE_INIT("apos"), '\''},     {SLICE_INIT("nbsp"), ' '},
    {SLICE_INIT("copy"), 0xa9},    {SLICE_INIT("reg"), 0xae},      {SLICE_INIT("laquo"), 0xab},
    {SLICE_INIT("raquo"), 0xbb},   {SLICE_INIT("middot"), 0xb7},   {SLICE_INIT("auml"), 0xe4},
    {SLICE_INIT("ouml"), 0xf6},    {SLICE_INIT("uuml"), 0xfc},     {SLICE_INIT("Auml"), 0xc4},
    {SLICE_INIT("Ouml"), 0xd6},    {SLICE_INIT("Uuml"), 0xdc},     {SLICE_INIT("szlig"), 0xdf},
    {SLICE_INIT("agrave"), 0xe0},  {SLICE_INIT("aacute"), 0xe1},   {SLICE_INIT("acirc"), 0xe2},
    {SLICE_INIT("aring"), 0xe5},   {SLICE_INIT("aelig"), 0xe6},    {SLICE_INIT("ccedil"), 0xe7},
    {SLICE_INIT("egrave"), 0xe8},  {SLICE_INIT("eacute"), 0xe9},   {SLICE_INIT("ecirc"), 0xea},
    {SLICE_INIT("iacute"), 0xed},  {SLICE_INIT("ntilde"), 0xf1},   {SLICE_INIT("oacute"), 0xf3},
    {SLICE_INIT("ocirc"), 0xf4},   {SLICE_INIT("oslash"), 0xf8},   {SLICE_INIT("uacute"), 0xfa},
    {SLICE_INIT("ndash"), 0x2013}, {SLICE_INIT("mdash"), 0x2014},  {SLICE_INIT("lsquo"), 0x2018},
    {SLICE_INIT("rsquo"), 0x2019}, {SLICE_INIT("ldquo"), 0x201c},  {SLICE_INIT("rdquo"), 0x201d},
    {SLICE_INIT("bull"), 0x2022},  {SLICE_INIT("hellip"), 0x2026}, {SLICE_INIT("euro"), 0x20ac},
    {SLICE_INIT("trade"), 0x2122}, {SLICE_INIT("zwnj"), 0},        {SLICE_INIT("zwj"), 0},
    {SLICE_INIT("shy"), 0},
};

enum element { ELEMENT_INLINE, ELEMENT_BLOCK, ELEMENT_HIDDEN };

static const struct {
    struct slice name;
    enum element element;
} elements[] = {
    {SLICE_INIT("script"), ELEMENT_HIDDEN},    {SLICE_INIT("style"), ELEMENT_HIDDEN},
    {SLICE_INIT("title"), ELEMENT_HIDDEN},     {SLICE_INIT("textarea"), ELEMENT_BLOCK},
    {SLICE_INIT("br"), ELEMENT_BLOCK},         {SLICE_INIT("p"), ELEMENT_BLOCK},
    {SLICE_INIT("div"), ELEMENT_BLOCK},        {SLICE_INIT("tr"), ELEMENT_BLOCK},
    {SLICE_INIT("td"), ELEMENT_BLOCK},         {SLICE_INIT("th"), ELEMENT_BLOCK},
    {SLICE_INIT("li"), ELEMENT_BLOCK},         {SLICE_INIT("ul"), ELEMENT_BLOCK},
    {SLICE_INIT("ol"), ELEMENT_BLOCK},         {SLICE_INIT("table"), ELEMENT_BLOCK},
    {SLICE_INIT("h1"), ELEMENT_BLOCK},         {SLICE_INIT("h2"), ELEMENT_BLOCK},
    {SLICE_INIT("h3"), ELEMENT_BLOCK},         {SLICE_INIT("h4"), ELEMENT_BLOCK},
    {SLICE_INIT("h5"), ELEMENT_BLOCK},         {SLICE_INIT("h6"), ELEMENT_BLOCK},
    {SLICE_INIT("hr"), ELEMENT_BLOCK},         {SLICE_INIT("pre"), ELEMENT_BLOCK},
    {SLICE_INIT("blockquote"), ELEMENT_BLOCK}, {SLICE_INIT("body"), ELEMENT_BLOCK},
};

/* What separates the next text from the last: collapsed until there is text. */
enum gap { GAP_NONE, GAP_SPACE, GAP_LINE };

struct writer {
    struct buffer *out;
    size_t start;
    enum gap gap;
};

static void append_text(struct writer *writer, struct slice text) {
    if (writer->gap != GAP_NONE && writer->out->len > writer->start)
        buffer_append_byte(writer->out, writer->gap == GAP_LINE ? '\n' : ' ');
    writer->gap = GAP_NONE;
    struct slice fits = utf8_cut(text, writer->out->max_bytes - writer->out->len);
    buffer_append(writer->out, fits);
    if (fits.len < text.len) writer->out->overflowed = true;
}

static void widen_gap(struct writer *writer, enum gap gap) {
    if (writer->gap < gap) writer->gap = gap;
}

static void append_code(struct writer *writer, uint32_t code) {
    if (code == 0) return;
    if (code <= ' ' || code == 0xa0) {
        widen_gap(writer, GAP_SPACE);
        return;
    }
    if (code > 0x10ffff || (code & 0xfffff800) == 0xd800) code = 0xfffd;
    uint8_t bytes[4];
    size_t len = utf8_encode(code, bytes);
    append_text(writer, slice_of(bytes, len));
}

static bool parse_number(struct slice digits, uint32_t *code) {
    bool hex = digits.len && ascii_lower(digits.ptr[0]) == 'x';
    uint64_t value = 0;
    if (!hex) {
        bool good = slice_to_number(digits, 0x10ffff, &value);
        *code = (uint32_t)value;
        return good;
    }
    for (size_t i = 1; i < digits.len; i++) {
        uint8_t c = ascii_lower(digits.ptr[i]);
        bool good = ascii_is_digit(c) || (c >= 'a' && c <= 'f');
        if (!good || value > 0x10ffff) return false;
        value = value * 16 + (uint64_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    *code = (uint32_t)value;
    return digits.len > 1;
}

static bool parse_reference(struct slice name, uint32_t *code) {
    if (slice_take_byte(&name, '#')) return parse_number(name, code);
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        if (!slice_equal(references[i].name, name)) continue;
        *code = references[i].code;
        return true;
    }
    return false;
}

static void take_reference(struct writer *writer, struct slice *html) {
    size_t end = slice_find_byte(slice_sub(*html, 0, REFERENCE_BYTES_MAX), ';');
    uint32_t code = 0;
    if (end != SLICE_NOT_FOUND && parse_reference(slice_sub(*html, 1, end - 1), &code)) {
        *html = slice_skip(*html, end + 1);
        append_code(writer, code);
    } else {
        append_text(writer, slice_take(html, 1));
    }
}

/* Past the tag's ">", which quotes around an attribute's value may hide. */
static void skip_tag(struct slice *html) {
    uint8_t quote = 0;
    size_t at = 0;
    for (; at < html->len && (quote || html->ptr[at] != '>'); at++) {
        uint8_t c = html->ptr[at];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if ((c == '"' || c == '\'') && at && html->ptr[at - 1] == '=')
            quote = c;
    }
    *html = slice_skip(*html, at + 1);
}

/* Past "</name": the insides of such an element are no text. */
static void skip_hidden(struct slice *html, struct slice name) {
    while (html->len) {
        (void)slice_take_until(html, '<');
        struct slice ahead = *html;
        if (slice_take_prefix(&ahead, SLICE("</")) && slice_take_prefix_nocase(&ahead, name)) return;
        *html = slice_skip(*html, 1);
    }
}

static enum element element_of(struct slice name, struct slice *canonical) {
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        if (!slice_equal_nocase(elements[i].name, name)) continue;
        *canonical = elements[i].name;
        return elements[i].element;
    }
    return ELEMENT_INLINE;
}

static void take_tag(struct writer *writer, struct slice *html) {
    struct slice rest = slice_skip(*html, 1);
    if (slice_take_prefix(&rest, SLICE("!--"))) {
        size_t end = slice_find(rest, SLICE("-->"));
        *html = end == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_skip(rest, end + 3);
        return;
    }
    bool closing = slice_take_byte(&rest, '/');
    size_t len = 0;
    while (len < rest.len && len < TAG_NAME_BYTES_MAX && ascii_is_alnum(rest.ptr[len])) len++;
    if (len == 0 && !(rest.len && (rest.ptr[0] == '!' || rest.ptr[0] == '?'))) {
        append_text(writer, slice_take(html, 1));
        return;
    }
    struct slice name = SLICE_EMPTY;
    enum element element = element_of(slice_sub(rest, 0, len), &name);
    skip_tag(&rest);
    if (element == ELEMENT_HIDDEN && !closing) skip_hidden(&rest, name);
    if (element == ELEMENT_BLOCK) widen_gap(writer, GAP_LINE);
    *html = rest;
}

void html_text_append(struct buffer *out, struct slice html) {
    struct writer writer = {.out = out, .start = out->len};
    while (html.len && !buffer_overflowed(out)) {
        uint8_t c = html.ptr[0];
        if (c == '<') {
            take_tag(&writer, &html);
        } else if (c == '&') {
            take_reference(&writer, &html);
        } else if (c <= ' ') {
            widen_gap(&writer, GAP_SPACE);
            html = slice_skip(html, 1);
        } else {
            size_t run = 0;
            while (run < html.len && html.ptr[run] > ' ' && html.ptr[run] != '<' && html.ptr[run] != '&')
                run++;
            append_text(&writer, slice_take(&html, run));
        }
    }
}
