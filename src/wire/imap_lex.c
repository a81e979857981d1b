/*
 * The primitives every command is made of. Byte classes are those of RFC 9051 9; a quoted
 * string may hold bytes above 0x7f, because clients send them, and whoever uses the string
 * checks what they are.
 */
#include "wire/imap_lex.h"

#include "wire/charset.h"
#include "wire/imap_utf7.h"

enum { SHOWN_BYTES_MAX = 40 };

#define ATOM_BYTES                                                                                         \
    ['!'] = true, ['#' ... '$'] = true, ['&' ... '\''] = true, ['+' ... '['] = true, ['^' ... 'z'] = true, \
    ['|' ... '~'] = true

static const bool atom_bytes[256] = {ATOM_BYTES};
static const bool astring_bytes[256] = {ATOM_BYTES, [']'] = true};
static const bool pattern_bytes[256] = {ATOM_BYTES, [']'] = true, ['%'] = true, ['*'] = true};
static const bool sequence_bytes[256] = {
    ['0' ... '9'] = true, [':'] = true, [','] = true, ['*'] = true, ['$'] = true};
static const bool date_bytes[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true};

const struct imap_word imap_system_flags[] = {
    {SLICE_INIT("\\Seen"), IMAP_FLAG_SEEN},
    {SLICE_INIT("\\Answered"), IMAP_FLAG_ANSWERED},
    {SLICE_INIT("\\Flagged"), IMAP_FLAG_FLAGGED},
    {SLICE_INIT("\\Deleted"), IMAP_FLAG_DELETED},
    {SLICE_INIT("\\Draft"), IMAP_FLAG_DRAFT},
    {SLICE_INIT("\\Recent"), IMAP_FLAG_RECENT},
    {SLICE_INIT(""), 0},
};

struct imap_lex imap_lex_new(struct slice command, struct arena *arena, bool utf8) {
    return (struct imap_lex){.rest = command, .arena = arena, .utf8 = utf8};
}

bool imap_lex_failed(const struct imap_lex *lex) { return lex->error != IMAP_PARSE_OK; }

void imap_lex_fail(struct imap_lex *lex, enum imap_parse_error error, const char *what, struct slice word) {
    if (imap_lex_failed(lex)) return;
    struct buffer text = buffer_new(sizeof lex->error_text - 1);
    buffer_append(&text, lex->name);
    if (lex->name.len) buffer_append_text(&text, ": ");
    buffer_append_text(&text, what);
    if (word.len) buffer_append_byte(&text, ' ');
    for (size_t i = 0; i < word.len && i < SHOWN_BYTES_MAX; i++)
        buffer_append_byte(&text, word.ptr[i] >= ' ' && word.ptr[i] < 0x7f ? word.ptr[i] : '?');
    lex->error = error;
    memcpy(lex->error_text, text.ptr, text.len);
    buffer_free(&text);
}

static void fail_syntax(struct imap_lex *lex, const char *what) {
    imap_lex_fail(lex, IMAP_PARSE_SYNTAX, what, SLICE_EMPTY);
}

void *imap_lex_alloc(struct imap_lex *lex, size_t size) {
    void *memory = imap_lex_failed(lex) ? NULL : arena_try_alloc(lex->arena, size);
    if (!memory) imap_lex_fail(lex, IMAP_PARSE_TOO_BIG, "the command is too large", SLICE_EMPTY);
    return memory;
}

void *imap_lex_array_add(struct imap_lex *lex, void **array, size_t *count, size_t element_bytes,
                         size_t max) {
    if (*count >= max) imap_lex_fail(lex, IMAP_PARSE_TOO_BIG, "too many items", SLICE_EMPTY);
    if (imap_lex_failed(lex)) return NULL;
    if ((*count & (*count - 1)) == 0) {
        void *grown = imap_lex_alloc(lex, (*count ? *count * 2 : 1) * element_bytes);
        if (!grown) return NULL;
        if (*count) memcpy(grown, *array, *count * element_bytes);
        *array = grown;
    }
    return (uint8_t *)*array + (*count)++ * element_bytes;
}

