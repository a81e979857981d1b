/* Another server's replies, and command framing: the same whatever the pieces, within bounds, clean. */
#include "base/limits.h"
#include "wire/smtp_frame.h"
#include "wire/smtp_offer.h"
#include "wire/smtp_reply_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum smtp_reply_parse_status read_in_pieces(struct smtp_reply_parser *parser, struct slice input,
                                                   size_t piece, size_t *consumed) {
    enum smtp_reply_parse_status status = SMTP_REPLY_PARSE_MORE;
    *consumed = 0;
    while (input.len && status == SMTP_REPLY_PARSE_MORE) {
        size_t taken = 0;
        status = smtp_reply_parse(parser, slice_take(&input, piece), &taken);
        *consumed += taken;
    }
    return status;
}

/* The first line is a name: without others, nothing is offered. */
static void check_offer(struct slice text) {
    struct smtp_offer offer = smtp_offer_parse(text);
    bool has_words = slice_find_byte(text, '\n') != SLICE_NOT_FOUND;
    ASSERT(has_words || (offer.extensions == 0 && offer.mechanisms == 0));
    ASSERT(offer.size_bytes_max == 0 || smtp_offer_has(&offer, SMTP_EXTENSION_SIZE));
    ASSERT(!smtp_offer_has_mechanism(&offer, SASL_MECHANISM_UNKNOWN));
}

static void check_reply(struct slice input, size_t piece) {
    struct smtp_reply_parser whole = smtp_reply_parser_new();
    struct smtp_reply_parser pieces = smtp_reply_parser_new();
    size_t whole_consumed = 0;
    size_t consumed = 0;
    enum smtp_reply_parse_status status = read_in_pieces(&whole, input, SIZE_MAX, &whole_consumed);
    ASSERT(read_in_pieces(&pieces, input, piece, &consumed) == status);
    if (status == SMTP_REPLY_PARSE_COMPLETE) {
        struct slice text = buffer_slice(&pieces.text);
        ASSERT(consumed == whole_consumed && pieces.code == whole.code);
        ASSERT(slice_equal(text, buffer_slice(&whole.text)));
        for (size_t i = 0; i < text.len; i++) ASSERT(text.ptr[i] >= ' ' || text.ptr[i] == '\n');
        ASSERT(pieces.code >= 200 && pieces.code <= 599);
        check_offer(text);
    }
    smtp_reply_parser_free(&whole);
    smtp_reply_parser_free(&pieces);
}

/* Every byte that a line or a dropped line takes is taken once. */
static void check_frame(struct slice input, size_t step) {
    struct smtp_frame frame = smtp_frame_new(64);
    size_t there = 0;
    enum smtp_frame_status status = SMTP_FRAME_MORE;
    while (status != SMTP_FRAME_FLOOD) {
        struct slice line = SLICE_EMPTY;
        size_t consumed = 0;
        status = smtp_frame_next(&frame, slice_sub(input, 0, there), &line, &consumed);
        ASSERT(consumed <= there);
        if (status == SMTP_FRAME_LINE) {
            ASSERT(line.len <= 62 && slice_find_crlf(line) == SLICE_NOT_FOUND);
            ASSERT(slice_equal(slice_sub(input, line.len, 2), SLICE("\r\n")));
        }
        input = slice_skip(input, consumed);
        there -= consumed;
        if (status == SMTP_FRAME_MORE && there == input.len) return;
        if (status == SMTP_FRAME_MORE) there = there + step < input.len ? there + step : input.len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    size_t piece = 1 + data[0] % 64;
    check_reply(slice_of(data + 1, size - 1), piece);
    check_frame(slice_of(data + 1, size - 1), piece);
    return 0;
}
