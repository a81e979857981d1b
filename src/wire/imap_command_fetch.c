/*
 * FETCH (RFC 9051 6.4.5, RFC 3501, RFC 3516 binary, RFC 7162 CHANGEDSINCE, RFC 8474 ids,
 * RFC 8970 preview, RFC 8514 save date). Items that are asked for or not are bits; sections
 * are an array, in the order asked.
 */
#include "wire/imap_command_parts.h"

const struct imap_word imap_fetch_items[] = {
    {SLICE_INIT("UID"), IMAP_FETCH_UID},
    {SLICE_INIT("FLAGS"), IMAP_FETCH_FLAGS},
    {SLICE_INIT("INTERNALDATE"), IMAP_FETCH_INTERNALDATE},
    {SLICE_INIT("RFC822.SIZE"), IMAP_FETCH_RFC822_SIZE},
    {SLICE_INIT("ENVELOPE"), IMAP_FETCH_ENVELOPE},
    {SLICE_INIT("BODY"), IMAP_FETCH_BODY},
    {SLICE_INIT("BODYSTRUCTURE"), IMAP_FETCH_BODYSTRUCTURE},
    {SLICE_INIT("MODSEQ"), IMAP_FETCH_MODSEQ},
    {SLICE_INIT("EMAILID"), IMAP_FETCH_EMAILID},
    {SLICE_INIT("THREADID"), IMAP_FETCH_THREADID},
    {SLICE_INIT("PREVIEW"), IMAP_FETCH_PREVIEW},
    {SLICE_INIT("SAVEDATE"), IMAP_FETCH_SAVEDATE},
    {SLICE_INIT(""), 0},
};

/* RFC 9051 6.4.5: only alone, not in a list. */
static const struct imap_word macros[] = {
    {SLICE_INIT("FAST"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_RFC822_SIZE},
    {SLICE_INIT("ALL"),
     IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_RFC822_SIZE | IMAP_FETCH_ENVELOPE},
    {SLICE_INIT("FULL"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_RFC822_SIZE |
                             IMAP_FETCH_ENVELOPE | IMAP_FETCH_BODY},
    {SLICE_INIT(""), 0},
};

struct section_name {
    struct slice name;
    enum imap_section_kind kind;
    bool peek;
};

/* Followed by a section in brackets. */
static const struct section_name bracketed[] = {
    {SLICE_INIT("BODY"), IMAP_SECTION_BODY, false},
    {SLICE_INIT("BODY.PEEK"), IMAP_SECTION_BODY, true},
    {SLICE_INIT("BINARY"), IMAP_SECTION_BINARY, false},
    {SLICE_INIT("BINARY.PEEK"), IMAP_SECTION_BINARY, true},
    {SLICE_INIT("BINARY.SIZE"), IMAP_SECTION_BINARY_SIZE, true},
    {SLICE_EMPTY, 0, false},
};

/* RFC 3501's own names; the .PEEK forms are of RFC 1176, and Outlook still sends them. */
static const struct section_name legacy[] = {
    {SLICE_INIT("RFC822"), IMAP_SECTION_RFC822, false},
    {SLICE_INIT("RFC822.PEEK"), IMAP_SECTION_RFC822, true},
    {SLICE_INIT("RFC822.HEADER"), IMAP_SECTION_RFC822_HEADER, true},
    {SLICE_INIT("RFC822.TEXT"), IMAP_SECTION_RFC822_TEXT, false},
    {SLICE_INIT("RFC822.TEXT.PEEK"), IMAP_SECTION_RFC822_TEXT, true},
    {SLICE_EMPTY, 0, false},
};

struct text_name {
    struct slice name;
    enum imap_section_text text;
};

static const struct text_name text_names[] = {
    {SLICE_INIT("HEADER"), IMAP_SECTION_HEADER},
    {SLICE_INIT("HEADER.FIELDS"), IMAP_SECTION_HEADER_FIELDS},
    {SLICE_INIT("HEADER.FIELDS.NOT"), IMAP_SECTION_HEADER_FIELDS_NOT},
    {SLICE_INIT("TEXT"), IMAP_SECTION_TEXT},
    {SLICE_INIT("MIME"), IMAP_SECTION_MIME},
};

static const bool name_bytes[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['.'] = true, ['-'] = true};

static struct slice take_name(struct imap_lex *lex) {
    struct slice name = imap_lex_failed(lex) ? SLICE_EMPTY : slice_take_while(&lex->rest, name_bytes);
    if (!name.len) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "expected an item", SLICE_EMPTY);
    return name;
}

static const struct section_name *section_find(const struct section_name *names, struct slice name) {
    for (; names->name.len; names++)
        if (slice_equal_nocase(names->name, name)) return names;
    return NULL;
}

static uint32_t bits_find(const struct imap_word *words, struct slice name) {
    while (words->bits && !slice_equal_nocase(words->name, name)) words++;
    return words->bits;
}

/* RFC 9051 9: section-part = nz-number *("." nz-number). True where more follows behind a dot. */
static bool take_part(struct imap_lex *lex, struct imap_section *section) {
    while (ascii_is_digit(imap_lex_peek(lex))) {
        uint32_t *number = imap_lex_array_add(lex, (void **)&section->part, &section->part_count,
                                              sizeof *number, MIME_DEPTH_MAX);
        if (number) *number = imap_lex_number_nonzero(lex);
        if (!imap_lex_try(lex, '.')) return false;
    }
    return true;
}

static void take_headers(struct imap_lex *lex, struct imap_section *section) {
    imap_lex_space(lex);
    imap_lex_expect(lex, '(');
    for (bool first = true; imap_lex_more(lex, &first);) {
        struct slice *header = imap_lex_array_add(lex, (void **)&section->headers, &section->header_count,
                                                  sizeof *header, IMAP_FETCH_HEADERS_MAX);
        if (header) *header = imap_lex_astring(lex);
    }
    if (!section->header_count) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "no header field", SLICE_EMPTY);
}