uint8_t imap_lex_peek(const struct imap_lex *lex) {
    return imap_lex_failed(lex) || lex->rest.len == 0 ? 0 : lex->rest.ptr[0];
}

bool imap_lex_try(struct imap_lex *lex, uint8_t byte) {
    return !imap_lex_failed(lex) && slice_take_byte(&lex->rest, byte);
}

static struct slice take_run(struct imap_lex *lex, const bool table[256]) {
    return imap_lex_failed(lex) ? SLICE_EMPTY : slice_take_while(&lex->rest, table);
}

bool imap_lex_try_word(struct imap_lex *lex, struct slice word) {
    if (imap_lex_failed(lex)) return false;
    struct slice rest = lex->rest;
    if (!slice_equal_nocase(slice_take_while(&rest, astring_bytes), word)) return false;
    lex->rest = rest;
    return true;
}

void imap_lex_expect(struct imap_lex *lex, uint8_t byte) {
    if (imap_lex_try(lex, byte)) return;
    imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "expected", slice_of(&byte, 1));
}

void imap_lex_space(struct imap_lex *lex) {
    if (!imap_lex_try(lex, ' ')) fail_syntax(lex, "an argument is missing");
}

void imap_lex_end(struct imap_lex *lex) {
    if (imap_lex_failed(lex)) return;
    while (imap_lex_try(lex, ' ')) continue;
    (void)imap_lex_try(lex, '\r');
    (void)imap_lex_try(lex, '\n');
    if (lex->rest.len) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "unexpected", slice_trim(lex->rest));
}

bool imap_lex_more(struct imap_lex *lex, bool *first) {
    if (imap_lex_try(lex, ')')) return false;
    if (!*first) imap_lex_space(lex);
    *first = false;
    return !imap_lex_failed(lex);
}

struct slice imap_lex_tag(struct imap_lex *lex) {
    struct slice tag = take_run(lex, astring_bytes);
    /* RFC 9051 9: tag = 1*<any ASTRING-CHAR except "+"> */
    bool good = tag.len && tag.len <= IMAP_TAG_BYTES_MAX && slice_find_byte(tag, '+') == SLICE_NOT_FOUND;
    if (good) return tag;
    fail_syntax(lex, "a command begins with a tag");
    return SLICE_EMPTY;
}

struct slice imap_lex_atom(struct imap_lex *lex) {
    struct slice atom = take_run(lex, atom_bytes);
    if (atom.len == 0) fail_syntax(lex, "expected a word");
    return atom;
}

/* Quoted, up to the closing quote; *escaped says whether backslashes are in it. */
static struct slice take_quoted(struct imap_lex *lex, bool *escaped) {
    for (size_t i = 0; i < lex->rest.len; i++) {
        uint8_t c = lex->rest.ptr[i];
        if (c == '\r' || c == '\n') break;
        if (c == '"') {
            struct slice quoted = slice_take(&lex->rest, i);
            lex->rest = slice_skip(lex->rest, 1);
            return quoted;
        }
        if (c != '\\') continue;
        *escaped = true;
        uint8_t next = ++i < lex->rest.len ? lex->rest.ptr[i] : 0;
        if (next != '"' && next != '\\') break;
    }
    fail_syntax(lex, "a quoted string has no end or a bad escape");
    return SLICE_EMPTY;
}

static struct slice unescape(struct imap_lex *lex, struct slice quoted) {
    uint8_t *bytes = imap_lex_alloc(lex, quoted.len);
    size_t len = 0;
    for (size_t i = 0; bytes && i < quoted.len; i++) {
        if (quoted.ptr[i] == '\\') i++;
        bytes[len++] = quoted.ptr[i];
    }
    return slice_of(bytes, len);
}

