/*
 * SEARCH (RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 7162 MODSEQ, RFC 5032 within, RFC 8474 ids, RFC
 * 8514 save dates), parsed without recursion: open groups, NOTs and ORs wait in a stack of
 * IMAP_NESTING_MAX, keys and, behind their operands, operators go out in postfix order. A
 * chain `OR a OR b c`, which clients write for many terms, is one operator and not nested.
 */
#include "wire/imap_command_parts.h"

enum argument {
    ARGUMENT_NONE,
    ARGUMENT_FLAG_SET,
    ARGUMENT_FLAG_CLEAR,
    ARGUMENT_KEYWORD_SET,
    ARGUMENT_KEYWORD_CLEAR,
    ARGUMENT_TEXT,
    ARGUMENT_HEADER,
    ARGUMENT_DATE,
    ARGUMENT_NUMBER,
    ARGUMENT_NUMBER_NONZERO,
    ARGUMENT_MODSEQ,
    ARGUMENT_ID,
    ARGUMENT_SEQUENCE,
};

struct key_row {
    struct slice name;
    enum imap_search_type type;
    enum argument argument;
    uint32_t flag;
};

static const struct key_row key_rows[] = {
    {SLICE_INIT("ALL"), IMAP_SEARCH_ALL, ARGUMENT_NONE, 0},
    {SLICE_INIT("ANSWERED"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_SET, IMAP_FLAG_ANSWERED},
    {SLICE_INIT("BCC"), IMAP_SEARCH_BCC, ARGUMENT_TEXT, 0},
    {SLICE_INIT("BEFORE"), IMAP_SEARCH_BEFORE, ARGUMENT_DATE, 0},
    {SLICE_INIT("BODY"), IMAP_SEARCH_BODY, ARGUMENT_TEXT, 0},
    {SLICE_INIT("CC"), IMAP_SEARCH_CC, ARGUMENT_TEXT, 0},
    {SLICE_INIT("DELETED"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_SET, IMAP_FLAG_DELETED},
    {SLICE_INIT("DRAFT"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_SET, IMAP_FLAG_DRAFT},
    {SLICE_INIT("EMAILID"), IMAP_SEARCH_EMAILID, ARGUMENT_ID, 0},
    {SLICE_INIT("FLAGGED"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_SET, IMAP_FLAG_FLAGGED},
    {SLICE_INIT("FROM"), IMAP_SEARCH_FROM, ARGUMENT_TEXT, 0},
    {SLICE_INIT("HEADER"), IMAP_SEARCH_HEADER, ARGUMENT_HEADER, 0},
    {SLICE_INIT("KEYWORD"), IMAP_SEARCH_KEYWORD, ARGUMENT_KEYWORD_SET, 0},
    {SLICE_INIT("LARGER"), IMAP_SEARCH_LARGER, ARGUMENT_NUMBER, 0},
    {SLICE_INIT("MODSEQ"), IMAP_SEARCH_MODSEQ, ARGUMENT_MODSEQ, 0},
    {SLICE_INIT("NEW"), IMAP_SEARCH_NEW, ARGUMENT_NONE, 0},
    {SLICE_INIT("OLD"), IMAP_SEARCH_OLD, ARGUMENT_NONE, 0},
    {SLICE_INIT("OLDER"), IMAP_SEARCH_OLDER, ARGUMENT_NUMBER_NONZERO, 0},
    {SLICE_INIT("ON"), IMAP_SEARCH_ON, ARGUMENT_DATE, 0},
    {SLICE_INIT("RECENT"), IMAP_SEARCH_RECENT, ARGUMENT_NONE, 0},
    {SLICE_INIT("SAVEDATESUPPORTED"), IMAP_SEARCH_SAVEDATESUPPORTED, ARGUMENT_NONE, 0},
    {SLICE_INIT("SAVEDBEFORE"), IMAP_SEARCH_SAVEDBEFORE, ARGUMENT_DATE, 0},
    {SLICE_INIT("SAVEDON"), IMAP_SEARCH_SAVEDON, ARGUMENT_DATE, 0},
    {SLICE_INIT("SAVEDSINCE"), IMAP_SEARCH_SAVEDSINCE, ARGUMENT_DATE, 0},
    {SLICE_INIT("SEEN"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_SET, IMAP_FLAG_SEEN},
    {SLICE_INIT("SENTBEFORE"), IMAP_SEARCH_SENTBEFORE, ARGUMENT_DATE, 0},
    {SLICE_INIT("SENTON"), IMAP_SEARCH_SENTON, ARGUMENT_DATE, 0},
    {SLICE_INIT("SENTSINCE"), IMAP_SEARCH_SENTSINCE, ARGUMENT_DATE, 0},
    {SLICE_INIT("SINCE"), IMAP_SEARCH_SINCE, ARGUMENT_DATE, 0},
    {SLICE_INIT("SMALLER"), IMAP_SEARCH_SMALLER, ARGUMENT_NUMBER, 0},
    {SLICE_INIT("SUBJECT"), IMAP_SEARCH_SUBJECT, ARGUMENT_TEXT, 0},
    {SLICE_INIT("TEXT"), IMAP_SEARCH_TEXT, ARGUMENT_TEXT, 0},
    {SLICE_INIT("THREADID"), IMAP_SEARCH_THREADID, ARGUMENT_ID, 0},
    {SLICE_INIT("TO"), IMAP_SEARCH_TO, ARGUMENT_TEXT, 0},
    {SLICE_INIT("UID"), IMAP_SEARCH_UIDS, ARGUMENT_SEQUENCE, 0},
    {SLICE_INIT("UNANSWERED"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_CLEAR, IMAP_FLAG_ANSWERED},
    {SLICE_INIT("UNDELETED"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_CLEAR, IMAP_FLAG_DELETED},
    {SLICE_INIT("UNDRAFT"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_CLEAR, IMAP_FLAG_DRAFT},
    {SLICE_INIT("UNFLAGGED"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_CLEAR, IMAP_FLAG_FLAGGED},
    {SLICE_INIT("UNKEYWORD"), IMAP_SEARCH_KEYWORD, ARGUMENT_KEYWORD_CLEAR, 0},
    {SLICE_INIT("UNSEEN"), IMAP_SEARCH_FLAG, ARGUMENT_FLAG_CLEAR, IMAP_FLAG_SEEN},
    {SLICE_INIT("YOUNGER"), IMAP_SEARCH_YOUNGER, ARGUMENT_NUMBER_NONZERO, 0},
};

static const struct imap_word returns[] = {
    {SLICE_INIT("MIN"), IMAP_SEARCH_RETURN_MIN},   {SLICE_INIT("MAX"), IMAP_SEARCH_RETURN_MAX},
    {SLICE_INIT("ALL"), IMAP_SEARCH_RETURN_ALL},   {SLICE_INIT("COUNT"), IMAP_SEARCH_RETURN_COUNT},
    {SLICE_INIT("SAVE"), IMAP_SEARCH_RETURN_SAVE}, {SLICE_INIT(""), 0},
};

/* An operator whose operands are still being read. */
struct open {
    enum imap_search_type operator;
    /* Read so far. */
    uint32_t count;
    /* OR: how many there will be. */
    uint32_t wanted;
};

struct search_parser {
    struct imap_lex *lex;
    struct imap_search *search;
    struct open stack[IMAP_NESTING_MAX + 1];
    size_t depth;
};

static struct imap_search_key *key_add(struct search_parser *parser, enum imap_search_type type) {
    struct imap_search *search = parser->search;
    struct imap_search_key *key = imap_lex_array_add(parser->lex, (void **)&search->keys, &search->key_count,
                                                     sizeof *key, IMAP_SEARCH_KEYS_MAX);
    if (key) key->type = type;
    return key;
}

static struct open *top(struct search_parser *parser) { return &parser->stack[parser->depth - 1]; }

static void push(struct search_parser *parser, enum imap_search_type operator, uint32_t wanted) {
    if (parser->depth > IMAP_NESTING_MAX) {
        imap_lex_fail(parser->lex, IMAP_PARSE_TOO_BIG, "nested too deeply", SLICE_EMPTY);
        return;
    }
    parser->stack[parser->depth++] = (struct open){operator, 0, wanted};
}

/* RFC 7162 3.1.5: MODSEQ [entry-name SP entry-type-req SP] mod-sequence-valzer. Flags have no
   modseqs of their own here, so the entry narrows nothing. */
static void take_modseq(struct imap_lex *lex, struct imap_search_key *key) {
    if (imap_lex_peek(lex) == '"') {
        (void)imap_lex_string(lex);
        imap_lex_space(lex);
        struct slice type = imap_lex_atom(lex);
        bool known = slice_equal_nocase(type, SLICE("all")) || slice_equal_nocase(type, SLICE("priv")) ||
                     slice_equal_nocase(type, SLICE("shared"));
        if (!known) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "unknown entry type", type);
        imap_lex_space(lex);
    }
    key->number = imap_lex_number64(lex);
}

static void take_keyword(struct imap_lex *lex, struct imap_search_key *key, bool wanted) {
    struct slice keyword = imap_lex_atom(lex);
    key->text = keyword;
    key->wanted = wanted;
}

static void take_header(struct imap_lex *lex, struct imap_search_key *key) {
    key->header = imap_lex_astring(lex);
    imap_lex_space(lex);
    key->text = imap_lex_astring(lex);
}

static void take_argument(struct imap_lex *lex, const struct key_row *row, struct imap_search_key *key) {
    switch (row->argument) {
    case ARGUMENT_NONE:
    case ARGUMENT_FLAG_SET:
    case ARGUMENT_FLAG_CLEAR:
        key->number = row->flag;
        key->wanted = row->argument == ARGUMENT_FLAG_SET;
        return;
    case ARGUMENT_KEYWORD_SET:
    case ARGUMENT_KEYWORD_CLEAR:
        take_keyword(lex, key, row->argument == ARGUMENT_KEYWORD_SET);
        return;
    case ARGUMENT_TEXT:
        key->text = imap_lex_astring(lex);
        return;
    case ARGUMENT_HEADER:
        take_header(lex, key);
        return;
    case ARGUMENT_DATE:
        key->days = imap_lex_date(lex);
        return;
    case ARGUMENT_NUMBER:
        key->number = imap_lex_number64(lex);
        return;
    case ARGUMENT_NUMBER_NONZERO:
        key->number = imap_lex_number_nonzero(lex);
        return;
    case ARGUMENT_MODSEQ:
        take_modseq(lex, key);
        return;
    case ARGUMENT_ID:
        key->text = imap_lex_atom(lex);
        return;
    case ARGUMENT_SEQUENCE:
        key->sequence = imap_lex_sequence(lex);
        return;
    }
}

static const struct key_row *row_find(struct slice name) {
    for (size_t i = 0; i < sizeof key_rows / sizeof key_rows[0]; i++)
        if (slice_equal_nocase(key_rows[i].name, name)) return &key_rows[i];
    return NULL;
}

static void take_named_key(struct search_parser *parser, struct slice name) {
    const struct key_row *row = row_find(name);
    if (!row) imap_lex_fail(parser->lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown key", name);
    struct imap_search_key *key = row ? key_add(parser, row->type) : NULL;
    if (!key) return;
    if (row->argument > ARGUMENT_FLAG_CLEAR) imap_lex_space(parser->lex);
    take_argument(parser->lex, row, key);
    if (row->type == IMAP_SEARCH_MODSEQ) parser->search->has_modseq = true;
}

static void take_sequence_key(struct search_parser *parser) {
    struct imap_search_key *key = key_add(parser, IMAP_SEARCH_NUMBERS);
    if (key) key->sequence = imap_lex_sequence(parser->lex);
}

/* OR as the last operand of an OR makes that one wider. */
static void open_or(struct search_parser *parser) {
    struct open *around = top(parser);
    if (around->operator== IMAP_SEARCH_OR && around->count + 1 == around->wanted)
        around->wanted++;
    else
        push(parser, IMAP_SEARCH_OR, 2);
}

/* Reads one key, or opens an operator. True where that was a whole operand. */
static bool take_key(struct search_parser *parser) {
    struct imap_lex *lex = parser->lex;
    uint8_t next = imap_lex_peek(lex);
    if (imap_lex_try(lex, '(')) {
        push(parser, IMAP_SEARCH_AND, 0);
        return false;
    }
    if (ascii_is_digit(next) || next == '*' || next == '$') {
        take_sequence_key(parser);
        return true;
    }
    struct slice name = imap_lex_atom(lex);
    bool is_or = slice_equal_nocase(name, SLICE("OR"));
    bool is_not = slice_equal_nocase(name, SLICE("NOT"));
    if (is_or) open_or(parser);
    if (is_not) push(parser, IMAP_SEARCH_NOT, 1);
    if (is_or || is_not) imap_lex_space(lex);
    if (!is_or && !is_not) take_named_key(parser, name);
    return !is_or && !is_not;
}

static void close_top(struct search_parser *parser) {
    struct open closed = *top(parser);
    parser->depth--;
    /* A group of one is that one. */
    if (closed.operator== IMAP_SEARCH_AND && closed.count == 1) return;
    struct imap_search_key *key = key_add(parser, closed.operator);
    if (key) key->count = closed.count;
}

/* Counts an operand in, and closes what is complete with it. */
static void operand_done(struct search_parser *parser) {
    while (!imap_lex_failed(parser->lex)) {
        struct open *open = top(parser);
        open->count++;
        bool group = open->operator== IMAP_SEARCH_AND;
        bool complete =
            group ? parser->depth > 1 && imap_lex_try(parser->lex, ')') : open->count == open->wanted;
        if (!complete) return;
        close_top(parser);
    }
}

static bool is_complete(const struct search_parser *parser) {
    uint8_t next = imap_lex_peek(parser->lex);
    return parser->depth == 1 && next != ' ';
}

static void take_program(struct search_parser *parser) {
    push(parser, IMAP_SEARCH_AND, 0);
    while (!imap_lex_failed(parser->lex)) {
        if (!take_key(parser)) continue;
        operand_done(parser);
        if (is_complete(parser)) break;
        imap_lex_space(parser->lex);
    }
    if (!imap_lex_failed(parser->lex)) close_top(parser);
}

/* RFC 9051 6.4.4: RETURN comes first, then CHARSET. */
static void take_options(struct imap_lex *lex, struct imap_search *search) {
    if (imap_lex_try_word(lex, SLICE("RETURN"))) {
        imap_lex_space(lex);
        search->extended = true;
        search->returns = imap_lex_word_list(lex, returns, "unknown return option");
        if (!search->returns) search->returns = IMAP_SEARCH_RETURN_ALL;
        imap_lex_space(lex);
    }
    search->has_charset = imap_lex_try_word(lex, SLICE("CHARSET"));
    if (!search->has_charset) return;
    imap_lex_space(lex);
    imap_lex_charset(lex);
    imap_lex_space(lex);
}

void imap_command_search(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    take_options(lex, &command->search);
    struct search_parser parser = {.lex = lex, .search = &command->search};
    take_program(&parser);
}
