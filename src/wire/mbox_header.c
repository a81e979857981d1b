#include "wire/mbox_header.h"

enum field {
    FIELD_OTHER,
    FIELD_IMAP_BASE,
    FIELD_UID,
    FIELD_STATUS,
    FIELD_X_STATUS,
    FIELD_KEYWORDS,
    FIELD_IMAP,
    FIELD_LENGTH,
    FIELD_MOZILLA,
    FIELD_SUBJECT,
};

/* The order of our own block is that of the first five. */
static const struct slice field_names[] = {
    SLICE_INIT(""),        SLICE_INIT("X-IMAPbase"),     SLICE_INIT("X-UID"),
    SLICE_INIT("Status"),  SLICE_INIT("X-Status"),       SLICE_INIT("X-Keywords"),
    SLICE_INIT("X-IMAP"),  SLICE_INIT("Content-Length"), SLICE_INIT("X-Mozilla-Status"),
    SLICE_INIT("Subject"),
};

static const struct {
    char letter;
    unsigned flag;
} letters[] = {
    {'R', IMAP_FLAG_SEEN},    {'A', IMAP_FLAG_ANSWERED}, {'F', IMAP_FLAG_FLAGGED},
    {'D', IMAP_FLAG_DELETED}, {'T', IMAP_FLAG_DRAFT},
};

enum { STATUS_LETTERS_MAX = 16, MOZILLA_DIGITS = 4 };

/* A field as it stands, its folds and line ends with it. */
struct walked {
    struct slice raw;
    enum field field;
    struct slice value;
};

static struct slice take_line(struct slice *rest) {
    size_t lf = slice_find_byte(*rest, '\n');
    return slice_take(rest, lf == SLICE_NOT_FOUND ? rest->len : lf + 1);
}

static enum field find_field(struct slice name) {
    for (size_t i = 1; i < sizeof field_names / sizeof field_names[0]; i++)
        if (slice_equal_nocase(name, field_names[i])) return (enum field)i;
    return FIELD_OTHER;
}

static bool walk(struct slice *rest, struct walked *walked) {
    if (rest->len == 0) return false;
    walked->raw = take_line(rest);
    while (rest->len && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t')) walked->raw.len += take_line(rest).len;
    size_t colon = slice_find_byte(walked->raw, ':');
    struct slice name = colon == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_sub(walked->raw, 0, colon);
    walked->field = find_field(slice_trim(name));
    walked->value = slice_trim(slice_skip(walked->raw, name.len + 1));
    return true;
}

static struct slice take_word(struct slice *rest) {
    *rest = slice_trim(*rest);
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] > ' ') len++;
    return slice_take(rest, len);
}

/* ---- is it such a value as those programs write? ---- */

static bool are_letters(struct slice value) {
    for (size_t i = 0; i < value.len; i++)
        if (!ascii_is_alpha(value.ptr[i]) || ascii_lower(value.ptr[i]) == value.ptr[i]) return false;
    return value.len <= STATUS_LETTERS_MAX;
}

static bool are_keywords(struct slice value) {
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] >= 0x7f || (value.ptr[i] < ' ' && slice_trim(slice_sub(value, i, 1)).len > 0))
            return false;
    return true;
}

static bool are_numbers(struct slice value, size_t least) {
    for (size_t i = 0; i < least; i++) {
        uint64_t number = 0;
        if (!slice_to_number(take_word(&value), UINT32_MAX, &number)) return false;
    }
    return true;
}

static bool is_number(struct slice value) {
    uint64_t number = 0;
    return slice_to_number(value, INT64_MAX, &number);
}

static bool is_mbox_field(const struct walked *walked) {
    switch (walked->field) {
    case FIELD_STATUS:
    case FIELD_X_STATUS:
        return are_letters(walked->value);
    case FIELD_KEYWORDS:
        return are_keywords(walked->value);
    case FIELD_UID:
        return is_number(walked->value);
    case FIELD_IMAP_BASE:
    case FIELD_IMAP:
        return are_numbers(walked->value, 2);
    case FIELD_LENGTH:
        return is_number(walked->value);
    default:
        return false;
    }
}

/* ---- reading ---- */

static void read_letters(struct slice value, struct mbox_header *read) {
    for (size_t i = 0; i < value.len; i++)
        for (size_t k = 0; k < sizeof letters / sizeof letters[0]; k++)
            if (value.ptr[i] == (uint8_t)letters[k].letter) read->flags |= letters[k].flag;
}

static void read_keywords(struct slice value, struct mbox_header *read) {
    for (struct slice word = take_word(&value); word.len; word = take_word(&value))
        if (read->keyword_count < MBOX_KEYWORDS_MAX) read->keywords[read->keyword_count++] = word;
}