static struct slice quoted_string(struct imap_lex *lex) {
    bool escaped = false;
    struct slice quoted = take_quoted(lex, &escaped);
    return escaped && !imap_lex_failed(lex) ? unescape(lex, quoted) : quoted;
}

/* A literal's header with its line's end; false leaves *rest somewhere inside. */
static bool take_literal_header(struct slice *rest, struct imap_literal *literal) {
    literal->binary = slice_take_byte(rest, '~');
    if (!slice_take_byte(rest, '{') || !slice_take_number(rest, INT64_MAX, &literal->bytes)) return false;
    literal->nonsync = slice_take_byte(rest, '+');
    if (!slice_take_byte(rest, '}')) return false;
    (void)slice_take_byte(rest, '\r');
    return slice_take_byte(rest, '\n');
}

struct imap_literal imap_lex_literal(struct imap_lex *lex) {
    struct imap_literal literal = {0};
    if (imap_lex_failed(lex)) return literal;
    if (!take_literal_header(&lex->rest, &literal)) {
        fail_syntax(lex, "expected a literal");
        return (struct imap_literal){0};
    }
    literal.streamed = literal.bytes > 0 && lex->rest.len == 0;
    if (!literal.streamed && literal.bytes > lex->rest.len) fail_syntax(lex, "a literal is cut short");
    literal.data = slice_take(&lex->rest, literal.bytes);
    return literal;
}

static struct slice any_string(struct imap_lex *lex) {
    if (imap_lex_try(lex, '"')) return quoted_string(lex);
    if (imap_lex_peek(lex) != '{') {
        fail_syntax(lex, "expected a string");
        return SLICE_EMPTY;
    }
    struct imap_literal literal = imap_lex_literal(lex);
    if (literal.streamed) imap_lex_fail(lex, IMAP_PARSE_TOO_BIG, "a literal is too large here", SLICE_EMPTY);
    return literal.data;
}

/* RFC 9051 9: neither QUOTED-CHAR nor the CHAR8 of a literal is NUL. */
static struct slice without_nul(struct imap_lex *lex, struct slice text) {
    if (text.len && memchr(text.ptr, 0, text.len)) fail_syntax(lex, "a string holds a NUL byte");
    return text;
}

struct slice imap_lex_string(struct imap_lex *lex) {
    return without_nul(lex, any_string(lex));
}

static struct slice string_or_run(struct imap_lex *lex, const bool table[256]) {
    uint8_t next = imap_lex_peek(lex);
    if (next == '"' || next == '{') return any_string(lex);
    struct slice run = take_run(lex, table);
    if (run.len == 0) fail_syntax(lex, "expected a word or a string");
    return run;
}

struct slice imap_lex_astring(struct imap_lex *lex) {
    return without_nul(lex, string_or_run(lex, astring_bytes));
}

struct slice imap_lex_nstring(struct imap_lex *lex, bool *is_nil) {
    *is_nil = imap_lex_try_word(lex, SLICE("NIL"));
    return *is_nil ? SLICE_EMPTY : imap_lex_string(lex);
}

static uint64_t take_number(struct imap_lex *lex, uint64_t least, uint64_t max) {
    uint64_t number = 0;
    if (imap_lex_failed(lex)) return 0;
    if (slice_take_number(&lex->rest, max, &number) && number >= least) return number;
    fail_syntax(lex, "expected a number, or it is out of range");
    return 0;
}

uint32_t imap_lex_number(struct imap_lex *lex) { return (uint32_t)take_number(lex, 0, UINT32_MAX); }
uint32_t imap_lex_number_nonzero(struct imap_lex *lex) { return (uint32_t)take_number(lex, 1, UINT32_MAX); }
uint64_t imap_lex_number64(struct imap_lex *lex) { return take_number(lex, 0, INT64_MAX); }