/* RFC 9051 9: section-msgtext and section-text */
static void take_text(struct imap_lex *lex, struct imap_section *section) {
    struct slice name = take_name(lex);
    for (size_t i = 0; i < sizeof text_names / sizeof text_names[0]; i++)
        if (slice_equal_nocase(text_names[i].name, name)) section->text = text_names[i].text;
    bool misplaced = section->text == IMAP_SECTION_MIME && !section->part_count;
    if (section->text == IMAP_SECTION_ALL || misplaced || section->kind != IMAP_SECTION_BODY)
        imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown section", name);
    if (section->text == IMAP_SECTION_HEADER_FIELDS || section->text == IMAP_SECTION_HEADER_FIELDS_NOT)
        take_headers(lex, section);
}

/* RFC 9051 9: partial = "<" number64 "." nz-number64 ">" */
static void take_partial(struct imap_lex *lex, struct imap_section *section) {
    if (section->kind == IMAP_SECTION_BINARY_SIZE || !imap_lex_try(lex, '<')) return;
    section->partial_offset = imap_lex_number64(lex);
    imap_lex_expect(lex, '.');
    section->partial_bytes = imap_lex_number64(lex);
    imap_lex_expect(lex, '>');
    section->has_partial = true;
}

static struct imap_section *section_add(struct imap_lex *lex, struct imap_fetch *fetch,
                                        const struct section_name *name) {
    struct imap_section *section = imap_lex_array_add(lex, (void **)&fetch->sections, &fetch->section_count,
                                                      sizeof *section, IMAP_FETCH_SECTIONS_MAX);
    if (!section) return NULL;
    section->kind = name->kind;
    section->peek = name->peek;
    return section;
}

static void take_section(struct imap_lex *lex, struct imap_section *section) {
    bool more = take_part(lex, section);
    bool after_dot = more && section->part_count;
    if (more && (after_dot || imap_lex_peek(lex) != ']')) take_text(lex, section);
    imap_lex_expect(lex, ']');
    take_partial(lex, section);
}

/* RFC 8970 3.1: PREVIEW [SP "(" "LAZY" ")"] */
static void take_preview_modifier(struct imap_lex *lex, struct imap_fetch *fetch) {
    struct slice before = lex->rest;
    if (!imap_lex_try(lex, ' ')) return;
    if (!imap_lex_try(lex, '(') || !imap_lex_try_word(lex, SLICE("LAZY"))) {
        lex->rest = before;
        return;
    }
    imap_lex_expect(lex, ')');
    fetch->items |= IMAP_FETCH_PREVIEW_LAZY;
}

static void take_item_named(struct imap_lex *lex, struct imap_fetch *fetch, struct slice name) {
    const struct section_name *old = section_find(legacy, name);
    if (old) {
        (void)section_add(lex, fetch, old);
        return;
    }
    const struct section_name *named = imap_lex_peek(lex) == '[' ? section_find(bracketed, name) : NULL;
    if (named) {
        struct imap_section *section = section_add(lex, fetch, named);
        imap_lex_expect(lex, '[');
        if (section) take_section(lex, section);
        return;
    }
    uint32_t bits = bits_find(imap_fetch_items, name);
    if (!bits) imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown item", name);
    fetch->items |= bits;
    if (bits == IMAP_FETCH_PREVIEW) take_preview_modifier(lex, fetch);
}

static void take_items(struct imap_lex *lex, struct imap_fetch *fetch) {
    if (imap_lex_try(lex, '(')) {
        bool any = false;
        for (bool first = true; imap_lex_more(lex, &first); any = true)
            take_item_named(lex, fetch, take_name(lex));
        if (!any) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "no item", SLICE_EMPTY);
        return;
    }
    struct slice name = take_name(lex);
    uint32_t macro = bits_find(macros, name);
    fetch->items |= macro;
    if (!macro) take_item_named(lex, fetch, name);
}

/* RFC 7162 3.1.4.1: "0" is no valid modseq here, but Apple Mail sends it, and means all. */
static void take_modifier(struct imap_lex *lex, struct imap_fetch *fetch) {
    struct slice word = imap_lex_atom(lex);
    if (slice_equal_nocase(word, SLICE("CHANGEDSINCE"))) {
        imap_lex_space(lex);
        fetch->changed_since = imap_lex_number64(lex);
        fetch->has_changed_since = true;
    } else if (slice_equal_nocase(word, SLICE("VANISHED"))) {
        fetch->vanished = true;
    } else {
        imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown modifier", word);
    }
}

void imap_command_fetch(struct imap_lex *lex, struct imap_command *command) {
    struct imap_fetch *fetch = &command->fetch;
    imap_lex_space(lex);
    fetch->messages = imap_lex_sequence(lex);
    imap_lex_space(lex);
    take_items(lex, fetch);
    if (imap_lex_try(lex, ' ')) {
        imap_lex_expect(lex, '(');
        for (bool first = true; imap_lex_more(lex, &first);) take_modifier(lex, fetch);
    }
    /* RFC 7162 3.2.6 */
    if (fetch->vanished && (!command->uid || !fetch->has_changed_since))
        imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "VANISHED needs UID FETCH and CHANGEDSINCE", SLICE_EMPTY);
}
