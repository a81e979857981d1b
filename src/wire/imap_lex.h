/*
 * A cursor over one IMAP command (RFC 9051 9), which has its literals inline. The lexer is
 * sticky: after the first thing that does not fit, it has failed, takes nothing more and gives
 * out empty values, so that a parser reads straight on and looks once, at its end. The first
 * error stays, with a text for a human. Loops end because a failed lexer takes nothing.
 *
 * What is given out lives in the arena, or in the command's bytes where nothing had to be
 * unescaped.
 */
#ifndef WIRE_IMAP_LEX_H
#define WIRE_IMAP_LEX_H

#include "base/arena.h"
#include "base/limits.h"
#include "wire/imap_date.h"
#include "wire/imap_sequence.h"

enum imap_parse_error {
    IMAP_PARSE_OK,
    /* BAD: not what the grammar has. */
    IMAP_PARSE_SYNTAX,
    /* BAD: no such command. */
    IMAP_PARSE_UNKNOWN_COMMAND,
    /* BAD: well-formed, but not known here: an item, a key, a flag, an option. */
    IMAP_PARSE_UNKNOWN_ITEM,
    /* BAD: over a limit. */
    IMAP_PARSE_TOO_BIG,
    /* NO: no mailbox can have this name. */
    IMAP_PARSE_BAD_MAILBOX,
    /* NO [BADCHARSET (US-ASCII UTF-8)], RFC 9051 6.4.4. */
    IMAP_PARSE_BAD_CHARSET,
};

struct imap_lex {
    struct slice rest;
    struct arena *arena;
    /* UTF8=ACCEPT is enabled: mailbox names are UTF-8 (RFC 6855 3). */
    bool utf8;
    /* What error texts begin with: the command's name. */
    struct slice name;
    enum imap_parse_error error;
    char error_text[IMAP_ERROR_TEXT_BYTES_MAX];
};

/* One word of a table of words that stand for bits. */
struct imap_word {
    struct slice name;
    uint32_t bits;
};

enum imap_flag {
    IMAP_FLAG_SEEN = 1,
    IMAP_FLAG_ANSWERED = 2,
    IMAP_FLAG_FLAGGED = 4,
    IMAP_FLAG_DELETED = 8,
    IMAP_FLAG_DRAFT = 16,
    /* Read and forgotten where a client sets it; written where the server reports it. */
    IMAP_FLAG_RECENT = 32,
};

struct imap_flags {
    /* IMAP_FLAG_ bits. */
    uint32_t system;
    struct slice *keywords;
    size_t keyword_count;
};

struct imap_literal {
    uint64_t bytes;
    /* Empty where the literal is streamed. */
    struct slice data;
    /* The command ends at the literal's header; the caller reads the bytes. */
    bool streamed;
    bool nonsync;
    bool binary;
};

/* The flags of RFC 9051 2.3.2 with their names; ends with a row without bits. */
extern const struct imap_word imap_system_flags[];

struct imap_lex imap_lex_new(struct slice command, struct arena *arena, bool utf8);
bool imap_lex_failed(const struct imap_lex *lex);
/* Records the first error. `what` is a text like "unknown item"; `word`, which may be empty, is
   shown behind it, cut and made printable. */
void imap_lex_fail(struct imap_lex *lex, enum imap_parse_error error, const char *what, struct slice word);
/* Memory of the arena, or NULL and failed (IMAP_PARSE_TOO_BIG). */
void *imap_lex_alloc(struct imap_lex *lex, size_t size);
/* Grows an array in the arena by one zeroed element, up to `max`; it doubles when its count is
   a power of two. NULL, and failed, over the limit or the budget. */
void *imap_lex_array_add(struct imap_lex *lex, void **array, size_t *count, size_t element_bytes, size_t max);

/* The next byte, unread; 0 at the end and after a failure. */
uint8_t imap_lex_peek(const struct imap_lex *lex);
/* Takes the byte if it is next. */
bool imap_lex_try(struct imap_lex *lex, uint8_t byte);
/* Takes the word if it is next, in any case, and no atom goes on behind it. */
bool imap_lex_try_word(struct imap_lex *lex, struct slice word);
/* Fails unless the byte is next. */
void imap_lex_expect(struct imap_lex *lex, uint8_t byte);
void imap_lex_space(struct imap_lex *lex);
/* Fails unless only spaces and the line's end are left. */
void imap_lex_end(struct imap_lex *lex);

/* For each item of a list whose `(` was taken: `for (bool first = true; imap_lex_more(lex, &first);)`.
   Takes the spaces between and the `)`. */
bool imap_lex_more(struct imap_lex *lex, bool *first);

struct slice imap_lex_tag(struct imap_lex *lex);
struct slice imap_lex_atom(struct imap_lex *lex);
/* Strings without NUL (RFC 9051 9). */
struct slice imap_lex_string(struct imap_lex *lex);
struct slice imap_lex_astring(struct imap_lex *lex);
/* NIL gives an empty slice and *is_nil. */
struct slice imap_lex_nstring(struct imap_lex *lex, bool *is_nil);
/* A literal or literal8, which may be streamed if it is the last thing there. */
struct imap_literal imap_lex_literal(struct imap_lex *lex);

uint32_t imap_lex_number(struct imap_lex *lex);
uint32_t imap_lex_number_nonzero(struct imap_lex *lex);
/* Up to 2^63 - 1 (RFC 9051 9, number64). */
uint64_t imap_lex_number64(struct imap_lex *lex);
struct imap_sequence imap_lex_sequence(struct imap_lex *lex);
/* Days since 1970-01-01; quoted or not. */
int32_t imap_lex_date(struct imap_lex *lex);
struct imap_date_time imap_lex_date_time(struct imap_lex *lex);

/* An atom that is in the table (which ends with a row without bits), as its bits. */
uint32_t imap_lex_word(struct imap_lex *lex, const struct imap_word *words, const char *what_if_unknown);
/* `(` word ... `)`, as the bits of all of them. */
uint32_t imap_lex_word_list(struct imap_lex *lex, const struct imap_word *words, const char *what_if_unknown);

/* One flag, added to `flags`. */
void imap_lex_flag(struct imap_lex *lex, struct imap_flags *flags);
/* In parentheses, or, as STORE may have them, without. */
struct imap_flags imap_lex_flag_list(struct imap_lex *lex);
struct imap_flags imap_lex_flags(struct imap_lex *lex);

/* A mailbox name as UTF-8. INBOX in any case becomes INBOX, also as the first level of a name;
   one `/` at the end is dropped. IMAP_PARSE_BAD_MAILBOX: empty, over
   IMAP_MAILBOX_NAME_BYTES_MAX, control characters, bad UTF-7 or UTF-8. */
struct slice imap_lex_mailbox(struct imap_lex *lex);
/* A LIST reference or pattern as UTF-8; may be empty. */
struct slice imap_lex_pattern(struct imap_lex *lex);
/* A charset's name; IMAP_PARSE_BAD_CHARSET unless it is US-ASCII or UTF-8. */
void imap_lex_charset(struct imap_lex *lex);

#endif