struct imap_sequence imap_lex_sequence(struct imap_lex *lex) {
    struct imap_sequence sequence = {0};
    struct slice text = take_run(lex, sequence_bytes);
    if (imap_lex_failed(lex)) return sequence;
    enum imap_sequence_error error = imap_sequence_parse(text, lex->arena, &sequence);
    if (error == IMAP_SEQUENCE_SYNTAX) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "bad sequence set", text);
    if (error) imap_lex_fail(lex, IMAP_PARSE_TOO_BIG, "too many ranges in a sequence set", SLICE_EMPTY);
    return sequence;
}

int32_t imap_lex_date(struct imap_lex *lex) {
    int32_t days = 0;
    struct slice text = imap_lex_try(lex, '"') ? quoted_string(lex) : take_run(lex, date_bytes);
    struct slice rest = text;
    if (!imap_date_take(&rest, &days) || rest.len) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "bad date", text);
    return days;
}

struct imap_date_time imap_lex_date_time(struct imap_lex *lex) {
    struct imap_date_time time = {0, 0};
    imap_lex_expect(lex, '"');
    if (imap_lex_failed(lex)) return time;
    struct slice text = quoted_string(lex);
    struct slice rest = text;
    if (!imap_date_time_take(&rest, &time) || rest.len)
        imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "bad date", text);
    return time;
}

static uint32_t word_bits(struct slice word, const struct imap_word *words) {
    while (words->bits && !slice_equal_nocase(words->name, word)) words++;
    return words->bits;
}

uint32_t imap_lex_word(struct imap_lex *lex, const struct imap_word *words, const char *what_if_unknown) {
    struct slice word = imap_lex_atom(lex);
    uint32_t bits = word_bits(word, words);
    if (!bits) imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, what_if_unknown, word);
    return bits;
}

uint32_t imap_lex_word_list(struct imap_lex *lex, const struct imap_word *words,
                            const char *what_if_unknown) {
    uint32_t bits = 0;
    imap_lex_expect(lex, '(');
    for (bool first = true; imap_lex_more(lex, &first);) bits |= imap_lex_word(lex, words, what_if_unknown);
    return bits;
}

static bool has_keyword(const struct imap_flags *flags, struct slice keyword) {
    for (size_t i = 0; i < flags->keyword_count; i++)
        if (slice_equal_nocase(flags->keywords[i], keyword)) return true;
    return false;
}

static void add_keyword(struct imap_lex *lex, struct imap_flags *flags, struct slice keyword) {
    if (keyword.len > IMAP_KEYWORD_BYTES_MAX)
        imap_lex_fail(lex, IMAP_PARSE_TOO_BIG, "a flag is too long", SLICE_EMPTY);
    if (imap_lex_failed(lex) || has_keyword(flags, keyword)) return;
    struct slice *added = imap_lex_array_add(lex, (void **)&flags->keywords, &flags->keyword_count,
                                             sizeof *added, IMAP_FLAGS_MAX);
    if (added) *added = keyword;
}

void imap_lex_flag(struct imap_lex *lex, struct imap_flags *flags) {
    struct slice start = lex->rest;
    bool is_system = imap_lex_try(lex, '\\');
    struct slice word = imap_lex_atom(lex);
    if (!is_system) {
        add_keyword(lex, flags, word);
        return;
    }
    word = slice_sub(start, 0, word.len + 1);
    uint32_t bits = word_bits(word, imap_system_flags);
    if (!bits) imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown flag", word);
    flags->system |= bits & ~(uint32_t)IMAP_FLAG_RECENT;
}

struct imap_flags imap_lex_flag_list(struct imap_lex *lex) {
    struct imap_flags flags = {0};
    imap_lex_expect(lex, '(');
    for (bool first = true; imap_lex_more(lex, &first);) imap_lex_flag(lex, &flags);
    return flags;
}

