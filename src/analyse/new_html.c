/* The new part of an HTML text; declared in new_text.h. */
#include "analyse/new_text.h"
#include "base/limits_classify.h"
#include "wire/html_text.h"

/* What mail programs mark a quote with: what begins there, to the end, was written before. */
static const struct slice marks[] = {
    SLICE_INIT("class=\"gmail_quote"),
    SLICE_INIT("class=gmail_quote"),
    SLICE_INIT("class=\"gmail_attr"),
    SLICE_INIT("class=\"yahoo_quoted"),
    SLICE_INIT("class=\"moz-cite-prefix"),
    SLICE_INIT("class=\"protonmail_quote"),
    SLICE_INIT("class=\"zmail_extra"),
    SLICE_INIT("class=\"WordSection1_quote"),
    SLICE_INIT("class=\"tutanota_quote"),
    SLICE_INIT("class=\"front-blockquote"),
    SLICE_INIT("id=\"divRplyFwdMsg"),
    SLICE_INIT("id=\"appendonsend"),
    SLICE_INIT("id=\"x_divRplyFwdMsg"),
    SLICE_INIT("id=divRplyFwdMsg"),
    SLICE_INIT("id=\"mail-editor-reference-message-container"),
    SLICE_INIT("id=\"stopSpelling"),
    SLICE_INIT("id=\"OLK_SRC_BODY_SECTION"),
    SLICE_INIT("id=\"isReplyContent"),
    SLICE_INIT("id=\"replyMessageHeader"),
    SLICE_INIT("id=\"AOLMsgPart"),
    SLICE_INIT("id=\"SkyDrivePlaceholder"),
    SLICE_INIT("name=\"quote\""),
    SLICE_INIT("id=\"reply-intro"),
    SLICE_INIT("id=\"lineBreakAtBeginningOfMessage"),
    SLICE_INIT("border-top:solid #B5C4DF"),
    SLICE_INIT("border-top:solid #E1E1E1"),
    SLICE_INIT("border-top: solid #E1E1E1"),
    SLICE_INIT("border-top:solid #b5c4df"),
    SLICE_INIT("<blockquote"),
    SLICE_INIT("<BLOCKQUOTE"),
};

/* Of the tag that the byte at `at` stands in, the "<". */
static size_t tag_start(struct slice html, size_t at) {
    size_t open = slice_find_last_byte(slice_sub(html, 0, at + 1), '<');
    return open == SLICE_NOT_FOUND ? at : open;
}

static size_t first_mark(struct slice html) {
    size_t first = html.len;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t at = slice_find(slice_sub(html, 0, first), marks[i]);
        if (at != SLICE_NOT_FOUND) first = at;
    }
    return first == html.len ? first : tag_start(html, first);
}

/* Without what stands in blockquotes: of an answer below the quote, or between. */
static void drop_quotes(struct buffer *out, struct slice html) {
    size_t depth = 0;
    while (html.len) {
        struct slice text = slice_take_until(&html, '<');
        if (depth == 0) buffer_append(out, text);
        bool opens = slice_starts_nocase(html, SLICE("<blockquote"));
        bool closes = slice_starts_nocase(html, SLICE("</blockquote"));
        if (opens || closes) {
            (void)slice_take_until(&html, '>');
            if (opens) depth++;
            if (closes && depth) depth--;
            if (depth == 0) buffer_append_text(out, "<br>");
        } else if (depth == 0) {
            buffer_append(out, slice_sub(html, 0, 1));
        }
        html = slice_skip(html, 1);
    }
}

static void append_plain(struct buffer *out, struct slice html) {
    struct buffer plain = buffer_new(LETTER_TEXT_BYTES_MAX);
    html_text_append(&plain, html);
    new_text_append(out, buffer_slice(&plain));
    buffer_free(&plain);
}

void new_text_append_html(struct buffer *out, struct slice html) {
    size_t start = out->len;
    append_plain(out, slice_sub(html, 0, first_mark(html)));
    if (slice_trim(slice_skip(buffer_slice(out), start)).len || buffer_overflowed(out)) return;
    struct buffer rest = buffer_new(2 * html.len + 1);
    drop_quotes(&rest, html);
    append_plain(out, buffer_slice(&rest));
    buffer_free(&rest);
}