static uint32_t read_number(struct slice *value) {
    uint64_t number = 0;
    return slice_to_number(take_word(value), UINT32_MAX, &number) ? (uint32_t)number : 0;
}

/* Thunderbird's bits, in four hexadecimal digits. */
static void read_mozilla(struct slice value, struct mbox_header *read) {
    static const unsigned flags[] = {IMAP_FLAG_SEEN, IMAP_FLAG_ANSWERED, IMAP_FLAG_FLAGGED,
                                     IMAP_FLAG_DELETED};
    uint8_t last = value.len == MOZILLA_DIGITS ? ascii_lower(value.ptr[MOZILLA_DIGITS - 1]) : 0;
    if (!ascii_is_digit(last) && (last < 'a' || last > 'f')) return;
    unsigned bits = (unsigned)(ascii_is_digit(last) ? last - '0' : last - 'a' + 10);
    for (unsigned i = 0; i < 4; i++)
        if (bits >> i & 1) read->flags |= flags[i];
}

static void read_field(struct walked *walked, struct mbox_header *read) {
    switch (walked->field) {
    case FIELD_STATUS:
    case FIELD_X_STATUS:
        read_letters(walked->value, read);
        return;
    case FIELD_KEYWORDS:
        read_keywords(walked->value, read);
        return;
    case FIELD_UID:
        read->uid = read_number(&walked->value);
        return;
    case FIELD_IMAP_BASE:
    case FIELD_IMAP:
        read->uidvalidity = read_number(&walked->value);
        return;
    case FIELD_LENGTH:
        read->has_content_length = slice_to_number(walked->value, INT64_MAX, &read->content_length);
        return;
    default:
        return;
    }
}

/* Our block: perhaps X-IMAPbase, then X-UID, Status, X-Status, X-Keywords, in this order. */
static size_t find_block(struct slice header) {
    struct slice rest = header;
    struct walked walked;
    if (!walk(&rest, &walked)) return 0;
    if (walked.field == FIELD_IMAP_BASE && !walk(&rest, &walked)) return 0;
    for (enum field wanted = FIELD_UID;; wanted++) {
        if (walked.field != wanted || !is_mbox_field(&walked)) return 0;
        if (wanted == FIELD_KEYWORDS) return header.len - rest.len;
        if (!walk(&rest, &walked)) return 0;
    }
}

void mbox_header_read(struct slice header, struct mbox_header *read) {
    *read = (struct mbox_header){.block_bytes = find_block(header)};
    struct walked walked;
    bool has_imap = false;
    bool is_about_folder = false;
    struct slice rest = read->block_bytes ? slice_sub(header, 0, read->block_bytes) : header;
    while (walk(&rest, &walked)) {
        has_imap = has_imap || walked.field == FIELD_IMAP;
        if (walked.field == FIELD_SUBJECT &&
            slice_find(walked.value, SLICE("FOLDER INTERNAL DATA")) != SLICE_NOT_FOUND)
            is_about_folder = true;
        if (walked.field == FIELD_MOZILLA) read_mozilla(walked.value, read);
        if (is_mbox_field(&walked)) read_field(&walked, read);
    }
    read->is_internal = has_imap && is_about_folder;
}

void mbox_header_strip(struct slice header, const struct mbox_header *read, bool drops_length,
                       struct buffer *out) {
    struct slice rest = slice_skip(header, read->block_bytes);
    struct walked walked;
    if (read->block_bytes) {
        buffer_append(out, rest);
        return;
    }
    while (walk(&rest, &walked)) {
        bool goes = is_mbox_field(&walked) && (walked.field != FIELD_LENGTH || drops_length);
        if (!goes) buffer_append(out, walked.raw);
    }
}

/* ---- writing ---- */

static void write_letters(struct buffer *out, unsigned flags) {
    for (size_t k = 1; k < sizeof letters / sizeof letters[0]; k++)
        if (flags & letters[k].flag) buffer_append_byte(out, (uint8_t)letters[k].letter);
}

void mbox_header_write(struct buffer *out, const struct mbox_block *block) {
    if (block->uidvalidity)
        buffer_printf(out, "X-IMAPbase: %u %010u\n", (unsigned)block->uidvalidity, (unsigned)block->uid_last);
    buffer_printf(out, "X-UID: %u\nStatus: %sO\nX-Status: ", (unsigned)block->uid,
                  block->flags & IMAP_FLAG_SEEN ? "R" : "");
    write_letters(out, block->flags);
    buffer_append_text(out, "\nX-Keywords:");
    for (size_t i = 0; i < block->keyword_count; i++) {
        buffer_append_byte(out, ' ');
        buffer_append(out, block->keywords[i]);
    }
    buffer_append_byte(out, '\n');
}