struct imap_flags imap_lex_flags(struct imap_lex *lex) {
    if (imap_lex_peek(lex) == '(') return imap_lex_flag_list(lex);
    struct imap_flags flags = {0};
    do {
        imap_lex_flag(lex, &flags);
    } while (imap_lex_try(lex, ' '));
    return flags;
}

/* RFC 9051 5.1: no control characters (RFC 5198 2: nor C1, nor line and paragraph separators). */
static bool has_control(struct slice utf8) {
    for (size_t i = 0; i < utf8.len; i++)
        if (utf8.ptr[i] < ' ' || utf8.ptr[i] == 0x7f) return true;
    for (uint8_t last = 0x80; last <= 0x9f; last++)
        if (slice_find(utf8, slice_of((uint8_t[]){0xc2, last}, 2)) != SLICE_NOT_FOUND) return true;
    return slice_find(utf8, SLICE("\xe2\x80\xa8")) != SLICE_NOT_FOUND ||
           slice_find(utf8, SLICE("\xe2\x80\xa9")) != SLICE_NOT_FOUND;
}

/* The name as UTF-8, whichever form the session's names have. */
static struct slice name_decode(struct imap_lex *lex, struct slice name) {
    struct buffer decoded = buffer_new(IMAP_MAILBOX_NAME_BYTES_MAX);
    bool good;
    if (lex->utf8) {
        good = utf8_valid(name);
        buffer_append(&decoded, name);
    } else {
        good = imap_utf7_decode(name, &decoded);
    }
    struct slice utf8 = SLICE_EMPTY;
    if (!good || buffer_overflowed(&decoded) || has_control(buffer_slice(&decoded)))
        imap_lex_fail(lex, IMAP_PARSE_BAD_MAILBOX, "bad mailbox name", name);
    else if (!arena_try_copy(lex->arena, buffer_slice(&decoded), &utf8))
        imap_lex_fail(lex, IMAP_PARSE_TOO_BIG, "the command is too large", SLICE_EMPTY);
    buffer_free(&decoded);
    return utf8;
}

static struct slice inbox_in_capitals(struct imap_lex *lex, struct slice name) {
    struct slice rest = name;
    bool inbox = slice_take_prefix_nocase(&rest, SLICE("INBOX")) && (rest.len == 0 || rest.ptr[0] == '/');
    uint8_t *bytes = inbox ? imap_lex_alloc(lex, name.len) : NULL;
    if (!bytes) return name;
    memcpy(bytes, name.ptr, name.len);
    memcpy(bytes, "INBOX", 5);
    return slice_of(bytes, name.len);
}

struct slice imap_lex_mailbox(struct imap_lex *lex) {
    /* What is wrong with its bytes is said as of a name, with NO. */
    struct slice written = string_or_run(lex, astring_bytes);
    struct slice name = imap_lex_failed(lex) ? SLICE_EMPTY : name_decode(lex, written);
    /* RFC 9051 6.3.4: one delimiter may end a name. Two are part of it, and it is no mailbox's. */
    if (name.len > 1 && name.ptr[name.len - 1] == '/' && name.ptr[name.len - 2] != '/') name.len--;
    if (name.len == 0) imap_lex_fail(lex, IMAP_PARSE_BAD_MAILBOX, "empty mailbox name", SLICE_EMPTY);
    return inbox_in_capitals(lex, name);
}

struct slice imap_lex_pattern(struct imap_lex *lex) {
    struct slice written = string_or_run(lex, pattern_bytes);
    return imap_lex_failed(lex) ? SLICE_EMPTY : name_decode(lex, written);
}

void imap_lex_charset(struct imap_lex *lex) {
    struct slice name = imap_lex_astring(lex);
    if (slice_equal_nocase(name, SLICE("UTF-8")) || slice_equal_nocase(name, SLICE("US-ASCII"))) return;
    imap_lex_fail(lex, IMAP_PARSE_BAD_CHARSET, "unknown charset", name);
}
