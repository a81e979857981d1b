#include "analyse/part_text.h"

#include <stdlib.h>

#include "wire/charset.h"
#include "wire/transfer.h"

enum { PIECE_BYTES = 8192 };

struct part_text {
    struct transfer_decoder transfer;
    struct charset_decoder *charset;
    struct buffer decoded;
};

bool part_text_wanted(const struct mime_part *part) {
    bool attached = slice_equal_nocase(part->disposition.type, SLICE("attachment"));
    return part->kind == MIME_LEAF && mime_part_is_type(part, "text") && !attached;
}

struct part_text *part_text_new(const struct mime_part *part) {
    struct part_text *text = calloc(1, sizeof *text);
    if (!text) FATAL("out of memory for a text decoder");
    struct slice charset = SLICE_EMPTY;
    (void)parameter_find(&part->media.parameters, SLICE("charset"), &charset);
    text->transfer = transfer_decoder_new(transfer_encoding_of(part->encoding));
    text->charset = charset_decoder_new(charset);
    /* A piece, and what the transfer decoder still held of the last one. */
    text->decoded = buffer_new((size_t)PIECE_BYTES * 2);
    return text;
}

void part_text_free(struct part_text **text) {
    if (!*text) return;
    transfer_decoder_free(&(*text)->transfer);
    charset_decoder_free(&(*text)->charset);
    buffer_free(&(*text)->decoded);
    free(*text);
    *text = NULL;
}

void part_text_feed(struct part_text *text, struct slice encoded, struct buffer *out) {
    while (encoded.len && !buffer_overflowed(out)) {
        buffer_clear(&text->decoded);
        transfer_decode(&text->transfer, slice_take(&encoded, PIECE_BYTES), &text->decoded);
        charset_decode(text->charset, buffer_slice(&text->decoded), false, out);
    }
}

void part_text_finish(struct part_text *text, struct buffer *out) {
    if (buffer_overflowed(out)) return;
    buffer_clear(&text->decoded);
    transfer_finish(&text->transfer, &text->decoded);
    charset_decode(text->charset, buffer_slice(&text->decoded), true, out);
}
