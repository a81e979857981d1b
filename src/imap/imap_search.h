/*
 * SEARCH in parts: search.c runs the program over batches of entries and writes the answer,
 * search_keys.c judges one key of one message, search_text.c looks for text. Private to these.
 */
#ifndef IMAP_IMAP_SEARCH_H
#define IMAP_IMAP_SEARCH_H

#include "imap/imap_flags.h"
#include "imap/imap_session.h"
#include "wire/imap_structure.h"

struct search {
    struct imap_call *call;
    const struct imap_search *program;
    struct imap_keywords keywords;
    unsigned fields;
    int64_t now_ms;
    /* The values of the program's stack. */
    bool *stack;
    struct arena *batch;
    /* The keys' texts in folded form, by key. */
    struct slice *needles;
    /* What of the message at hand was already made ready for looking at. */
    const struct entry *entry;
    struct buffer body;
    struct buffer header_text;
    struct buffer body_text;
    bool has_body;
    bool has_header_text;
    bool has_body_text;
    struct buffer scratch;
    struct buffer folded;
    bool is_damaged;
    /* Bytes of bodies read since other sessions had their turn. */
    size_t work_bytes;
};

/* Whether the program's key number `index`, which is no operator, holds for the entry. Does not wait. */
bool search_key_holds(struct search *search, size_t index, const struct entry *entry);
/* ENTRY_ bits that the key needs. */
unsigned search_key_fields(const struct imap_search_key *key);
/* Makes every key ready once: sequences normalised, texts folded. */
NODISCARD bool search_keys_prepare(struct search *search);

/* Appends the text in the form in which texts are compared: case folded (RFC 5051, in spirit). */
void search_fold(struct buffer *out, struct slice utf8);
/* A field of the stored ENVELOPE as UTF-8; addresses a line each. Lives until the next look at text. */
struct slice search_envelope_text(struct search *search, enum envelope_field field);
/* The folded text of the key is in the message's... */
bool search_in_envelope(struct search *search, enum envelope_field field, struct slice needle);
bool search_in_header(struct search *search, struct slice name, struct slice needle);
bool search_in_body(struct search *search, struct slice needle);
bool search_in_all(struct search *search, struct slice needle);
/* Another message: what was made ready is forgotten. */
void search_text_begin(struct search *search, const struct entry *entry);
void search_text_free(struct search *search);

#endif
