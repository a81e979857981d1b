#include "analyse/phrase.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "wire/charset.h"

enum {
    LATIN_FIRST = 0xc0,
    LATIN_LAST = 0x17f,
    TRIPLE_BITS = 14,
    /* Below these a search for each phrase costs less. */
    TRIPLES_TEXT_BYTES_MIN = 64,
    TRIPLES_PHRASES_MIN = 4,
};

/* U+00C0 to U+017F without their marks, in lower case. */
static const char latin[LATIN_LAST - LATIN_FIRST + 1][3] = {
    "a", "a", "a",  "a",  "a", "a", "ae", "c",  "e",  "e", "e", "e", "i",  "i",  "i", "i", "d", "n",
    "o", "o", "o",  "o",  "o", "x", "o",  "u",  "u",  "u", "u", "y", "th", "ss", "a", "a", "a", "a",
    "a", "a", "ae", "c",  "e", "e", "e",  "e",  "i",  "i", "i", "i", "d",  "n",  "o", "o", "o", "o",
    "o", "/", "o",  "u",  "u", "u", "u",  "y",  "th", "y", "a", "a", "a",  "a",  "a", "a", "c", "c",
    "c", "c", "c",  "c",  "c", "c", "d",  "d",  "d",  "d", "e", "e", "e",  "e",  "e", "e", "e", "e",
    "e", "e", "g",  "g",  "g", "g", "g",  "g",  "g",  "g", "h", "h", "h",  "h",  "i", "i", "i", "i",
    "i", "i", "i",  "i",  "i", "i", "ij", "ij", "j",  "j", "k", "k", "k",  "l",  "l", "l", "l", "l",
    "l", "l", "l",  "l",  "l", "n", "n",  "n",  "n",  "n", "n", "n", "n",  "n",  "o", "o", "o", "o",
    "o", "o", "oe", "oe", "r", "r", "r",  "r",  "r",  "r", "s", "s", "s",  "s",  "s", "s", "s", "s",
    "t", "t", "t",  "t",  "t", "t", "u",  "u",  "u",  "u", "u", "u", "u",  "u",  "u", "u", "u", "u",
    "w", "w", "y",  "y",  "y", "z", "z",  "z",  "z",  "z", "z", "s",
};

/* What a character is to phrases: 0 where it is nothing at all. */
static UChar32 plain_of(UChar32 code) {
    switch (code) {
    case 0xad:
    case 0xfeff:
    case 0x2060:
        return 0;
    case 0x2018:
    case 0x2019:
    case 0x201b:
    case 0x2bc:
    case 0xb4:
    case 0x60:
        return '\'';
    case 0x201c:
    case 0x201d:
    case 0x201e:
    case 0xab:
    case 0xbb:
        return '"';
    case 0x2026:
        return '.';
    default:
        break;
    }
    if (code >= 0x200b && code <= 0x200f) return 0;
    if (code >= 0x300 && code <= 0x36f) return 0; /* marks that stand by themselves */
    if (code >= 0x2010 && code <= 0x2015) return '-';
    bool is_blank = code <= ' ' || code == 0x7f || code == 0xa0 || (code >= 0x2000 && code <= 0x200a) ||
                    code == 0x2028 || code == 0x202f || code == 0x3000;
    /* Marks of all scripts, pictures: what stands between words. */
    bool is_mark = code >= 0x80 && code != 0xfffd && !u_isalnum(code);
    return is_blank || is_mark ? ' ' : code;
}

static void append_folded(struct buffer *out, UChar32 code) {
    code = plain_of(code);
    if (code == 0 || (code == ' ' && (out->len == 0 || out->ptr[out->len - 1] == ' '))) return;
    if (code >= LATIN_FIRST && code <= LATIN_LAST) {
        buffer_append_text(out, latin[code - LATIN_FIRST]);
        return;
    }
    if (code < 0x80) {
        buffer_append_byte(out, ascii_lower((uint8_t)code));
        return;
    }
    uint8_t bytes[4];
    size_t len = utf8_encode((uint32_t)u_tolower(code), bytes);
    buffer_append(out, slice_of(bytes, len));
}

void phrase_fold(struct buffer *out, struct slice text) {
    while (text.len && out->len + 4 <= out->max_bytes) {
        int32_t at = 0;
        UChar32 code;
        U8_NEXT(text.ptr, at, (int32_t)(text.len < 4 ? text.len : 4), code);
        text = slice_skip(text, (size_t)at);
        append_folded(out, code < 0 ? 0xfffd : code);
    }
}

/* Where the rest of a phrase, behind its first "~", goes on in what follows. */
static bool goes_on(struct slice after, struct slice rest) {
    while (rest.len) {
        struct slice part = slice_take_until(&rest, '~');
        (void)slice_take_byte(&rest, '~');
        size_t at = slice_find(slice_sub(after, 0, PHRASE_GAP_BYTES + part.len), part);
        if (at == SLICE_NOT_FOUND) return false;
        after = slice_skip(after, at + part.len);
    }
    return true;
}

