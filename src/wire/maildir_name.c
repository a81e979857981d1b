#include "wire/maildir_name.h"

static const struct {
    char letter;
    unsigned flag;
} letters[] = {
    {'D', IMAP_FLAG_DRAFT}, {'F', IMAP_FLAG_FLAGGED}, {'R', IMAP_FLAG_ANSWERED},
    {'S', IMAP_FLAG_SEEN},  {'T', IMAP_FLAG_DELETED},
};

enum { LETTERS = sizeof letters / sizeof letters[0], INFO_BYTES = 3 };

/* 2100-01-01: what is later is no time of delivery. */
static const uint64_t seconds_max = 4102444800;

/* Where the last ":2," stands, or the name's length. */
static size_t find_info(struct slice name) {
    for (size_t at = name.len >= INFO_BYTES ? name.len - INFO_BYTES + 1 : 0; at > 0; at--) {
        const uint8_t *info = name.ptr + at - 1;
        if ((info[0] == ':' || info[0] == ';' || info[0] == '!') && info[1] == '2' && info[2] == ',')
            return at - 1;
    }
    return name.len;
}

static void read_letter(uint8_t letter, struct maildir_name *read) {
    if (letter >= 'a' && letter <= 'z') read->keywords |= UINT32_C(1) << (letter - 'a');
    if (letter == 'P') read->is_passed = true;
    for (size_t i = 0; i < LETTERS; i++)
        if (letter == (uint8_t)letters[i].letter) read->flags |= letters[i].flag;
}

void maildir_name_read(struct slice name, struct maildir_name *read) {
    size_t info = find_info(name);
    *read = (struct maildir_name){.base = slice_sub(name, 0, info)};
    for (size_t i = info + INFO_BYTES; i < name.len; i++) read_letter(name.ptr[i], read);
    uint64_t seconds = 0;
    struct slice rest = read->base;
    if (slice_take_number(&rest, seconds_max, &seconds) && slice_take_byte(&rest, '.'))
        read->seconds = (int64_t)seconds;
}

void maildir_name_write_flags(struct buffer *out, unsigned flags, uint32_t keywords) {
    buffer_append_text(out, ":2,");
    for (size_t i = 0; i < LETTERS; i++)
        if (flags & letters[i].flag) buffer_append_byte(out, (uint8_t)letters[i].letter);
    for (uint8_t i = 0; i < MAILDIR_KEYWORDS; i++)
        if (keywords >> i & 1) buffer_append_byte(out, (uint8_t)('a' + i));
}

void maildir_keywords_read(struct slice file, struct slice names[MAILDIR_KEYWORDS]) {
    while (file.len) {
        struct slice line = slice_trim(slice_take_until(&file, '\n'));
        uint64_t number = 0;
        (void)slice_take_byte(&file, '\n');
        if (slice_take_number(&line, MAILDIR_KEYWORDS - 1, &number) && slice_take_byte(&line, ' '))
            names[number] = slice_trim(line);
    }
}
