#include "transit/courier_seven_bit.h"

enum { PIECE_BYTES = SMTP_CLIENT_PIECE_BYTES, OUT_BYTES_MAX = 64 * PIECE_BYTES };

/* What a piece becomes is at most four times as long, and a few fields (wire/seven_bit.h). */
static enum courier_seven_bit_result scan(struct task *t, struct courier_seven_bit *message) {
    uint8_t piece[PIECE_BYTES];
    ssize_t got;
    courier_body_rewind(message->body);
    message->converter = seven_bit_new();
    while ((got = courier_body_read(t, message->body, piece, sizeof piece)) > 0)
        seven_bit_scan(message->converter, slice_of(piece, (size_t)got));
    enum seven_bit_result result = seven_bit_scan_finish(message->converter);
    courier_body_rewind(message->body);
    if (got < 0) return COURIER_SEVEN_BIT_UNREADABLE;
    bool may_be = result == SEVEN_BIT_ALREADY || result == SEVEN_BIT_POSSIBLE;
    return may_be ? COURIER_SEVEN_BIT_OPEN : COURIER_SEVEN_BIT_FORBIDDEN;
}

/* Converts one piece more into `out`, or the end. 0, or -EIO. */
static int convert(struct task *t, struct courier_seven_bit *message) {
    uint8_t piece[PIECE_BYTES];
    struct byte_sink sink = byte_sink_of_buffer(&message->out);
    buffer_clear(&message->out);
    message->out_at = 0;
    ssize_t got = courier_body_read(t, message->body, piece, sizeof piece);
    if (got < 0) return -EIO;
    message->is_whole = got == 0;
    if (got > 0)
        seven_bit_write(message->converter, slice_of(piece, (size_t)got), sink);
    else
        seven_bit_finish(message->converter, sink);
    return buffer_overflowed(&message->out) ? -EIO : 0;
}

static bool measure(struct task *t, struct courier_seven_bit *message,
                    void (*hear)(void *context, struct slice bytes), void *context) {
    while (!message->is_whole) {
        if (convert(t, message)) return false;
        message->bytes += message->out.len;
        if (hear) hear(context, buffer_slice(&message->out));
    }
    return true;
}

static void start_again(struct courier_seven_bit *message) {
    seven_bit_free(&message->converter);
    buffer_clear(&message->out);
    message->out_at = 0;
    message->is_whole = false;
}

enum courier_seven_bit_result courier_seven_bit_open(struct task *t, struct courier_seven_bit *message,
                                                     struct courier_body *body,
                                                     void (*hear)(void *context, struct slice bytes),
                                                     void *context) {
    *message = (struct courier_seven_bit){.body = body, .out = buffer_new(OUT_BYTES_MAX)};
    enum courier_seven_bit_result result = scan(t, message);
    if (result != COURIER_SEVEN_BIT_OPEN) return result;
    if (!measure(t, message, hear, context)) return COURIER_SEVEN_BIT_UNREADABLE;
    start_again(message);
    return scan(t, message);
}

void courier_seven_bit_close(struct courier_seven_bit *message) {
    seven_bit_free(&message->converter);
    buffer_free(&message->out);
}

ssize_t courier_seven_bit_read(struct task *t, void *context, void *bytes, size_t len) {
    struct courier_seven_bit *message = context;
    while (message->out_at == message->out.len) {
        if (message->is_whole) return 0;
        if (convert(t, message)) return -EIO;
    }
    struct slice piece = slice_sub(buffer_slice(&message->out), message->out_at, len);
    memcpy(bytes, piece.ptr, piece.len);
    message->out_at += piece.len;
    return (ssize_t)piece.len;
}