/* At most every second byte of a phrase stands for others. Most lines are shorter than most phrases. */
static bool is_too_short_for(struct slice folded, struct slice phrase) { return folded.len < phrase.len / 2; }

size_t phrase_find(struct slice folded, struct slice phrase) {
    if (is_too_short_for(folded, phrase)) return SLICE_NOT_FOUND;
    struct slice first = slice_take_until(&phrase, '~');
    (void)slice_take_byte(&phrase, '~');
    size_t from = 0;
    for (;;) {
        size_t at = slice_find(slice_skip(folded, from), first);
        if (at == SLICE_NOT_FOUND) return at;
        if (goes_on(slice_skip(folded, from + at + first.len), phrase)) return from + at;
        from += at + first.len;
    }
}

static bool is_letter(struct slice text, size_t at) {
    return at < text.len && (ascii_is_alnum(text.ptr[at]) || text.ptr[at] >= 0x80);
}

/* A phrase is found as words where its first byte begins one and, unless it may go on, its last ends one. */
size_t phrase_find_words(struct slice folded, struct slice phrase) {
    bool may_go_on = phrase.len && phrase.ptr[phrase.len - 1] == '*';
    if (may_go_on) phrase.len--;
    bool has_gap = slice_find_byte(phrase, '~') != SLICE_NOT_FOUND;
    size_t from = 0;
    for (;;) {
        size_t at = phrase_find(slice_skip(folded, from), phrase);
        if (at == SLICE_NOT_FOUND) return at;
        at += from;
        bool begins = at == 0 || !is_letter(folded, at - 1) || !is_letter(phrase, 0);
        bool ends = may_go_on || has_gap || !is_letter(folded, at + phrase.len);
        if (begins && ends) return at;
        from = at + 1;
    }
}

/* Each three bytes in a row that a text has, hashed: what has others than these is not in it. */
struct triples {
    uint64_t bits[(1 << TRIPLE_BITS) / 64];
};

static uint32_t triple_at(struct slice text, size_t at) {
    const uint8_t *three = text.ptr + at;
    uint32_t number = three[0] | (uint32_t)three[1] << 8 | (uint32_t)three[2] << 16;
    return number * 0x9e3779b1U >> (32 - TRIPLE_BITS);
}

static void collect_triples(struct triples *triples, struct slice text) {
    *triples = (struct triples){0};
    for (size_t i = 0; i + 2 < text.len; i++) {
        uint32_t triple = triple_at(text, i);
        triples->bits[triple / 64] |= 1ULL << triple % 64;
    }
}

/* What stands before the first "~" or "*". */
static struct slice head_of(struct slice phrase) {
    size_t len = 0;
    while (len < phrase.len && phrase.ptr[len] != '~' && phrase.ptr[len] != '*') len++;
    return slice_sub(phrase, 0, len);
}

/* False: the phrase is not in the text of these. */
static bool may_be_in(const struct triples *triples, struct slice phrase) {
    struct slice head = head_of(phrase);
    for (size_t i = 0; i + 2 < head.len; i++) {
        uint32_t triple = triple_at(head, i);
        if (!(triples->bits[triple / 64] >> triple % 64 & 1)) return false;
    }
    return true;
}

/* The text is gone through once for all phrases of a list, and then for the few only that it may hold. */
const struct slice *phrase_first(struct slice folded, struct phrase_list list,
                                 bool (*is_it)(struct slice folded, struct slice phrase)) {
    struct triples triples;
    bool has_triples = folded.len >= TRIPLES_TEXT_BYTES_MIN && list.count >= TRIPLES_PHRASES_MIN;
    if (has_triples) collect_triples(&triples, folded);
    for (size_t i = 0; i < list.count; i++)
        if ((!has_triples || may_be_in(&triples, list.items[i])) && is_it(folded, list.items[i]))
            return &list.items[i];
    return NULL;
}

static bool is_there(struct slice folded, struct slice phrase) {
    return phrase_find(folded, phrase) != SLICE_NOT_FOUND;
}

static bool is_there_as_words(struct slice folded, struct slice phrase) {
    return phrase_find_words(folded, phrase) != SLICE_NOT_FOUND;
}

const struct slice *phrase_any(struct slice folded, struct phrase_list list) {
    return phrase_first(folded, list, is_there);
}

const struct slice *phrase_any_words(struct slice folded, struct phrase_list list) {
    return phrase_first(folded, list, is_there_as_words);
}

const struct slice *phrase_start(struct slice folded, struct phrase_list list) {
    uint8_t first = folded.len ? folded.ptr[0] : 0;
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].ptr[0] == first && slice_starts(folded, list.items[i])) return &list.items[i];
    return NULL;
}

struct slice phrase_bare(struct slice text) {
    while (text.len && text.ptr[0] < 0x80 && !ascii_is_alnum(text.ptr[0])) text = slice_skip(text, 1);
    while (text.len && text.ptr[text.len - 1] < 0x80 && !ascii_is_alnum(text.ptr[text.len - 1])) text.len--;
    return text;
}
