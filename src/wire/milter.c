#include "wire/milter.h"

#include "base/limits.h"

enum { LENGTH_BYTES = 4 };

/* ---- commands ---- */

static void append_u32(struct buffer *out, uint32_t number) {
    uint8_t bytes[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                       (uint8_t)number};
    buffer_append(out, slice_of(bytes, sizeof bytes));
}

void milter_write_bytes(struct buffer *out, char letter, struct slice bytes) {
    append_u32(out, (uint32_t)bytes.len + 1);
    buffer_append_byte(out, (uint8_t)letter);
    buffer_append(out, bytes);
}

void milter_write_options(struct buffer *out) {
    append_u32(out, 1 + 3 * LENGTH_BYTES);
    buffer_append_byte(out, 'O');
    append_u32(out, MILTER_VERSION);
    append_u32(out, MILTER_ADDS_FIELDS | MILTER_CHANGES_FIELDS | MILTER_QUARANTINES);
    append_u32(out, MILTER_STEPS);
}

static size_t text_bytes(struct slice text) {
    size_t bytes = 1;
    for (size_t i = 0; i < text.len; i++) bytes += text.ptr[i] != 0;
    return bytes;
}

static void append_text(struct buffer *out, struct slice text) {
    while (text.len) {
        buffer_append(out, slice_take_until(&text, 0));
        (void)slice_take_byte(&text, 0);
    }
    buffer_append_byte(out, 0);
}

static void append_texts(struct buffer *out, const struct slice *texts, size_t count) {
    for (size_t i = 0; i < count; i++) append_text(out, texts[i]);
}

static uint32_t texts_bytes(const struct slice *texts, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += text_bytes(texts[i]);
    return (uint32_t)bytes;
}

void milter_write_texts(struct buffer *out, char letter, const struct slice *texts, size_t count) {
    append_u32(out, 1 + texts_bytes(texts, count));
    buffer_append_byte(out, (uint8_t)letter);
    append_texts(out, texts, count);
}

void milter_write_macros(struct buffer *out, char letter, const struct slice *texts, size_t count) {
    append_u32(out, 2 + texts_bytes(texts, count));
    buffer_append_byte(out, 'D');
    buffer_append_byte(out, (uint8_t)letter);
    append_texts(out, texts, count);
}

/* The family is a letter: 4, 6, or U for one that is not known; then a port, which we do not tell. */
void milter_write_connect(struct buffer *out, struct slice host, struct slice address) {
    bool is_v6 = slice_find_byte(address, ':') != SLICE_NOT_FOUND;
    struct slice texts[] = {host, address};
    bool is_known = address.len > 0;
    append_u32(out, 2 + texts_bytes(texts, is_known ? 2 : 1) + (is_known ? 2 : 0));
    buffer_append_byte(out, 'C');
    append_text(out, host);
    buffer_append_byte(out, !is_known ? 'U' : is_v6 ? '6' : '4');
    if (!is_known) return;
    buffer_append(out, SLICE("\0\0"));
    append_text(out, address);
}

/* ---- replies ---- */

static uint32_t read_u32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

/* A text with its NUL. */
static bool take_text(struct slice *data, struct slice *text) {
    *text = slice_take_until(data, 0);
    return slice_take_byte(data, 0);
}

static bool read_options(struct slice data, struct milter_reply *reply) {
    if (data.len < 3 * LENGTH_BYTES) return false;
    reply->version = read_u32(data.ptr);
    reply->actions = read_u32(data.ptr + LENGTH_BYTES);
    reply->steps = read_u32(data.ptr + 2 * LENGTH_BYTES);
    return true;
}

/* 'h' has name and value, 'i' and 'm' a place before them, which is not followed. */
static bool read_field(struct slice data, bool has_place, struct milter_reply *reply) {
    if (has_place && data.len < LENGTH_BYTES) return false;
    if (has_place) data = slice_skip(data, LENGTH_BYTES);
    return take_text(&data, &reply->name) && take_text(&data, &reply->value) && reply->name.len > 0;
}

/* Three digits; only a refusal can be one. */
static bool read_code(struct slice data, struct milter_reply *reply) {
    uint64_t code;
    struct slice text;
    if (!take_text(&data, &text) || text.len < 3 || !slice_to_number(slice_sub(text, 0, 3), 599, &code) ||
        code < 400)
        return false;
    reply->code = (unsigned)code;
    reply->text = slice_trim(slice_skip(text, 3));
    return true;
}

/* True: the letter is known, and what is behind it makes sense. */
static bool read_packet(uint8_t letter, struct slice data, struct milter_reply *reply) {
    static const struct {
        char letter;
        enum milter_reply_kind kind;
    } letters[] = {
        {'O', MILTER_OPTIONS},     {'c', MILTER_CONTINUE},    {'a', MILTER_ACCEPT},
        {'r', MILTER_REJECT},      {'t', MILTER_TEMPFAIL},    {'d', MILTER_DISCARD},
        {'y', MILTER_REPLYCODE},   {'s', MILTER_SKIP},        {'p', MILTER_PROGRESS},
        {'h', MILTER_ADD_FIELD},   {'i', MILTER_ADD_FIELD},   {'m', MILTER_CHANGE_FIELD},
        {'q', MILTER_QUARANTINE},  {'b', MILTER_CHANGE_MORE}, {'+', MILTER_CHANGE_MORE},
        {'2', MILTER_CHANGE_MORE}, {'-', MILTER_CHANGE_MORE}, {'e', MILTER_CHANGE_MORE},
        {'f', MILTER_FAILED},      {'4', MILTER_FAILED},
    };
    size_t at = 0;
    while (at < sizeof letters / sizeof letters[0] && letters[at].letter != (char)letter) at++;
    if (at == sizeof letters / sizeof letters[0]) return false;
    *reply = (struct milter_reply){.kind = letters[at].kind};
    switch (reply->kind) {
    case MILTER_OPTIONS:
        return read_options(data, reply);
    case MILTER_ADD_FIELD:
    case MILTER_CHANGE_FIELD:
        return read_field(data, letter != 'h', reply);
    case MILTER_REPLYCODE:
        return read_code(data, reply);
    case MILTER_QUARANTINE:
        return take_text(&data, &reply->text);
    default:
        return true;
    }
}

enum milter_status milter_reply_next(struct slice *input, struct milter_reply *reply) {
    if (input->len < LENGTH_BYTES) return MILTER_MORE;
    uint32_t len = read_u32(input->ptr);
    if (len == 0 || len > MILTER_PACKET_BYTES_MAX) return MILTER_BAD;
    if (input->len - LENGTH_BYTES < len) return MILTER_MORE;
    struct slice packet = slice_sub(*input, LENGTH_BYTES, len);
    *input = slice_skip(*input, LENGTH_BYTES + (size_t)len);
    return read_packet(packet.ptr[0], slice_skip(packet, 1), reply) ? MILTER_WHOLE : MILTER_BAD;
}
